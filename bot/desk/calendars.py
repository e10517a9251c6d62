"""When people work: weekly hours, time zone, closed days, and each year laid out as open stretches.

The one rule that everything follows from: **a calendar is open at a moment exactly when a clock on the wall,
in its time zone, then reads a time inside the hours of that day.** Working time is the real time that passes
while it is open. So a night with a change of the clocks needs no rule of its own: hours that begin in the
skipped hour begin when it ends, hours that hold the repeated hour are longer by it, and a calendar that is
open all day and every day counts exactly the time that passes.

Hours may run past midnight ("22:00-06:00"): they belong to the day on which they begin. On a closed day
(public holiday, ``calendar.closed``) nobody works from midnight to midnight: hours of that day are not begun,
and hours of the day before stop at midnight.

What is counted with them stands in ``sla.py``.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache, partial
from typing import Final, get_args
from zoneinfo import ZoneInfo

from bot import config
from bot.errors import CalendarError

KEPT_YEARS: Final = 40
"""Laid-out years that a calendar keeps: about 2 ms to make and 30 kB to keep, each."""

FIRST_YEAR, LAST_YEAR = 2, 9998
"""A year at each end of what ``datetime`` knows is left out, so that no time zone can fall off."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY: Final = _EPOCH.toordinal()
_MICROSECOND: Final = timedelta(microseconds=1)
_SECOND: Final = 1_000_000
_MINUTE: Final = 60 * _SECOND
_DAY: Final = 24 * 60 * _MINUTE
_DAY_MINUTES: Final = 24 * 60

_HOURS: Final = re.compile(r"\s*([0-9]{1,2}):([0-9]{2})\s*[-\u2013]\s*([0-9]{1,2}):([0-9]{2})\s*", re.ASCII)

DayTest = Callable[[date], bool]


@dataclass(frozen=True, slots=True, order=True)
class Hours:
    """A stretch of work: minutes after local midnight; ``closes`` is above 1440 when it runs past midnight."""

    opens: int
    closes: int

    def __post_init__(self) -> None:
        if not (0 <= self.opens < _DAY_MINUTES and self.opens < self.closes <= self.opens + _DAY_MINUTES):
            raise CalendarError(f"hours from minute {self.opens} to minute {self.closes} make no sense")

    @classmethod
    def parse(cls, text: str) -> Hours:
        """Read "09:00-18:00"; "24:00" ends a day; an end before the beginning is on the next day."""
        found = _HOURS.fullmatch(text)
        if not found:
            raise CalendarError(f'"{text}" are no hours; write them like "09:00-18:00"')
        hour, minute, end_hour, end_minute = map(int, found.groups())
        opens, closes = hour * 60 + minute, end_hour * 60 + end_minute
        if minute > 59 or end_minute > 59 or opens >= _DAY_MINUTES or closes > _DAY_MINUTES:
            raise CalendarError(
                f'"{text}": there is no such time; begin between 00:00 and 23:59, end at 24:00 at the latest'
            )
        if opens == closes:
            raise CalendarError(f'"{text}" is no time at all; for the whole day write "00:00-24:00"')
        return cls(opens, closes if closes > opens else closes + _DAY_MINUTES)


Week = tuple[tuple[Hours, ...], ...]


def never(_day: date) -> bool:
    """No day is a holiday."""
    return False


@dataclass(frozen=True)
class Holidays:
    """Days on which nobody works: the public holidays of a country, and days of our own.

    ``country`` is an ISO 3166 code, ``subdivision`` as the ``holidays`` package names it. The package is
    imported only when a country is named (it costs about 15 MB), and asked for one year at a time; it knows
    no public holidays after 2100. Each year is a fresh object of the package, because its own lazy growth
    lets a second thread see a year that is not filled yet.
    """

    country: str = ""
    subdivision: str = ""
    closed: frozenset[date] = frozenset()
    _public: Callable[[int], frozenset[date]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.subdivision and not self.country:
            raise CalendarError(
                'calendar.subdivision: it needs calendar.country; write country = "IT", or leave both empty'
            )
        _check_country(self.country, self.subdivision)
        public = lru_cache(maxsize=64)(partial(_public_holidays, self.country.upper(), self.subdivision))
        object.__setattr__(self, "_public", public)

    def __call__(self, day: date) -> bool:
        return day in self.closed or day in self._public(day.year)


def _public_holidays(country: str, subdivision: str, year: int) -> frozenset[date]:
    if not country:
        return frozenset()
    from holidays import country_holidays

    return frozenset(country_holidays(country, subdiv=subdivision or None, years=year, expand=False))


def _check_country(country: str, subdivision: str) -> None:
    if not country:
        return
    from holidays import country_holidays
    from holidays.registry import EntityLoader

    if country.upper() not in set(EntityLoader.get_country_codes()):
        raise CalendarError(
            f'calendar.country: no public holidays are known for "{country}"; write a two-letter code '
            'like "IT", "CN" or "US", or leave it empty and list the days in calendar.closed'
        )
    if not subdivision:
        return
    try:
        country_holidays(country.upper(), subdiv=subdivision, expand=False)
    except NotImplementedError:
        known = country_holidays(country.upper(), expand=False).subdivisions
        words = f"write one of {', '.join(known)}" if known else "leave it empty: this country has none"
        raise CalendarError(
            f'calendar.subdivision: {country.upper()} has no "{subdivision}"; {words}'
        ) from None


@dataclass(frozen=True, slots=True)
class Year:
    """The open stretches of one UTC year, in microseconds since 1970, in order and apart from each other."""

    ends: int
    """Where the next year begins."""
    opens: tuple[int, ...]
    closes: tuple[int, ...]
    done: tuple[int, ...]
    """Working time from the beginning of the year to the end of each stretch."""

    @property
    def total(self) -> int:
        return self.done[-1] if self.done else 0

    def before(self, moment: int) -> int:
        """Working time from the beginning of the year to ``moment``."""
        i = bisect_right(self.opens, moment) - 1
        return self.done[i] - max(self.closes[i] - moment, 0) if i >= 0 else 0


@dataclass(frozen=True)
class Calendar:
    """When people work: hours for Monday to Sunday, a time zone, and the days that are closed.

    Raises ``CalendarError`` when no day has hours. Calendars are compared by what they say; each keeps the
    years that it was asked about last, and may be shared between threads.
    """

    week: Week
    zone: ZoneInfo
    is_holiday: DayTest = never
    _year: Callable[[int], Year] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.week) != 7:
            raise CalendarError(f"a week has 7 days, not {len(self.week)}")
        if not any(self.week):
            raise CalendarError(
                "calendar.hours: no weekday has working hours; "
                'write at least one, like mon = ["09:00-18:00"], below [calendar.hours]'
            )
        years = lru_cache(maxsize=KEPT_YEARS)(partial(_lay_out, self.week, self.zone, self.is_holiday))
        object.__setattr__(self, "_year", years)

    @classmethod
    def from_config(cls, section: config.Calendar, zone: ZoneInfo) -> Calendar:
        """Build what ``[calendar]`` says. Raises ``CalendarError``, naming the key and what to write."""
        closed = frozenset(section.closed)
        week = tuple(
            tuple(_hours(day, text) for text in texts)
            for day, texts in ((day, section.hours.get(day, ())) for day in get_args(config.Weekday))
        )
        if not section.country and not section.subdivision and not closed:
            return cls(week, zone)
        return cls(week, zone, Holidays(section.country, section.subdivision, closed))

    def year(self, number: int) -> Year:
        """The open stretches of a UTC year. Raises ``CalendarError`` outside years 2 to 9998."""
        if not FIRST_YEAR <= number <= LAST_YEAR:
            raise CalendarError(f"a calendar cannot count in the year {number}")
        return self._year(number)


