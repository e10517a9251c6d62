"""Forms that come back: bounded, clean, and each counted once."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from starlette.requests import Request

from bot.render.values import clean_lines

LONGEST: Final = 20_000
"""Characters of one field; in bytes as a browser sends them at most twelve times as much."""
LARGEST: Final = 262_144
_MOST_FIELDS: Final = 20
_KIND: Final = "application/x-www-form-urlencoded"
_NONCE: Final = re.compile(r"[A-Za-z0-9_-]{8,40}")
_FARTHEST: Final = timedelta(days=366)


class Wrong(Exception):
    """A form cannot be taken as it is; ``code`` says why, in the page's words."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Fields:
    """What stood in a form."""

    given: dict[str, str]

    def word(self, name: str) -> str:
        """A short value of a closed list, which the caller knows."""
        return self.given.get(name, "")[:40]

    def raw(self, name: str) -> str:
        """As it was written, to be shown again."""
        return self.given.get(name, "")[:LONGEST]

    def words(self, name: str, *, needed: bool = False) -> str:
        """What somebody wrote, without control characters. Raises ``Wrong``."""
        text = self.given.get(name, "").replace("\r\n", "\n")
        if len(text) > LONGEST:
            raise Wrong("wrong-long")
        said = str(clean_lines(text, LONGEST)).strip()
        if needed and not said:
            raise Wrong("wrong-empty")
        return said

    def moment(self, name: str, zone: str, now: datetime) -> datetime:
        """A local time that lies ahead. Raises ``Wrong``."""
        try:
            moment = datetime.fromisoformat(self.word(name)).replace(tzinfo=ZoneInfo(zone))
        except ValueError:
            raise Wrong("wrong-time") from None
        if not now < moment < now + _FARTHEST:
            raise Wrong("wrong-time")
        return moment

    def once(self, now: datetime, *, repeatable: bool) -> str:
        """The same for both halves of a double click. What may be said again in the same words goes by the page
        that it was written on; what is the same however often it is said goes by the minute as well, so that
        somebody who changes their mind and changes it back is heard."""
        nonce = self.given.get("form", "")
        minute = f"{now:%Y-%m-%dT%H:%M}"
        if not _NONCE.fullmatch(nonce):
            return minute
        return nonce if not repeatable else f"{nonce} {minute}"


async def read(request: Request) -> Fields | None:
    """The fields of a form, the first of each name; None: it is no form of ours."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _KIND:
        return None
    body = (await request.body()).decode("utf-8", "replace")
    try:
        pairs = parse_qsl(body, keep_blank_values=True, errors="replace", max_num_fields=_MOST_FIELDS)
    except ValueError:
        return None
    given: dict[str, str] = {}
    for name, value in pairs:
        given.setdefault(name, value)
    return Fields(given)


def nonce() -> str:
    """A mark for one page with a form."""
    return secrets.token_urlsafe(12)
