"""How a ticket stood before a step, so that it can stand so again: its row, its pauses, its timers, what waited to
be said. The whole of it is plain data, for the ticket's history.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import aliased

from bot.store import conversation
from bot.store.conversation import WholeTicket
from bot.store.dialect import word
from bot.store.engine import Tx
from bot.store.models import (
    Entry,
    Event,
    Moment,
    Outbox,
    OutboxState,
    Pause,
    Survey,
    Ticket,
    Timer,
    TimerState,
)

_ROW: Final = WholeTicket.__slots__
_MOMENTS: Final = frozenset(name for name in _ROW if isinstance(Ticket.__table__.c[name].type, Moment))
_CARD: Final = "card"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a ticket stands."""

    row: dict[str, Any]
    pauses: list[tuple[int, str | None]]
    """Which there are, and when each ended."""
    timers: list[int]
    """Those that will be due."""
    waiting: list[int]
    """Messages that have not been tried, except cards."""
    outbox: int
    """The last message about it."""
    entry: int
    """The last words in it."""
    asked: bool
    """Whether its requester was asked how satisfied they are."""

    def beside(self, other: Standing) -> Standing:
        """Only what is otherwise in another one, of the row: the history need not know more."""
        return replace(
            self, row={name: value for name, value in self.row.items() if other.row[name] != value}
        )

    @property
    def digest(self) -> str:
        """The same for tickets that stand alike, but for what was said."""
        told = msgspec.json.encode([self.row, self.pauses, self.timers, self.asked], order="sorted")
        return hashlib.sha256(told).hexdigest()[:32]


def of(tx: Tx, ticket: int) -> Standing | None:
    """How a ticket stands; it is locked until the transaction ends."""
    whole = conversation.whole(tx, ticket)
    if whole is None:
        return None
    pauses = sa.select(Pause.id, Pause.ended_at).where(Pause.ticket_id == ticket).order_by(Pause.id)
    due = sa.select(Timer.id).where(Timer.ticket_id == ticket, Timer.state == word(TimerState.PENDING))
    last = sa.select(sa.func.max(Outbox.id)).where(Outbox.ticket_id == ticket)
    said = sa.select(sa.func.max(Entry.id)).where(Entry.ticket_id == ticket)
    asked = sa.select(Survey.id).where(Survey.ticket_id == ticket)
    return Standing(
        {name: _plain(getattr(whole, name)) for name in _ROW},
        [(row.id, _plain(row.ended_at)) for row in tx.run(pauses)],
        list(tx.run(due.order_by(Timer.id)).scalars()),
        waiting(tx, ticket),
        tx.run(last).scalar() or 0,
        tx.run(said).scalar() or 0,
        tx.run(asked).first() is not None,
    )


def restore(tx: Tx, ticket: int, was: Standing, now: datetime) -> None:
    """Let a ticket stand as it stood."""
    values = {name: _read(name, value) for name, value in was.row.items()}
    tx.run(sa.update(Ticket).where(Ticket.id == ticket).values(updated_at=now, **values))
    kept = [number for number, _ in was.pauses]
    tx.run(sa.delete(Pause).where(Pause.ticket_id == ticket, Pause.id.not_in(kept)))
    for number, ended in was.pauses:
        tx.run(sa.update(Pause).where(Pause.id == number).values(ended_at=_moment(ended)))
    of_ticket = Timer.ticket_id == ticket
    going = sa.and_(of_ticket, Timer.state == word(TimerState.PENDING), Timer.id.not_in(was.timers))
    tx.run(sa.update(Timer).where(going).values(state=TimerState.CANCELLED))
    stopped = sa.and_(of_ticket, Timer.state == word(TimerState.CANCELLED), Timer.id.in_(was.timers))
    tx.run(sa.update(Timer).where(stopped).values(state=TimerState.PENDING))
    if not was.asked:
        tx.run(sa.delete(Survey).where(Survey.ticket_id == ticket, Survey.rated_at.is_(None)))


