from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot import config
from bot.desk.calendars import Holidays
from bot.desk.sla import (
    ALWAYS,
    Calendar,
    Hours,
    Promise,
    due,
    is_open,
    next_opening,
    promise,
    remaining,
    worked,
)
from bot.errors import CalendarError

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def calendar(zone: str = "UTC", /, *closed: date, **hours: str) -> Calendar:
    section = config.Calendar.model_validate({"hours": hours, "closed": closed})
    return Calendar.from_config(section, ZoneInfo(zone))


def office(zone: str = "UTC", /, *closed: date) -> Calendar:
    return calendar(zone, *closed, **dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), "09:00-18:00"))


def every_day(hours: str, zone: str = "UTC", /, *closed: date) -> Calendar:
    return calendar(zone, *closed, **dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), hours))


def at(text: str, zone: str = "UTC", *, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


# Counting


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-03-02 10:00", 4, "2026-03-02 14:00"),
        ("2026-03-02 06:00", 4, "2026-03-02 13:00"),
        ("2026-03-02 17:00", 4, "2026-03-03 12:00"),
        ("2026-03-06 17:00", 4, "2026-03-09 12:00"),
        ("2026-03-07 12:00", 4, "2026-03-09 13:00"),
        ("2026-03-06 18:00", 4, "2026-03-09 13:00"),
        ("2026-03-02 09:00", 90, "2026-03-13 18:00"),
        ("2026-12-31 17:00", 2, "2027-01-01 10:00"),
        ("2026-12-31 10:00", 8, "2026-12-31 18:00"),
    ],
)
def test_targets_count_only_working_hours(start: str, hours: int, end: str) -> None:
    assert due(at(start), hours * HOUR, office()) == at(end)
    assert worked(at(start), at(end), office()) == hours * HOUR


def test_work_that_just_fits_is_due_at_closing_time() -> None:
    assert due(at("2026-03-06 14:00"), 4 * HOUR, office()) == at("2026-03-06 18:00")


def test_no_work_is_due_at_once_also_at_night() -> None:
    assert due(at("2026-03-07 03:00"), timedelta(0), office()) == at("2026-03-07 03:00")


def test_a_lunch_break_is_no_working_time() -> None:
    split = calendar(mon="09:00-13:00,14:00-18:00")
    assert due(at("2026-03-02 12:00"), 2 * HOUR, split) == at("2026-03-02 15:00")


def test_hours_that_overlap_count_once() -> None:
    double = calendar(mon="09:00-13:00,12:59-18:00,18:00-19:00")
    assert worked(at("2026-03-02 00:00"), at("2026-03-03 00:00"), double) == 10 * HOUR


def test_a_night_shift_ends_on_the_next_day() -> None:
    night = calendar(fri="22:00-06:00")
    assert due(at("2026-03-06 23:00"), 5 * HOUR, night) == at("2026-03-07 04:00")
    assert due(at("2026-03-07 05:00"), 2 * HOUR, night) == at("2026-03-13 23:00")
    assert not is_open(at("2026-03-06 05:00"), night)


def test_a_night_shift_of_new_years_eve_goes_on_in_the_new_year() -> None:
    night = every_day("22:00-06:00")
    assert worked(at("2026-12-31 12:00"), at("2027-01-01 12:00"), night) == 8 * HOUR


def test_the_clock_of_all_days_counts_the_time_that_passes() -> None:
    start = at("2026-03-28 23:17", "Europe/Rome")
    assert due(start, 100 * HOUR, ALWAYS) == start + 100 * HOUR
    assert due(start, 100 * HOUR, every_day("00:00-24:00", "Europe/Rome")) == start + 100 * HOUR


def test_time_runs_forward_only() -> None:
    assert worked(at("2026-03-03 10:00"), at("2026-03-02 10:00"), office()) == timedelta(0)
    with pytest.raises(CalendarError, match="negative"):
        due(at("2026-03-02 10:00"), -MINUTE, office())


def test_a_moment_without_a_time_zone_is_refused() -> None:
    with pytest.raises(TypeError, match="needs a time zone"):
        due(datetime(2026, 3, 2, 10), HOUR, office())  # noqa: DTZ001  the naive moment is the case


