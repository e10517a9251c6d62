"""Slack as a way in, by a socket and by requests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx

from bot.channels.slack import SlackDoor
from bot.channels.slack_payload import LARGEST
from bot.config import Web
from bot.metrics import Metrics
from bot.web.app import create_app
from bot.web.probes import Probes
from tests.channels.slack_world import World, slack_world
from tests.doors.keeper import Keeper
from tests.doors.pages_in import calm
from tests.doors.ways_in import BREATH, File, Said, WayIn

_LARGEST_FILE: Final = 65_536


class SlackIn(WayIn):
    """Ann writes directly to the app; what is not acknowledged is told again."""

    source: SlackDoor
    most = 2 * _LARGEST_FILE + LARGEST

    def __init__(self, keeper: Keeper, world: World) -> None:
        super().__init__(keeper)
        self.source = world.door
        self._house = world.house
        self._direct = world.house.workspace.direct("U1")
        self._telling: set[asyncio.Task[Any]] = set()

    async def ready(self) -> None:
        async with asyncio.timeout(10):
            await self._house.connected.wait()
            await self.source.caught_up.wait()

    async def stop(self) -> None:
        await super().stop()
        for task in self._telling:
            task.cancel()
        await asyncio.gather(*self._telling, return_exceptions=True)

    async def says(self, text: str, files: Sequence[File] = ()) -> Said:
        told = [(name, "application/pdf", content) for name, content in files]
        return await self._tells(text, self._house.says("U1", self._direct, text, files=told))

    async def again(self, said: Said) -> Said:
        assert isinstance(said.event, dict)
        return await self._tells(said.text, self._house.send("events_api", said.event, retry=1))

    tries_again = again

    async def nonsense(self) -> None:
        for payload in ({"event": 7}, {"type": "event_callback", "event": {"type": "message", "ts": []}}, {}):
            await self._tells("", self._house.send("events_api", payload))
        await self._house.sockets[-1].send_str('{"type": "events_api", "payload":')

    async def too_much(self) -> Said:
        return await self.says("See this", [("huge.pdf", b"x" * (_LARGEST_FILE + 1))])

    async def _tells(self, text: str, telling: Awaitable[Any]) -> Said:
        task: asyncio.Task[Any] = asyncio.ensure_future(telling)
        self._telling.add(task)
        await asyncio.sleep(0)  # by now it is on its way, and its event is the last
        return Said(
            text,
            lambda: task.done() and not task.cancelled() and task.exception() is None,
            self._house.last_event,
        )


class SlackHttpIn(SlackIn):
    """The same, and Slack calls the desk's pages."""

    def __init__(self, keeper: Keeper, world: World) -> None:
        super().__init__(keeper, world)
        app = create_app(Probes(calm, {}), Metrics(), Web(), doors=self.source.routes())
        self._slack = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://desk.example")
        self._house.http = self._calls

    async def ready(self) -> None:
        async with asyncio.timeout(10):
            await self.source.caught_up.wait()

    async def close(self) -> None:
        """Slack goes home."""
        await self._slack.aclose()

    async def tries_again(self, said: Said) -> Said:
        event = said.event
        assert isinstance(event, dict)

        async def again_and_again() -> None:
            while True:
                try:
                    await self._house.send("events_api", event, retry=1)
                except ConnectionRefusedError:
                    await asyncio.sleep(BREATH)
                else:
                    return

        return await self._tells(said.text, again_and_again())

    async def nonsense(self) -> None:
        for payload in ({"event": 7}, {"type": "event_callback", "event": {"type": "message", "ts": []}}, {}):
            await self._tells("", self._house.send("events_api", payload))
        answer = await self._slack.post("/slack/acme/events", content=b"\xff{", headers={})
        assert answer.status_code == 401

    async def too_much(self) -> Said:
        event = {
            "type": "message",
            "text": "x" * LARGEST,
            "ts": "1.2",
            "channel": self._direct.id,
            "user": "U1",
        }
        task = asyncio.ensure_future(self._house.send("events_api", {"event": event}))
        self._telling.add(task)

        def answered() -> str:
            return str(task.exception()) if task.done() and not task.cancelled() else ""

        return Said("too much", lambda: answered() == "None", None, lambda: answered() == "413")

    async def _calls(self, headers: dict[str, str], body: str) -> Any:
        answer = await self._slack.post("/slack/acme/events", content=body, headers=headers)
        if answer.status_code != 200:
            raise ConnectionRefusedError(str(answer.status_code))
        return None


@asynccontextmanager
async def slack_in(keeper: Keeper) -> AsyncIterator[WayIn]:
    """A workspace on localhost, and the door that opens a socket to it."""
    more: dict[str, Any] = {"max_file": _LARGEST_FILE}
    async with slack_world(keeper.desk.folder, run=False, store=keeper.store, **more) as world:
        yield SlackIn(keeper, world)
        assert world.house.wrong == []


@asynccontextmanager
async def slack_http_in(keeper: Keeper) -> AsyncIterator[WayIn]:
    """A workspace on localhost that calls the door."""
    more: dict[str, Any] = {"max_file": _LARGEST_FILE, "mode": "http"}
    async with slack_world(keeper.desk.folder, run=False, store=keeper.store, **more) as world:
        way = SlackHttpIn(keeper, world)
        try:
            yield way
        finally:
            await way.close()
        assert world.house.wrong == []
