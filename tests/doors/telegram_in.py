"""Telegram as a way in, asked for updates and calling us."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, ClassVar, Final

import httpx

from bot.channels.telegram import House, Pauses, TelegramDoor
from bot.channels.telegram_api import LARGEST_DOWNLOAD, Api
from bot.channels.telegram_hook import routes
from bot.channels.telegram_payload import LARGEST
from bot.channels.telegram_places import Moves
from bot.config import Web
from bot.metrics import Metrics
from bot.web.app import create_app
from bot.web.probes import Probes
from tests.channels.telegram_world import ANNA, a_house_config
from tests.doors.keeper import Keeper
from tests.doors.pages_in import calm
from tests.doors.ways_in import File, Said, WayIn
from tests.peers.telegram import TelegramHouse, telegram_house

QUICK: Final = Pauses(
    poll=1, lease=2.0, standby=0.1, conflict=0.1, first=0.05, longest=0.2, album=0.05, topic=0.01
)
_SECRET: Final = "only-telegram-knows"
_GARBLED: Final[tuple[dict[str, Any], ...]] = (
    {"message": 7},
    {"message": {"chat": []}},
    {"callback_query": {}},
    {},
)


class TelegramIn(WayIn):
    """Anna writes to the bot; what is not confirmed comes with the next question."""

    source: TelegramDoor
    most = 2 * LARGEST_DOWNLOAD + LARGEST
    bot: ClassVar[dict[str, Any]] = {}

    def __init__(self, keeper: Keeper, house: TelegramHouse) -> None:
        super().__init__(keeper)
        config = a_house_config(house, keeper.desk.folder, bot=dict(self.bot))
        self._api = Api(config.telegram["tg"])
        self.source = TelegramDoor("tg", config, self._api, House(keeper.store, "w1"), Moves(), QUICK)
        self._house = house

    async def close(self) -> None:
        """Let go of connections."""
        self._house.world.add_update(message=7)  # ends the question that is still open at the house
        await self._wake()
        await self._api.close()

    async def ready(self) -> None:
        asked = len(self._house.called("getUpdates"))
        await self.eventually(lambda: len(self._house.called("getUpdates")) > asked, "the door never asks")

    async def says(self, text: str, files: Sequence[File] = ()) -> Said:
        parts: dict[str, Any] = {"caption": text, "document": self._house.file(*files[0])} if files else {}
        await self._house.says(ANNA, text, **parts)
        return await self._came(text, self._house.world.updates[-1])

    async def again(self, said: Said) -> Said:
        assert isinstance(said.event, dict)
        self._house.world.updates.append(said.event)
        await self._wake()
        return await self._came(said.text, said.event)

    async def tries_again(self, said: Said) -> Said:
        return said  # it comes with the next question

    async def nonsense(self) -> None:
        for what in _GARBLED:
            await self._came("", self._house.world.add_update(**what))
        await self._wake()

    async def too_much(self) -> Said:
        file = self._house.file("huge.pdf", b"", LARGEST_DOWNLOAD + 1)
        await self._house.says(ANNA, "", caption="See this", document=file)
        return await self._came("See this", self._house.world.updates[-1])

    async def _came(self, text: str, update: dict[str, Any]) -> Said:
        return Said(text, lambda: all(one is not update for one in self._house.world.updates), update)

    async def _wake(self) -> None:
        async with self._house.changed:
            self._house.changed.notify_all()


class TelegramHookIn(TelegramIn):
    """Telegram calls, on several connections at the same time; what is not answered 200 it brings again."""

    bot: ClassVar[dict[str, Any]] = {"mode": "webhook", "webhook_secret": _SECRET}

    def __init__(self, keeper: Keeper, house: TelegramHouse) -> None:
        super().__init__(keeper, house)
        app = create_app(Probes(calm, {}), Metrics(), Web(), doors=routes({"tg": self.source}, keeper.accept))
        self._telegram = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://desk.example")
        self._calling: set[asyncio.Task[int]] = set()

    async def ready(self) -> None:
        await self.eventually(lambda: self._house.world.webhook, "the door says nowhere to call")

    async def stop(self) -> None:
        """The server of the pages goes with the source: what it has not answered is cut off."""
        await super().stop()
        for task in self._calling:
            task.cancel()
        await asyncio.gather(*self._calling, return_exceptions=True)

    async def close(self) -> None:
        await super().close()
        await self._telegram.aclose()

    async def again(self, said: Said) -> Said:
        assert isinstance(said.event, dict)
        return await self._came(said.text, said.event)

    tries_again = again

    async def nonsense(self) -> None:
        await super().nonsense()
        for content in (b"\xff", b"[", b"[]", b"7"):
            assert await self._status(content=content) == 200, "it would be brought again for ever"
        assert await self._status("guessed", json={"update_id": 1}) == 403

    async def too_much(self) -> Said:
        return await self._came("too much", {"update_id": 7, "message": {"text": "x" * LARGEST}})

    async def _came(self, text: str, update: dict[str, Any]) -> Said:
        task = asyncio.create_task(self._status(json=update))
        self._calling.add(task)
        task.add_done_callback(self._calling.discard)

        def answered(status: int) -> bool:
            return task.done() and not task.cancelled() and task.result() == status

        return Said(text, lambda: answered(200), update, lambda: answered(413))

    async def _status(self, secret: str = _SECRET, **what: Any) -> int:
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret}
        return (await self._telegram.post("/telegram/tg", headers=headers, **what)).status_code


@asynccontextmanager
async def telegram_in(keeper: Keeper) -> AsyncIterator[WayIn]:
    """A Telegram on localhost, and the door that asks it."""
    async with a_house() as house:
        way = TelegramIn(keeper, house)
        try:
            yield way
        finally:
            await way.close()


@asynccontextmanager
async def telegram_hook_in(keeper: Keeper) -> AsyncIterator[WayIn]:
    """A Telegram on localhost that calls the door."""
    async with a_house() as house:
        way = TelegramHookIn(keeper, house)
        try:
            yield way
        finally:
            await way.close()


@asynccontextmanager
async def a_house() -> AsyncIterator[TelegramHouse]:
    """A Telegram in which Anna lives; what it would have refused fails the test at its end."""
    async with telegram_house() as house:
        house.world.add_user(ANNA, "Anna Rossi")
        yield house
        assert house.wrong == []
