"""What was written and has not gone out yet is taken back, or waits so that it can be."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from bot.store.dialect import word
from bot.store.engine import Tx
from bot.store.models import Outbox, OutboxState
from bot.store.outbox import FOR_MORNING, NOT_ITS_TURN

_OVERTAKEN: Final = "overtaken by what happened since"


def withdraw(tx: Tx, ticket: int, *events: str) -> int:
    """Take back what still waits for its moment and is overtaken by what has happened since. What a person
    wrote is never taken back."""
    return tx.run(
        sa.update(Outbox)
        .where(
            Outbox.ticket_id == ticket,
            Outbox.event.in_(events),
            Outbox.automatic.is_(True),
            Outbox.state == word(OutboxState.QUEUED),
            sa.or_(Outbox.attempts == 0, Outbox.result.in_([NOT_ITS_TURN, FOR_MORNING])),
        )
        .values(state=OutboxState.STALE, result=_OVERTAKEN, finished_at=tx.clock())
    ).rowcount


def last_of(tx: Tx, ticket: int) -> int:
    """The last message about a ticket."""
    return tx.run(sa.select(sa.func.max(Outbox.id)).where(Outbox.ticket_id == ticket)).scalar() or 0


def put_aside(tx: Tx, ticket: int, after: int, events: tuple[str, ...], until: datetime) -> list[int]:
    """Let what was written about a ticket after a message of it wait, so that it can be taken back; returns
    which messages those are."""
    waiting = sa.select(Outbox.id).where(
        Outbox.ticket_id == ticket,
        Outbox.id > after,
        Outbox.event.in_(events),
        Outbox.state == word(OutboxState.QUEUED),
    )
    ids = list(tx.run(waiting.order_by(Outbox.id)).scalars())
    tx.run(sa.update(Outbox).where(Outbox.id.in_(ids)).values(not_before=until))
    return ids


def take_back(tx: Tx, ids: list[int]) -> bool:
    """What a person has said is not sent after all. False: some of it was tried already, so nothing must have
    changed; roll back."""
    taken = tx.run(
        sa.update(Outbox)
        .where(Outbox.id.in_(ids), Outbox.state == word(OutboxState.QUEUED), Outbox.attempts == 0)
        .values(state=OutboxState.STALE, result="taken back by who wrote it", finished_at=tx.clock())
    ).rowcount
    return bool(ids) and taken == len(ids)


@dataclass(frozen=True, slots=True)
class Unsaid:
    """An automatic message that has not been tried yet."""

    id: int
    values: dict[str, Any]
    """Of its notice."""


def unsaid(tx: Tx, ticket: int, event: str) -> list[Unsaid]:
    """What waits to be said about a ticket."""
    rows = tx.run(
        sa.select(Outbox.id, Outbox.message).where(
            Outbox.ticket_id == ticket,
            Outbox.event == event,
            Outbox.automatic.is_(True),
            Outbox.state == word(OutboxState.QUEUED),
            Outbox.attempts == 0,
        )
    )
    return [Unsaid(number, msgspec.json.decode(text)["notice"]["values"]) for number, text in rows]


def overtaken(tx: Tx, numbers: Collection[int]) -> None:
    """Take back some of what waits; see ``withdraw``."""
    if numbers:
        these = sa.update(Outbox).where(Outbox.id.in_(sorted(numbers)), Outbox.attempts == 0)
        tx.run(
            these.where(Outbox.state == word(OutboxState.QUEUED)).values(
                state=OutboxState.STALE, result=_OVERTAKEN, finished_at=tx.clock()
            )
        )
