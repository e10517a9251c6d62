"""A whole desk with a bot, and a Telegram on localhost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from bot.app import App
from bot.config import Config
from bot.store.models import Event, Inbox, Outbox, Ticket
from tests.peers.telegram import TOKEN, Chat, TelegramHouse, telegram_house
from tests.running import running

ANNA: Final = 501
BEN: Final = 601
EVE: Final = 701
TEAM: Final = -1001


@dataclass
class TelegramWorld:
    """A desk that runs, and its Telegram: Anna asks, Ben is an agent, Eve is somebody else."""

    house: TelegramHouse
    app: App
    team: Chat

    def rows(self, query: Any) -> list[Any]:
        """What the database says."""
        return self.app.store.read_now(lambda tx: list(tx.run(query)))

    def tickets(self) -> list[Any]:
        """All tickets."""
        return self.rows(
            sa.select(Ticket.id, Ticket.subject, Ticket.state, Ticket.channel).order_by(Ticket.id)
        )

    async def until(self, true: Callable[[], Any], seconds: float = 20) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(seconds):
            while not true():
                self.app.wake()
                await asyncio.sleep(0.05)

    def said_to(self, chat: int) -> str:
        """All that the bot has said in a chat."""
        return "\n---\n".join(self.house.world.chats[chat].texts()) if chat in self.house.world.chats else ""

    def inbox(self) -> list[Any]:
        """What the door has kept."""
        return self.rows(sa.select(Inbox.key, Inbox.outcome, Inbox.reason).order_by(Inbox.id))

    def outbox(self) -> list[Any]:
        """What was to be said."""
        return self.rows(sa.select(Outbox.event, Outbox.state, Outbox.result).order_by(Outbox.id))

    def events(self) -> list[Any]:
        """What has happened to tickets."""
        return self.rows(sa.select(Event.ticket_id, Event.action).order_by(Event.id))


def a_house_config(house: TelegramHouse, folder: Path, **more: Any) -> Config:
    """A desk with one bot, a team that works in a group, and Ben in it."""
    bot = {"token": TOKEN, "api_url": house.api_url, "undo": "1s", "together": "1s", **more.pop("bot", {})}
    sections: dict[str, Any] = {
        "desk": {"address": "help@house.example", "data": str(folder), "secret": "s" * 40},
        "smtp": {"enabled": False},
        "web": {"enabled": False},
        "quiet": {"enabled": False},
        "telegram": {"tg": bot},
        "calendar": {"around_the_clock": True} if more.pop("always", False) else {},
        "teams": {"first-line": {"name": "First line", "rooms": [f"tg:{TEAM}"]}},
        "agents": {"ben": {"name": "Ben Lee", "addresses": ["ben@house.example"], "teams": ["first-line"],
                           "chats": [f"tg:{BEN}"]}},
    }  # fmt: skip
    return Config.model_validate({**sections, **more})


@asynccontextmanager
async def telegram_world(folder: Path, *, forum: bool = True, **more: Any) -> AsyncIterator[TelegramWorld]:
    """A running desk; what Telegram would have refused fails the test at its end."""
    async with telegram_house() as house:
        house.world.add_user(ANNA, "Anna Rossi")
        house.world.add_user(BEN, "Ben Lee")
        house.world.add_user(EVE, "Eve Moor")
        team = house.world.add_group(TEAM, "First line", forum=forum)
        app = App(a_house_config(house, folder, **more))
        async with running(app):
            yield TelegramWorld(house, app, team)
        assert house.wrong == []
