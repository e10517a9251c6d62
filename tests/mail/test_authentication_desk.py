"""The whole path: what the desk makes of mail from a front server, from strangers and from who logs in."""

from __future__ import annotations

import asyncio
import smtplib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import ValidationError

from bot.app import App
from bot.config import Config
from bot.intake import receive
from bot.mail.parse import ReadJob, read_mail
from bot.message import Authentication, IncomingMessage, Payload, Verdict
from bot.store.models import Outbox, Ticket
from tests.desks import open_desk
from tests.mail.letters import letter, payload
from tests.mail.test_authentication_dkim import record, signed
from tests.mail.test_authentication_results import FAILED, PASSED, RECEIVED, mail
from tests.peers.dns import name_server, zone
from tests.running import running as run

NOW = datetime.now(UTC).replace(microsecond=0)
FRONT = {"trusted": ("mx.ours.example",)}


@asynccontextmanager
async def running(folder: Path, senders: dict[str, Any]) -> AsyncIterator[App]:
    config = Config.model_validate(
        {
            "desk": {"data": folder, "secret": "a secret for tests that is long enough to sign"},
            "smtp": {"port": 0},
            "web": {"enabled": False},
            "senders": senders,
        }
    )
    app = App(config, now=lambda: NOW)
    async with run(app):
        yield app


async def post(app: App, raw: bytes) -> None:
    def talk() -> None:
        with smtplib.SMTP("127.0.0.1", app.mail.door.port, timeout=30) as connection:
            connection.sendmail("ann@corp.example", ["help@localhost"], raw)

    await asyncio.to_thread(talk)


async def tickets_and_answers(app: App, tickets: int) -> tuple[int, int]:
    def count(tx: Any) -> tuple[int, int]:
        numbers = [
            tx.run(sa.select(sa.func.count()).select_from(t.__table__)).scalar_one() for t in (Ticket, Outbox)
        ]
        return numbers[0], numbers[1]

    for _ in range(3000):
        found = await app.store.read(count)
        if found[0] >= tickets:
            return found
        await asyncio.sleep(0.01)
    raise TimeoutError


async def judged(app: App, raw: bytes, **envelope: Any) -> IncomingMessage:
    (message,) = await app.mail.translate(payload(raw, **envelope))
    return message


async def test_d5_e7_a_mail_that_our_front_server_calls_forged_gets_no_answer(tmp_path: Path) -> None:
    async with running(tmp_path, FRONT) as app:
        await post(app, mail(FAILED, RECEIVED))
        assert await tickets_and_answers(app, 1) == (1, 0)
        await post(app, mail(PASSED, RECEIVED, "Message-ID: <2@corp.example>"))
        assert await tickets_and_answers(app, 2) == (2, 1)


async def test_the_app_believes_its_front_server_and_nobody_else(tmp_path: Path) -> None:
    async with running(tmp_path, {**FRONT, "front": ("198.51.100.0/24",)}) as app:
        raw = mail(PASSED, RECEIVED)
        front = await judged(app, raw, peer="198.51.100.7", mail_from="ann@corp.example")
        assert front.authentication == Authentication(Verdict.PASS, "dmarc")
        for peer in ("127.0.0.1", "192.0.2.1"):
            stranger = await judged(app, raw, peer=peer, mail_from="ann@corp.example")
            assert stranger.authentication == Authentication()


async def test_nobody_is_believed_when_nothing_is_configured(tmp_path: Path) -> None:
    async with running(tmp_path, {}) as app:
        message = await judged(app, mail(PASSED, RECEIVED), peer="127.0.0.1", mail_from="ann@corp.example")
        assert message.authentication == Authentication()


async def test_the_app_checks_senders_by_dns_when_told_to(tmp_path: Path) -> None:
    records = {
        "_dmarc.corp.example": {"TXT": ['"v=DMARC1; p=reject"']},
        "s1._domainkey.corp.example": {"TXT": [_quoted(record().decode())]},
        "corp.example": {"TXT": ['"v=spf1 -all"']},
    }
    async with name_server(zone(records)) as server:
        senders = {"check": "dns", "nameservers": (server.address,), "front": ()}
        async with running(tmp_path, senders) as app:
            envelope = {"peer": "192.0.2.9", "helo": "h.example", "mail_from": "ann@corp.example"}
            good = await judged(app, signed(), **envelope)
            assert good.authentication == Authentication(Verdict.PASS, "dmarc")
            forged = await judged(app, signed().replace(b"burns", b"freezes"), **envelope)
            assert forged.authentication == Authentication(Verdict.FAIL, "dmarc")
            await post(app, signed())
            assert await tickets_and_answers(app, 1) == (1, 1)


async def test_name_servers_that_are_away_delay_a_mail_by_the_limit_and_judge_nobody(tmp_path: Path) -> None:
    async with name_server(lambda _: None) as server:
        senders = {"check": "dns", "nameservers": (server.address,), "front": (), "timeout_seconds": 1}
        async with running(tmp_path, senders) as app:
            start = asyncio.get_running_loop().time()
            messages = await asyncio.gather(
                *(judged(app, signed(), peer="192.0.2.9", mail_from="ann@corp.example") for _ in range(20))
            )
            assert asyncio.get_running_loop().time() - start < 10  # one after the other they would take 20
            assert {message.authentication for message in messages} == {Authentication()}


def test_a_front_server_that_is_no_address_is_a_mistake_of_the_configuration() -> None:
    with pytest.raises(ValidationError, match=r"mx\.ours\.example"):
        Config.model_validate({"senders": {"front": ("mx.ours.example",)}})


def _quoted(text: str) -> str:
    return " ".join(f'"{text[at : at + 200]}"' for at in range(0, len(text), 200))


CONTROL_HEADERS = (
    "X-Deskbot-Loop: help@localhost",
    "X-Deskbot-Loop: 00000000000000000000000000000000",
    "X-Deskbot-Token: HD-1",
    "X-Deskbot-Ticket: 1",
    "X-Deskbot-Authentication: pass",
    "X-Deskbot-Agent: anna",
    "X-Deskbot-State: closed",
    "X-Deskbot-Priority: P1",
)


@pytest.mark.parametrize("header", CONTROL_HEADERS)
def test_d13_control_headers_from_outside_do_nothing(header: str, tmp_path: Path) -> None:
    """A mail with a header of ours becomes a ticket like any other: new, unproved, of usual priority."""
    plain, spoofed = (_received(tmp_path / name, *more) for name, more in (("a", ()), ("b", (header,))))
    assert spoofed == plain


def _received(folder: Path, *fields: str) -> tuple[Any, ...]:
    folder.mkdir()
    raw = letter("Message-ID: <1@corp.example>", "Subject: Fire", *fields, sender="Ann <ann@corp.example>")
    message = read_mail(ReadJob(Payload("mail", "k", raw, NOW, {"peer": "192.0.2.9"}))).message
    with open_desk(folder) as desk:
        outcome = desk.store.write_now(lambda tx: receive(tx, message, desk.desk, desk.clock()))
        (ticket,) = desk.rows(Ticket)
        facts = (ticket.state, ticket.priority, ticket.queue, ticket.subject)
    return (outcome.result, outcome.reason, message.authentication, *facts)
