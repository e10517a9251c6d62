"""Working days are dates on which the desk works, counted from the moment at which it next does."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import config
from bot.desk.calendars import Calendar
from bot.desk.sla import is_open, next_opening
from bot.desk.working_days import after

ROME = ZoneInfo("Europe/Rome")
OFFICE = Calendar.from_config(
    config.Calendar.model_validate(
        {
            "hours": {
                **{day: ["09:00-18:00"] for day in ("mon", "tue", "wed", "thu")},
                "fri": ["09:00-13:00"],
            },
            "closed": [date(2026, 4, 6)],
        }
    ),
    ROME,
)


def at(words: str) -> datetime:
    return datetime.strptime(words, "%Y-%m-%d %H:%M").replace(tzinfo=ROME)


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("2026-03-02 15:00", 2, "2026-03-04 15:00"),
        ("2026-03-05 10:00", 2, "2026-03-09 10:00"),
        ("2026-03-06 12:00", 1, "2026-03-09 12:00"),
        ("2026-03-05 17:00", 1, "2026-03-09 09:00"),  # closed on Friday at that time
        ("2026-03-07 20:00", 2, "2026-03-11 09:00"),  # begins on Monday
        ("2026-04-02 10:00", 2, "2026-04-07 10:00"),  # the Monday is closed
        ("2026-03-27 10:00", 1, "2026-03-30 10:00"),  # the clocks change between
        ("2026-03-02 15:00", 0, "2026-03-02 15:00"),
    ],
)
def test_days_without_work_do_not_count(start: str, days: int, end: str) -> None:
    assert after(at(start), days, OFFICE) == at(end)


_MOMENTS = st.integers(0, 6 * 366 * 1440).map(
    lambda minutes: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)


@given(_MOMENTS, st.integers(1, 8))
def test_so_many_working_dates_lie_between_and_the_end_is_working_time(start: datetime, days: int) -> None:
    end = after(start, days, OFFICE)
    assert is_open(end, OFFICE)
    first, last = next_opening(start, OFFICE).astimezone(ROME).date(), end.astimezone(ROME).date()
    between = (first + timedelta(days=n) for n in range(1, (last - first).days + 1))
    worked = [day for day in between if day.weekday() < 5 and day != date(2026, 4, 6)]
    assert len(worked) in {days, days + 1}  # one more when the day ends before that time


@given(_MOMENTS, st.timedeltas(timedelta(0), timedelta(days=9)), st.integers(1, 5), st.integers(0, 3))
def test_later_and_longer_never_end_earlier(start: datetime, by: timedelta, days: int, more: int) -> None:
    assert after(start, days, OFFICE) <= after(start + by, days + more, OFFICE)
