"""From the outbox to the world: claim, send, record, try again, give up.

A claim is committed before the attempt, and what came of it after. When the process dies between the two,
nobody knows whether the service has the message: what a machine wrote is then never sent again (at most
once), what a person wrote is (at least once, with the same Message-ID).
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from bot import clock
from bot.desk import deliveries
from bot.desk.desk import Desk
from bot.errors import ChannelBusy, ChannelError, DeskbotError, HeldError
from bot.failpoints import failpoint
from bot.loops import Pace, persist
from bot.message import EMAIL, OutgoingMessage, Receipt
from bot.metrics import Metrics
from bot.ports import Sender
from bot.store import outbox
from bot.store.engine import Store, Tx
from bot.store.models import OutboxState
from bot.store.outbox import OutboxClaim

log = logging.getLogger("deskbot.delivery")

_DELAYS: Final = tuple(timedelta(minutes=m) for m in (1, 5, 15, 30, 60))
"""Between attempts; the last one again and again."""
_GIVE_UP_AFTER: Final = timedelta(days=5)
_AMBIGUOUS_MOST: Final = 2
"""A person's words are sent again after so many attempts of unknown end, and no more (X6)."""
_TELL_AT: Final = 4
"""Attempts after which the agents hear that an answer is still waiting: about 20 minutes."""
_NO_RECEIPT: Final = Receipt()
_LONGEST_RESULT: Final = 500
"""Characters of what a service said."""


@dataclass(frozen=True, slots=True)
class TryAgain:
    """The message stays in the outbox."""

    after: timedelta
    ambiguous: bool


@dataclass(frozen=True, slots=True)
class GiveUp:
    """No further attempt: the row ends in this state."""

    state: OutboxState


def next_step(error: ChannelError, claim: OutboxClaim, now: datetime) -> TryAgain | GiveUp:
    """What to do after a failed attempt. Pure."""
    automatic = claim.message.kind.automatic
    if error.ambiguous and (automatic or claim.ambiguous + 1 >= _AMBIGUOUS_MOST):
        return GiveUp(OutboxState.UNKNOWN)
    if error.permanent:
        return GiveUp(OutboxState.FAILED)
    delay = _DELAYS[min(claim.attempt, len(_DELAYS)) - 1]
    if error.retry_after is not None:
        delay = max(delay, _asked(error.retry_after))
    if now + delay - claim.message.created_at > _GIVE_UP_AFTER:
        return GiveUp(OutboxState.FAILED)
    return TryAgain(delay, error.ambiguous)


def _asked(seconds: float) -> timedelta:
    """How long a service asks us to wait, whatever number it says."""
    longest = _GIVE_UP_AFTER + timedelta(days=1)
    return timedelta(seconds=seconds) if 0 <= seconds < longest.total_seconds() else longest


