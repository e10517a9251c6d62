"""In which words the history of a ticket is told, and the languages that have them.

A sentence may name ``{who}``, the actor, and any value of its event; values that no sentence names stand
behind it in brackets. What has no words yet is told by its own name, so that nothing is ever left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


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
    reasons: Mapping[str, str] = field(default_factory=dict)
    """Reasons of ``outcome.Reason``; those of English stand there."""


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
    from bot.desk import why_en, why_it, why_zh

    return {"zh": why_zh.WORDS, "it": why_it.WORDS}.get(locale, why_en.WORDS)
