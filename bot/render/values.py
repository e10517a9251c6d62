"""What people wrote, on its way into a text: made harmless once, and never read as markup.

A value enters a template's output inside a *slot*: two private-use characters around it. Markdown and the
mail layout see only empty, numbered slots, so a value has no chance to become a link, a heading or HTML;
it is put in after everything is parsed, escaped for the form at hand.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import Any, Final
from urllib.parse import quote

from jinja2 import Undefined

from bot.errors import TemplateError

OPEN: Final = "\ue000"
CLOSE: Final = "\ue001"
MAX_VALUE: Final = 10_000
"""Characters of one value; the rest is cut off with an ellipsis."""

_SPACE: Final = "\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u2028\u2029"
_ODD: Final = re.compile(
    # Controls, marks that turn the direction of text, private use, lone surrogates, tags: none is a word.
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ue000-\uf8ff\ud800-\udfff\U000e0000-\U000e007f\U000f0000-\U0010ffff]+"
)
_FILLED: Final = re.compile(f"{OPEN}([^{OPEN}{CLOSE}]*){CLOSE}")
_NUMBERED: Final = re.compile(f"{OPEN}([uc]?)([0-9]+){CLOSE}")
_WEB: Final = re.compile(r"(?:https?://|mailto:)[^\s<>\"'\\^`{|}]{1,2000}")


def _odd(match: re.Match[str]) -> str:
    return " " if any(c in _SPACE for c in match[0]) else ""


def clean(text: str) -> str:
    """One line of text, without controls, marks of direction and what else is no word."""
    if len(text) > MAX_VALUE:
        text = text[: MAX_VALUE - 1] + "…"
    return text if text.isascii() and text.isprintable() else _ODD.sub(_odd, text)


def slot(value: Any) -> str:
    """What the environment puts into the output for every expression of a template.

    Raises ``TemplateError`` for what is no word: None, a truth value, a list.
    """
    if isinstance(value, Undefined):
        str(value)  # raises UndefinedError, which names the variable
    if isinstance(value, str):
        return f"{OPEN}{clean(value)}{CLOSE}"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{OPEN}{value}{CLOSE}"
    kind = "nothing (None)" if value is None else f"a {type(value).__name__}"
    raise TemplateError(f"an expression gives {kind} where words belong; ask with {{% if %}} first")


def number(output: str) -> tuple[str, list[str]]:
    """Split a template's output into its skeleton with numbered slots, and the values."""
    values: list[str] = []

    def take(match: re.Match[str]) -> str:
        values.append(match[1])
        return f"{OPEN}{len(values) - 1}{CLOSE}"

    return _FILLED.sub(take, output), values


def numbered(index: int, kind: str = "") -> str:
    """The mark of slot ``index``: kind "" is words, "u" a whole address of a link, "c" a part of one."""
    return f"{OPEN}{kind}{index}{CLOSE}"


@dataclass(frozen=True, slots=True)
class Form:
    """A finished text with holes: filling it in is one join."""

    pieces: tuple[str, ...]
    """Fixed text; an empty string where a value goes."""
    holes: tuple[tuple[int, str, int], ...]
    """Position in ``pieces``, kind of slot, number of the value."""

    @classmethod
    def of(cls, skeleton: str) -> Form:
        pieces, holes, end = [], [], 0
        for match in _NUMBERED.finditer(skeleton):
            pieces += [skeleton[end : match.start()], ""]
            holes.append((len(pieces) - 1, match[1], int(match[2])))
            end = match.end()
        pieces.append(skeleton[end:].replace(OPEN, "").replace(CLOSE, ""))
        return cls(tuple(pieces), tuple(holes))

    def text(self, values: list[str]) -> str:
        """Filled in for plain text: values stand as they are."""
        pieces = list(self.pieces)
        for position, kind, index in self.holes:
            pieces[position] = _address(kind, values[index]) if kind else values[index]
        return "".join(pieces)

    def html(self, values: list[str]) -> str:
        """Filled in for HTML: values are escaped, also for use inside quoted attributes."""
        pieces = list(self.pieces)
        for position, kind, index in self.holes:
            pieces[position] = escape(_address(kind, values[index]) if kind else values[index])
        return "".join(pieces)


def _address(kind: str, value: str) -> str:
    """A value inside a link: quoted as a part of it, or whole if it is of the web or of mail."""
    if kind == "c":
        return quote(value, safe="")
    return value if _WEB.fullmatch(value) else "#"
