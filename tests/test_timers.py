"""Due timers: each fires once, and one that fails is in nobody's way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot import housekeeping
from bot.desk.desk import Desk
from bot.errors import StoreUnavailable
from bot.loops import Pace
from bot.store import timers
from bot.store.engine import Tx
from bot.store.models import Event, Ticket, Timer
from bot.store.timers import DueTimer
from bot.timers import DUTIES, Duty, Timers
from tests.desks import KEY, MONDAY, OpenDesk, a_config, a_message, open_desk


@asynccontextmanager
async def a_rig(folder: Path, duties: Mapping[str, Duty] = DUTIES) -> AsyncIterator[tuple[OpenDesk, Timers]]:
    """A desk with one ticket, whose timers wait, and the loop that fires them."""
    with open_desk(folder) as desk:
        desk.receive(a_message())
        desk.store.open()
        yield desk, Timers(desk.store, desk.desk, pace=Pace(0.01), now=desk.clock, duties=duties)


def states(desk: OpenDesk, which: str = "") -> dict[str, str]:
    """The clock's timers, and how each stands."""
    clocks = ("first-response", "resolution", "escalate")
    return {row.kind: row.state for row in desk.rows(Timer) if row.kind.startswith(which or clocks)}


def breaches(desk: OpenDesk) -> list[str]:
    return [row.after["target"] for row in desk.rows(Event) if row.action == "target.breached"]


async def test_a_milestone_that_has_come_starts_the_next_one(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as (desk, loop):
        assert await desk.store.write(loop._fire) == 0
        desk.clock.moment = MONDAY + timedelta(hours=2)
        assert [await desk.store.write(loop._fire) for _ in range(2)] == [1, 0]
        assert states(desk, "first") == {"first-response.50": "fired", "first-response.75": "pending"}
        assert states(desk, "resolution") == {"resolution.50": "pending"}


async def test_a_promise_that_is_broken_is_told_once(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as (desk, loop):
        desk.clock.moment = MONDAY + timedelta(hours=4)
        assert [await desk.store.write(loop._fire) for _ in range(2)] == [1, 0]
        assert breaches(desk) == ["first-response"]


async def test_x21_after_a_long_absence_all_that_is_due_is_done_in_its_order(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as (desk, loop):
        desk.clock.forward(days=30)
        while await desk.store.write(loop._fire):
            pass
        assert breaches(desk) == ["first-response", "resolution"]


async def test_a_timer_that_was_cancelled_does_not_fire(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as (desk, loop):
        await desk.store.write(lambda tx: timers.cancel_about(tx, 1, "first-response"))
        desk.clock.forward(days=30)
        await desk.store.write(loop._fire)
        assert states(desk)["first-response.50"] == "cancelled"
        assert breaches(desk) == ["resolution"]


async def test_the_duty_of_a_kind_is_that_of_what_stands_before_the_dot(tmp_path: Path) -> None:
    fired: list[str] = []

    def note(tx: Tx, timer: DueTimer, desk: Desk, now: datetime) -> None:
        fired.append(timer.kind)

    async with a_rig(tmp_path, {"first-response": note, "resolution.50": note, "resolution": _broken}) as (
        desk,
        loop,
    ):
        desk.clock.forward(days=30)
        await desk.store.write(loop._fire)
        assert fired == ["first-response.50", "resolution.50"]


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
        assert failed == [{"timer": "first-response.50", "error": "ZeroDivisionError"}]
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
        assert states(desk) == {"first-response.50": "pending", "resolution.50": "pending"}
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


async def test_when_a_process_starts_the_targets_follow_the_configuration(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with a_rig(tmp_path) as (desk, _):
        closed = Desk.from_config(a_config(calendar={"closed": [MONDAY.date()]}), KEY)
        pace = Pace()
        for _ in range(2):
            await housekeeping.renew_targets(desk.store, closed, pace, desk.clock)
        renewed = [row for row in desk.rows(Event) if row.action == "targets.renewed"]
        assert len(renewed) == 1
        assert desk.ticket(1).first_response_due == MONDAY + timedelta(days=1, hours=3, minutes=30)
        told = [
            record for record in caplog.records if getattr(record, "action", "") == "housekeeping.renewed"
        ]
        assert [getattr(record, "tickets", 0) for record in told] == [1]
