"""Files of a message: taken before the message is acknowledged, as far as Slack's three seconds reach."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from bot.channels.chat_payload import File
from bot.channels.slack_payload import files_of
from bot.channels.slack_web import SlackWeb
from bot.errors import ChannelError
from bot.mail.attachments import safe_name

SECONDS: Final = 1.2
"""For all files of a message, while Slack waits."""
LATE_SECONDS: Final = 120.0
"""For those that take longer, once the message is kept."""
_AT_ONCE: Final = 4
_TOGETHER: Final = 2
"""All files of a message may have so many times the octets that one may have."""


@dataclass(slots=True)
class Taken:
    """What became of the files of a message."""

    files: list[File] = field(default_factory=list)
    late: list[File] = field(default_factory=list)
    """They are on their way."""
    lost: list[str] = field(default_factory=list)
    """Words for an agent on those that will not come."""


def told(message: Mapping[str, Any], most: int) -> Taken:
    """The files of a message, before any is fetched: ``late`` are those that can be had."""
    found, octets = Taken(), 0
    for file in files_of(message):
        if not file.source:
            found.lost.append(f"a file that does not lie at Slack was not taken: {_shown(file)}")
        elif file.size > most or octets + file.size > _TOGETHER * most:
            found.lost.append(f"a file of {_size(file.size)} was not taken: {_shown(file)}")
        else:
            octets += file.size
            found.late.append(file)
    return found


async def take(web: SlackWeb, wanted: Sequence[File], most: int, seconds: float) -> Taken:
    """Fetch files for ``seconds``; what is not here by then is late."""
    turn = asyncio.Semaphore(_AT_ONCE)

    async def fetch(file: File) -> File:
        async with turn:
            return replace(file, content=await web.fetch(file.source, most))

    tasks = {asyncio.create_task(fetch(file)): file for file in wanted}
    if not tasks:
        return Taken()
    try:
        await asyncio.wait(tasks, timeout=seconds)
    finally:
        for task in tasks:
            task.cancel()
    await asyncio.wait(tasks)
    taken = Taken()
    for task, file in tasks.items():
        _sort(task, file, taken)
    return taken


def _sort(task: asyncio.Task[File], file: File, taken: Taken) -> None:
    if task.cancelled():
        taken.late.append(file)
    elif error := task.exception():
        if isinstance(error, ChannelError) and not error.permanent:
            taken.late.append(file)
        else:
            taken.lost.append(f"a file could not be taken: {_shown(file)}")
    else:
        taken.files.append(task.result())


def gone(files: Sequence[File]) -> list[str]:
    """Words on files that did not come."""
    return [f"a file could not be taken: {_shown(file)}" for file in files]


def _shown(file: File) -> str:
    return safe_name(file.name) or "without a name"


def _size(octets: int) -> str:
    return f"{octets / 1_000_000:.0f} MB" if octets >= 1_000_000 else f"{max(1, octets // 1000)} kB"
