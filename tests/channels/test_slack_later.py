"""Work behind which Slack does not wait has an end: what finds no room is dropped, and that is told."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from bot.channels.slack_later import Later
from bot.errors import ChannelError
from tests.channels.slack_world import slack_world


class Work:
    """Pieces that wait until they may end."""

    def __init__(self) -> None:
        self.may_end = asyncio.Event()
        self.done: asyncio.Queue[int] = asyncio.Queue()
        self.at_once = self.most_at_once = 0
        self.dropped = 0

    async def first(self, count: int) -> list[int]:
        """The next pieces that are done."""
        async with asyncio.timeout(5):
            return [await self.done.get() for _ in range(count)]

    def drop(self) -> None:
        self.dropped += 1

    async def piece(self, number: int) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await self.may_end.wait()
        self.at_once -= 1
        self.done.put_nowait(number)


async def test_all_is_done_in_its_order_a_few_at_a_time() -> None:
    work = Work()
    later = Later("acme", work.drop, at_once=3, most=50)
    for number in range(20):
        later(work.piece(number))
    await asyncio.sleep(0)
    work.may_end.set()
    assert (await work.first(20), work.most_at_once, work.dropped) == (list(range(20)), 3, 0)
    await later.close()


async def test_what_finds_no_room_is_dropped_and_told_each_time_and_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    work = Work()
    later = Later("acme", work.drop, at_once=2, most=5)
    with caplog.at_level(logging.WARNING):
        for number in range(20):
            later(work.piece(number))
    assert work.dropped == 13
    assert [getattr(one, "action", "") for one in caplog.records] == ["slack.too-much"]
    work.may_end.set()
    assert await work.first(7) == list(range(7))
    later(work.piece(99))
    assert await work.first(1) == [99]
    await later.close()


async def test_one_that_fails_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    work = Work()
    work.may_end.set()
    later = Later("acme", work.drop, at_once=1)

    async def fails(error: Exception) -> None:
        raise error

    later(fails(ChannelError("Slack is away")))
    later(fails(RuntimeError("a fault of ours")))
    later(work.piece(1))
    assert await work.first(1) == [1]
    assert [getattr(one, "action", "") for one in caplog.records] == ["slack.not-done", "slack.fault"]
    await later.close()


async def test_a_door_that_closes_lets_go_of_what_waits() -> None:
    work = Work()
    later = Later("acme", work.drop, at_once=1, most=5)
    for number in range(4):
        later(work.piece(number))
    await asyncio.sleep(0)
    await later.close()
    assert work.done.empty()


async def test_what_was_dropped_makes_the_door_look_at_history_again(tmp_path: Path) -> None:
    async with slack_world(tmp_path) as world:
        world.door._later._most = 0
        looked = len(world.house.called("users.conversations"))
        await world.house.opens_home("U1")
        await world.house.until(lambda: len(world.house.called("users.conversations")) > looked)
        assert b'reason="too-much"' in world.door._metrics.render()
