"""Child processes: what one job does, no other job feels (SECURITY.md, section 0, decision 8)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.config import Workers as Section
from bot.errors import ChannelError, HeldError, StoreUnavailable, TemplateError, WorkerFailed
from bot.worker_link import JobType
from bot.worker_main import LARGEST_FRAME, REQUEST
from bot.worker_start import Limits, launch
from bot.workers import Workers
from tests.workers import jobs

ALLOW = ("tests.workers.",)
QUICK = Section(processes=2, seconds=2, memory_mb=256)


@contextlib.asynccontextmanager
async def pool(section: Section = QUICK, **more: Any) -> AsyncIterator[Workers]:
    workers = Workers(section, allow=ALLOW, **more)
    try:
        yield workers
    finally:
        await workers.close()


async def failure(workers: Workers, job: Callable[[Any], Any], argument: Any) -> WorkerFailed:
    with pytest.raises(WorkerFailed) as caught:
        await workers.run(job, argument)
    return caught.value


def gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


async def test_a_job_is_done_elsewhere_and_comes_back_as_its_type() -> None:
    sent = datetime(2026, 3, 1, 9, tzinfo=UTC)
    async with pool() as workers:
        assert await workers.run(jobs.double, 21) == 42
        parcel = await workers.run(jobs.turn, jobs.Parcel("abc", b"\x00\xff", sent, ("x",)))
        assert parcel == jobs.Parcel("cba", b"\x00\xff", sent, ("x", "turned"))
        assert await workers.run(jobs.pid, 0) != os.getpid()


async def test_each_of_many_jobs_gets_its_own_answer() -> None:
    async with pool() as workers:
        answers = await asyncio.gather(*(workers.run(jobs.double, n) for n in range(2000)))
    assert answers == [2 * n for n in range(2000)]


@settings(max_examples=10, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=50), st.binary(max_size=100_000)), max_size=20))
def test_any_data_survives_the_way_there_and_back(contents: list[tuple[str, bytes]]) -> None:
    sent = datetime(2026, 3, 1, 9, tzinfo=UTC)

    async def there_and_back() -> None:
        async with pool() as workers:
            parcels = [jobs.Parcel(name, content, sent) for name, content in contents]
            back = await asyncio.gather(*(workers.run(jobs.turn, p) for p in parcels))
            assert [(p.name[::-1], p.content) for p in back] == contents

    asyncio.run(there_and_back())


async def test_a_mail_of_25_megabytes_goes_through() -> None:
    content = os.urandom(25 * 1024 * 1024)
    async with pool(Section(processes=1, seconds=10)) as workers:
        parcel = jobs.Parcel("big", content, datetime.now(UTC))
        assert (await workers.run(jobs.turn, parcel)).content == content


async def test_an_argument_over_the_bound_is_refused() -> None:
    async with pool() as workers:
        parcel = jobs.Parcel("big", bytes(LARGEST_FRAME), datetime.now(UTC))
        innocent = asyncio.create_task(workers.run(jobs.double, 2))
        assert (await failure(workers, jobs.turn, parcel)).reason == "too-big"
        assert await innocent == 4


async def test_a_result_over_the_bound_is_refused_and_the_child_lives() -> None:
    async with pool(Section(processes=1, seconds=10)) as workers:
        child = await workers.run(jobs.pid, 0)
        assert (await failure(workers, jobs.grow, LARGEST_FRAME + 1)).reason == "too-big"
        assert await workers.run(jobs.pid, 0) == child


@pytest.mark.parametrize(
    ("job", "argument", "reason"),
    [
        (jobs.spin, 60.0, "too-slow"),
        (jobs.nap, 60.0, "too-slow"),
        (jobs.devour, 1_000_000, "too-big"),
        (jobs.devour, 5_000, "too-big"),
        (jobs.grow, 1_000_000_000, "too-big"),
        (jobs.leave, 0, "died"),
        (jobs.leave, 3, "died"),
        (jobs.shoot, signal.SIGKILL, "died"),
        (jobs.shoot, signal.SIGXCPU, "too-slow"),
        (jobs.crash_in_c, 1, "died"),
        (jobs.say_nonsense, 1000, "died"),
        (jobs.leak_a_secret, "hunter2", "crashed"),
        (jobs.exit_politely, "bye", "crashed"),
        (jobs.dive, 0, "crashed"),
        (jobs.lie, 1, "crashed"),
        (jobs.give_an_object, 1, "crashed"),
    ],
)
async def test_c1_only_the_guilty_job_fails_and_the_pool_recovers(
    job: Callable[[Any], Any], argument: Any, reason: str
) -> None:
    heard: list[str] = []
    async with pool(on_failure=heard.append) as workers:
        before = [asyncio.create_task(workers.run(jobs.double, n)) for n in range(5)]
        guilty = asyncio.create_task(failure(workers, job, argument))
        after = [asyncio.create_task(workers.run(jobs.double, n)) for n in range(5, 30)]
        assert await asyncio.gather(*before, *after) == [2 * n for n in range(30)]
        error = await guilty
        assert error.reason == reason
        assert "hunter2" not in str(error)
        assert heard == [reason]
        assert await workers.run(jobs.double, 100) == 200


async def test_a_crash_tells_the_type_of_the_error_and_nothing_else() -> None:
    async with pool() as workers:
        error = await failure(workers, jobs.leak_a_secret, "hunter2")
    assert error.detail == "RuntimeError"


async def test_our_own_errors_come_back_as_they_were_raised() -> None:
    async with pool() as workers:
        with pytest.raises(HeldError) as held:
            await workers.run(jobs.refuse, "more than 500")
        assert (type(held.value), held.value.reason) == (HeldError, "too-many-parts")
        assert held.value.detail == "more than 500"
        with pytest.raises(TemplateError, match="line 3"):
            await workers.run(jobs.break_template, "line 3")
        with pytest.raises(ChannelError, match="no such box") as channel:
            await workers.run(jobs.fail_at_channel, "no such box")
        assert (channel.value.permanent, channel.value.retry_after) == (True, 1.5)
        with pytest.raises(StoreUnavailable) as store:
            await workers.run(jobs.find_disk_full, "disk")
        assert store.value.full


async def test_an_error_text_is_cut() -> None:
    async with pool() as workers:
        with pytest.raises(TemplateError) as caught:
            await workers.run(jobs.break_template, "x" * 1_000_000)
    assert len(str(caught.value)) == 2000


async def test_what_a_dead_child_had_done_before_is_not_blamed_on_the_next_job() -> None:
    """A child that somebody else kills in the middle of a job costs that job nothing but time."""
    async with pool(Section(processes=1, seconds=10)) as workers:
        child = await workers.run(jobs.pid, 0)
        waits = asyncio.create_task(workers.run(jobs.nap, 0.2))
        await asyncio.sleep(0)
        os.kill(child, signal.SIGKILL)
        assert await waits == 1


async def test_jobs_behind_a_slow_one_are_done_by_another_child() -> None:
    async with pool(Section(processes=2, seconds=60)) as workers:
        await workers.start()
        slow = asyncio.create_task(workers.run(jobs.nap, 60.0))
        behind = [asyncio.create_task(workers.run(jobs.double, n)) for n in range(6)]
        async with asyncio.timeout(10):
            assert await asyncio.gather(*behind) == [0, 2, 4, 6, 8, 10]
        assert not slow.done()
        slow.cancel()


async def test_a_second_child_comes_only_when_there_is_work_for_it_and_goes_again() -> None:
    async with pool(Section(processes=2, seconds=10), idle_seconds=0.3) as workers:
        await workers.start()
        for n in range(20):
            await workers.run(jobs.double, n)
        assert len(workers.pids) == 1
        await asyncio.gather(*(workers.run(jobs.nap, 0.25) for _ in range(4)))
        assert len(workers.pids) == 2
        async with asyncio.timeout(10):
            await asyncio.wait([link.gone for link in workers._links], return_when="FIRST_COMPLETED")
        assert len(workers.pids) == 1


async def test_a_cancelled_caller_disturbs_nobody() -> None:
    async with pool(Section(processes=1, seconds=10)) as workers:
        tasks = [asyncio.create_task(workers.run(jobs.double, n)) for n in range(50)]
        await asyncio.sleep(0)
        for task in tasks[::2]:
            task.cancel()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        assert answers[1::2] == [2 * n for n in range(1, 50, 2)]
        assert await workers.run(jobs.double, 4) == 8


async def test_close_leaves_no_child_and_lets_nobody_wait() -> None:
    workers = Workers(Section(processes=2, seconds=60), allow=ALLOW)
    await asyncio.gather(*(workers.run(jobs.nap, 0.25) for _ in range(4)))
    pids = workers.pids
    assert len(pids) == 2
    waits = [asyncio.create_task(workers.run(jobs.nap, 60.0)) for _ in range(30)]
    await asyncio.sleep(0)
    await workers.close()
    assert all(gone(pid) for pid in pids)
    assert all(
        isinstance(r, asyncio.CancelledError) for r in await asyncio.gather(*waits, return_exceptions=True)
    )
    with pytest.raises(RuntimeError):
        await workers.run(jobs.double, 1)


async def test_close_while_a_child_is_being_started_leaves_none() -> None:
    workers = Workers(QUICK, allow=ALLOW)
    wait = asyncio.create_task(workers.run(jobs.double, 1))
    await asyncio.sleep(0)
    await workers.close()
    assert isinstance((await asyncio.gather(wait, return_exceptions=True))[0], asyncio.CancelledError)
    assert workers.pids == ()


async def test_l1_a_child_inherits_no_secret_and_no_power() -> None:
    assert "PYTEST_CURRENT_TEST" in os.environ  # something that could be inherited
    async with pool() as workers:
        world = await workers.run(jobs.look_around, "")
    variables = set(world["environment"].split(",")) - {"LC_CTYPE"}  # CPython's own doing
    assert variables <= {"TZ", "LD_LIBRARY_PATH", "TZDIR"}
    assert world["session"] == world["interrupt"] == world["terminate"] == "True"
    assert world["core"] == "0,0"
    assert world["umask"] == "0o77"
    assert world["stdin"] == world["stderr"] == "/dev/null"
    assert world["files"].count("socket:") == 1


async def test_a_child_imports_nothing_heavy() -> None:
    async with pool() as workers:
        for heavy in ("sqlalchemy", "pydantic", "aiosmtpd", "asyncio", "starlette", "email", "bot.config"):
            assert await workers.run(jobs.modules, heavy) == []


async def test_a_child_writes_no_file(tmp_path: Path) -> None:
    async with pool() as workers:
        assert (await failure(workers, jobs.write_a_file, str(tmp_path))).reason == "crashed"


async def test_a_name_outside_the_allowed_modules_is_no_job() -> None:
    async with pool() as workers:
        with pytest.raises(TypeError):
            await workers.run(os.system, "true")
        smuggled = JobType(jobs.double, ALLOW)
        smuggled.name = b"os:system"
        smuggled.head = smuggled.head[:6] + smuggled.name
        workers._types[jobs.double] = smuggled
        assert (await failure(workers, jobs.double, 1)).detail == "LookupError"


async def test_a_function_without_types_or_inside_another_is_no_job() -> None:
    def inner(number: int) -> int:
        return number

    async with pool() as workers:
        for wrong in (jobs.without_types, inner, lambda x: x):
            with pytest.raises(TypeError):
                await workers.run(wrong, 1)


async def test_an_argument_that_cannot_be_written_is_the_callers_error() -> None:
    async with pool() as workers:
        with pytest.raises(TypeError):
            await workers.run(jobs.double, object())  # type: ignore[arg-type]  # the point of it
        assert await workers.run(jobs.double, 1) == 2


async def test_when_no_child_can_start_those_who_wait_are_told() -> None:
    async with pool(preload=("tests.workers.jobs", "this_module_kills")) as workers:
        assert await workers.run(jobs.double, 1) == 2  # a preload that is not there is no reason to fail
    async with pool(Section(processes=1, memory_mb=128)) as workers:
        workers._limits = type(workers._limits)(1, 1, ALLOW)  # one megabyte: no interpreter lives in it
        error = await failure(workers, jobs.double, 1)
        assert error.reason == "died"
        assert "started" in error.detail


def test_it_is_the_same_on_uvloop() -> None:
    async def scenario() -> tuple[int, ...]:
        async with pool() as workers:
            guilty = [(jobs.nap, 60.0), (jobs.leave, 1), (jobs.devour, 1_000_000), (jobs.say_nonsense, 1)]
            failing = [asyncio.create_task(failure(workers, job, argument)) for job, argument in guilty]
            answers = await asyncio.gather(*(workers.run(jobs.double, n) for n in range(100)))
            assert answers == [2 * n for n in range(100)]
            reasons = [error.reason for error in await asyncio.gather(*failing)]
            assert reasons == ["too-slow", "died", "too-big", "died"]
            content = os.urandom(25 * 1024 * 1024)
            big = await workers.run(jobs.turn, jobs.Parcel("big", content, datetime.now(UTC)))
            assert big.content == content
            return workers.pids

    assert all(gone(pid) for pid in uvloop.run(scenario()))


def test_x18_the_kernel_ends_a_job_when_the_parent_cannot() -> None:
    """The parent's timer is the first limit, by the loop's clock; processor time is the second, by no clock."""
    ours, theirs = socket.socketpair()
    with ours, theirs, launch(Limits(0, 256, ALLOW), theirs) as process:
        kind = JobType(jobs.spin, ALLOW)
        argument = msgspec.msgpack.encode(60.0)
        ours.sendall(REQUEST.pack(len(argument), len(kind.name)) + kind.name + argument)
        assert process.wait(timeout=20) == -signal.SIGXCPU


PARENT = """
import asyncio, sys
sys.path[:] = sys.argv[1:]

from bot.config import Workers as Section
from bot.workers import Workers
from tests.workers import jobs

async def main():
    workers = Workers(Section(processes=2, seconds=60), allow=("tests.workers.",))
    await asyncio.gather(*(workers.run(jobs.nap, 0.25) for _ in range(4)))
    print(*workers.pids, flush=True)
    await asyncio.gather(workers.run(jobs.spin, 60.0), workers.run(jobs.nap, 60.0), workers.run(jobs.nap, 60.0))

asyncio.run(main())
"""


def test_x1_a_parent_that_is_killed_leaves_no_child() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, *sys.path], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        handles = [os.pidfd_open(int(pid)) for pid in parent.stdout.readline().split()]
        parent.kill()
    assert len(handles) == 2
    for handle in handles:
        assert select.select([handle], [], [], 10)[0], "a child has outlived its parent"
        os.close(handle)
