"""The shape of every loop: what is claimed is worked on, whatever happens around it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from bot.errors import StoreUnavailable
from bot.loops import Pace, persist
from bot.store.engine import Tx
from tests.desks import Clock, make_store


class Source:
    """Items to claim, and a record of what was asked for."""

    def __init__(self, items: int) -> None:
        self.items = list(range(items))
        self.asked: list[int] = []
        self.drained = asyncio.Event()

    async def claim(self, limit: int) -> Sequence[int]:
        """Up to ``limit`` of what is left."""
        self.asked.append(limit)
        taken, self.items = self.items[:limit], self.items[limit:]
        if not taken:
            self.drained.set()
        return taken


async def stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_every_item_is_handled_once_and_never_more_than_so_many_at_a_time() -> None:
    source, handled, in_hand, most = Source(100), [], 0, 0

    async def handle(item: int) -> None:
        nonlocal in_hand, most
        in_hand += 1
        most = max(most, in_hand)
        await asyncio.sleep(0)
        in_hand -= 1
        handled.append(item)

    task = asyncio.create_task(Pace().work(source.claim, handle, at_once=8))
    await source.drained.wait()
    await stop(task)
    assert sorted(handled) == list(range(100))
    assert most <= 8
    assert max(source.asked) <= 8


async def test_an_item_that_fails_costs_only_itself(caplog: pytest.LogCaptureFixture) -> None:
    source, handled = Source(10), []

    async def handle(item: int) -> None:
        if item % 2:
            raise ValueError(item)
        handled.append(item)

    task = asyncio.create_task(Pace().work(source.claim, handle, at_once=4))
    await source.drained.wait()
    await stop(task)
    assert handled == [0, 2, 4, 6, 8]
    failed = [r for r in caplog.records if getattr(r, "action", "") == "loop.item-failed"]
    assert len(failed) == 5


async def test_a_slow_item_does_not_keep_the_others_waiting() -> None:
    source, handled, release = Source(50), [], asyncio.Event()

    async def handle(item: int) -> None:
        if item == 0:
            await release.wait()
        handled.append(item)

    task = asyncio.create_task(Pace().work(source.claim, handle, at_once=4))
    await source.drained.wait()
    assert len(handled) == 49
    release.set()
    await stop(task)
    assert len(handled) == 50


async def test_l9_a_stop_in_the_middle_of_a_claim_still_works_on_what_was_claimed() -> None:
    asked, answer, handled = asyncio.Event(), asyncio.Event(), []

    async def claim(limit: int) -> Sequence[int]:
        asked.set()
        await answer.wait()
        return [1, 2, 3]

    async def handle(item: int) -> None:
        handled.append(item)

    task = asyncio.create_task(Pace().work(claim, handle, at_once=8))
    await asked.wait()
    task.cancel()
    await asyncio.sleep(0)
    answer.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert handled == [1, 2, 3]


async def test_a_claim_that_fails_ends_the_loop_after_what_is_in_hand() -> None:
    begun, release, handled = asyncio.Event(), asyncio.Event(), []
    answers: list[Sequence[int]] = [[1]]

    async def claim(limit: int) -> Sequence[int]:
        if answers:
            return answers.pop()
        await begun.wait()
        raise StoreUnavailable("away")

    async def handle(item: int) -> None:
        begun.set()
        await release.wait()
        handled.append(item)

    task = asyncio.create_task(Pace().work(claim, handle, at_once=8))
    await begun.wait()
    release.set()
    with pytest.raises(StoreUnavailable):
        await task
    assert handled == [1]


async def test_a_call_to_wake_is_not_lost_while_the_loop_is_busy() -> None:
    pace = Pace(poll=3600)
    pace.wake()
    await asyncio.wait_for(pace.wait(), 5)


async def test_one_call_to_wake_ends_one_wait() -> None:
    pace = Pace(poll=0.05)
    pace.wake()
    await pace.wait()
    started = time.monotonic()
    await pace.wait()
    assert time.monotonic() - started >= 0.04, "a loop that was woken once would never rest again"


async def test_a_loop_looks_again_by_itself_after_its_pause() -> None:
    started = time.monotonic()
    await Pace(poll=0.05).wait()
    assert time.monotonic() - started >= 0.04


async def test_x10_what_must_be_recorded_is_recorded_once_the_store_is_back(tmp_path: Path) -> None:
    store = make_store(tmp_path, Clock())
    store.open()
    tries = 0

    def unit(tx: Tx) -> str:
        nonlocal tries
        tries += 1
        if tries < 4:
            raise StoreUnavailable("away")
        return "done"

    try:
        assert await persist(store, unit) == "done"
    finally:
        await asyncio.to_thread(store.close)


async def test_what_the_store_refuses_for_good_is_not_tried_for_ever(tmp_path: Path) -> None:
    store = make_store(tmp_path, Clock())
    store.open()

    def unit(tx: Tx) -> None:
        raise ValueError("never")

    try:
        with pytest.raises(ValueError, match="never"):
            await persist(store, unit)
    finally:
        await asyncio.to_thread(store.close)
