"""What those who follow a change are told of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from bot.desk.states import State
from bot.store.conversation import WholeTicket


class By(StrEnum):
    """Whose doing a change was."""

    AGENT = "agent"
    REQUESTER = "requester"
    DESK = "desk"
    """A timer's, or a rule's."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who changes a ticket, and through which door."""

    by: By
    person: int | None = None
    channel: str | None = None


DESK: Final = Actor(By.DESK)


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a ticket that has just been written."""

    before: WholeTicket
    after: WholeTicket
    action: str
    """The event's name: "assigned", "waiting"."""
    actor: Actor
    words: str
    quietly: bool
    """The requester hears of it in another way."""
    now: datetime

    @property
    def moved(self) -> bool:
        """Whether the state is another one."""
        return self.before.state != self.after.state

    def entered(self, *states: State) -> bool:
        """Whether the ticket came into one of these states."""
        return self.after.state in states and self.before.state not in states

    def left(self, *states: State) -> bool:
        """Whether the ticket came out of these states."""
        return self.before.state in states and self.after.state not in states

    def differs(self, name: str) -> bool:
        """Whether a value is another one."""
        return bool(getattr(self.before, name) != getattr(self.after, name))
