"""The inbox: what doors have accepted. A row is here for good; its state says how far it has come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bot.message import Payload
from bot.store.dialect import AT_ONCE, insert_new, skip_locked, word
from bot.store.engine import Tx
from bot.store.models import Inbox, InboxState, PayloadRow
from bot.store.prepared import Prepared


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to work on one payload, until the lease ends. ``attempt`` fences what is recorded."""

    id: int
    attempt: int
    payload: Payload


_SETTLED = ("state", "outcome", "reason", "detail", "ticket_id", "finished_at")
_ADD = Prepared(
    lambda words: insert_new(words.dialect, Inbox, "key").returning(Inbox.id),
    ("key", "channel", "received_at", "size", "state", "not_before", "attempts"),
)
_ADD_PAYLOAD = Prepared(lambda _: sa.insert(PayloadRow), ("inbox_id", "envelope", "raw"))
_CLAIM = Prepared(
    lambda words: (
        sa.update(Inbox)
        .where(
            Inbox.id.in_(
                skip_locked(
                    words.dialect,
                    sa.select(Inbox.id)
                    .where(Inbox.state == word(InboxState.WAITING), Inbox.not_before <= words.now)
                    .order_by(Inbox.not_before, Inbox.id)
                    .limit(sa.bindparam("most")),
                )
            )
        )
        .values(
            state=InboxState.CLAIMED,
            worker=sa.bindparam("holder"),
            attempts=Inbox.attempts + 1,
            lease_until=words.later,
        )
        .returning(Inbox.id, Inbox.attempts, Inbox.key, Inbox.channel, Inbox.received_at, Inbox.size)
    )
)
_PAYLOAD = Prepared(
    lambda _: sa.select(PayloadRow.raw, PayloadRow.envelope).where(
        PayloadRow.inbox_id == sa.bindparam("inbox")
    )
)
_SETTLE = Prepared(
    lambda _: (
        sa.update(Inbox)
        .where(
            Inbox.id == sa.bindparam("inbox"),
            Inbox.state == word(InboxState.CLAIMED),
            Inbox.attempts == sa.bindparam("attempt"),
        )
        .values({name: sa.bindparam(f"new_{name}", type_=Inbox.__table__.c[name].type) for name in _SETTLED})
    )
)


def add(tx: Tx, payload: Payload) -> bool:
    """Keep a payload. False: one with the same key is here already, and nothing was changed."""
    inbox_id = _ADD.value(
        tx,
        key=payload.key,
        channel=payload.channel,
        received_at=payload.received_at,
        size=len(payload.raw),
        state=InboxState.WAITING,
        not_before=AT_ONCE,
        attempts=0,
    )
    if inbox_id is None:
        return False
    _ADD_PAYLOAD.run(tx, inbox_id=inbox_id, envelope=payload.envelope, raw=payload.raw)
    return True


def is_known(tx: Tx, key: str) -> bool:
    """Whether a payload with that key was accepted before."""
    return tx.run(sa.select(Inbox.id).where(Inbox.key == key)).scalar() is not None


def envelope(tx: Tx, key: str) -> dict[str, Any] | None:
    """What is known of the delivery of a payload; None: it is not here, or its bytes are gone."""
    query = sa.select(PayloadRow.envelope).join_from(Inbox, PayloadRow).where(Inbox.key == key)
    found: dict[str, Any] | None = tx.run(query).scalar()
    return found


def claim(tx: Tx, worker: str, limit: int, lease: timedelta, octets: int = 2**40) -> list[Claim]:
    """Take up to ``limit`` waiting payloads, oldest first, away from all other workers; ``octets`` of them at
    most, but at least one, because all of them will be in memory."""
    rows = sorted(_CLAIM.all(tx, most=limit, holder=worker, delay=lease))
    few: list[tuple[Any, ...]] = []
    for row in rows:
        octets -= row[5]
        if octets < 0 and few:
            break
        few.append(row)
    if too_many := [row[0] for row in rows[len(few) :]]:
        untouched = {"state": InboxState.WAITING, "worker": None, "attempts": Inbox.attempts - 1}
        tx.run(sa.update(Inbox).where(Inbox.id.in_(too_many)).values(untouched))
    bytes_of = _payloads(tx, [row[0] for row in few])
    return [
        Claim(row_id, attempt, Payload(channel, key, bytes_of[row_id][0], received_at, bytes_of[row_id][1]))
        for row_id, attempt, key, channel, received_at, _ in few
    ]


def _payloads(tx: Tx, ids: list[int]) -> dict[int, tuple[bytes, dict[str, Any]]]:
    """Bytes and envelopes. One question for all on PostgreSQL, where each is a round trip; one for each on
    SQLite, where that costs nothing and a list would be compiled anew for every length."""
    if tx.dialect == "sqlite":
        return {one: _PAYLOAD.one(tx, inbox=one) or (b"", {}) for one in ids}
    if not ids:
        return {}
    wanted = PayloadRow.inbox_id.in_(ids)
    rows = tx.run(sa.select(PayloadRow.inbox_id, PayloadRow.raw, PayloadRow.envelope).where(wanted))
    found: dict[int, tuple[bytes, dict[str, Any]]] = {one: (b"", {}) for one in ids}
    return found | {row[0]: (row[1], row[2]) for row in rows}


