"""The outbox as an administrator sees it, and what they decide of what did not go out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.store.dialect import AT_ONCE, word
from bot.store.engine import AnyRow, Tx
from bot.store.models import Moment, Outbox, OutboxState
from bot.store.outbox import ACTIVE, FOR_MORNING


@dataclass(frozen=True, slots=True)
class OutboxDepth:
    """How much waits to be sent, and since when."""

    waiting: int
    failed: int
    unknown: int
    held: int
    oldest: datetime | None


def depth(tx: Tx) -> OutboxDepth:
    """What waits, for metrics and alarms. ``oldest``: since when what could have gone has not; what has been put
    off to a morning that is still to come waits for nothing but that."""
    put_off = sa.or_(Outbox.attempts == 0, Outbox.result == FOR_MORNING)
    for_morning = sa.and_(put_off, Outbox.not_before > tx.now())
    from_morning = sa.and_(put_off, Outbox.not_before > Outbox.created_at)
    since = sa.case((for_morning, sa.null()), (from_morning, Outbox.not_before), else_=Outbox.created_at)
    waiting, oldest = tx.run(
        sa.select(sa.func.count(), sa.func.min(since, type_=Moment())).where(
            Outbox.state.in_([word(state) for state in ACTIVE])
        )
    ).one()
    stuck = sa.select(Outbox.state, sa.func.count()).where(
        Outbox.state.in_([OutboxState.FAILED, OutboxState.UNKNOWN, OutboxState.HELD])
    )
    counts = {row[0]: row[1] for row in tx.run(stuck.group_by(Outbox.state))}
    return OutboxDepth(
        waiting,
        counts.get(OutboxState.FAILED, 0),
        counts.get(OutboxState.UNKNOWN, 0),
        counts.get(OutboxState.HELD, 0),
        oldest,
    )


def listed(tx: Tx, states: tuple[str, ...], limit: int) -> list[AnyRow]:
    """Rows for ``deskbot outbox list``, newest first."""
    columns = (
        Outbox.id,
        Outbox.ticket_id,
        Outbox.kind,
        Outbox.recipient,
        Outbox.state,
        Outbox.attempts,
        Outbox.created_at,
        Outbox.not_before,
        Outbox.result,
    )
    return list(
        tx.run(sa.select(*columns).where(Outbox.state.in_(states)).order_by(Outbox.id.desc()).limit(limit))
    )


def hold_all(tx: Tx) -> int:
    """After a restore from a backup: nothing that waited then goes out before somebody has looked (X22)."""
    return tx.run(
        sa.update(Outbox)
        .where(Outbox.state.in_([word(state) for state in ACTIVE]))
        .values(state=OutboxState.HELD, result="held for review", worker=None)
    ).rowcount


def retry(tx: Tx, outbox_id: int) -> bool:
    """Queue a message again that failed, is unknown or was held: somebody has decided so.

    Its attempts go on counting, because they fence old claims; and what may be there already stays in doubt, so
    that a sender who can look does.
    """
    doubtful = Outbox.state.in_([OutboxState.UNKNOWN, OutboxState.HELD])
    doubts = sa.case((sa.and_(doubtful, Outbox.ambiguous == 0), 1), else_=Outbox.ambiguous)
    result = tx.run(
        sa.update(Outbox)
        .where(
            Outbox.id == outbox_id,
            Outbox.state.in_([OutboxState.FAILED, OutboxState.UNKNOWN, OutboxState.HELD, OutboxState.STALE]),
        )
        .values(state=OutboxState.QUEUED, not_before=AT_ONCE, finished_at=None, ambiguous=doubts)
    )
    return result.rowcount == 1
