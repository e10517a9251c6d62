"""What becomes of a button that was used: once the desk has done what it stands for, the message says who pressed
what, and the button is gone, so that nobody presses it again. Who presses it before that, or must not, is told so.

Nothing of a ticket hangs on it: what was pressed is committed, and twice is once there (I13). The buttons of a card
are the card's, which the desk changes itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.channels import slack_inputs as inputs
from bot.channels.slack_buttons import plain_text
from bot.channels.slack_codes import Code
from bot.channels.slack_payload import is_id, is_ts
from bot.channels.slack_workspace import Workspace
from bot.desk.outcome import Reason, Result
from bot.render.slack import entities
from bot.store import became
from bot.store.became import Became

_GO: Final = frozenset({"belongs", "close", "confirm", "rate", "reopen", "undo", "update", "urgent"})
"""Verbs whose buttons are for once."""
_ENDS_ALL: Final = "close"
"""After this nothing else is to be pressed below the message."""
_MAY_CHANGE: Final = "rate"
"""Its buttons stay: for some hours another may be chosen."""
_PAUSES: Final = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2)
"""Seconds between two looks at what has become of it; then nobody waits any more."""
_MOST_BLOCKS: Final = 50
_OURS: Final = "pressed-"
"""How the block begins in which we say who pressed what."""
_DONE: Final = frozenset({Result.APPENDED, Result.COMMANDED, Result.OPENED, Result.RATED})
_NOT_DONE: Final = frozenset({Reason.NOT_UNDERSTOOD, Reason.REFUSED})
_MARK: Final = "✓ "
_SETTLED: Final = frozenset({Reason.OVER, Reason.CONFIRMED, Reason.BY_AGENT})
_WORDS: Final = {
    "en": {
        "over": "This has been settled already: nothing more was done.",
        "rate": "There is nothing to rate here any more.",
        "not-yours": "Only the person to whom this was said can choose here.",
    },
    "it": {
        "over": "È già stato fatto: non è cambiato altro.",
        "rate": "Qui non c’è più nulla da valutare.",
        "not-yours": "Può scegliere solo la persona a cui era rivolto.",
    },
    "zh": {
        "over": "这件事已经处理过了，没有再做其他改动。",
        "rate": "这里已没有可评价的内容。",
        "not-yours": "只有收到这条消息的人才能选择。",
    },
}

Fetch = Callable[[str, str], Awaitable[dict[str, Any] | None]]
"""One message by its channel and time stamp."""


@dataclass(frozen=True, slots=True)
class Press:
    """A button that was pressed, and the message below which it stood."""

    key: str
    """Of the payload by which it was kept."""
    code: Code
    who: str
    channel: str
    ts: str
    label: str = ""
    message: Mapping[str, Any] | None = None
    """As Slack has told it; None: it must be asked for, or only one person sees it."""
    response_url: str = ""
    hidden: bool = False
    """Only whoever pressed sees the message."""
    language: str = ""


def press(
    body: Mapping[str, Any], pressed: Mapping[str, Any], code: Code, key: str, language: str
) -> Press | None:
    """A press as Slack tells it; None: it stood below no message, or its button stays as it is."""
    where, message = inputs.part(body, "container"), inputs.part(body, "message")
    channel = inputs.id_of(body.get("channel")) or str(where.get("channel_id") or "")
    ts, hidden = where.get("message_ts") or message.get("ts"), where.get("is_ephemeral") is True
    if code.verb not in _GO or not is_id(channel) or not isinstance(ts, str) or not is_ts(ts):
        return None
    label = inputs.part(pressed, "text").get("text")
    return Press(
        key, code, inputs.id_of(body.get("user")), channel, ts,
        label=label if isinstance(label, str) else "",
        message=message or None,
        response_url=str(body.get("response_url") or "")[:2_000],
        hidden=hidden,
        language=language,
    )  # fmt: skip


def form(user: str, code: Code, key: str, language: str) -> Press | None:
    """The button by which a form was asked for that has been sent; None: it stays as it is."""
    channel, _, _ = code.place.partition("/")
    if code.verb not in _GO or not (channel and code.message):
        return None
    return Press(key, code, user, channel, code.message, language=language)


class Pressed:
    """Settles the buttons of one workspace."""

    def __init__(self, workspace: Workspace, fetch: Fetch) -> None:
        self._at = workspace
        self._fetch = fetch

    async def settle(self, one: Press) -> None:
        """Wait until the desk has dealt with it, then say so. Raises ``ChannelError``, ``StoreUnavailable``."""
        done = await self._became(one.key)
        if done is None:
            return
        if words := _refusal(done, one):
            if one.response_url:
                await self._at.web.respond(one.response_url, words)
        elif done.outcome in _DONE and done.reason not in _NOT_DONE:
            await self._replace(one)

    async def at_home(self, key: str, user: str, show: Callable[[str], Awaitable[None]]) -> None:
        """A button of somebody's App Home: what it shows is another thing once that is done."""
        if await self._became(key):
            await show(user)

    async def _became(self, key: str) -> Became | None:
        for pause in (*_PAUSES, 0.0):
            if found := await self._at.store.read(lambda tx: became.of(tx, key)):
                return found
            await asyncio.sleep(pause)
        return None

    async def _replace(self, one: Press) -> None:
        name = (await self._at.people.profile(one.who)).name
        if one.hidden:
            text = _said(name, one.label)
            await self._at.web.respond(one.response_url, text, blocks=[_note(text, one)])
            return
        message = one.message or await self._fetch(one.channel, one.ts)
        if message is None or not self._at.is_ours(message) or _is_card(one.channel, message):
            return
        label = one.label or label_of(message, one.code)
        text = _said(name, label)
        lines = [line for line in str(message.get("text") or "").split("\n") if not line.startswith(_MARK)]
        told = "\n".join([*lines, entities(text)])[-3_000:].strip()
        blocks = settled(inputs.dicts(message.get("blocks")), one, text)
        await self._at.web.call_patiently(
            "chat.update", channel=one.channel, ts=one.ts, text=told, blocks=blocks
        )


