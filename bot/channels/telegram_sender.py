"""The way out by Telegram: words with buttons and files to a chat, cards to the rooms of teams.

What happens when nobody knows whether a message arrived (J8): what a machine wrote is not sent again; what a
person wrote is sent once more. Telegram has no way to look whether it is there. A text in several parts goes on
with the part that failed, as long as this process lives.
"""

from __future__ import annotations

import logging
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.channels import telegram_text as wording
from bot.channels.chat_words import Load, carried
from bot.channels.telegram_api import LARGEST_UPLOAD, Api, Elsewhere, Refused
from bot.channels.telegram_words import Button, TelegramWords
from bot.channels.turns import Rates, Turns
from bot.errors import ChannelBusy, ChannelError
from bot.message import Attachment, Kind, OutgoingMessage, Receipt

log = logging.getLogger("deskbot.telegram")

Words = Callable[[OutgoingMessage], Awaitable[TelegramWords]]
_MESSAGE: Final = re.compile(r"(-?[0-9]{1,20})/([0-9]{1,12})")
_TOPIC: Final = re.compile(r"(-?[0-9]{1,20})/topic/([0-9]{1,12})")
_HALF: Final = 500
"""Messages of several parts that are remembered, as far as they have got."""
RATES: Final = Rates(every=1.0, group_most=20, group_seconds=60.0, all_most=30, all_seconds=1.0)
"""What Telegram allows (J5)."""
_WAITS: Final = 3
"""Times that Telegram may ask to wait before a message goes back to the outbox."""
_PER_ROW: Final = 3
_LONGEST_ROW: Final = 30
_GONE: Final = (
    "bot was blocked",
    "user is deactivated",
    "chat not found",
    "bot was kicked",
    "bot can't initiate",
)


@dataclass(frozen=True, slots=True)
class Where:
    """A place to write to."""

    chat: int
    topic: int | None = None
    answers: int | None = None

    @property
    def values(self) -> dict[str, Any]:
        """For the call that sends."""
        reply = {"message_id": self.answers, "allow_sending_without_reply": True} if self.answers else None
        return {"chat_id": self.chat, "message_thread_id": self.topic, "reply_parameters": reply}


class Moves:
    """Groups that have become supergroups, and so have another id (J12); kept by whoever is told."""

    def __init__(self, keep: Callable[[int, int], Awaitable[None]] | None = None) -> None:
        self._keep = keep
        self._to: dict[int, int] = {}

    def know(self, moved: Mapping[int, int]) -> None:
        """What is known from before."""
        self._to |= moved

    def now(self, chat: int) -> int:
        """The id that a chat has now."""
        for _ in range(5):
            if chat not in self._to:
                break
            chat = self._to[chat]
        return chat

    async def learn(self, old: int, new: int) -> None:
        """A group has moved."""
        if old != new and self._to.get(old) != new:
            self._to[old] = new
            log.warning("a group has moved", extra={"action": "telegram.moved", "group": old, "to": new})
            if self._keep is not None:
                await self._keep(old, new)


