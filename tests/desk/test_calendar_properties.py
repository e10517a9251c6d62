"""Laws of working time, and the whole of it held against a clock on the wall that is read minute by minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.desk.calendars import Calendar, Hours, never
from bot.desk.sla import ALWAYS, due, is_open, next_opening, remaining, worked

ZONES = ("Europe/Rome", "America/St_Johns", "Australia/Lord_Howe", "Asia/Shanghai", "UTC")
MINUTE = timedelta(minutes=1)

CHANGES = (
    datetime(2026, 3, 29, 1, tzinfo=UTC),  # Rome, forward
    datetime(2026, 10, 25, 1, tzinfo=UTC),  # Rome, back
    datetime(2026, 3, 8, 5, 30, tzinfo=UTC),  # St John's, forward
    datetime(2026, 11, 1, 4, 30, tzinfo=UTC),  # St John's, back
    datetime(2026, 4, 4, 15, tzinfo=UTC),  # Lord Howe, back by half an hour
    datetime(2026, 10, 3, 15, 30, tzinfo=UTC),  # Lord Howe, forward by half an hour
    datetime(2027, 1, 1, tzinfo=UTC),
)


def every_tenth_day(day: date) -> bool:
    return day.day % 10 == 3


def around_the_changes(day: date) -> bool:
    return day in {date(2026, 3, 29), date(2026, 10, 24), date(2026, 11, 1), date(2027, 1, 1)}


hours = st.builds(
    lambda opens, length: Hours(opens, opens + length), st.integers(0, 1439), st.integers(60, 1440)
)
week = st.lists(st.lists(hours, max_size=3).map(tuple), min_size=7, max_size=7).map(tuple).filter(any)
usual = st.sampled_from(
    [
        ((Hours(540, 1080),),) * 5 + ((), ()),
        ((Hours(540, 780), Hours(840, 1080)),) * 7,
        ((Hours(1320, 1800),),) * 7,
        ((Hours(90, 150),),) * 7,
        ((Hours(0, 1440),),) * 7,
        ((),) * 6 + ((Hours(1439, 1500),),),
    ]
)
calendars = st.builds(
    Calendar,
    usual | week,
    st.sampled_from(ZONES).map(ZoneInfo),
    st.sampled_from([never, every_tenth_day, around_the_changes]),
)
near_changes = st.builds(
    lambda change, minutes: change + minutes * MINUTE, st.sampled_from(CHANGES), st.integers(-3000, 3000)
)


def between(first: int, last: int) -> st.SearchStrategy[datetime]:
    """Moments from the beginning of one year to the beginning of another, to the microsecond."""
    start, end = datetime(first, 1, 1, tzinfo=UTC), datetime(last, 1, 1, tzinfo=UTC)
    return st.timedeltas(timedelta(0), end - start).map(lambda passed: start + passed)


moments = near_changes | between(1971, 2150)
far = between(3, 9900)
works = st.timedeltas(timedelta(0), timedelta(hours=30))


def reads_open(moment: datetime, calendar: Calendar) -> bool:
    """What somebody says who looks at the clock on the wall and at the list of hours."""
    wall = moment.astimezone(calendar.zone)
    today, yesterday = wall.date(), wall.date() - timedelta(days=1)
    minute = wall.hour * 60 + wall.minute
    if calendar.is_holiday(today):
        return False
    if any(h.opens <= minute < h.closes for h in calendar.week[today.weekday()]):
        return True
    if calendar.is_holiday(yesterday):
        return False
    return any(minute + 1440 < h.closes for h in calendar.week[yesterday.weekday()])


@given(calendars, moments)
def test_a_calendar_is_open_exactly_when_the_clock_on_the_wall_says_so(
    calendar: Calendar, moment: datetime
) -> None:
    assert is_open(moment, calendar) == reads_open(moment, calendar)


@settings(max_examples=60)
@given(calendars, near_changes, st.integers(0, 2000))
def test_working_time_is_the_sum_of_the_open_minutes(
    calendar: Calendar, start: datetime, minutes: int
) -> None:
    open_minutes = sum(reads_open(start + n * MINUTE, calendar) for n in range(minutes))
    assert worked(start, start + minutes * MINUTE, calendar) == open_minutes * MINUTE


@given(calendars, moments, works)
def test_nothing_is_due_before_its_start(calendar: Calendar, start: datetime, work: timedelta) -> None:
    assert due(start, work, calendar) >= start + work


@given(calendars, moments, works)
def test_worked_is_the_inverse_of_due(calendar: Calendar, start: datetime, work: timedelta) -> None:
    assert worked(start, due(start, work, calendar), calendar) == work


@given(calendars, moments, st.timedeltas(timedelta(0), timedelta(days=40)))
def test_due_is_the_first_moment_of_its_kind(calendar: Calendar, start: datetime, time: timedelta) -> None:
    end = start + time
    first = due(start, worked(start, end, calendar), calendar)
    assert first <= end
    assert worked(first, end, calendar) == timedelta(0)


@given(calendars, moments, works, works)
def test_targets_add_up(calendar: Calendar, start: datetime, one: timedelta, two: timedelta) -> None:
    assert due(due(start, one, calendar), two, calendar) == due(start, one + two, calendar)


@given(calendars, st.lists(moments, min_size=3, max_size=3).map(sorted))
def test_working_time_adds_up_over_any_split(calendar: Calendar, three: list[datetime]) -> None:
    start = three[0]
    middle = start + (three[1] - start) % timedelta(days=900)
    end = middle + (three[2] - three[1]) % timedelta(days=900)
    parts = worked(start, middle, calendar) + worked(middle, end, calendar)
    assert parts == worked(start, end, calendar) <= end - start


@given(calendars, moments, works, works)
def test_more_work_is_never_due_earlier(
    calendar: Calendar, start: datetime, one: timedelta, two: timedelta
) -> None:
    assert due(start, min(one, two), calendar) <= due(start, max(one, two), calendar)


@given(calendars, moments, st.timedeltas(timedelta(0), timedelta(days=9)), works)
def test_a_later_start_is_never_due_earlier(
    calendar: Calendar, start: datetime, later: timedelta, work: timedelta
) -> None:
    assert due(start, work, calendar) <= due(start + later, work, calendar)


@given(calendars, moments)
def test_the_next_opening_is_the_first_open_moment(calendar: Calendar, moment: datetime) -> None:
    opening = next_opening(moment, calendar)
    assert is_open(opening, calendar)
    assert opening >= moment
    assert worked(moment, opening, calendar) == timedelta(0)
    assert (opening == moment) == is_open(moment, calendar)


@given(calendars, moments, works, st.timedeltas(timedelta(0), timedelta(days=20)))
def test_a_pause_of_no_length_changes_nothing(
    calendar: Calendar, start: datetime, work: timedelta, time: timedelta
) -> None:
    left = remaining(work, start, start + time, calendar)
    if left:
        assert due(start + time, left, calendar) == due(start, work, calendar)


@given(st.sampled_from(ZONES).map(ZoneInfo), moments, works)
def test_open_all_day_means_the_time_that_passes(zone: ZoneInfo, start: datetime, work: timedelta) -> None:
    all_day = Calendar(ALWAYS.week, zone)
    assert due(start, work, all_day) == due(start, work, ALWAYS) == start + work


@settings(max_examples=50)
@given(calendars, far, works)
def test_far_years_follow_the_same_laws(calendar: Calendar, start: datetime, work: timedelta) -> None:
    end = due(start, work, calendar)
    assert end >= start + work
    assert worked(start, end, calendar) == work
    assert is_open(start, calendar) == reads_open(start, calendar)
