"""One desk with Slack and Telegram: who asks in one is answered from the other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.channels.slack_world import furnish
from tests.channels.telegram_world import ANNA, BEN, TEAM, TelegramWorld, telegram_world
from tests.peers.slack import Conversation, Posted, SlackHouse, slack_house
from tests.peers.slack.house import APP_TOKEN, BOT_TOKEN

A_REQUEST = "The printer on the third floor prints nothing at all since this morning"


@asynccontextmanager
async def both(folder: Path, room: str) -> AsyncIterator[tuple[TelegramWorld, SlackHouse]]:
    """Ann asks in Slack or Anna in Telegram; Ben works in both, and the team's room is in one of them."""
    async with slack_house() as slack:
        furnish(slack)
        door = {"bot_token": BOT_TOKEN, "app_token": APP_TOKEN, "api_url": slack.api_url, "undo": "1s"}
        ben = {"name": "Ben Lee", "addresses": ["ben@house.example"], "teams": ["first-line"],
               "chats": [f"tg:{BEN}", "acme:U2"]}  # fmt: skip
        async with telegram_world(
            folder,
            slack={"acme": door},
            teams={"first-line": {"name": "First line", "rooms": [room]}},
            agents={"ben": ben},
        ) as world:
            await world.until(slack.connected.is_set)
            yield world, slack
        assert slack.wrong == []


async def test_who_asks_in_telegram_is_answered_from_slack(tmp_path: Path) -> None:
    async with both(tmp_path, "acme:C1") as (world, slack):
        room = slack.workspace.conversations["C1"]
        await world.house.says(ANNA, A_REQUEST)
        await world.until(lambda: "HD-1" in world.said_to(ANNA) and _card(room))
        card = _card(room)[0]
        await slack.says("U2", room, "Somebody is on the way.", thread=card.ts)
        await world.until(lambda: "on the way" in world.said_to(ANNA))
        await world.house.says(ANNA, "Thank you, I wait at the printer.")
        await world.until(lambda: "at the printer" in _said_in(room, card))
        await slack.says("U2", room, "note: the toner is empty", thread=card.ts)
        await slack.types("U2", room, "/ticket", "resolve HD-1 Toner was changed.")
        await world.until(lambda: "Toner was changed" in world.said_to(ANNA))
        assert "toner is empty" not in world.said_to(ANNA)
        assert world.tickets()[0].state == "resolved"


async def test_who_asks_in_slack_is_answered_from_telegram(tmp_path: Path) -> None:
    async with both(tmp_path, f"tg:{TEAM}") as (world, slack):
        direct = slack.workspace.direct("U1")
        asked = await slack.says("U1", direct, A_REQUEST)
        await world.until(lambda: world.team.topics)
        topic = next(iter(world.team.topics))
        await world.until(lambda: world.team.texts(topic) and "HD-1" in _said_in(direct, asked))
        await world.house.says(BEN, "Somebody is on the way.", world.team, topic=topic)
        await world.until(lambda: "on the way" in _said_in(direct, asked))
        await slack.says("U1", direct, "I wait at the printer.", thread=asked.ts)
        await world.until(lambda: "at the printer" in world.said_to(TEAM))
        await world.house.says(BEN, "/resolve Toner was changed.", world.team, topic=topic)
        await world.until(lambda: "Toner was changed" in _said_in(direct, asked))
        assert [(row.channel, row.state) for row in world.tickets()] == [("acme", "resolved")]


def _card(room: Conversation) -> list[Posted]:
    return [message for message in room.messages if "HD-1" in message.words()]


def _said_in(where: Conversation, top: Posted) -> str:
    return "\n".join(message.words() for message in where.thread(top.ts))
