"""Contacts of a major incident who are outside their hours are told when these begin, unless it is over."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config import Contact
from bot.desk import major
from bot.desk.table import Duty
from bot.loops import Pace
from bot.store.models import Event, Timer, TimerState
from bot.store.timers import DueTimer
from bot.timers import Timers
from tests.desk.by_mail import ANNA, a_team, asks, letters, works
from tests.desk.test_major import NORA, OTTO, TABLE, told
from tests.desks import OpenDesk

NIGHT = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)
MORNING = datetime(2026, 3, 3, 8, 0, tzinfo=UTC)
EVENING = datetime(2026, 3, 3, 18, 0, tzinfo=UTC)


def at(desk: OpenDesk, moment: datetime) -> None:
    """It is that late, and what is due of major incidents happens."""
    desk.clock.moment = moment
    duties = {major.LATER: major.others_are_there}
    timers = Timers(desk.store, desk.desk, pace=Pace(), now=desk.clock, duties=duties)
    while desk.store.write_now(timers._fire):
        pass


def waits(desk: OpenDesk) -> list[datetime]:
    rows = desk.rows(Timer)
    return [r.due_at for r in rows if r.kind == major.LATER and r.state == TimerState.PENDING]


def test_who_was_asleep_hears_of_it_in_their_morning(tmp_path: Path) -> None:
    with a_team(tmp_path, major=TABLE) as desk:
        desk.clock.moment = NIGHT
        asks(desk, "The server room is very hot.")
        assert NORA not in told(desk)
        assert waits(desk) == [MORNING]
        at(desk, MORNING - timedelta(minutes=1))
        assert NORA not in told(desk)
        before = told(desk)
        at(desk, MORNING)
        assert set(told(desk)) - set(before) == {NORA, "head@net.example"}
        assert len(told(desk)) == len(set(told(desk))), "nobody twice"
        values = letters(desk, NORA, "major")[0].notice.values
        assert values["reason"] == 'the word "server room" stands in it'
        assert waits(desk) == []
        marks = [row.after["to"] for row in desk.rows(Event) if row.action == "major.told"]
        assert marks[1] == [NORA]


@pytest.mark.parametrize("ends", ["#resolve\nIt is cool again.", "#close", "#spam"])
def test_what_is_over_by_then_wakes_nobody(tmp_path: Path, ends: str) -> None:
    with a_team(tmp_path, major=TABLE) as desk:
        desk.clock.moment = NIGHT
        number = asks(desk, "The server room is very hot.")
        works(desk, ANNA, ends, number)
        at(desk, MORNING + timedelta(minutes=5))
        assert NORA not in told(desk)


def test_each_is_told_at_the_beginning_of_their_own_hours(tmp_path: Path) -> None:
    late = {"unit": "Late", "name": "Lea", "addresses": ["lea@net.example"], "hours": ["12:00-14:00"]}
    table = {**TABLE, "contacts": [*TABLE["contacts"], late]}
    with a_team(tmp_path, major=table) as desk:
        asks(desk, "The server room is very hot.")
        assert (OTTO in told(desk), waits(desk)) == (False, [datetime(2026, 3, 2, 12, tzinfo=UTC)])
        at(desk, datetime(2026, 3, 2, 12, tzinfo=UTC))
        assert "lea@net.example" in told(desk)
        assert waits(desk) == [EVENING - timedelta(days=1)]
        at(desk, EVENING - timedelta(days=1))
        assert OTTO in told(desk)
        assert waits(desk) == []


def test_told_twice_is_told_once(tmp_path: Path) -> None:
    with a_team(tmp_path, major=TABLE) as desk:
        desk.clock.moment = NIGHT
        number = asks(desk, "The server room is very hot.")
        at(desk, MORNING)
        before = told(desk)
        again = DueTimer(0, number, major.LATER, MORNING)
        desk.store.write_now(lambda tx: major.others_are_there(tx, again, desk.desk, desk.clock()))
        assert told(desk) == before


def test_when_everybody_was_told_nobody_is_waited_for(tmp_path: Path) -> None:
    only = {"words": ["fire"], "contacts": [{**TABLE["contacts"][0], "hours": ["23:00-23:30"]}]}
    with a_team(tmp_path, major=only) as desk:
        asks(desk, "fire")
        assert waits(desk) == []


@given(
    st.integers(0, 366 * 24 * 60),
    st.integers(0, 23 * 60 + 59),
    st.integers(1, 12 * 60),
    st.sampled_from(["Europe/Rome", "Asia/Shanghai", "America/Los_Angeles", "Australia/Lord_Howe"]),
)
def test_hours_begin_within_a_day_and_not_before(minutes: int, opens: int, long: int, name: str) -> None:
    closes = (opens + long) % (24 * 60)
    text = f"{time(opens // 60, opens % 60):%H:%M}-{time(closes // 60, closes % 60):%H:%M}"
    contact: Any = Contact.model_validate(
        {"unit": "U", "name": "N", "addresses": ["n@x.example"], "hours": [text]}
    )
    duty, zone, now = Duty.of(1, contact), ZoneInfo(name), NIGHT + timedelta(minutes=minutes)
    begins = duty.begins_after(now, zone)
    assert begins is not None
    assert now < begins <= now + timedelta(hours=26)


def test_who_is_always_on_duty_begins_never() -> None:
    contact = Contact.model_validate({"unit": "U", "name": "N", "addresses": ["n@x.example"]})
    assert Duty.of(1, contact).begins_after(NIGHT, ZoneInfo("UTC")) is None
