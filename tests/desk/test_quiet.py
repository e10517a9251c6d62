"""The hours in which nothing automatic comes, on the clock of whoever would get it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config import Quiet
from bot.desk.milestones import awake_for
from bot.desk.quiet import last_waking, next_waking

ROME = ZoneInfo("Europe/Rome")
NIGHT = Quiet()
ZONES = st.sampled_from(
    [
        "Europe/Rome",
        "America/New_York",
        "Asia/Shanghai",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "America/Sao_Paulo",
        "Pacific/Chatham",
        "UTC",
    ]
).map(ZoneInfo)
TIMES = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))
QUIET = st.builds(lambda begins, ends: Quiet(begins=begins, ends=ends), TIMES, TIMES)
MOMENTS = st.integers(1_230_768_000, 2_082_758_400).map(lambda second: datetime.fromtimestamp(second, UTC))


def moment(wall: str, zone: ZoneInfo = ROME, fold: int = 0) -> datetime:
    """A moment by a clock on the wall."""
    return datetime.strptime(wall, "%Y-%m-%d %H:%M").replace(tzinfo=zone, fold=fold)


@given(MOMENTS, ZONES, QUIET)
def test_whatever_the_hours_and_the_zone_waking_is_soon_and_is_no_quiet_moment(
    now: datetime, zone: ZoneInfo, quiet: Quiet
) -> None:
    waking = next_waking(now, zone, quiet)
    if waking is None:
        assert last_waking(now, zone, quiet) == now
        return
    assert now < waking <= now + timedelta(hours=50)
    assert next_waking(waking, zone, quiet) is None
    before = last_waking(now, zone, quiet)
    assert now - timedelta(hours=50) < before < now
    assert next_waking(before, zone, quiet) is None


@given(MOMENTS, ZONES, QUIET, st.floats(0, 1))
def test_all_of_the_night_is_one_night(now: datetime, zone: ZoneInfo, quiet: Quiet, part: float) -> None:
    waking = next_waking(now, zone, quiet)
    if waking is None or any(
        (now + timedelta(days=d)).astimezone(zone).utcoffset() != now.astimezone(zone).utcoffset()
        for d in (-2, 2)
    ):
        return  # a change of the clocks may hold a waking moment that the wall has already shown
    between = now + (waking - now) * part
    assert next_waking(between, zone, quiet) in {waking, None if between == waking else waking}


@given(MOMENTS, ZONES, QUIET)
def test_without_quiet_hours_it_is_never_night(now: datetime, zone: ZoneInfo, quiet: Quiet) -> None:
    off = quiet.model_copy(update={"enabled": False})
    none = quiet.model_copy(update={"ends": quiet.begins})
    assert (next_waking(now, zone, off), next_waking(now, zone, none)) == (None, None)


@pytest.mark.parametrize(
    ("now", "waking"),
    [
        ("2026-03-02 21:00", "2026-03-03 08:00"),
        ("2026-03-02 23:59", "2026-03-03 08:00"),
        ("2026-03-03 00:00", "2026-03-03 08:00"),
        ("2026-03-03 07:59", "2026-03-03 08:00"),
    ],
)
def test_what_comes_at_night_waits_for_the_morning(now: str, waking: str) -> None:
    assert next_waking(moment(now), ROME, NIGHT) == moment(waking)


@pytest.mark.parametrize("now", ["2026-03-02 20:59", "2026-03-03 08:00", "2026-03-03 12:00"])
def test_what_comes_by_day_waits_for_nothing(now: str) -> None:
    assert next_waking(moment(now), ROME, NIGHT) is None


def test_an_end_that_the_clock_skips_is_when_the_skipped_hour_is_over() -> None:
    early = Quiet(begins="21:00", ends="02:30")
    assert next_waking(moment("2026-03-28 23:00"), ROME, early) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)


def test_in_a_repeated_hour_each_of_its_two_ends_counts() -> None:
    early = Quiet(begins="21:00", ends="02:30")
    first = next_waking(moment("2026-10-25 02:15"), ROME, early)
    second = next_waking(moment("2026-10-25 02:15", fold=1), ROME, early)
    assert (first, second) == (
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
    )


def test_a_day_that_a_whole_country_skipped_is_no_morning() -> None:
    apia = ZoneInfo("Pacific/Apia")  # no 30 December 2011: the date line moved
    waking = next_waking(moment("2011-12-29 22:00", apia), apia, NIGHT)
    assert waking == moment("2011-12-31 08:00", apia)


def test_the_last_waking_moment_before_a_night_is_the_minute_before_it_begins() -> None:
    assert last_waking(moment("2026-03-03 04:00"), ROME, NIGHT) == moment("2026-03-02 20:59")
    assert last_waking(moment("2026-03-03 12:00"), ROME, NIGHT) == moment("2026-03-03 12:00")


@given(
    wanted=MOMENTS,
    zone=ZONES,
    quiet=QUIET,
    left=st.integers(1, 60 * 72),
    ago=st.integers(0, 60 * 72),
    night=st.booleans(),
)
def test_word_of_a_delay_comes_at_night_only_when_the_promise_ends_before_the_morning(
    wanted: datetime, zone: ZoneInfo, quiet: Quiet, left: int, ago: int, *, night: bool
) -> None:
    ends, since = wanted + timedelta(minutes=left), wanted - timedelta(minutes=ago)
    at = awake_for(zone, quiet, since, night=night)(wanted, ends)
    morning = next_waking(wanted, zone, quiet)
    assert since <= at < ends  # always before the promise is broken
    if night or morning is None:
        assert at == wanted
    elif morning < ends:
        assert at == morning
    elif next_waking(at, zone, quiet) is not None:
        assert at == wanted  # at night: there is no morning before the end, and the evening was over
        assert last_waking(wanted, zone, quiet) - timedelta(minutes=15) < since
