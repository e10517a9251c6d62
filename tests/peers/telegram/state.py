"""What a Telegram remembers: people, chats, topics, messages, buttons, files, commands."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Written:
    """A message in a chat."""

    id: int
    user: dict[str, Any]
    text: str
    topic: int | None = None
    answers: int | None = None
    markup: dict[str, Any] | None = None
    parse_mode: str = ""
    more: dict[str, Any] = field(default_factory=dict)
    document: bytes | None = None
    photo: bytes | None = None
    edits: int = 0
    pinned: bool = False

    def buttons(self) -> dict[str, str]:
        """What can be pressed: label and data."""
        rows = (self.markup or {}).get("inline_keyboard", [])
        return {one["text"]: one.get("callback_data", "") for row in rows for one in row}


@dataclass
class Chat:
    """A private chat (its id is the person's), or a group."""

    id: int
    kind: str
    title: str = ""
    forum: bool = False
    messages: dict[int, Written] = field(default_factory=dict)
    topics: dict[int, dict[str, Any]] = field(default_factory=dict)
    """By id: name, closed."""
    moved_to: int | None = None
    blocked: bool = False
    rights: bool = True
    """Whether the bot may manage topics and pin."""

    def told(self, user: dict[str, Any] | None = None) -> dict[str, Any]:
        """As the Bot API shows it."""
        shown: dict[str, Any] = {"id": self.id, "type": self.kind}
        if self.kind == "private":
            return shown | {"first_name": (user or {}).get("first_name", "?")}
        return shown | {"title": self.title} | ({"is_forum": True} if self.forum else {})

    def texts(self, topic: int | None = None) -> list[str]:
        """What the bot has said here."""
        return [m.text for m in self.messages.values() if m.user["is_bot"] and topic in {None, m.topic}]

    def last(self) -> Written:
        """The bot's last message."""
        return [m for m in self.messages.values() if m.user["is_bot"]][-1]


@dataclass
class World:
    """All of it."""

    bot: dict[str, Any] = field(
        default_factory=lambda: {
            "id": 4711, "is_bot": True, "first_name": "Desk", "username": "desk_bot",
            "can_join_groups": True, "can_read_all_group_messages": False, "supports_inline_queries": False,
        }
    )  # fmt: skip
    chats: dict[int, Chat] = field(default_factory=dict)
    users: dict[int, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, tuple[str, bytes, int]] = field(default_factory=dict)
    """By id: name, octets, size as it is told."""
    commands: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    webhook: dict[str, Any] = field(default_factory=dict)
    answered: list[dict[str, Any]] = field(default_factory=list)
    """What came to answerCallbackQuery."""
    queries: set[str] = field(default_factory=set)
    updates: list[dict[str, Any]] = field(default_factory=list)
    """Not confirmed yet."""
    next_update: int = 900_000_000
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def number(self) -> int:
        """Something that no other has."""
        return next(self._numbers)

    def add_user(self, user: int, name: str, *, language: str = "en", **facts: Any) -> dict[str, Any]:
        """Somebody."""
        first, _, last = name.partition(" ")
        made = {"id": user, "is_bot": False, "first_name": first, "language_code": language, **facts}
        self.users[user] = made | ({"last_name": last} if last else {})
        return self.users[user]

    def private(self, user: int) -> Chat:
        """The chat of somebody with the bot."""
        return self.chats.setdefault(user, Chat(user, "private"))

    def add_group(self, chat: int, title: str, *, forum: bool = False) -> Chat:
        """A group that the bot is in."""
        self.chats[chat] = Chat(chat, "supergroup", title, forum)
        return self.chats[chat]

    def add_update(self, **what: Any) -> dict[str, Any]:
        """Something for the bot to hear of."""
        update = {"update_id": self.next_update, **what}
        self.next_update += 1
        self.updates.append(update)
        return update
