"""What the pages say, in each language; it stands in ``words.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bot.config import LOCALES

_TABLE: Final = tomllib.loads((Path(__file__).parent / "words.toml").read_text("utf-8"))
BY_LOCALE: Final[Mapping[str, Mapping[str, str]]] = {
    locale: {code: words[locale] for code, words in _TABLE.items()} for locale in LOCALES
}


def preferred(accept_language: str, default: str) -> str:
    """The language of a browser, for who is not known: the first of ours that ``Accept-Language`` names
    (RFC 9110, 12.5.4)."""
    wanted: list[tuple[float, str]] = []
    for item in accept_language[:500].split(",")[:20]:
        tag, _, parameter = item.strip().partition(";")
        name, _, given = parameter.strip().partition("=")
        try:
            weight = float(given) if name.strip() == "q" else 1.0
        except ValueError:
            weight = 0.0
        language = tag.strip().lower().partition("-")[0]
        if language in BY_LOCALE and 0 < weight <= 1:
            wanted.append((-weight, language))
    return min(wanted, key=lambda one: one[0])[1] if wanted else default
