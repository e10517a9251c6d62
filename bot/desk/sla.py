"""When an answer is due: moments counted in working time.

``due`` and ``worked`` are each other's inverse. Both count the real time that passes while a calendar is
open; what "open" means, also where the clocks change, is said in ``calendars.py``. ``due_with_pauses`` and
``worked_with_pauses`` leave out the time in which a clock stood still.

Moments must be aware (a naive one raises ``TypeError``); those given back are UTC. All of this is pure, and
costs a few microseconds once the calendar has laid out the year.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from bot import config
from bot.desk.calendars import ALWAYS, Calendar, Hours, to_microseconds, to_moment
from bot.errors import CalendarError

__all__ = [
    "ALWAYS",
    "HORIZON_YEARS",
    "Calendar",
    "Hours",
    "Promise",
    "Stretch",
    "due",
    "due_with_pauses",
    "is_open",
    "next_opening",
    "promise",
    "remaining",
    "worked",
    "worked_with_pauses",
]

HORIZON_YEARS: Final = 30
"""How far a calculation looks. What is not due by then is a mistake in the configuration."""

_MICROSECOND: Final = timedelta(microseconds=1)

Stretch = tuple[datetime, datetime | None]
"""From when to when a clock stood still; None: it does so now, and nobody knows for how long."""


@dataclass(frozen=True, slots=True)
class Promise:
    """The moments that a ticket's priority promises, in UTC."""

    first_response_at: datetime
    resolution_at: datetime


def promise(priority: config.Priority, start: datetime, calendar: Calendar) -> Promise:
    """What a ticket that came at ``start`` is promised; a priority on calendar time never stops counting."""
    clock = ALWAYS if priority.clock == "calendar" else calendar
    return Promise(
        first_response_at=due(start, priority.first_response, clock),
        resolution_at=due(start, priority.resolution, clock),
    )


def due(start: datetime, work: timedelta, calendar: Calendar) -> datetime:
    """The first moment at which ``work`` of working time has passed since ``start``.

    So no work is due at once, also at night, and work that just fits is due at closing time and not at the
    next opening. Raises ``CalendarError`` when ``work`` is negative or takes more than 30 years.
    """
    start = _utc(start)
    left = work // _MICROSECOND
    if left < 0:
        raise CalendarError(f"a target cannot be negative: {work}")
    if not left:
        return start
    number = start.year
    year = calendar.year(number)
    left += year.before(to_microseconds(start))
    while left > year.total:
        left -= year.total
        number += 1
        if number > start.year + HORIZON_YEARS:
            next_opening(start, calendar)  # when nobody ever works, say that
            raise _too_far(start, f"{work} of working time is not over", "make the target shorter")
        year = calendar.year(number)
    i = bisect_left(year.done, left)
    return to_moment(year.closes[i] - year.done[i] + left)


def worked(start: datetime, end: datetime, calendar: Calendar) -> timedelta:
    """The working time between two moments; none when ``end`` is not after ``start``.

    Raises ``CalendarError`` when more than 30 years lie between.
    """
    start, end = _utc(start), _utc(end)
    if end <= start:
        return timedelta(0)
    if end.year > start.year + HORIZON_YEARS:
        raise _too_far(start, f"{end:%Y-%m-%d} is not reached", "look at the dates")
    total = sum(calendar.year(number).total for number in range(start.year, end.year))
    total -= calendar.year(start.year).before(to_microseconds(start))
    total += calendar.year(end.year).before(to_microseconds(end))
    return timedelta(microseconds=total)


def due_with_pauses(
    start: datetime, work: timedelta, calendar: Calendar, pauses: Sequence[Stretch]
) -> datetime | None:
    """The first moment at which ``work`` of working time outside the pauses has passed since ``start``; None
    while a pause without an end stops the clock before.

    ``pauses`` are in order and do not overlap. Raises ``CalendarError`` as ``due`` does.
    """
    at, left = start, work
    for began, ended in pauses:
        if ended is not None and ended <= at:
            continue
        before = worked(at, began, calendar)
        if before >= left:
            break
        if ended is None:
            return None
        at, left = ended, left - before
    return due(at, left, calendar)


def worked_with_pauses(
    start: datetime, end: datetime, calendar: Calendar, pauses: Sequence[Stretch]
) -> timedelta:
    """The working time between two moments in which the clock did not stand still."""
    stood = timedelta(0)
    for began, ended in pauses:
        last = end if ended is None else min(ended, end)
        stood += worked(max(began, start), last, calendar)
    return worked(start, end, calendar) - stood


def remaining(work: timedelta, start: datetime, paused_at: datetime, calendar: Calendar) -> timedelta:
    """What is left of ``work`` when a clock that began at ``start`` is stopped; never less than nothing.

    ``due(resumed_at, remaining(...), calendar)`` is the new moment when it goes on.
    """
    return max(work - worked(start, paused_at, calendar), timedelta(0))


def is_open(moment: datetime, calendar: Calendar) -> bool:
    """Whether people work at this moment; at closing time they do not."""
    moment = _utc(moment)
    year = calendar.year(moment.year)
    at = to_microseconds(moment)
    i = bisect_right(year.opens, at) - 1
    return i >= 0 and at < year.closes[i]


def next_opening(moment: datetime, calendar: Calendar) -> datetime:
    """The first moment from this one on at which people work; itself when they do.

    Raises ``CalendarError`` when nobody works in the next 30 years.
    """
    moment = _utc(moment)
    at = to_microseconds(moment)
    for number in range(moment.year, moment.year + HORIZON_YEARS + 1):
        year = calendar.year(number)
        i = bisect_right(year.closes, at)
        if i < len(year.opens):
            return to_moment(max(year.opens[i], at))
    raise _too_far(moment, "nobody works", "look at calendar.hours and the closed days")


def _too_far(moment: datetime, what: str, advice: str) -> CalendarError:
    return CalendarError(f"{what} within {HORIZON_YEARS} years after {moment:%Y-%m-%d}: {advice}")


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is UTC:
        return moment
    if moment.tzinfo is None:
        raise TypeError(f"a moment needs a time zone: {moment.isoformat()}")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise CalendarError(f"a calendar cannot count in the year {moment.year}") from None
