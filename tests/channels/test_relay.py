"""The relay sender against a smarthost that does everything wrong that one can."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.channels.relay import RelaySender
from bot.config import Relay
from bot.errors import ChannelError
from bot.message import EMAIL, Kind, Notice, OutgoingMessage, Party
from tests.peers.smarthost import Smarthost

NOW = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
RAW = b"Subject: hello\r\nMessage-ID: <t@desk.example>\r\n\r\nA person answers soon.\r\n"


@dataclass(frozen=True)
class Mail:
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


def sender_to(host: Smarthost, mail: Mail = Mail(), **changes: Any) -> RelaySender:
    section = Relay(host="127.0.0.1", port=host.port, tls="off", timeout=timedelta(seconds=5)).model_copy(
        update={key: changes.pop(key) for key in list(changes) if key in Relay.model_fields}
    )

    async def compose(message: OutgoingMessage) -> Mail:
        return mail

    return RelaySender(section, compose, **changes)


async def failure(sender: RelaySender) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        await sender.send(outgoing())
    return caught.value


@pytest.fixture
async def host() -> AsyncIterator[Smarthost]:
    async with Smarthost() as smarthost:
        yield smarthost
    assert smarthost.violations == []


async def test_a_mail_arrives_with_its_envelope_and_the_answer_is_the_receipt(host: Smarthost) -> None:
    sender = sender_to(host, Mail(mail_from="help@desk.example"))
    receipt = await sender.send(outgoing())
    await sender.close()
    assert receipt.reference == "250 2.0.0 queued as 1"
    (taken,) = host.taken
    assert (taken.mail_from, taken.recipients) == ("help@desk.example", ("ada@example.com",))
    assert taken.content == RAW
    assert host.verbs(1) == ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"]
