"""The inbox: what doors have accepted. A row is here for good; its state says how far it has come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bot.message import Payload
from bot.store.dialect import insert_new, skip_locked
from bot.store.engine import AnyRow, Tx
from bot.store.models import Inbox, InboxState, PayloadRow


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to work on one payload, until the lease ends. ``attempt`` fences what is recorded."""

    id: int
    attempt: int
    payload: Payload


@dataclass(frozen=True, slots=True)
class Depth:
    """How much waits, and since when."""

    waiting: int
    held: int
    oldest: datetime | None


def add(tx: Tx, payload: Payload) -> bool:
    """Keep a payload. False: one with the same key is here already, and nothing was changed."""
    inbox_id = tx.run(
        insert_new(tx.dialect, Inbox, "key").returning(Inbox.id),
        {
            "key": payload.key,
            "channel": payload.channel,
            "received_at": payload.received_at,
            "state": InboxState.WAITING,
            "not_before": payload.received_at,
            "attempts": 0,
        },
    ).scalar()
    if inbox_id is None:
        return False
    tx.run(sa.insert(PayloadRow), {"inbox_id": inbox_id, "envelope": payload.envelope, "raw": payload.raw})
    return True


def claim(tx: Tx, worker: str, limit: int, lease: timedelta) -> list[Claim]:
    """Take up to ``limit`` waiting payloads, oldest first, away from all other workers."""
    due = (
        sa.select(Inbox.id)
        .where(Inbox.state == InboxState.WAITING, Inbox.not_before <= tx.now())
        .order_by(Inbox.not_before, Inbox.id)
        .limit(limit)
    )
    rows = tx.run(
        sa.update(Inbox)
        .where(Inbox.id.in_(skip_locked(tx.dialect, due)))
        .values(
            state=InboxState.CLAIMED,
            worker=worker,
            attempts=Inbox.attempts + 1,
            lease_until=tx.later(lease),
        )
        .returning(Inbox.id, Inbox.attempts, Inbox.key, Inbox.channel, Inbox.received_at)
    ).all()
    if not rows:
        return []
    bodies = {
        row.inbox_id: row
        for row in tx.run(
            sa.select(PayloadRow.inbox_id, PayloadRow.raw, PayloadRow.envelope).where(
                PayloadRow.inbox_id.in_([row.id for row in rows])
            )
        )
    }
    return [
        Claim(
            row.id,
            row.attempts,
            Payload(row.channel, row.key, bodies[row.id].raw, row.received_at, bodies[row.id].envelope),
        )
        for row in sorted(rows, key=lambda row: int(row.id))
    ]


def finish(
    tx: Tx, claim: Claim, *, outcome: str, reason: str, detail: str = "", ticket: int | None = None
) -> bool:
    """Record what became of a payload. False: the claim is no longer ours, so roll back."""
    return _settle(
        tx, claim, state=InboxState.DONE, outcome=outcome, reason=reason, detail=detail, ticket_id=ticket
    )


def hold(tx: Tx, claim: Claim, reason: str, detail: str = "") -> bool:
    """Set a payload that cannot be understood aside, with its bytes, for an administrator."""
    return _settle(tx, claim, state=InboxState.HELD, outcome="held", reason=reason, detail=detail)


def put_back(tx: Tx, claim: Claim, after: timedelta) -> bool:
    """Let a payload wait, for this or another worker, because something else failed."""
    return _settle(tx, claim, state=InboxState.WAITING, not_before=tx.later(after), worker=None)


def _settle(tx: Tx, claim: Claim, **values: Any) -> bool:
    result = tx.run(
        sa.update(Inbox)
        .where(
            Inbox.id == claim.id,
            Inbox.state == InboxState.CLAIMED,
            Inbox.attempts == claim.attempt,
        )
        .values(finished_at=tx.clock(), **values)
    )
    return result.rowcount == 1


def recover(tx: Tx, worker: str) -> int:
    """Give back what dead workers have claimed: on PostgreSQL those whose lease is over, on SQLite, which
    one process has to itself, all that is not ours."""
    return tx.run(
        sa.update(Inbox)
        .where(Inbox.state == InboxState.CLAIMED, tx.abandoned(Inbox.lease_until, Inbox.worker, worker))
        .values(state=InboxState.WAITING)
    ).rowcount


def depth(tx: Tx) -> Depth:
    """What waits, for metrics and alarms."""
    waiting, oldest = tx.run(
        sa.select(sa.func.count(), sa.func.min(Inbox.received_at)).where(
            Inbox.state.in_([InboxState.WAITING, InboxState.CLAIMED])
        )
    ).one()
    held = tx.run(sa.select(sa.func.count()).where(Inbox.state == InboxState.HELD)).scalar_one()
    return Depth(waiting, held, oldest)


def listed(tx: Tx, states: tuple[str, ...], limit: int) -> list[AnyRow]:
    """Rows for ``deskbot inbox list``, newest first."""
    return list(
        tx.run(
            sa.select(*Inbox.__table__.c, sa.func.length(PayloadRow.raw).label("size"))
            .join_from(Inbox, PayloadRow, isouter=True)
            .where(Inbox.state.in_(states))
            .order_by(Inbox.id.desc())
            .limit(limit)
        )
    )


def one(tx: Tx, inbox_id: int) -> AnyRow | None:
    """A row with its bytes."""
    return tx.run(
        sa.select(*Inbox.__table__.c, PayloadRow.raw, PayloadRow.envelope)
        .join_from(Inbox, PayloadRow, isouter=True)
        .where(Inbox.id == inbox_id)
    ).one_or_none()


def retry(tx: Tx, inbox_id: int) -> bool:
    """Let a held payload be tried once more."""
    result = tx.run(
        sa.update(Inbox)
        .where(Inbox.id == inbox_id, Inbox.state == InboxState.HELD)
        .values(state=InboxState.WAITING, not_before=tx.now(), attempts=0, outcome=None, reason=None)
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


def forget_raw(tx: Tx, before: datetime, limit: int) -> int:
    """Delete the bytes of payloads that were understood and finished before a moment (L3)."""
    old = (
        sa.select(PayloadRow.inbox_id)
        .join_from(PayloadRow, Inbox)
        .where(Inbox.state.in_([InboxState.DONE, InboxState.DROPPED]), Inbox.finished_at < before)
        .limit(limit)
    )
    return tx.run(sa.delete(PayloadRow).where(PayloadRow.inbox_id.in_(old))).rowcount
