"""The ways out to all workspaces of the configuration, each with its words and files."""

from __future__ import annotations

from collections.abc import Callable

from bot import clock
from bot.channels.chat_words import Composer, Run, loader
from bot.channels.slack_blocks import compose_slack
from bot.channels.slack_send import SlackSender, Trouble
from bot.config import Config
from bot.store.blobs import Blobs


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
    compose = Composer(compose_slack, config, run, broke, now)
    urgent = next(iter(config.priorities))
    return {
        name: SlackSender(
            name,
            section,
            compose,
            load=loader(blobs, section.max_file),
            trouble=trouble,
            urgent=urgent,
            now=now,
        )
        for name, section in config.slack.items()
        if section.enabled
    }
