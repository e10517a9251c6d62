"""What happens when a message arrives, top to bottom.

1. :meth:`Intake.accept` keeps the payload. Only then does the door say yes to its service.
2. :meth:`Intake.run` claims what waits, and for each payload
3. :meth:`Intake._handle` has the door translate it, keeps its files, and
4. :func:`receive` does all the rest in one transaction: first sight, the person, the ticket it belongs to or
   opens, what is promised, and the acknowledgement in the outbox.

What cannot be understood is held with its bytes and its reason; it blocks nothing and is never lost.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from bot import clock
from bot.desk import (
    actions,
    appending,
    bounces,
    by_agent,
    by_requester,
    doors,
    matching,
    opening,
    people,
    screening,
    threads_ended,
    together,
    tombstones,
)
from bot.desk.desk import Desk
from bot.desk.incoming import Incoming
from bot.desk.orders import Letterbox
from bot.desk.outcome import Outcome, Reason, Result
from bot.errors import DeskbotError, HeldError, StoreUnavailable, WorkerFailed
from bot.failpoints import failpoint
from bot.loops import Pace, persist
from bot.mail.addresses import canonical
from bot.message import Automation, IncomingMessage, Payload
from bot.metrics import Metrics
from bot.ports import Source
from bot.store import inbox
from bot.store.blobs import Blobs
from bot.store.engine import Store, Tx
from bot.store.inbox import Claim

log = logging.getLogger("deskbot.intake")

_AT_ONCE: Final = 64
"""Payloads in hand at the same time."""
_OCTETS: Final = 64 * 1024 * 1024
"""Of all payloads in hand, or one that is larger."""
_TRIES: Final = 3
"""A payload that kills its parser, or trips over a fault of ours, so many times is held (B8, X20)."""
_AGAIN_AFTER: Final = timedelta(seconds=5)


class Intake:
    """From accepted payloads to tickets."""

    def __init__(
        self,
        store: Store,
        blobs: Blobs,
        sources: Mapping[str, Source],
        desk: Desk,
        metrics: Metrics,
        *,
        worker: str,
        pace: Pace,
        after: Callable[[], None],
        now: clock.Clock = clock.now,
    ) -> None:
        """``pace`` says when to look for payloads; ``after`` is called when the outbox has got something."""
        self._store = store
        self._blobs = blobs
        self._sources = sources
        self._desk = desk
        self._metrics = metrics
        self._worker = worker
        self._pace = pace
        self._after = after
        self._now = now
        self._octets = 0
        """Of the payloads in hand."""

    async def accept(self, payload: Payload) -> bool:
        """Keep a payload; see ``ports.Accept``."""
        new = await self._store.write(lambda tx: inbox.add(tx, payload))
        self._metrics.accepted(payload.channel, new=new)
        self._pace.wake()
        return new

    async def run(self) -> None:
        """Claim and handle until cancelled; what is in hand is finished first."""
        await self._pace.work(self._claim, self._handle, at_once=_AT_ONCE)

    async def _claim(self, limit: int) -> Sequence[Claim]:
        lease = self._desk.config.store.lease
        octets = _OCTETS - self._octets
        if octets <= 0:
            return []
        claims = await self._store.write(lambda tx: inbox.claim(tx, self._worker, limit, lease, octets))
        self._octets += sum(len(claim.payload.raw) for claim in claims)
        failpoint("after_inbox_claim")
        return claims

    async def _handle(self, claim: Claim) -> None:
        try:
            await self._receive(claim)
        finally:
            self._octets -= len(claim.payload.raw)

    async def _receive(self, claim: Claim) -> None:
        try:
            messages = await self._source_of(claim).translate(claim.payload)
            failpoint("after_translate")
            messages = [await self._keep_files(message) for message in messages]
            outcomes = await self._store.write(lambda tx: self._receive_all(tx, claim, messages))
        except StoreUnavailable as error:
            log.warning("put back: %s", error, extra={"action": "inbox.store-away", "inbox": claim.id})
            await persist(self._store, lambda tx: inbox.put_back(tx, claim, _AGAIN_AFTER))
        except WorkerFailed as error:
            await self._try_again_or_hold(claim, error.reason, error.detail)
        except HeldError as error:
            await self._hold(claim, error.reason, error.detail)
        except ClaimLost as error:
            log.warning("%s", error, extra={"action": "inbox.claim-lost", "inbox": claim.id})
        except Exception as error:
            log.exception("failed", extra={"action": "inbox.failed", "inbox": claim.id})
            await self._try_again_or_hold(claim, "internal-error", type(error).__name__)
        else:
            failpoint("after_receive_commit")
            self._after()
            self._tell(claim, outcomes)

    def _source_of(self, claim: Claim) -> Source:
        if source := self._sources.get(claim.payload.channel):
            return source
        raise HeldError("unknown-channel", f'"{claim.payload.channel}" is not configured any more')

    async def _keep_files(self, message: IncomingMessage) -> IncomingMessage:
        """Write attachments to the blob store before any row names them (L6); the rows need no content."""
        for file in message.attachments:
            await asyncio.to_thread(self._blobs.put, file.content)
        return replace(message, attachments=tuple(replace(file, content=b"") for file in message.attachments))

    def _receive_all(self, tx: Tx, claim: Claim, messages: Sequence[IncomingMessage]) -> list[Outcome]:
        """The one transaction: every message of a payload, and that the payload is done."""
        now = self._now()
        key = claim.payload.key
        # Who is asked about one of several messages would be asked about all of them.
        belongs = claim.payload.envelope.get("belongs") if len(messages) == 1 else 0
        outcomes = [
            receive(tx, message, self._desk, now, inbox_id=claim.id, key=key, belongs=belongs)
            for message in messages
        ]
        last = outcomes[-1] if outcomes else Outcome(Result.IGNORED, Reason.EMPTY)
        if last.reason is Reason.WHICH_TICKET:
            settled = inbox.wait_for_answer(tx, claim, together.ASKS_FOR)
        elif last.result is Result.HELD:
            settled = inbox.hold(tx, claim, last.reason)
        else:
            detail = last.quiet or ""
            settled = inbox.finish(
                tx, claim, outcome=last.result, reason=last.reason, detail=detail, ticket=last.ticket
            )
        if not settled:
            raise ClaimLost(f"inbox {claim.id}: another worker has it")
        return outcomes

    async def _try_again_or_hold(self, claim: Claim, reason: str, detail: str) -> None:
        if claim.attempt >= _TRIES:
            await self._hold(claim, reason, detail)
        else:
            log.warning("again later", extra={"action": "inbox.again", "inbox": claim.id, "reason": reason})
            await persist(self._store, lambda tx: inbox.put_back(tx, claim, _AGAIN_AFTER))

    async def _hold(self, claim: Claim, reason: str, detail: str) -> None:
        if await persist(self._store, lambda tx: inbox.hold(tx, claim, reason, detail)):
            self._metrics.held(reason)
            log.warning("held", extra={"action": "inbox.held", "inbox": claim.id, "reason": reason})

    def _tell(self, claim: Claim, outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            self._metrics.received(outcome.result, outcome.reason)
            log.info(
                "received",
                extra={
                    "action": f"message.{outcome.result}",
                    "inbox": claim.id,
                    "ticket": outcome.ticket,
                    "reason": outcome.reason,
                    "quiet": outcome.quiet,
                },
            )


class ClaimLost(DeskbotError):
    """Somebody else has taken over what this worker was doing; nothing of it may be kept."""


def receive(
    tx: Tx,
    message: IncomingMessage,
    desk: Desk,
    now: datetime,
    *,
    inbox_id: int | None = None,
    key: str = "",
    belongs: int | None = None,
) -> Outcome:
    """Take one message into the desk. Everything that follows from it is written in this transaction.
    ``belongs``: what its sender has said it is about; see ``Incoming``."""
    sender = canonical(message.sender.address) if message.sender.address else ""
    facts = screening.Facts(message, sender, desk)
    if refused := screening.refusal(facts):
        return Outcome(refused.result, refused.reason)
    if erased := tombstones.refusal(tx, message, sender, key, desk, now, inbox_id):
        return erased

    message = screening.flagged(facts)
    facts = replace(facts, message=message)
    agent = desk.roster.proved(message, sender)
    person = people.who_wrote(tx, message, sender, agent, desk, now)
    if message.automation is Automation.NONE:
        person = people.works_again(tx, person, message.sender, sender)
    incoming = Incoming(tx, message, sender, person, agent, desk, now, inbox_id, belongs)
    return _for_the_desk(incoming) or _for_a_ticket(incoming, facts)


def _for_the_desk(incoming: Incoming) -> Outcome | None:
    """What is no words of a requester: a button, an agent's mail, a bounce, an answer to a question of ours."""
    message = incoming.message
    if message.action is not None:
        is_new = actions.asks_for_new(incoming, message.action)
        return None if is_new else actions.receive(incoming, message.action)
    if incoming.agent and (outcome := _by_agent(incoming, incoming.agent)):
        return outcome
    if message.automation is Automation.BOUNCE:
        return bounces.receive(
            incoming.tx, message, incoming.person, incoming.desk, incoming.now, incoming.inbox_id
        )
    return by_requester.receive(incoming) if message.automation is Automation.NONE else None


