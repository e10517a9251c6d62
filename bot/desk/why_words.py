"""In which words the history of a ticket is told, in each language; they stand in ``why.toml``.

A sentence may name ``{who}``, the actor, and any value of its event; values that no sentence names stand
behind it in brackets. What has no words yet is told by its own name, so that nothing is ever left out.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final


@dataclass(frozen=True, slots=True)
class Words:
    """One language."""

    events: Mapping[str, str]
    """A sentence for each action that is recorded."""
    labels: Mapping[str, str]
    """What a value is called."""
    codes: Mapping[str, str]
    """Values that are codes: states, degrees, ends."""
    letters: Mapping[str, str]
    """What a message is called, by its event."""
    sent: Mapping[str, str]
    """What became of a message, by the outbox's state."""
    timers: Mapping[str, str]
    """What is due, by the timer's kind."""
    results: Mapping[str, str]
    """What became of what came in."""
    phrases: Mapping[str, str]
    reasons: Mapping[str, str]
    """Reasons of ``outcome.Reason``."""


PHRASES = (
    "desk",
    "somebody",
    "accepted",
    "because",
    "quiet",
    "nothing-noted",
    "written",
    "waits-until",
    "ended",
    "attempts",
    "stood-still",
    "went-on",
    "next",
    "overdue",
    "step",
    "yes",
    "no",
    "nobody",
)
"""What every language has a phrase for."""


def of(locale: str) -> Words:
    """The words of a language, or the English ones."""
    return _WORDS.get(locale, _WORDS["en"])


def _read(path: Path) -> dict[str, Words]:
    table: Mapping[str, Mapping[str, Mapping[str, str]]] = tomllib.loads(path.read_text("utf-8"))
    parts = [part.name for part in fields(Words)]
    return {
        locale: Words(**{part: {key: said[locale] for key, said in table[part].items()} for part in parts})
        for locale in next(iter(table["events"].values()))
    }


_WORDS: Final = _read(Path(__file__).with_name("why.toml"))
