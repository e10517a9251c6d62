"""How far a chat door has read, and which process reads it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from bot.store.dialect import insert_new
from bot.store.engine import Tx
from bot.store.models import ChatLease, ChatProgress, Thread, Ticket


def position(tx: Tx, channel: str, place: str = "") -> str | None:
    """Where a door was in a conversation, or as a whole; None: it has never been there."""
    found: str | None = tx.run(
        sa.select(ChatProgress.position).where(ChatProgress.channel == channel, ChatProgress.place == place)
    ).scalar()
    return found


def positions(tx: Tx, channel: str) -> dict[str, str]:
    """Where a door was in each conversation."""
    rows = tx.run(sa.select(ChatProgress.place, ChatProgress.position).where(ChatProgress.channel == channel))
    return {row.place: row.position for row in rows}


def advance(tx: Tx, channel: str, to: str, place: str = "") -> None:
    """A door has read up to a position, and all of it is committed."""
    now = tx.clock()
    values = {"channel": channel, "place": place, "position": to, "updated_at": now}
    new = insert_new(tx.dialect, ChatProgress, "channel", "place").returning(ChatProgress.channel)
    if tx.run(new, values).scalar() is None:
        tx.run(
            sa.update(ChatProgress)
            .where(ChatProgress.channel == channel, ChatProgress.place == place)
            .values(position=to, updated_at=now)
        )


def open_conversations(tx: Tx, channel: str, most: int) -> list[str]:
    """Keys of the conversations of tickets that are not closed, newest first."""
    query = (
        sa.select(Thread.key)
        .join(Ticket, Ticket.id == Thread.ticket_id)
        .where(Thread.channel == channel, Ticket.state != "closed")
    )
    return list(tx.run(query.order_by(Thread.id.desc()).limit(most)).scalars())


def has_conversations(tx: Tx, channel: str, place: str) -> bool:
    """Whether any conversation in a channel or group belongs to a ticket."""
    mine = sa.select(Thread.id).where(Thread.channel == channel, Thread.key.startswith(f"{place}/"))
    return tx.run(mine.limit(1)).scalar() is not None


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to be the one that asks. ``fence`` grows with each holder."""

    channel: str
    fence: int


def take(tx: Tx, channel: str, worker: str, lasts: timedelta) -> Lease | None:
    """Take or renew the right; None: another process has it."""
    tx.run(
        insert_new(tx.dialect, ChatLease, "channel"),
        {"channel": channel, "worker": None, "lease_until": None, "fence": 0},
    )
    held = sa.select(
        ChatLease.worker, ChatLease.lease_until, ChatLease.fence, (ChatLease.lease_until > tx.now())
    )
    row = tx.run(held.where(ChatLease.channel == channel).with_for_update()).one()
    if row[0] not in {None, worker} and row[3]:
        return None
    fence = row[2] if row[0] == worker else row[2] + 1
    tx.run(
        sa.update(ChatLease)
        .where(ChatLease.channel == channel)
        .values(worker=worker, lease_until=tx.later(lasts), fence=fence)
    )
    return Lease(channel, fence)


def give_back(tx: Tx, channel: str, worker: str) -> None:
    """Somebody else may ask now."""
    tx.run(
        sa.update(ChatLease)
        .where(ChatLease.channel == channel, ChatLease.worker == worker)
        .values(worker=None, lease_until=None)
    )
