"""Files that nobody needs any more.

A file goes in two steps, so that a process that dies between them loses nothing and leaves nothing: its row is
marked (its hash becomes its name, ``GONE`` its hash), and later its content is removed, then the row.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from bot.store.dialect import word
from bot.store.engine import Tx
from bot.store.models import AttachmentRow, Entry, Outbox, OutboxState

GONE: Final = "gone"
"""Stands for the hash of a file that is needed no more."""


def mark_files(tx: Tx, entries: Collection[int]) -> int:
    """The files of entries are needed no more."""
    return tx.run(
        sa.update(AttachmentRow)
        .where(AttachmentRow.entry_id.in_(entries), AttachmentRow.sha256 != GONE)
        .values(name=AttachmentRow.sha256, sha256=GONE, media_type="")
    ).rowcount


@dataclass(frozen=True, slots=True)
class MarkedFile:
    """A file that is needed no more."""

    id: int
    content: str
    shared: bool
    """Another entry has the same content, which therefore stays."""
    awaited: bool
    """A message about another ticket that has not gone out yet carries it."""


def marked_files(tx: Tx, after: int, limit: int) -> list[MarkedFile]:
    """Files that are needed no more, behind a number."""
    rows = tx.run(
        sa.select(AttachmentRow.id, AttachmentRow.name, Entry.ticket_id)
        .join_from(AttachmentRow, Entry)
        .where(AttachmentRow.sha256 == GONE, AttachmentRow.id > after)
        .order_by(AttachmentRow.id)
        .limit(limit)
    ).all()
    return [
        MarkedFile(row.id, row.name, _is_shared(tx, row.name), _is_awaited(tx, row.name, row.ticket_id))
        for row in rows
    ]


def _is_shared(tx: Tx, content: str) -> bool:
    kept = sa.select(AttachmentRow.id).where(AttachmentRow.sha256 == content)
    return tx.run(kept.limit(1)).first() is not None


def _is_awaited(tx: Tx, content: str, ticket: int) -> bool:
    active = [word(state) for state in (OutboxState.QUEUED, OutboxState.SENDING)]
    other = sa.or_(Outbox.ticket_id.is_(None), Outbox.ticket_id != ticket)
    unsent = sa.select(Outbox.id).where(
        Outbox.state.in_([*active, OutboxState.HELD]),
        other,
        Outbox.message.contains(content, autoescape=True),
    )
    return tx.run(unsent.limit(1)).first() is not None


def unmark_files(tx: Tx, ids: Collection[int]) -> None:
    """Their content is gone, or something else's: so are their rows."""
    tx.run(sa.delete(AttachmentRow).where(AttachmentRow.id.in_(ids)))
