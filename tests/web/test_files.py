"""Attachments from a page (SECURITY.md, rows C10, C11 and K5)."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message

from bot.desk.links import Purpose
from bot.errors import StoreError
from bot.store.blobs import PIECE
from bot.web.files import disposition
from tests.desk.by_mail import asks
from tests.web.world import World, a_world, browser, shown

SCRIPT = b"<html><script>alert(1)</script></html>"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A desk to which Ann and Carl have written."""
    with a_world(tmp_path) as world:
        asks(world.desk, "It burns.")
        asks(world.desk, "Mine.", sender="carl@localhost", subject="Other")
        yield world


def a_file(world: World, name: str, kind: str, content: bytes = SCRIPT, *, ticket: int = 1) -> int:
    entry = world.say(ticket, "message", world.desk.ticket(ticket).requester_id, "See the file.")
    return world.attach(entry, name, content, kind)


@pytest.mark.parametrize(
    ("name", "kind", "sent"),
    [
        ("x.html", "text/html", "application/octet-stream"),
        ("x.svg", "image/svg+xml", "application/octet-stream"),
        ("x.xhtml", "application/xhtml+xml", "application/octet-stream"),
        ("x.xml", "text/xml", "application/octet-stream"),
        ("x.js", "text/javascript", "application/octet-stream"),
        ("x.exe", "application/x-msdownload", "application/octet-stream"),
        ("x.eml", "message/rfc822", "application/octet-stream"),
        ("x.pdf", "application/pdf", "application/pdf"),
        ("x.png", "image/png", "image/png"),
        ("x.txt", "text/plain", "text/plain"),
    ],
)
async def test_c10_a_file_is_always_a_download(name: str, kind: str, sent: str, world: World) -> None:
    number = a_file(world, name, kind)
    async with browser(world) as client:
        answer = await client.get(world.path(Purpose.FILE, extra=str(number)))
        head = await client.head(world.path(Purpose.FILE, extra=str(number)))
    assert (answer.status_code, answer.content) == (200, SCRIPT)
    assert head.content == b""
    for one in (answer, head):
        assert one.headers["content-type"] == sent
        assert one.headers["content-length"] == str(len(SCRIPT))
        assert one.headers["content-disposition"].startswith(f'attachment; filename="{name}"')
        assert one.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in one.headers["content-security-policy"]
        assert one.headers["cache-control"] == "no-store"


async def test_the_page_links_to_its_files_for_an_hour(world: World) -> None:
    a_file(world, "Störung.pdf", "application/pdf", b"%PDF")
    page_path = world.path(Purpose.STATUS)
    async with browser(world) as client:
        page = await client.get(page_path)
        assert "Störung.pdf" in shown(page)
        link = page.text.partition('<a href="..')[2].partition('"')[0]
        path = str(httpx.URL(page_path).join(f"..{link}"))
        assert (await client.get(path)).content == b"%PDF"
        world.desk.clock.forward(minutes=61)
        assert (await client.get(path)).status_code == 404


async def test_c11_a_picture_is_passed_on_as_it_is_and_never_decoded(world: World) -> None:
    bomb = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (30_000).to_bytes(4, "big") * 2 + b"\x08\x06\0\0\0not a picture"
    number = a_file(world, "bomb.png", "image/png", bomb)
    async with browser(world) as client:
        assert (await client.get(world.path(Purpose.FILE, extra=str(number)))).content == bomb


async def test_k5_nobody_gets_a_file_of_another_ticket_or_of_what_they_may_not_see(world: World) -> None:
    ann, carl = world.desk.ticket(1).requester_id, world.desk.ticket(2).requester_id
    theirs = a_file(world, "secret.txt", "text/plain", ticket=2)
    note = world.attach(world.say(1, "note", None, "between us"), "note.txt", SCRIPT)
    answer = world.attach(world.say(2, "reply", None, "for Carl"), "answer.txt", SCRIPT)
    stranger = world.attach(world.say(1, "unverified", carl, "4711"), "code.txt", SCRIPT)
    mine = a_file(world, "mine.txt", "text/plain")
    async with browser(world) as client:
        for number, ticket, person, status in (
            (mine, 1, ann, 200),
            (theirs, 2, carl, 200),
            (theirs, 1, ann, 404),
            (answer, 2, carl, 200),
            (answer, 1, ann, 404),
            (theirs, 2, ann, 404),
            (mine, 1, carl, 404),
            (note, 1, ann, 404),
            (stranger, 1, ann, 404),
            (stranger, 1, carl, 404),
            (9_999, 1, ann, 404),
        ):
            path = world.path(Purpose.FILE, ticket, person=person, extra=str(number))
            assert (await client.get(path)).status_code == status
        for extra in ("", "x", "-1", "0", "9" * 30):
            assert (await client.get(world.path(Purpose.FILE, extra=extra))).status_code == 404
        assert (await client.post(world.path(Purpose.FILE, extra=str(mine)))).status_code == 405


async def test_a_file_that_is_no_longer_kept_says_so_and_gives_its_turn_back(world: World) -> None:
    number = a_file(world, "old.txt", "text/plain")
    for path in (world.desk.folder / "blobs").rglob("*"):
        if path.is_file():
            path.unlink()
    async with browser(world) as client:
        for _ in range(6):
            page = await client.get(world.path(Purpose.FILE, extra=str(number)))
            assert page.status_code == 410
            assert "no longer kept" in shown(page)


async def test_many_may_load_files_at_a_time(world: World) -> None:
    content = b"x" * 1_000_000
    number = a_file(world, "large.bin", "application/octet-stream", content)
    async with browser(world) as client:
        for _ in range(9):
            answer = await client.get(world.path(Purpose.FILE, extra=str(number)))
            assert answer.content == content


async def test_k10_a_large_file_is_sent_without_being_in_memory(world: World) -> None:
    content = bytes(25_000_000)
    number = a_file(world, "large.bin", "application/octet-stream", content)
    path, app = world.path(Purpose.FILE, extra=str(number)), world.app
    async with browser(world) as client:  # what is loaded once is not the file's
        await client.head(path)
    sizes: list[int] = []

    async def reader(message: Message) -> None:
        sizes.append(len(message.get("body", b"")))

    async def nothing() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [],
        "client": ("127.0.0.1", 1),
    }
    tracemalloc.start()
    try:
        await app(scope, nothing, reader)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sum(sizes) == len(content)
    assert max(sizes) <= PIECE
    assert peak < 3_000_000


async def test_a_file_that_is_damaged_is_never_whole_and_gives_its_turn_back(world: World) -> None:
    number = a_file(world, "large.bin", "application/octet-stream", bytes(3 * PIECE))
    path = world.path(Purpose.FILE, extra=str(number))
    for kept in (world.desk.folder / "blobs").rglob("?" * 64):
        with kept.open("r+b") as file:
            file.write(b"x")
    async with browser(world) as client:
        for _ in range(20):  # more often than files are sent at a time
            with pytest.raises(StoreError, match="damaged"):
                await client.get(path)


@given(st.text(max_size=300))
def test_a_files_name_is_safe_in_a_header_and_comes_back_whole(name: str) -> None:
    header = disposition(name)
    assert header.isascii()
    assert header.isprintable()
    plain, extended = header.removeprefix('attachment; filename="').split("\"; filename*=UTF-8''")
    assert not set(plain) & set('"\\%/')
    assert plain
    whole = unquote(extended)
    assert not set(whole) & set('/\\\r\n\0"')
    assert whole not in {"", ".", ".."}
