"""What comes by Slack's Events API, and from history: which messages are for the desk, and what is kept of them.

For the desk is a direct message, a message that names the bot, one that gets the ticket emoji, and all that is
said in a conversation that is a ticket's. Everything else is left alone, without a row.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from bot.channels import slack_files
from bot.channels.chat_payload import File
from bot.channels.slack_faults import Refused
from bot.channels.slack_payload import Act, is_id, is_ts, trimmed
from bot.channels.slack_reactions import Reactions
from bot.channels.slack_text import mentions
from bot.channels.slack_workspace import Workspace
from bot.errors import StoreUnavailable
from bot.log import event as log_event
from bot.store.threads import ROOM

log = logging.getLogger("deskbot.slack")

_SAID: Final = frozenset({None, "", "bot_message", "file_share", "me_message", "thread_broadcast"})
"""Subtypes of messages in which somebody says something; all others are Slack's own notes."""
_SLACKBOT: Final = "USLACKBOT"
_DIRECT: Final = "im"

Home = Callable[[str], Awaitable[None]]


class Events:
    """Reads events, and keeps what is for the desk. Each method returns only when that is committed."""

    def __init__(self, workspace: Workspace, later: Callable[[Awaitable[None]], None], home: Home) -> None:
        """``later``: does something behind which Slack does not wait; ``home``: shows somebody their App Home."""
        self._at = workspace
        self._later = later
        self._home = home
        self._reactions = Reactions(workspace, self)

    async def take(self, body: Mapping[str, Any]) -> None:
        """One event of Slack's. Raises ``StoreUnavailable`` or ``ChannelError``: it is not to be acknowledged."""
        event = body.get("event")
        if not isinstance(event, Mapping) or not self._at.is_for_us(body):
            return
        kind = event.get("type")
        if kind in {"message", "app_mention"}:
            await self.message(event)
        elif kind == "reaction_added":
            await self._reactions.take(event)
        elif kind == "app_home_opened" and event.get("tab") == "home" and is_id(event.get("user")):
            self._later(self._home(str(event["user"])))

    # Messages

    async def message(self, event: Mapping[str, Any], *, from_history: bool = False) -> bool:
        """A message, an edit or a deletion. True when something new is kept."""
        channel, subtype = event.get("channel"), event.get("subtype")
        if not isinstance(channel, str) or not is_id(channel):
            return False
        if subtype == "message_changed":
            return await self._edited(channel, event)
        if subtype == "message_deleted":
            return await self._deleted(channel, event)
        ts = event.get("ts")
        if subtype not in _SAID or not isinstance(ts, str) or not is_ts(ts):
            return False
        thread = await self._is_wanted(channel, event)
        new = False
        if thread is not None:
            new = await self.keep(channel, event, role=thread)
            if from_history and not new:
                await self._complete(channel, event)
        self._at.passed(channel, ts)
        return new

    async def _is_wanted(self, channel: str, event: Mapping[str, Any]) -> str | None:
        """The role of the conversation in which a message stands, "" when it opens one; None: it is not ours."""
        if not self._is_somebody(event):
            return None
        at, ts, thread = self._at, event.get("ts"), event.get("thread_ts")
        in_thread = isinstance(thread, str) and is_ts(thread) and thread != ts
        found = await at.thread(channel, thread) if in_thread else None
        if found is None and in_thread and await at.awaits_card(channel):
            root = await self.fetch(channel, str(thread))
            found = await at.card(channel, root) if root else None
        if found is not None:
            return found.role
        if self._is_direct(channel, event) or self._calls_us(channel, event):
            return ""
        opens_one = in_thread and await at.is_kept(channel, str(thread))  # which is not there yet
        return "" if opens_one else None

    def _is_somebody(self, event: Mapping[str, Any]) -> bool:
        """Whether a person wrote it, or a machine that is allowed to."""
        if self._at.is_ours(event) or self._at.is_machine(event) or event.get("user") == _SLACKBOT:
            return False
        return is_id(event.get("user")) or is_id(event.get("bot_id"))

    def _calls_us(self, channel: str, event: Mapping[str, Any]) -> bool:
        at = self._at
        allowed = not at.section.channels or channel in at.section.channels
        named = mentions(str(event.get("text") or ""), at.us.bot_user)
        return allowed and (named or bool(event.get("bot_id")))

    @staticmethod
    def _is_direct(channel: str, event: Mapping[str, Any]) -> bool:
        kind = event.get("channel_type")
        return kind == _DIRECT if isinstance(kind, str) else channel.startswith("D")

    async def keep(
        self,
        channel: str,
        event: Mapping[str, Any],
        *,
        role: str = "",
        noted_by: str = "",
        instead: str = "",
        again: str = "",
    ) -> bool:
        """Keep a message. ``noted_by``: who made it a ticket; ``instead``: who asks, when a machine wrote it;
        ``again``: when it was changed, if it is kept a second time, as it is now."""
        at, ts = self._at, str(event["ts"])
        kept = trimmed(event) | {"channel": channel}
        kept["user"] = instead or str(kept.get("user") or kept.get("bot_id") or "")
        files = slack_files.told(event, at.section.max_file)
        about, taken = await asyncio.gather(
            at.about(kept["user"], kept, must=role == ROOM, role=role),
            slack_files.take(at.web, files.late, at.section.max_file, slack_files.SECONDS),
        )
        about["lost"] = files.lost + taken.lost
        if stamp := _changed_at(event):
            about["edited"] = stamp
        if noted_by:
            about["noted_by"] = noted_by
        if taken.late:
            about["late"] = True
        key = f"{channel}:{ts}" + (f":said:{again}" if again and await at.is_kept(channel, ts) else "")
        new = await at.keep(at.payload(key, Act.MESSAGE, kept, about, taken.files), channel, ts)
        if new and taken.late:
            self._later(self._files_after(channel, kept, about, taken.late))
        return new

    async def _files_after(
        self, channel: str, kept: Mapping[str, Any], about: Mapping[str, Any], late: list[File]
    ) -> None:
        """Files that took longer than Slack waits, in a payload of their own below the message."""
        at = self._at
        taken = await slack_files.take(at.web, late, at.section.max_file, slack_files.LATE_SECONDS)
        told = {**about, "lost": taken.lost + slack_files.gone(taken.late)}
        event = {**kept, "text": "", "said": kept.get("text", "")}
        try:
            await at.keep(at.payload(f"{channel}:{kept['ts']}:files", Act.FILES, event, told, taken.files))
        except StoreUnavailable as error:
            log_event(log, "slack.files-late", str(error), level=logging.WARNING, channel=at.name)

    async def _complete(self, channel: str, event: Mapping[str, Any]) -> None:
        """A message of history that was here already: its files may not be, and it may have been changed."""
        at, ts = self._at, str(event["ts"])
        about = await at.late_files(channel, ts)
        if about is not None:
            kept = trimmed(event) | {"channel": channel}
            await self._files_after(channel, kept, about, slack_files.told(event, at.section.max_file).late)
        if stamp := _changed_at(event):
            await self._keep_edit(channel, event, stamp)

    async def _edited(self, channel: str, event: Mapping[str, Any]) -> bool:
        """Somebody has changed what they wrote (I11). Slack also says so when it unfolds a link."""
        message, before = event.get("message"), event.get("previous_message")
        if not isinstance(message, Mapping) or self._at.is_ours(message) or self._at.is_machine(message):
            return False
        if isinstance(before, Mapping) and before.get("text") == message.get("text"):
            return False
        stamp = _changed_at(message) or event.get("event_ts")
        if not is_ts(stamp) or not is_ts(message.get("ts")):
            return False
        if await self._begins(channel, message, before):
            return await self.keep(channel, message, again=str(stamp))
        return await self._keep_edit(channel, message, str(stamp))

    async def _begins(self, channel: str, message: Mapping[str, Any], before: object) -> bool:
        """Whether a change makes a request of what was none: it calls us, which it did not before; or of a mere
        greeting."""
        at, ts = self._at, str(message["ts"])
        if not self._is_somebody(message) or await at.thread(channel, message.get("thread_ts"), ts):
            return False
        if await at.is_kept(channel, ts):
            return await at.only_greeted(channel, ts)
        known = isinstance(before, Mapping) and not mentions(str(before.get("text") or ""), at.us.bot_user)
        return known and self._calls_us(channel, message)

    async def _keep_edit(self, channel: str, message: Mapping[str, Any], stamp: str) -> bool:
        known = await self._at.envelope(channel, str(message.get("ts") or ""))
        if known and known.get("edited") == stamp:
            return False  # it was kept as it is now
        return await self._note(channel, message, Act.EDIT, f"edit:{stamp}", stamp)

    async def _deleted(self, channel: str, event: Mapping[str, Any]) -> bool:
        """Somebody has taken back what they wrote: what they asked for stays, and that they did is noted."""
        before = event.get("previous_message")
        if not isinstance(before, Mapping) or self._at.is_ours(before) or self._at.is_machine(before):
            return False
        return await self._note(channel, before, Act.DELETE, "delete", str(event.get("event_ts") or ""))

    async def _note(self, channel: str, message: Mapping[str, Any], act: Act, what: str, stamp: str) -> bool:
        """What has happened to a message that we have, beside it."""
        at, ts = self._at, message.get("ts")
        if not isinstance(ts, str) or not is_ts(ts) or not await at.is_kept(channel, ts):
            return False
        found = await at.thread(channel, message.get("thread_ts"), ts)
        role = found.role if found else ""
        event = trimmed(message) | {"channel": channel, "event_ts": stamp}
        event["user"] = str(event.get("user") or event.get("bot_id") or "")
        about = await at.about(event["user"], event, must=role == ROOM, role=role)
        return await at.keep(at.payload(f"{channel}:{ts}:{what}", act, event, about))

    # What stands at Slack

    async def make_ticket(self, channel: str, message: Mapping[str, Any], user: str) -> bool:
        """A message becomes a request, unless it stands in a ticket's conversation or is our own."""
        at = self._at
        if at.is_ours(message) or await at.thread(channel, message.get("thread_ts"), message.get("ts")):
            return False
        machine = bool(message.get("bot_id")) or not is_id(message.get("user"))
        profile = await at.people.profile(user)
        return await self.keep(
            channel, message, noted_by=profile.name or user, instead=user if machine else ""
        )

    async def fetch(self, channel: str, ts: str) -> dict[str, Any] | None:
        """One message, wherever it stands. Raises ``ChannelError`` when Slack does not answer."""
        asked: dict[str, Any] = {
            "channel": channel,
            "latest": ts,
            "oldest": ts,
            "inclusive": True,
            "limit": 1,
        }
        ways: dict[str, dict[str, Any]] = {"conversations.history": {}, "conversations.replies": {"ts": ts}}
        for method, more in ways.items():
            try:
                told = await self._at.web.call(method, seconds=1.5, **asked, **more)
            except Refused as error:
                if not error.permanent:
                    raise
                log_event(log, "slack.not-read", str(error), level=logging.WARNING, channel=self._at.name)
                continue
            messages = told.get("messages")
            for one in messages if isinstance(messages, list) else ():
                if isinstance(one, dict) and one.get("ts") == ts:
                    return one
        return None


def _changed_at(message: Mapping[str, Any]) -> str:
    """When a message was changed for the last time, or nothing."""
    edited = message.get("edited")
    stamp = edited.get("ts") if isinstance(edited, Mapping) else None
    return str(stamp) if is_ts(stamp) else ""
