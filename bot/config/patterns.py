"""An administrator's patterns, which run on anybody's words: in time that grows only with the text (C14).

The engine is the one of pydantic's own patterns, Rust's ``regex``. It never goes back in the text, so no text
makes it slow, and it knows neither look-around nor back-references. What is left is the size of the pattern
itself: ``(a{1,100}){1,100}`` stands for ten thousand steps at each character. So the size is counted, bounded
here, and known to those who run it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from pydantic_core import SchemaError, SchemaValidator, core_schema

LONGEST: Final = 500
"""Characters of a pattern."""
LARGEST: Final = 400
"""Steps at each character of the text, counted repetitions written out."""
_CLASS: Final = 3
"""Steps of a set of characters, such as ``\\w``."""
_PIECE: Final = re.compile(
    r"""\\[pPxuU]\{[^}]*\} | \\. | \[\^?\]?(?:\\.|\[:[^\]]*:\]|[^\]\\])*\]
        | \{\s*\d*\s*(?:,\s*\d*\s*)?\} | .""",
    re.VERBOSE | re.DOTALL,
)
_NUMBER: Final = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression that is looked for anywhere in a text."""

    size: int
    """Steps at each character, at the worst."""
    _search: SchemaValidator

    @classmethod
    def of(cls, text: str) -> Pattern:
        """Raises ``ValueError`` with what is wrong, for administrators."""
        if len(text) > LONGEST:
            raise ValueError(f"at most {LONGEST} characters")
        size = _size(text)
        if size > LARGEST:
            raise ValueError(
                f"its repetitions stand for {size} steps, and {LARGEST} is the most: repeat less, or use + and *"
            )
        return cls(size, _compiled(text))

    def found_in(self, text: str) -> bool:
        """Whether it is found. ``text`` holds no lone surrogates."""
        return self._search.isinstance_python(text)


@lru_cache(maxsize=1024)
def _compiled(text: str) -> SchemaValidator:
    try:
        return SchemaValidator(core_schema.str_schema(pattern=text, regex_engine="rust-regex"))
    except SchemaError as error:
        raise ValueError(f"not a regular expression: {_reason(str(error))}") from None


def _reason(told: str) -> str:
    """The last line says it; the others draw an arrow below the pattern."""
    last = told.strip().splitlines()[-1].strip()
    return last.removeprefix("error: ").removeprefix("SchemaError: ")


def _size(text: str) -> int:
    """How many steps a pattern has when its counted repetitions are written out. Rather too many than too few."""
    totals, last = [0], 0
    for piece in _pieces(text):
        if piece == "(":
            totals.append(0)
            last = 0
        elif piece == ")" and len(totals) > 1:
            last = totals.pop()
            totals[-1] += last
        elif piece[0] == "{" and len(piece) > 1:
            times = max(map(int, _NUMBER.findall(piece[:40])), default=1)
            totals[-1] += last * (max(times, 1) - 1)
            last *= max(times, 1)
        elif piece not in {"*", "+", "?", "|", "^", "$"}:
            last = _CLASS if len(piece) > 1 or piece == "." else 1
            totals[-1] += last
    return sum(totals)


def _pieces(text: str) -> Iterator[str]:
    return (found[0] for found in _PIECE.finditer(text))
