"""What makes two mails the same mail.

A mail can reach the desk twice: a sender that missed our answer sends it again, a copy lies in a mailbox that
is read as well. And a stranger can write any Message-ID: alone, it must not make another person's mail vanish.
So the key covers who says what and when, and nothing that a server on the way adds or rewrites.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

HEADER_LIMIT: Final = 65_536
"""Octets of the header block that are looked at; what lies behind them counts as body."""

# Possessive throughout, so that each octet is looked at once whatever was sent.
_HEADERS: Final = re.compile(
    rb"(?:>?From [^\n]*+\n)?+(?:[!-9;-~]++[ \t]*+:[^\n]*+(?:\n|\Z)(?:[ \t][^\n]*+(?:\n|\Z))*+)*+"
)
_FIELD: Final = re.compile(
    rb"^(message-id|from|date)[ \t]*+:([^\n]*+(?:\n[ \t][^\n]*+)*+)", re.IGNORECASE | re.MULTILINE
)
_SCHEME: Final = b"mail 1"


def content_key(raw: bytes, received_at: datetime) -> str:
    """The same for the same mail by whatever road it comes: 64 hexadecimal digits.

    Covers Message-ID, From, Date and the body, with line ends and trailing blank lines made equal; not the
    headers that servers add. A mail with neither Message-ID nor Date has nothing of its own to be told from
    tomorrow's identical one, so its whole header block and the UTC day of ``received_at`` count too: a retry
    is recognised, a report that comes every day is new every day.
    """
    text = raw.replace(b"\r\n", b"\n") if b"\r\n" in raw else raw
    end = _end_of_headers(text)
    headers = text[:end]
    fields: dict[bytes, list[bytes]] = {b"message-id": [], b"from": [], b"date": []}
    for match in _FIELD.finditer(headers):
        fields[match[1].lower()].append(b" ".join(match[2].split()))
    digest = hashlib.sha256()
    for part in _parts(fields):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    if not any(fields[b"message-id"]) and not any(fields[b"date"]):
        day = received_at.astimezone(UTC).date().isoformat().encode()
        digest.update(b"%b %d " % (day, len(headers)))
        digest.update(headers)
    digest.update(memoryview(text)[end : _end_of_body(text, end)])
    return digest.hexdigest()


def _parts(fields: dict[bytes, list[bytes]]) -> Iterator[bytes]:
    yield _SCHEME
    for name, values in fields.items():
        yield b"%b %d" % (name, len(values))
        yield from values


def _end_of_headers(text: bytes) -> int:
    """Where the body begins: after the first empty line, or at the first line that is no header field."""
    match = _HEADERS.match(text, 0, HEADER_LIMIT)
    end = match.end() if match else 0
    return end + 1 if text.startswith(b"\n", end) else end


def _end_of_body(text: bytes, start: int) -> int:
    """The body without the blank lines at its end, which servers add and drop."""
    end = len(text)
    while end > start and text[end - 1] == 10:
        end -= 1
    return end
