"""Promises of time, and what happens when one comes due."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from bot.desk import sla
from bot.desk.changed import Change
from bot.desk.desk import Desk
from bot.desk.states import State
from bot.store import tickets, timers
from bot.store.conversation import WholeTicket
from bot.store.engine import Tx
from bot.store.timers import DueTimer

FIRST_RESPONSE: Final = "first-response"
"""The timer of the promise that the acknowledgement makes."""
RESOLUTION: Final = "resolution"

_DONE: Final = frozenset({State.RESOLVED, State.CLOSED})


def at_opening(promise: sla.Promise, priority: str, desk: Desk, now: datetime) -> dict[str, datetime]:  # noqa: ARG001  # seed
    """The timers of a new ticket."""
    return {FIRST_RESPONSE: promise.first_response_at, RESOLUTION: promise.resolution_at}


def follow(tx: Tx, change: Change, desk: Desk) -> None:
    """Stop, start and reckon the clock anew after a change."""
    if change.differs("priority"):
        renew(tx, change.after, desk)


def first_response_is_due(tx: Tx, timer: DueTimer, desk: Desk, now: datetime) -> None:  # noqa: ARG001  # a duty's shape
    """The moment that the requester was told has come: a breach when nobody has answered."""
    ticket = tickets.targets(tx, timer.ticket)
    if ticket and ticket.first_response_at is None and ticket.state not in _DONE:
        _breached(tx, ticket.id, timer, now)


def resolution_is_due(tx: Tx, timer: DueTimer, desk: Desk, now: datetime) -> None:  # noqa: ARG001  # a duty's shape
    """A breach when the ticket is still open."""
    ticket = tickets.targets(tx, timer.ticket)
    if ticket and ticket.state not in _DONE:
        _breached(tx, ticket.id, timer, now)


def _breached(tx: Tx, ticket: int, timer: DueTimer, now: datetime) -> None:
    after = {"target": timer.kind, "due": timer.due_at.isoformat()}
    tickets.record(tx, ticket, "target.breached", now, after=after)


def renew(tx: Tx, ticket: WholeTicket, desk: Desk) -> None:
    """Count the targets anew from the beginning, after the priority has changed. What was answered stays as
    it was promised then: a first response that has been given has no timer any more, and no new due time."""
    promise = sla.promise(desk.config.priorities[ticket.priority], ticket.opened_at, desk.calendar)
    timers.cancel(tx, ticket.id, FIRST_RESPONSE, RESOLUTION)
    due = {RESOLUTION: promise.resolution_at}
    first = ticket.first_response_due
    if ticket.first_response_at is None:
        due[FIRST_RESPONSE] = first = promise.first_response_at
    timers.start_all(tx, ticket.id, due)
    tickets.set_targets(tx, ticket.id, first, promise.resolution_at)
