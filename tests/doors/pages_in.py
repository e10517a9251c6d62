"""The pages as a way in: a requester who adds words on the page of their request."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

import httpx

from bot.config import Web
from bot.desk.links import Link, Purpose
from bot.desk.outcome import Result
from bot.metrics import Metrics
from bot.store.blobs import open_blobs
from bot.web.app import create_app
from bot.web.door import WebDoor
from bot.web.pages import Pages
from bot.web.probes import Probes, Queues
from tests.desks import a_message
from tests.doors.keeper import Keeper
from tests.doors.ways_in import File, Said, WayIn

_FORM: Final = re.compile(r'name="form" value="([^"]+)"')
_GONE: Final = 0
"""Instead of a status: the server went away before it answered."""


async def calm() -> Queues:
    """Nothing waits."""
    return Queues(0, 0, 0, 0, 0)


class PagesIn(WayIn):
    """Ann's browser, which sends one form after the other; she sends again what was not noted."""

    becomes = Result.APPENDED

    def __init__(self, keeper: Keeper) -> None:
        super().__init__(keeper)
        desk = keeper.desk
        number = desk.receive(a_message()).ticket
        assert number is not None
        links = desk.desk.links
        self.source = WebDoor(links)
        person = desk.ticket(number).requester_id
        link = Link(Purpose.STATUS, number, person, desk.clock() + timedelta(hours=1))
        self._path = f"/status/{links.token(link)}"
        blobs = open_blobs(str(desk.folder / "blobs"))
        pages = Pages(keeper.store, blobs, desk.desk, keeper.accept, desk.clock)
        app = create_app(Probes(calm, {}), Metrics(), Web(), pages)
        self._browser = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://desk.example")
        self._open: set[asyncio.Task[int]] = set()
        self._last: asyncio.Task[int] | None = None

    async def ready(self) -> None:
        self._last = None

    async def stop(self) -> None:
        """The server of the pages goes with the source: what it has not answered is cut off."""
        await super().stop()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def close(self) -> None:
        """The browser too."""
        await self._browser.aclose()

    async def says(self, text: str, files: Sequence[File] = ()) -> Said:
        assert not files, "a page takes words only"
        return self._send(await self._filled_in(text))

    async def again(self, said: Said) -> Said:
        assert isinstance(said.event, dict)
        return self._send(said.event)

    tries_again = again

    async def twice_at_once(self, text: str) -> Sequence[Said]:
        form = await self._filled_in(text)
        return [self._send(form, in_turn=False), self._send(form, in_turn=False)]

    async def nonsense(self) -> None:
        for body, kind in ((b"\xff\xfe=%zz&&&", "application/x-www-form-urlencoded"), (b"{}", "text/xml")):
            answer = await self._browser.post(self._path, content=body, headers={"content-type": kind})
            assert 400 <= answer.status_code < 500
        assert (await self._browser.post("/status/none", data={"verb": "add"})).status_code == 404

    async def too_much(self) -> Said:
        return self._send(await self._filled_in("too much " * 40_000))

    async def _filled_in(self, text: str) -> dict[str, str]:
        page = await self._browser.get(self._path)
        mark = _FORM.search(page.text)
        assert mark is not None
        return {"form": mark[1], "verb": "add", "text": text}

    def _send(self, form: Mapping[str, str], *, in_turn: bool = True) -> Said:
        async def send(after: asyncio.Task[int] | None) -> int:
            if after is not None:
                await asyncio.wait([after])
            return (await self._browser.post(self._path, data=dict(form))).status_code

        task = asyncio.create_task(send(self._last if in_turn else None))
        self._last = task
        self._open.add(task)
        task.add_done_callback(self._open.discard)

        def status() -> int:
            return task.result() if task.done() and not task.cancelled() else _GONE

        return Said(form["text"], lambda: status() == 303, dict(form), lambda: status() in {413, 422})


@asynccontextmanager
async def pages_in(keeper: Keeper) -> AsyncIterator[WayIn]:
    """The page of a request, and who may see it."""
    way = PagesIn(keeper)
    try:
        yield way
    finally:
        await way.close()
