"""What the tests of the relay sender share: a mail, a message, a sender to a smarthost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.channels.relay import RelaySender
from bot.config import Relay
from bot.errors import ChannelError
from bot.mail.compose import ComposedMail
from bot.message import EMAIL, Kind, Notice, OutgoingMessage, Party
from tests.peers.smarthost import Smarthost

NOW = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
RAW = b"Subject: hello\r\nMessage-ID: <t@desk.example>\r\n\r\nA person answers soon.\r\n"


@dataclass(frozen=True, slots=True)
class Mail(ComposedMail):
    """A composed mail; a test says only what it is about."""

    raw: bytes = RAW
    mail_from: str = ""
    recipient: str = "ada@example.com"
    smtputf8: bool = False
    warnings: tuple[str, ...] = ()


def outgoing(token: str = "t") -> OutgoingMessage:
    party = Party(EMAIL, "ada@example.com")
    return OutgoingMessage(
        "mail", party, 1, Kind.ACKNOWLEDGEMENT, token, Notice("received", "en", "UTC"), NOW
    )


def section_for(host: Smarthost, **values: Any) -> Relay:
    return Relay.model_validate(
        {"host": "localhost", "port": host.port, "tls": "off", "timeout": timedelta(seconds=5), **values}
    )


def sender_to(section: Relay, *mails: Mail, **how: Any) -> RelaySender:
    """A sender that sends the given mails in turn, the last again and again."""
    waiting = list(mails) or [Mail()]

    async def compose(message: OutgoingMessage) -> Mail:
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    return RelaySender(section, compose, **how)


async def failure(sender: RelaySender) -> ChannelError:
    """The error of one sending that must fail."""
    with pytest.raises(ChannelError) as caught:
        await sender.send(outgoing())
    return caught.value
