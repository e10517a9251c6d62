"""Slack as a way in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bot.channels.slack import SlackDoor
from tests.channels.slack_world import World, slack_world
from tests.doors.ways_in import File, Said, WayIn


class SlackIn(WayIn):
    """Ann writes directly to the app; what is not acknowledged is told again."""

    source: SlackDoor

    def __init__(self, world: World) -> None:
        super().__init__()
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

    async def _tells(self, text: str, telling: Awaitable[Any]) -> Said:
        assert self._house.sockets, "the app is not connected"
        task: asyncio.Task[Any] = asyncio.ensure_future(telling)
        self._telling.add(task)
        await asyncio.sleep(0)  # by now it is on its way, and its event is the last
        return Said(
            text,
            lambda: task.done() and not task.cancelled() and task.exception() is None,
            self._house.last_event,
        )


@asynccontextmanager
async def slack_in(folder: Path) -> AsyncIterator[WayIn]:
    """A workspace on localhost, and the door to it."""
    async with slack_world(folder, run=False) as world:
        yield SlackIn(world)
        assert world.house.wrong == []
