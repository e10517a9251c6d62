"""J4: two processes share a bot by one database. One asks; when it is killed, the other goes on."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Final

import psycopg
import pytest

from tests.channels.telegram_world import ANNA
from tests.faults.process import Bot
from tests.peers.telegram import TOKEN, TelegramHouse, telegram_house

TAKEOVER: Final = 60.0
"""Seconds after which the other must ask."""


def a_bot(folder: Path, house: TelegramHouse, store_url: str, name: str) -> Bot:
    """A process of its own, with the bot that both share."""
    home = folder / name
    home.mkdir()
    lines = [
        "[telegram.tg]",
        f'token = "{TOKEN}"',
        f'api_url = "{house.api_url}"',
        "[smtp]",
        "enabled = false",
    ]
    lines += ["[limits]", "tickets_per_sender_hour = 1000"]
    (home / "config.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Bot(home, store_url=store_url, name=name)


def subjects(url: str) -> list[str]:
    """What the tickets are about."""
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute("SELECT subject FROM ticket ORDER BY id")]


def said(bot: Bot) -> list[str]:
    """The actions in the log of a process."""
    lines = bot.log.read_text(encoding="utf-8").splitlines()
    return [json.loads(line).get("action", "") for line in lines if line.startswith("{")]


@pytest.mark.faults
async def test_j4_when_the_one_that_asks_is_killed_the_other_goes_on_and_nothing_is_lost(
    tmp_path: Path, postgres_url: str
) -> None:
    async with telegram_house() as house:
        house.world.add_user(ANNA, "Anna Rossi")
        first, second = (a_bot(tmp_path, house, postgres_url, name) for name in ("first", "second"))
        try:
            await asyncio.to_thread(first.upgrade)
            first.start()
            await house.until(lambda: house.called("getUpdates"), 40)
            second.start()
            await house.until(lambda: len(house.called("getMe")) == 2, 40)
            for number in range(10):
                await house.says(ANNA, f"/new request {number}")
            await house.until(lambda: len(subjects(postgres_url)) == 10, 40)
            assert "telegram.interrupted" not in said(second), "only one asks"
            for number in range(10, 20):
                await house.says(ANNA, f"/new request {number}")
            first.kill()
            killed, asked = time.monotonic(), len(house.called("getUpdates"))
            await house.until(lambda: len(house.called("getUpdates")) > asked, TAKEOVER)
            assert time.monotonic() - killed < TAKEOVER
            await house.until(lambda: not house.world.updates and len(subjects(postgres_url)) == 20, 40)
        finally:
            first.end()
            second.end()
        assert sorted(subjects(postgres_url)) == sorted(f"request {number}" for number in range(20))
