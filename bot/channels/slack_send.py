"""The way out to Slack: one message to one conversation, visible once.

Slack has no key against repeats, so each message carries its token as metadata (I8). When it is in doubt whether
one was posted, the conversation is read before anything is sent again.
"""

from __future__ import annotations

import logging
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from bot import clock
from bot.channels import slack_faults
from bot.channels.slack_doubts import Doubts
from bot.channels.slack_faults import Refused
from bot.channels.slack_marks import Marks
from bot.channels.slack_queue import SlackQueue
from bot.channels.slack_share import share
from bot.channels.slack_wire import Silent, Wire
from bot.errors import ChannelError
from bot.message import Kind, OutgoingMessage, Receipt
from bot.render import slack

if TYPE_CHECKING:
    from bot.channels.slack_blocks import SlackWords
    from bot.config import Slack

log = logging.getLogger("deskbot.slack")

EVENT_TYPE: Final = "deskbot"
_PERSON: Final = ("U", "W")
_DIRECT: Final = "D"
_TS: Final = re.compile(r"[0-9]{1,12}\.[0-9]{1,9}")
_ID: Final = re.compile(r"[A-Z0-9]{2,30}")
_KEPT: Final = 5_000

Compose = Callable[[OutgoingMessage], Awaitable["SlackWords"]]
Load = Callable[[OutgoingMessage], Awaitable[OutgoingMessage]]
Trouble = Callable[[str, str, str], None]
"""Tells administrators: what makes it the same trouble, what it is, what to do."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a message goes."""

    channel: str
    thread: str = ""
    only: str = ""
    """The one person who sees it."""

    @property
    def where(self) -> dict[str, Any]:
        return {"channel": self.channel} | ({"thread_ts": self.thread} if self.thread else {})


