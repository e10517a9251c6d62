"""Slack and Telegram as ways out; what is pressed comes in by their doors."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from bot.channels.slack_blocks import SlackJob, SlackWords, compose_slack
from bot.channels.slack_queue import SlackQueue
from bot.channels.slack_send import SlackSender
from bot.channels.slack_wire import Wire
from bot.channels.telegram_api import Api
from bot.channels.telegram_pace import Limits
from bot.channels.telegram_sender import TelegramSender
from bot.channels.telegram_words import TelegramJob, TelegramWords, write_telegram
from bot.config import Telegram
from bot.message import Action, OutgoingMessage, Party
from bot.ports import Sender
from tests.channels.slack_world import World, section_of, slack_world
from tests.channels.telegram_world import ANNA
from tests.doors.slack_in import SlackIn
from tests.doors.telegram_in import TelegramIn, telegram_in
from tests.doors.ways_out import Fails, Seen, WayOut
from tests.peers.slack.house import BOT_TOKEN
from tests.peers.slack.house import Fault as SlackFault
from tests.peers.telegram import TOKEN, TelegramHouse
from tests.peers.telegram import Fault as TelegramFault


async def in_slack(message: OutgoingMessage) -> SlackWords:
    """As the children do it."""
    return compose_slack(SlackJob(replace(message, attachments=()), "Help desk", "help@desk.example"))


async def in_telegram(message: OutgoingMessage) -> TelegramWords:
    """As the children do it."""
    return write_telegram(TelegramJob(message, "Help desk", "help@desk.example"))


class SlackOut(WayOut):
    """Ann's direct messages with the app."""

    remedy = "bot_token"
    to = Party("slack", "acme/U1", "Ann")

    def __init__(self, world: World) -> None:
        self._house = world.house
        self._direct = world.house.workspace.direct("U1")
        self._door = SlackIn(world)
        self.sender = self._made(BOT_TOKEN)

    def _made(self, token: str) -> SlackSender:
        wire = Wire(token, self._house.api_url, seconds=5)
        return SlackSender("acme", section_of(self._house, bot_token=token), in_slack, queue=SlackQueue(0.0), wire=wire)  # fmt: skip

    async def seen(self) -> list[Seen]:
        return [
            Seen(
                one.words(),
                tuple(button["text"]["text"] for button in one.buttons().values()),
                {file["name"]: self._house.workspace.files[file["id"]][1] for file in one.files},
                _live(one.blocks) + [ping for ping in ("<!", "<@", "<#") if ping in one.text],
            )
            for one in self._direct.messages
            if one.user == self._house.workspace.bot_user
        ]

    def fail(self, how: Fails) -> None:
        faults = {
            Fails.FOR_GOOD: SlackFault(error="user_disabled"),
            Fails.FOR_NOW: SlackFault(status=429, retry_after=1),
            Fails.SILENT: SlackFault(hang=True),
        }
        self._house.fail("chat.postMessage", faults[how])

    async def shut_out(self) -> Sender:
        return self._made("xoxb-revoked")

    async def press(self, label: str) -> Action | None:
        await self._door.start()
        message = self._direct.messages[-1]
        action = next(k for k, v in message.buttons().items() if v["text"]["text"] == label)
        await self._house.presses("U1", self._direct, message, action)
        await self._door.stop()
        return (await self._door.messages())[-1].action


def _live(node: object) -> list[str]:
    """Elements that ping, or links."""
    if isinstance(node, list):
        return [found for one in node for found in _live(one)]
    if not isinstance(node, dict):
        return []
    own = [str(node["type"])] if node.get("type") in {"user", "usergroup", "broadcast", "channel"} else []
    hidden = node.get("type") == "link" and node.get("text", node.get("url")) != node.get("url")
    mrkdwn = node.get("type") == "mrkdwn" and any(ping in str(node.get("text")) for ping in ("<!", "<@"))
    own += ["hidden link"] * hidden + ["ping"] * mrkdwn
    return own + [found for value in node.values() for found in _live(value)]


class TelegramOut(WayOut):
    """Anna's chat with the bot."""

    remedy = "token"
    to = Party("telegram", f"tg/{ANNA}", "Anna")

    def __init__(self, house: TelegramHouse, door: TelegramIn) -> None:
        self._house, self._door = house, door
        self._chat = house.world.private(ANNA)
        self.sender = self._made(TOKEN)

    def _made(self, token: str) -> TelegramSender:
        section = Telegram.model_validate({"token": token, "api_url": self._house.api_url})
        return TelegramSender(Api(section, seconds=5), in_telegram, limits=Limits(chat_seconds=0.0))

    async def seen(self) -> list[Seen]:
        raw = [values.get("text", "") for values in self._house.called("sendMessage")]
        live = [word for word in ("<script", "<a ") if word in "".join(raw)]
        return [
            Seen(one.text, tuple(one.buttons()), {"file": one.document} if one.document else {}, live)
            for one in self._chat.messages.values()
            if one.user["is_bot"]
        ]

    def fail(self, how: Fails) -> None:
        faults = {
            Fails.FOR_GOOD: TelegramFault(403, "Forbidden: bot was blocked by the user"),
            Fails.FOR_NOW: TelegramFault(502, "Bad Gateway"),
            Fails.SILENT: TelegramFault(hang=True),
        }
        self._house.fail("sendMessage", faults[how])

    async def shut_out(self) -> Sender:
        return self._made("4711:AARevokedTokenOnlyForTests_012345678")

    async def press(self, label: str) -> Action | None:
        await self._door.start()
        await self._house.presses(ANNA, self._chat.last(), label)
        said = self._door._came(label, self._house.world.updates[-1])
        await self._door.taken(said)
        await self._door.stop()
        return (await self._door.messages())[-1].action


@asynccontextmanager
async def slack_out(folder: Path) -> AsyncIterator[WayOut]:
    """A workspace and the way out to it."""
    async with slack_world(folder, run=False) as world:
        yield SlackOut(world)
        assert world.house.wrong == []


@asynccontextmanager
async def telegram_out(folder: Path) -> AsyncIterator[WayOut]:
    """A Telegram and the way out to it."""
    async with telegram_in(folder) as door:
        assert isinstance(door, TelegramIn)
        yield TelegramOut(door._house, door)
