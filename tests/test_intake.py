"""From an accepted payload to its ticket: each payload once, none lost, none in another's way."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import logging
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.config import Workers as WorkersSection
from bot.errors import HeldError, StoreUnavailable, WorkerFailed
from bot.intake import Intake
from bot.loops import Pace
from bot.message import Attachment, IncomingMessage, Payload
from bot.metrics import Metrics
from bot.ports import Accept
from bot.store import inbox, inbox_review
from bot.store.blobs import open_blobs
from bot.store.engine import Store, Tx
from bot.store.models import AttachmentRow, Inbox, Outbox, Ticket
from bot.workers import Workers
from tests.desks import MONDAY, Clock, a_desk, a_message, make_store
from tests.fresh import migrated
from tests.workers import jobs

Translate = Callable[[Payload], Awaitable[Sequence[IncomingMessage]]]


class Door:
    """A source whose way of translating the test brings."""

    name = "mail"

    def __init__(self, how: Translate) -> None:
        self.how = how

    async def translate(self, payload: Payload) -> Sequence[IncomingMessage]:
        """As the test says."""
        return await self.how(payload)

    async def run(self, accept: Accept) -> None:
        """Nothing comes in by itself."""


async def as_words(payload: Payload) -> Sequence[IncomingMessage]:
    """The bytes are the text."""
    return [a_message(payload.raw.decode(), received_at=payload.received_at)]


def a_payload(key: str, raw: bytes = b"help", channel: str = "mail") -> Payload:
    return Payload(channel, key, raw, MONDAY)


class Rig:
    """An intake whose rounds the test makes itself."""

    def __init__(self, store: Store, folder: Path, clock: Clock, worker: str = "w1") -> None:
        self.store, self.clock, self.metrics = store, clock, Metrics()
        self.door = Door(as_words)
        self.outbox_filled = 0
        self.on_ticket: Callable[[], object] = lambda: None
        self.intake = Intake(
            store,
            open_blobs(str(folder / "blobs")),
            {"mail": self.door},
            a_desk(limits={"tickets_per_sender_hour": 1000}),
            self.metrics,
            worker=worker,
            pace=Pace(),
            after=self._count,
            now=clock,
        )

    def _count(self) -> None:
        self.outbox_filled += 1
        self.on_ticket()

    async def round(self) -> int:
        """Claim what is due and handle it, as the loop does; how many there were."""
        claims = await self.intake._claim(64)
        await asyncio.gather(*(self.intake._handle(claim) for claim in claims))
        return len(claims)

    async def rounds(self, count: int) -> None:
        """Rounds with enough time between them for what was put back."""
        for _ in range(count):
            await self.round()
            self.clock.forward(seconds=10)

    def rows(self, table: Any = Inbox) -> list[Any]:
        return self.store.read_now(lambda tx: list(tx.run(sa.select(*table.__table__.c).order_by(table.id))))

    def states(self) -> list[str]:
        return [row.state for row in self.rows()]


@asynccontextmanager
async def a_rig(folder: Path) -> AsyncIterator[Rig]:
    clock = Clock()
    store = make_store(folder, clock)
    store.open()
    try:
        yield Rig(store, folder, clock)
    finally:
        await asyncio.to_thread(store.close)


async def test_an_accepted_payload_becomes_a_ticket_and_wakes_the_delivery(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:
        assert await rig.intake.accept(a_payload("k1"))
        assert await rig.round() == 1
        (row,) = rig.rows()
        assert (row.state, row.outcome, row.reason, row.ticket_id) == ("done", "opened", "new", 1)
        assert rig.outbox_filled == 1


async def test_a_repeated_payload_is_accepted_again_and_is_one_ticket(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:
        answers = [await rig.intake.accept(a_payload("k1")) for _ in range(3)]
        await rig.rounds(2)
        assert answers == [True, False, False]
        assert len(rig.rows(Ticket)) == len(rig.rows(Outbox)) == 1


async def test_what_the_desk_decided_stands_beside_the_payload(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:

        async def from_a_robot(_: Payload) -> Sequence[IncomingMessage]:
            return [a_message(sender="noreply@example.org")]

        rig.door.how = from_a_robot
        await rig.intake.accept(a_payload("k1"))
        await rig.round()
        (row,) = rig.rows()
        assert (row.outcome, row.reason, row.detail) == ("opened", "new", "no-reply-address")


async def test_a_payload_with_nothing_in_it_is_done(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:

        async def nothing(_: Payload) -> Sequence[IncomingMessage]:
            return []

        rig.door.how = nothing
        await rig.intake.accept(a_payload("k1"))
        await rig.round()
        assert (rig.rows()[0].outcome, rig.rows()[0].reason) == ("ignored", "empty")


async def test_e10_a_looping_mail_is_held_with_its_reason(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:

        async def far_travelled(_: Payload) -> Sequence[IncomingMessage]:
            return [a_message(hops=51)]

        rig.door.how = far_travelled
        await rig.intake.accept(a_payload("k1"))
        await rig.round()
        assert (rig.states(), rig.rows()[0].reason) == (["held"], "too-many-hops")


async def test_what_cannot_be_understood_is_held_at_once_with_its_bytes(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:

        async def held(_: Payload) -> Sequence[IncomingMessage]:
            raise HeldError("empty mail", "really")

        rig.door.how = held
        await rig.intake.accept(a_payload("k1", b"bytes"))
        await rig.round()
        row = rig.store.read_now(lambda tx: inbox_review.one(tx, 1))
        assert row is not None
        assert (row.state, row.reason, row.detail, row.raw) == ("held", "empty mail", "really", b"bytes")
        assert b'deskbot_held_total{reason="other"} 1.0' in rig.metrics.render()


@pytest.mark.parametrize("error", [WorkerFailed("too-slow", "limit 10 s"), KeyError("a fault of ours")])
async def test_b8_a_payload_that_fails_three_times_is_held_and_the_others_go_on(
    tmp_path: Path, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    async with a_rig(tmp_path) as rig:

        async def poisoned(payload: Payload) -> Sequence[IncomingMessage]:
            if payload.raw == b"poison":
                raise error
            return await as_words(payload)

        rig.door.how = poisoned
        for number in range(10):
            await rig.intake.accept(a_payload(f"k{number}", b"poison" if number == 4 else b"help"))
        await rig.round()
        assert Counter(rig.states()) == {"done": 9, "waiting": 1}
        rig.clock.forward(seconds=10)
        await rig.rounds(1)
        assert rig.states()[4] == "waiting"
        await rig.rounds(3)
        assert Counter(rig.states()) == {"done": 9, "held": 1}
        assert rig.rows()[4].attempts == 3
        held = [r for r in caplog.records if getattr(r, "action", "") == "inbox.held"]
        assert len(held) == 1


async def test_x20_a_mail_that_kills_its_parser_is_held_and_the_next_is_a_ticket(tmp_path: Path) -> None:
    section = WorkersSection(processes=1, seconds=5, memory_mb=256)
    workers = Workers(section, allow=("tests.",))
    async with a_rig(tmp_path) as rig:

        async def in_a_child(payload: Payload) -> Sequence[IncomingMessage]:
            if payload.raw == b"poison":
                await workers.run(jobs.leave, 9)
            return await as_words(payload)

        rig.door.how = in_a_child
        await rig.intake.accept(a_payload("k1", b"poison"))
        await rig.intake.accept(a_payload("k2"))
        try:
            await rig.rounds(4)
        finally:
            await workers.close()
        assert rig.states() == ["held", "done"]
        assert rig.rows()[0].reason == "died"


async def test_a_held_payload_that_is_retried_becomes_a_ticket(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:

        async def held(_: Payload) -> Sequence[IncomingMessage]:
            raise HeldError("empty mail")

        rig.door.how = held
        await rig.intake.accept(a_payload("k1"))
        await rig.round()
        await rig.store.write(lambda tx: inbox_review.retry(tx, 1))
        rig.door.how = as_words
        rig.clock.forward(seconds=1)
        await rig.round()
        assert (rig.states(), len(rig.rows(Ticket))) == (["done"], 1)


async def test_a_payload_of_a_channel_that_is_gone_waits_for_an_administrator(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:
        await rig.intake.accept(a_payload("k1", channel="old-mail"))
        await rig.round()
        assert (rig.states(), rig.rows()[0].reason) == (["held"], "unknown-channel")
        assert "old-mail" in rig.rows()[0].detail


async def test_x10_a_store_that_is_away_in_the_middle_costs_time_and_nothing_else(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:
        away = 2

        async def with_attachment(payload: Payload) -> Sequence[IncomingMessage]:
            nonlocal away
            away -= 1
            if away >= 0:
                raise StoreUnavailable("the disk of attachments is full", full=True)
            return await as_words(payload)

        rig.door.how = with_attachment
        await rig.intake.accept(a_payload("k1"))
        await rig.round()
        assert (rig.states(), rig.rows(Ticket)) == (["waiting"], [])
        assert await rig.round() == 0, "it waits a little"
        rig.clock.forward(seconds=10)
        await rig.rounds(3)
        assert (rig.states(), len(rig.rows(Ticket)), len(rig.rows(Outbox))) == (["done"], 1, 1)


async def test_x10_a_payload_is_received_once_though_its_first_transaction_fails(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:
        await rig.intake.accept(a_payload("k1"))
        (claim,) = await rig.intake._claim(64)

        def lost(tx: Tx) -> None:
            rig.intake._receive_all(tx, claim, [a_message()])
            raise sa.exc.OperationalError("COMMIT", {}, sqlite3.OperationalError("disk I/O error"))

        with pytest.raises(StoreUnavailable):
            await rig.store.write(lost)
        assert rig.rows(Ticket) == []
        await rig.intake._handle(claim)
        assert (rig.states(), len(rig.rows(Ticket)), len(rig.rows(Outbox))) == (["done"], 1, 1)


async def test_x19_a_worker_that_was_away_too_long_leaves_the_payload_to_its_successor(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with a_rig(tmp_path) as rig:
        await rig.intake.accept(a_payload("k1"))
        (slow,) = await rig.intake._claim(64)
        await rig.store.write(lambda tx: inbox.recover(tx, "w2"))
        rig.clock.forward(seconds=1)
        (successors,) = await rig.store.write(
            lambda tx: inbox.claim(tx, "w2", 64, a_desk().config.store.lease)
        )
        await rig.intake._handle(slow)
        assert (rig.states(), rig.rows(Ticket)) == (["claimed"], [])
        assert [r.levelno for r in caplog.records if getattr(r, "action", "") == "inbox.claim-lost"] == [
            logging.WARNING
        ]
        await rig.intake._handle(successors)
        assert (rig.states(), len(rig.rows(Ticket))) == (["done"], 1)


async def test_l6_a_file_lies_in_the_blob_store_before_a_row_names_it(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:
        content = b"a picture"
        sha256 = hashlib.sha256(content).hexdigest()

        async def with_file(_: Payload) -> Sequence[IncomingMessage]:
            return [a_message(attachments=(Attachment("a.png", "image/png", 9, sha256, content),))]

        rig.door.how = with_file
        await rig.intake.accept(a_payload("k1"))
        await rig.round()
        (row,) = rig.rows(AttachmentRow)
        kept = [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]
        assert [(path.name, path.read_bytes()) for path in kept] == [(row.sha256, content)]


async def test_l9_a_stop_finishes_what_is_in_hand(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def slow(payload: Payload) -> Sequence[IncomingMessage]:
            begun.set()
            await go_on.wait()
            return await as_words(payload)

        rig.door.how = slow
        await rig.intake.accept(a_payload("k1"))
        running = asyncio.create_task(rig.intake.run())
        await begun.wait()
        running.cancel()
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert (rig.states(), len(rig.rows(Ticket))) == (["done"], 1)


async def test_x1_a_stop_that_comes_too_late_leaves_all_or_nothing(tmp_path: Path) -> None:
    """The process ends while a payload is being translated: the next one takes it up, from the beginning."""
    async with a_rig(tmp_path) as rig:

        async def for_ever(_: Payload) -> Sequence[IncomingMessage]:
            await asyncio.Event().wait()
            return []

        rig.door.how = for_ever
        await rig.intake.accept(a_payload("k1"))
        (claim,) = await rig.intake._claim(64)
        cut = asyncio.create_task(rig.intake._handle(claim))
        await asyncio.sleep(0)
        cut.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cut
        assert rig.states() == ["claimed"]
        await rig.store.write(lambda tx: inbox.recover(tx, "the next process"))
        rig.door.how = as_words
        rig.clock.forward(seconds=1)
        await rig.round()
        assert (rig.states(), len(rig.rows(Ticket))) == (["done"], 1)


async def test_x19_two_processes_on_one_database_make_one_ticket_of_each_payload(
    tmp_path: Path, postgres_url: str
) -> None:
    url = postgres_url.replace("postgresql://", "postgresql+psycopg://")
    clock = Clock()
    stores = [Store(url, now=clock) for _ in range(2)]
    migrated(stores[0])
    for store in stores:
        store.open()
    rigs = [Rig(store, tmp_path, clock, worker=f"w{n}") for n, store in enumerate(stores)]
    all_done, left = asyncio.Event(), itertools.count(199, -1)
    for rig in rigs:
        rig.on_ticket = lambda: None if next(left) else all_done.set()
    try:
        for number in range(200):
            await rigs[number % 2].intake.accept(a_payload(f"k{number}", f"number {number}".encode()))
        loops = [asyncio.create_task(rig.intake.run()) for rig in rigs]
        await all_done.wait()
        for loop in loops:
            loop.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
        assert [len(rigs[0].rows(table)) for table in (Inbox, Ticket)] == [200, 200]
        assert {row.attempts for row in rigs[0].rows()} == {1}
        assert len({row.worker for row in rigs[0].rows()}) == 2
    finally:
        for store in stores:
            await asyncio.to_thread(store.close)
