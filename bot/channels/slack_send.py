"""The way out to Slack: one message to one conversation, visible once.

Slack has no key against repeats, so each message carries its token as metadata (I8). When it is in doubt whether
one was posted, the conversation is read before anything is sent again; so is its thread before its files are. What
one person alone sees ("ephemeral") cannot be read: there the rule of the outbox holds (X5).
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from bot import clock
from bot.channels import slack_faults
from bot.channels.chat_words import Load, carried
from bot.channels.slack_doubts import Doubts, Posted
from bot.channels.slack_faults import Refused
from bot.channels.slack_marks import Marks
from bot.channels.slack_places import Places, Target, line_of
from bot.channels.slack_share import share
from bot.channels.slack_wire import Silent, Wire
from bot.channels.turns import Turns
from bot.errors import ChannelError
from bot.message import Kind, OutgoingMessage, Receipt
from bot.render import slack

if TYPE_CHECKING:
    from bot.channels.slack_blocks import SlackWords
    from bot.config import Slack

log = logging.getLogger("deskbot.slack")

EVENT_TYPE: Final = "deskbot"

Compose = Callable[[OutgoingMessage], Awaitable["SlackWords"]]
Trouble = Callable[[str, str, str], None]
"""Tells administrators: what makes it the same trouble, what it is, what to do."""


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
        turns: Turns | None = None,
        wire: Wire | None = None,
        urgent: str = "P1",
        now: clock.Clock = clock.now,
    ) -> None:
        self._name = name
        self._wire = wire or Wire(section.bot_token.get_secret_value(), section.api_url)
        self._compose = compose
        self._load = load
        self._trouble = trouble
        self._turns = turns or Turns()
        self._since: datetime = now()
        self._doubts = Doubts(self._wire)
        self._marks = Marks(self._wire, urgent)
        self._places = Places(self._wire)

    async def send(self, message: OutgoingMessage) -> Receipt:
        """Post one message, or change the card that it replaces.

        Raises ``ChannelError``: ``ChannelBusy`` when it is not yet its turn, ``ambiguous`` only when nobody can
        find out whether it was posted.
        """
        try:
            # It stands in line before it has words, so that all go out in the order in which they were handed over.
            async with self._turn(line_of(message)):
                full = await self._load(message) if self._load and message.attachments else message
                words = await self._compose(full)
                target = await self._places.target(message)
                if target.only:
                    return await self._whisper(target, message, words)
                return await self._say(target, full, words)
        except Refused as error:
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

    @asynccontextmanager
    async def _turn(self, line: str) -> AsyncIterator[None]:
        async with self._turns.turn(line):
            try:
                yield
            except Refused as error:
                if error.code in slack_faults.TOO_OFTEN:
                    raise self._turns.hold(line, error.retry_after or 1.0) from None
                raise

    async def _say(self, target: Target, message: OutgoingMessage, words: SlackWords) -> Receipt:
        if message.kind is Kind.CARD and message.thread.card:
            changed = await self._change(target.line, message, words)
            if changed is not None:
                return changed
        ts, found = await self._once(target, message, words)
        root = target.thread or ts
        if message.kind is Kind.CARD:
            await self._marks.show(f"{target.channel}/{ts}", message.notice, new=True)
        files = carried(message)
        rest = words.plain if words.cut else ""
        if files or rest:
            there = await self._doubts.shown(target.channel, root, found) if found else frozenset()
            await share(
                self._wire,
                partial(self._say_now, target.line),
                (target.channel, root),
                files,
                rest,
                message,
                there,
            )
        return Receipt(f"{target.channel}/{ts}", (f"{target.channel}/{root}",))

    async def _change(self, line: str, message: OutgoingMessage, words: SlackWords) -> Receipt | None:
        """Change a card in place, which may be repeated. None: it is there no more."""
        channel, _, ts = message.thread.card.rpartition("/")
        values = {"channel": channel, "ts": ts, **_form(words, message)}
        try:
            await self._try(line, "chat.update", values, words)
        except Refused as error:
            if error.code in slack_faults.GONE:
                return None
            raise
        except ChannelError as error:
            raise ChannelError(str(error), permanent=error.permanent) from None
        await self._marks.show(message.thread.card, message.notice, new=False)
        return Receipt(message.thread.card, (message.thread.answers or message.thread.card,))

    async def _once(
        self, target: Target, message: OutgoingMessage, words: SlackWords
    ) -> tuple[str, Posted | None]:
        """Post a message; its time stamp. What may have been posted before is looked for first: then what was found
        comes along."""
        again = message.again or message.created_at < self._since or message.token in self._doubts
        if again and (found := await self._posted(target, message)):
            return found.ts, found
        for attempt in (1, 2):
            try:
                return await self._post(target, message, words), None
            except ChannelError as error:
                if not error.ambiguous:
                    raise
                self._doubts.add(message.token)
                if found := await self._posted(target, message):
                    log.info("an answer was lost, the message was not", extra={"action": "slack.found"})
                    return found.ts, None
                if isinstance(error, Silent) or attempt == 2:
                    # The next attempt looks again before it posts, so nothing can be there twice.
                    raise ChannelError(str(error)) from None
        raise AssertionError("unreachable")

    async def _posted(self, target: Target, message: OutgoingMessage) -> Posted | None:
        return await self._doubts.posted(target.channel, target.thread, message.token)

    async def _post(self, target: Target, message: OutgoingMessage, words: SlackWords) -> str:
        values = {**target.where, **_form(words, message), "unfurl_links": False, "unfurl_media": False}
        try:
            told = await self._try(target.line, "chat.postMessage", values, words)
        except Refused as error:
            if error.code not in slack_faults.NO_THREAD or not target.thread:
                raise
            values.pop("thread_ts")
            told = await self._try(target.line, "chat.postMessage", values, words)
        return str(told.get("ts") or "")

    async def _whisper(self, target: Target, message: OutgoingMessage, words: SlackWords) -> Receipt:
        """Tell one person something in a conversation of many; directly, when they are not in it."""
        values = {**target.where, "user": target.only, **_form(words, None)}
        try:
            told = await self._try(target.line, "chat.postEphemeral", values, words)
        except Refused as error:
            if error.code not in slack_faults.NOT_THERE:
                raise
            async with self._turn(target.only):
                return await self._say(await self._places.direct(target.only), message, words)
        return Receipt(f"{target.channel}/{told.get('message_ts') or ''}")

    async def _try(self, line: str, method: str, values: dict[str, Any], words: SlackWords) -> dict[str, Any]:
        """A call, in simpler forms when Slack does not take the blocks (I9)."""
        actions = [block for block in values["blocks"] if block["type"] == "actions"]
        simpler: list[dict[str, Any]] = [{"blocks": slack.plain(words.plain) + actions}, {"blocks": []}]
        while True:
            try:
                return await self._say_now(line, method, values)
            except Refused as error:
                if error.code not in slack_faults.TOO_MUCH or not simpler:
                    raise
                log.warning(
                    "Slack does not take the blocks of %s: %s", _in_log(values), error.code,
                    extra={"action": "slack.simpler"},
                )  # fmt: skip
                values = {**values, **simpler.pop(0)}

    async def _say_now(self, line: str, method: str, values: dict[str, Any]) -> dict[str, Any]:
        """A call that people see, when one may be made."""
        async with self._turns.message(line):
            return await self._wire.call(method, values)

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
