"""A moment in an agent's words: "15:00", "tomorrow 10:00", "2026-12-01 15:00". Pure."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

_FURTHEST: Final = timedelta(days=366)
_LONGEST: Final = 60
_TODAY: Final = frozenset({"", "today", "oggi", "今天", "今日"})
_DAYS: Final = {
    "tomorrow": 1, "domani": 1, "明天": 1, "明日": 1, "dopodomani": 2, "后天": 2,
}  # fmt: skip
_WEEKDAYS: Final = (
    frozenset({"monday", "mon", "lunedì", "lunedi", "lun", "周一", "星期一"}),
    frozenset({"tuesday", "tue", "martedì", "martedi", "mar", "周二", "星期二"}),
    frozenset({"wednesday", "wed", "mercoledì", "mercoledi", "mer", "周三", "星期三"}),
    frozenset({"thursday", "thu", "giovedì", "giovedi", "gio", "周四", "星期四"}),
    frozenset({"friday", "fri", "venerdì", "venerdi", "ven", "周五", "星期五"}),
    frozenset({"saturday", "sat", "sabato", "sab", "周六", "星期六"}),
    frozenset({"sunday", "sun", "domenica", "dom", "周日", "星期日"}),
)
_TIME: Final = re.compile(
    r"(?P<day>.*?)[\s,]*(?:\b(?:at|by|alle|ore|le)\b\s*)*(?P<hour>[01]?[0-9]|2[0-3])[:.：点](?P<minute>[0-5][0-9])?分?",
    re.ASCII,
)


def read(words: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    """The moment that somebody means whose clock shows ``zone``, in UTC. None: it is no moment, it is over, or
    more than a year away.

    A time alone is today's. A time that the clock skips is as long after midnight as it says.
    """
    text = " ".join(words.split()).strip(" .,;").casefold()
    if not text or len(text) > _LONGEST:
        return None
    moment = _iso(text, zone) or _spoken(text, now.astimezone(zone), zone)
    return moment if moment and now < moment <= now + _FURTHEST else None


def _iso(text: str, zone: ZoneInfo) -> datetime | None:
    """ISO 8601 with a time; without an offset it is a time on the wall."""
    if not re.match(r"[0-9]{4}-?[0-9]{2}-?[0-9]{2}[t ]", text, re.ASCII):
        return None
    try:
        read_as = datetime.fromisoformat(text.upper())
        return (read_as if read_as.tzinfo else read_as.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _spoken(text: str, here: datetime, zone: ZoneInfo) -> datetime | None:
    found = _TIME.fullmatch(text)
    if found is None or (found["minute"] is None and "点" not in text):
        return None
    day = _day(found["day"].strip(" ,"), here.date())
    if day is None:
        return None
    at = datetime(day.year, day.month, day.day, int(found["hour"]), int(found["minute"] or 0), tzinfo=zone)
    return at.astimezone(UTC)


def _day(word: str, today: date) -> date | None:
    if word in _TODAY:
        return today
    try:
        if word in _DAYS:
            return today + timedelta(days=_DAYS[word])
        for number, names in enumerate(_WEEKDAYS):
            if word in names:
                return today + timedelta(days=(number - today.weekday()) % 7)
        return date.fromisoformat(word)
    except (ValueError, OverflowError):
        return None
