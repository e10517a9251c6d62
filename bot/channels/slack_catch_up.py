"""What was missed: while no connection stood, or while nothing could be kept, history is asked (I5, X11, X16).

For each conversation the newest message that is committed is remembered (table ``chat_progress``), and under no
name the last moment at which nothing was missing. History is read from some minutes before that, because what
came beside a message that was kept may not have been; a message that is here already is known by its key.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from bot.channels.slack_events import Events
from bot.channels.slack_faults import Refused
from bot.channels.slack_payload import is_id, is_ts, order
from bot.channels.slack_workspace import Workspace
from bot.log import event as log_event
from bot.store import chat_progress
from bot.store.engine import Tx

log = logging.getLogger("deskbot.slack")

MARGIN: Final = 600
"""Seconds: longer than Slack goes on asking (about six minutes)."""
_KINDS: Final = "im,mpim,private_channel,public_channel"
_PAGE: Final = 200
_MOST_PAGES: Final = 50
"""Of one conversation; what is older than 10,000 messages ago was said before anybody's memory."""
_MOST_THREADS: Final = 500
"""Conversations of open tickets that are looked at, the newest first."""


class CatchUp:
    """Reads history."""

    def __init__(self, workspace: Workspace, events: Events) -> None:
        self._at = workspace
        self._events = events

    async def run(self) -> int:
        """Keep all that was missed; returns how many messages were new. Raises ``StoreUnavailable``,
        ``ChannelError``: nothing is lost, it is to be tried again."""
        at = self._at
        known = await at.store.read(lambda tx: chat_progress.positions(tx, at.name))
        if not known:
            await self.note_progress()  # the door is new: what was said before it is not for it
            return 0
        new, threads = 0, await self._threads(known)
        for channel in await self._conversations(known):
            new += await self._conversation(channel, known, threads)
        for key, since in threads.items():
            new += await self._thread(key, since)
        if new:
            log_event(log, "slack.caught-up", channel=at.name, messages=new)
        return new

    async def note_progress(self) -> None:
        """Write down how far we are: nothing that came before this moment is missing."""
        at = self._at
        seen, at.seen = at.seen, {}
        reached = {**seen, "": f"{at.now().timestamp():.6f}"}

        def write(tx: Tx) -> None:
            known = chat_progress.positions(tx, at.name)
            for place, ts in sorted(reached.items()):
                if order(ts) > order(known.get(place, "")):
                    chat_progress.advance(tx, at.name, ts, place)

        try:
            await at.store.write(write)
        except BaseException:
            at.seen = seen | at.seen
            raise

    async def _conversations(self, known: Mapping[str, str]) -> list[str]:
        """Where something may have been said to us: those of late first."""
        at, found = self._at, []
        async for one in self._pages("users.conversations", "channels", types=_KINDS, exclude_archived=True):
            channel = one.get("id")
            asked = one.get("is_im") or not at.section.channels or channel in at.section.channels
            if isinstance(channel, str) and is_id(channel) and asked:
                found.append(channel)
        return sorted(found, key=lambda channel: order(known.get(channel, "")), reverse=True)

    async def _threads(self, known: Mapping[str, str]) -> dict[str, str]:
        """The conversations of open tickets, each with the time from which on to read."""
        keys = await self._at.store.read(
            lambda tx: chat_progress.open_conversations(tx, self._at.name, _MOST_THREADS)
        )
        return {key: self._since(key.partition("/")[0], known) for key in keys}

    def _since(self, channel: str, known: Mapping[str, str]) -> str:
        last = max(known.get(channel, ""), known.get("", ""), key=order)
        return f"{max(0.0, float(last or 0) - MARGIN):.6f}"

    async def _conversation(self, channel: str, known: Mapping[str, str], threads: dict[str, str]) -> int:
        """One conversation; threads in which something was said of late are added to ``threads``."""
        since = self._since(channel, known)
        try:
            messages = [
                one
                async for one in self._pages(
                    "conversations.history", "messages", channel=channel, oldest=since
                )
            ]
        except Refused as error:
            if not error.permanent:
                raise
            log_event(log, "slack.not-read", str(error), level=logging.WARNING, channel=self._at.name)
            return 0
        new = 0
        for message in sorted(messages, key=lambda one: order(str(one.get("ts") or ""))):
            new += await self._one(channel, message)
            if message.get("reply_count") and is_ts(message.get("ts")):
                threads.setdefault(f"{channel}/{message['ts']}", since)
        return new

    async def _thread(self, key: str, since: str) -> int:
        channel, _, root = key.partition("/")
        if not (is_id(channel) and is_ts(root)):
            return 0
        new = 0
        try:
            async for message in self._pages(
                "conversations.replies", "messages", channel=channel, ts=root, oldest=since
            ):
                new += await self._one(channel, message)
        except Refused as error:
            if not error.permanent:
                raise
            log.debug("a thread is gone: %s", error)
        return new

    async def _one(self, channel: str, message: Mapping[str, Any]) -> int:
        """One message. What is none, whatever it is, must not keep all others away."""
        try:
            return await self._kept(channel, message)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            words = f"a message of history: {type(error).__name__}"
            log_event(log, "slack.not-understood", words, level=logging.ERROR, channel=self._at.name)
            return 0

    async def _kept(self, channel: str, message: Mapping[str, Any]) -> int:
        new = await self._events.message({**message, "channel": channel}, from_history=True)
        who = self._noted_by(message)
        if who and not new and not await self._at.is_kept(channel, str(message.get("ts"))):
            new = await self._events.make_ticket(channel, message, who)
        return int(new)

    def _noted_by(self, message: Mapping[str, Any]) -> str:
        """Who has put the ticket emoji on a message, the first of them."""
        reactions = message.get("reactions")
        for one in reactions if isinstance(reactions, list) else ():
            name = str(one.get("name") or "").partition("::")[0] if isinstance(one, Mapping) else ""
            users = one.get("users") if name == self._at.section.emoji else None
            if isinstance(users, list) and users and is_id(users[0]):
                return str(users[0])
        return ""

    async def _pages(self, method: str, what: str, **values: Any) -> AsyncIterator[dict[str, Any]]:
        """All of a list that comes in pages."""
        cursor = ""
        for _ in range(_MOST_PAGES):
            more = {"cursor": cursor} if cursor else {}
            told = await self._at.web.call_patiently(method, limit=_PAGE, **values, **more)
            for one in told.get(what) or ():
                if isinstance(one, dict):
                    yield one
            cursor = str((told.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                return
        log_event(log, "slack.too-much-history", level=logging.WARNING, channel=self._at.name, method=method)
