"""A person's words as rules look at them: prepared once, found in linear time (C14).

Capitals do not matter, nor does the width of letters typed on a Chinese keyboard, nor how an accent is encoded.
A word stands there as a whole: "art" is not in "party". In scripts that put no spaces between words, Chinese
say, it stands there when its characters do.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from typing import Final

LONGEST: Final = 65_536
"""Characters that are looked at."""

_WIDE: Final = {0xFF01 + n: 0x21 + n for n in range(94)} | {0x3000: 0x20}
"""Letters and signs as wide as a Chinese character."""
_ACCENTED: Final = re.compile("[^\\W\\d_][\u0300-\u036f]{1,2}")
"""Seen in practice: an accent as a character of its own. Two at most: sorting a long row takes quadratic time."""
_UNSPACED: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3100-\u312f\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
"""Thai, Lao, Burmese, Khmer, Japanese, Chinese; and Korean, which adds endings to words."""
_TOKEN: Final = re.compile(f"[^\\W{_UNSPACED}]+")
UNIT: Final = re.compile(f"[{_UNSPACED}]|[^\\W{_UNSPACED}]+")
"""A word, or a character that is about as much."""


def fold(text: str) -> str:
    """The form in which words are compared."""
    if not text.isascii():
        text = _ACCENTED.sub(lambda found: unicodedata.normalize("NFC", found[0]), text.translate(_WIDE))
    return " ".join(text.casefold().split())


class Said:
    """A text that words are looked for in."""

    def __init__(self, text: str) -> None:
        self.raw = text[:LONGEST]

    @cached_property
    def folded(self) -> str:
        return fold(self.raw)

    @cached_property
    def tokens(self) -> frozenset[str]:
        return frozenset(_TOKEN.findall(self.folded))

    @cached_property
    def clean(self) -> str:
        """Without what is no character, for patterns."""
        return self.raw.encode("utf-8", "ignore").decode()


@dataclass(frozen=True, slots=True)
class Wanted:
    """A word, or a row of words, that somebody may say."""

    shown: str
    folded: str
    alone: bool
    """One word of a script with spaces: it is looked up."""

    @classmethod
    def of(cls, word: str) -> Wanted:
        folded = fold(word)
        return cls(word, folded, _TOKEN.fullmatch(folded) is not None)

    def stands_in(self, said: Said) -> bool:
        """Whether it is there as a whole."""
        if self.alone:
            return self.folded in said.tokens
        return bool(self.folded) and _stands_in(self.folded, said.folded)


def first_of(words: tuple[Wanted, ...], said: Said) -> str | None:
    """The first of the words that is there, as the configuration has it."""
    return next((word.shown for word in words if word.stands_in(said)), None)


def _stands_in(words: str, text: str) -> bool:
    opens, closes = _is_spaced(words[0]), _is_spaced(words[-1])
    at = text.find(words)
    while at >= 0:
        end = at + len(words)
        before, after = text[at - 1 : at] if at else "", text[end : end + 1]
        if not (opens and before and _is_spaced(before)) and not (closes and after and _is_spaced(after)):
            return True
        at = text.find(words, at + 1)
    return False


def _is_spaced(character: str) -> bool:
    """Whether it is a letter or digit of a script that puts spaces between words."""
    return _TOKEN.fullmatch(character) is not None
