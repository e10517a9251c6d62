"""What happens when a ticket is resolved, closed or opened again.

Resolved: its requester is asked whether it works again; timers remind them once, and close the ticket when they
stay silent. Closed: they are asked how satisfied they were, or, after silence, told at least that it is over.
Opened again: all that waits for its moment is taken back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.desk import asking, informing, working_days
from bot.desk.changed import Change
from bot.desk.desk import Desk
from bot.desk.letters import Letter
from bot.desk.states import Ended, State
from bot.message import Choice, Kind
from bot.store import timers, withdrawal
from bot.store.engine import Tx

REMIND: Final = "confirm.remind"
"""The timer of the reminder."""
CLOSE: Final = "confirm.close"
"""The timer that closes a ticket whose requester is silent."""
RESOLVED: Final = "resolved"
REMINDER: Final = "confirm_reminder"
YES_OR_NO: Final = (Choice("yes", "confirm", "yes"), Choice("no", "confirm", "no"))


@dataclass(frozen=True, slots=True)
class Silence:
    """What happens, and when, if nobody answers the question whether it works again."""

    remind_at: datetime
    close_at: datetime


def silence_after(resolved_at: datetime, desk: Desk) -> Silence:
    """Counted in days on which the desk works."""
    config = desk.config.tickets
    return Silence(
        working_days.after(resolved_at, config.remind_after_days, desk.calendar),
        working_days.after(resolved_at, config.close_after_days, desk.calendar),
    )


def follow(tx: Tx, change: Change, desk: Desk) -> None:
    """Ask whether it works again, and how satisfied they were."""
    ticket, now = change.after.id, change.now
    if change.left(State.RESOLVED):
        timers.cancel(tx, ticket, REMIND, CLOSE)
        withdrawal.withdraw(tx, ticket, RESOLVED, REMINDER)
    if change.entered(State.RESOLVED):
        silence = silence_after(change.after.resolved_at or now, desk)
        timers.start_all(tx, ticket, {REMIND: silence.remind_at, CLOSE: silence.close_at})
    if change.left(State.CLOSED):
        withdrawal.withdraw(tx, ticket, "closed")
    if change.left(State.CLOSED) or _is_known_as_spam(change):
        asking.take_back(tx, ticket, now)
    if change.entered(State.CLOSED):
        _ended(tx, change, desk)


def _is_known_as_spam(change: Change) -> bool:
    return change.differs("closed_as") and change.after.closed_as == Ended.SPAM


def _ended(tx: Tx, change: Change, desk: Desk) -> None:
    asked = asking.ask(tx, change, desk)
    if not asked and change.after.closed_as == Ended.SILENCE:
        letter = Letter(Kind.PROGRESS, "closed", {"how": change.after.closed_as})
        informing.tell(tx, change.after, letter, desk, change.now)
