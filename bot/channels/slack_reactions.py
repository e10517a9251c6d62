"""Emoji that people put on messages: the ticket emoji makes a request, others stand for what agents do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

from bot.channels.slack_payload import Act, is_id, is_ts
from bot.channels.slack_workspace import Workspace
from bot.store.threads import FoundThread

_EMOJI: Final = {"eyes": "take", "white_check_mark": "resolve", "heavy_check_mark": "resolve",
                 "rotating_light": "priority"}  # fmt: skip


class Messages(Protocol):
    """What is asked of those who know messages."""

    async def fetch(self, channel: str, ts: str) -> dict[str, Any] | None:
        """One message, wherever it stands. Raises ``ChannelError`` when Slack does not answer."""

    async def make_ticket(self, channel: str, message: Mapping[str, Any], user: str) -> bool:
        """A message becomes a request."""


class Reactions:
    """Reads the emoji of one workspace, and keeps those that say something."""

    def __init__(self, workspace: Workspace, messages: Messages) -> None:
        self._at = workspace
        self._messages = messages

    async def take(self, event: Mapping[str, Any]) -> None:
        """The ticket emoji, or one of those by which agents work."""
        at, item, user = self._at, event.get("item"), event.get("user")
        if not isinstance(item, Mapping) or item.get("type") != "message" or user == at.us.bot_user:
            return
        channel, ts = item.get("channel"), item.get("ts")
        emoji = str(event.get("reaction") or "").partition("::")[0]
        if not (isinstance(channel, str) and isinstance(ts, str)) or not (
            is_id(channel) and is_ts(ts) and is_id(user)
        ):
            return
        if emoji == at.section.emoji:
            await self._noted(channel, ts, str(user))
        elif emoji in _EMOJI:
            await self._order(channel, ts, str(user), emoji, str(event.get("event_ts") or ""))

    async def _noted(self, channel: str, ts: str, user: str) -> None:
        """Somebody makes a ticket of a message: its author is the one who asks."""
        at = self._at
        if at.section.channels and channel not in at.section.channels and not channel.startswith("D"):
            return
        if await at.is_kept(channel, ts):
            return
        message = await self._messages.fetch(channel, ts)
        if message is not None:
            await self._messages.make_ticket(channel, message, user)

    async def _order(self, channel: str, ts: str, user: str, emoji: str, stamp: str) -> None:
        """An emoji in a ticket's conversation stands for what an agent does."""
        at = self._at
        found, thread = await at.thread(channel, ts), ts
        if found is None:
            found, thread = await self._about(channel, ts)
        if found is None:
            return
        event = {"user": user, "channel": channel, "thread_ts": thread, "ticket": found.ticket,
                 "verb": _EMOJI[emoji], "event_ts": stamp}  # fmt: skip
        if _EMOJI[emoji] == "priority":
            event["value"] = at.urgent
        about = await at.about(user, event, must=True, role=found.role)
        await at.keep(at.payload(f"{channel}:{ts}:{emoji}:{user}:{stamp}", Act.REACTION, event, about))

    async def _about(self, channel: str, ts: str) -> tuple[FoundThread | None, str]:
        """The ticket in whose conversation a message stands, and the thread; also of a card whose place is not
        written down yet."""
        at = self._at
        if not (await at.has_conversations(channel) or await at.awaits_card(channel)):
            return None, ""
        message = await self._messages.fetch(channel, ts)
        if message is None:
            return None, ""
        thread = message.get("thread_ts") if is_ts(message.get("thread_ts")) else ts
        if found := await at.thread(channel, thread):
            return found, str(thread)
        root = message if thread == ts else await self._messages.fetch(channel, str(thread))
        return (await at.card(channel, root) if root else None), str(thread)
