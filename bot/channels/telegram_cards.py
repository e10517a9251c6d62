"""Cards of tickets in the rooms of teams. A group with topics has one topic for each ticket, named by number, state
and subject, closed and opened again with it, the card pinned in it; another group has the card, and answers to it.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from bot.channels import telegram_text as wording
from bot.channels.telegram_api import Refused
from bot.channels.telegram_places import Where
from bot.channels.telegram_words import TelegramWords
from bot.errors import ChannelError
from bot.message import OutgoingMessage, Receipt

if TYPE_CHECKING:
    from bot.channels.telegram_sender import TelegramSender

_KNOWN_SECONDS: Final = 600.0
_KEPT: Final = 2_000
_CARD: Final = re.compile(r"(-?[0-9]{1,20})/([0-9]{1,12})")
_CLOSED: Final = "closed"
_SAME: Final = "message is not modified"


class Cards:
    """The cards of one bot."""

    def __init__(self, sender: TelegramSender) -> None:
        self._sender = sender
        self._forums: dict[int, tuple[bool, float]] = {}
        self._topics: OrderedDict[tuple[int, int], tuple[str, bool]] = OrderedDict()
        """What each topic is called, and whether it is closed."""
        self._began: OrderedDict[tuple[int, int], int] = OrderedDict()
        """Topics that were made for a ticket and have no card yet: a second try uses them."""

    async def show(self, message: OutgoingMessage, where: Where, said: TelegramWords) -> Receipt:
        """Post the card of a ticket, or change it in place. Within the turn of the chat. Raises ``ChannelError``."""
        chat = where.chat
        found = _CARD.fullmatch(message.thread.card)
        card = int(found[2]) if found and self._sender.stays(int(found[1])) else None
        if card is not None and await self._changed(where, card, said):
            key = f"{chat}/topic/{where.topic}" if where.topic else f"{chat}/{card}"
            await self._name(message, chat, where.topic, said.title)
            return Receipt(f"{chat}/{card}", (key,))
        return await self._post(message, where, said)

    async def _changed(self, where: Where, card: int, said: TelegramWords) -> bool:
        """Change a card in place; False: it is not there any more."""
        from bot.channels.telegram_sender import keyboard

        piece = next(wording.parts(said.html), said.plain)
        markup = keyboard(said.buttons) or {"inline_keyboard": []}
        try:
            await self._sender.text("editMessageText", where, piece, markup, message_id=card)
        except Refused as refused:
            return _SAME in str(refused)
        return True

    async def _post(self, message: OutgoingMessage, where: Where, said: TelegramWords) -> Receipt:
        from bot.channels.telegram_sender import ignored, keyboard, no_topic

        chat, topic = where.chat, where.topic
        if topic is None and await self._is_forum(chat):
            topic = await self._make_topic(chat, message.ticket, said.title)
        piece = next(wording.parts(said.html), said.plain)
        try:
            sent = await self._sender.text("sendMessage", Where(chat, topic), piece, keyboard(said.buttons))
        except Refused as refused:
            if topic is None or not no_topic(refused):
                raise
            self._began.pop((chat, message.ticket), None)
            topic = await self._make_topic(chat, message.ticket, said.title)
            sent = await self._sender.text("sendMessage", Where(chat, topic), piece, keyboard(said.buttons))
        self._began.pop((chat, message.ticket), None)
        card = int(sent["message_id"])
        if topic is None:
            return Receipt(f"{chat}/{card}", (f"{chat}/{card}",))
        pin = self._sender.ask("pinChatMessage", chat_id=chat, message_id=card, disable_notification=True)
        await ignored(pin)
        await self._name(message, chat, topic, said.title)
        return Receipt(f"{chat}/{card}", (f"{chat}/topic/{topic}", f"{chat}/{card}"))

    async def _make_topic(self, chat: int, ticket: int, title: str) -> int:
        """A topic of its own. When nobody knows whether it was made it is made again: an empty one does no harm."""
        if (chat, ticket) in self._began:
            return self._began[chat, ticket]
        try:
            made: dict[str, Any] = await self._sender.call(chat, "createForumTopic", chat_id=chat, name=title)
        except ChannelError as error:
            if error.ambiguous:
                raise ChannelError(str(error)) from None
            raise
        topic = int(made["message_thread_id"])
        self._began[chat, ticket] = topic
        self._remember(chat, topic, title, closed=False)
        while len(self._began) > _KEPT:
            self._began.popitem(last=False)
        return topic

    async def _name(self, message: OutgoingMessage, chat: int, topic: int | None, title: str) -> None:
        """The topic is called as the ticket stands, and is closed and opened with it. Only what has changed is said;
        a process that has just begun says it once."""
        from bot.channels.telegram_sender import ignored

        if topic is None:
            return
        closed = message.notice.values.get("state") == _CLOSED
        name, was = self._topics.get((chat, topic), ("", None))
        where = {"chat_id": chat, "message_thread_id": topic}
        if name != title:
            await ignored(self._sender.ask("editForumTopic", **where, name=title))
        if was is not closed:
            await ignored(self._sender.ask("closeForumTopic" if closed else "reopenForumTopic", **where))
        self._remember(chat, topic, title, closed=closed)

    def _remember(self, chat: int, topic: int, title: str, *, closed: bool) -> None:
        self._topics[chat, topic] = (title, closed)
        while len(self._topics) > _KEPT:
            self._topics.popitem(last=False)

    async def _is_forum(self, chat: int) -> bool:
        known = self._forums.get(chat)
        if known is None or monotonic() - known[1] > _KNOWN_SECONDS:
            told = await self._sender.ask("getChat", chat_id=chat)
            known = self._forums[chat] = (told.get("is_forum") is True, monotonic())
        return known[0]
