"""What the Telegram door keeps of updates, before it confirms them: enough to read them later without asking.

The raw bytes (``chat_payload``) are the updates as they came, and their files. One payload is one update, or the parts of one album. The envelope holds what is not in an update: who
we are, and which ticket's conversation it stands in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from bot.channels.chat_payload import File, line, parted, whole
from bot.message import Payload

KINDS: Final = ("message", "edited_message", "callback_query")
"""The updates that we want; channel posts and the rest are not even sent to us."""
LARGEST: Final = 1024 * 1024
"""Octets of the updates of one payload, without files. One of Telegram's has some 20,000."""
_MOST_PARTS: Final = 20
_MEDIA: Final = ("document", "video", "audio", "voice", "video_note", "animation", "sticker")
_NAMED_AS: Final = {
    "photo": ("photo.jpg", "image/jpeg"),
    "voice": ("voice.ogg", "audio/ogg"),
    "video_note": ("video.mp4", "video/mp4"),
    "video": ("video.mp4", "video/mp4"),
    "animation": ("animation.mp4", "video/mp4"),
    "audio": ("audio.mp3", "audio/mpeg"),
}
_SERVICE: Final = re.compile(
    r"new_chat_|left_chat_|delete_chat_|group_chat_|supergroup_|channel_chat_|migrate_|pinned_|forum_|general_forum_"
    r"|video_chat_|message_auto_|write_access|boost_|chat_background|proximity_|users_shared|chat_shared|giveaway"
)


@dataclass(frozen=True, slots=True)
class Kept:
    """A payload, taken apart."""

    updates: list[dict[str, Any]]
    files: list[File] = field(default_factory=list)


def kind_of(update: Mapping[str, Any]) -> str:
    """Which of ``KINDS`` an update is; empty: none."""
    return next((kind for kind in KINDS if isinstance(update.get(kind), dict)), "")


def message_of(update: Mapping[str, Any]) -> dict[str, Any]:
    """The message that an update is about; of a button the message that it stands under. May be empty."""
    inner = part(update, kind_of(update))
    return part(inner, "message") if kind_of(update) == "callback_query" else inner


def part(node: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A part of an object that is an object too, or an empty one."""
    found = node.get(name)
    return found if isinstance(found, dict) else {}


def number(node: Mapping[str, Any], name: str) -> int:
    """A number in an object; 0: there is none."""
    found = node.get(name)
    return found if isinstance(found, int) and not isinstance(found, bool) else 0


def text_in(node: Mapping[str, Any], name: str) -> str:
    """A text in an object."""
    found = node.get(name)
    return found if isinstance(found, str) else ""


def chat_of(update: Mapping[str, Any]) -> int:
    """The chat in which it happened."""
    return number(part(message_of(update), "chat"), "id")


def author_of(update: Mapping[str, Any]) -> dict[str, Any]:
    """Who did it. An id never changes, a user name does (J14)."""
    return part(part(update, kind_of(update)), "from")


def key_of(bot: int, updates: Sequence[Mapping[str, Any]]) -> str:
    """The same for the same updates however often they come, and whatever number they come under: update ids
    begin anew at random after a quiet week (J3)."""
    first, last = updates[0], updates[-1]
    kind, message = kind_of(first), message_of(first)
    if kind == "callback_query":
        return f"telegram:{bot}:button/{text_in(part(first, kind), 'id')[:64]}"
    key = f"telegram:{bot}:{chat_of(first)}/{number(message, 'message_id')}"
    if kind == "edited_message":
        return f"{key}/edit/{number(message, 'edit_date')}"
    return key if len(updates) == 1 else f"{key}-{number(message_of(last), 'message_id')}"


def album_of(update: Mapping[str, Any]) -> str:
    """The key of the album that a new message is a part of; empty: none."""
    group = text_in(message_of(update), "media_group_id")[:40]
    return f"{chat_of(update)}/group/{group}" if group and kind_of(update) == "message" else ""


def says_something(message: Mapping[str, Any]) -> bool:
    """Whether a person said it: Telegram also tells of members, pins and topics as messages."""
    return not any(_SERVICE.match(name) for name in message)


def files_of(message: Mapping[str, Any]) -> list[File]:
    """The file of a message; of a photo its largest form. Stickers are words enough."""
    found = []
    photos = message.get("photo")
    if isinstance(photos, list) and photos and isinstance(photos[-1], dict):
        found.append(_file(photos[-1], "photo"))
    for kind in _MEDIA:
        media = part(message, kind)
        if media and kind != "sticker" and not (kind == "document" and part(message, "animation")):
            found.append(_file(media, kind))
    return [file for file in found if file.source]


def _file(media: Mapping[str, Any], kind: str) -> File:
    name, media_type = _NAMED_AS.get(kind, ("file", ""))
    return File(
        text_in(media, "file_name")[:300] or name,
        text_in(media, "mime_type")[:100] or media_type,
        number(media, "file_size"),
        text_in(media, "file_id")[:300],
    )


def build(
    channel: str,
    bot: int,
    updates: Sequence[Mapping[str, Any]],
    now: datetime,
    *,
    files: Sequence[File] = (),
    about: Mapping[str, Any] | None = None,
) -> Payload:
    """A payload to be accepted. What is too large to be anybody's message stays outside, and is told so."""
    first = line({"updates": list(updates)}, files)
    if len(first) > LARGEST:
        first, files = line({"updates": [], "octets": len(first)}), ()
    return Payload(channel, key_of(bot, updates), whole(first, files), now, {"bot": bot, **(about or {})})


def take_apart(raw: bytes) -> Kept:
    """What :func:`build` has put together. Raises ``ValueError``."""
    told, files = parted(raw)
    updates = told.get("updates")
    if not isinstance(updates, list) or not all(isinstance(one, dict) for one in updates):
        raise ValueError("no updates")
    if not updates:
        raise ValueError(f"an update of {number(told, 'octets')} octets")
    return Kept(updates[:_MOST_PARTS], files)