def test_any_time_zone_may_come_in_and_utc_goes_out() -> None:
    start = datetime(2026, 3, 2, 18, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert due(start, HOUR, office()).tzinfo is UTC
    assert due(start, HOUR, office()) == at("2026-03-02 11:00")


def test_opening_and_closing_moments() -> None:
    assert is_open(at("2026-03-02 09:00"), office())
    assert not is_open(at("2026-03-02 18:00"), office())
    assert next_opening(at("2026-03-02 12:34"), office()) == at("2026-03-02 12:34")
    assert next_opening(at("2026-03-06 18:00"), office()) == at("2026-03-09 09:00")
    assert next_opening(at("2026-12-31 20:00"), office()) == at("2027-01-01 09:00")


# Changes of the clocks


def test_hours_over_the_skipped_hour_are_an_hour_shorter() -> None:
    night = every_day("01:00-05:00", "Europe/Rome")
    assert (
        worked(at("2026-03-29 00:00", "Europe/Rome"), at("2026-03-29 12:00", "Europe/Rome"), night)
        == 3 * HOUR
    )


def test_hours_over_the_repeated_hour_are_an_hour_longer() -> None:
    night = every_day("01:00-05:00", "Europe/Rome")
    start, end = at("2026-10-25 00:00", "Europe/Rome"), at("2026-10-25 12:00", "Europe/Rome")
    assert worked(start, end, night) == 5 * HOUR
    assert due(start, 2 * HOUR, night) == at("2026-10-25 02:00", "Europe/Rome", fold=1)


def test_hours_that_begin_in_the_skipped_hour_begin_when_it_ends() -> None:
    assert next_opening(at("2026-03-29 00:00", "Europe/Rome"), every_day("02:30-05:00", "Europe/Rome")) == at(
        "2026-03-29 03:00", "Europe/Rome"
    )


def test_hours_that_lie_in_the_skipped_hour_are_left_out_that_day() -> None:
    assert next_opening(at("2026-03-29 00:00", "Europe/Rome"), every_day("02:10-02:50", "Europe/Rome")) == at(
        "2026-03-30 02:10", "Europe/Rome"
    )


def test_hours_that_end_in_the_repeated_hour_follow_the_clock_on_the_wall() -> None:
    night = every_day("01:00-02:30", "Europe/Rome")
    first = at("2026-10-25 02:15", "Europe/Rome")
    assert is_open(first, night)
    assert not is_open(first + 30 * MINUTE, night)  # 02:45, the first time
    assert is_open(first + 60 * MINUTE, night)  # 02:15 again
    assert not is_open(first + 90 * MINUTE, night)


def test_a_change_of_half_an_hour_is_counted_as_half_an_hour() -> None:
    zone = "Australia/Lord_Howe"
    night = every_day("01:00-05:00", zone)
    spring = worked(at("2026-10-04 00:00", zone), at("2026-10-04 12:00", zone), night)
    autumn = worked(at("2026-04-05 00:00", zone), at("2026-04-05 12:00", zone), night)
    assert (spring, autumn) == (3.5 * HOUR, 4.5 * HOUR)


def test_office_hours_keep_to_the_wall_over_a_change() -> None:
    rome = office("Europe/Rome")
    assert due(at("2026-03-27 17:00", "Europe/Rome"), 2 * HOUR, rome) == at("2026-03-30 10:00", "Europe/Rome")
    assert due(at("2026-10-23 17:00", "Europe/Rome"), 2 * HOUR, rome) == at("2026-10-26 10:00", "Europe/Rome")


def test_a_date_that_a_zone_left_out_has_no_hours() -> None:
    apia = every_day("09:00-17:00", "Pacific/Apia")  # 30 December 2011 was skipped
    assert next_opening(at("2011-12-29 17:00", "Pacific/Apia"), apia) == at(
        "2011-12-31 09:00", "Pacific/Apia"
    )


# Closed days


def test_nobody_works_on_a_closed_day() -> None:
    assert due(at("2026-03-02 17:00"), 2 * HOUR, office("UTC", date(2026, 3, 3))) == at("2026-03-04 10:00")


def test_a_closed_day_ends_the_night_shift_at_midnight_and_begins_none() -> None:
    night = every_day("22:00-06:00", "UTC", date(2026, 12, 25))
    assert worked(at("2026-12-24 12:00"), at("2026-12-27 00:00"), night) == 2 * HOUR + 2 * HOUR
    assert next_opening(at("2026-12-25 00:00"), night) == at("2026-12-26 22:00")


def test_public_holidays_of_the_country_and_its_part_are_closed() -> None:
    section = config.Calendar(country="IT", subdivision="RM")
    rome = Calendar.from_config(section, ZoneInfo("Europe/Rome"))
    assert due(at("2026-12-24 17:00", "Europe/Rome"), 2 * HOUR, rome) == at("2026-12-28 10:00", "Europe/Rome")
    assert next_opening(at("2026-06-29 08:00", "Europe/Rome"), rome) == at("2026-06-30 09:00", "Europe/Rome")
    china = Calendar.from_config(config.Calendar(country="cn"), ZoneInfo("Asia/Shanghai"))
    assert not is_open(at("2026-10-01 10:00", "Asia/Shanghai"), china)


def test_holidays_package_is_not_loaded_without_a_country() -> None:
    program = (
        "import sys; from zoneinfo import ZoneInfo; from bot import config; from bot.desk.sla import Calendar\n"
        "Calendar.from_config(config.Calendar(closed=['2026-01-01']), ZoneInfo('UTC')).year(2026)\n"
        "sys.exit('holidays' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


# What cannot be


def test_a_calendar_without_hours_says_what_to_write() -> None:
    with pytest.raises(CalendarError, match=r'calendar\.hours: .*mon = \["09:00-18:00"\]'):
        calendar()
    with pytest.raises(CalendarError, match=r"calendar\.hours"):
        calendar(mon="", tue="")
    with pytest.raises(CalendarError, match="7 days"):
        Calendar(((Hours(0, 60),),), ZoneInfo("UTC"))


def test_a_calendar_whose_days_are_all_closed_is_an_error_and_no_endless_search() -> None:
    closed = Calendar(office().week, ZoneInfo("UTC"), lambda _day: True)
    with pytest.raises(CalendarError, match="nobody works within 30 years after 2026-03-02"):
        due(at("2026-03-02 10:00"), HOUR, closed)
    with pytest.raises(CalendarError, match="nobody works"):
        next_opening(at("2026-03-02 10:00"), closed)
    assert worked(at("2026-03-02 10:00"), at("2027-03-02 10:00"), closed) == timedelta(0)
    assert due(at("2026-03-02 10:00"), timedelta(0), closed) == at("2026-03-02 10:00")


def test_a_target_of_more_than_thirty_years_is_an_error() -> None:
    with pytest.raises(CalendarError, match="30 years after 2026-03-02: make the target shorter"):
        due(at("2026-03-02 10:00"), timedelta(days=9000), office())
    with pytest.raises(CalendarError, match="30 years"):
        worked(at("2026-03-02 10:00"), at("2100-03-02 10:00"), office())


@pytest.mark.parametrize("year", [1, 9999])
def test_the_ends_of_time_are_an_error(year: int) -> None:
    edge = datetime(year, 1 if year == 1 else 12, 1 if year == 1 else 31, tzinfo=ZoneInfo("Asia/Shanghai"))
    with pytest.raises(CalendarError, match="cannot count in the year"):
        due(edge, HOUR, office())
    with pytest.raises(CalendarError, match="cannot count in the year"):
        due(datetime(9998, 12, 31, 20, tzinfo=UTC), 100 * HOUR, office())


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("9-18", 'write them like "09:00-18:00"'),
        ("nine to five", 'write them like "09:00-18:00"'),
        ("09:00-18:00-20:00", 'write them like "09:00-18:00"'),
        ("٠٩:٠٠-١٨:٠٠", 'write them like "09:00-18:00"'),
        ("09:60-18:00", "no such time"),
        ("24:00-06:00", "no such time"),
        ("09:00-24:01", "no such time"),
        ("09:00-09:00", 'for the whole day write "00:00-24:00"'),
    ],
)
def test_wrong_hours_name_their_key_and_what_to_write(text: str, advice: str) -> None:
    with pytest.raises(CalendarError) as caught:
        calendar(wed=text)
    assert str(caught.value).startswith("calendar.hours.wed: ")
    assert advice in str(caught.value)


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("09:00-18:00", Hours(540, 1080)),
        (" 9:00 – 18:30 ", Hours(540, 1110)),
        ("00:00-24:00", Hours(0, 1440)),
        ("22:00-06:00", Hours(1320, 1800)),
        ("22:00-00:00", Hours(1320, 1440)),
    ],
)
def test_hours_are_read_as_people_write_them(text: str, hours: Hours) -> None:
    assert Hours.parse(text) == hours


