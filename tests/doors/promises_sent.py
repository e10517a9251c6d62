"""What becomes of a message between the outbox and a way out: with the store, the delivery and the sender together.

What ``send`` raises decides; here it is seen that the decision is the right one for each door.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from typing import Any, Final

import sqlalchemy as sa

from bot import clock
from bot.delivery import Delivery
from bot.loops import Pace
from bot.mail.addresses import canonical
from bot.message import Kind, OutgoingMessage, Party, Receipt
from bot.metrics import Metrics
from bot.ports import Sender
from bot.store import outbox
from bot.store.models import Outbox, OutboxState
from tests.desks import a_message
from tests.doors.keeper import Keeper
from tests.doors.promises_out import PromiseOut
from tests.doors.ways_out import Fails, WayOut

_WAITS: Final = (OutboxState.QUEUED, OutboxState.SENDING)


class Post:
    """The outbox of a desk, and who empties it."""

    def __init__(self, way: WayOut) -> None:
        self._way = way
        self._desk = way.keeper.desk
        self._desk.clock.moment = clock.now()
        self._pace = Pace(0.02)
        self._ticket = self._desk.receive(a_message()).ticket
        self._desk.store.write_now(lambda tx: tx.run(sa.delete(Outbox)).rowcount)

    async def queue(self, text: str, kind: Kind = Kind.REPLY, to: Party | None = None) -> None:
        """Something must go out."""
        party = to or self._way.to
        message = self._way.message(
            kind=kind, to=party, ticket=self._ticket, values={"text": text}, created_at=self._desk.clock()
        )
        await self._desk.store.write(lambda tx: outbox.queue(tx, message, canonical(party.address)))
        self._pace.wake()

    @asynccontextmanager
    async def going_out(self, sender: Sender | None = None) -> AsyncIterator[None]:
        """Delivery runs; at the end it is cancelled, and finishes what it has in hand."""
        delivery = Delivery(
            self._desk.store, {"door": sender or self._way.sender}, self._desk.desk, Metrics(),
            worker="one", pace=self._pace, at_once=2, now=self._desk.clock,
        )  # fmt: skip
        running = asyncio.create_task(delivery.run())
        try:
            yield
        finally:
            running.cancel()
            await asyncio.wait([running])

    async def until(self, true: Callable[[], Awaitable[object]], seconds: float = 5.0) -> None:
        """Until something is so. Meanwhile the desk's clock goes on by ``seconds`` at each look."""
        async with asyncio.timeout(self._way.patience):
            while not await true():
                self._desk.clock.forward(seconds=seconds)
                self._pace.wake()
                await asyncio.sleep(0.01)

    async def settled(self) -> bool:
        """Whether nothing waits."""
        return all(row.state not in _WAITS for row in self.rows())

    def rows(self) -> list[Any]:
        """The outbox."""
        return self._desk.rows(Outbox)

    async def seen(self, by: Party | None = None) -> list[str]:
        """The words that somebody has got."""
        return [one.text for one in await self._way.seen(by)]


async def no_for_good_ends_as_failed_with_its_reason(way: WayOut) -> None:
    post = Post(way)
    way.fail(Fails.FOR_GOOD)
    await post.queue("words that nobody takes")
    async with post.going_out():
        await post.until(post.settled)
    (row,) = post.rows()
    assert (row.state, row.attempts) == (OutboxState.FAILED, 1)
    assert row.result.strip()
    assert await post.seen() == []


async def no_for_now_is_tried_again_until_it_goes(way: WayOut) -> None:
    post = Post(way)
    way.fail(Fails.FOR_NOW)
    await post.queue("words for later")
    async with post.going_out():
        await post.until(lambda: _is(way.has_failed()), seconds=0)
        await asyncio.sleep(0.05)
        way.mend()
        await post.until(post.settled)
    assert [row.state for row in post.rows()] == [OutboxState.SENT]
    assert len(await post.seen()) == 1


