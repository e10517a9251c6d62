"""The ways out to all workspaces of the configuration, each with its words and files."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from bot import clock, enclosures
from bot.channels.slack_blocks import SlackJob, SlackWords, compose_slack
from bot.channels.slack_send import SlackSender, Trouble
from bot.config import Config
from bot.errors import WorkerFailed
from bot.message import OutgoingMessage
from bot.store.blobs import Blobs

log = logging.getLogger("deskbot.slack")

Run = Callable[[Callable[[Any], Any], Any], Awaitable[Any]]
"""Does a job in a child process."""


class SlackComposer:
    """Words and buttons of messages, made in a child. ``broke`` hears of a template that could not be used."""

    def __init__(self, config: Config, run: Run, broke: Callable[[str], None], now: clock.Clock) -> None:
        self._desk = config.desk
        self._folder = str(config.templates.folder) if config.templates.folder else None
        self._run = run
        self._broke = broke
        self._now = now

    async def __call__(self, message: OutgoingMessage) -> SlackWords:
        """The words of one message, whose files are only named here."""
        left_out = tuple(file.name for file in message.attachments if len(file.content) != file.size)
        desk, bare = self._desk, replace(message, attachments=())
        job = SlackJob(bare, desk.name, desk.address, left_out, self._folder, desk.time_zone, self._now())
        try:
            words: SlackWords = await self._run(compose_slack, job)
        except WorkerFailed as error:
            if job.templates is None:
                raise
            # A template that kills its child is not asked twice: the built-in one speaks (H3, H4).
            self._broke(f"{message.notice.event}: {error}")
            words = await self._run(compose_slack, replace(job, templates=None))
        for warning in words.warnings:
            log.warning("a message is not as it should be: %s", warning, extra={"action": "slack.warning"})
        return words


def slack_senders(
    config: Config,
    blobs: Blobs,
    run: Run,
    *,
    trouble: Trouble,
    broke: Callable[[str], None],
    now: clock.Clock = clock.now,
) -> dict[str, SlackSender]:
    """A sender for each workspace that is enabled, by the channel's name."""
    compose = SlackComposer(config, run, broke, now)
    urgent = next(iter(config.priorities))
    return {
        name: SlackSender(
            name,
            section,
            compose,
            load=_loader(blobs, section.max_file),
            trouble=trouble,
            urgent=urgent,
            now=now,
        )
        for name, section in config.slack.items()
        if section.enabled
    }


def _loader(blobs: Blobs, most: int) -> Callable[[OutgoingMessage], Awaitable[OutgoingMessage]]:
    async def load(message: OutgoingMessage) -> OutgoingMessage:
        """The files that may go, in their order; a larger one keeps its place without content."""
        fit = tuple(file for file in message.attachments if file.size <= most)
        loaded = await enclosures.loaded(replace(message, attachments=fit), blobs)
        there = {id(file): got for file, got in zip(fit, loaded.attachments, strict=True)}
        return replace(message, attachments=tuple(there.get(id(file), file) for file in message.attachments))

    return load
