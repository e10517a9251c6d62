"""The post between the desk and people who are made up: SMTP in, a Maildir out."""

from __future__ import annotations

import asyncio
import email
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any, Final

import aiosmtplib
import msgspec
import sqlalchemy as sa

from bot.message import OutgoingMessage
from bot.store.engine import Tx
from bot.store.models import Outbox

TRUSTED: Final = "simulation.invalid"
"""The mail server that vouches for everybody: see ``[senders] trusted``."""
_MAILS_PER_CONNECTION: Final = 200


@dataclass(frozen=True, slots=True)
class Received:
    """A mail of the desk's as a person has it before them."""

    to: str
    event: str
    ticket: int
    values: dict[str, Any]
    subject: str
    message_id: str
    reply_to: str
    references: str
    text: str


@dataclass(frozen=True, slots=True)
class Mail:
    """What somebody sends."""

    sender: str
    subject: str
    text: str
    answers: Received | None = None
    headers: dict[str, str] = field(default_factory=dict)


class Post:
    """Takes mail to the desk's door, one connection at a time, and fetches what it has written."""

    def __init__(self, port: int, desk: str, folder: Path) -> None:
        self._port = port
        self._desk = desk
        self._folder = folder / "new"
        self._client: aiosmtplib.SMTP | None = None
        self.sent = 0
        self.refused: list[str] = []

    async def send(self, mail: Mail, now: datetime) -> None:
        """Hand one mail over; what the door refuses is noted."""
        message = self._written(mail, now)
        if self.sent % _MAILS_PER_CONNECTION == 0:
            await self.close()
        if self._client is None:
            self._client = aiosmtplib.SMTP(
                hostname="127.0.0.1", port=self._port, use_tls=False, start_tls=False
            )
            await self._client.connect()
        try:
            await self._client.send_message(message)
        except aiosmtplib.SMTPResponseException as error:
            self.refused.append(f"{error.code} {error.message}")
        else:
            self.sent += 1

    def _written(self, mail: Mail, now: datetime) -> EmailMessage:
        message = EmailMessage(policy=policy.SMTP)
        domain = mail.sender.rpartition("@")[2]
        message["Authentication-Results"] = f"{TRUSTED}; dmarc=pass header.from={domain}"
        message["From"] = mail.sender
        message["To"] = mail.answers.reply_to if mail.answers else self._desk
        message["Subject"] = mail.subject
        message["Date"] = format_datetime(now)
        message["Message-ID"] = f"<{self.sent}.{len(self.refused)}.{int(now.timestamp())}@{domain}>"
        if mail.answers:
            message["In-Reply-To"] = mail.answers.message_id
            message["References"] = f"{mail.answers.references} {mail.answers.message_id}".strip()
        for name, value in mail.headers.items():
            message[name] = value
        message.set_content(mail.text + (_quoted(mail.answers, now) if mail.answers else ""))
        return message

    async def fetch(self, read: Any) -> list[Received]:
        """What has come since the last time; ``read`` runs a unit on the desk's store."""
        names = await asyncio.to_thread(self._names)
        if not names:
            return []
        rows: dict[str, OutgoingMessage] = await read(lambda tx: _of_names(tx, names))
        return [self._take(name, rows[name]) for name in names if name in rows]

    def _names(self) -> list[str]:
        return sorted(path.name for path in self._folder.iterdir()) if self._folder.is_dir() else []

    def _take(self, name: str, message: OutgoingMessage) -> Received:
        path = self._folder / name
        mail = email.message_from_bytes(path.read_bytes(), policy=policy.default)
        path.replace(self._folder.parent / "cur" / f"{name}:2,S")
        body = mail.get_body(("plain",))
        return Received(
            message.to.address,
            message.notice.event,
            message.ticket,
            message.notice.values,
            str(mail["Subject"]),
            str(mail["Message-ID"]),
            str(mail["Reply-To"] or mail["From"]),
            " ".join(str(mail["References"] or "").split()),
            str(body.get_content()) if body else "",
        )

    async def close(self) -> None:
        """Hang up."""
        if self._client is not None:
            client, self._client = self._client, None
            if client.is_connected:
                await client.quit()


def _quoted(mail: Received, now: datetime) -> str:
    lines = "\n".join(f"> {line}" for line in mail.text.splitlines()[:12])
    return f"\n\nOn {now:%a, %d %b %Y at %H:%M}, {mail.reply_to} wrote:\n{lines}\n"


def _of_names(tx: Tx, names: list[str]) -> dict[str, OutgoingMessage]:
    return dict(_decoded(tx, names))


def _decoded(tx: Tx, names: list[str]) -> Iterator[tuple[str, OutgoingMessage]]:
    for row in tx.run(sa.select(Outbox.result, Outbox.message).where(Outbox.result.in_(names))):
        yield str(row.result), msgspec.json.decode(row.message, type=OutgoingMessage)