@pytest.mark.parametrize(("opens", "closes"), [(-1, 60), (60, 60), (60, 30), (1440, 1500), (60, 1501)])
def test_hours_that_make_no_sense_are_refused(opens: int, closes: int) -> None:
    with pytest.raises(CalendarError):
        Hours(opens, closes)


@pytest.mark.parametrize(
    ("country", "subdivision", "text"),
    [
        ("Italia", "", r'calendar\.country: .*"Italia"; write a two-letter code'),
        ("__doc__", "", r"calendar\.country: "),
        ("IT", "Atlantis", r'calendar\.subdivision: IT has no "Atlantis"; write one of AG, AL'),
        ("", "RM", r'calendar\.subdivision: it needs calendar\.country; write country = "IT"'),
    ],
)
def test_an_unknown_country_or_part_says_what_to_write(country: str, subdivision: str, text: str) -> None:
    with pytest.raises(CalendarError, match=text):
        Calendar.from_config(config.Calendar(country=country, subdivision=subdivision), ZoneInfo("UTC"))


def test_equal_holidays_are_equal() -> None:
    assert Holidays("IT") == Holidays("IT") != Holidays("CN")


# Promises


def test_a_business_promise_waits_for_working_hours() -> None:
    priority = config.Config().priorities["P3"]
    assert promise(priority, at("2026-03-06 17:00"), office()) == Promise(
        first_response_at=at("2026-03-09 12:00"), resolution_at=at("2026-03-11 17:00")
    )


def test_a_calendar_promise_does_not_wait() -> None:
    priority = config.Config().priorities["P1"]
    assert promise(priority, at("2026-03-07 03:00"), office()) == Promise(
        first_response_at=at("2026-03-07 03:15"), resolution_at=at("2026-03-07 07:00")
    )


def test_a_pause_moves_the_promise_by_working_time() -> None:
    start, paused, resumed = at("2026-03-02 10:00"), at("2026-03-02 12:00"), at("2026-03-04 17:00")
    left = remaining(4 * HOUR, start, paused, office())
    assert left == 2 * HOUR
    assert due(resumed, left, office()) == at("2026-03-05 10:00")
    assert remaining(HOUR, start, paused, office()) == timedelta(0)
