"""A Slack door on a store of its own, in front of a fake Slack."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot import clock
from bot.channels.slack import SlackDoor
from bot.channels.slack_actions import Forms
from bot.channels.slack_socket import Pauses
from bot.channels.slack_workspace import Workspace
from bot.config import Slack
from bot.errors import StoreUnavailable
from bot.message import IncomingMessage, Party, Payload
from bot.metrics import Metrics
from bot.store import inbox, threads
from bot.store.engine import Store
from bot.store.models import Inbox, PayloadRow, Thread, Ticket
from bot.store.people import add as add_person
from tests.fresh import migrated
from tests.peers.slack import Conversation, Posted, SlackHouse, slack_house
from tests.peers.slack.house import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET

NAME = "acme"
FAST = Pauses(first=0.02, longest=0.2, refused=0.2, heartbeat=5, flush=0.05)


class World:
    """The house, the door and the store; what is kept can be looked at."""

    def __init__(self, house: SlackHouse, store: Store, door: SlackDoor) -> None:
        self.house = house
        self.store = store
        self.door = door
        self.away = False
        """The store is away: nothing can be kept."""
        self.before_commit: Callable[[], Any] | None = None
        self.alarms: list[str] = []
        self.kept = asyncio.Condition()

    async def accept(self, payload: Payload) -> bool:
        """As the intake does it."""
        if self.away:
            raise StoreUnavailable("gone for a test")
        if self.before_commit is not None:
            await self.before_commit()
        new = await self.store.write(lambda tx: inbox.add(tx, payload))
        async with self.kept:
            self.kept.notify_all()
        return new

    async def payloads(self) -> list[Payload]:
        """All that is kept, oldest first."""
        query = sa.select(
            Inbox.channel, Inbox.key, PayloadRow.raw, Inbox.received_at, PayloadRow.envelope
        ).join_from(Inbox, PayloadRow)
        return [
            Payload(*row) for row in await self.store.read(lambda tx: tx.run(query.order_by(Inbox.id)).all())
        ]

    async def keys(self) -> list[str]:
        """The keys of all that is kept, without what they all begin with."""
        return [payload.key.removeprefix(f"slack:{NAME}:") for payload in await self.payloads()]

    async def messages(self) -> list[IncomingMessage]:
        """All that is kept, read."""
        return [
            message for payload in await self.payloads() for message in await self.door.translate(payload)
        ]

    async def texts(self) -> list[str]:
        """The words of all that is kept."""
        return [message.text for message in await self.messages()]

    async def until_kept(self, count: int, seconds: float = 10) -> list[IncomingMessage]:
        """Wait until so many payloads are kept."""
        async with asyncio.timeout(seconds), self.kept:
            while len(await self.payloads()) < count:
                await self.kept.wait()
        return await self.messages()

    async def joined(self, where: Conversation, message: Posted, role: str = threads.REQUESTER) -> int:
        """A ticket whose conversation stands below a message."""

        def open_one(tx: Any) -> int:
            now = clock.now()
            person = add_person(tx, Party("slack", f"{NAME}/U9", "Nine"), f"{NAME}/u{message.ts}", now)
            values = {"subject": "It", "state": "new", "priority": "P3", "queue": "first-line",
                      "requester_id": person.id, "locale": "en", "channel": NAME, "opened_at": now, "updated_at": now}  # fmt: skip
            known = {name: value for name, value in values.items() if name in Ticket.__table__.c}
            number: int = tx.run(sa.insert(Ticket).values(known).returning(Ticket.id)).scalar_one()
            threads.join(tx, NAME, f"{where.id}/{message.ts}", number, role, now)
            return number

        return await self.store.write(open_one)

    async def thread_count(self) -> int:
        """How many conversations are tickets'."""
        return await self.store.read(lambda tx: tx.run(sa.select(sa.func.count(Thread.id))).scalar_one())


@asynccontextmanager
async def slack_world(
    folder: Path,
    *,
    house: SlackHouse | None = None,
    forms: Forms | None = None,
    run: bool = True,
    store: Store | None = None,
    **section: Any,
) -> AsyncIterator[World]:
    """A door that serves, with Ann and Bo in the house and in the channel C1."""
    async with _given(house) if house else slack_house() as there:
        if house is None:
            furnish(there)
        own = store is None
        base = store or _store(folder)
        made = section_of(there, **section)
        alarms: list[str] = []
        door = SlackDoor(
            Workspace(NAME, made, base, clock.now),
            Metrics(),
            forms,
            lambda _, words: alarms.append(words),
            FAST,
        )
        world = World(there, base, door)
        world.alarms = alarms
        serving = asyncio.create_task(door.run(world.accept)) if run else None
        try:
            if run and made.mode == "socket":
                async with asyncio.timeout(10):
                    await there.connected.wait()
                    await door.caught_up.wait()
            yield world
        finally:
            if serving is not None:
                serving.cancel()
                await asyncio.wait([serving])
            if own:
                base.close()


def section_of(house: SlackHouse, **more: Any) -> Slack:
    """The configuration of a workspace."""
    given = {
        "bot_token": BOT_TOKEN,
        "app_token": APP_TOKEN,
        "signing_secret": SIGNING_SECRET,
        "api_url": house.api_url,
    }
    return Slack.model_validate({**given, **more})


def furnish(house: SlackHouse) -> None:
    """People and a channel."""
    house.workspace.add_user("U1", "Ann", locale="it-IT", tz="Europe/Rome")
    house.workspace.add_user("U2", "Bo", locale="en-GB", tz="Europe/London")
    house.workspace.add_user("U3", "Guest", team_id="T0OTHER")
    house.workspace.add_channel("C1", "general", "U1", "U2")


def _store(folder: Path) -> Store:
    store = Store(f"sqlite:///{folder / 'deskbot.db'}")
    migrated(store)
    store.open()
    return store


@asynccontextmanager
async def _given(house: SlackHouse) -> AsyncIterator[SlackHouse]:
    yield house


def words(messages: Iterable[IncomingMessage]) -> list[str]:
    """What each says."""
    return [message.text for message in messages]
