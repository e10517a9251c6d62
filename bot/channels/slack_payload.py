"""What the Slack door keeps of an event, before it is acknowledged: enough to read it later without asking Slack.

The raw bytes (``chat_payload``) are the event with the parts that we read, and its files. The envelope holds what is
not in the event: who the person is, which conversation it is, who we are there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from bot.channels.chat_payload import File, line, parted, whole
from bot.channels.sound_text import sound
from bot.message import Payload

LARGEST: Final = 1024 * 1024
"""Octets of one event without its files (I4)."""
_LONGEST_TEXT: Final = 100_000
_MOST_SHARED: Final = 10
_MOST_FILES: Final = 20
_TS: Final = re.compile(r"[0-9]{1,12}\.[0-9]{1,9}")
_ID: Final = re.compile(r"[A-Z0-9]{1,30}")
_MESSAGE: Final = (
    "type", "subtype", "user", "ts", "thread_ts", "channel", "channel_type", "team", "user_team", "source_team",
    "bot_id", "app_id", "event_ts",
)  # fmt: skip


class Act(StrEnum):
    """What somebody did."""

    MESSAGE = "message"
    EDIT = "edit"
    DELETE = "delete"
    FILES = "files"
    """Files of a message that took longer than Slack waits: they come after it."""
    REACTION = "reaction"
    BUTTON = "button"
    FORM = "form"
    COMMAND = "command"


def is_ts(value: object) -> bool:
    """Whether something is a time stamp of Slack, which names a message in its conversation."""
    return isinstance(value, str) and _TS.fullmatch(value) is not None


def is_id(value: object) -> bool:
    """Whether something is an id of Slack: of a person, a conversation, a team."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def message_key(name: str, channel: str, ts: str) -> str:
    """The key of a message, however its event comes: as a message, a mention, a reaction, from history."""
    return f"slack:{name}:{channel}:{ts}"


def later(one: str, other: str) -> str:
    """The later of two time stamps; either may be empty."""
    return max(one, other, key=order)


def order(ts: str) -> tuple[int, str]:
    """By which time stamps are compared: never as floating numbers, which lose their last digits."""
    seconds, _, rest = ts.partition(".")
    return (int(seconds) if seconds.isdecimal() else -1, rest)


def trimmed(message: Mapping[str, Any]) -> dict[str, Any]:
    """A message with the parts that are read, each bounded."""
    kept = {name: message[name] for name in _MESSAGE if isinstance(message.get(name), str)}
    kept["text"] = str(message.get("text") or "")[:_LONGEST_TEXT]
    if shared := [_shared(one) for one in _dicts(message.get("attachments"), _MOST_SHARED)]:
        kept["shared"] = [one for one in shared if one["text"]]
    if isinstance(message.get("edited"), Mapping):
        kept["edited"] = {"ts": str(message["edited"].get("ts", ""))[:30]}
    return kept


def files_of(message: Mapping[str, Any]) -> list[File]:
    """The files of a message that lie at Slack; what was deleted, or lies elsewhere, has no address there."""
    found = []
    for told in _dicts(message.get("files"), _MOST_FILES):
        size, url = told.get("size"), told.get("url_private_download") or told.get("url_private") or ""
        if told.get("mode") in {"tombstone", "hidden_by_limit"}:
            continue
        name = str(told.get("name") or told.get("title") or "file")[:300]
        source = "" if told.get("is_external") is True else str(url)[:2000]
        octets = size if isinstance(size, int) else 0
        found.append(File(name, str(told.get("mimetype") or "")[:100], octets, source))
    return found


def build(
    channel: str,
    key: str,
    act: Act,
    event: Mapping[str, Any],
    now: datetime,
    *,
    files: Sequence[File] = (),
    about: Mapping[str, Any] | None = None,
) -> Payload:
    """A payload to be accepted. Whatever somebody has said, there is one: what cannot be kept would be asked for
    again for ever. Of what is too large only the words stay."""
    envelope = {"act": str(act), **sound(dict(about or {}))}
    first = line({"act": act, "event": event}, files)
    if len(first) > LARGEST:
        bare = {name: value for name, value in event.items() if isinstance(value, str | int)}
        first = line({"act": act, "event": bare}, files)
        envelope["lost"] = [*envelope.get("lost", ()), "what was passed on with it was too long to be taken"]
    return Payload(channel, key, whole(first, files), now, envelope)


def take_apart(raw: bytes) -> tuple[Act, dict[str, Any], list[File]]:
    """What :func:`build` has put together. Raises ``ValueError``."""
    told, files = parted(raw)
    event = told.get("event")
    if isinstance(event, dict):
        return Act(str(told.get("act"))), event, files
    raise ValueError("no event")


def _shared(one: Mapping[str, Any]) -> dict[str, str]:
    """A message that somebody passes on, or the words of a link."""
    text = one.get("text") if one.get("is_share") or one.get("is_msg_unfurl") else ""
    return {"who": str(one.get("author_name") or "")[:200], "text": str(text or "")[:20_000]}


def _dicts(value: object, most: int) -> list[dict[str, Any]]:
    return [one for one in value[:most] if isinstance(one, dict)] if isinstance(value, list) else []
