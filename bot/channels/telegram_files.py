"""Files that people send by Telegram: fetched before their message is confirmed (J10)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from bot.channels.chat_payload import File
from bot.channels.telegram_api import LARGEST_DOWNLOAD, Api
from bot.channels.telegram_payload import files_of, message_of, text_in
from bot.errors import ChannelError

log = logging.getLogger("deskbot.telegram")

_TRIES: Final = 3
_TOO_LARGE: Final = "larger than the 20 MB that Telegram gives to a bot; ask for it in parts, or by mail"
_TOO_MUCH: Final = "too much for one message together with the others; ask for it by itself"
_TOGETHER: Final = 2 * LARGEST_DOWNLOAD
"""Octets of all files of an album: they are in memory at the same time."""
_AWAY: Final = "could not be fetched from Telegram; ask for it once more"


async def fetched(api: Api, updates: Sequence[Mapping[str, Any]], pause: float = 1.0) -> list[File]:
    """The files of a message, or of an album, with their octets; without them, and why, where there are none."""
    told = [file for update in updates for file in files_of(message_of(update))]
    found: list[File] = []
    for file in told:
        room = _TOGETHER - sum(len(one.content) for one in found)
        found.append(await _fetched(api, file, pause) if file.size <= room else replace(file, lost=_TOO_MUCH))
    return found


async def _fetched(api: Api, file: File, pause: float) -> File:
    if file.size > LARGEST_DOWNLOAD:
        return replace(file, lost=_TOO_LARGE)
    for left in reversed(range(_TRIES)):
        try:
            found = await api.call("getFile", file_id=file.source)
            content = await api.download(text_in(found, "file_path"))
        except ChannelError as error:
            log.warning("a file was not fetched: %s", error, extra={"action": "telegram.file"})
            if "too big" in str(error):
                return replace(file, lost=_TOO_LARGE)
            if error.permanent or not left:
                break
            await asyncio.sleep(min(error.retry_after or pause, 30.0))
        else:
            return replace(file, size=len(content), content=content)
    return replace(file, lost=_AWAY)