# -- what was to be said -----------------------------------------------------------------------------------------


def waiting(tx: Tx, ticket: int) -> list[int]:
    """Messages about a ticket that have not been tried, except its cards."""
    unsent = sa.select(Outbox.id).where(
        Outbox.ticket_id == ticket,
        Outbox.event != _CARD,
        Outbox.state == word(OutboxState.QUEUED),
        Outbox.attempts == 0,
    )
    return list(tx.run(unsent.order_by(Outbox.id)).scalars())


def put_aside(tx: Tx, ticket: int, after: int, until: datetime) -> list[int]:
    """All that was written about a ticket after a message of it waits for some time at least, except its cards;
    returns which messages those are."""
    ids = [number for number in waiting(tx, ticket) if number > after]
    early = sa.and_(Outbox.id.in_(ids), Outbox.not_before < until)
    tx.run(sa.update(Outbox).where(early).values(not_before=until))
    return ids


def overtaken(tx: Tx, waited: Collection[int]) -> list[int]:
    """Which of some messages that waited were taken back since."""
    query = sa.select(Outbox.id).where(Outbox.id.in_(waited), Outbox.state == word(OutboxState.STALE))
    return list(tx.run(query.order_by(Outbox.id)).scalars())


def say_again(tx: Tx, numbers: Collection[int]) -> None:
    """What overtook some messages was taken back itself: they wait again, unless they have been said otherwise
    meanwhile."""
    newer = aliased(Outbox)
    said = sa.select(newer.id).where(
        newer.ticket_id == Outbox.ticket_id,
        newer.recipient == Outbox.recipient,
        newer.event == Outbox.event,
        newer.id > Outbox.id,
        newer.state != word(OutboxState.STALE),
    )
    tx.run(
        sa.update(Outbox)
        .where(
            Outbox.id.in_(numbers),
            Outbox.state == word(OutboxState.STALE),
            Outbox.attempts == 0,
            ~sa.exists(said),
        )
        .values(state=OutboxState.QUEUED, result=None, finished_at=None)
    )


def unsay(tx: Tx, ticket: int, after: int, kind: str, instead: str) -> None:
    """Words of a kind that were kept after others become words of another."""
    words = sa.and_(Entry.ticket_id == ticket, Entry.id > after, Entry.kind == kind)
    tx.run(sa.update(Entry).where(words).values(kind=instead))


# -- in the history ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Kept:
    """What must be known to take a step back."""

    was: Standing
    stands: str
    """The digest of how the ticket stood after it."""
    outbox: list[int]
    """Messages that wait so that they can be taken back."""
    overtaken: list[int]
    """Messages that it made superfluous."""


def plain(kept: Kept) -> dict[str, Any]:
    """As the history keeps it."""
    told: dict[str, Any] = msgspec.to_builtins(kept)
    return told


@dataclass(frozen=True, slots=True)
class Offered:
    """A step that may be taken back."""

    actor: int | None
    kept: Kept
    after: dict[str, Any]


def offered(tx: Tx, ticket: int, action: str, step: str) -> Offered | None:
    """The step that the history knows by a key."""
    query = sa.select(Event.actor_id, Event.before, Event.after).where(
        Event.ticket_id == ticket, Event.action == action, Event.after["step"].as_string() == step
    )
    row = tx.run(query.limit(1)).one_or_none()
    return Offered(row.actor_id, msgspec.convert(row.before, Kept), dict(row.after)) if row else None


def count(tx: Tx, ticket: int, action: str) -> int:
    """How many steps the history knows."""
    query = sa.select(sa.func.count()).where(Event.ticket_id == ticket, Event.action == action)
    return tx.run(query).scalar() or 0


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _read(name: str, value: Any) -> Any:
    if value is None:
        return sa.null()
    return _moment(value) if name in _MOMENTS else value


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
