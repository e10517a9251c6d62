"""The Date field: shown to people, never trusted (SECURITY.md C20)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

_DATE: Final = re.compile(
    r"(?:[A-Za-z]{2,9}\.?,?\s*)?(?P<day>[0-9]{1,2})[\s-](?P<month>[A-Za-z]{3})[A-Za-z]{0,6}\.?[\s-](?P<year>[0-9]{2,4}),?\s+"
    r"(?P<hour>[0-9]{1,2})[:.](?P<minute>[0-9]{2})(?:[:.](?P<second>[0-9]{2}))?(?:\.[0-9]{1,9})?\s*(?P<zone>[+-][0-9]{4}|[A-Za-z]{1,5})?"
)
_ISO: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2})?(?:[.][0-9]{1,6})?(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_ZONES: Final = {
    "est": -5,
    "edt": -4,
    "cst": -6,
    "cdt": -5,
    "mst": -7,
    "mdt": -6,
    "pst": -8,
    "pdt": -7,
    "cet": 1,
    "cest": 2,
}


def parse_date(value: str) -> datetime | None:
    """RFC 5322 section 3.3 and what is seen in practice; in UTC, or None. Never raises."""
    value = value.strip()[:100]
    if found := _DATE.match(value):
        return _rfc5322(found)
    if found := _ISO.match(value):
        try:
            moment = datetime.fromisoformat(found[0])
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            return None
    return None


def _rfc5322(found: re.Match[str]) -> datetime | None:
    month = _MONTHS.get(found["month"].lower())
    if month is None:
        return None
    year = int(found["year"])
    if year < 100:  # RFC 5322 section 4.3
        year += 2000 if year < 50 else 1900
    elif year < 1000:
        year += 1900
    zone = found["zone"] or ""
    if zone[:1] in {"+", "-"}:
        offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:5])) * (-1 if zone[0] == "-" else 1)
    else:
        offset = timedelta(hours=_ZONES.get(zone.lower(), 0))
    try:
        second = min(int(found["second"] or 0), 59)  # a leap second
        moment = datetime(
            year,
            month,
            int(found["day"]),
            int(found["hour"]),
            int(found["minute"]),
            second,
            tzinfo=timezone(offset),
        )
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
