"""The way out by Telegram: words with buttons and files to a chat, cards to the rooms of teams.

What happens when nobody knows whether a message arrived (J8): what a machine wrote is not sent again; what a
person wrote is sent once more. Telegram has no way to look whether it is there. Of a message in several parts that
rule is for the one part of which nobody knows: see ``telegram_parts``.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from bot.channels import telegram_text as wording
from bot.channels.chat_words import Load
from bot.channels.telegram_api import Api, Elsewhere, Refused
from bot.channels.telegram_places import Moves, Where, where_of
from bot.channels.telegram_words import Button, TelegramWords
from bot.channels.turns import Rates, Turns
from bot.errors import ChannelBusy, ChannelError
from bot.message import Kind, OutgoingMessage, Receipt, ThreadRef

if TYPE_CHECKING:
    from bot.channels.telegram_parts import Progress

log = logging.getLogger("deskbot.telegram")

Words = Callable[[OutgoingMessage], Awaitable[TelegramWords]]
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
        progress: Progress | None = None,
    ) -> None:
        """``words`` renders a message; ``load`` gives it the content of its files; ``gone`` is told who cannot be
        written to any more; ``progress`` keeps which parts of long messages are there."""
        from bot.channels.telegram_cards import Cards
        from bot.channels.telegram_parts import InMemory, Parts

        self._api = api
        self._words = words
        self._load = load
        self._moves = moves or Moves()
        self._gone = gone
        self._turns = turns or Turns(RATES)
        self._parts = Parts(self, progress or InMemory())
        self._cards = Cards(self)

    async def send(self, message: OutgoingMessage) -> Receipt:
        """Hand one message to Telegram. Raises ``ChannelError``; what ``words`` raises goes through."""
        full = await self._load(message) if self._load and message.attachments else message
        said = await self._words(full)
        for _ in range(3):
            where = where_of(message, self._moves)
            try:
                async with self._turns.turn(str(where.chat), group=where.chat < 0):
                    if message.kind is Kind.CARD:
                        return await self._cards.show(message, where, said)
                    return await self._say(full, where, said)
            except Elsewhere as moved:
                await self._moves.learn(where.chat, moved.chat)
            except Refused as refused:
                if not any(words in str(refused) for words in _GONE):
                    raise
                alone = replace(message, thread=ThreadRef())
                if where.chat == where_of(alone, self._moves).chat:
                    if self._gone is not None:
                        await self._gone(message)
                    raise
                message = alone  # their group says nothing of them: then in their own chat
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

    # Calls

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
        return await self._worded(where.chat, method, values, "text", html)

    async def file(self, method: str, where: Where, caption: str, **more: Any) -> Any:
        """Send one file, with words that belong to it or without."""
        values = {**where.values, **more}
        if not caption:
            return await self.call(where.chat, method, **values)
        return await self._worded(where.chat, method, values, "caption", caption)

    async def _worded(self, chat: int, method: str, values: dict[str, Any], name: str, html: str) -> Any:
        try:
            return await self.call(chat, method, **values, **{name: html}, parse_mode="HTML")
        except Refused as refused:
            if "parse entities" not in str(refused):
                raise
            log.warning("sent as plain text: %s", refused, extra={"action": "telegram.plain"})
            most = wording.LONGEST if name == "text" else wording.LONGEST_CAPTION
            return await self.call(chat, method, **values, **{name: wording.cut(wording.plain(html), most)})

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
            sent = await self._parts.say(where, said, message)
        except Refused as refused:
            if where.topic is None or not no_topic(refused):
                raise
            where = Where(where.chat)  # its topic was removed: then in the group itself
            sent = await self._parts.say(where, said, message)
        keys = tuple(f"{where.chat}/{number}" for number in sent)
        in_topic = (f"{where.chat}/topic/{where.topic}",) if where.topic else ()
        return Receipt(keys[-1] if keys else "", in_topic or keys)


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
