"""Working time around pauses: each law held for all calendars, also where clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.desk.calendars import ALWAYS, Calendar, Hours, never
from bot.desk.sla import Stretch, due, due_with_pauses, is_open, next_opening, worked, worked_with_pauses
from tests.desk.test_calendar_properties import MINUTE, calendars, moments, works

ROME = ZoneInfo("Europe/Rome")
OFFICE = Calendar(((Hours(540, 1080),),) * 5 + ((), ()), ROME, never)
HOUR = timedelta(hours=1)

spans = st.timedeltas(timedelta(0), timedelta(days=4))


@st.composite
def paused(draw: st.DrawFn, *, open_end: bool = False) -> tuple[datetime, list[Stretch]]:
    """A beginning, and pauses that are in order and do not overlap; the last may still run."""
    start = draw(moments)
    at = start + draw(spans) - timedelta(days=1)  # also a pause before the beginning
    pauses: list[Stretch] = []
    for away, stands in draw(st.lists(st.tuples(spans, spans), max_size=4)):
        pauses.append((at + away, at + away + stands))
        at += away + stands
    if open_end and draw(st.booleans()):
        pauses.append((at + draw(spans), None))
    return start, pauses


def at(words: str) -> datetime:
    return datetime.strptime(words, "%Y-%m-%d %H:%M").replace(tzinfo=ROME).astimezone(UTC)


@given(calendars, paused(), works)
def test_what_was_worked_until_it_is_due_is_the_work(
    calendar: Calendar, times: tuple[datetime, list[Stretch]], work: timedelta
) -> None:
    start, pauses = times
    end = due_with_pauses(start, work, calendar, pauses)
    assert end is not None
    assert worked_with_pauses(start, end, calendar, pauses) == work


@given(calendars, paused(open_end=True), spans)
def test_due_is_the_first_moment_at_which_so_much_was_worked(
    calendar: Calendar, times: tuple[datetime, list[Stretch]], time: timedelta
) -> None:
    start, pauses = times
    end = start + time
    first = due_with_pauses(start, worked_with_pauses(start, end, calendar, pauses), calendar, pauses)
    assert first is not None
    assert first <= end
    assert worked_with_pauses(first, end, calendar, pauses) == timedelta(0)


@given(calendars, paused(), works, works)
def test_more_work_is_never_due_earlier(
    calendar: Calendar, times: tuple[datetime, list[Stretch]], one: timedelta, more: timedelta
) -> None:
    start, pauses = times
    first = due_with_pauses(start, one, calendar, pauses)
    later = due_with_pauses(start, one + more, calendar, pauses)
    assert first is not None and later is not None  # noqa: PT018  # one fact for the type checker
    assert first <= later


@given(calendars, paused(), works)
def test_a_pause_makes_nothing_due_earlier(
    calendar: Calendar, times: tuple[datetime, list[Stretch]], work: timedelta
) -> None:
    start, pauses = times
    for n in range(len(pauses)):
        fewer, more = (due_with_pauses(start, work, calendar, pauses[:m]) for m in (n, n + 1))
        assert fewer is not None and more is not None  # noqa: PT018  # one fact for the type checker
        assert due(start, work, calendar) <= fewer <= more


@given(calendars, paused(open_end=True), spans)
def test_the_time_that_pauses_take_is_never_negative_and_never_more_than_there_was(
    calendar: Calendar, times: tuple[datetime, list[Stretch]], time: timedelta
) -> None:
    start, pauses = times
    went = worked_with_pauses(start, start + time, calendar, pauses)
    assert timedelta(0) <= went <= worked(start, start + time, calendar)


@given(calendars, moments, works, st.floats(0, 1), st.floats(0, 1))
def test_a_pause_while_nobody_works_changes_nothing(
    calendar: Calendar, start: datetime, work: timedelta, one: float, other: float
) -> None:
    assume(not is_open(start, calendar))
    closed = next_opening(start, calendar) - start
    began, ended = sorted((start + closed * one, start + closed * other))
    assert due_with_pauses(start, work, calendar, [(began, ended)]) == due(start, work, calendar)


@given(calendars, paused(), works)
def test_a_pause_without_end_stops_only_what_is_not_yet_due(
    calendar: Calendar, times: tuple[datetime, list[Stretch]], work: timedelta
) -> None:
    start, pauses = times
    end = due_with_pauses(start, work, calendar, pauses)
    assert end is not None
    last = max([end, *(ended for _, ended in pauses if ended)])
    assert due_with_pauses(start, work, calendar, [*pauses, (last, None)]) == end
    if not pauses and (went := worked(start, end - MINUTE, calendar)) < work and end - MINUTE > start:
        assert went < work
        assert due_with_pauses(start, work, calendar, [(end - MINUTE, None)]) is None


@given(paused(), works)
def test_on_calendar_time_pauses_simply_add_up(
    times: tuple[datetime, list[Stretch]], work: timedelta
) -> None:
    start, pauses = times
    end = due_with_pauses(start, work, ALWAYS, pauses)
    assert end is not None
    stood = sum(
        (
            min(ended, end) - max(began, start)
            for began, ended in pauses
            if ended and ended > start and began < end
        ),
        timedelta(0),
    )
    assert end == start + work + stood


@pytest.mark.parametrize(
    ("start", "work", "pauses", "wanted"),
    [
        ("2026-03-02 09:30", 4, [("2026-03-02 10:00", "2026-03-02 11:00")], "2026-03-02 14:30"),
        ("2026-03-02 09:30", 4, [("2026-03-02 10:00", "2026-03-03 10:00")], "2026-03-03 13:30"),
        # a night and a weekend that it waits cost nothing
        ("2026-03-06 17:00", 4, [("2026-03-06 18:00", "2026-03-09 09:00")], "2026-03-09 12:00"),
        # the clocks go forward on Sunday 29 March: the same hours on the wall
        ("2026-03-27 17:00", 2, [("2026-03-27 17:30", "2026-03-30 09:30")], "2026-03-30 11:00"),
        # it was due at 13:30, so a pause from then on is too late
        ("2026-03-02 09:30", 4, [("2026-03-02 13:30", "2026-03-05 09:00")], "2026-03-02 13:30"),
    ],
)
def test_moments_of_a_desk_in_rome(start: str, work: int, pauses: list[tuple[str, str]], wanted: str) -> None:
    stretches: list[Stretch] = [(at(began), at(ended)) for began, ended in pauses]
    assert due_with_pauses(at(start), work * HOUR, OFFICE, stretches) == at(wanted)


def test_a_holiday_in_a_pause_is_not_counted_twice() -> None:
    closed = Calendar(OFFICE.week, ROME, lambda day: day == at("2026-03-03 12:00").date())
    pause: list[Stretch] = [(at("2026-03-02 12:00"), at("2026-03-04 12:00"))]
    assert due_with_pauses(at("2026-03-02 09:00"), 6 * HOUR, closed, pause) == at("2026-03-04 15:00")
    assert worked_with_pauses(at("2026-03-02 09:00"), at("2026-03-04 15:00"), closed, pause) == 6 * HOUR
