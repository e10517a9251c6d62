"""The inbox as an administrator sees it, and what they decide of what was held."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.store.dialect import AT_ONCE, word
from bot.store.engine import AnyRow, Tx
from bot.store.models import Inbox, InboxState, PayloadRow


@dataclass(frozen=True, slots=True)
class Depth:
    """How much waits, and since when."""

    waiting: int
    held: int
    oldest: datetime | None


def depth(tx: Tx) -> Depth:
    """What waits, for metrics and alarms."""
    waiting, oldest = tx.run(
        sa.select(sa.func.count(), sa.func.min(Inbox.received_at)).where(
            Inbox.state.in_([word(InboxState.WAITING), word(InboxState.CLAIMED)])
        )
    ).one()
    held = tx.run(sa.select(sa.func.count()).where(Inbox.state == word(InboxState.HELD))).scalar_one()
    return Depth(waiting, held, oldest)


def listed(tx: Tx, states: tuple[str, ...], limit: int) -> list[AnyRow]:
    """Rows for ``deskbot inbox list``, newest first."""
    chosen = sa.select(*Inbox.__table__.c).where(Inbox.state.in_(states))
    return list(tx.run(chosen.order_by(Inbox.id.desc()).limit(limit)))


def one(tx: Tx, inbox_id: int) -> AnyRow | None:
    """A row with its bytes."""
    return tx.run(
        sa.select(*Inbox.__table__.c, PayloadRow.raw, PayloadRow.envelope)
        .join_from(Inbox, PayloadRow, isouter=True)
        .where(Inbox.id == inbox_id)
    ).one_or_none()


def retry(tx: Tx, inbox_id: int) -> bool:
    """Let a held payload be tried once more. Its attempts go on counting, because they fence old claims."""
    result = tx.run(
        sa.update(Inbox)
        .where(Inbox.id == inbox_id, Inbox.state == InboxState.HELD)
        .values(state=InboxState.WAITING, not_before=AT_ONCE, outcome=None, reason=None)
    )
    return result.rowcount == 1


def drop(tx: Tx, inbox_id: int) -> bool:
    """Set a held payload aside for good; its key stays, so that it does not come back."""
    result = tx.run(
        sa.update(Inbox)
        .where(Inbox.id == inbox_id, Inbox.state == InboxState.HELD)
        .values(state=InboxState.DROPPED, finished_at=tx.clock())
    )
    return result.rowcount == 1
