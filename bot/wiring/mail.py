"""Mail, both ways: the SMTP door, the mailboxes, the relay, and the jobs of the children for them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from bot import enclosures
from bot.channels.imap import House, ImapDoor
from bot.channels.imap_health import Health
from bot.channels.maildir import MaildirSender
from bot.channels.relay import RelaySender
from bot.channels.smtp import SmtpDoor
from bot.errors import WorkerFailed
from bot.mail.authentication import Believed
from bot.mail.parse import ReadJob, read_mail
from bot.message import IncomingMessage, OutgoingMessage, Payload
from bot.senders import SenderCheck

if TYPE_CHECKING:
    from bot.config import Config
    from bot.mail.compose import ComposedMail
    from bot.ports import Sender, Source
    from bot.render.mail import MailJob
    from bot.wiring.parts import Run, Serving
    from bot.wiring.process import Process
    from bot.workers import Workers

log: Final = logging.getLogger("deskbot.app")


class Mail:
    """The doors and the way out for mail."""

    def __init__(self, process: Process) -> None:
        self._process = process
        config = process.config
        senders = config.senders
        self._believed = Believed(senders.trusted, senders.front, senders.check == "dns")
        self._check = sender_check(config, process.workers) if self._believed.check else None
        self.sender = self._way_out()
        self.door = SmtpDoor(config.smtp, config.desk, self.translate, process.now)
        house = House(process.store, process.worker, config.store.lease, process.key, process.now)
        self.mailboxes = tuple(
            ImapDoor(name, section, self.translate, house, Health(name, process.metrics, self._trouble))
            for name, section in config.imap.items()
        )
        self.listens = "smtp" in process.roles and config.smtp.enabled

    def sources(self) -> dict[str, Source]:
        """All doors, by the names of their channels."""
        return {self._process.config.smtp.name: self.door} | {box.name: box for box in self.mailboxes}

    def senders(self) -> dict[str, Sender]:
        """The way out of each channel."""
        config = self._process.config
        return dict.fromkeys((config.smtp.name, *config.imap), self.sender)

    def doors(self) -> dict[str, Run]:
        """The doors that this process keeps."""
        smtp: dict[str, Run] = {"smtp": self.door.run} if self.listens else {}
        return smtp | {f"imap.{box.name}": box.run for box in self._read_here()}

    def serving(self) -> dict[str, Serving]:
        """Whether each of them does what it is for."""
        smtp: dict[str, Serving] = {"smtp": self._listens} if self.listens else {}
        return smtp | {f"imap.{box.name}": box.serving for box in self._read_here()}

    async def close(self) -> None:
        await self.sender.close()

    async def translate(self, payload: Payload) -> Sequence[IncomingMessage]:
        """What a mail says, read in a child."""
        read = await self._process.workers.run(read_mail, ReadJob(payload, self._believed))
        if read.unproved is None or self._check is None:
            return [read.message]
        return [await self._check.prove(read.message, read.unproved, payload)]

    async def compose(self, message: OutgoingMessage) -> ComposedMail:
        """Words and octets for one mail, made in a child."""
        from bot.render.mail import MailJob, compose_mail

        process, desk = self._process, self._process.config.desk
        folder = process.config.templates.folder
        job = MailJob(
            await enclosures.loaded(message, process.blobs),
            desk.name,
            desk.address,
            desk.domain,
            str(folder) if folder else None,
            desk.time_zone,
            process.now(),
        )
        try:
            mail = await process.workers.run(compose_mail, job)
        except WorkerFailed as error:
            mail = await self._compose_simpler(job, message, error)
        for warning in mail.warnings:
            log.warning("a mail is not as it should be: %s", warning, extra={"action": "mail.warning"})
        return mail

    async def _compose_simpler(
        self, job: MailJob, bare: OutgoingMessage, error: WorkerFailed
    ) -> ComposedMail:
        """A template that kills its child is not asked twice: the built-in one speaks (H3, H4). Files for which
        a child has no room are only named (``bare``: the message without their content)."""
        from bot.render.mail import compose_mail

        run = partial(self._process.workers.run, compose_mail)
        if job.templates is not None:
            self._process.template_broke(f"{bare.notice.event}: {error}")
            job = replace(job, templates=None)
            try:
                return await run(job)
            except WorkerFailed as again:
                error = again
        if job.message == bare:
            raise error
        log.error("files were left out of a mail: %s", error, extra={"action": "mail.files-too-large"})
        return await run(replace(job, message=bare))

    def _way_out(self) -> Sender:
        relay = self._process.config.relay
        if relay.host:
            return RelaySender(relay, self.compose)
        return MaildirSender(relay.maildir or self._process.config.desk.data / "outbox", self.compose)

    def _read_here(self) -> list[ImapDoor]:
        """The mailboxes that this process reads, or waits to read."""
        enabled = self._process.config.imap if "imap" in self._process.roles else {}
        return [box for box in self.mailboxes if box.name in enabled and enabled[box.name].enabled]

    async def _listens(self) -> bool:
        return self.door.serving

    def _trouble(self, name: str, words: str) -> None:
        """A mailbox asks for a person; called from its own thread."""
        what = f"The mailbox {name} cannot be read: {words}"
        advice = f"Check [imap.{name}] (the password or the token may have expired), then run: deskbot check"
        self._process.loop.call_soon_threadsafe(self._process.alarm, f"imap {name}", what, advice)


def sender_check(config: Config, workers: Workers) -> SenderCheck:
    """Checks senders by DNS. Raises ``ConfigError``."""
    from bot.channels.dns import DnsResolver  # 12 MB that most desks never need
    from bot.mail.authentication.names import organisational

    organisational("localhost.example")  # reads its list now, not while mail waits
    seconds = config.senders.timeout_seconds
    # Half of the time for one question: a domain that does not answer is then remembered as such.
    return SenderCheck(DnsResolver(config.senders.nameservers, seconds=seconds / 2), workers, seconds=seconds)
