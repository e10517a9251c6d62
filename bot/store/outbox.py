"""The outbox: what must go out, written with its cause and sent after it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import aliased

from bot.message import OutgoingMessage
from bot.store.dialect import AT_ONCE, skip_locked, word
from bot.store.engine import Tx
from bot.store.models import Moment, Outbox, OutboxState
from bot.store.prepared import Prepared, Words

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(OutgoingMessage).decode
ACTIVE = (OutboxState.QUEUED, OutboxState.SENDING)
"""States of what is still to go out."""
NOT_ITS_TURN = "it is not yet its turn"
"""The result of what was claimed and not tried."""
FOR_MORNING = "it waits for the morning"
"""The same, of what may not come at night."""


_COLUMNS = [
    "ticket_id",
    "channel",
    "kind",
    "automatic",
    "medium",
    "recipient",
    "domain",
    "token",
    "message",
    "event",
    "accepted_at",
    "created_at",
    "state",
    "not_before",
    "attempts",
    "ambiguous",
]
_QUEUE = Prepared(lambda _: sa.insert(Outbox), _COLUMNS)


def _claim(words: Words, *, automatic: bool = True) -> sa.Executable:
    """``automatic`` false: only what people wrote, which then waits for no machine's message before it."""
    earlier = aliased(Outbox)
    before = sa.select(earlier.id).where(
        earlier.ticket_id == Outbox.ticket_id,
        earlier.recipient == Outbox.recipient,
        earlier.id < Outbox.id,
        earlier.state.in_([word(state) for state in ACTIVE]),
        sa.not_(sa.and_(_for_morning(earlier), earlier.not_before > words.now)),
        _holds_back(earlier) if automatic else earlier.automatic.is_(False),
    )
    due = (
        sa.select(Outbox.id)
        .where(
            Outbox.state == word(OutboxState.QUEUED),
            Outbox.not_before <= words.now,
            ~sa.exists(before),
            *(() if automatic else (Outbox.automatic.is_(False),)),
        )
        .order_by(Outbox.not_before, Outbox.id)
        .limit(sa.bindparam("most"))
    )
    return (
        sa.update(Outbox)
        .where(Outbox.id.in_(skip_locked(words.dialect, due)))
        .values(
            state=OutboxState.SENDING,
            worker=sa.bindparam("holder"),
            attempts=Outbox.attempts + 1,
            lease_until=words.later,
        )
        .returning(Outbox.id, Outbox.attempts, Outbox.ambiguous, Outbox.message, Outbox.accepted_at)
    )


def _for_morning(earlier: type[Outbox]) -> sa.ColumnElement[bool]:
    """What waits for nothing but a moment keeps nobody else waiting."""
    return sa.or_(earlier.attempts == 0, sa.func.coalesce(earlier.result, "") == FOR_MORNING)


def _holds_back(earlier: type[Outbox]) -> sa.ColumnElement[bool]:
    """Everything waits for what comes before it, but a person's words not for a machine's that were put off:
    an acknowledgement may be tried again for a day."""
    put_off = sa.and_(earlier.state == word(OutboxState.QUEUED), earlier.attempts > 0)
    return sa.or_(Outbox.automatic.is_(True), earlier.automatic.is_(False), sa.not_(put_off))


_CLAIM = Prepared(_claim)
_CLAIM_REPLIES = Prepared(lambda words: _claim(words, automatic=False))
_SETTLE = Prepared(
    lambda _: (
        sa.update(Outbox)
        .where(
            Outbox.id == sa.bindparam("outbox"),
            Outbox.state == word(OutboxState.SENDING),
            Outbox.attempts == sa.bindparam("attempt"),
        )
        .values(
            state=sa.bindparam("new_state"),
            result=sa.bindparam("new_result"),
            finished_at=sa.bindparam("new_finished_at", type_=Moment()),
            worker=None,
        )
    )
)


@dataclass(frozen=True, slots=True)
class OutboxClaim:
    """The right to make one attempt at sending one message. ``attempt`` fences what is recorded."""

    id: int
    attempt: int
    ambiguous: int
    message: OutgoingMessage
    accepted_at: datetime | None


def queue(
    tx: Tx,
    message: OutgoingMessage,
    recipient: str,
    accepted_at: datetime | None = None,
    *,
    not_before: datetime = AT_ONCE,
) -> None:
    """Write down that ``message`` must go out. ``recipient``: the canonical address."""
    _QUEUE.run(
        tx,
        ticket_id=message.ticket or None,
        channel=message.channel,
        kind=message.kind,
        automatic=message.kind.automatic,
        medium=message.to.medium,
        recipient=recipient,
        domain=recipient.rpartition("@")[2],
        token=message.token,
        message=_encode(message).decode(),
        event=message.notice.event,
        accepted_at=accepted_at,
        created_at=message.created_at,
        state=OutboxState.QUEUED,
        not_before=not_before,
        attempts=0,
        ambiguous=0,
    )