def _hours(day: str, text: str) -> Hours:
    try:
        return Hours.parse(text)
    except CalendarError as error:
        raise CalendarError(f"calendar.hours.{day}: {error}") from None


# How a year is laid out


def _lay_out(week: Week, zone: ZoneInfo, is_holiday: DayTest, number: int) -> Year:
    opens: list[int] = []
    closes: list[int] = []
    done: list[int] = []
    first = to_microseconds(datetime(number, 1, 1, tzinfo=UTC))
    ends = to_microseconds(datetime(number + 1, 1, 1, tzinfo=UTC))
    for begin, end, offset in _offsets(zone, first, ends):
        for opening, closing in sorted(_wall(week, is_holiday, begin + offset, end + offset)):
            start, stop = opening - offset, closing - offset
            if closes and start <= closes[-1]:
                if stop > closes[-1]:
                    done[-1] += stop - closes[-1]
                    closes[-1] = stop
                continue
            opens.append(start)
            closes.append(stop)
            done.append((done[-1] if done else 0) + stop - start)
    return Year(ends, tuple(opens), tuple(closes), tuple(done))


def _wall(week: Week, is_holiday: DayTest, begin: int, end: int) -> Iterator[tuple[int, int]]:
    """The open stretches of each date between two readings of the wall clock; they may overlap."""
    was_closed: bool | None = None
    for day in range(begin // _DAY, (end - 1) // _DAY + 1):
        ordinal = day + _EPOCH_DAY
        if was_closed is None:
            was_closed = is_holiday(date.fromordinal(ordinal - 1))
        closed = is_holiday(date.fromordinal(ordinal))
        if not closed:
            today, yesterday = week[(ordinal - 1) % 7], week[(ordinal - 2) % 7]
            stretches = [(h.opens, min(h.closes, _DAY_MINUTES)) for h in today]
            if not was_closed:
                stretches += [(0, h.closes - _DAY_MINUTES) for h in yesterday if h.closes > _DAY_MINUTES]
            for opening, closing in stretches:
                start = max(day * _DAY + opening * _MINUTE, begin)
                stop = min(day * _DAY + closing * _MINUTE, end)
                if start < stop:
                    yield start, stop
        was_closed = closed


def _offsets(zone: ZoneInfo, begin: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Stretches of time with one offset from UTC: (from, to, offset), all in microseconds."""
    since, offset = begin, _offset(zone, begin)
    for day in range(begin, end, _DAY):
        tomorrow = min(day + _DAY, end)
        if _offset(zone, tomorrow) == offset:
            continue
        low, high = day // _SECOND, tomorrow // _SECOND
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if _offset(zone, middle * _SECOND) == offset else (low, middle)
        yield since, high * _SECOND, offset
        since, offset = high * _SECOND, _offset(zone, high * _SECOND)
    if since < end:
        yield since, end, offset


def _offset(zone: ZoneInfo, moment: int) -> int:
    local = to_moment(moment).astimezone(zone)
    return (local.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND - moment


def to_microseconds(moment: datetime) -> int:
    """Microseconds since 1970, exactly; a float of seconds would not hold them."""
    return (moment - _EPOCH) // _MICROSECOND


def to_moment(microseconds: int) -> datetime:
    """The way back."""
    return _EPOCH + timedelta(microseconds=microseconds)


ALWAYS: Final = Calendar(((Hours(0, _DAY_MINUTES),),) * 7, ZoneInfo("UTC"))
"""Open all day and every day: with it, working time is the time that passes."""
