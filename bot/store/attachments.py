"""Files that people may have from a page: which ones there are, and whose they are. What was removed is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from bot.store.engine import Tx
from bot.store.gone_files import GONE
from bot.store.models import AttachmentRow, Entry
from bot.store.pages import Seat, Shown, may_be_seen

MOST_FILES: Final = 500


@dataclass(frozen=True, slots=True)
class File:
    """An attachment; its content lies in the blob store."""

    id: int
    entry_id: int
    name: str
    media_type: str
    size: int
    sha256: str


_COLUMNS: Final = tuple(AttachmentRow.__table__.c[name] for name in File.__slots__)


def of_entries(tx: Tx, entries: Sequence[int], most: int = MOST_FILES) -> list[File]:
    """The files of some entries, in their order."""
    query = sa.select(*_COLUMNS).where(AttachmentRow.entry_id.in_(entries), AttachmentRow.sha256 != GONE)
    return [File(*row) for row in tx.run(query.order_by(AttachmentRow.id).limit(most))] if entries else []


def seen(tx: Tx, shown: Shown, number: int, seat: Seat | None = None) -> File | None:
    """The file of that number, when it belongs to the ticket and who looks, else its requester, may see it (K5)."""
    query = (
        sa.select(*_COLUMNS)
        .join_from(AttachmentRow, Entry, Entry.id == AttachmentRow.entry_id)
        .where(AttachmentRow.id == number, AttachmentRow.sha256 != GONE)
        .where(Entry.ticket_id == shown.id, may_be_seen(shown.requester_id, seat))
    )
    row = tx.run(query).one_or_none()
    return File(*row) if row else None
