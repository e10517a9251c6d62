"""Telegram as a way in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bot.channels.telegram import House, Pauses, TelegramDoor
from bot.channels.telegram_api import Api
from bot.channels.telegram_sender import Moves
from tests.channels.telegram_world import ANNA, a_house_config
from tests.desks import open_desk
from tests.doors.ways_in import File, Said, WayIn, eventually
from tests.peers.telegram import TelegramHouse, telegram_house

QUICK = Pauses(poll=1, lease=2.0, standby=0.1, conflict=0.1, first=0.05, longest=0.2, album=0.05, topic=0.01)


class TelegramIn(WayIn):
    """Anna writes to the bot; what is not confirmed comes with the next question."""

    def __init__(self, house: TelegramHouse, door: TelegramDoor) -> None:
        super().__init__()
        self.source = door
        self._house = house

    async def ready(self) -> None:
        asked = len(self._house.called("getUpdates"))
        await eventually(lambda: len(self._house.called("getUpdates")) > asked, "the door never asks")

    async def says(self, text: str, files: Sequence[File] = ()) -> Said:
        parts: dict[str, Any] = {"caption": text, "document": self._house.file(*files[0])} if files else {}
        await self._house.says(ANNA, text, **parts)
        return self._came(text, self._house.world.updates[-1])

    async def again(self, said: Said) -> Said:
        assert isinstance(said.event, dict)
        self._house.world.updates.append(said.event)
        async with self._house.changed:
            self._house.changed.notify_all()
        return self._came(said.text, said.event)

    async def tries_again(self, said: Said) -> Said:
        return said  # it comes with the next question

    async def nonsense(self) -> None:
        garbled: tuple[dict[str, Any], ...] = (
            {"message": 7},
            {"message": {"chat": []}},
            {"callback_query": {}},
            {},
        )
        for what in garbled:
            self._house.world.add_update(**what)
        async with self._house.changed:
            self._house.changed.notify_all()

    def _came(self, text: str, update: dict[str, object]) -> Said:
        return Said(text, lambda: all(one is not update for one in self._house.world.updates), update)


@asynccontextmanager
async def telegram_in(folder: Path) -> AsyncIterator[WayIn]:
    """A Telegram on localhost, and the door to it."""
    async with telegram_house() as house:
        house.world.add_user(ANNA, "Anna Rossi")
        config = a_house_config(house, folder)
        with open_desk(folder) as desk:
            desk.store.open()
            api = Api(config.telegram["tg"])
            way = TelegramIn(house, TelegramDoor("tg", config, api, House(desk.store, "w1"), Moves(), QUICK))
            yield way
            await way.nonsense()  # ends the question that is still open at the house
            await api.close()
        assert house.wrong == []
