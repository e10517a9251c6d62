"""Timers: one row for each thing that is due. No timer lives in memory."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.store.dialect import skip_locked, word
from bot.store.engine import Tx
from bot.store.models import Ticket, Timer, TimerState
from bot.store.prepared import Prepared


@dataclass(frozen=True, slots=True)
class DueTimer:
    """A timer whose moment has come."""

    id: int
    ticket: int | None
    kind: str
    due_at: datetime


_START = Prepared(lambda _: sa.insert(Timer), ("ticket_id", "kind", "due_at", "state"))

_CANCEL_ABOUT = Prepared(
    lambda _: (
        sa.update(Timer)
        .where(
            Timer.ticket_id == sa.bindparam("ticket"),
            sa.or_(Timer.kind == sa.bindparam("subject"), Timer.kind.like(sa.bindparam("parts"), escape="/")),
            Timer.state == word(TimerState.PENDING),
        )
        .values(state=TimerState.CANCELLED)
    )
)


def start_all(tx: Tx, ticket: int, due: dict[str, datetime]) -> None:
    """Something is due at a moment: ``due`` maps the timers' kinds to their moments."""
    _START.many(
        tx,
        [
            {"ticket_id": ticket, "kind": kind, "due_at": due_at, "state": TimerState.PENDING}
            for kind, due_at in due.items()
        ],
    )


def cancel(tx: Tx, ticket: int, *kinds: str) -> int:
    """It is no longer due."""
    return _cancel(tx, Timer.ticket_id == ticket, Timer.kind.in_(kinds))


def cancel_about(tx: Tx, ticket: int, *subjects: str) -> int:
    """None of what is due about some subjects is due any longer: timers "subject" and "subject.whatever"."""
    return sum(
        _CANCEL_ABOUT.run(tx, ticket=ticket, subject=subject, parts=f"{_literally(subject)}.%")
        for subject in subjects
    )


def _literally(subject: str) -> str:
    """In a pattern of LIKE."""
    return subject.replace("/", "//").replace("%", "/%").replace("_", "/_")


def cancel_all(tx: Tx, ticket: int) -> int:
    """Nothing is due any longer."""
    return _cancel(tx, Timer.ticket_id == ticket)


def _cancel(tx: Tx, *which: sa.ColumnElement[bool]) -> int:
    pending = Timer.state == word(TimerState.PENDING)
    return tx.run(sa.update(Timer).where(*which, pending).values(state=TimerState.CANCELLED)).rowcount


def pending(tx: Tx, ticket: int, kind: str) -> bool:
    """Whether it will be due."""
    query = sa.select(Timer.id).where(
        Timer.ticket_id == ticket, Timer.kind == kind, Timer.state == word(TimerState.PENDING)
    )
    return tx.run(query.limit(1)).first() is not None


def last_for_team(tx: Tx, queue: str, kind: str) -> datetime | None:
    """When the last of a kind will be due of a team's tickets."""
    query = sa.select(sa.func.max(Timer.due_at)).join(Ticket, Ticket.id == Timer.ticket_id)
    found: datetime | None = tx.run(
        query.where(Timer.state == word(TimerState.PENDING), Timer.kind == kind, Ticket.queue == queue)
    ).scalar()
    return found


def take(tx: Tx, kind: str, until: datetime) -> list[int]:
    """The tickets of other timers of a kind that are due by a moment, earliest first: they have done their work.
    Those that another worker has in hand are left to it."""
    query = (
        sa.select(Timer.id, Timer.ticket_id)
        .where(Timer.state == word(TimerState.PENDING), Timer.due_at <= until, Timer.kind == kind)
        .order_by(Timer.due_at, Timer.id)
    )
    rows = tx.run(skip_locked(tx.dialect, query)).all()
    mine = Timer.id.in_([row.id for row in rows])
    tx.run(sa.update(Timer).where(mine).values(state=TimerState.FIRED, fired_at=tx.clock()))
    return [row.ticket_id for row in rows if row.ticket_id is not None]


def due(tx: Tx, limit: int) -> list[DueTimer]:
    """Up to ``limit`` timers whose moment has come, earliest first, locked until the transaction ends, so
    that what they cause and their firing commit together, and no other worker takes them meanwhile."""
    query = (
        sa.select(Timer.id, Timer.ticket_id, Timer.kind, Timer.due_at)
        .where(Timer.state == word(TimerState.PENDING), Timer.due_at <= tx.now())
        .order_by(Timer.due_at, Timer.id)
        .limit(limit)
    )
    return [DueTimer(*row) for row in tx.run(skip_locked(tx.dialect, query))]


def fired(tx: Tx, timer: DueTimer) -> bool:
    """Record that a timer has done its work. False: it was cancelled or fired meanwhile."""
    result = tx.run(
        sa.update(Timer)
        .where(Timer.id == timer.id, Timer.state == word(TimerState.PENDING))
        .values(state=TimerState.FIRED, fired_at=tx.clock())
    )
    return result.rowcount == 1


def forget(tx: Tx, before: datetime, limit: int) -> int:
    """Delete timers that ended before a moment (L3)."""
    old = sa.select(Timer.id).where(Timer.state != TimerState.PENDING, Timer.due_at < before).limit(limit)
    return tx.run(sa.delete(Timer).where(Timer.id.in_(old))).rowcount
