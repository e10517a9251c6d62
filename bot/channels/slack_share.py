"""Files into a thread of Slack: each is taken to where Slack says, then all are shown below a message at once."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

from bot.channels.slack_wire import Wire
from bot.errors import ChannelError
from bot.message import Attachment, OutgoingMessage
from bot.render import slack

log = logging.getLogger("deskbot.slack")

_MOST: Final = 10
"""Files that are shown together."""
_NOT_SENT: Final = {
    "en": "These files could not be sent: {names}",
    "it": "Non è stato possibile inviare questi file: {names}",
    "zh": "以下文件未能发送：{names}",
}


async def share(
    wire: Wire, channel: str, thread: str, files: Sequence[Attachment], rest: str, message: OutgoingMessage
) -> None:
    """Show files in a thread, and ``rest``, a text that is too long for a message, as one of them.

    The message itself has been posted, so nothing here may make it be sent again: what fails is named in the
    thread.
    """
    whole = [(file.name or "file", file.content) for file in files]
    if rest:
        name = str(message.notice.values.get("reference") or "") or "message"
        whole.insert(0, (f"{name}.txt", rest.encode("utf-8", "replace")))
    missing: list[str] = []
    for at in range(0, len(whole), _MOST):
        missing += await _some(wire, channel, thread, whole[at : at + _MOST])
    if missing:
        await _name(wire, channel, thread, missing, message.notice.locale)


async def _some(wire: Wire, channel: str, thread: str, files: Sequence[tuple[str, bytes]]) -> list[str]:
    """The names of those that did not get there."""
    there: list[tuple[str, str]] = []
    missing: list[str] = []
    for name, content in files:
        try:
            told = await wire.call("files.getUploadURLExternal", {"filename": name, "length": len(content)})
            await wire.upload(str(told.get("upload_url") or ""), content)
            there.append((str(told.get("file_id") or ""), name))
        except ChannelError as error:
            log.warning("a file was not sent: %s", error, extra={"action": "slack.file-not-sent"})
            missing.append(name)
    if there:
        listed = [{"id": number, "title": name} for number, name in there]
        values = {"files": listed, "channel_id": channel, "thread_ts": thread}
        try:
            await wire.call("files.completeUploadExternal", values)
        except ChannelError as error:
            log.warning("files were not shown: %s", error, extra={"action": "slack.file-not-sent"})
            if not error.ambiguous:
                missing += [name for _, name in there]
    return missing


async def _name(wire: Wire, channel: str, thread: str, names: Sequence[str], locale: str) -> None:
    text = _NOT_SENT.get(locale, _NOT_SENT["en"]).format(names=", ".join(name[:100] for name in names))
    values = {
        "channel": channel,
        "thread_ts": thread,
        "text": slack.entities(text),
        "blocks": slack.plain(text),
    }
    try:
        await wire.call("chat.postMessage", values)
    except ChannelError as error:
        log.error("files are missing, and nobody was told: %s", error, extra={"action": "slack.file-lost"})  # noqa: TRY400  the reason says all
