"""What a relay's answer means for a mail: pure functions, so that every case can stand in a table of tests.

The rule behind the table: a fault of the mail fails the mail for good, a fault of the relay or of our account
there fails nothing. A wrong password must not turn a morning's mail into a thousand failures, so a refusal
that is about *us* is temporary however the relay numbers it, and its text says what to repair.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from bot.errors import ChannelError

SHOWN: Final = 300
"""Characters of an answer that are kept: enough for every honest one, and a bound for the others."""
GREYLIST_SECONDS: Final = 300.0
"""How long to leave a relay that says "later" without saying when: greylisting waits five minutes by default."""


class Stage(StrEnum):
    """How far a delivery had come."""

    CONNECT = "the greeting"
    HELLO = "EHLO"
    STARTTLS = "STARTTLS"
    AUTH = "AUTH"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    CONTENT = "the final dot"
    """The whole mail is on its way: from here on silence proves nothing."""


ADVICE: Final = {
    Stage.CONNECT: "it may not serve this machine's address: ask whoever runs it",
    Stage.HELLO: "it may not like this machine's name: ask whoever runs it",
    Stage.STARTTLS: 'check relay.tls: port 465 wants "implicit"',
    Stage.AUTH: "check relay.user and relay.password",
    Stage.MAIL: "check relay.user and that it lets this account send as desk.address",
    Stage.RCPT: "check relay.user, or let it relay for this machine",
    Stage.DATA: "ask whoever runs it",
    Stage.CONTENT: "check that it lets this account send as desk.address, and its limits",
}

_ENHANCED: Final = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})\b")  # RFC 2034, section 4
_WAIT: Final = re.compile(
    r"\b(?:again|back|retry|wait|for|in)\b\D{0,20}?"
    r"(?:(?P<h>\d{1,2}):(?P<m>\d\d):(?P<s>\d\d)|(?P<n>\d{1,5})\s?(?P<unit>s|m)(?:ec\w{0,6}|in\w{0,6})?\b)",
    re.IGNORECASE,
)
_GREYLIST: Final = re.compile(r"gr[ea]y-?list", re.IGNORECASE)
_NO_RELAY: Final = re.compile(
    r"relay(?:ing)?\b.{0,40}\b(?:denied|prohibited|disallowed|not (?:permitted|allowed))"
    r"|(?:unable|not (?:permitted|allowed)|cannot|refus\w{1,4}) to relay"
    r"|authentication (?:is )?required|(?:not|un)[ -]?authenticated",
    re.IGNORECASE,
)
_BEFORE_THE_MAIL: Final = frozenset({Stage.CONNECT, Stage.HELLO, Stage.STARTTLS, Stage.AUTH, Stage.MAIL})
_OF_THE_SESSION: Final = frozenset({500, 502, 503, 530, 534, 535, 538})
"""Out of step, or not logged in: no mail is to blame (RFC 5321, 4.2.4; RFC 4954, 6)."""
_OF_THE_SENDER: Final = frozenset(
    {
        "5.1.7",  # the sender's address is not valid (RFC 3463)
        "5.1.8",  # the sender's domain is not; seen in practice: account blocked for spam
        "5.4.5",  # seen in practice: daily limit of the account
        "5.7.57",  # seen in practice: not logged in
        "5.7.60",  # seen in practice: may not send as this address
        "5.2.252",  # seen in practice: the same, after the dot
        "5.7.705",  # seen in practice: the tenant may not send for now
        "5.7.708",
    }
)
_OF_THE_MAIL: Final = frozenset({"5.2.3", "5.3.4", "5.6.7"})
"""Too long (RFC 1870, 6.1), or a UTF-8 address (RFC 6531, 3.5): said at MAIL, but about this mail."""


def classify(stage: Stage, code: int, text: str) -> ChannelError:
    """The error for an answer that is not the one that ``stage`` hopes for.

    ``text`` as the relay said it, without the code; it must have been through ``shown``.
    """
    said = f"{code} {text}".strip()
    if not 400 <= code <= 599:
        return ChannelError(
            f"the relay answered {stage} out of step: {said}", ambiguous=stage is Stage.CONTENT
        )
    if code == 421:
        return ChannelError(f"the relay is closing, said at {stage}: {said}")
    if code < 500:
        return ChannelError(
            f"the relay put it off at {stage}: {said}", retry_after=_asked_to_wait(code, text)
        )
    if is_about_us(stage, code, text):
        return ChannelError(f"the relay refuses Deskbot, not this mail, at {stage}: {said}; {ADVICE[stage]}")
    return ChannelError(f"the relay refused it for good at {stage}: {said}", permanent=True)


def is_about_us(stage: Stage, code: int, text: str) -> bool:
    """Whether a 5xx answer is about the relay, our account or our address there, and not about this mail."""
    found = _ENHANCED.match(text)
    enhanced = found[1] if found else ""
    if stage in _BEFORE_THE_MAIL:
        too_long = stage is Stage.MAIL and (code == 552 or enhanced in _OF_THE_MAIL)
        return not too_long
    if code in _OF_THE_SESSION or enhanced in _OF_THE_SENDER:
        return True
    return stage is Stage.RCPT and _NO_RELAY.search(text) is not None


def _asked_to_wait(code: int, text: str) -> float | None:
    """Seconds, from one minute to one hour, for the answers that mean "the same again later"."""
    if code not in (450, 452) and not _GREYLIST.search(text):
        return None
    found = _WAIT.search(text)
    if not found:
        return GREYLIST_SECONDS
    if found["n"]:
        seconds = int(found["n"]) * (60 if found["unit"] in "mM" else 1)
    else:
        seconds = int(found["h"]) * 3600 + int(found["m"]) * 60 + int(found["s"])
    return float(min(max(seconds, 60), 3600))


def broken(stage: Stage, what: str) -> ChannelError:
    """The error for a connection that died or fell silent at ``stage``.

    Before the final dot the relay has not taken the mail; after it nobody knows (RFC 5321, 4.5.3.2.6).
    """
    return ChannelError(f"{what}, at {stage}", ambiguous=stage is Stage.CONTENT)


def secrets_of(user: str, password: str) -> tuple[str, ...]:
    """Every form in which the login goes over the wire, longest first, so that none is ever shown."""
    if not password:
        return ()
    forms = {password, _base64(password), _base64(f"\0{user}\0{password}")}
    return tuple(sorted(forms, key=len, reverse=True))


def _base64(text: str) -> str:
    return base64.b64encode(text.encode("utf-8")).decode("ascii")


def shown(text: str, secrets: Iterable[str] = ()) -> str:
    """An answer fit for a log and an administrator's eyes: one line, printable, bounded, no secret.

    A relay may echo the command that it refuses, so the login is taken out before the text is cut.
    """
    for secret in secrets:
        text = re.sub(re.escape(secret), "***", text, flags=re.IGNORECASE)
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    return text if len(text) <= SHOWN else text[:SHOWN] + "..."
