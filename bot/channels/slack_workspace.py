"""One workspace of Slack as its door knows it: who we are there, who people are, what is a ticket's already."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from bot.channels.chat_payload import File
from bot.channels.slack_inputs import ticket_of
from bot.channels.slack_payload import Act, build, is_id, is_ts, later, message_key
from bot.channels.slack_people import UNKNOWN, People, Profile
from bot.channels.slack_text import mentioned
from bot.channels.slack_web import SlackWeb
from bot.config import Slack
from bot.desk.outcome import Reason
from bot.errors import ChannelError, StoreUnavailable
from bot.failpoints import failpoint
from bot.mail.addresses import canonical
from bot.message import Payload
from bot.ports import Accept
from bot.store import became, chat_progress, inbox, threads
from bot.store.engine import Store, Tx
from bot.store.threads import FoundThread

log = logging.getLogger("deskbot.slack")

_MOST_NAMES: Final = 20


@dataclass(frozen=True, slots=True)
class Ourselves:
    """Who we are in a workspace."""

    team: str = ""
    bot_user: str = ""
    bot_id: str = ""
    app: str = ""
    """Empty when it could not be found out."""


class Workspace:
    """What the parts of the door share."""

    def __init__(
        self,
        name: str,
        section: Slack,
        store: Store,
        now: Callable[[], datetime],
        *,
        prefix: str = "HD",
        urgent: str = "P1",
        web: SlackWeb | None = None,
    ) -> None:
        """``prefix``: of ticket numbers; ``urgent``: the priority that the siren gives."""
        self.name = name
        self.section = section
        self.store = store
        self.now = now
        self.prefix = prefix
        self.urgent = urgent
        self.web = web or SlackWeb(section.bot_token.get_secret_value(), section.api_url)
        self.people = People(self.web)
        self.us = Ourselves()
        self.accept: Accept | None = None
        """Set while the door runs."""
        self.seen: dict[str, str] = {}
        """Of each conversation, the newest message that is committed, or was found to be none of ours."""
        self.sound = True
        """Whether all that has come since the last look at history is committed."""

    async def introduce(self) -> None:
        """Find out who we are. Raises ``ChannelError``."""
        told = await self.web.call("auth.test")
        team, user, bot = (str(told.get(key) or "") for key in ("team_id", "user_id", "bot_id"))
        app = ""
        try:
            answer = await self.web.call("bots.info", bot=bot)
            app = str((answer.get("bot") or {}).get("app_id") or "")
        except ChannelError as error:
            log.debug("the app's own id stays unknown: %s", error)
        self.us = Ourselves(team, user, bot, app)
        self.people.team = team

    def is_for_us(self, body: Mapping[str, Any]) -> bool:
        """Whether an event is meant for this app in this workspace (I4)."""
        app = body.get("api_app_id")
        if self.us.app and isinstance(app, str) and app and app != self.us.app:
            return False
        named = body.get("team")
        teams = {body.get("team_id"), named.get("id") if isinstance(named, Mapping) else None}
        granted = body.get("authorizations")
        for one in granted[:10] if isinstance(granted, list) else ():
            teams.add(one.get("team_id") if isinstance(one, Mapping) else None)
        teams.discard(None)
        return not teams or self.us.team in teams or body.get("is_enterprise_install") in {True, "true"}

    def is_ours(self, message: Mapping[str, Any]) -> bool:
        """Whether we wrote a message ourselves (I6)."""
        return message.get("user") == self.us.bot_user or (
            bool(self.us.bot_id) and message.get("bot_id") == self.us.bot_id
        )

    def is_machine(self, message: Mapping[str, Any]) -> bool:
        """Whether an app wrote it, and none whose words are requests."""
        bot = message.get("bot_id") or (message.get("subtype") == "bot_message" and "?")
        return bool(bot) and bot not in self.section.bots

    # What is known already

    async def is_kept(self, channel: str, ts: str) -> bool:
        """Whether a message was accepted before."""
        key = message_key(self.name, channel, ts)
        return await self.store.read(lambda tx: inbox.is_known(tx, key))

    async def only_greeted(self, channel: str, ts: str) -> bool:
        """Whether the desk has found no request in a message that was accepted, but a greeting."""
        key = message_key(self.name, channel, ts)
        found = await self.store.read(lambda tx: became.of(tx, key))
        return found is not None and found.reason == Reason.GREETED

    async def thread(self, channel: str, *stamps: object) -> FoundThread | None:
        """The ticket's conversation that a message stands in: ``stamps`` of its thread, or its own."""
        keys = [f"{channel}/{ts}" for ts in stamps if is_ts(ts)]
        return await self.store.read(lambda tx: threads.find(tx, self.name, keys)) if keys else None

    async def awaits_card(self, channel: str) -> bool:
        """Whether a card was written for a channel of which it is not known yet where it stands."""
        place = canonical(f"{self.name}/{channel}")
        return await self.store.read(lambda tx: threads.awaits_card(tx, self.name, place))

    async def card(self, channel: str, message: Mapping[str, Any]) -> FoundThread | None:
        """The conversation below a card of ours that is posted, whether or not its delivery has written that down
        yet: its buttons name the ticket, and the ticket knows that it is to have one there."""
        ts, number = message.get("ts"), ticket_of(message)
        root = message.get("thread_ts") in {None, ts}
        if number is None or not root or not is_ts(ts) or not self.is_ours(message):
            return None
        key, place = f"{channel}/{ts}", canonical(f"{self.name}/{channel}")

        def look(tx: Tx) -> FoundThread | None:
            if threads.card_in(tx, number, self.name, place) is None:
                return None
            threads.join(tx, self.name, key, number, threads.ROOM, self.now())
            return threads.find(tx, self.name, [key])

        return await self.store.write(look)

    async def has_conversations(self, channel: str) -> bool:
        """Whether anything in a channel is a ticket's."""
        return await self.store.read(lambda tx: chat_progress.has_conversations(tx, self.name, channel))

    async def envelope(self, channel: str, ts: str) -> dict[str, Any] | None:
        """What is known of a message that was accepted."""
        key = message_key(self.name, channel, ts)
        return await self.store.read(lambda tx: inbox.envelope(tx, key))

    async def late_files(self, channel: str, ts: str) -> dict[str, Any] | None:
        """The envelope of a message whose files were to come after it and have not."""
        key = message_key(self.name, channel, ts)

        def look(tx: Tx) -> dict[str, Any] | None:
            about = inbox.envelope(tx, key)
            return about if about and about.get("late") and not inbox.is_known(tx, f"{key}:files") else None

        return await self.store.read(look)

    # Keeping

    async def keep(self, payload: Payload, channel: str = "", ts: str = "") -> bool:
        """Commit a payload. True when it is new. Raises ``StoreUnavailable``."""
        if self.accept is None:
            raise StoreUnavailable("the door is not open")
        try:
            new = await self.accept(payload)
        except StoreUnavailable:
            self.sound = False
            raise
        failpoint("after_slack_accept")
        self.passed(channel, ts)
        return new

    def passed(self, channel: str, ts: str) -> None:
        """Nothing is left to do with a message: history need not be asked for it again."""
        if channel and is_ts(ts):
            self.seen[channel] = later(self.seen.get(channel, ""), ts)

    async def about(
        self, user: object, event: Mapping[str, Any], *, must: bool = False, **more: Any
    ) -> dict[str, Any]:
        """The envelope: who somebody is, and the names in what they say. ``must``: it decides about power, so
        it is not guessed. Raises ``ChannelError``."""
        profile = await self.people.profile(str(user))
        if must and profile is UNKNOWN:
            raise ChannelError("Slack does not say who somebody is")
        return {
            "name": profile.name,
            "language": profile.language,
            "time_zone": profile.time_zone,
            "ours": self._is_member(profile, event),
            "bot_user": self.us.bot_user,
            "names": await self._names(str(event.get("text") or "")),
            **more,
        }

    def _is_member(self, profile: Profile, event: Mapping[str, Any]) -> bool:
        if profile is not UNKNOWN:
            return profile.ours
        team = event.get("user_team") or event.get("source_team") or event.get("team")
        return isinstance(team, str) and team == self.us.team

    async def _names(self, text: str) -> dict[str, str]:
        users = [user for user in mentioned(text, _MOST_NAMES) if user != self.us.bot_user]
        profiles = await asyncio.gather(*(self.people.profile(user, 0.8) for user in users if is_id(user)))
        found = {user: profile.name for user, profile in zip(users, profiles, strict=True) if profile.name}
        return found | {self.us.bot_user: "deskbot"}

    def payload(
        self,
        key: str,
        act: Act,
        event: Mapping[str, Any],
        about: Mapping[str, Any],
        files: list[File] | None = None,
    ) -> Payload:
        """Something to be kept. ``key``: what follows "slack:NAME:"."""
        return build(
            self.name, f"slack:{self.name}:{key}", act, event, self.now(), files=files or [], about=about
        )
