"""Days on which the desk works, counted: when two of them have passed since a moment."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from bot.desk.calendars import Calendar
from bot.desk.sla import next_opening


def after(start: datetime, days: int, calendar: Calendar) -> datetime:
    """The moment, in UTC, at which ``days`` working days have passed since ``start``, at the same time of day:
    two days after Friday 15:00 is Tuesday 15:00. A working day is a date on which people work at all.

    What begins while nobody works begins when they next do, and what would end while nobody works ends when
    they next do. Raises ``CalendarError`` when nobody works in the next 30 years.
    """
    begins = next_opening(start, calendar).astimezone(calendar.zone)
    day = begins.date()
    for _ in range(days):
        day = (
            next_opening(_midnight(day + timedelta(days=1), calendar), calendar)
            .astimezone(calendar.zone)
            .date()
        )
    wall = datetime.combine(day, begins.time(), calendar.zone).astimezone(UTC)
    return next_opening(wall, calendar)


def _midnight(day: date, calendar: Calendar) -> datetime:
    return datetime.combine(day, time(), calendar.zone)
