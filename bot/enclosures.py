"""The files of an outgoing message: fetched from the blob store right before it is sent."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import Final

from bot.errors import StoreError
from bot.message import Attachment, OutgoingMessage
from bot.store.blobs import Blobs

log = logging.getLogger("deskbot.enclosures")

MOST: Final = 20 * 1024 * 1024
"""Octets of all files of one message. They grow by a third on their way, and many servers take 25 to 35 MB."""
MOST_FILES: Final = 100


async def loaded(message: OutgoingMessage, blobs: Blobs, most: int = MOST) -> OutgoingMessage:
    """The message with the content of its files, in their order, as far as ``most`` octets reach.

    A file that is too large or cannot be read stays without content; the words of the message name it.
    """
    if not message.attachments:
        return message
    return await asyncio.to_thread(_load, message, blobs, most)


def _load(message: OutgoingMessage, blobs: Blobs, room: int) -> OutgoingMessage:
    files: list[Attachment] = []
    for file in message.attachments:
        content = b""
        if 0 < file.size <= room and len(files) < MOST_FILES:
            content = _read(file, blobs)
            room -= len(content)
        files.append(replace(file, content=content))
    return replace(message, attachments=tuple(files))


def _read(file: Attachment, blobs: Blobs) -> bytes:
    try:
        content = blobs.get(file.sha256)
    except StoreError as error:
        log.error("a file was left out of a mail: %s", error, extra={"action": "mail.file-missing"})  # noqa: TRY400  the reason says all
        return b""
    return content if len(content) == file.size else b""
