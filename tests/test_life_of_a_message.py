"""The life of a message: a mail by SMTP, a ticket, an acknowledgement by SMTP, and the answer to it.

Everything is real: the bot as ``bot.app`` builds it, a client that speaks SMTP to it, a relay that takes
its mail, and the database, once SQLite and once PostgreSQL.
"""

from __future__ import annotations

import asyncio
import smtplib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.app import App
from bot.config import Config
from bot.store.engine import Store
from bot.store.models import Entry, Inbox, Outbox, Ticket
from tests.fresh import migrated
from tests.peers.smarthost import Smarthost, Taken
from tests.running import running as run

WEDNESDAY = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)
"""10:30 in Rome, 17:30 in Shanghai."""


@dataclass(frozen=True)
class Requester:
    """Somebody who writes, and what they must be told."""

    language: str
    zone: str
    subject: str
    words: str
    promised: str
    number: str = "HD-1"


REQUESTERS = [
    Requester(
        language="en",
        zone="Europe/London",
        subject="The printer is on fire",
        words="Good morning, the printer on the second floor has been burning since nine. Please help!",
        promised="A person will answer you today before 13:30",
    ),
    Requester(
        language="it",
        zone="Europe/Rome",
        subject="La stampante brucia",
        words="Buongiorno, la stampante del secondo piano brucia dalle nove. Aiutateci per favore!",
        promised="Una persona del nostro team le risponderà oggi entro le 14:30",
    ),
    Requester(
        language="zh",
        zone="Asia/Shanghai",
        subject="打印机着火了",
        words="你好，二楼的打印机从今天早上九点就着火了，请帮忙处理一下，谢谢！",
        promised="明天 12:30",
    ),
]


@pytest.mark.parametrize("person", REQUESTERS, ids=lambda person: person.language)
async def test_a_mail_becomes_a_ticket_its_sender_gets_number_and_time_and_may_answer(
    person: Requester, desk: dict[str, Any]
) -> None:
    async with Smarthost() as relay, running(desk, relay, person.zone) as app:
        # A person writes to the desk, whose door answers 250.
        await post(app, letter(person))

        # An acknowledgement arrives at the relay, in their language, with the number and the promised time.
        (mail,) = await taken(relay, 1)
        acknowledgement = read(mail)
        text = words_of(acknowledgement)
        assert mail.recipients == ("ann@localhost",)
        assert person.number in text
        assert person.promised in text
        assert person.subject in text
        assert acknowledgement["Subject"].startswith(f"[{person.number}]")
        assert acknowledgement["Content-Language"] == person.language

        # It cannot start a loop, and stands in the person's own thread.
        assert mail.mail_from == ""
        assert acknowledgement["Auto-Submitted"] == "auto-replied"
        assert acknowledgement["In-Reply-To"] == "<first@client.example>"

        # The desk has one ticket, with the words as they were written and the same promise.
        (ticket,) = await rows(app, Ticket)
        (entry,) = await rows(app, Entry)
        assert (ticket.state, ticket.subject, ticket.locale) == ("new", person.subject, person.language)
        assert entry.text == person.words

        # Their program answers to the Reply-To, and loses subject and thread on the way.
        answer = letter(person, subject="?", message_id="<second@client.example>")
        del answer["To"]
        answer["To"] = acknowledgement["Reply-To"]
        await post(app, answer)
        await settled(app, 2)

        # The signed token in that address joins it to the ticket; no second acknowledgement goes out.
        assert len(await rows(app, Ticket)) == 1
        assert [row.ticket_id for row in await rows(app, Entry)] == [1, 1]
        assert [row.outcome for row in await rows(app, Inbox)] == ["opened", "appended"]
        assert len(relay.taken) == 1


async def test_a_mail_that_is_sent_again_is_one_ticket_and_one_that_borrows_its_id_is_another(
    desk: dict[str, Any],
) -> None:
    async with Smarthost() as relay, running(desk, relay, "UTC") as app:
        # A server that has not heard our 250 sends once more, and once more.
        mail = letter(REQUESTERS[0])
        for _ in range(3):
            await post(app, mail)
        await settled(app, 1)
        assert [len(await rows(app, table)) for table in (Inbox, Ticket, Outbox)] == [1, 1, 1]
        assert len(relay.taken) == 1

        # Another mail that bears the same Message-ID is not lost for it.
        await post(app, letter(REQUESTERS[1]))
        await settled(app, 2)
        assert len(await rows(app, Ticket)) == len(relay.taken) == 2


