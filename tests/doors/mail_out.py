"""Mail by a relay and into a Maildir, as ways out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from pathlib import Path
from typing import ClassVar

from bot.channels.maildir import MaildirSender
from bot.channels.relay import RelaySender
from bot.config import Relay
from bot.mail.compose import ComposedMail
from bot.message import EMAIL, OutgoingMessage, Party
from bot.ports import Sender
from bot.render.mail import MailJob, compose_mail
from tests.doors.ways_out import Fails, Seen, WayOut
from tests.peers.smarthost import Deed, Smarthost

_ANSWERED = "a mail has no buttons: the page behind its link is tested in tests/web/test_rate_and_answer.py"


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


class RelayOut(WayOut):
    """A smarthost."""

    excuses: ClassVar[Mapping[str, str]] = {"test_a_press_becomes_the_action": _ANSWERED}
    remedy = "relay."
    to = Party(EMAIL, "anna@example.com", "Anna")

    def __init__(self, host: Smarthost) -> None:
        self._host = host
        self.sender = RelaySender(self._section(host.port), composed)

    def _section(self, port: int) -> Relay:
        return Relay.model_validate({"host": "localhost", "port": port, "tls": "off", "timeout": "5s"})

    async def seen(self) -> list[Seen]:
        return [seen_in(taken.content) for taken in self._host.taken]

    def fail(self, how: Fails) -> None:
        steps: dict[Fails, tuple[str, str | Deed]] = {
            Fails.FOR_GOOD: ("RCPT", "550 5.1.1 no such user"),
            Fails.FOR_NOW: ("RCPT", "451 4.3.0 local error"),
            Fails.SILENT: ("DOT", Deed.DROP_AFTER),
        }
        verb, step = steps[how]
        self._host.will(verb, step)

    async def shut_out(self) -> Sender:
        return RelaySender(Relay(host="no-such-host.invalid", tls="off"), composed)


class MaildirOut(WayOut):
    """A folder."""

    excuses: ClassVar[Mapping[str, str]] = {
        "test_a_press_becomes_the_action": _ANSWERED,
        "test_a_failure_for_good_is_permanent": "a folder knows no recipient, so it refuses none: a disk can be mended",
        "test_silence_leads_to_no_second_message": "a file is there or not: there is nobody who could keep silent",
    }
    remedy = "relay.maildir"
    to = Party(EMAIL, "anna@example.com", "Anna")

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "mails"
        self.sender = MaildirSender(self._folder, composed)

    async def seen(self) -> list[Seen]:
        new = self._folder / "new"
        files = sorted(new.iterdir(), key=lambda one: one.stat().st_mtime_ns) if new.is_dir() else []
        return [seen_in(file.read_bytes()) for file in files]

    def fail(self, how: Fails) -> None:
        assert how is Fails.FOR_NOW
        self._folder.write_bytes(b"no folder")

    def mend(self) -> None:
        """There is a folder again."""
        self._folder.unlink()

    async def shut_out(self) -> Sender:
        taken = self._folder.with_name("taken")
        taken.write_bytes(b"no folder")
        return MaildirSender(taken, composed)


@asynccontextmanager
async def relay_out(folder: Path) -> AsyncIterator[WayOut]:
    """A relay and the sender to it."""
    async with Smarthost() as host:
        yield RelayOut(host)
        assert host.violations == []


@asynccontextmanager
async def maildir_out(folder: Path) -> AsyncIterator[WayOut]:
    """A folder and the sender to it."""
    yield MaildirOut(folder)
