"""Moments and durations in the words of a person's language and the hours of their time zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from babel.core import Locale
from babel.dates import format_date, format_timedelta, get_timezone_location
from jinja2 import Undefined, pass_context
from jinja2.runtime import Context

from bot.errors import TemplateError

SETTING: Final = " setting"
"""Where a rendering keeps its ``Setting``: a name that no template can say."""


@dataclass(frozen=True, slots=True)
class Setting:
    """For whom, and when, a text is made."""

    locale: str
    zone: str
    """The person's IANA time zone."""
    now: datetime
    desk_zone: str = ""
    """The zone is named in the text when it is not the desk's, or is UTC, where nobody lives."""


@dataclass(frozen=True, slots=True)
class _Words:
    today: str
    tomorrow: str
    soon: str
    """Within the next six days."""
    date: str
    yesterday: str = ""


_BEFORE: Final = {
    "en": _Words(
        "today before {time}", "tomorrow before {time}", "before {weekday} {time}", "before {date}, {time}"
    ),
    "it": _Words(
        "oggi entro le {time}",
        "domani entro le {time}",
        "entro le {time} di {weekday}",
        "entro le {time} di {date}",
    ),
    "zh": _Words("今天 {time} 之前", "明天 {time} 之前", "{weekday} {time} 之前", "{date}{time} 之前"),
}
_AT: Final = {
    "en": _Words("today at {time}", "tomorrow at {time}", "{weekday} at {time}", "{date} at {time}", "yesterday at {time}"),
    "it": _Words("oggi alle {time}", "domani alle {time}", "{weekday} alle {time}", "{date} alle {time}", "ieri alle {time}"),
    "zh": _Words("今天 {time}", "明天 {time}", "{weekday} {time}", "{date}{time}", "昨天 {time}"),
}  # fmt: skip
_DATE: Final = {
    "en": ("EEEE, d MMMM", "EEEE, d MMMM y"),
    "it": ("EEEE d MMMM", "EEEE d MMMM y"),
    "zh": ("M月d日（EEEE）", "y年M月d日（EEEE）"),
}
_ZONE: Final = {"en": " ({city} time)", "it": " (ora di {city})", "zh": "（{city}时间）"}
_Unit = Literal["day", "hour", "minute"]
_AND: Final = {"en": " ", "it": " e ", "zh": ""}


def read(value: Any) -> datetime:
    """A moment as notices keep it: ISO 8601 with an offset."""
    if isinstance(value, Undefined):
        str(value)
    if not isinstance(value, str):
        raise TemplateError(f"a {type(value).__name__} is no moment; ask with {{% if %}} first")
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise TemplateError(f"{value[:40]!r} is no moment in ISO 8601") from None
    if moment.tzinfo is None:
        raise TemplateError(f"the moment {value[:40]!r} has no offset")
    return moment


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        return None


@lru_cache(maxsize=512)
def _day(locale: str, day: date, *, year: bool) -> str:
    return format_date(day, _DATE[locale][year], locale=locale)


@lru_cache(maxsize=64)
def _weekday(locale: str, weekday: int, *, next_week: bool) -> str:
    if locale == "zh":  # 周二 alone may mean the one that has passed
        return ("下周" if next_week else "本周") + "一二三四五六日"[weekday]
    return str(Locale.parse(locale).days["format"]["wide"][weekday])


@lru_cache(maxsize=256)
def _place(locale: str, zone: str) -> str:
    if _zone(zone) is None or zone in {"UTC", "Etc/UTC", "Etc/GMT", "GMT"}:
        return "（UTC）" if locale == "zh" else " (UTC)"
    try:
        city = get_timezone_location(zone, locale=locale, return_city=True)
    except (LookupError, ValueError):
        city = zone
    return _ZONE[locale].format(city=city)


def _words(moment: datetime, setting: Setting, table: dict[str, _Words]) -> str:
    locale = setting.locale if setting.locale in table else "en"
    zone = _zone(setting.zone) or UTC
    local, today = moment.astimezone(zone), setting.now.astimezone(zone).date()
    day = local.date()
    away = (day - today).days
    words = table[locale]
    if away == 0:
        pattern = words.today
    elif away == 1:
        pattern = words.tomorrow
    elif 1 < away < 7:
        pattern = words.soon
    elif away == -1 and words.yesterday:
        pattern = words.yesterday
    else:
        pattern = words.date
    next_week = day.isocalendar()[:2] != today.isocalendar()[:2]
    text = pattern.format(
        time=f"{local:%H:%M}",
        weekday=_weekday(locale, day.weekday(), next_week=next_week) if pattern is words.soon else "",
        date=_day(locale, day, year=day.year != today.year) if pattern is words.date else "",
    )
    if setting.zone != setting.desk_zone or zone is UTC or setting.zone == "UTC":
        text += _place(locale, setting.zone)
    return text


def _setting(context: Context) -> Setting:
    setting = context.parent[SETTING]
    if not isinstance(setting, Setting):
        raise TemplateError("there is no time zone here")
    return setting


def language_of(context: Context) -> str:
    """The language that a text is made in."""
    return _setting(context).locale


@pass_context
def before(context: Context, value: Any) -> str:
    """A deadline: "today before 16:40", "before Tuesday 10:40"."""
    return _words(read(value), _setting(context), _BEFORE)


@pass_context
def when(context: Context, value: Any) -> str:
    """A moment: "yesterday at 9:15", "Tuesday, 14 October at 10:40"."""
    return _words(read(value), _setting(context), _AT)


def said_before(moment: datetime, setting: Setting) -> str:
    """A deadline in words."""
    return _words(moment, setting, _BEFORE)


def said_when(moment: datetime, setting: Setting) -> str:
    """A moment in words."""
    return _words(moment, setting, _AT)


@pass_context
def future(context: Context, value: Any) -> bool:
    """Whether a moment is known and still to come."""
    return value is not None and read(value) > _setting(context).now


@pass_context
def duration(context: Context, value: Any) -> str:
    """Seconds in words, in the two largest units, at least a minute."""
    if isinstance(value, Undefined):
        str(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 10**10:
        raise TemplateError("a duration is a number of seconds")
    return _duration(_setting(context).locale, max(int(value) // 60, 1))


@lru_cache(maxsize=512)
def _duration(locale: str, minutes: int) -> str:
    locale = locale if locale in _AND else "en"
    days, rest = divmod(minutes, 24 * 60)
    units: tuple[tuple[_Unit, timedelta], ...] = (
        ("day", timedelta(days=days)),
        ("hour", timedelta(hours=rest // 60)),
        ("minute", timedelta(minutes=rest % 60)),
    )
    first = next(i for i, (_, amount) in enumerate(units) if amount)
    # No unit reaches the threshold, so each amount is said in the unit that is asked for.
    said = [
        format_timedelta(amount, granularity=unit, threshold=10**9, locale=locale)
        for unit, amount in units[first : first + 2]
        if amount
    ]
    return _AND[locale].join(said)
