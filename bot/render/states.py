"""The states of a ticket in the words of a person's language."""

from __future__ import annotations

from typing import Any, Final

from jinja2 import pass_context
from jinja2.runtime import Context

from bot.errors import TemplateError
from bot.render.moments import language_of

_NAMES: Final = {
    "en": {"new": "new", "open": "open", "waiting": "waiting", "resolved": "resolved", "closed": "closed"},
    "it": {"new": "nuova", "open": "aperta", "waiting": "in attesa", "resolved": "risolta", "closed": "chiusa"},
    "zh": {"new": "新建", "open": "处理中", "waiting": "等待中", "resolved": "已解决", "closed": "已关闭"},
}  # fmt: skip


@pass_context
def named(context: Context, value: Any) -> str:
    """What a state is called; a state that is not known is called by its own name."""
    if not isinstance(value, str):
        raise TemplateError(f"a {type(value).__name__} is no state; ask with {{% if %}} first")
    return called(value, language_of(context))


def called(state: str, language: str) -> str:
    """The same, outside of a template."""
    return _NAMES.get(language, {}).get(state, state)


def in_words(state: str, language: str) -> str:
    """The same outside a template; in English for a language that is not known."""
    return _NAMES.get(language, _NAMES["en"]).get(state, state)
