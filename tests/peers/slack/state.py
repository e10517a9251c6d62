"""What a Slack remembers: people, conversations, messages, reactions, files, views."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Posted:
    """A message in a conversation."""

    ts: str
    user: str
    text: str
    thread_ts: str | None = None
    blocks: list[dict[str, Any]] = field(default_factory=list)
    metadata: dict[str, Any] | None = None
    bot_id: str | None = None
    reactions: dict[str, set[str]] = field(default_factory=dict)
    files: list[dict[str, Any]] = field(default_factory=list)
    deleted: bool = False
    edits: int = 0
    edited_at: str = ""
    """When its author changed it."""

    def shown(self) -> dict[str, Any]:
        """As the Web API gives it."""
        told: dict[str, Any] = {"type": "message", "ts": self.ts, "user": self.user, "text": self.text}
        told |= {"thread_ts": self.thread_ts} if self.thread_ts else {}
        told |= {"blocks": self.blocks} if self.blocks else {}
        told |= {"metadata": self.metadata} if self.metadata else {}
        told |= {"bot_id": self.bot_id} if self.bot_id else {}
        told |= {"files": self.files} if self.files else {}
        told |= {"edited": {"user": self.user, "ts": self.edited_at}} if self.edited_at else {}
        if self.reactions:
            told["reactions"] = [
                {"name": name, "users": sorted(users), "count": len(users)}
                for name, users in self.reactions.items()
                if users
            ]
        return told

    def words(self) -> str:
        """All that can be read: the text and every block."""
        return "\n".join([self.text, *(text for block in self.blocks for text in _texts(block))])

    def buttons(self) -> dict[str, dict[str, Any]]:
        """The elements that can be pressed, by their action_id."""
        found = (e for b in self.blocks for e in (*b.get("elements", ()), b.get("accessory")) if e)
        return {e["action_id"]: e for e in found if isinstance(e, dict) and "action_id" in e}


def _texts(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["text"]] if isinstance(node.get("text"), str) else []
        return own + [
            text for key, value in node.items() if key != "text" or not own for text in _texts(value)
        ]
    if isinstance(node, list):
        return [text for value in node for text in _texts(value)]
    return []


@dataclass
class Conversation:
    """A channel, or a direct message between the bot and ``user``."""

    id: str
    name: str
    members: set[str] = field(default_factory=set)
    user: str | None = None
    messages: list[Posted] = field(default_factory=list)
    ephemeral: list[tuple[str, Posted]] = field(default_factory=list)
    """(user, message): what only one of them sees."""
    archived: bool = False

    def at(self, ts: str) -> Posted | None:
        """The message with a time stamp."""
        return next((m for m in self.messages if m.ts == ts and not m.deleted), None)

    def thread(self, ts: str) -> list[Posted]:
        """A message and the answers below it."""
        return [m for m in self.messages if not m.deleted and ts in {m.ts, m.thread_ts}]

    def shown(self) -> dict[str, Any]:
        """As the Web API gives it."""
        direct = self.user is not None
        told = {"id": self.id, "is_im": direct, "is_channel": not direct, "is_member": True,
                "is_archived": self.archived}  # fmt: skip
        return told | ({"user": self.user} if direct else {"name": self.name})


@dataclass
class Workspace:
    """A team with its people and conversations."""

    team: str = "T024HOUSE"
    bot_user: str = "U0BOT"
    bot_id: str = "B0BOT"
    app: str = "A0APP"
    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    conversations: dict[str, Conversation] = field(default_factory=dict)
    views: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Modals that are open, by view id."""
    homes: dict[str, dict[str, Any]] = field(default_factory=dict)
    """App Home, by user."""
    triggers: set[str] = field(default_factory=set)
    files: dict[str, tuple[dict[str, Any], bytes]] = field(default_factory=dict)
    uploads: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    largest_page: int = 200
    """Messages that one answer holds at the most, whatever was asked for."""
    _last: int = 0
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def ts(self) -> str:
        """A time stamp of its own: now, and later than all before."""
        self._last = max(self._last + 100, time.time_ns() // 1000)
        return f"{self._last // 1_000_000}.{self._last % 1_000_000:06}"

    def number(self) -> int:
        """Something that no other has."""
        return next(self._numbers)

    def add_user(self, user: str, name: str, **profile: Any) -> str:
        """Somebody with a profile: ``tz``, ``locale``, ``email``, ``team_id`` of a guest from elsewhere."""
        self.users[user] = {
            "id": user,
            "team_id": profile.pop("team_id", self.team),
            "name": name.lower(),
            "real_name": name,
            "tz": profile.pop("tz", "Europe/Rome"),
            "locale": profile.pop("locale", "en-US"),
            "is_bot": profile.pop("is_bot", False),
            "deleted": False,
            "is_restricted": profile.pop("is_restricted", False),
            "profile": {"real_name": name, "display_name": name, **profile},
        }
        return user

    def add_channel(self, channel: str, name: str, *members: str) -> Conversation:
        """A channel that the bot has joined."""
        made = Conversation(channel, name, {self.bot_user, *members})
        self.conversations[channel] = made
        return made

    def direct(self, user: str) -> Conversation:
        """The direct messages between somebody and the bot."""
        known = next((c for c in self.conversations.values() if c.user == user), None)
        if known is None:
            known = Conversation(f"D{user[1:]}", "", {user, self.bot_user}, user)
            self.conversations[known.id] = known
        return known
