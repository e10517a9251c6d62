"""Deadlines and durations in the words of three languages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import TemplateError
from bot.render.environment import Sandbox
from bot.render.moments import SETTING, Setting, read

NOON = datetime(2026, 3, 10, 11, 0, tzinfo=UTC)  # a Tuesday, 12:00 in Rome


PLAIN = Sandbox(markdown=True)
PLAIN.finalize = None  # words as they come, not in slots
TEMPLATES = {name: PLAIN.make(f"{{{{ value | {name} }}}}") for name in ("before", "when", "duration")}


def say(
    name: str,
    value: Any,
    locale: str = "en",
    zone: str = "Europe/Rome",
    desk_zone: str | None = None,
    now: datetime = NOON,
) -> str:
    setting = Setting(locale, zone, now, zone if desk_zone is None else desk_zone)
    return PLAIN.write(TEMPLATES[name], {"value": value, SETTING: setting})


@pytest.mark.parametrize(
    ("moment", "en", "it", "zh"),
    [
        ("2026-03-10T15:40:59+00:00", "today before 16:40", "oggi entro le 16:40", "今天 16:40 之前"),
        ("2026-03-11T09:40:00+00:00", "tomorrow before 10:40", "domani entro le 10:40", "明天 10:40 之前"),
        (
            "2026-03-13T09:40:00+00:00",
            "before Friday 10:40",
            "entro le 10:40 di venerdì",
            "本周五 10:40 之前",
        ),
        ("2026-03-16T09:40:00+00:00", "before Monday 10:40", "entro le 10:40 di lunedì", "下周一 10:40 之前"),
        (
            "2026-03-17T09:40:00+00:00",
            "before Tuesday, 17 March, 10:40",
            "entro le 10:40 di martedì 17 marzo",
            "3月17日（星期二）10:40 之前",
        ),
        (
            "2027-01-04T09:40:00+00:00",
            "before Monday, 4 January 2027, 10:40",
            "entro le 10:40 di lunedì 4 gennaio 2027",
            "2027年1月4日（星期一）10:40 之前",
        ),
    ],
)
def test_a_deadline_is_said_as_people_say_it(moment: str, en: str, it: str, zh: str) -> None:
    assert say("before", moment, "en") == en
    assert say("before", moment, "it") == it
    assert say("before", moment, "zh") == zh


@pytest.mark.parametrize(
    ("moment", "en", "it", "zh"),
    [
        ("2026-03-10T08:02:00+00:00", "today at 09:02", "oggi alle 09:02", "今天 09:02"),
        ("2026-03-09T08:02:00+00:00", "yesterday at 09:02", "ieri alle 09:02", "昨天 09:02"),
        (
            "2026-03-06T08:02:00+00:00",
            "Friday, 6 March at 09:02",
            "venerdì 6 marzo alle 09:02",
            "3月6日（星期五）09:02",
        ),
    ],
)
def test_a_moment_that_has_passed_is_said_as_people_say_it(moment: str, en: str, it: str, zh: str) -> None:
    assert (say("when", moment, "en"), say("when", moment, "it"), say("when", moment, "zh")) == (en, it, zh)


@pytest.mark.parametrize(
    ("zone", "desk", "en"),
    [
        ("Asia/Shanghai", "Europe/Rome", "today before 23:40 (Shanghai time)"),
        ("America/New_York", "Europe/Rome", "today before 11:40 (New York time)"),
        ("Europe/Rome", "Europe/Rome", "today before 16:40"),
        ("Europe/Rome", "", "today before 16:40 (Rome time)"),
        ("UTC", "UTC", "today before 15:40 (UTC)"),
        ("No/Such", "Europe/Rome", "today before 15:40 (UTC)"),
        ("../../etc/passwd", "Europe/Rome", "today before 15:40 (UTC)"),
        ("Asia/Tokyo", "Europe/Rome", "tomorrow before 00:40 (Tokyo time)"),
    ],
)
def test_the_zone_is_named_when_it_is_not_the_desks_own(zone: str, desk: str, en: str) -> None:
    assert say("before", "2026-03-10T15:40:00+00:00", zone=zone, desk_zone=desk) == en


def test_the_zone_is_named_in_the_persons_language() -> None:
    moment = "2026-03-10T15:40:00+00:00"
    assert say("before", moment, "it", "Europe/Rome", desk_zone="UTC") == "oggi entro le 16:40 (ora di Roma)"
    assert say("before", moment, "zh", "Asia/Shanghai", desk_zone="UTC") == "今天 23:40 之前（上海时间）"


def test_today_is_the_persons_today_and_not_that_of_the_server() -> None:
    late = datetime(2026, 3, 10, 23, 30, tzinfo=UTC)  # already Wednesday in Rome
    assert say("before", "2026-03-11T09:40:00+00:00", now=late) == "today before 10:40"


def test_the_hour_that_summer_time_skips_is_told_by_the_new_clock() -> None:
    before_the_change = datetime(2026, 3, 28, 12, 0, tzinfo=UTC)
    assert say("before", "2026-03-29T01:30:00+00:00", now=before_the_change) == "tomorrow before 03:30"


@pytest.mark.parametrize(
    ("seconds", "en", "it", "zh"),
    [
        (0, "1 minute", "1 minuto", "1分钟"),
        (1800, "30 minutes", "30 minuti", "30分钟"),
        (5400, "1 hour 30 minutes", "1 ora e 30 minuti", "1小时30分钟"),
        (14400, "4 hours", "4 ore", "4小时"),
        (86400 * 10 + 3600, "10 days 1 hour", "10 giorni e 1 ora", "10天1小时"),
        (86400 + 60, "1 day", "1 giorno", "1天"),
    ],
)
def test_a_duration_is_said_in_its_two_largest_units(seconds: int, en: str, it: str, zh: str) -> None:
    assert (
        say("duration", seconds, "en"),
        say("duration", seconds, "it"),
        say("duration", seconds, "zh"),
    ) == (en, it, zh)


@pytest.mark.parametrize("value", ["", "tomorrow", "2026-03-10T15:40:00", None, 7, True, [], "9" * 100])
def test_what_is_no_moment_is_an_error(value: Any) -> None:
    with pytest.raises(TemplateError):
        read(value)


@pytest.mark.parametrize("value", [-1, 10**11, "3", None, True])
def test_what_is_no_duration_is_an_error(value: Any) -> None:
    with pytest.raises(TemplateError):
        say("duration", value)


@given(
    st.timedeltas(timedelta(0), timedelta(days=800)),
    st.sampled_from(["en", "it", "zh"]),
    st.sampled_from(["Europe/Rome", "Asia/Shanghai", "America/New_York", "Australia/Lord_Howe", "UTC"]),
)
def test_every_deadline_can_be_said_and_tells_the_local_hour(
    ahead: timedelta, locale: str, zone: str
) -> None:
    moment = NOON + ahead
    said = say("before", moment.isoformat(), locale, zone)
    assert f"{moment.astimezone(ZoneInfo(zone)):%H:%M}" in said
    assert "{" not in said
