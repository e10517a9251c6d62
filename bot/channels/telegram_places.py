"""Where in Telegram a message stands: in a chat, in a topic of a group, as an answer to a message."""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.errors import ChannelError
from bot.message import OutgoingMessage

log = logging.getLogger("deskbot.telegram")

_MESSAGE: Final = re.compile(r"(-?[0-9]{1,20})/([0-9]{1,12})")
_TOPIC: Final = re.compile(r"(-?[0-9]{1,20})/topic/([0-9]{1,12})")


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


def where_of(message: OutgoingMessage, moves: Moves) -> Where:
    """The conversation that a message belongs to, else the chat of its recipient.

    Raises ``ChannelError`` for an address that is none.
    """
    for key in (message.thread.answers, message.thread.answers.rpartition("/group/")[0]):
        if found := _TOPIC.fullmatch(key):
            return Where(moves.now(int(found[1])), topic=int(found[2]))
        if found := _MESSAGE.fullmatch(key):
            chat = moves.now(int(found[1]))
            moved = chat != int(found[1])  # the messages of before are not there
            return Where(chat, answers=None if moved else int(found[2]))
        if re.fullmatch(r"-?[0-9]{1,20}", key):
            return Where(moves.now(int(key)))
    place = message.thread.answers.rpartition("/")[2]
    own = message.to.address.rpartition("/")[2]
    for number in (place, own):
        if re.fullmatch(r"-?[0-9]{1,20}", number):
            return Where(moves.now(int(number)))
    raise ChannelError(f"{message.to.address[:60]} is no address of Telegram", permanent=True)
