"""Slack as a way out; what is pressed comes in by its door."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from bot.channels.chat_words import ChatJob
from bot.channels.slack_blocks import SlackWords, compose_slack
from bot.channels.slack_send import SlackSender
from bot.channels.slack_wire import Wire
from bot.channels.turns import Rates, Turns
from bot.message import Action, IncomingMessage, OutgoingMessage, Party
from bot.ports import Sender
from tests.channels.slack_world import World, section_of, slack_world
from tests.doors.keeper import Keeper
from tests.doors.slack_in import SlackIn
from tests.doors.ways_out import Fails, Seen, WayOut
from tests.peers.slack import Conversation, Posted
from tests.peers.slack.house import BOT_TOKEN, Fault

_PINGS = ("<!", "<@", "<#")


async def in_slack(message: OutgoingMessage) -> SlackWords:
    """As the children do it."""
    return compose_slack(ChatJob(replace(message, attachments=()), "Help desk", "help@desk.example"))


class SlackOut(WayOut):
    """Ann's direct messages with the app; Bo's; the channel in which Bo's team works."""

    remedy = "bot_token"
    finds_out = True
    to = Party("slack", "acme/U1", "Ann")
    other = Party("slack", "acme/U2", "Bo")
    room = Party("slack", "acme/C1")

    def __init__(self, keeper: Keeper, world: World) -> None:
        super().__init__(keeper)
        self._house = world.house
        self._door = SlackIn(keeper, world)
        self.sender = self.another()

    async def seen(self, by: Party | None = None) -> list[Seen]:
        where = self._where(by or self.to)
        ours = (one for one in where.messages if one.user == self._house.workspace.bot_user)
        return [self._as_seen(where, one) for one in ours if not one.deleted]

    def _as_seen(self, where: Conversation, one: Posted) -> Seen:
        words = Posted(one.ts, one.user, "", blocks=one.blocks).words() if one.blocks else one.text
        live = live_in(one.blocks) + [ping for ping in _PINGS if ping in one.text]
        files = {file["name"]: self._house.workspace.files[file["id"]][1] for file in one.files}
        buttons = tuple(button["text"]["text"] for button in one.buttons().values() if "text" in button)
        return Seen(words, buttons, files, live, f"{where.id}/{one.thread_ts or one.ts}")

    def _where(self, party: Party) -> Conversation:
        place = party.address.rpartition("/")[2]
        known = self._house.workspace.conversations.get(place)
        return known or self._house.workspace.direct(place)

    def fail(self, how: Fails) -> None:
        faults = {
            Fails.FOR_GOOD: Fault(error="user_disabled"),
            Fails.FOR_NOW: Fault(status=429, retry_after=1),
            Fails.TOO_OFTEN: Fault(status=429, retry_after=1),
            Fails.SILENT: Fault(hang=True),
        }
        self._house.fail("chat.postMessage", faults[how])

    def has_failed(self) -> bool:
        return not self._house.faults["chat.postMessage"]

    def another(self, *, let_in: bool = True) -> Sender:
        token = BOT_TOKEN if let_in else "xoxb-revoked"
        wire = Wire(token, self._house.api_url, seconds=5)
        section = section_of(self._house, bot_token=token)
        return SlackSender("acme", section, in_slack, turns=Turns(Rates(every=0.0)), wire=wire)

    async def answer(self, text: str) -> IncomingMessage:
        direct = self._where(self.to)
        await self._door.start()
        await self._house.says("U1", direct, text, thread=direct.messages[-1].ts)
        await self._door.stop()
        return (await self._door.messages())[-1]

    async def press(self, label: str, where: Party | None = None) -> Action | None:
        place = self._where(where or self.to)
        message = next(one for one in reversed(place.messages) if one.buttons())
        buttons = message.buttons().items()
        action = next(k for k, v in buttons if v.get("text", {}).get("text", "").startswith(label))
        await self._door.start()
        await self._house.presses("U1" if place.user == "U1" else "U2", place, message, action)
        await self._door.stop()
        return (await self._door.messages())[-1].action

    def take_away(self, reference: str) -> None:
        channel, _, ts = reference.partition("/")
        message = self._house.workspace.conversations[channel].at(ts)
        assert message is not None
        message.deleted = True


def live_in(node: object) -> list[str]:
    """Elements that ping, or links."""
    if isinstance(node, list):
        return [found for one in node for found in live_in(one)]
    if not isinstance(node, dict):
        return []
    own = [str(node["type"])] if node.get("type") in {"user", "usergroup", "broadcast", "channel"} else []
    hidden = node.get("type") == "link" and node.get("text", node.get("url")) != node.get("url")
    mrkdwn = node.get("type") == "mrkdwn" and any(ping in str(node.get("text")) for ping in _PINGS)
    own += ["hidden link"] * hidden + ["ping"] * mrkdwn
    return own + [found for value in node.values() for found in live_in(value)]


@asynccontextmanager
async def slack_out(keeper: Keeper) -> AsyncIterator[WayOut]:
    """A workspace and the way out to it."""
    async with slack_world(keeper.desk.folder, run=False, store=keeper.store) as world:
        yield SlackOut(keeper, world)
        assert world.house.wrong == []
