"""The line above which agents write: it stands on top of what the desk tells them, and cuts their answers.

Nothing below it may reach a requester: it is the notification itself, with what only agents may see.
"""

from __future__ import annotations

from typing import Final

ANSWER_LINES: Final = {
    "en": "-- Write your answer above this line --",
    "zh": "-- 请在此行上方回复 --",
    "it": "-- Scriva la risposta sopra questa riga --",
}
"""By language. Changing one must leave the old one known below: notifications are answered for years."""

_KNOWN: Final = frozenset(line.strip("- ").casefold() for line in ANSWER_LINES.values())
_LONGEST: Final = max(map(len, _KNOWN)) + 60
_AROUND: Final = "-–—‐‑*_|> \t\xa0"  # noqa: RUF001  programs turn hyphens into dashes


def is_answer_line(line: str) -> bool:
    """Whether a line is one of ours, quoted or not, with what mail programs do to dashes and spaces."""
    return len(line) <= _LONGEST and " ".join(line.strip(_AROUND).split()).casefold() in _KNOWN
