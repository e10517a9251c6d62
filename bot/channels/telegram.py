"""The door for Telegram: one for each ``[telegram.NAME]``. By default we ask for updates; or Telegram calls us.

Asking (J1): what came is committed, and only then the next question confirms it, because Telegram forgets what is
confirmed. Nothing is thrown away by its update id: those begin anew at random after a quiet week (J3), so the
offset is sent only while there is something to confirm, and what comes twice is known by its key. One process
asks, under a lease (J4); a webhook that somebody has set is never taken away from them. The parts are
``telegram_payload`` (what is kept), ``telegram_files``, ``telegram_read`` (what it means), ``telegram_buttons``
(courtesies under a pressed button), ``telegram_conversations`` (to whom it was said), ``telegram_lease``,
``telegram_hook`` (the webhook), ``telegram_api``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final

from bot import clock
from bot.channels import telegram_commands, telegram_files, telegram_poison, telegram_read
from bot.channels import telegram_text as wording
from bot.channels.telegram_api import Api, OtherPoller
from bot.channels.telegram_buttons import Buttons
from bot.channels.telegram_conversations import Conversations
from bot.channels.telegram_lease import Lease
from bot.channels.telegram_payload import (
    KINDS,
    album_of,
    author_of,
    build,
    chat_of,
    kind_of,
    message_of,
    number,
    part,
    says_something,
    text_in,
)
from bot.channels.telegram_places import Moves
from bot.channels.telegram_sender import ignored
from bot.clock import Clock
from bot.config import Config, Telegram
from bot.errors import ChannelError, StoreUnavailable
from bot.message import IncomingMessage, Payload
from bot.ports import Accept
from bot.store import chat_progress
from bot.store.engine import Store

log = logging.getLogger("deskbot.telegram")

MOVED: Final = "moved/"
"""Before the id of a group, in the places of ``chat_progress``: where it has moved."""


@dataclass(frozen=True, slots=True)
class Pauses:
    """Seconds."""

    poll: int = 20
    """For which Telegram keeps a question open when there is nothing to tell."""
    lease: float = 40.0
    """After which another process may ask in our place."""
    standby: float = 5.0
    """Between two looks at a lease that another has."""
    conflict: float = 10.0
    """After a 409: somebody else asks."""
    first: float = 1.0
    """After a failure; then twice as long each time."""
    longest: float = 60.0
    topic: float = 0.3
    """Between two looks at whose a new topic is."""
    album: float = 0.7
    """For the rest of an album to come."""


@dataclass(frozen=True, slots=True)
class House:
    """What the door uses of its process."""

    store: Store
    worker: str
    now: Clock = clock.now
    trouble: Callable[[str, str], Awaitable[None]] | None = None
    """Told when a person must do something: (door, words)."""


@dataclass(frozen=True, slots=True)
class Me:
    """Who we are."""

    id: int
    username: str


class TelegramDoor:
    """Receives what people write to one bot: a ``Source``."""

    def __init__(
        self, name: str, config: Config, api: Api, house: House, moves: Moves, pauses: Pauses | None = None
    ) -> None:
        self.name = name
        self.section: Telegram = config.telegram[name]
        self.api = api
        self.house = house
        self.pauses = pauses or Pauses()
        self._prefix = config.desk.prefix
        self._config = config
        self._moves = moves
        self._me: Me | None = None
        self._buttons = Buttons(api, config.desk.prefix, tuple(config.priorities))
        self._offset: int | None = None
        self._looked = float("-inf")
        self._told = ""
        self._said = Conversations(name, house.store, config.desk.prefix, self.pauses.topic)
        self._lease = Lease(name, house.store, house.worker, self.pauses.lease)

    @property
    def rooms(self) -> frozenset[int]:
        """The groups in which teams work."""
        places = (place.partition(":") for team in self._config.teams.values() for place in team.rooms)
        ids = (where for name, _, where in places if name == self.name and where.lstrip("-").isdecimal())
        return frozenset(self._moves.now(int(where)) for where in ids)

    async def run(self, accept: Accept) -> None:
        """Ask until cancelled; what has come is then taken, and asked for again by whoever comes next."""
        failures = 0
        try:
            while True:
                try:
                    await self._begin()
                    await self._serve(accept)
                except (ChannelError, StoreUnavailable) as error:
                    failures = 1 if self._lively() else failures + 1
                    await asyncio.sleep(await self._after(error, failures))
        finally:
            await self._buttons.close()
            await self._lease.give_back()

    async def translate(self, payload: Payload) -> Sequence[IncomingMessage]:
        """The messages in a payload. Raises ``HeldError``."""
        return telegram_read.read(payload, self._prefix)

    async def serving(self) -> bool:
        """Whether updates come in, here or by another process; for probes."""
        return self._lively()

    def _lively(self) -> bool:
        return monotonic() - self._looked < 3 * self.pauses.poll + 30

    async def me(self) -> Me:
        """Who we are. Raises ``ChannelError``."""
        if self._me is None:
            told = await self.api.call("getMe")
            self._me = Me(number(told, "id"), text_in(told, "username"))
        return self._me

    async def _begin(self) -> None:
        if self._me is None:
            await self.me()
            places = await self.house.store.read(lambda tx: chat_progress.positions(tx, self.name))
            moved = {p.removeprefix(MOVED): to for p, to in places.items() if p.startswith(MOVED)}
            self._moves.know({int(old): int(new) for old, new in moved.items()})
            for menu in telegram_commands.menus(self.rooms):
                await ignored(self.api.call("setMyCommands", **menu))

    async def _serve(self, accept: Accept) -> None:
        if self.section.mode == "webhook":
            await self._be_called()
        while True:
            if not await self._lease.mine():
                self._looked = monotonic()
                await asyncio.sleep(self.pauses.standby)
                continue
            await self.poll_once(accept)

    async def poll_once(self, accept: Accept) -> int:
        """Ask once, and take what has come; returns how many updates came. Raises ``ChannelError`` and
        ``StoreUnavailable``; then nothing is confirmed, and all comes again."""
        updates = await self._ask(self.pauses.poll)
        self._offset = None  # what it confirmed is confirmed; ids may begin anew below it
        self._looked = monotonic()
        updates = await self._whole_albums(updates)
        for group in _grouped(updates):
            await self._lease.renew()
            await telegram_poison.taken(self, group, accept)
        if updates:
            last = max(number(update, "update_id") for update in updates)
            await self.house.store.write(lambda tx: chat_progress.advance(tx, self.name, str(last)))
            self._offset = last + 1
        return len(updates)

    async def _ask(self, seconds: int) -> list[dict[str, Any]]:
        told = await self.api.call(
            "getUpdates",
            seconds + 15,
            offset=self._offset,
            limit=100,
            timeout=seconds,
            allowed_updates=list(KINDS),
        )
        return [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []

    async def _whole_albums(self, updates: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The parts of an album come one after the other, and a question is answered with the first. Nothing is
        confirmed yet, so asking again gives the same and what has come since."""
        for _ in range(3):
            if not updates or len(updates) >= 100 or not album_of(updates[-1]):
                break
            await asyncio.sleep(self.pauses.album)
            again = await self._ask(0)
            if len(again) <= len(updates):
                break
            updates = again
        return updates

    async def take(self, updates: Sequence[dict[str, Any]], accept: Accept) -> None:
        """Keep one update, or the parts of an album; returns when it is committed. What is not for us is left.

        Raises ``StoreUnavailable``.
        """
        me = await self.me()
        kind, message = kind_of(updates[0]), message_of(updates[0])
        author = author_of(updates[0])
        if not kind or not message or author.get("is_bot") is not False or not number(author, "id"):
            return
        if kind == "callback_query":
            await self._pressed(updates[0], accept)
            return
        if not says_something(message) or part(message, "sender_chat"):
            return  # who speaks as a group or a channel cannot be told from others
        about = await self._said.to_us(updates[0], me, self.rooms)
        if about is None:
            return
        if chat_of(updates[0]) > 0 and wording.words_of(message)[0].strip().casefold() == "/new":
            self._buttons.asks_for_new(updates[0])  # a form, as it were: the request is what is answered
            return
        files = [] if kind == "edited_message" else await telegram_files.fetched(self.api, updates)
        await accept(build(self.name, me.id, updates, self.house.now(), files=files, about=about))

    async def _pressed(self, update: dict[str, Any], accept: Accept) -> None:
        """A button: the commit first, then the courtesies; those that only ask for more need no commit."""
        if self._buttons.answers_alone(update):
            return
        me = await self.me()
        about = await self._said.around(update, me, self.rooms)
        await accept(build(self.name, me.id, [update], self.house.now(), about=about))
        self._buttons.used(update)

    # What goes wrong

    async def _after(self, error: Exception, failures: int) -> float:
        """Tell of a failure; returns how long to wait."""
        log.warning("interrupted: %s", error, extra={"action": "telegram.interrupted", "door": self.name})
        if isinstance(error, OtherPoller):
            await self._tell("Somebody else asks Telegram with this bot's token, or a webhook is set for it.")
            return self.pauses.conflict
        if "token" in str(error):
            await self._tell(str(error))
        asked = error.retry_after or 0.0 if isinstance(error, ChannelError) else 0.0
        return max(
            min(asked, 3600.0), min(self.pauses.longest, self.pauses.first * 2.0 ** min(failures - 1, 20))
        )

    async def _tell(self, words: str) -> None:
        if self._told != words and self.house.trouble is not None:
            self._told = words
            await self.house.trouble(self.name, words)

    # Being called

    async def _be_called(self) -> None:
        """Say where Telegram is to call, when it does not know yet; then look from time to time whether it can."""
        url = f"{self._config.desk.base_url.rstrip('/')}/telegram/{self.name}"
        while True:
            told = await self.api.call("getWebhookInfo")
            if told.get("url") != url:
                await self.api.call(
                    "setWebhook",
                    url=url,
                    secret_token=self.section.webhook_secret.get_secret_value(),
                    allowed_updates=list(KINDS),
                    max_connections=4,
                )
            self._looked = monotonic()
            await asyncio.sleep(self.pauses.poll)


def _grouped(updates: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Each update by itself, the parts of an album together, in the order in which they began."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for place, update in enumerate(updates):
        groups.setdefault(album_of(update) or str(place), []).append(update)
    return list(groups.values())