class SlackSender:
    """Posts to one workspace: a ``bot.ports.Sender``.

    ``compose``: the words of a message. ``load``: the message with the content of its files. ``trouble`` hears
    what only an administrator can put right. ``urgent``: the priority that the siren stands for.
    """

    def __init__(
        self,
        name: str,
        section: Slack,
        compose: Compose,
        *,
        load: Load | None = None,
        trouble: Trouble | None = None,
        queue: SlackQueue | None = None,
        wire: Wire | None = None,
        urgent: str = "P1",
        now: clock.Clock = clock.now,
    ) -> None:
        self._name = name
        self._wire = wire or Wire(section.bot_token.get_secret_value(), section.api_url)
        self._compose = compose
        self._load = load
        self._trouble = trouble
        self._queue = queue or SlackQueue()
        self._since: datetime = now()
        self._doubts = Doubts(self._wire)
        self._marks = Marks(self._wire, urgent)
        self._direct: OrderedDict[str, str] = OrderedDict()

    async def send(self, message: OutgoingMessage) -> Receipt:
        """Post one message, or change the card that it replaces.

        Raises ``ChannelError``: ``ChannelBusy`` when it is not yet its turn, ``ambiguous`` only when nobody can
        find out whether it was posted.
        """
        try:
            # It stands in line before it has words, so that all go out in the order in which they were handed over.
            async with self._queue.turn(self._line(message)):
                full = await self._load(message) if self._load and message.attachments else message
                words = await self._compose(full)
                target = await self._target(message)
                if target.only:
                    return await self._whisper(target, message, words)
                return await self._say(target, full, words)
        except Refused as error:
            if error.code in slack_faults.TOO_OFTEN:
                raise self._queue.hold(self._line(message), error.retry_after or 1.0) from None
            self._tell(error, message)
            raise

    async def check(self) -> None:
        """Ask Slack who we are. Raises ``ChannelError`` with what to do."""
        try:
            await self._wire.call("auth.test", {})
        except Refused as error:
            advice = slack_faults.ADVICE.get(error.code, "").format(name=self._name)
            raise ChannelError(f"{error}. {advice}".strip(), permanent=error.permanent) from None

    async def close(self) -> None:
        """Let go of connections."""
        await self._wire.close()

    # Where

    def _line(self, message: OutgoingMessage) -> str:
        """The conversation in which a message waits for its turn. What is said to somebody directly has the name
        of the person, before the conversation with them is opened and after."""
        to = message.to.address.rpartition("/")[2].upper()
        channel, _ = _stands_in(message)
        return channel if channel and to.startswith(_PERSON) and not channel.startswith(_DIRECT) else to

    async def _target(self, message: OutgoingMessage) -> Target:
        to = message.to.address.rpartition("/")[2].upper()
        if not _ID.fullmatch(to):
            raise ChannelError(f"{message.to.address[:80]!a} is no address in Slack", permanent=True)
        channel, thread = _stands_in(message)
        if not to.startswith(_PERSON):
            below = channel == to and message.kind is not Kind.CARD
            return Target(to, thread if below else "")
        if channel and message.kind is Kind.NOTICE and not channel.startswith(_DIRECT):
            return Target(channel, thread, only=to)
        if channel and thread:
            return Target(channel, thread)
        return Target(await self._direct_to(to))

    async def _direct_to(self, user: str) -> str:
        if user not in self._direct:
            told = await self._wire.call("conversations.open", {"users": user})
            found = told.get("channel")
            channel = str(found.get("id") or "") if isinstance(found, dict) else ""
            if not channel:
                raise ChannelError("Slack opens no conversation with somebody")
            self._direct[user] = channel
            if len(self._direct) > _KEPT:
                self._direct.popitem(last=False)
        return self._direct[user]

    # What

    async def _say(self, target: Target, message: OutgoingMessage, words: SlackWords) -> Receipt:
        if message.kind is Kind.CARD and message.thread.card:
            changed = await self._change(message, words)
            if changed is not None:
                return changed
        ts = await self._once(target, message, words)
        root = target.thread or ts
        if message.kind is Kind.CARD:
            await self._marks.show(f"{target.channel}/{ts}", message.notice, new=True)
        files = [file for file in message.attachments if file.content and len(file.content) == file.size]
        rest = words.plain if words.cut else ""
        if files or rest:
            await share(self._wire, target.channel, root, files, rest, message)
        return Receipt(f"{target.channel}/{ts}", (f"{target.channel}/{root}",))

    async def _change(self, message: OutgoingMessage, words: SlackWords) -> Receipt | None:
        """Change a card in place, which may be repeated. None: it is there no more."""
        channel, _, ts = message.thread.card.rpartition("/")
        values = {"channel": channel, "ts": ts, **_form(words, message)}
        try:
            await self._try("chat.update", values, words)
        except Refused as error:
            if error.code in slack_faults.GONE:
                return None
            raise
        except ChannelError as error:
            raise ChannelError(str(error), permanent=error.permanent) from None
        await self._marks.show(message.thread.card, message.notice, new=False)
        return Receipt(message.thread.card, (message.thread.answers or message.thread.card,))

    async def _once(self, target: Target, message: OutgoingMessage, words: SlackWords) -> str:
        """Post a message; its time stamp. What may have been posted before is looked for first."""
        late = message.created_at < self._since
        if (late or message.token in self._doubts) and (found := await self._posted(target, message)):
            return found
        for attempt in (1, 2):
            try:
                return await self._post(target, message, words)
            except ChannelError as error:
                if not error.ambiguous:
                    raise
                self._doubts.add(message.token)
                if found := await self._posted(target, message):
                    log.info("an answer was lost, the message was not", extra={"action": "slack.found"})
                    return found
                if isinstance(error, Silent) or attempt == 2:
                    # The next attempt looks again before it posts, so nothing can be there twice.
                    raise ChannelError(str(error)) from None
        raise AssertionError("unreachable")

    async def _posted(self, target: Target, message: OutgoingMessage) -> str | None:
        return await self._doubts.posted(target.channel, target.thread, message.token)

    async def _post(self, target: Target, message: OutgoingMessage, words: SlackWords) -> str:
        values = {**target.where, **_form(words, message), "unfurl_links": False, "unfurl_media": False}
        try:
            told = await self._try("chat.postMessage", values, words)
        except Refused as error:
            if error.code not in slack_faults.NO_THREAD or not target.thread:
                raise
            values.pop("thread_ts")
            told = await self._try("chat.postMessage", values, words)
        return str(told.get("ts") or "")

    async def _whisper(self, target: Target, message: OutgoingMessage, words: SlackWords) -> Receipt:
        """Tell one person something in a conversation of many; directly, when they are not in it."""
        values = {**target.where, "user": target.only, **_form(words, None)}
        try:
            told = await self._try("chat.postEphemeral", values, words)
        except Refused as error:
            if error.code not in slack_faults.NOT_THERE:
                raise
            async with self._queue.turn(target.only):
                return await self._say(Target(await self._direct_to(target.only)), message, words)
        return Receipt(f"{target.channel}/{told.get('message_ts') or ''}")

    async def _try(self, method: str, values: dict[str, Any], words: SlackWords) -> dict[str, Any]:
        """A call, in simpler forms when Slack does not take the blocks (I9)."""
        actions = [block for block in values["blocks"] if block["type"] == "actions"]
        simpler: list[dict[str, Any]] = [{"blocks": slack.plain(words.plain) + actions}, {"blocks": []}]
        while True:
            try:
                return await self._wire.call(method, values)
            except Refused as error:
                if error.code not in slack_faults.TOO_MUCH or not simpler:
                    raise
                log.warning(
                    "Slack does not take the blocks of %s: %s", _in_log(values), error.code,
                    extra={"action": "slack.simpler"},
                )  # fmt: skip
                values = {**values, **simpler.pop(0)}

    def _tell(self, error: Refused, message: OutgoingMessage) -> None:
        advice = slack_faults.ADVICE.get(error.code)
        if advice is None or self._trouble is None:
            return
        place = message.to.address if "channel" in error.code or error.code == "is_archived" else ""
        what = f"Slack ({self._name}) does not take messages{f' for {place}' if place else ''}: {error.code}"
        self._trouble(
            f"slack {self._name} {error.code} {place}".strip(), what, advice.format(name=self._name)
        )


def _form(words: SlackWords, message: OutgoingMessage | None) -> dict[str, Any]:
    """What every call says. Without ``message`` there is no metadata, as for what only one person sees."""
    form: dict[str, Any] = {"text": words.text, "blocks": list(words.blocks)}
    if message is not None:
        form["metadata"] = {"event_type": EVENT_TYPE, "event_payload": {"token": message.token}}
    return form


def _in_log(values: dict[str, Any]) -> str:
    """For the log: where, and how much."""
    return f"{values.get('channel')} ({len(values.get('blocks') or ())} blocks)"


def _stands_in(message: OutgoingMessage) -> tuple[str, str]:
    """Conversation and thread: the oldest message of the conversation that is answered, which is the thread's
    first; a place without a thread ("acme/C024BE91L") has none."""
    channel, ts = _parted(message.thread.answers)
    if not channel:
        return "", ""
    for key in message.thread.earlier:
        other, first = _parted(key)
        if other == channel and first and ts:
            return channel, min(first, ts, key=float)
    return channel, ts


def _parted(key: str) -> tuple[str, str]:
    where, _, ts = key.rpartition("/")
    if _TS.fullmatch(ts) and _ID.fullmatch(where.upper()):
        return where.upper(), ts
    return (ts.upper(), "") if where and _ID.fullmatch(ts.upper()) else ("", "")
