"""Signed links to pages: each is for one purpose, one ticket and one person, and ends at a moment (K2, K6).

They begin with ``desk.base_url`` and with nothing else, whatever a request says of itself.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

_TOKEN: Final = re.compile(
    r"([0-9]{1,15})\.([0-9]{1,15})\.([0-9a-z]{1,8})\.([a-z0-9-]{0,40})\.([a-z2-7]{26})"
)
_LONGEST: Final = 120
_EPOCH: Final = datetime(2020, 1, 1, tzinfo=UTC)


class Purpose(StrEnum):
    """What a link is for: the first step of its path. A token for one is worth nothing for another."""

    STATUS = "status"
    """The requester's page of a ticket."""
    RATE = "rate"
    """The question how satisfied they were; ``extra``: the digit that was chosen, or nothing."""
    ANSWER = "answer"
    """One choice of a message; ``extra``: "verb-value"."""
    FILE = "file"
    """An attachment, as a download; ``extra``: its number."""


@dataclass(frozen=True, slots=True)
class Link:
    """What a genuine token says."""

    purpose: Purpose
    ticket: int
    person: int
    expires_at: datetime
    extra: str = ""


class Links:
    """Makes and reads links with the desk's key."""

    def __init__(self, key: bytes, base_url: str) -> None:
        self._key = hashlib.blake2b(key, person=b"deskbot-link", digest_size=32).digest()
        self._base = base_url.rstrip("/")

    def url(self, link: Link) -> str:
        """Where the page is."""
        return f"{self._base}/{link.purpose}/{self.token(link)}"

    def token(self, link: Link) -> str:
        """``expires_at`` is kept to the minute, rounded up."""
        minutes = -((_EPOCH - link.expires_at) // timedelta(minutes=1))
        body = f"{link.ticket}.{link.person}.{minutes:x}.{link.extra}"
        return f"{body}.{self._sign(link.purpose, body)}"

    def read(self, purpose: Purpose, token: str, now: datetime) -> Link | None:
        """The link, when it is genuine, for this purpose and not over; None tells nothing more."""
        found = _TOKEN.fullmatch(token) if len(token) <= _LONGEST else None
        if found is None:
            return None
        ticket, person, minutes, extra, signature = found.groups()
        if not hmac.compare_digest(self._sign(purpose, token.rpartition(".")[0]), signature):
            return None
        expires_at = _EPOCH + timedelta(minutes=int(minutes, 16))
        return Link(purpose, int(ticket), int(person), expires_at, extra) if now < expires_at else None

    def _sign(self, purpose: Purpose, body: str) -> str:
        digest = hmac.digest(self._key, f"{purpose}\0{body}".encode(), "sha256")
        return base64.b32encode(digest[:16]).decode().rstrip("=").lower()
