"""What came of a simulated day, read from the desk's own rows, and whether anything went wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.desk.states import DONE, State
from bot.store.engine import Tx
from bot.store.models import Event, Inbox, InboxState, Outbox, OutboxState, Pause, Survey, Ticket

_KEPT_BACK = {OutboxState.FAILED, OutboxState.UNKNOWN, OutboxState.HELD}


@dataclass
class Account:
    """The day in figures."""

    mails_in: int
    moves: dict[str, int]
    """What people did, and how often."""
    tickets: int = 0
    states: dict[str, int] = field(default_factory=dict)
    answered: int = 0
    answered_in_time: int = 0
    solved: int = 0
    solved_in_time: int = 0
    breaches: dict[str, int] = field(default_factory=dict)
    outcomes: dict[str, int] = field(default_factory=dict)
    """What became of the mails that came in, and why."""
    mails_out: dict[str, int] = field(default_factory=dict)
    """By event."""
    left_out: dict[str, int] = field(default_factory=dict)
    """Messages that were not written, and why."""
    ratings: dict[str, int] = field(default_factory=dict)
    asked: int = 0
    """Survey questions."""
    simulated_seconds: float = 0.0
    wall_seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)

    @property
    def speed(self) -> float:
        """Simulated seconds in a second."""
        return self.simulated_seconds / self.wall_seconds if self.wall_seconds else 0.0


def told(tx: Tx, account: Account, now: datetime) -> Account:
    """Fill in what the desk knows."""
    tickets = tx.run(sa.select(*Ticket.__table__.c)).all()
    events = tx.run(sa.select(Event.ticket_id, Event.action, Event.after)).all()
    came = tx.run(sa.select(*Inbox.__table__.c)).all()
    went = tx.run(
        sa.select(Outbox.ticket_id, Outbox.event, Outbox.state, Outbox.not_before, Outbox.result)
    ).all()
    surveys = tx.run(sa.select(Survey.rating)).scalars().all()
    breached = [(e.ticket_id, (e.after or {}).get("target")) for e in events if e.action == "target.breached"]
    late = set(breached)
    account.tickets = len(tickets)
    account.states = dict(Counter(row.state for row in tickets))
    answered = [row for row in tickets if row.first_response_at]
    solved = [row for row in tickets if row.resolved_at or row.state in DONE]
    account.answered, account.solved = len(answered), len(solved)
    account.answered_in_time = sum((row.id, "first-response") not in late for row in answered)
    account.solved_in_time = sum((row.id, "resolution") not in late for row in solved)
    account.breaches = dict(Counter(str(target) for _, target in breached))
    account.outcomes = dict(Counter(f"{row.outcome or row.state}: {row.reason}" for row in came))
    account.mails_out = dict(Counter(row.event for row in went))
    suppressed = [e.after or {} for e in events if e.action == "delivery.suppressed"]
    account.left_out = dict(Counter(f"{one.get('event')}: {one.get('reason')}" for one in suppressed))
    account.ratings = {str(k): v for k, v in sorted(Counter(r for r in surveys if r).items())}
    account.asked = len(surveys)
    account.wrong += [*_lost(account, came), *_stuck(went, now), *_illegal(tx, tickets), *_failed(events)]
    account.wrong += _unanswered(tickets, came, went)
    return account


def _lost(account: Account, came: Sequence[Any]) -> list[str]:
    """Every mail that was accepted must have an outcome that says what became of it."""
    wrong = []
    if len(came) != account.mails_in:
        wrong.append(f"{account.mails_in} mails were accepted, but {len(came)} are kept")
    for row in came:
        if row.state == InboxState.HELD:
            wrong.append(f"inbox {row.id} is held: {row.reason}")
        elif row.state != InboxState.DONE or not row.outcome or not row.reason:
            wrong.append(f"inbox {row.id} has no outcome: it is {row.state}")
        elif row.outcome in {"opened", "appended"} and row.ticket_id is None:
            wrong.append(f"inbox {row.id} was {row.outcome}, but to no ticket")
    return wrong


def _stuck(went: Sequence[Any], now: datetime) -> list[str]:
    wrong = []
    for row in went:
        due = row.state in {OutboxState.QUEUED, OutboxState.SENDING} and row.not_before <= now
        if row.state in _KEPT_BACK or due:
            wrong.append(f"{row.event} of ticket {row.ticket_id} is {row.state}: {row.result or 'no result'}")
    return wrong


def _unanswered(tickets: Sequence[Any], came: Sequence[Any], went: Sequence[Any]) -> list[str]:
    """Who opened a ticket is told, unless the outcome says why not."""
    told = {row.ticket_id for row in went if row.event == "received"}
    quiet = {row.ticket_id for row in came if row.outcome == "opened" and row.detail}
    return [
        f"ticket {row.id} was not acknowledged"
        for row in tickets
        if row.id not in told and row.id not in quiet
    ]


def _illegal(tx: Tx, tickets: Sequence[Any]) -> list[str]:
    states = set(State)
    wrong = [f"ticket {row.id} is {row.state}" for row in tickets if row.state not in states]
    running = {row.id for row in tickets if row.state in {State.NEW, State.OPEN}}
    for pause in tx.run(sa.select(*Pause.__table__.c)):
        if pause.ended_at is not None and pause.ended_at < pause.began_at:
            wrong.append(f"a pause of ticket {pause.ticket_id} ends before it begins")
        if pause.ended_at is None and pause.ticket_id in running:
            wrong.append(f"the clock of ticket {pause.ticket_id} stands still, but it does not wait")
    wrong += [
        f"ticket {row.id} is {row.state}, answered, and nobody's"
        for row in tickets
        if row.state == State.OPEN and row.first_response_at and row.owner_id is None
    ]
    return wrong


def _failed(events: Sequence[Any]) -> list[str]:
    return [
        f"a timer of ticket {event.ticket_id} failed: {event.after}"
        for event in events
        if event.action == "timer.failed"
    ]
