"""The life of a ticket: its states and the legal steps between them."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from bot.errors import DeskbotError


class State(StrEnum):
    """Where a ticket stands."""

    NEW = "new"
    """Nobody has taken it."""
    OPEN = "open"
    WAITING = "waiting"
    """For the requester or a supplier: the clock stands still."""
    RESOLVED = "resolved"
    """Done, says the agent; the requester has not yet said so."""
    CLOSED = "closed"


STEPS: Final[dict[State, frozenset[State]]] = {
    State.NEW: frozenset({State.OPEN, State.WAITING, State.RESOLVED, State.CLOSED}),
    State.OPEN: frozenset({State.WAITING, State.RESOLVED, State.CLOSED}),
    State.WAITING: frozenset({State.OPEN, State.RESOLVED, State.CLOSED}),
    State.RESOLVED: frozenset({State.OPEN, State.CLOSED}),
    State.CLOSED: frozenset({State.OPEN}),
}
"""The legal steps. A closed ticket is opened again only within its window, and by a person."""


class Ended(StrEnum):
    """How a ticket was closed."""

    CONFIRMED = "confirmed"
    """Its requester said that it works again."""
    SILENCE = "silence"
    """Nobody answered the question whether it works again."""
    AGENT = "agent"
    SELF = "self"
    """Its requester closed it themselves, before it was resolved."""
    MERGED = "merged"
    SPAM = "spam"


RUNNING: Final = frozenset({State.NEW, State.OPEN})
"""States in which the clock runs: while a ticket waits, or is done, it stands still."""
DONE: Final = frozenset({State.RESOLVED, State.CLOSED})


class IllegalStep(DeskbotError):
    """A ticket cannot go from its state to that one."""

    def __init__(self, before: State, after: State) -> None:
        super().__init__(f"a ticket that is {before} cannot become {after}")


def step(before: State, after: State) -> State:
    """``after``, when it is a legal step. Raises ``IllegalStep``."""
    if after not in STEPS[before]:
        raise IllegalStep(before, after)
    return after


def after_words_of_requester(state: State) -> State:
    """What a ticket becomes when its requester says more: whoever waited for them waits no longer."""
    return State.OPEN if state in {State.WAITING, State.RESOLVED, State.CLOSED} else state
