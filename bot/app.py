"""The only place that builds things: from a configuration to a running desk.

The parts are in ``bot.wiring``: mail, chats, pages, and what all of them share.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from bot import clock, housekeeping
from bot.config import Config
from bot.delivery import Delivery
from bot.intake import Intake
from bot.premises import prepare_store, see_free, take_lock
from bot.runner import Runner, every
from bot.timers import Timers
from bot.wiring.chats import Chats
from bot.wiring.mail import Mail
from bot.wiring.pages import Pages
from bot.wiring.process import Process

if TYPE_CHECKING:
    from bot.ports import Accept

ROLES: Final = ("smtp", "imap", "slack", "telegram", "intake", "delivery", "timers", "web")
"""What one process can be told to do alone, so that several share the work."""

_MINUTE: Final = 60.0
_HOUR: Final = 3600.0
_DAY: Final = 24 * _HOUR


class App:
    """One Deskbot process. ``open``, then ``run`` until told to stop, then ``close``."""

    def __init__(self, config: Config, roles: Sequence[str] = ROLES, *, now: clock.Clock = clock.now) -> None:
        self.process = process = Process(config, roles, now)
        self.config, self.roles, self.now = config, process.roles, now
        self.store, self.blobs, self.desk = process.store, process.blobs, process.desk
        self.mail, self.chats, self.pages = Mail(process), Chats(process), Pages(process)
        self.intake = Intake(
            self.store,
            self.blobs,
            self.mail.sources() | self.chats.sources() | {self.pages.door.name: self.pages.door},
            self.desk,
            process.metrics,
            worker=process.worker,
            pace=process.intake_pace,
            after=process.delivery_pace.wake,
            now=now,
        )
        self.delivery = Delivery(
            self.store,
            self.mail.senders() | self.chats.senders(),
            self.desk,
            process.metrics,
            worker=process.worker,
            pace=process.delivery_pace,
            at_once=3 * config.relay.connections + self.chats.at_once,
            now=now,
        )
        self.timers = Timers(
            self.store, self.desk, pace=process.timer_pace, after=process.delivery_pace.wake, now=now
        )
        self._lock: int | None = None

    async def open(self) -> None:
        """Take the store, bring it up to date, take back what a dead process held, and open the doors.

        Raises ``DeskbotError`` with what to do.
        """
        self.process.start()
        self.config.desk.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self.store.embedded:
            self._lock = take_lock(self.config.desk.data)
        await asyncio.to_thread(prepare_store, self.store)
        self.store.open()
        await self._recover()
        if self.mail.listens:
            await self.mail.door.listen()
        if self.pages.enabled:
            see_free(self.config.web)
        if self.roles & {"intake", "delivery"}:
            await self.process.workers.start()

    async def run(self, stop: asyncio.Event, accept: Accept | None = None) -> None:
        """Serve until ``stop`` is set; what is in hand is then finished, for 10 s at the most."""
        runner = Runner()
        keep = accept or self.intake.accept
        for name, door in (self.mail.doors() | self.chats.doors()).items():
            runner.door(name, partial(door, keep))
        if self.pages.enabled:
            runner.door("web", partial(self._serve_pages, keep))
        if "intake" in self.roles:
            runner.loop("intake", self.intake.run)
        if "delivery" in self.roles:
            runner.loop("delivery", self.delivery.run)
        if "timers" in self.roles:
            self._keep_time(runner)
        if not self.store.embedded:
            third = self.config.store.lease.total_seconds() / 3
            runner.loop("leases", every(third, self._keep_leases))
        await runner.run(stop)

    def wake(self) -> None:
        """Every loop looks for work at once: whoever moves the clock says so."""
        self.process.wake()

    async def close(self) -> None:
        """Let go of everything."""
        self.process.stop()
        await self.mail.close()
        await self.chats.close()
        await self.process.workers.close()
        await asyncio.to_thread(self.store.close)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _keep_time(self, runner: Runner) -> None:
        """What happens because time has passed."""
        runner.loop("timers", self.timers.run)
        forget = partial(housekeeping.forget, self.store, self.desk, self.blobs, self.now)
        runner.loop("forget", every(_HOUR, forget))
        renew = partial(housekeeping.renew_targets, self.store, self.desk, self.process.timer_pace, self.now)
        runner.loop("targets", every(_DAY, renew))
        by, pace = self.config.smtp.name, self.process.delivery_pace
        unsent = partial(housekeeping.tell_of_unsent, self.store, self.desk, by, pace, self.now)
        runner.loop("unsent", every(_MINUTE, unsent))

    async def _serve_pages(self, accept: Accept) -> None:
        serving = self.mail.serving() | self.chats.serving()
        await self.pages.serve(accept, serving, self.chats.routes(accept))

    async def _keep_leases(self) -> None:
        await self.delivery.keep_leases()
        await self._recover()

    async def _recover(self) -> None:
        paces = (self.process.intake_pace, self.process.delivery_pace)
        await housekeeping.recover_now(self.store, self.process.worker, paces)
