"""Nothing automatic at night, in the person's own time zone."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot import config


def next_waking(now: datetime, zone: ZoneInfo, quiet: config.Quiet) -> datetime | None:
    """When the quiet hours that hold now end, in UTC; None: it is no quiet hour now.

    The hours may run past midnight. A clock on the wall decides, also where it changes: an end inside a
    skipped hour is the moment at which that hour is over.
    """
    begins, ends = time.fromisoformat(quiet.begins), time.fromisoformat(quiet.ends)
    if not quiet.enabled or begins == ends:
        return None
    here = now.astimezone(zone)
    wall = here.time()
    inside = begins <= wall < ends if begins < ends else wall >= begins or wall < ends
    if not inside:
        return None
    day = here.date() if wall < ends else here.date() + timedelta(days=1)
    end = datetime.combine(day, ends, zone).astimezone(UTC)
    # A repeated hour: the first of the two ends may have passed already.
    return end if end > now else datetime.combine(day, ends, zone).replace(fold=1).astimezone(UTC)
