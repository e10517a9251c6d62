"""What every chat door keeps before it says yes to its service: one line of JSON with what was told, and below it
the octets of files, one after the other."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from bot.channels.sound_text import sound
from bot.mail.attachments import safe_name
from bot.message import Attachment

_MOST_FILES: Final = 100
_TYPE: Final = re.compile(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,60}")


@dataclass(frozen=True, slots=True)
class File:
    """A file as a service tells of it, and its octets once they are here."""

    name: str
    media_type: str
    size: int
    source: str = ""
    """Where the service has it: an address, or its own name for it."""
    content: bytes = b""
    lost: str = ""
    """Why its octets will not be here, in words for an agent."""


def line(told: Mapping[str, Any], files: Sequence[File] = ()) -> bytes:
    """The line. Whatever stands in it can be written down."""
    listed = [{"name": f.name, "type": f.media_type, "size": len(f.content), "lost": f.lost} for f in files]
    return msgspec.json.encode(sound({**told, "files": listed}))


def whole(first: bytes, files: Sequence[File]) -> bytes:
    """The line with the octets of the files that it lists."""
    return b"\n".join([first, b"".join(file.content for file in files)]) if files else first


def parted(raw: bytes) -> tuple[dict[str, Any], list[File]]:
    """What was told, and its files. Raises ``ValueError`` for what :func:`whole` has not put together."""
    first, _, octets = raw.partition(b"\n")
    try:
        told = msgspec.json.decode(first)
    except RecursionError:
        raise ValueError("too deep") from None
    listed = told.get("files") if isinstance(told, dict) else None
    if not isinstance(listed, list) or len(listed) > _MOST_FILES:
        raise ValueError("nothing that was told")
    files, at = [], 0
    for one in listed:
        try:
            name, media_type, size = str(one["name"]), str(one["type"]), int(one["size"])
            lost = str(one.get("lost") or "")
        except (KeyError, TypeError, AttributeError):
            raise ValueError("no file") from None
        if not 0 <= size <= len(octets) - at:
            break
        files.append(File(name, media_type, size, content=octets[at : at + size], lost=lost))
        at += size
    if at != len(octets) or len(files) != len(listed):
        raise ValueError("the files are not whole")
    return told, files


def attachments(files: Sequence[File]) -> tuple[Attachment, ...]:
    """The files of a message, as the desk knows files; without those that are lost."""
    return tuple(_attachment(file, number) for number, file in enumerate(files, 1) if not file.lost)


def _attachment(file: File, number: int) -> Attachment:
    media_type = file.media_type if _TYPE.fullmatch(file.media_type) else "application/octet-stream"
    name = safe_name(file.name) or f"attachment-{number}"
    digest = hashlib.sha256(file.content).hexdigest()
    return Attachment(name, media_type, len(file.content), digest, file.content)
