"""What a chat costs: from an update of Telegram to its confirmation, to the requester's answer, to the ticket's topic.

Telegram takes thirty messages a second in all and twenty a minute in a group, and the bot keeps to that: answers
cannot be faster, and topics are timed slower, one by one.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any, Final

from bench.chat_rounds import Burst, Door, Said, in_rounds
from bench.parts import Say
from bench.rig import Rig, Store
from tests.faults.process import Bot
from tests.peers.telegram import TOKEN, TelegramHouse, telegram_house

TEAM: Final = -1001
BEN: Final = 601
FIRST: Final = 1_000_000
"""The first person who writes; each event is somebody's who has never written."""
WARM: Final = 900_000
FIRST_UPDATE: Final = 900_000_000
"""The house's first number."""
_PATIENCE: Final = 30.0
_BETWEEN_CARDS: Final = 6.5
"""A topic costs two or three messages of the twenty that a group takes in a minute."""


def confirmed(house: TelegramHouse) -> dict[int, float]:
    """When each update was first confirmed: by a question with an offset beyond it."""
    found: dict[int, float] = {}
    known = 0
    for method, values, at in house.calls:
        offset = values.get("offset")
        if method == "getUpdates" and isinstance(offset, int) and offset > known:
            found |= dict.fromkeys(range(max(known, FIRST_UPDATE), offset), at)
            known = offset
    return found


def answered(house: TelegramHouse) -> dict[str, float]:
    """When the first message to each person was at Telegram."""
    found: dict[str, float] = {}
    for method, values, at in house.calls:
        if method == "sendMessage" and int(values["chat_id"]) >= FIRST:
            found.setdefault(str(values["chat_id"]), at)
    return found


def carded(house: TelegramHouse, marks: set[str]) -> dict[str, float]:
    """When the card of each request was at Telegram."""
    found: dict[str, float] = {}
    for method, values, at in house.calls:
        if method == "sendMessage" and int(values["chat_id"]) == TEAM:
            mark = next((one for one in marks if f"[{one}]" in json.dumps(values)), "")
            if mark:
                found.setdefault(mark, at)
    return found


async def limit(events: int) -> Burst:
    """The bare poller, in a process of its own."""
    async with telegram_house() as house:
        command = [sys.executable, "-m", "bench.chat_telegram_limit", house.api_url]
        process = await asyncio.create_subprocess_exec(*command)
        try:
            await house.until(lambda: house.called("getUpdates"), _PATIENCE)
            return Burst(await burst(house, events), {})
        finally:
            process.terminate()
            await process.wait()


async def path(rig: Rig, store: Store, name: str, events: int) -> Burst:
    """The whole bot, without a room: each of so many people asks something and gets an answer."""
    async with _bot(rig, store, name) as (house, bot):
        before = bot.usage().cpu
        said = await burst(house, events)
        await come(house, lambda: len(answered(house)), events)
        return Burst(said, answered(house), bot.usage().cpu - before)


async def cards(rig: Rig, store: Store, name: str, events: int) -> tuple[list[float], list[float]]:
    """One event at a time: seconds until its card is in a topic, and until the answer is with its requester."""
    async with _bot(rig, store, name, room=True) as (house, _):
        began: dict[str, float] = {}
        for number in range(events):
            began[str(FIRST + number)] = await _says(house, FIRST + number)
            await asyncio.sleep(_BETWEEN_CARDS)
        await come(house, lambda: len(carded(house, {*began})), events)
        at, told = carded(house, {*began}), answered(house)
        return (
            [at[mark] - when for mark, when in began.items() if mark in at],
            [told[mark] - when for mark, when in began.items() if mark in told],
        )


async def burst(house: TelegramHouse, events: int) -> list[Said]:
    """All write at once. What is not confirmed in time is missing from what is returned."""
    began: dict[int, tuple[str, float]] = {}
    for number in range(events):
        update = house.world.next_update
        began[update] = (str(FIRST + number), await _says(house, FIRST + number))
    await come(house, lambda: sum(update in began for update in confirmed(house)), events)
    return list(_said(began, confirmed(house)))


def _said(began: dict[int, tuple[str, float]], at: dict[int, float]) -> Iterator[Said]:
    for update, (mark, when) in began.items():
        if update in at:
            yield Said(mark, when, at[update])


async def _says(house: TelegramHouse, user: int) -> float:
    """Somebody who has never written asks for help; returns when."""
    house.world.add_user(user, f"Person {user}")
    began = time.monotonic()
    await house.says(
        user, f"[{user}] The printer on the second floor prints nothing at all, since this morning"
    )
    return began


async def come(house: TelegramHouse, count: Callable[[], int], wanted: int) -> None:
    """Wait until so many have come, or none more comes for long: what is missing is shown."""
    seen = -1

    def more() -> bool:
        return count() > seen

    try:
        while count() < wanted:
            seen = count()
            await house.until(more, _PATIENCE)
    except TimeoutError:
        return


@asynccontextmanager
async def _bot(
    rig: Rig, store: Store, name: str, *, room: bool = False
) -> AsyncIterator[tuple[TelegramHouse, Bot]]:
    async with telegram_house() as house:
        house.world.add_user(BEN, "Ben")
        house.world.add_group(TEAM, "First line", forum=True)
        bot = rig.make_bot(name, store)
        lines = ["[telegram.tg]", f'token = "{TOKEN}"', f'api_url = "{house.api_url}"']
        if room:
            lines += ["[teams.first-line]", 'name = "First line"', f'rooms = ["tg:{TEAM}"]', "[agents.ben]"]
            lines += ['name = "Ben"', 'addresses = ["ben@localhost"]', f'chats = ["tg:{BEN}"]']
            lines += ['teams = ["first-line"]']
        (bot.folder / "config.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
        try:
            bot.start()
            await house.until(lambda: house.called("getUpdates"), _PATIENCE)
            await _says(house, WARM)
            await house.until(house.world.chats[WARM].texts, _PATIENCE)
            yield house, bot
        finally:
            await asyncio.to_thread(bot.end)


def telegram(rig: Rig, rounds: int, events: int, carded: int, say: Say) -> list[dict[str, Any]]:
    """Rounds of limit and whole bot in turns, then cards one by one; one row for each database and round."""
    door = Door("telegram", "topic", limit, path, cards)
    return asyncio.run(in_rounds(door, rig, rounds, events, carded, say))
