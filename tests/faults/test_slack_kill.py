"""I1: the process is killed between an event and its acknowledgement. Nothing is lost, and nothing comes twice."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.channels.slack_world import furnish
from tests.faults.process import Bot
from tests.peers.slack import SlackHouse, slack_house
from tests.peers.slack.house import APP_TOKEN, BOT_TOKEN
from tests.peers.slack.state import Posted


@pytest.fixture
def bot(tmp_path: Path) -> Iterator[Bot]:
    made = Bot(tmp_path)
    try:
        yield made
    finally:
        made.end()


def configure(bot: Bot, house: SlackHouse) -> None:
    """One workspace, and nothing else to wait for."""
    lines = [
        "[slack.acme]",
        f'bot_token = "{BOT_TOKEN}"',
        f'app_token = "{APP_TOKEN}"',
        f'api_url = "{house.api_url}"',
    ]
    (bot.folder / "config.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


async def connected(bot: Bot, house: SlackHouse) -> None:
    """The bot runs, and its socket stands."""
    async with asyncio.timeout(30):
        await house.connected.wait()
    assert bot.alive, bot.last_words()


async def says(house: SlackHouse, text: str) -> Posted | None:
    """Ann writes; whether Slack was told that it is kept."""
    direct = house.workspace.direct("U1")
    try:
        return await house.says("U1", direct, text)
    except TimeoutError:
        return None


def kept(bot: Bot) -> list[str]:
    """The keys of messages that the bot has, each as often as it is there."""
    with closing(sqlite3.connect(bot.data / "deskbot.db")) as database:
        found = database.execute("SELECT key FROM inbox WHERE channel = 'acme' ORDER BY id").fetchall()
    return [key for (key,) in found]


@pytest.mark.parametrize("point", ["after_slack_accept:2", "before_commit:14"])
async def test_i1_killed_between_event_and_acknowledgement_all_comes_once(bot: Bot, point: str) -> None:
    async with slack_house() as house:
        furnish(house)
        configure(bot, house)
        bot.start()
        await connected(bot, house)
        await says(house, "the first one is kept")
        bot.kill()
        await house.until(lambda: not house.sockets)
        bot.start(fail_at=point)
        await connected(bot, house)
        house.patience = 2.0
        told: list[str] = []
        for number in range(40):
            said = await says(house, f"number {number}")
            told += [said.ts] if said else []
            if said is None or not bot.alive:
                break
        assert await asyncio.to_thread(bot.ended_within, 10), "the point was not passed"
        await house.until(lambda: not house.sockets)
        assert set(told) <= {key.rpartition(":")[2] for key in kept(bot)}, "acknowledged, and lost"
        house.patience = 10
        bot.start()
        await connected(bot, house)
        await house.tells_again(1)
        await house.tells_again(2)
        await says(house, "the last one")
        direct = house.workspace.direct("U1")
        expected = sorted(f"slack:acme:{direct.id}:{m.ts}" for m in direct.messages if m.user == "U1")
        async with asyncio.timeout(20):
            while len(kept(bot)) < len(expected):
                async with house.sent:
                    await asyncio.wait_for(house.sent.wait(), 20)
        assert sorted(kept(bot)) == expected
