"""Nothing automatic at night, in the person's own time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

from bot import config

_MOST_STEPS: Final = 4
"""How many ends of quiet hours can be skipped in a row; a whole day was, where the date line moved."""


def next_waking(now: datetime, zone: ZoneInfo, quiet: config.Quiet) -> datetime | None:
    """When the quiet hours that hold now end, in UTC; None: it is no quiet hour now.

    The hours may run past midnight. A clock on the wall decides, also where it changes: an end inside a
    skipped hour is the moment at which that hour is over.
    """
    _, ends = _hours(quiet)
    if not _is_quiet(now, zone, quiet):
        return None
    end = now
    for _ in range(_MOST_STEPS):
        here = end.astimezone(zone)
        day = here.date() if here.time() < ends else here.date() + timedelta(days=1)
        later = _on_the_wall(day, ends, zone)
        # A repeated hour: the first of the two ends may have passed already.
        end = later if later > end else _on_the_wall(day, ends, zone, fold=1)
        if not _is_quiet(end, zone, quiet):
            break
    return end


def last_waking(moment: datetime, zone: ZoneInfo, quiet: config.Quiet) -> datetime:
    """The latest moment, not after the one given, at which an automatic message may come: itself, unless it is
    a quiet one; then the minute before those hours began. In UTC."""
    begins, _ = _hours(quiet)
    at = moment.astimezone(UTC)
    for _ in range(_MOST_STEPS):
        if not _is_quiet(at, zone, quiet):
            break
        here = at.astimezone(zone)
        day = here.date() if here.time() >= begins else here.date() - timedelta(days=1)
        beginnings = [_on_the_wall(day, begins, zone, fold=fold) for fold in (0, 1)]
        at = max(
            (one for one in beginnings if one <= at), default=_on_the_wall(day, begins, zone)
        ) - timedelta(minutes=1)
    return at


def _hours(quiet: config.Quiet) -> tuple[time, time]:
    return _read(quiet.begins), _read(quiet.ends)


_read = cache(time.fromisoformat)  # a handful of texts, checked with the configuration


def _is_quiet(moment: datetime, zone: ZoneInfo, quiet: config.Quiet) -> bool:
    begins, ends = _hours(quiet)
    if not quiet.enabled or begins == ends:
        return False
    wall = moment.astimezone(zone).time()
    return begins <= wall < ends if begins < ends else wall >= begins or wall < ends


def _on_the_wall(day: date, wall: time, zone: ZoneInfo, fold: int = 0) -> datetime:
    """The moment at which a clock reads a time, in UTC; where it never does, the moment at which the time that
    it skips is over."""
    at = datetime.combine(day, wall, zone).replace(fold=fold).astimezone(UTC)
    if at.astimezone(zone).replace(tzinfo=None) == datetime.combine(day, wall):
        return at
    # The two readings of a skipped time lie on the two sides of the change.
    early, late = sorted(
        datetime.combine(day, wall, zone).replace(fold=one).astimezone(UTC) for one in (0, 1)
    )
    before = early.astimezone(zone).utcoffset()
    while late - early > timedelta(seconds=1):
        middle = (early + (late - early) / 2).replace(microsecond=0)
        early, late = (middle, late) if middle.astimezone(zone).utcoffset() == before else (early, middle)
    return late
