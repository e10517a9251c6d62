"""A desk in a house with real mail servers: Postfix hands it mail and takes its mail away."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from bot import clock
from bot.app import App
from bot.config import Config
from bot.store.models import Entry, Event, Inbox, Outbox, PayloadRow, Ticket
from tests.peers.mail_house import PASSWORD, MailHouse, address
from tests.peers.postfix import HOST, Postfix
from tests.running import running as run

HELP: Final = address("help")
WEDNESDAY: Final = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)
DONE: Final = {"done", "held"}
WAITS: Final = {"queued", "sending"}


def configuration(house: MailHouse, folder: Path, **sections: Any) -> dict[str, Any]:
    """Behind Postfix by SMTP with TLS, and out through it with a login. Anna is the agent."""
    return {
        "desk": {
            "name": "Help desk",
            "address": address("help"),
            "also": [address("it"), address("lmtp")],
            "data": folder,
            "secret": "a secret for tests that is long enough to sign",
        },
        "smtp": {
            "port": house.postfix.desk_smtp,
            "tls": "required",
            "certificate": house.desk_certificate.file,
            "key": house.desk_certificate.key,
        },
        "relay": {
            "host": "localhost",
            "port": house.postfix.submission,
            "tls": "starttls",
            "ca_file": house.certificate.file,
            "user": "desk",
            "password": PASSWORD,
        },
        "agents": {
            "anna": {"name": "Anna Rossi", "addresses": [address("anna")], "teams": ["first-line"]},
        },
        "senders": {"trusted": [HOST]},
        "web": {"enabled": False},
    } | sections


@asynccontextmanager
async def running(sections: dict[str, Any]) -> AsyncIterator[App]:
    """The desk, from a Wednesday morning on."""
    started = clock.now()
    app = App(Config.model_validate(sections), now=lambda: WEDNESDAY + (clock.now() - started))
    async with run(app):
        yield app


async def rows(app: App, table: Any) -> list[Any]:
    """All rows of a table, oldest first."""
    query = sa.select(*table.__table__.c).order_by(table.id)
    return await app.store.read(lambda tx: list(tx.run(query)))


async def settled(app: App, count: int) -> None:
    """Returns when ``count`` mails have been dealt with, and nothing waits that may be sent by now."""
    async with asyncio.timeout(40):
        while True:
            done = [row for row in await rows(app, Inbox) if row.state in DONE]
            sending = [row for row in await rows(app, Outbox) if row.state in WAITS]
            waits = [row for row in sending if row.state == "sending" or row.not_before <= app.now()]
            if len(done) >= count and not waits:
                return
            await asyncio.sleep(0.05)


async def outcomes(app: App) -> list[tuple[str, str]]:
    """What became of each mail, and why."""
    return [(row.outcome, row.reason) for row in await rows(app, Inbox)]


async def states(app: App) -> list[str]:
    """Where each ticket stands."""
    return [row.state for row in await rows(app, Ticket)]


async def said(app: App) -> list[tuple[str, str]]:
    """All that was said in tickets: of which kind, and the words."""
    return [(row.kind, row.text) for row in await rows(app, Entry)]


async def happened(app: App, action: str) -> list[Any]:
    """The events of one kind."""
    return [row for row in await rows(app, Event) if row.action == action]


async def came(app: App) -> list[EmailMessage]:
    """Every mail that was taken, as it came."""
    query = sa.select(PayloadRow.raw).order_by(PayloadRow.inbox_id)
    raw = await app.store.read(lambda tx: list(tx.run(query).scalars()))
    return [message_from_bytes(octets, policy=policy.default) for octets in raw]


def words_of(mail: EmailMessage) -> str:
    """The plain text of a mail."""
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def base_subject(mail: EmailMessage) -> str:
    """What mail programs take for the same subject: RFC 5256, section 2.1, without its trailing (fwd)."""
    subject = " ".join(str(mail["Subject"]).split())
    shorter: Callable[[str], str] = lambda text: re.sub(  # noqa: E731  (one line of a fixed-point loop)
        r"^(?:\[[^\[\]]*\]\s*)*(?:re|fwd?)\s*(?:\[[^\[\]]*\]\s*)?:\s*|^\[[^\[\]]*\]\s*(?=\S)",
        "",
        text,
        flags=re.IGNORECASE,
    )
    while (next_one := shorter(subject)) != subject:
        subject = next_one
    return subject


def threads(house: MailHouse, name: str) -> str:
    """How Dovecot groups somebody's mailbox by In-Reply-To and References alone: RFC 5256 without subjects."""
    with house.client(name) as client:
        client.select(readonly=True)
        _, data = client.thread("REFS", "UTF-8", "ALL")
    return str(data[0], "ascii")


def mailbox(house: MailHouse) -> dict[str, Any]:
    """The mailbox support@, as the desk reads it."""
    return {
        "host": "localhost",
        "port": house.dovecot.imaps,
        "ca_file": house.certificate.file,
        "user": "support",
        "password": PASSWORD,
        "address": address("support"),
        "first_run": "all",
    }


def waiting(postfix: Postfix) -> str:
    """Why mail that was put off waits in Postfix's queue."""
    put_off = [mail for mail in postfix.queue() if mail["queue_name"] == "deferred"]
    return "\n".join(
        str(recipient.get("delay_reason")) for mail in put_off for recipient in mail["recipients"]
    )
