"""Where something was said in Telegram: to us or among others, and in which ticket's conversation."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from bot.channels import telegram_commands, telegram_read
from bot.channels import telegram_text as wording
from bot.channels.telegram_payload import chat_of, kind_of, message_of, number, part
from bot.store import threads
from bot.store.engine import Store

if TYPE_CHECKING:
    from bot.channels.telegram import Me

_LOOKS: Final = 10
_MOST_UNKNOWN: Final = 1_000


class Conversations:
    """What one bot knows of them. ``pause``: seconds between two looks at whose a new topic is."""

    def __init__(self, name: str, store: Store, prefix: str, pause: float) -> None:
        self._name = name
        self._store = store
        self._prefix = prefix
        self._pause = pause
        self._unknown: dict[str, int] = {}

    async def to_us(self, update: Mapping[str, Any], me: Me, rooms: frozenset[int]) -> dict[str, Any] | None:
        """What to remember of where it was said; None: it was not said to us (J9)."""
        message, private = message_of(update), chat_of(update) > 0
        about = await self.around(update, me, rooms)
        words, mentioned = wording.words_of(message, me.username, me.id)
        spoken = telegram_commands.read(words, self._prefix)
        if spoken and spoken.to and spoken.to.casefold() != me.username.casefold():
            return None
        known = about.get("ticket") is not None
        if kind_of(update) == "edited_message":
            return about if known else None
        if private or mentioned or known or (spoken and (spoken.to or about["room"])):
            return about
        before = part(message, "reply_to_message")
        answers_us = number(part(before, "from"), "id") == me.id and not part(before, "forum_topic_created")
        return about if answers_us else None

    async def around(self, update: Mapping[str, Any], me: Me, rooms: frozenset[int]) -> dict[str, Any]:
        """What to remember of where it was said, whoever was meant. ``rooms``: the groups in which teams work."""
        itself = kind_of(update) != "message"
        keys = telegram_read.thread_keys(update, itself=itself)
        found = await self._thread(keys) if keys else None
        topic = keys[-1] if keys else ""
        while found is None and self._is_being_made(update, me, topic, rooms):
            await asyncio.sleep(self._pause)
            found = await self._thread(keys)
        about: dict[str, Any] = {"username": me.username, "room": chat_of(update) in rooms}
        return about | ({"ticket": found.ticket, "role": found.role} if found else {})

    async def _thread(self, keys: Sequence[str]) -> threads.FoundThread | None:
        return await self._store.read(lambda tx: threads.find(tx, self._name, keys))

    def _is_being_made(self, update: Mapping[str, Any], me: Me, topic: str, rooms: frozenset[int]) -> bool:
        """Whether it stands in a topic that we have made a moment ago, so that it is not recorded yet whose it is.
        A topic that stays unknown is waited for once."""
        made = part(message_of(update), "reply_to_message")
        ours = part(made, "forum_topic_created") and number(part(made, "from"), "id") == me.id
        if not ours or chat_of(update) not in rooms:
            return False
        if len(self._unknown) > _MOST_UNKNOWN:
            self._unknown.clear()
        self._unknown[topic] = self._unknown.get(topic, 0) + 1
        return self._unknown[topic] <= _LOOKS
