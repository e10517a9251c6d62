"""Supervised loops: what fails is started again, and all stop in order and in time."""

from __future__ import annotations

import asyncio

import pytest

from bot.runner import Runner, every, supervise


def actions(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [getattr(record, "action", "") for record in caplog.records]


async def until_cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_loop_that_fails_is_started_again(caplog: pytest.LogCaptureFixture) -> None:
    starts, third = 0, asyncio.Event()

    async def loop() -> None:
        nonlocal starts
        starts += 1
        if starts == 3:
            third.set()
            await asyncio.Event().wait()
        raise ZeroDivisionError

    task = asyncio.create_task(supervise("poor", loop))
    await asyncio.wait_for(third.wait(), 20)
    await until_cancelled(task)
    delays = [record.delay for record in caplog.records if getattr(record, "action", "") == "runner.failed"]  # type: ignore[attr-defined]  # given as extra
    assert delays == [0.5, 1.0], "each wait is longer than the last"


async def test_a_loop_that_ends_by_itself_is_started_again_and_told(caplog: pytest.LogCaptureFixture) -> None:
    starts, second = 0, asyncio.Event()

    async def loop() -> None:
        nonlocal starts
        starts += 1
        if starts == 2:
            second.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(supervise("short", loop))
    await asyncio.wait_for(second.wait(), 20)
    await until_cancelled(task)
    assert "runner.ended" in actions(caplog)


async def test_one_loop_that_fails_does_not_disturb_another() -> None:
    stop, beats = asyncio.Event(), 0

    async def poor() -> None:
        raise ZeroDivisionError

    async def sound() -> None:
        nonlocal beats
        while True:
            beats += 1
            if beats == 100:
                stop.set()
            await asyncio.sleep(0)

    runner = Runner()
    runner.loop("poor", poor)
    runner.loop("sound", sound)
    await asyncio.wait_for(runner.run(stop), 20)
    assert beats >= 100


async def test_l9_doors_close_before_loops_finish() -> None:
    ended: list[str] = []
    running = asyncio.Barrier(3)

    async def loop(name: str) -> None:
        try:
            await running.wait()
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append(name)

    runner, stop = Runner(), asyncio.Event()
    runner.loop("delivery", lambda: loop("delivery"))
    runner.door("smtp", lambda: loop("smtp"))
    task = asyncio.create_task(runner.run(stop))
    await running.wait()
    stop.set()
    await task
    assert ended == ["smtp", "delivery"]


async def test_l9_what_does_not_stop_is_left_behind_in_time(caplog: pytest.LogCaptureFixture) -> None:
    running, release = asyncio.Event(), asyncio.Event()

    async def stubborn() -> None:
        running.set()
        try:
            await asyncio.Event().wait()
        finally:
            await release.wait()

    runner, stop = Runner(grace=0.1), asyncio.Event()
    runner.loop("stubborn", stubborn)
    task = asyncio.create_task(runner.run(stop))
    await running.wait()
    stop.set()
    await asyncio.wait_for(task, 5)
    assert "runner.late" in actions(caplog)
    release.set()


async def test_work_that_is_done_now_and_then_is_done_at_once_and_again() -> None:
    times, twice = 0, asyncio.Event()

    async def work() -> None:
        nonlocal times
        times += 1
        if times == 2:
            twice.set()

    async def run() -> None:
        await every(0.01, work)()

    task = asyncio.create_task(run())
    await asyncio.wait_for(twice.wait(), 5)
    await until_cancelled(task)
