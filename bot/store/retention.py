"""Old tickets and their files go, with all that belongs to them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa

from bot.store.dialect import skip_locked
from bot.store.engine import AnyRow, Tx
from bot.store.gone_files import GONE, mark_files
from bot.store.models import (
    AttachmentRow,
    Card,
    Entry,
    Event,
    Inbox,
    Outbox,
    Participant,
    Pause,
    PayloadRow,
    Survey,
    Thread,
    Ticket,
    Timer,
)


def mark_old_files(tx: Tx, closed_before: datetime, limit: int) -> int:
    """Mark files of tickets that ended before a moment; returns how many. See ``gone_files.marked_files``."""
    old = (
        sa.select(AttachmentRow.entry_id)
        .join(Entry, Entry.id == AttachmentRow.entry_id)
        .join(Ticket, Ticket.id == Entry.ticket_id)
        .where(Ticket.state == "closed", Ticket.closed_at < closed_before, AttachmentRow.sha256 != GONE)
        .order_by(AttachmentRow.id)
        .limit(limit)
    )
    entries = set(tx.run(old).scalars())
    return mark_files(tx, entries) if entries else 0


def old_tickets(tx: Tx, closed_before: datetime, limit: int) -> list[int]:
    """Tickets that ended before a moment and whose files are gone, locked: what somebody is just working on is
    left for the next time."""
    files = (
        sa.select(AttachmentRow.id)
        .join(Entry, Entry.id == AttachmentRow.entry_id)
        .where(Entry.ticket_id == Ticket.id)
    )
    query = (
        sa.select(Ticket.id)
        .where(Ticket.state == "closed", Ticket.closed_at < closed_before, ~sa.exists(files))
        .order_by(Ticket.id)
        .limit(limit)
    )
    return list(tx.run(skip_locked(tx.dialect, query)).scalars())


def payloads(tx: Tx, tickets: Collection[int]) -> list[AnyRow]:
    """Number and key of the payloads that no other ticket is made of."""
    elsewhere = sa.select(Entry.id).where(Entry.inbox_id == Inbox.id, Entry.ticket_id.not_in(tickets))
    said = sa.select(Entry.inbox_id).where(Entry.ticket_id.in_(tickets), Entry.inbox_id.is_not(None))
    mine = sa.or_(Inbox.ticket_id.in_(tickets), Inbox.id.in_(said))
    other = sa.and_(Inbox.ticket_id.is_not(None), Inbox.ticket_id.not_in(tickets))
    return list(tx.run(sa.select(Inbox.id, Inbox.key).where(mine, ~other, ~sa.exists(elsewhere))))


def delete(tx: Tx, tickets: Sequence[int], inbox: Collection[int]) -> dict[str, int]:
    """Delete tickets with all their rows, and payloads; returns how many of each."""
    counts: dict[str, int] = {}
    tx.run(sa.update(Ticket).where(Ticket.merged_into_id.in_(tickets)).values(merged_into_id=None))
    for table in (Outbox, Timer, Survey, Pause, Participant, Event, Entry, Card, Thread):
        counts[table.__tablename__] = tx.run(sa.delete(table).where(table.ticket_id.in_(tickets))).rowcount
    tx.run(sa.delete(PayloadRow).where(PayloadRow.inbox_id.in_(inbox)))
    counts["inbox"] = tx.run(sa.delete(Inbox).where(Inbox.id.in_(inbox))).rowcount
    tx.run(sa.update(Inbox).where(Inbox.ticket_id.in_(tickets)).values(ticket_id=None))
    counts["ticket"] = tx.run(sa.delete(Ticket).where(Ticket.id.in_(tickets))).rowcount
    return counts
