"""Telegram as a way out; what is pressed comes in by its door."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final

from bot.channels.chat_words import ChatJob
from bot.channels.telegram_api import Api
from bot.channels.telegram_sender import TelegramSender
from bot.channels.telegram_words import TelegramWords, write_telegram
from bot.channels.turns import Rates, Turns
from bot.config import Telegram
from bot.message import Action, IncomingMessage, OutgoingMessage, Party
from bot.ports import Sender
from tests.channels.telegram_world import ANNA, BEN, TEAM
from tests.doors.keeper import Keeper
from tests.doors.telegram_in import TelegramIn, a_house
from tests.doors.ways_out import Fails, Seen, WayOut
from tests.peers.telegram import TOKEN, Chat, Fault, TelegramHouse, Written
from tests.peers.telegram.house import Upload

_LIVE: Final = ("<script", "<a ")
_CALLS: Final = re.compile(r"(?<!\w)@[A-Za-z]\w*|(?<![\w/<>])/[A-Za-z0-9_]+(?![\w/<>])")
"""What Telegram makes a call to somebody, or a command, wherever it stands in a text."""


async def in_telegram(message: OutgoingMessage) -> TelegramWords:
    """As the children do it."""
    return write_telegram(ChatJob(replace(message, attachments=()), "Help desk", "help@desk.example"))


class TelegramOut(WayOut):
    """Anna's chat with the bot; Ben's; the group with topics in which Ben's team works."""

    remedy = "token"
    to = Party("telegram", f"tg/{ANNA}", "Anna")
    other = Party("telegram", f"tg/{BEN}", "Ben")
    room = Party("telegram", f"tg/{TEAM}")

    def __init__(self, keeper: Keeper, house: TelegramHouse) -> None:
        super().__init__(keeper)
        self._house = house
        self.door = TelegramIn(keeper, house)
        self.sender = self.another()

    async def seen(self, by: Party | None = None) -> list[Seen]:
        chat = self._where(by or self.to)
        calls = ("sendMessage", "editMessageText")
        raw = [
            values["text"]
            for method in calls
            for values in self._house.called(method)
            if values["chat_id"] == chat.id and values.get("parse_mode")
        ]
        live = [word for word in _LIVE if word in "".join(raw)]
        return [as_seen(chat, one, live) for one in chat.messages.values() if one.user["is_bot"]]

    def _where(self, party: Party) -> Chat:
        return self._house.world.chats[int(party.address.rpartition("/")[2])]

    def fail(self, how: Fails) -> None:
        faults = {
            Fails.FOR_GOOD: Fault(403, "Forbidden: bot was blocked by the user"),
            Fails.FOR_NOW: Fault(502, "Bad Gateway"),
            Fails.TOO_OFTEN: Fault(429, retry_after=1),
            Fails.SILENT: Fault(hang=True),
        }
        self._house.fail("sendMessage", faults[how])

    def has_failed(self) -> bool:
        return not self._house.faults["sendMessage"]

    def another(self, *, let_in: bool = True) -> Sender:
        token = TOKEN if let_in else "4711:AARevokedTokenOnlyForTests_012345678"
        section = Telegram.model_validate({"token": token, "api_url": self._house.api_url})
        return TelegramSender(Api(section, seconds=5), in_telegram, turns=Turns(Rates(every=0.0)))

    async def answer(self, text: str) -> IncomingMessage:
        return await self._comes(self._house.says(ANNA, text, answers=self._where(self.to).last()))

    async def press(self, label: str, where: Party | None = None) -> Action | None:
        chat = self._where(where or self.to)
        message = [one for one in chat.messages.values() if one.buttons()][-1]
        who = ANNA if chat.id == ANNA else BEN
        return (await self._comes(self._house.presses(who, message, label, chat))).action

    async def _comes(self, done: Awaitable[object]) -> IncomingMessage:
        """What comes of something that somebody does."""
        await self.door.start()
        kept = len(self.keeper.kept())
        await done
        await self.door.eventually(lambda: len(self.keeper.kept()) > kept, "nothing comes of it")
        await self.door.stop()
        return (await self.door.messages())[-1]

    def take_away(self, reference: str) -> None:
        chat, _, number = reference.partition("/")
        del self._house.world.chats[int(chat)].messages[int(number)]


def as_seen(chat: Chat, one: Written, live: list[str]) -> Seen:
    """A message as its reader has it."""
    name = one.document.name if isinstance(one.document, Upload) else ""
    files = {name: bytes(one.document)} if one.document else {}
    stands = f"{chat.id}/topic/{one.topic}" if one.topic else f"{chat.id}/{one.id}"
    return Seen(one.text, tuple(one.buttons()), files, [*live, *_CALLS.findall(one.text)], stands)


@asynccontextmanager
async def telegram_out(keeper: Keeper) -> AsyncIterator[WayOut]:
    """A Telegram and the way out to it."""
    async with a_house() as house:
        house.world.add_user(BEN, "Ben Lee")
        for person in (ANNA, BEN):
            house.world.private(person)
        house.world.add_group(TEAM, "First line", forum=True)
        way = TelegramOut(keeper, house)
        try:
            yield way
        finally:
            await way.door.close()
