"""Where in Slack a message stands: in a conversation, in a thread of it, or before one person alone."""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bot.errors import ChannelError
from bot.message import Kind, OutgoingMessage

if TYPE_CHECKING:
    from bot.channels.slack_wire import Wire

_PERSON: Final = ("U", "W")
_DIRECT: Final = "D"
_TS: Final = re.compile(r"[0-9]{1,12}\.[0-9]{1,9}")
_ID: Final = re.compile(r"[A-Z0-9]{2,30}")
_KEPT: Final = 5_000


@dataclass(frozen=True, slots=True)
class Target:
    """Where a message goes."""

    line: str
    """In which it has its turn."""
    channel: str
    thread: str = ""
    only: str = ""
    """The one person who sees it."""

    @property
    def where(self) -> dict[str, Any]:
        """For the call that posts it."""
        return {"channel": self.channel} | ({"thread_ts": self.thread} if self.thread else {})


class Places:
    """Finds where messages go; remembers the conversations that were opened with people."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._direct: OrderedDict[str, str] = OrderedDict()

    async def target(self, message: OutgoingMessage) -> Target:
        """Where a message goes. Raises ``ChannelError``."""
        to = _to(message)
        if not _ID.fullmatch(to):
            raise ChannelError(f"{message.to.address[:80]!a} is no address in Slack", permanent=True)
        line = line_of(message)
        channel, thread = _stands_in(message)
        if not to.startswith(_PERSON):
            below = channel == to and message.kind is not Kind.CARD
            return Target(line, to, thread if below else "")
        if channel and message.kind is Kind.NOTICE and not channel.startswith(_DIRECT):
            return Target(line, channel, thread, only=to)
        if channel and thread:
            return Target(line, channel, thread)
        return await self.direct(to)

    async def direct(self, user: str) -> Target:
        """The conversation with one person. Raises ``ChannelError``."""
        if user not in self._direct:
            told = await self._wire.call("conversations.open", {"users": user})
            found = told.get("channel")
            channel = str(found.get("id") or "") if isinstance(found, dict) else ""
            if not channel:
                raise ChannelError("Slack opens no conversation with somebody")
            self._direct[user] = channel
            if len(self._direct) > _KEPT:
                self._direct.popitem(last=False)
        return Target(user, self._direct[user])


def in_thread(message: OutgoingMessage) -> bool:
    """Whether a message stands in a thread, where Slack runs no command of its own."""
    return bool(_stands_in(message)[1])


def line_of(message: OutgoingMessage) -> str:
    """The conversation in which a message waits for its turn. What is said to somebody directly has the name of the
    person, before the conversation with them is opened and after."""
    to = _to(message)
    channel, _ = _stands_in(message)
    return channel if channel and to.startswith(_PERSON) and not channel.startswith(_DIRECT) else to


def _to(message: OutgoingMessage) -> str:
    return message.to.address.rpartition("/")[2].upper()


def _stands_in(message: OutgoingMessage) -> tuple[str, str]:
    """Conversation and thread: the oldest message of the conversation that is answered, which is the thread's
    first; a place without a thread ("acme/C024BE91L") has none."""
    channel, ts = _parted(message.thread.answers)
    if not channel:
        return "", ""
    for key in message.thread.earlier:
        other, first = _parted(key)
        if other == channel and first and ts:
            return channel, min(first, ts, key=float)
    return channel, ts


def _parted(key: str) -> tuple[str, str]:
    where, _, ts = key.rpartition("/")
    if _TS.fullmatch(ts) and _ID.fullmatch(where.upper()):
        return where.upper(), ts
    return (ts.upper(), "") if where and _ID.fullmatch(ts.upper()) else ("", "")