class TelegramSender:
    """Sends by one bot: a ``bot.ports.Sender``."""

    def __init__(
        self,
        api: Api,
        words: Words,
        *,
        load: Load | None = None,
        moves: Moves | None = None,
        gone: Callable[[OutgoingMessage], Awaitable[None]] | None = None,
        turns: Turns | None = None,
    ) -> None:
        """``words`` renders a message; ``load`` gives it the content of its files; ``gone`` is told who cannot be
        written to any more."""
        from bot.channels.telegram_cards import Cards

        self._api = api
        self._words = words
        self._load = load
        self._moves = moves or Moves()
        self._gone = gone
        self._turns = turns or Turns(RATES)
        self._half: OrderedDict[str, list[int]] = OrderedDict()
        self._cards = Cards(self)

    async def send(self, message: OutgoingMessage) -> Receipt:
        """Hand one message to Telegram. Raises ``ChannelError``; what ``words`` raises goes through."""
        full = await self._load(message) if self._load and message.attachments else message
        said = await self._words(full)
        for _ in range(3):
            where = self._where(message)
            try:
                async with self._turns.turn(str(where.chat), group=where.chat < 0):
                    if message.kind is Kind.CARD:
                        return await self._cards.show(message, where, said)
                    return await self._say(full, where, said)
            except Elsewhere as moved:
                await self._moves.learn(where.chat, moved.chat)
            except Refused as refused:
                if self._gone is not None and any(words in str(refused) for words in _GONE):
                    await self._gone(message)
                raise
        raise ChannelError("the group moves again and again")

    async def check(self) -> None:
        """Ask who we are. Raises ``ChannelError`` with what to do."""
        await self._api.call("getMe")

    async def close(self) -> None:
        """Let go of connections."""
        await self._api.close()

    def stays(self, chat: int) -> bool:
        """Whether a chat has the id that it had."""
        return self._moves.now(chat) == chat

    # The parts of a message

    async def say(self, where: Where, said: TelegramWords, message: OutgoingMessage) -> list[int]:
        """Words in as many messages as they need, the buttons below the last; returns the messages' ids. Within
        the turn of the chat."""
        pieces = list(wording.parts(said.html)) or [wording.cut(said.plain, wording.LONGEST)]
        sent = self._half.setdefault(message.token, [])
        while len(self._half) > _HALF:
            self._half.popitem(last=False)
        for number in range(len(sent), len(pieces)):
            last = number == len(pieces) - 1
            answered = await self.text(
                "sendMessage", where, pieces[number], keyboard(said.buttons) if last else None
            )
            sent.append(int(answered["message_id"]))
        for number, file in enumerate(carried(message), len(pieces)):
            if len(sent) <= number:
                sent.append(await self._file(where, file))
        return sent

    async def text(
        self, method: str, where: Where, html: str, markup: dict[str, Any] | None, **more: Any
    ) -> Any:
        """Send or edit one text; as plain text when Telegram cannot read its markup (J7)."""
        values = {
            **where.values,
            **more,
            "reply_markup": markup,
            "link_preview_options": {"is_disabled": True},
        }
        if method != "sendMessage":
            del values["message_thread_id"], values["reply_parameters"]
        try:
            return await self.call(where.chat, method, **values, text=html, parse_mode="HTML")
        except Refused as refused:
            if "parse entities" not in str(refused):
                raise
            log.warning("sent as plain text: %s", refused, extra={"action": "telegram.plain"})
            bare = wording.cut(wording.plain(html), wording.LONGEST)
            return await self.call(where.chat, method, **values, text=bare)

    async def call(self, chat: int, method: str, **values: Any) -> Any:
        """A call that counts as a message to a chat. A short wait that Telegram asks for is waited here, in the
        chat's turn, so that the order stays."""
        for _ in range(_WAITS):
            try:
                async with self._turns.message(str(chat)):
                    return await self._api.call(method, **values)
            except ChannelError as error:
                if error.retry_after is None or isinstance(error, Elsewhere | ChannelBusy):
                    raise
                busy = self._turns.hold(str(chat), error.retry_after)
        raise busy

    async def ask(self, method: str, **values: Any) -> Any:
        """A call that says nothing in a chat."""
        return await self._api.call(method, **values)

    async def _say(self, message: OutgoingMessage, where: Where, said: TelegramWords) -> Receipt:
        try:
            sent = await self.say(where, said, message)
        except Refused as refused:
            if where.topic is None or not no_topic(refused):
                raise
            where = Where(where.chat)  # its topic was removed: then in the group itself
            sent = await self.say(where, said, message)
        self._half.pop(message.token, None)
        keys = tuple(f"{where.chat}/{number}" for number in sent)
        in_topic = (f"{where.chat}/topic/{where.topic}",) if where.topic else ()
        return Receipt(keys[-1] if keys else "", in_topic or keys)

    async def _file(self, where: Where, file: Attachment) -> int:
        from bot.channels.telegram_library import file_of

        if file.size > LARGEST_UPLOAD:
            raise ChannelError(f"{file.name} is larger than Telegram takes", permanent=True)
        given = file_of(file.content, file.name)
        answered = await self.call(where.chat, "sendDocument", **where.values, document=given)
        return int(answered["message_id"])

    def _where(self, message: OutgoingMessage) -> Where:
        """The conversation that a message belongs to, else the chat of its recipient.

        Raises ``ChannelError`` for an address that is none.
        """
        for key in (message.thread.answers, message.thread.answers.rpartition("/group/")[0]):
            if found := _TOPIC.fullmatch(key):
                return Where(self._moves.now(int(found[1])), topic=int(found[2]))
            if found := _MESSAGE.fullmatch(key):
                chat = self._moves.now(int(found[1]))
                moved = chat != int(found[1])  # the messages of before are not there
                return Where(chat, answers=None if moved else int(found[2]))
            if re.fullmatch(r"-?[0-9]{1,20}", key):
                return Where(self._moves.now(int(key)))
        place = message.thread.answers.rpartition("/")[2]
        own = message.to.address.rpartition("/")[2]
        for number in (place, own):
            if re.fullmatch(r"-?[0-9]{1,20}", number):
                return Where(self._moves.now(int(number)))
        raise ChannelError(f"{message.to.address[:60]} is no address of Telegram", permanent=True)


def no_topic(refused: Exception) -> bool:
    """Whether a topic is not there any more."""
    said = str(refused).casefold()
    return any(words in said for words in ("thread not found", "topic_deleted", "topic_id_invalid"))


def keyboard(buttons: tuple[Button, ...]) -> dict[str, Any] | None:
    """The buttons below a message, short ones side by side."""
    rows: list[list[dict[str, str]]] = []
    width = 0
    for button in buttons:
        shown = {
            "text": button.label,
            **({"url": button.url} if button.url else {"callback_data": button.data}),
        }
        if rows and len(rows[-1]) < _PER_ROW and width + len(button.label) <= _LONGEST_ROW:
            rows[-1].append(shown)
            width += len(button.label)
        else:
            rows.append([shown])
            width = len(button.label)
    return {"inline_keyboard": rows} if rows else None


async def ignored(work: Awaitable[Any]) -> Any:
    """What is a courtesy only: a refusal is logged."""
    try:
        return await work
    except ChannelError as error:
        log.info("not done: %s", error, extra={"action": "telegram.courtesy"})
        return None
