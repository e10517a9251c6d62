"""Reasons as they are kept: a code and what it is about, and no words, so that each reader has them in their own.

A reason is a dictionary with a ``code``; its other values are texts of the configuration, further reasons, rows of
them, or (``then``, ``known``) names with what was decided. What is kept as a sentence is English, and known by it.
The words stand in ``reasons.toml``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from bot.desk import why_words

Kept = dict[str, Any]
TABLE: Final[Mapping[str, Mapping[str, Mapping[str, str]]]] = tomllib.loads(
    (Path(__file__).parent / "reasons.toml").read_text("utf-8")
)
_RULES: Final = TABLE["rules"]
_DEGREES: Final = frozenset({"impact", "urgency"})
_HOLE: Final = re.compile(r"\{(\w+)\}")
_MOST: Final = 400
"""Characters of one value."""


def reason(code: str, **values: Any) -> Kept:
    """A reason, to be kept."""
    return {"code": code, **values}


def english(kept: Kept) -> str:
    """A reason for whoever runs the desk, and for the log."""
    return told(kept, "en")


def told(kept: Kept | str, locale: str) -> str:
    """A reason in a language."""
    if isinstance(kept, str):
        return translated(kept, locale)
    values = {name: _value(name, value, locale) for name, value in kept.items() if name != "code"}
    words = _RULES.get(str(kept.get("code")))
    return words[locale].format_map(_Given(values)) if words else ", ".join(values.values())


def translated(sentence: str, locale: str) -> str:
    """What was kept as an English sentence; as it is, when it is none that the desk writes."""
    for code, pattern in _patterns().items():
        if found := pattern.fullmatch(sentence):
            return TABLE["sentences"][code][locale].format_map(_Given(found.groupdict()))
    return sentence


def code(text: str, locale: str) -> str | None:
    """What a code is called."""
    words = TABLE["codes"].get(text)
    return words[locale] if words else None


def label(name: str, locale: str) -> str | None:
    """What a value is called."""
    words = TABLE["labels"].get(name)
    return words[locale] if words else None


class _Given(dict[str, str]):
    """What a sentence names and a reason does not say is a question mark, and no fault."""

    def __missing__(self, _: str) -> str:
        return "?"


def _value(name: str, value: Any, locale: str) -> str:
    if name in {"then", "known"} and isinstance(value, dict):
        return _decided(name, value, locale)
    if isinstance(value, dict):
        return told(value, locale)
    if isinstance(value, list):
        return _RULES["and"][locale].join(told(one, locale) for one in value)
    return str(value)[:_MOST]


def _decided(name: str, value: Mapping[str, Any], locale: str) -> str:
    words = why_words.of(locale)
    each = (
        _RULES["is"][locale].format(
            name=words.labels.get(what) or label(what, locale) or what,
            value=words.codes.get(said, said) if what in _DEGREES else said,
        )
        for what, said in value.items()
    )
    return _RULES["and" if name == "known" else "comma"][locale].join(each)


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    """Each sentence, with something for each of its holes; those without holes first."""
    english = {code: words["en"] for code, words in TABLE["sentences"].items()}
    ordered = sorted(english.items(), key=lambda one: (len(_HOLE.findall(one[1])), -len(one[1])))
    return {code: _pattern(sentence) for code, sentence in ordered}


def _pattern(sentence: str) -> re.Pattern[str]:
    parts = _HOLE.split(sentence)
    return re.compile(
        "".join(f"(?P<{part}>.+)" if place % 2 else re.escape(part) for place, part in enumerate(parts))
    )