async def test_what_a_machine_writes_is_a_ticket_and_gets_no_answer(desk: dict[str, Any]) -> None:
    async with Smarthost() as relay, running(desk, relay, "UTC") as app:
        mail = letter(REQUESTERS[0])
        mail["Auto-Submitted"] = "auto-replied"
        await post(app, mail)
        await settled(app, 1)

        assert len(await rows(app, Ticket)) == 1
        assert await rows(app, Outbox) == []


async def test_our_own_mail_that_comes_back_is_nothing_new(desk: dict[str, Any]) -> None:
    async with Smarthost() as relay, running(desk, relay, "UTC") as app:
        await post(app, letter(REQUESTERS[0]))
        (first,) = await taken(relay, 1)

        # Their server forwards everything to the desk, our acknowledgement too.
        await post(app, read(first), to="help@localhost")
        await settled(app, 2)

        assert [row.outcome for row in await rows(app, Inbox)] == ["opened", "ignored"]
        assert len(await rows(app, Ticket)) == len(await rows(app, Outbox)) == 1


# What the stories above are made of


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    """The sections of a configuration for a desk on each database."""
    sections: dict[str, Any] = {
        "desk": {"data": tmp_path, "secret": "a secret for tests that is long enough to sign"},
        "store": {},
    }
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
        sections["store"] = {"url": url}
        store = Store(url.replace("postgresql://", "postgresql+psycopg://"))
        migrated(store)
        store.close()
    return sections


@asynccontextmanager
async def running(sections: dict[str, Any], relay: Smarthost, zone: str) -> AsyncIterator[App]:
    """The bot, on free ports, on a Wednesday morning, for a desk in ``zone`` that works from 9 to 18."""
    config = Config.model_validate(
        {
            **sections,
            "desk": {**sections["desk"], "time_zone": zone},
            "smtp": {"port": 0},
            "relay": {"host": "127.0.0.1", "port": relay.port, "tls": "off"},
            "web": {"enabled": False},
        }
    )
    app = App(config, now=lambda: WEDNESDAY)
    async with run(app):
        yield app


def letter(
    person: Requester, *, subject: str | None = None, message_id: str = "<first@client.example>"
) -> EmailMessage:
    """What the person's mail program sends."""
    mail = EmailMessage()
    mail["From"] = "Ann <ann@localhost>"
    mail["To"] = "help@localhost"
    mail["Subject"] = person.subject if subject is None else subject
    mail["Message-ID"] = message_id
    mail.set_content(person.words + "\n")
    return mail


async def post(app: App, mail: EmailMessage, *, to: str | None = None) -> None:
    """Hand a mail to the bot by SMTP; returns when it has answered 250."""

    def talk() -> None:
        with smtplib.SMTP("127.0.0.1", app.mail.door.port, timeout=30) as connection:
            connection.send_message(mail, to_addrs=to)

    await asyncio.to_thread(talk)


async def taken(relay: Smarthost, count: int) -> list[Taken]:
    """The mails that the relay has taken, once there are ``count``."""

    async def there() -> bool:
        return len(relay.taken) >= count

    await until(there)
    return relay.taken


async def settled(app: App, count: int) -> None:
    """Returns when ``count`` payloads have been received, and nothing waits to be sent."""

    async def quiet() -> bool:
        done = [row for row in await rows(app, Inbox) if row.state == "done"]
        waits = [row for row in await rows(app, Outbox) if row.state in {"queued", "sending"}]
        return len(done) >= count and not waits

    await until(quiet)


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Look again and again, for half a minute: databases and relays tell nobody what they have got."""
    for _ in range(3000):
        if await condition():
            return
        await asyncio.sleep(0.01)
    raise TimeoutError


def read(mail: Taken) -> EmailMessage:
    """A mail as a mail program reads it."""
    message = message_from_bytes(mail.content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def words_of(mail: EmailMessage) -> str:
    """The plain text of a mail, on one line."""
    body = mail.get_body(("plain",))
    assert body is not None
    return " ".join(str(body.get_content()).split())


async def rows(app: App, table: Any) -> list[Any]:
    """All rows of a table, oldest first."""
    query = sa.select(*table.__table__.c).order_by(table.id)
    return await app.store.read(lambda tx: list(tx.run(query)))