def claim(tx: Tx, worker: str, limit: int, lease: timedelta, *, automatic: bool = True) -> list[OutboxClaim]:
    """Take up to ``limit`` messages that are due, away from all other workers.

    Within one ticket and recipient the order is kept: a message waits for the one before it.
    ``automatic`` false leaves automatic messages where they are (the fuse for all has blown).
    """
    statement = _CLAIM if automatic else _CLAIM_REPLIES
    rows = statement.all(tx, most=limit, holder=worker, delay=lease)
    claims = []
    for outbox_id, attempt, ambiguous, text, accepted_at in sorted(rows, key=lambda row: int(row[0])):
        try:
            message = _decode(text)
        except msgspec.DecodeError as error:
            _spoilt(tx, outbox_id, error)
        else:
            claims.append(OutboxClaim(outbox_id, attempt, ambiguous, message, accepted_at))
    return claims


def _spoilt(tx: Tx, outbox_id: int, error: msgspec.DecodeError) -> None:
    """A row that cannot be read must not hold up the others (F6)."""
    tx.run(
        sa.update(Outbox)
        .where(Outbox.id == outbox_id)
        .values(
            state=OutboxState.FAILED, result=f"cannot be read: {error}", finished_at=tx.clock(), worker=None
        )
    )


def settle(tx: Tx, claim: OutboxClaim, state: OutboxState, result: str) -> bool:
    """Record how an attempt ended for good. False: the claim is no longer ours, and nothing changed."""
    touched = _SETTLE.run(
        tx,
        outbox=claim.id,
        attempt=claim.attempt,
        new_state=state,
        new_result=result,
        new_finished_at=tx.clock(),
    )
    return touched == 1


def put_off(tx: Tx, claim: OutboxClaim, after: timedelta, result: str, *, ambiguous: bool) -> bool:
    """Record that an attempt failed and when the next one is due."""
    return _queue_again(tx, claim, after, result, ambiguous=claim.ambiguous + int(ambiguous))


def give_back(tx: Tx, claim: OutboxClaim, after: timedelta) -> bool:
    """It was not yet a message's turn: it was not tried. What comes after it goes on waiting for it, which is
    why it keeps the first of its attempts."""
    return _queue_again(tx, claim, after, NOT_ITS_TURN, attempts=max(claim.attempt - 1, 1))


def until_morning(tx: Tx, claim: OutboxClaim, after: timedelta) -> bool:
    """It may go in the morning only, and was not tried: it waits as if it had been written for the morning."""
    return _queue_again(tx, claim, after, FOR_MORNING, attempts=claim.attempt - 1)


def _queue_again(tx: Tx, claim: OutboxClaim, after: timedelta, result: str, **counts: int) -> bool:
    """Let a claimed message wait. False: the claim is no longer ours, and nothing changed."""
    ours = sa.and_(
        Outbox.id == claim.id, Outbox.state == word(OutboxState.SENDING), Outbox.attempts == claim.attempt
    )
    values = {"state": OutboxState.QUEUED, "not_before": tx.later(after), "result": result, "worker": None}
    return tx.run(sa.update(Outbox).where(ours).values(values | counts)).rowcount == 1


def renew(tx: Tx, worker: str, lease: timedelta) -> None:
    """Keep what this worker is sending away from the others for another while."""
    tx.run(
        sa.update(Outbox)
        .where(Outbox.state == word(OutboxState.SENDING), Outbox.worker == worker)
        .values(lease_until=tx.later(lease))
    )


def recover(tx: Tx, worker: str) -> tuple[int, int]:
    """Settle what dead workers were sending: (given up as unknown, queued again).

    The service may have it or not. What a machine wrote is sent at most once; what a person wrote at least
    once, with the same Message-ID (SECURITY.md X5).
    """
    # A row that its worker is just settling, or was when it was paused, is left for the next time (X19).
    left = skip_locked(
        tx.dialect,
        sa.select(Outbox.id).where(
            Outbox.state == word(OutboxState.SENDING), tx.abandoned(Outbox.lease_until, Outbox.worker, worker)
        ),
    )
    unknown = tx.run(
        sa.update(Outbox)
        .where(Outbox.id.in_(left), Outbox.automatic.is_(True))
        .values(
            state=OutboxState.UNKNOWN,
            result="the process died while it was being sent",
            finished_at=tx.clock(),
            worker=None,
        )
    ).rowcount
    again = tx.run(
        sa.update(Outbox)
        .where(Outbox.id.in_(left), Outbox.automatic.is_(False))
        .values(state=OutboxState.QUEUED, ambiguous=Outbox.ambiguous + 1, not_before=AT_ONCE, worker=None)
    ).rowcount
    return unknown, again


def forget(tx: Tx, before: datetime, limit: int) -> int:
    """Delete rows that ended before a moment (L3): looks from the oldest to the first that was written after
    that moment, and no further."""
    newer = sa.select(Outbox.id).where(Outbox.created_at >= before).order_by(Outbox.id).limit(1)
    edge = tx.run(newer).scalar()
    old = (
        sa.select(Outbox.id)
        .where(Outbox.finished_at < before, Outbox.state.not_in([*ACTIVE, OutboxState.HELD]))
        .limit(limit)
    )
    if edge is not None:
        old = old.where(Outbox.id < edge)
    return tx.run(sa.delete(Outbox).where(Outbox.id.in_(old))).rowcount
