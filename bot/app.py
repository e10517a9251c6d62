"""The only place that builds things: from a configuration to a running desk."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from bot import clock, enclosures, housekeeping
from bot.channels.imap import House, ImapDoor
from bot.channels.imap_health import Health
from bot.channels.maildir import MaildirSender
from bot.channels.relay import RelaySender
from bot.channels.slack import SlackDoor
from bot.channels.slack_forms import SlackForms
from bot.channels.slack_homes import Homes
from bot.channels.slack_workspace import Workspace
from bot.channels.smtp import SmtpDoor
from bot.config import Config
from bot.delivery import Delivery
from bot.desk import alarms
from bot.desk.desk import Desk
from bot.errors import WorkerFailed
from bot.intake import Intake
from bot.loops import Pace, persist
from bot.mail.authentication import Believed
from bot.mail.parse import ReadJob, read_mail
from bot.message import IncomingMessage, OutgoingMessage, Payload
from bot.metrics import Metrics
from bot.premises import open_store, prepare_store, see_free, signing_key, take_lock
from bot.runner import Runner, every
from bot.senders import SenderCheck
from bot.store import inbox_review, outbox_review
from bot.store.blobs import open_blobs
from bot.store.engine import Store, Tx
from bot.timers import Timers
from bot.web.door import WebDoor
from bot.web.probes import Probes, Queues
from bot.workers import Workers

if TYPE_CHECKING:
    from starlette.routing import Route

    from bot.channels.slack_send import SlackSender
    from bot.channels.telegram_bots import Bot
    from bot.mail.compose import ComposedMail
    from bot.ports import Accept, Sender, Source
    from bot.render.mail import MailJob

log = logging.getLogger("deskbot.app")

ROLES: Final = ("smtp", "imap", "slack", "telegram", "intake", "delivery", "timers", "web")
"""What one process can be told to do alone, so that several share the work."""

_MINUTE: Final = 60.0
_HOUR: Final = 3600.0
_DAY: Final = 24 * _HOUR


class App:
    """One Deskbot process. ``open``, then ``run`` until told to stop, then ``close``."""

    def __init__(self, config: Config, roles: Sequence[str] = ROLES, *, now: clock.Clock = clock.now) -> None:
        self.config = config
        self.roles = frozenset(roles)
        self.worker = secrets.token_hex(8)
        self.now = now
        self.metrics = Metrics()
        self.store = open_store(config, now)
        key = signing_key(config, embedded=self.store.embedded)
        self.desk = Desk.from_config(config, key)
        self.workers = Workers(
            config.workers,
            preload=("bot.mail.parse", "bot.render.mail", *_chat_jobs(config)),
            on_failure=self.metrics.worker_failed,
        )
        senders = config.senders
        self._believed = Believed(senders.trusted, senders.front, senders.check == "dns")
        self._sender_check = sender_check(config, self.workers) if self._believed.check else None
        self.blobs = open_blobs(config.store.blobs or str(config.desk.data / "blobs"))
        self.sender = self._mail_sender()
        self._intake_pace, self._delivery_pace, self._timer_pace = Pace(), Pace(), Pace()
        self.door = SmtpDoor(config.smtp, config.desk, self._translate, now)
        house = House(self.store, self.worker, config.store.lease, key, now)
        self.mailboxes = tuple(
            ImapDoor(name, section, self._translate, house, Health(name, self.metrics, self._mailbox_trouble))
            for name, section in config.imap.items()
        )
        self.slack = tuple(
            SlackDoor(
                workspace,
                self.metrics,
                SlackForms(workspace.web, config, Homes(workspace, self.store, self.desk, now).show),
                alarm=self._slack_trouble,
            )
            for workspace in slack_workspaces(config, self.store, now)
        )
        self.pages = WebDoor(self.desk.links)
        self.telegram = self._telegram_bots()
        self.slack_out = self._slack_senders()
        self.intake = self._make_intake()
        self.delivery = Delivery(
            self.store,
            self._senders(),
            self.desk,
            self.metrics,
            worker=self.worker,
            pace=self._delivery_pace,
            at_once=3 * config.relay.connections + 16 * len(self.telegram) + 8 * len(self.slack_out),
            now=now,
        )
        self.timers = Timers(
            self.store, self.desk, pace=self._timer_pace, after=self._delivery_pace.wake, now=now
        )
        self.web_port = config.web.port
        """Once the pages are served: the real one, when the configuration says 0."""
        self._lock: int | None = None
        self._loop: asyncio.AbstractEventLoop
        self._alarms: set[asyncio.Task[int]] = set()

    def _make_intake(self) -> Intake:
        sources: dict[str, Source] = {self.config.smtp.name: self.door, self.pages.name: self.pages}
        sources |= {box.name: box for box in self.mailboxes}
        sources |= {name: bot.door for name, bot in self.telegram.items()}
        return Intake(
            self.store,
            self.blobs,
            sources | {door.name: door for door in self.slack},
            self.desk,
            self.metrics,
            worker=self.worker,
            pace=self._intake_pace,
            after=self._delivery_pace.wake,
            now=self.now,
        )

    async def open(self) -> None:
        """Take the store, bring it up to date, take back what a dead process held, and open the doors.

        Raises ``DeskbotError`` with what to do.
        """
        self._loop = asyncio.get_running_loop()
        self.config.desk.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self.store.embedded:
            self._lock = take_lock(self.config.desk.data)
        await asyncio.to_thread(prepare_store, self.store)
        self.store.open()
        await self._recover()
        if "smtp" in self.roles and self.config.smtp.enabled:
            await self.door.listen()
        if "web" in self.roles and self.config.web.enabled:
            see_free(self.config.web)
        if self.roles & {"intake", "delivery"}:
            await self.workers.start()

    async def run(self, stop: asyncio.Event, accept: Accept | None = None) -> None:
        """Serve until ``stop`` is set; what is in hand is then finished, for 10 s at the most."""
        runner = Runner()
        keep = accept or self.intake.accept
        if "smtp" in self.roles and self.config.smtp.enabled:
            runner.door("smtp", lambda: self.door.run(keep))
        for box in self._read_here():
            runner.door(f"imap.{box.name}", partial(box.run, keep))
        for door in self._slack_here():
            runner.door(f"slack.{door.name}", partial(door.run, keep))
        for name, bot in self.telegram.items() if "telegram" in self.roles else ():
            runner.door(f"telegram.{name}", partial(bot.door.run, keep))
        if "web" in self.roles and self.config.web.enabled:
            runner.door("web", partial(self._serve_web, keep))
        if "intake" in self.roles:
            runner.loop("intake", self.intake.run)
        if "delivery" in self.roles:
            runner.loop("delivery", self.delivery.run)
        if "timers" in self.roles:
            runner.loop("timers", self.timers.run)
            runner.loop(
                "forget",
                every(_HOUR, lambda: housekeeping.forget(self.store, self.desk, self.blobs, self.now)),
            )
            renew = partial(housekeeping.renew_targets, self.store, self.desk, self._timer_pace, self.now)
            runner.loop("targets", every(_DAY, renew))
            by, pace = self.config.smtp.name, self._delivery_pace
            unsent = partial(housekeeping.tell_of_unsent, self.store, self.desk, by, pace, self.now)
            runner.loop("unsent", every(_MINUTE, unsent))
        if not self.store.embedded:
            third = self.config.store.lease.total_seconds() / 3
            runner.loop("leases", every(third, self._keep_leases))
        await runner.run(stop)

    def wake(self) -> None:
        """Every loop looks for work at once: whoever moves the clock says so."""
        for pace in (self._intake_pace, self._delivery_pace, self._timer_pace):
            pace.wake()

    async def close(self) -> None:
        """Let go of everything."""
        for task in self._alarms:
            task.cancel()
        await self.sender.close()
        for bot in self.telegram.values():
            await bot.sender.close()
        for way in self.slack_out.values():
            await way.close()
        await self.workers.close()
        await asyncio.to_thread(self.store.close)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    async def _serve_web(self, accept: Accept) -> None:
        from bot.web.app import create_app
        from bot.web.pages import Pages
        from bot.web.server import serve

        doors = {"smtp": self._smtp_listens} if "smtp" in self.roles and self.config.smtp.enabled else {}
        doors |= {f"imap.{box.name}": box.serving for box in self._read_here()}
        slack = self._slack_here()
        doors |= {f"slack.{door.name}": door.serving for door in slack}
        if "telegram" in self.roles:
            doors |= {f"telegram.{name}": bot.door.serving for name, bot in self.telegram.items()}
        pages = Pages(self.store, self.blobs, self.desk, accept, self.now)
        routes = [route for door in slack if door.by_http for route in door.routes()]
        routes += self._telegram_hooks(accept)
        app = create_app(Probes(self._queues, doors), self.metrics, self.config.web, pages, routes)
        await serve(app, self.config.web, self._web_listens)

    def _telegram_hooks(self, accept: Accept) -> list[Route]:
        """Where Telegram calls us."""
        called = {name: bot.door for name, bot in self.telegram.items() if bot.door.section.mode == "webhook"}
        if not called:
            return []
        from bot.channels.telegram_hook import routes

        return routes(called, accept)

    def _telegram_bots(self) -> dict[str, Bot]:
        if not any(section.enabled for section in self.config.telegram.values()):
            return {}
        from bot.channels.telegram import House as TelegramHouse
        from bot.channels.telegram_bots import bots_of

        house = TelegramHouse(self.store, self.worker, self.now, self._chat_trouble)
        return bots_of(self.config, house, self.blobs, self.workers.run, self._template_broke)

    async def _chat_trouble(self, name: str, words: str) -> None:
        """A chat door asks for a person."""
        what = f"The door {name} does not work: {words}"
        self._alarm(f"chat {name}", what, "Run deskbot check, which says what to do.")

    def _slack_senders(self) -> dict[str, SlackSender]:
        """The ways out to workspaces."""
        if not any(section.enabled for section in self.config.slack.values()):
            return {}
        from bot.channels.slack_out import slack_senders

        run, broke = self.workers.run, self._template_broke
        return slack_senders(self.config, self.blobs, run, trouble=self._alarm, broke=broke, now=self.now)

    def _senders(self) -> dict[str, Sender]:
        """The way out of each channel."""
        found: dict[str, Sender] = dict.fromkeys((self.config.smtp.name, *self.config.imap), self.sender)
        return found | {name: bot.sender for name, bot in self.telegram.items()} | self.slack_out

    def _read_here(self) -> list[ImapDoor]:
        """The mailboxes that this process reads, or waits to read."""
        enabled = self.config.imap if "imap" in self.roles else {}
        return [box for box in self.mailboxes if box.name in enabled and enabled[box.name].enabled]

    def _slack_here(self) -> list[SlackDoor]:
        """The workspaces that this process serves: by a socket of its own, or by requests to its pages."""
        by_http = "web" in self.roles and self.config.web.enabled
        here = {True: by_http, False: "slack" in self.roles}
        return [door for door in self.slack if here[door.by_http] and self.config.slack[door.name].enabled]

    def _web_listens(self, port: int) -> None:
        self.web_port = port

    async def _smtp_listens(self) -> bool:
        return self.door.serving

    async def _queues(self) -> Queues:
        came, goes = await self.store.read(lambda tx: (inbox_review.depth(tx), outbox_review.depth(tx)))
        now = self.now()

        def age(moment: datetime | None) -> float:
            return max(0.0, (now - moment).total_seconds()) if moment else 0.0

        return Queues(
            inbox_waiting=came.waiting,
            inbox_oldest=age(came.oldest),
            held=came.held,
            outbox_waiting=goes.waiting,
            outbox_oldest=age(goes.oldest),
            outbox_failed=goes.failed,
            outbox_unknown=goes.unknown,
            outbox_held=goes.held,
        )

    async def _keep_leases(self) -> None:
        await self.delivery.keep_leases()
        await self._recover()

    async def _recover(self) -> None:
        await housekeeping.recover_now(self.store, self.worker, (self._intake_pace, self._delivery_pace))

    async def _translate(self, payload: Payload) -> Sequence[IncomingMessage]:
        read = await self.workers.run(read_mail, ReadJob(payload, self._believed))
        if read.unproved is None or self._sender_check is None:
            return [read.message]
        return [await self._sender_check.prove(read.message, read.unproved, payload)]

    async def compose(self, message: OutgoingMessage) -> ComposedMail:
        """Words and octets for one mail, made in a child."""
        from bot.render.mail import MailJob, compose_mail

        desk = self.config.desk
        folder = self.config.templates.folder
        job = MailJob(
            await enclosures.loaded(message, self.blobs),
            desk.name,
            desk.address,
            desk.domain,
            str(folder) if folder else None,
            desk.time_zone,
            self.now(),
        )
        try:
            mail = await self.workers.run(compose_mail, job)
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

        if job.templates is not None:
            self._template_broke(f"{bare.notice.event}: {error}")
            job = replace(job, templates=None)
            try:
                return await self.workers.run(compose_mail, job)
            except WorkerFailed as again:
                error = again
        if job.message == bare:
            raise error
        log.error("files were left out of a mail: %s", error, extra={"action": "mail.files-too-large"})
        return await self.workers.run(compose_mail, replace(job, message=bare))

    def _template_broke(self, what: str) -> None:
        self.metrics.template_broken()
        log.error("the built-in template was used: %s", what, extra={"action": "template.broken"})
        advice = "Run `deskbot templates check`, which names the fault, and mend the template."
        self._alarm(f"template {what[:80]}", f"A template could not be used: {what}", advice)

    def _mailbox_trouble(self, name: str, words: str) -> None:
        """A mailbox asks for a person; called from its own thread."""
        what = f"The mailbox {name} cannot be read: {words}"
        advice = f"Check [imap.{name}] (the password or the token may have expired), then run: deskbot check"
        self._loop.call_soon_threadsafe(self._alarm, f"imap {name}", what, advice)

    def _slack_trouble(self, name: str, words: str) -> None:
        """A workspace asks for a person."""
        what = f"Nothing comes from the Slack workspace {name}: {words}"
        advice = f"Check [slack.{name}] (the app may have been removed, or its token changed), then run: deskbot check"
        self._alarm(f"slack {name}", what, advice)

    def _alarm(self, key: str, what: str, advice: str) -> None:
        """Tell people, when the database is there to write it down; the log has it anyway."""

        def unit(tx: Tx) -> int:
            return alarms.raise_alarm(tx, key, what, advice, self.config.smtp.name, self.desk, self.now())

        task = self._loop.create_task(persist(self.store, unit))
        self._alarms.add(task)
        task.add_done_callback(self._alarms.discard)
        task.add_done_callback(lambda _: self._delivery_pace.wake())

    def _mail_sender(self) -> Sender:
        relay = self.config.relay
        if relay.host:
            return RelaySender(relay, self.compose)
        return MaildirSender(relay.maildir or self.config.desk.data / "outbox", self.compose)


def slack_workspaces(config: Config, store: Store, now: clock.Clock) -> list[Workspace]:
    """The workspaces of the configuration. The siren gives a ticket its first priority."""
    urgent = next(iter(config.priorities))
    return [
        Workspace(name, section, store, now, prefix=config.desk.prefix, urgent=urgent)
        for name, section in config.slack.items()
    ]


def _chat_jobs(config: Config) -> tuple[str, ...]:
    """Modules that the children need only when chat programs are written to."""
    slack = any(section.enabled for section in config.slack.values())
    telegram = any(section.enabled for section in config.telegram.values())
    return (
        *(("bot.channels.slack_blocks",) if slack else ()),
        *(("bot.channels.telegram_words",) if telegram else ()),
    )


def sender_check(config: Config, workers: Workers) -> SenderCheck:
    """Checks senders by DNS. Raises ``ConfigError``."""
    from bot.channels.dns import DnsResolver  # 12 MB that most desks never need
    from bot.mail.authentication.names import organisational

    organisational("localhost.example")  # reads its list now, not while mail waits
    seconds = config.senders.timeout_seconds
    # Half of the time for one question: a domain that does not answer is then remembered as such.
    return SenderCheck(DnsResolver(config.senders.nameservers, seconds=seconds / 2), workers, seconds=seconds)
