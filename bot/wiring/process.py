"""What all parts of one process share: the store, the desk, the children, the paces of the loops, the alarm."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Collection
from typing import Final

from bot import clock
from bot.config import Config
from bot.desk import alarms
from bot.desk.desk import Desk
from bot.loops import Pace, persist
from bot.metrics import Metrics
from bot.premises import open_store, signing_key
from bot.store.blobs import open_blobs
from bot.store.engine import Tx
from bot.workers import Workers

log: Final = logging.getLogger("deskbot.app")


class Process:
    """One Deskbot process. ``start`` once its loop runs."""

    def __init__(self, config: Config, roles: Collection[str], now: clock.Clock) -> None:
        self.config = config
        self.roles = frozenset(roles)
        self.now = now
        self.worker = secrets.token_hex(8)
        """Under which name it holds what it works on."""
        self.metrics = Metrics()
        self.store = open_store(config, now)
        self.key = signing_key(config, embedded=self.store.embedded)
        self.desk = Desk.from_config(config, self.key)
        self.workers = Workers(
            config.workers,
            preload=("bot.mail.parse", "bot.render.mail", *_chat_jobs(config)),
            on_failure=self.metrics.worker_failed,
        )
        self.blobs = open_blobs(config.store.blobs or str(config.desk.data / "blobs"))
        self.intake_pace, self.delivery_pace, self.timer_pace = Pace(), Pace(), Pace()
        self.loop: asyncio.AbstractEventLoop
        self._alarms: set[asyncio.Task[int]] = set()

    def start(self) -> None:
        """From now on people can be told of trouble."""
        self.loop = asyncio.get_running_loop()

    def wake(self) -> None:
        """Every loop looks for work at once: whoever moves the clock says so."""
        for pace in (self.intake_pace, self.delivery_pace, self.timer_pace):
            pace.wake()

    def alarm(self, key: str, what: str, advice: str) -> None:
        """Tell people, when the database is there to write it down; the log has it anyway."""

        def unit(tx: Tx) -> int:
            return alarms.raise_alarm(tx, key, what, advice, self.config.smtp.name, self.desk, self.now())

        task = self.loop.create_task(persist(self.store, unit))
        self._alarms.add(task)
        task.add_done_callback(self._alarms.discard)
        task.add_done_callback(lambda _: self.delivery_pace.wake())

    def template_broke(self, what: str) -> None:
        """The built-in template spoke in the place of an administrator's."""
        self.metrics.template_broken()
        log.error("the built-in template was used: %s", what, extra={"action": "template.broken"})
        advice = "Run `deskbot templates check`, which names the fault, and mend the template."
        self.alarm(f"template {what[:80]}", f"A template could not be used: {what}", advice)

    def stop(self) -> None:
        """Alarms that are not written down yet are given up."""
        for task in self._alarms:
            task.cancel()


def _chat_jobs(config: Config) -> tuple[str, ...]:
    """Modules that the children need only when chat programs are written to."""
    slack = any(section.enabled for section in config.slack.values())
    telegram = any(section.enabled for section in config.telegram.values())
    return (
        *(("bot.channels.slack_blocks",) if slack else ()),
        *(("bot.channels.telegram_words",) if telegram else ()),
    )
