"""Due timers: each fires once, and one that fails is in nobody's way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.desk.desk import Desk
from bot.errors import StoreUnavailable
from bot.loops import Pace
from bot.store import timers
from bot.store.engine import Tx
from bot.store.models import Event, Ticket, Timer
from bot.store.timers import DueTimer
from bot.timers import DUTIES, Duty, Timers
from tests.desks import MONDAY, OpenDesk, a_message, open_desk


@asynccontextmanager
async def a_rig(folder: Path, duties: Mapping[str, Duty] = DUTIES) -> AsyncIterator[tuple[OpenDesk, Timers]]:
    """A desk with one ticket, whose timers wait, and the loop that fires them."""
    with open_desk(folder) as desk:
        desk.receive(a_message())
        desk.store.open()
        yield desk, Timers(desk.store, desk.desk, pace=Pace(0.01), now=desk.clock, duties=duties)


def states(desk: OpenDesk) -> dict[str, str]:
    return {row.kind: row.state for row in desk.rows(Timer)}


def breaches(desk: OpenDesk) -> list[str]:
    return [row.after["target"] for row in desk.rows(Event) if row.action == "target.breached"]


async def test_a_promise_that_is_broken_is_told_once(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as (desk, loop):
        assert await desk.store.write(loop._fire) == 0
        desk.clock.moment = MONDAY + timedelta(hours=4)
        assert [await desk.store.write(loop._fire) for _ in range(2)] == [1, 0]
        assert states(desk) == {"first-response": "fired", "resolution": "pending"}
        assert breaches(desk) == ["first-response"]


async def test_after_a_long_absence_all_that_is_due_is_done_in_its_order(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as (desk, loop):
        desk.clock.forward(days=30)
        assert await desk.store.write(loop._fire) == 2
        assert breaches(desk) == ["first-response", "resolution"]


async def test_a_timer_that_was_cancelled_does_not_fire(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as (desk, loop):
        await desk.store.write(lambda tx: timers.cancel(tx, 1, "first-response"))
        desk.clock.forward(days=30)
        await desk.store.write(loop._fire)
        assert states(desk) == {"first-response": "cancelled", "resolution": "fired"}
        assert breaches(desk) == ["resolution"]


def _broken(tx: Tx, timer: DueTimer, desk: Desk, now: datetime) -> None:
    tx.run(sa.update(Ticket).values(subject="half done"))
    raise ZeroDivisionError


async def test_f6_a_duty_that_fails_is_undone_told_and_in_nobodys_way(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with a_rig(tmp_path, {**DUTIES, "first-response": _broken}) as (desk, loop):
        desk.clock.forward(days=30)
        await desk.store.write(loop._fire)
        assert desk.ticket(1).subject == "Fire"
        assert breaches(desk) == ["resolution"]
        failed = [row.after for row in desk.rows(Event) if row.action == "timer.failed"]
        assert failed == [{"timer": "first-response", "error": "ZeroDivisionError"}]
        assert "timer.failed" in [getattr(record, "action", "") for record in caplog.records]
        assert await desk.store.write(loop._fire) == 0


async def test_a_timer_of_a_kind_that_nobody_knows_is_told_and_in_nobodys_way(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with a_rig(tmp_path, {"resolution": DUTIES["resolution"]}) as (desk, loop):
        desk.clock.forward(days=30)
        await desk.store.write(loop._fire)
        assert breaches(desk) == ["resolution"]
        assert "timer.unknown" in [getattr(record, "action", "") for record in caplog.records]


async def test_x10_a_duty_that_the_store_could_not_do_stays_due(tmp_path: Path) -> None:
    class Gone(Exception):
        """What a driver calls a lost connection."""

    Gone.__name__ = "OperationalError"

    def away(tx: Tx, timer: DueTimer, desk: Desk, now: datetime) -> None:
        raise sa.exc.OperationalError("UPDATE", {}, Gone("server closed the connection"))

    async with a_rig(tmp_path, {**DUTIES, "first-response": away}) as (desk, loop):
        desk.clock.forward(days=30)
        with pytest.raises(StoreUnavailable):
            await desk.store.write(loop._fire)
        assert states(desk) == {"first-response": "pending", "resolution": "pending"}
        again = Timers(desk.store, desk.desk, pace=Pace(), now=desk.clock)
        await desk.store.write(again._fire)
        assert breaches(desk) == ["first-response", "resolution"]


async def test_the_loop_fires_what_comes_due_while_it_runs(tmp_path: Path) -> None:
    fired = asyncio.Event()
    main = asyncio.get_running_loop()

    def tell(tx: Tx, timer: DueTimer, desk: Desk, now: datetime) -> None:
        main.call_soon_threadsafe(fired.set)

    async with a_rig(tmp_path, {"first-response": tell}) as (desk, loop):
        running = asyncio.create_task(loop.run())
        desk.clock.forward(hours=5)
        await asyncio.wait_for(fired.wait(), 10)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