async def a_conversation_that_must_wait_delays_no_other(way: WayOut) -> None:
    post = Post(way)
    way.fail(Fails.TOO_OFTEN)
    await post.queue("words that must wait")
    async with post.going_out():
        await post.until(lambda: _is(way.has_failed()), seconds=0)
        await post.queue("words to somebody else", to=way.other)
        await post.until(lambda: post.seen(way.other), seconds=0)
        assert await post.seen() == [], "it was told to wait, and did not"
        await post.until(post.settled)
    assert {row.state for row in post.rows()} == {OutboxState.SENT}
    assert [len(await post.seen(to)) for to in (way.to, way.other)] == [1, 1]


async def in_doubt_what_a_machine_wrote_goes_out_once_at_most(way: WayOut) -> None:
    post = Post(way)
    way.fail(Fails.SILENT)
    await post.queue("we have your request", Kind.PROGRESS)
    async with post.going_out():
        await post.until(post.settled)
    (row,) = post.rows()
    assert row.state == (OutboxState.SENT if way.finds_out else OutboxState.UNKNOWN)
    assert row.result.strip()
    assert len(await post.seen()) == 1


async def in_doubt_what_a_person_wrote_is_not_lost(way: WayOut) -> None:
    post = Post(way)
    way.fail(Fails.SILENT)
    await post.queue("a person's words")
    async with post.going_out():
        await post.until(post.settled)
    assert [row.state for row in post.rows()] == [OutboxState.SENT]
    assert len(await post.seen()) == (1 if way.finds_out else 2)


async def a_stop_in_the_middle_sends_each_message_once(way: WayOut) -> None:
    post = Post(way)
    wanted = [f"sentence {number}" for number in range(4)]
    for text in wanted:
        await post.queue(text)
    async with post.going_out():
        await post.until(post.seen)
    await way.sender.close()
    after_the_restart = way.another()
    async with post.going_out(after_the_restart):
        await post.until(post.settled)
    await after_the_restart.close()
    seen = await post.seen()
    assert [next(text for text in wanted if text in one) for one in seen] == wanted


async def with_the_store_down_after_sending_nothing_is_sent_again(way: WayOut) -> None:
    post = Post(way)
    await post.queue("words", Kind.PROGRESS)
    with ExitStack() as stack:
        sender = Interrupted(way.sender, way.keeper, stack)
        async with post.going_out(sender):
            await post.until(lambda: _is(sender.sent), seconds=0)
            await asyncio.sleep(0.15)
            assert [row.state for row in post.rows()] == [OutboxState.SENDING]
            stack.close()
            await post.until(post.settled)
    assert [row.state for row in post.rows()] == [OutboxState.SENT]
    assert len(await post.seen()) == 1


PROMISES_SENT: Final[tuple[PromiseOut, ...]] = (
    no_for_good_ends_as_failed_with_its_reason,
    no_for_now_is_tried_again_until_it_goes,
    a_conversation_that_must_wait_delays_no_other,
    in_doubt_what_a_machine_wrote_goes_out_once_at_most,
    in_doubt_what_a_person_wrote_is_not_lost,
    a_stop_in_the_middle_sends_each_message_once,
    with_the_store_down_after_sending_nothing_is_sent_again,
)


class Interrupted:
    """A sender whose desk loses its database in the moment in which the service has taken a message."""

    def __init__(self, inner: Sender, keeper: Keeper, stack: ExitStack) -> None:
        self._inner = inner
        self._keeper = keeper
        self._stack = stack
        self.sent = 0

    async def send(self, message: OutgoingMessage) -> Receipt:
        """See ``ports.Sender``."""
        receipt = await self._inner.send(message)
        self._stack.enter_context(self._keeper.down())
        self.sent += 1
        return receipt

    async def check(self) -> None:
        """See ``ports.Sender``."""
        await self._inner.check()

    async def close(self) -> None:
        """See ``ports.Sender``."""
        await self._inner.close()


async def _is(so: object) -> object:
    return so
