"""The bot is killed while updates come in: none is lost, none is there twice."""

from __future__ import annotations

import asyncio
import random
import signal
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tests.channels.telegram_world import ANNA
from tests.peers.telegram import TOKEN, TelegramHouse, telegram_house

_CONFIG = """
[desk]
address = "help@house.example"
data = "{folder}"
secret = "{secret}"
[smtp]
enabled = false
[web]
enabled = false
[telegram.tg]
token = "{token}"
api_url = "{url}"
[limits]
tickets_per_sender_hour = 1000
"""


async def _lives(
    file: Path, house: TelegramHouse, seconds: float | None, is_done: Callable[[], bool]
) -> None:
    """One life of a process: killed after so many seconds from its first question, or when all is confirmed and
    done."""
    asked = len(house.called("getUpdates"))
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "--config", str(file), "run", stderr=asyncio.subprocess.DEVNULL
    )
    try:
        await house.until(lambda: len(house.called("getUpdates")) > asked, 40)
        if seconds is None:
            await house.until(lambda: not house.world.updates and is_done(), 40)
        else:
            await asyncio.sleep(seconds)
    finally:
        child.send_signal(signal.SIGKILL)
        await child.wait()


async def test_j1_killed_between_an_update_and_its_confirmation_everything_is_kept_once(
    tmp_path: Path,
) -> None:
    file = tmp_path / "config.toml"
    wanted: list[str] = []
    async with telegram_house() as house:
        house.world.add_user(ANNA, "Anna Rossi")
        told = _CONFIG.format(folder=tmp_path / "data", secret="s" * 40, token=TOKEN, url=house.api_url)
        file.write_text(told, encoding="utf-8")
        for life in (random.uniform(0, 0.05), random.uniform(0, 0.2), None):
            for _ in range(10):
                wanted.append(f"request {len(wanted)}")
                await house.says(ANNA, f"/new {wanted[-1]}")
            await _lives(file, house, life, lambda: sorted(_subjects(tmp_path)) == sorted(wanted))
        assert house.world.updates == []
    assert sorted(_subjects(tmp_path)) == sorted(wanted), "each is a ticket, once"


def _subjects(folder: Path) -> list[str]:
    """What the tickets are about."""
    with closing(sqlite3.connect(folder / "data" / "deskbot.db")) as store:
        return [subject for (subject,) in store.execute("select subject from ticket")]
