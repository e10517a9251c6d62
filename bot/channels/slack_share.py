"""Files into a thread of Slack: each is taken to where Slack says, then all are shown below a message at once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from bot.channels.chat_words import not_sent
from bot.channels.slack_faults import TOO_OFTEN, Refused
from bot.channels.slack_wire import Wire
from bot.errors import ChannelBusy, ChannelError
from bot.message import Attachment, OutgoingMessage
from bot.render import slack

log = logging.getLogger("deskbot.slack")

_MOST: Final = 10
"""Files that are shown together."""
_TRIES: Final = 2
_BEARABLE: Final = 30.0
"""Seconds that are waited with a conversation in hand."""

Say = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]


async def share(
    wire: Wire,
    say: Say,
    where: tuple[str, str],
    files: Sequence[Attachment],
    rest: str,
    message: OutgoingMessage,
    there: frozenset[str],
) -> None:
    """Show files in a thread (``where``: its conversation and its first message), and ``rest``, a text that is too
    long for a message, as one of them. ``say``: a call that people see, in its turn. ``there``: the
    names of those that are shown already.

    The message itself has been posted, so nothing here may make it be sent again: what fails is named in the
    thread.
    """
    whole = [(file.name or "file", file.content) for file in files]
    if rest:
        name = str(message.notice.values.get("reference") or "") or "message"
        whole.insert(0, (f"{name}.txt", rest.encode("utf-8", "replace")))
    whole = [(name, content) for name, content in whole if name not in there]
    missing: list[str] = []
    for at in range(0, len(whole), _MOST):
        missing += await _some(wire, say, where, whole[at : at + _MOST])
    if missing:
        await _name(say, where, missing, message.notice.locale)


async def _some(
    wire: Wire, say: Say, where: tuple[str, str], files: Sequence[tuple[str, bytes]]
) -> list[str]:
    """The names of those that did not get there."""
    there: list[tuple[str, str]] = []
    missing: list[str] = []
    for name, content in files:
        try:
            asked = {"filename": name, "length": len(content)}
            told = await _patiently(wire.call, "files.getUploadURLExternal", asked)
            await wire.upload(str(told.get("upload_url") or ""), content)
            there.append((str(told.get("file_id") or ""), name))
        except ChannelError as error:
            log.warning("a file was not sent: %s", error, extra={"action": "slack.file-not-sent"})
            missing.append(name)
    if there:
        listed = [{"id": number, "title": name} for number, name in there]
        values = {"files": listed, "channel_id": where[0], "thread_ts": where[1]}
        try:
            await _patiently(say, "files.completeUploadExternal", values)
        except ChannelError as error:
            log.warning("files were not shown: %s", error, extra={"action": "slack.file-not-sent"})
            if not error.ambiguous:
                missing += [name for _, name in there]
    return missing


async def _name(say: Say, where: tuple[str, str], names: Sequence[str], locale: str) -> None:
    text = not_sent(names, locale)
    values = {
        "channel": where[0],
        "thread_ts": where[1],
        "text": slack.entities(text),
        "blocks": slack.plain(text),
    }
    try:
        await _patiently(say, "chat.postMessage", values)
    except ChannelError as error:
        log.error("files are missing, and nobody was told: %s", error, extra={"action": "slack.file-lost"})  # noqa: TRY400  the reason says all


async def _patiently(call: Say, method: str, values: dict[str, Any]) -> dict[str, Any]:
    """A call that comes behind what has been said already, so that it cannot be put off: waits that Slack asks for
    are waited here, as far as they are bearable. Raises ``ChannelError``."""
    for _ in range(_TRIES):
        try:
            return await call(method, values)
        except ChannelError as error:
            too_often = isinstance(error, Refused) and error.code in TOO_OFTEN
            if not too_often and not isinstance(error, ChannelBusy):
                raise
            await asyncio.sleep(min(error.retry_after or 1.0, _BEARABLE))
    return await call(method, values)
