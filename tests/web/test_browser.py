"""The pages in a real browser with scripts switched on (SECURITY.md, rows C10, G1 to G5, K1 and K4)."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from bot.config import Web
from bot.desk.links import Purpose
from bot.store.models import Entry
from bot.web.server import serve
from tests.desk.by_mail import asks
from tests.peers.chromium import Chromium
from tests.web.hostile_words import PAYLOADS
from tests.web.world import World, a_world

pytestmark = pytest.mark.timeout(120)


@dataclass
class Elsewhere:
    """A place of somebody else's that counts who comes, and what page it shows."""

    page: bytes = b"<!DOCTYPE html>nothing"
    heads: list[bytes] = field(default_factory=list)
    port: int = 0

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heads.append(await reader.read(65_536))
        length = len(self.page)
        head = f"HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {length}\r\n"
        writer.write(head.encode() + b"connection: close\r\n\r\n" + self.page)
        writer.close()

    @property
    def visited(self) -> list[bytes]:
        """What pages asked for here; what a browser asks its maker by itself has another host, or TLS."""
        ours = (f"127.0.0.1:{self.port}".encode(), b".example")
        asked = [head for head in self.heads if any(b"Host: " in head and host in head for host in ours)]
        lines = [head.partition(b"\r\n")[0] for head in asked]
        return [line for line in lines if b"/favicon.ico" not in line]


@dataclass
class House:
    """The pages as they are served, a browser, and a place elsewhere."""

    world: World
    base: str
    chromium: Chromium
    elsewhere: Elsewhere

    async def open(self, path: str) -> None:
        await asyncio.to_thread(self.chromium.open, path if "://" in path else self.base + path)

    async def evaluate(self, script: str) -> Any:
        return await asyncio.to_thread(self.chromium.evaluate, script)

    async def look(self, *, dark: bool, width: int) -> None:
        """By another light, and in a window of another width, which the page that is open has by then."""
        await asyncio.to_thread(self.chromium.darken, dark=dark)
        await asyncio.to_thread(self.chromium.resize, width, 700)
        light = f"matchMedia('(prefers-color-scheme: dark)').matches === {str(dark).lower()}"
        looks = f"{light} && matchMedia('(width: {width}px)').matches"
        await self.evaluate(
            f"new Promise(r => {{ const l = () => {looks} ? r() : requestAnimationFrame(l); l() }})"
        )

    async def settled(self) -> None:
        """Whatever was going to happen by itself has happened: two frames and a task later."""
        frames = (
            "new Promise(r => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(r, 100))))"
        )
        await self.evaluate(frames)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A desk without a word in it."""
    with a_world(tmp_path) as world:
        yield world


@pytest.fixture(scope="module")
def place() -> Iterator[socket.socket]:
    """Where the place elsewhere is, for all tests: a browser is told once."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


@pytest.fixture(scope="module")
def browser(place: socket.socket, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    """One browser for all tests; each has a page and a profile of its own."""
    folder = tmp_path_factory.mktemp("browser")
    with Chromium(folder, elsewhere=place.getsockname()[1]) as chromium:
        yield chromium


@pytest.fixture
async def house(world: World, browser: Chromium, place: socket.socket) -> AsyncIterator[House]:
    """All of it, for one test."""
    browser.renew()
    _turn_away(place)
    async with _house(world, browser, place) as house:
        yield house


def _turn_away(place: socket.socket) -> None:
    """Whoever has come before is none of this test's."""
    place.setblocking(False)
    with suppress(BlockingIOError):
        while True:
            place.accept()[0].close()


@asynccontextmanager
async def _house(world: World, chromium: Chromium, place: socket.socket) -> AsyncIterator[House]:
    elsewhere = Elsewhere(port=place.getsockname()[1])
    server = await asyncio.start_server(elsewhere.meet, sock=place.dup())
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(world.app, Web(port=0), port.set_result))
    base = f"http://127.0.0.1:{await port}"
    try:
        yield House(world, base, chromium, elsewhere)
    finally:
        serving.cancel()
        await asyncio.wait([serving])
        server.close()
        await server.wait_closed()


EXECUTED = "globalThis.pwned === undefined && document.title !== 'pwned'"
INVADED = (
    "document.querySelectorAll('script, iframe, img, object, embed, svg, math, base, style, form:not([method=post]),"
    ' meta[http-equiv], link:not([href^="../page-"]), [onerror], [onload], [style]\').length'
)


async def test_g1_to_g5_nothing_that_people_wrote_runs_loads_or_moves_anything(house: House) -> None:
    world = house.world
    payloads = [one.replace("ELSEWHERE", f"127.0.0.1:{house.elsewhere.port}") for one in PAYLOADS]
    assert len(payloads) >= 100
    asks(world.desk, payloads[0], subject=payloads[1], name=payloads[2])
    anna, ann = world.agent("anna"), world.desk.ticket(1).requester_id
    for number, payload in enumerate(payloads):
        entry = world.say(1, "reply" if number % 2 else "message", anna if number % 2 else ann, payload)
        world.attach(entry, payload, b"x")
    world.change(owner_id=anna, state="open")
    world.ask_rating(comment="\n".join(payloads))
    for path in (world.path(Purpose.STATUS), world.path(Purpose.RATE)):
        await house.open(path)
        await house.settled()
        assert await house.evaluate(EXECUTED)
        assert await house.evaluate(INVADED) == 0
        assert await house.evaluate("location.href") == house.base + path
    assert house.elsewhere.visited == []
    await house.open(world.path(Purpose.STATUS))
    words = await house.evaluate("document.querySelector('.said').innerText")
    assert words.count("pwned") >= 90