def _for_a_ticket(incoming: Incoming, facts: screening.Facts) -> Outcome:
    """Words: they belong to a ticket, or open one."""
    message, person, desk, now = incoming.message, incoming.person, incoming.desk, incoming.now
    if message.action and not message.reply_text.strip() and not message.attachments:
        return Outcome(Result.IGNORED, Reason.EMPTY)
    is_new = message.action is not None
    answers = None if is_new else matching.match(incoming.tx, message, incoming.sender, person.id, desk, now)
    found: matching.Match | Outcome | None = answers
    if doors.is_beside(message):
        found = _beside(incoming, answers)
    elif answers is None and doors.is_chat(message):
        found = together.placed(incoming)
    elif answers and answers.reason is Reason.NOT_THEIRS:
        found = threads_ended.of_a_stranger(incoming, answers)
    if isinstance(found, Outcome):
        return found
    if found and found.reason is not Reason.TICKET_CLOSED:
        return _append(incoming, found)
    if screening.answers_nothing(facts):
        return Outcome(Result.IGNORED, Reason.AUTOMATIC)
    return opening.begin(incoming, facts, found or answers)


def _beside(incoming: Incoming, answers: matching.Match | None) -> matching.Match | Outcome:
    """What somebody changes of what they once said begins nothing."""
    if answers is None:
        return Outcome(Result.IGNORED, Reason.BESIDE_NOTHING)
    if answers.reason is not Reason.TICKET_CLOSED:
        return answers
    return appending.keep(incoming, replace(answers, reason=Reason.THANKS))


def _by_agent(incoming: Incoming, key: str) -> Outcome | None:
    """What an agent writes as one; None: treat it as anybody's."""
    return by_agent.receive(Letterbox.of(incoming, key))


def _append(incoming: Incoming, found: matching.Match) -> Outcome:
    """Words that belong to a ticket: kept, and told to its owner or team."""
    outcome = appending.keep(incoming, found)
    if found.reason in {*matching.TAKES_PART, Reason.TOGETHER, Reason.ONLY_OPEN}:
        doors.belongs(incoming.tx, incoming.message, found.ticket.id, incoming.now)
    appending.tell(incoming, found)
    return outcome