def settled(blocks: list[dict[str, Any]], one: Press, text: str) -> list[dict[str, Any]]:
    """The blocks of a message whose button was used."""
    made: list[dict[str, Any]] = []
    note: dict[str, Any] | None = _note(text, one)
    for block in blocks:
        if str(block.get("block_id") or "").startswith(f"{_OURS}{one.code.verb}"):
            continue
        if block.get("type") != "actions":
            made.append(block)
            continue
        elements = inputs.dicts(block.get("elements"))
        if note is not None and any(inputs.code_of(element) == one.code for element in elements):
            made.append(note)
            note = None
        if kept := [changed for element in elements if (changed := _changed(element, one.code))]:
            made.append({"type": "actions", "elements": kept})
    if note is not None:
        made.append(note)
    return made[-_MOST_BLOCKS:]


def _changed(element: dict[str, Any], code: Code) -> dict[str, Any] | None:
    """A button beside the one that was used, or that one; None: it is gone."""
    own = inputs.code_of(element)
    if own is None:
        return element
    if code.verb == _ENDS_ALL or (own.verb == code.verb and code.verb != _MAY_CHANGE):
        return None
    if own.verb != _MAY_CHANGE or code.verb != _MAY_CHANGE:
        return element
    bare = {name: value for name, value in element.items() if name != "style"}
    return bare | ({"style": "primary"} if own == code else {})


def label_of(message: Mapping[str, Any], code: Code) -> str:
    """What a button of a message is called."""
    for block in inputs.dicts(message.get("blocks")):
        for element in inputs.dicts(block.get("elements")):
            own = inputs.code_of(element) if block.get("type") == "actions" else None
            if own and (own.verb, own.value) == (code.verb, code.value):
                return str(inputs.part(element, "text").get("text") or "")
    return ""


def _refusal(done: Became, one: Press) -> str:
    """What somebody is told for whom nothing was done."""
    if done.outcome != Result.IGNORED:
        return ""
    words = _WORDS.get(one.language, _WORDS["en"])
    if done.reason == Reason.NOT_ALLOWED:
        return words["not-yours"]
    if done.reason == Reason.NO_SURVEY:
        return words["rate"]
    return words["over"] if done.reason in _SETTLED else ""


def _said(name: str, label: str) -> str:
    return f"{_MARK}{name}: {label}" if name and label else f"{_MARK}{label or name}"


def _note(text: str, one: Press) -> dict[str, Any]:
    block_id = f"{_OURS}{one.code.verb}-{one.key.rpartition('action:')[2]}"[:255]
    return {"type": "context", "block_id": block_id, "elements": [plain_text(text, 300)]}


def _is_card(channel: str, message: Mapping[str, Any]) -> bool:
    """Whether a message of ours is a card: those alone stand in a channel and below nothing."""
    return not channel.startswith("D") and message.get("thread_ts") in {None, message.get("ts")}
