"""What a chat costs: from an event of Slack to its acknowledgement, to the requester's answer, to the card."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from bench.chat_rounds import Burst, Door, Said, in_rounds
from bench.parts import Say
from bench.rig import Rig, Store
from tests.faults.process import Bot
from tests.peers.slack import SlackHouse, slack_house
from tests.peers.slack.house import APP_TOKEN, BOT_TOKEN

ROOM: Final = "C0TEAM"
WRITERS: Final = 10
"""How many people write at once; each waits for the acknowledgement before the next one writes."""
_PATIENCE: Final = 30.0
_BETWEEN_CARDS: Final = 1.5
"""Slack takes about one message a second in one channel, and the bot keeps to that: cards are timed slower."""


async def limit(events: int) -> Burst:
    """The bare client, in a process of its own."""
    async with slack_house() as house:
        command = [sys.executable, "-m", "bench.chat_limit", house.api_url]
        process = await asyncio.create_subprocess_exec(*command)
        try:
            await _connected(house)
            return Burst(await _burst(house, events, "l"), {})
        finally:
            process.terminate()
            await process.wait()


async def path(rig: Rig, store: Store, name: str, events: int) -> Burst:
    """The whole bot, without a room: each of so many people asks something and gets an answer."""
    async with _bot(rig, store, name) as (house, bot):
        before = bot.usage().cpu
        said = await _burst(house, events, "p")
        await _come(house, lambda: len(posted(house, {one.mark for one in said}, room=False)), events)
        marks = {one.mark for one in said}
        return Burst(said, posted(house, marks, room=False), bot.usage().cpu - before)


async def cards(rig: Rig, store: Store, name: str, events: int) -> tuple[list[float], list[float]]:
    """One event at a time: seconds until its card is in the room, and until the answer is with its requester."""
    async with _bot(rig, store, name, room=True) as (house, _):
        said: list[Said] = []
        for number in range(events):
            said.append(await _says(house, f"c{number}"))
            await asyncio.sleep(_BETWEEN_CARDS)
        marks = {one.mark for one in said}
        await _come(house, lambda: len(posted(house, marks, room=True)), events)
        at, told = posted(house, marks, room=True), posted(house, marks, room=False)
        return (
            [at[one.mark] - one.began for one in said if one.mark in at],
            [told[one.mark] - one.began for one in said if one.mark in told],
        )


def posted(house: SlackHouse, marks: set[str], *, room: bool) -> dict[str, float]:
    """When the first message about each mark was posted: in the room, or to whoever asked."""
    found: dict[str, float] = {}
    for method, values, at in house.calls:
        where = str(values.get("channel", ""))
        if method != "chat.postMessage" or (where == ROOM) != room:
            continue
        if room:
            mark = next((one for one in marks if f"[{one}]" in json.dumps(values)), "")
        else:
            mark = where.removeprefix("D").lower()
        if mark in marks:
            found.setdefault(mark, at)
    return found


async def _burst(house: SlackHouse, events: int, letter: str) -> list[Said]:
    numbers = iter(range(events))

    async def write() -> list[Said]:
        return [await _says(house, f"{letter}{number}") for number in numbers]

    return [one for said in await asyncio.gather(*(write() for _ in range(WRITERS))) for one in said]


async def _says(house: SlackHouse, mark: str) -> Said:
    """Somebody who has never written asks for help in a direct message."""
    user = house.workspace.add_user(f"U{mark.upper()}", f"Person {mark}")
    direct = house.workspace.direct(user)
    began = time.monotonic()
    try:
        await house.says(user, direct, f"[{mark}] The printer on the second floor prints nothing at all")
    except TimeoutError:
        return Said(mark, began, None)  # it is shown as missing, and is not the end of the others
    return Said(mark, began, time.monotonic())


async def _connected(house: SlackHouse) -> None:
    async with asyncio.timeout(_PATIENCE):
        await house.connected.wait()


async def _come(house: SlackHouse, count: Callable[[], int], wanted: int) -> None:
    """Wait for messages, until none has come for long: what is missing is shown."""
    try:
        while count() < wanted:
            async with house.sent:
                await asyncio.wait_for(house.sent.wait(), _PATIENCE)
    except TimeoutError:
        return


@asynccontextmanager
async def _bot(
    rig: Rig, store: Store, name: str, *, room: bool = False
) -> AsyncIterator[tuple[SlackHouse, Bot]]:
    async with slack_house() as house:
        house.workspace.add_user("U0BEN", "Ben")
        house.workspace.add_channel(ROOM, "help", "U0BEN")
        bot = rig.make_bot(name, store)
        lines = ["[slack.acme]", f'bot_token = "{BOT_TOKEN}"', f'app_token = "{APP_TOKEN}"']
        lines += [f'api_url = "{house.api_url}"']
        if room:
            lines += ["[teams.first-line]", 'name = "First line"', f'rooms = ["acme:{ROOM}"]', "[agents.ben]"]
            lines += ['name = "Ben"', 'addresses = ["ben@localhost"]', 'chats = ["acme:U0BEN"]']
            lines += ['teams = ["first-line"]']
        (bot.folder / "config.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
        try:
            bot.start()
            await _connected(house)
            await _says(house, "warm")
            yield house, bot
        finally:
            await asyncio.to_thread(bot.end)


def chat(rig: Rig, rounds: int, events: int, carded: int, say: Say) -> list[dict[str, Any]]:
    """Rounds of limit and whole bot in turns, then cards one by one; one row for each database and round."""
    door = Door("chat", "card", limit, path, cards)
    return asyncio.run(in_rounds(door, rig, rounds, events, carded, say))
