"""Mail by a relay and into a Maildir, as ways out."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy

from bot import clock
from bot.channels.maildir import MaildirSender
from bot.channels.relay import RelaySender
from bot.config import Relay
from bot.mail.compose import ComposedMail
from bot.message import EMAIL, IncomingMessage, OutgoingMessage, Party, Payload
from bot.ports import Sender
from bot.render.mail import MailJob, compose_mail
from tests.doors.keeper import Keeper
from tests.doors.mail_in import read
from tests.doors.ways_out import Fails, Seen, WayOut
from tests.peers.smarthost import Deed, Smarthost


async def composed(message: OutgoingMessage) -> ComposedMail:
    """As the children do it."""
    return compose_mail(MailJob(message, "Help desk", "help@desk.example", "desk.example"))


def seen_in(raw: bytes) -> Seen:
    """A mail as its reader has it."""
    mail = message_from_bytes(raw, policy=policy.default)
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    shown = html.get_content() if html is not None else ""
    live = [word for word in ("<script", "<img", 'href="http://x.example', "javascript:") if word in shown]
    live += [name for name in ("Bcc", "Cc") if name in mail]
    files = {str(part.get_filename()): part.get_content() for part in mail.iter_attachments()}
    return Seen(plain.get_content(), (), files, live)


class MailOut(WayOut):
    """People with mailboxes."""

    to = Party(EMAIL, "anna@example.com", "Anna")
    other = Party(EMAIL, "ben@example.net", "Ben")

    @abstractmethod
    def raw(self) -> list[bytes]:
        """The mails that have gone out, oldest first."""

    async def answer(self, text: str) -> IncomingMessage:
        sent = message_from_bytes(self.raw()[-1], policy=policy.default)
        answer = f"From: {self.to.address}\r\nSubject: Re: it\r\nIn-Reply-To: {sent['Message-ID']}\r\n\r\n{text}\r\n"
        (message,) = await read(Payload("door", "an-answer", answer.encode(), clock.now()))
        return message


class RelayOut(MailOut):
    """A smarthost."""

    remedy = "relay."

    def __init__(self, keeper: Keeper, host: Smarthost) -> None:
        super().__init__(keeper)
        self._host = host
        self._verb = ""
        self.sender = self.another()

    def raw(self) -> list[bytes]:
        return [taken.content for taken in self._host.taken]

    async def seen(self, by: Party | None = None) -> list[Seen]:
        address = (by or self.to).address
        return [seen_in(taken.content) for taken in self._host.taken if address in taken.recipients]

    def fail(self, how: Fails) -> None:
        steps: dict[Fails, tuple[str, str | Deed]] = {
            Fails.FOR_GOOD: ("RCPT", "550 5.1.1 no such user"),
            Fails.FOR_NOW: ("RCPT", "451 4.3.0 local error"),
            Fails.TOO_OFTEN: ("RCPT", "450 4.2.1 too many messages for this recipient"),
            Fails.SILENT: ("DOT", Deed.DROP_AFTER),
        }
        self._verb, step = steps[how]
        self._host.will(self._verb, step)

    def has_failed(self) -> bool:
        return not self._host._script[self._verb]

    def another(self, *, let_in: bool = True) -> Sender:
        host = {"host": "localhost", "port": self._host.port} if let_in else {"host": "no-such-host.invalid"}
        return RelaySender(Relay.model_validate({**host, "tls": "off", "timeout": "5s"}), composed)


class MaildirOut(MailOut):
    """A folder."""

    remedy = "relay.maildir"

    def __init__(self, keeper: Keeper) -> None:
        super().__init__(keeper)
        self._folder = keeper.desk.folder / "mails"
        self._failed = False
        self.sender = self.another()

    async def seen(self, by: Party | None = None) -> list[Seen]:
        mine = f"Delivered-To: {(by or self.to).address}\n".encode()
        return [seen_in(raw) for raw in self.raw() if mine in raw]

    def raw(self) -> list[bytes]:
        new = self._folder / "new"
        files = sorted(new.iterdir(), key=lambda one: one.stat().st_mtime_ns) if new.is_dir() else []
        return [file.read_bytes() for file in files]

    def fail(self, how: Fails) -> None:
        assert how is Fails.FOR_NOW
        self._folder.write_bytes(b"no folder")

    def has_failed(self) -> bool:
        return self._folder.is_file()

    def mend(self) -> None:
        if self._folder.is_file():
            self._folder.unlink()

    def another(self, *, let_in: bool = True) -> Sender:
        if let_in:
            return MaildirSender(self._folder, composed)
        taken = self._folder.with_name("taken")
        taken.write_bytes(b"no folder")
        return MaildirSender(taken, composed)


@asynccontextmanager
async def relay_out(keeper: Keeper) -> AsyncIterator[WayOut]:
    """A relay and the sender to it."""
    async with Smarthost() as host:
        yield RelayOut(keeper, host)
        assert host.violations == []


@asynccontextmanager
async def maildir_out(keeper: Keeper) -> AsyncIterator[WayOut]:
    """A folder and the sender to it."""
    yield MaildirOut(keeper)
