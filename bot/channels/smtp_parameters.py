"""What stands behind the address in MAIL FROM: the parameters of SMTP's extensions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.channels.smtp_address import Path

MALFORMED: Final = b"501 5.5.4 Parameters are malformed"
TOO_BIG: Final = b"552 5.3.4 The mail is too big"
NEEDS_UTF8: Final = b"553 5.6.7 Needs SMTPUTF8"
UNKNOWN: Final = b"555 5.5.4 Unknown parameter"


@dataclass(frozen=True, slots=True)
class Parameters:
    """What was read. ``refusal``: why the mail is not wanted so, as an answer."""

    refusal: bytes | None = None
    utf8: bool = False


def read_parameters(path: Path, largest: int, *, extended: bool, logged_in: bool) -> Parameters:
    """The parameters of MAIL. ``largest``: octets that a mail may have; ``extended``: the client said EHLO."""
    given: dict[str, str] = {}
    for word in path.rest.split():
        name, equals, value = word.partition("=")
        name = name.upper()
        if name in given or (equals and not value):
            return Parameters(MALFORMED)
        given[name] = value
    size = given.pop("SIZE", "0")
    body = given.pop("BODY", "7BIT").upper()
    if not (size.isascii() and size.isdigit()) or body not in ("7BIT", "8BITMIME"):
        return Parameters(MALFORMED)
    if len(size) > 18 or int(size) > largest:
        return Parameters(TOO_BIG)
    utf8 = given.pop("SMTPUTF8", None) is not None
    if logged_in:
        given.pop("AUTH", None)  # RFC 4954, section 5: taken, and not believed
    if given or (path.rest and not extended):
        return Parameters(UNKNOWN)
    if not path.address.isascii() and not utf8:
        return Parameters(NEEDS_UTF8)
    return Parameters(utf8=utf8)
