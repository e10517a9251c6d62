"""When an agent works: their own hours, or the desk's, without the days on which they are away."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import Final, get_args
from zoneinfo import ZoneInfo

from bot import config
from bot.config.people import spell
from bot.desk import sla
from bot.desk.calendars import Calendar, DayTest, Hours, Week
from bot.errors import CalendarError

_MOST_DAYS: Final = 400
"""How far ahead is looked for a day on which somebody works."""


def check(key: str, section: config.Agent) -> None:
    """Raises ``CalendarError``, naming the key, when an agent's hours are none."""
    for day, texts in (section.hours or {}).items():
        for text in texts:
            try:
                Hours.parse(text)
            except CalendarError as error:
                raise CalendarError(f"agents.{key}.hours.{day}: {error}") from None
    if section.hours is not None and not any(section.hours.values()):
        raise CalendarError(
            f'agents.{key}.hours: no day has hours; write some like mon = ["09:00-13:00"], or leave the key out'
        )


def is_absent(section: config.Agent, now: datetime, home: str) -> bool:
    """Whether the agent is away on the day that it is where they are. ``home``: the desk's zone."""
    if not section.absent:
        return False
    today = now.astimezone(ZoneInfo(section.time_zone or home)).date()
    return any(first <= today <= last for first, last in map(spell, section.absent))


def next_work(section: config.Agent, now: datetime, calendar: Calendar, home: str) -> datetime | None:
    """The first moment from now on at which the agent works; ``now`` when they do. None: not soon.

    ``calendar``: the desk's, whose holidays are everybody's.
    """
    own = _calendar(section, calendar, home)
    moment = now
    for _ in range(_MOST_DAYS):
        try:
            moment = sla.next_opening(moment, own)
        except CalendarError:
            return None
        if not is_absent(section, moment, home):
            return moment
        here = moment.astimezone(ZoneInfo(section.time_zone or home))
        tomorrow = here.date() + timedelta(days=1)
        moment = max(
            datetime.combine(tomorrow, time(), here.tzinfo).astimezone(UTC), moment + timedelta(minutes=1)
        )
    return None


def _calendar(section: config.Agent, calendar: Calendar, home: str) -> Calendar:
    if section.hours is None:
        return calendar
    week = tuple(tuple(map(Hours.parse, section.hours.get(day, ()))) for day in get_args(config.Weekday))
    return _made(week, section.time_zone or home, calendar.is_holiday)


@lru_cache(maxsize=256)
def _made(week: Week, zone: str, is_holiday: DayTest) -> Calendar:
    """Kept, because a calendar keeps the years that it has laid out."""
    return Calendar(week, ZoneInfo(zone), is_holiday)