class Fuse:
    """Stops all automatic messages when this process has sent more in an hour than anything honest needs."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._sent: deque[float] = deque()
        self._told = False

    def count(self) -> None:
        """One automatic message goes out."""
        self._sent.append(time.monotonic())

    @property
    def blown(self) -> bool:
        """Whether automatic messages must wait. Goes by the monotonic clock (X18)."""
        hour_ago = time.monotonic() - 3600
        while self._sent and self._sent[0] < hour_ago:
            self._sent.popleft()
        blown = len(self._sent) >= self._most
        if blown and not self._told:
            log.error("automatic messages are stopped", extra={"action": "delivery.fuse-blown"})
        self._told = blown
        return blown


class Delivery:
    """Sends what the outbox holds, through the sender of each channel."""

    def __init__(
        self,
        store: Store,
        senders: Mapping[str, Sender],
        desk: Desk,
        metrics: Metrics,
        *,
        worker: str,
        pace: Pace,
        at_once: int = 12,
        now: clock.Clock = clock.now,
    ) -> None:
        """``at_once``: claims in hand. Each is in doubt when the process dies, so no more than keep the senders
        busy."""
        self._store = store
        self._senders = senders
        self._metrics = metrics
        self._worker = worker
        self._pace = pace
        self._at_once = at_once
        self._now = now
        self._desk = desk
        self._lease = desk.config.store.lease
        self._stale_after = desk.config.limits.stale_after
        self._fuse = Fuse(desk.config.limits.all_per_hour)
        self._held_until = 0.0

    async def run(self) -> None:
        """Claim and send until cancelled; what is in hand is finished first."""
        await self._pace.work(self._claim, self._handle, at_once=self._at_once)

    async def keep_leases(self) -> None:
        """Renew what is in hand; a supervised loop of its own, so that a slow relay loses nothing to others."""
        started = time.monotonic()
        await self._store.write(lambda tx: outbox.renew(tx, self._worker, self._lease))
        self._held_until = started + self._lease.total_seconds()

    async def _claim(self, limit: int) -> Sequence[OutboxClaim]:
        automatic = not self._fuse.blown
        started = time.monotonic()
        claims = await self._store.write(
            lambda tx: outbox.claim(tx, self._worker, limit, self._lease, automatic=automatic)
        )
        self._held_until = max(self._held_until, started + self._lease.total_seconds())
        failpoint("after_claim")
        return claims

    async def _is_not_to_go(self, claim: OutboxClaim) -> bool:
        """Whether a message is too old, must wait for its reader's morning, or may be another worker's by now."""
        message = claim.message
        if message.kind.automatic and self._now() - message.created_at > self._stale_after:
            await self._settle(claim, OutboxState.STALE, "too old to be worth sending")
        elif morning := deliveries.morning_for(message, self._desk, self._now()):
            await persist(self._store, lambda tx: outbox.until_morning(tx, claim, morning - self._now()))
        elif not self._store.embedded and time.monotonic() > self._held_until:
            log.warning("slept too long", extra={"action": "delivery.lease-lost", "outbox": claim.id})
            await self._give_back(claim)
        else:
            return False
        return True

    async def _handle(self, claim: OutboxClaim) -> None:
        message = replace(claim.message, again=claim.ambiguous > 0)
        if await self._is_not_to_go(claim):
            return
        if message.kind.automatic:
            self._fuse.count()
        try:
            sender = self._sender_of(message.channel)
            if message.to.medium != EMAIL:
                message = await self._placed(message)
            receipt = await sender.send(message)
        except ChannelError as error:
            await self._failed(claim, error)
        except HeldError as error:
            await self._failed(claim, ChannelError(str(error), permanent=True))
        except DeskbotError as error:  # no words could be found for it, so nothing has gone out
            await self._failed(claim, ChannelError(str(error)))
        except Exception as error:  # a fault of ours must not take the message with it
            log.exception("failed", extra={"action": "delivery.crashed", "outbox": claim.id})
            await self._failed(claim, ChannelError(f"internal error: {type(error).__name__}", ambiguous=True))
        else:
            failpoint("after_send_before_record")
            await self._settle(claim, OutboxState.SENT, receipt.reference, receipt)
            failpoint("after_record")
            self._measure(claim)

    def _sender_of(self, channel: str) -> Sender:
        """Raises ``ChannelError``: a message waits for a channel that the configuration has lost or renamed."""
        if sender := self._senders.get(channel):
            return sender
        raise ChannelError(
            f'there is no channel "{channel}" any more: give it back its name, or send by hand'
        )

    async def _give_back(self, claim: OutboxClaim) -> None:
        """It was not tried. When others have it by now, the fence leaves it to them."""
        await persist(
            self._store,
            lambda tx: outbox.put_off(
                tx, claim, timedelta(0), "its lease ended before it was tried", ambiguous=False
            ),
        )

    async def _later(self, claim: OutboxClaim, seconds: float) -> None:
        """It is not its turn yet, which is no attempt: a conversation that is busy, or asleep, costs nobody else
        a hand."""
        wait = _asked(seconds)
        await persist(self._store, lambda tx: outbox.give_back(tx, claim, wait))

    async def _failed(self, claim: OutboxClaim, error: ChannelError) -> None:
        step = next_step(error, claim, self._now())
        if isinstance(error, ChannelBusy) and isinstance(step, TryAgain):
            await self._later(claim, error.seconds)
            return
        if isinstance(step, GiveUp):
            await self._settle(claim, step.state, _in_words(error))
            return
        await persist(self._store, lambda tx: self._put_off(tx, claim, step, _in_words(error)))
        self._metrics.delivered(claim.message.channel, "put-off")
        log.warning(
            "put off: %s",
            error,
            extra={"action": "delivery.put-off", "outbox": claim.id, "attempt": claim.attempt},
        )

    def _put_off(self, tx: Tx, claim: OutboxClaim, step: TryAgain, result: str) -> None:
        mine = outbox.put_off(tx, claim, step.after, result, ambiguous=step.ambiguous)
        if mine and claim.attempt == _TELL_AT and not claim.message.kind.automatic:
            deliveries.delayed(tx, claim.message, result, self._desk, self._now())

    async def _placed(self, message: OutgoingMessage) -> OutgoingMessage:
        """Where in a chat program it belongs is known only now: what comes before it has been sent."""
        return await self._store.read(lambda tx: deliveries.placed(tx, message))

    async def _settle(
        self, claim: OutboxClaim, state: OutboxState, result: str, receipt: Receipt = _NO_RECEIPT
    ) -> None:
        """Record how it ended; what did not arrive is told in the ticket."""

        def unit(tx: Tx) -> bool:
            mine = outbox.settle(tx, claim, state, result)
            if mine and state is not OutboxState.SENT:
                deliveries.ended(tx, claim.message, state, result, self._desk, self._now())
            elif mine:
                deliveries.arrived(tx, claim.message, receipt, self._now())
            return mine

        mine = await persist(self._store, unit)
        self._metrics.delivered(claim.message.channel, state)
        level = logging.INFO if state is OutboxState.SENT else logging.WARNING
        log.log(
            level,
            "delivered" if state is OutboxState.SENT else "not delivered: %s",
            *(() if state is OutboxState.SENT else (result,)),
            extra={
                "action": f"delivery.{state}",
                "outbox": claim.id,
                "ticket": claim.message.ticket,
                "ours": mine,
            },
        )

    def _measure(self, claim: OutboxClaim) -> None:
        if claim.accepted_at is not None:
            self._metrics.acknowledged((self._now() - claim.accepted_at).total_seconds())


def _in_words(error: ChannelError) -> str:
    """What a service said, as any database takes it."""
    text = str(error)[:_LONGEST_RESULT].encode("utf-8", "replace").decode()
    return "".join(c if c.isprintable() else " " for c in text)
