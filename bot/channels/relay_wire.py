"""How a mail and its addresses are written on an SMTP connection: pure functions on bytes."""

from __future__ import annotations

import re
from typing import Final

from bot.errors import ChannelError

LONGEST_ADDRESS: Final = 320
"""Octets: 64 and 255 and the @ (RFC 5321, 4.5.3.1)."""

_QUOTED: Final = re.compile(r'"(?:[^"\\\x00-\x1f\x7f]|\\[\x20-\x7e])*"(?=@)')
_UNSAFE: Final = re.compile(r'[\x00-\x20\x7f-\xa0\u2028\u2029<>"\\]')
_LONE: Final = re.compile(rb"\r\n|\r|\n")


def path(address: str) -> bytes:
    """An address in angle brackets, literally (RFC 5321, 4.1.2): never a place for a second parameter.

    Raises ``ChannelError``, permanent, when it is no address. The null sender is an empty string.
    """
    if not address:
        return b"<>"
    rest = _QUOTED.sub("", address, count=1) if address.startswith('"') else address
    try:
        written = address.encode("utf-8")
    except UnicodeEncodeError:
        written = b""
    if (
        "@" not in rest
        or rest.endswith("@")
        or _UNSAFE.search(rest)
        or not 0 < len(written) <= LONGEST_ADDRESS
    ):
        raise ChannelError(f"{address[:LONGEST_ADDRESS]!a} is no mail address", permanent=True)
    return b"<" + written + b">"


def stuffed(raw: bytes) -> bytes:
    """The mail as DATA wants it: leading dots doubled, the final dot appended (RFC 5321, 4.5.2).

    A lone CR or LF becomes CRLF: sent as it is, it could end the mail early at a careless server, and let
    what follows be read as commands.
    """
    pairs = raw.count(b"\r\n")
    if raw.count(b"\n") != pairs or raw.count(b"\r") != pairs:
        raw = _LONE.sub(b"\r\n", raw)
    if not raw.endswith(b"\r\n"):
        raw += b"\r\n"
    if raw.startswith(b"."):
        raw = b"." + raw
    return raw.replace(b"\r\n.", b"\r\n..") + b".\r\n"


def limit_of(offer: str) -> int:
    """Octets that a relay takes, from what stands behind SIZE in its EHLO; 0: it does not say (RFC 1870, 4)."""
    offer = offer.strip()
    return int(offer) if offer.isascii() and offer.isdigit() and len(offer) < 20 else 0