async def test_g1_to_g5_the_same_words_unescaped_do_run_and_load(house: House) -> None:
    """Without this the test above could never fail."""
    payloads = [one.replace("ELSEWHERE", f"127.0.0.1:{house.elsewhere.port}") for one in PAYLOADS]
    house.elsewhere.page = ("<!DOCTYPE html><body>" + "\n".join(payloads[:30])).encode()
    await house.open(f"http://127.0.0.1:{house.elsewhere.port}/control")
    await house.settled()
    assert not await house.evaluate(EXECUTED)
    assert len(house.elsewhere.visited) > 1


async def test_k1_a_browser_that_looks_five_times_says_nothing_and_a_click_says_it_once(house: House) -> None:
    world = house.world
    asks(world.desk, "It burns.")
    world.change(state="resolved")
    world.ask_rating()
    before = world.snapshot()
    rate, answer = world.path(Purpose.RATE, extra="4"), world.path(Purpose.ANSWER, extra="confirm-no")
    for path in (world.path(Purpose.STATUS), rate, answer):
        for _ in range(5):
            await house.open(path)
        await house.settled()
    assert (world.snapshot(), world.accepted) == (before, [])
    await house.open(rate)
    await _submit(house, "document.querySelector('button')")
    assert "noted=4" in await house.evaluate("location.href")
    await house.open(answer)
    await house.evaluate("document.querySelector('textarea').value = 'Still dark'")
    await _submit(house, "document.querySelector('button')")
    assert [payload.envelope["verb"] for payload in world.accepted] == ["rate", "confirm"]


async def test_the_page_is_used_by_keyboard_alone(house: House) -> None:
    asks(house.world.desk, "It burns.")
    await house.open(house.world.path(Purpose.STATUS))
    met = []
    for _ in range(4):
        await asyncio.to_thread(house.chromium.press, "Tab", code=9)
        focused = "document.activeElement"
        met.append(await house.evaluate(f"{focused}.className + ' ' + {focused}.tagName"))
        ring = await house.evaluate(f"getComputedStyle({focused}).outlineStyle + ' ' + {focused}.offsetTop")
        assert ring.startswith(("solid", "auto"))
    assert met == ["skip A", " TEXTAREA", "main BUTTON", " BUTTON"]
    await house.evaluate("document.querySelector('textarea').focus()")
    for letter in "Hello":
        await asyncio.to_thread(house.chromium.press, letter, text=letter)
    await asyncio.to_thread(house.chromium.press, "Tab", code=9)
    house.chromium.events.clear()
    await asyncio.to_thread(house.chromium.press, "Enter", code=13, text="\r")
    await asyncio.to_thread(house.chromium.wait_for, "Page.loadEventFired")
    await house.world.handle()
    assert house.world.desk.rows(Entry)[-1].text == "Hello"


BACK = {False: "rgb(243, 245, 248)", True: "rgb(20, 23, 28)"}
"""What stands behind a page, by day and in the dark."""


async def test_no_page_is_wider_than_a_telephone_by_day_and_in_the_dark(house: House) -> None:
    asks(house.world.desk, "w" * 500 + " https://a.example/" + "x/" * 200, subject="W" * 200, name="N" * 200)
    house.world.ask_rating()
    for state in ("new", "resolved", "closed"):
        house.world.change(state=state, closed_at=house.world.desk.clock())
        for path in (
            house.world.path(Purpose.STATUS),
            house.world.path(Purpose.RATE),
            house.world.path(Purpose.ANSWER, extra="confirm-no"),
        ):
            await house.open(path)
            for dark, width in product((False, True), (320, 1000)):
                await house.look(dark=dark, width=width)
                assert await house.evaluate("document.documentElement.scrollWidth") <= width
                back = await house.evaluate("getComputedStyle(document.body).backgroundColor")
                assert back == BACK[dark]


async def test_k4_a_page_of_somebody_else_cannot_send_our_form_or_frame_our_page(house: House) -> None:
    world = house.world
    asks(world.desk, "It burns.")
    url = house.base + world.path(Purpose.STATUS)
    house.elsewhere.page = (
        f'<!DOCTYPE html><form method=post action="{url}"><input name=verb value=close><button>x</button></form>'
    ).encode()
    await house.open("http://evil.example/")
    await _submit(house, "document.querySelector('button')")
    assert "not sent from our own page" in await house.evaluate("document.body.innerText")
    house.elsewhere.page = f'<!DOCTYPE html><iframe src="{url}"></iframe>'.encode()
    await house.open("http://evil.example/frame")
    framed = [e for e in house.chromium.events if e["method"] == "Log.entryAdded"]
    assert any("frame" in event["params"]["entry"]["text"].lower() for event in framed)
    assert world.accepted == []


async def test_c10_a_file_that_is_a_page_is_not_opened_as_one(house: House) -> None:
    world = house.world
    asks(world.desk, "It burns.")
    entry = world.say(1, "message", world.desk.ticket(1).requester_id, "See.")
    number = world.attach(entry, "x.html", b"<script>globalThis.pwned = 1</script>", "text/html")
    await house.open(world.path(Purpose.STATUS))
    where = await house.evaluate("location.href")
    house.chromium.events.clear()
    link = house.base + world.path(Purpose.FILE, extra=str(number))
    done = await asyncio.to_thread(house.chromium.call, "Page.navigate", url=link)
    assert done.get("isDownload") or "ABORTED" in done.get("errorText", "")
    assert await house.evaluate("location.href") == where
    assert await house.evaluate(EXECUTED)


async def _submit(house: House, element: str) -> None:
    """Press a button, and wait for the page that comes of it."""
    house.chromium.events.clear()
    await house.evaluate(f"{element}.click()")
    await asyncio.to_thread(house.chromium.wait_for, "Page.loadEventFired")