def finish(
    tx: Tx, claim: Claim, *, outcome: str, reason: str, detail: str = "", ticket: int | None = None
) -> bool:
    """Record what became of a payload. False: the claim is no longer ours, so roll back."""
    return _settle(tx, claim, InboxState.DONE, outcome, reason, detail, ticket)


def hold(tx: Tx, claim: Claim, reason: str, detail: str = "") -> bool:
    """Set a payload that cannot be understood aside, with its bytes, for an administrator."""
    return _settle(tx, claim, InboxState.HELD, "held", reason, detail, None)


def _settle(
    tx: Tx, claim: Claim, state: InboxState, outcome: str, reason: str, detail: str, ticket: int | None
) -> bool:
    touched = _SETTLE.run(
        tx,
        inbox=claim.id,
        attempt=claim.attempt,
        new_state=state,
        new_outcome=outcome,
        new_reason=reason,
        new_detail=detail,
        new_ticket_id=ticket,
        new_finished_at=tx.clock(),
    )
    return touched == 1


def put_back(tx: Tx, claim: Claim, after: timedelta) -> bool:
    """Let a payload wait, for this or another worker, because something else failed."""
    result = tx.run(
        sa.update(Inbox)
        .where(Inbox.id == claim.id, Inbox.state == word(InboxState.CLAIMED), Inbox.attempts == claim.attempt)
        .values(state=InboxState.WAITING, not_before=tx.later(after), worker=None)
    )
    return result.rowcount == 1


def wait_for_answer(tx: Tx, claim: Claim, after: timedelta) -> bool:
    """Let a payload wait until its sender has said what it is about, and no longer than that. False: the claim is
    no longer ours, so roll back."""
    return put_back(tx, claim, after)


@dataclass(frozen=True, slots=True)
class AskedAbout:
    """A payload whose sender was asked what it is about. ``question``: the payload that made us ask."""

    inbox: int
    question: int


def asked(tx: Tx, channel: str, person: int) -> list[AskedAbout]:
    """The payloads of a person that wait for their answer, oldest first."""
    waiting = (
        sa.select(Inbox.id, PayloadRow.envelope)
        .join_from(Inbox, PayloadRow)
        .where(Inbox.state == word(InboxState.WAITING), Inbox.channel == channel, Inbox.not_before > tx.now())
    )
    rows = tx.run(waiting.order_by(Inbox.id)).all()
    return [
        AskedAbout(row.id, row.envelope["question"])
        for row in rows
        if row.envelope.get("asked") == person and "question" in row.envelope
    ]


def note(tx: Tx, inbox_id: int, **facts: Any) -> None:
    """Keep more beside a payload."""
    mine = PayloadRow.inbox_id == inbox_id
    envelope = tx.run(sa.select(PayloadRow.envelope).where(mine).with_for_update()).scalar_one()
    tx.run(sa.update(PayloadRow).where(mine).values(envelope={**envelope, **facts}))


def at_once(tx: Tx, inbox_id: int) -> None:
    """What waits need wait no longer."""
    tx.run(
        sa.update(Inbox)
        .where(Inbox.id == inbox_id, Inbox.state == word(InboxState.WAITING))
        .values(not_before=AT_ONCE)
    )


def recover(tx: Tx, worker: str) -> int:
    """Give back what dead workers have claimed: on PostgreSQL those whose lease is over, on SQLite, which
    one process has to itself, all that is not ours."""
    left = sa.select(Inbox.id).where(
        Inbox.state == word(InboxState.CLAIMED), tx.abandoned(Inbox.lease_until, Inbox.worker, worker)
    )
    # A row that its worker is just settling, or was when it was paused, is left for the next time (X19).
    return tx.run(
        sa.update(Inbox).where(Inbox.id.in_(skip_locked(tx.dialect, left))).values(state=InboxState.WAITING)
    ).rowcount


def forget_raw(tx: Tx, before: datetime, limit: int) -> int:
    """Delete the bytes of payloads that were understood and finished before a moment (L3).

    Looks from the oldest to the first that came after that moment, and no further.
    """
    newer = (
        sa.select(PayloadRow.inbox_id)
        .join_from(PayloadRow, Inbox)
        .where(Inbox.received_at >= before)
        .order_by(PayloadRow.inbox_id)
        .limit(1)
    )
    edge = tx.run(newer).scalar()
    old = (
        sa.select(PayloadRow.inbox_id)
        .join_from(PayloadRow, Inbox)
        .where(Inbox.state.in_([InboxState.DONE, InboxState.DROPPED]), Inbox.finished_at < before)
        .limit(limit)
    )
    if edge is not None:
        old = old.where(PayloadRow.inbox_id < edge)
    return tx.run(sa.delete(PayloadRow).where(PayloadRow.inbox_id.in_(old))).rowcount
