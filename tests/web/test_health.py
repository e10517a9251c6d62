"""Health, readiness and figures (SECURITY.md, rows K9, K10 and L1)."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from time import monotonic

import httpx
import pytest
import uvloop

from bot.config import Web
from bot.errors import ConfigError, StoreUnavailable
from bot.log import JsonLine
from bot.metrics import Metrics
from bot.web.app import create_app
from bot.web.probes import Probes, Queues
from bot.web.server import GuardedConnection, serve

CALM = Queues(inbox_waiting=1, inbox_oldest=0.5, held=0, outbox_waiting=2, outbox_oldest=3.25)


async def calm() -> Queues:
    return CALM


async def yes() -> bool:
    return True


async def no() -> bool:
    return False


async def fails() -> bool:
    raise StoreUnavailable("host=db.internal password=canary")


async def hangs() -> bool:
    await asyncio.Event().wait()
    return True


@contextlib.asynccontextmanager
async def web(
    queues: Callable[[], Awaitable[Queues]] = calm, token: str = "", **doors: Callable[[], Awaitable[bool]]
) -> AsyncIterator[httpx.AsyncClient]:
    """The pages on a free port, and a client for them."""
    section = Web.model_validate({"port": 0, "metrics_token": token})
    app = create_app(Probes(queues, doors), Metrics(), section)
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(app, section, port.set_result))
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{await port}", timeout=10) as client:
            yield client
    finally:
        task.cancel()
        await asyncio.wait([task])


def port_of(client: httpx.AsyncClient) -> int:
    assert client.base_url.port is not None
    return client.base_url.port


async def test_a_living_process_says_ok() -> None:
    async with web() as client:
        answer = await client.get("/healthz")
        assert (answer.status_code, answer.text) == (200, "ok\n")
        head = await client.head("/healthz")
        assert (head.status_code, head.text) == (200, "")


async def test_ready_means_that_the_database_and_every_door_work() -> None:
    async with web(mail=yes, slack=yes) as client:
        answer = await client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "ready": True,
        "checks": {
            "database": {"ok": True},
            "door mail": {"ok": True},
            "door slack": {"ok": True},
            "oldest unsent": {"ok": True, "seconds": 3.2},
            "held": {"ok": True, "count": 0},
        },
    }


@pytest.mark.parametrize("door", [no, fails, hangs])
async def test_a_door_that_does_not_serve_makes_it_unready(door: Callable[[], Awaitable[bool]]) -> None:
    async with web(mail=yes, slack=door) as client:
        answer = await client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["checks"]["door slack"] == {"ok": False}
        assert answer.json()["checks"]["door mail"] == {"ok": True}
        assert (await client.get("/healthz")).status_code == 200


async def test_a_database_that_is_away_makes_it_unready_and_alive() -> None:
    async def away() -> Queues:
        raise StoreUnavailable("host=db.internal password=canary")

    async with web(away) as client:
        answer = await client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json() == {"ready": False, "checks": {"database": {"ok": False}}}
        assert (await client.get("/healthz")).status_code == 200
        assert (await client.get("/metrics")).status_code == 200


async def test_held_and_old_messages_are_shown_and_do_not_make_it_unready() -> None:
    async def burdened() -> Queues:
        return Queues(0, 0, 7, 1, 4000.0)

    async with web(burdened) as client:
        answer = await client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["checks"]["held"] == {"ok": False, "count": 7}
    assert answer.json()["checks"]["oldest unsent"] == {"ok": False, "seconds": 4000.0}


async def test_k9_a_flood_of_questions_asks_the_database_once() -> None:
    asked = 0

    async def counted() -> Queues:
        nonlocal asked
        asked += 1
        return CALM

    async with web(counted) as client:
        await asyncio.gather(*(client.get("/readyz") for _ in range(20)))
    assert asked <= 2


async def test_k9_with_a_token_the_figures_want_it() -> None:
    async with web(token="canary-token") as client:
        for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": "Basic canary-token"}):
            refused = await client.get("/metrics", headers=headers)
            assert refused.status_code == 401
            assert refused.headers["www-authenticate"] == "Bearer"
            assert "deskbot" not in refused.text
        raw = await client.get("/metrics", headers={b"authorization": b"Bearer \xff\xfe"})
        assert raw.status_code == 401
        answer = await client.get("/metrics", headers={"authorization": "Bearer canary-token"})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'deskbot_queue_waiting{queue="outbox"} 2.0' in answer.text
    assert "canary" not in answer.text


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
async def test_k9_without_a_token_the_figures_are_for_this_machine_only(header: str) -> None:
    async with web() as client:
        assert (await client.get("/metrics")).status_code == 200
        assert (await client.get("/metrics", headers={header: "127.0.0.1"})).status_code == 404


async def test_k9_everything_else_is_not_there() -> None:
    async with web() as client:
        for path in (
            "/",
            "/healthz/",
            "/metrics/x",
            "/docs",
            "/openapi.json",
            "/../etc/passwd",
            "/%00",
            "/healthz%0d%0aX",
        ):
            answer = await client.get(path)
            assert (answer.status_code, answer.text) == (404, "not found\n")
        for method in ("POST", "PUT", "DELETE", "TRACE"):
            assert (await client.request(method, "/healthz")).status_code == 405


async def test_every_answer_has_strict_headers_and_names_no_server() -> None:
    async with web(token="t") as client:
        answers = [await client.get(path) for path in ("/healthz", "/readyz", "/metrics", "/nothing")]
        answers.append(await client.post("/healthz", content=b"x" * 300_000))
    assert [a.status_code for a in answers] == [200, 200, 401, 404, 413]
    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"
        assert "server" not in answer.headers


async def test_l1_a_page_that_fails_tells_nobody_why() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLine())
    logging.getLogger().addHandler(handler)

    class Broken(Metrics):
        def render(self) -> bytes:
            raise RuntimeError("password=canary")

    section = Web(port=0)
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(create_app(Probes(calm), Broken(), section), section, port.set_result))
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"http://127.0.0.1:{await port}/metrics")
    task.cancel()
    await asyncio.wait([task])
    logging.getLogger().removeHandler(handler)
    assert (answer.status_code, answer.text) == (500, "error\n")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "canary" not in stream.getvalue()
    assert json.loads(stream.getvalue().splitlines()[-1])["error"] == "RuntimeError"


async def test_k10_a_gigabyte_is_refused_before_it_is_sent() -> None:
    async with web() as client:
        reader, writer = await asyncio.open_connection("127.0.0.1", port_of(client))
        writer.write(b"POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1073741824\r\n\r\n")
        assert b" 413 " in await reader.readline()
        writer.close()
        await writer.wait_closed()


async def test_k10_an_endless_head_is_cut() -> None:
    async with web() as client:
        reader, writer = await asyncio.open_connection("127.0.0.1", port_of(client))
        writer.write(b"GET /healthz HTTP/1.1\r\n" + b"X-A: " + b"a" * 40_000)
        assert b" 400 " in await reader.readline()
        await reader.read()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def test_k10_beyond_the_most_connections_there_is_no_service_and_then_no_connection() -> None:
    async with web() as client:
        port = port_of(client)
        idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(250)]
        refused = sum([await gone(reader) for reader, _ in idle[-40:]])
        assert refused == 40
        assert (await (await ask(idle[0], port)).readline()).startswith(b"HTTP/1.1 503")
        for _, writer in idle:
            writer.close()
        await asyncio.gather(*(w.wait_closed() for _, w in idle), return_exceptions=True)


async def test_k10_a_connection_that_says_too_little_is_closed() -> None:
    class Hasty(GuardedConnection):
        seconds = 0.3

    section = Web(port=0)
    app = create_app(Probes(calm), Metrics(), section)
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(app, section, port.set_result, connection=Hasty))
    silent = await asyncio.open_connection("127.0.0.1", await port)
    half = await asyncio.open_connection("127.0.0.1", await port)
    half[1].write(b"GET /healthz HTTP/1.1\r\nHost:")
    endless = await asyncio.open_connection("127.0.0.1", await port)
    endless[1].write(b"POST /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    await endless[0].readuntil(b"\r\n\r\n")
    async with asyncio.timeout(5):
        with contextlib.suppress(ConnectionError):
            while True:
                endless[1].write(b"1\r\nx\r\n")
                await endless[1].drain()
                await asyncio.sleep(0.01)  # a slow sender, not a flood
        assert await gone(silent[0])
        assert await gone(half[0])
    for _, writer in (silent, half, endless):
        writer.close()
    task.cancel()
    await asyncio.wait([task])


async def gone(reader: asyncio.StreamReader) -> bool:
    try:
        return await reader.read(1) == b""
    except ConnectionError:
        return True


async def ask(
    connection: tuple[asyncio.StreamReader, asyncio.StreamWriter], port: int
) -> asyncio.StreamReader:
    reader, writer = connection
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x:%d\r\n\r\n" % port)
    await writer.drain()
    return reader


def test_it_stops_within_two_seconds_whoever_is_connected_on_uvloop_too() -> None:
    async def scenario() -> float:
        section = Web(port=0)
        app = create_app(Probes(calm, {"mail": hangs}), Metrics(), section)
        port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(serve(app, section, port.set_result))
        silent = await asyncio.open_connection("127.0.0.1", await port)
        half = await asyncio.open_connection("127.0.0.1", await port)
        half[1].write(b"GET /healthz HTTP/1.1\r\nHost:")
        waits = await asyncio.open_connection("127.0.0.1", await port)
        waits[1].write(b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")
        kept = await asyncio.open_connection("127.0.0.1", await port)
        await (await ask(kept, 1)).readline()
        begin = monotonic()
        task.cancel()
        assert isinstance((await asyncio.gather(task, return_exceptions=True))[0], asyncio.CancelledError)
        took = monotonic() - begin
        for _, writer in (silent, half, waits, kept):
            writer.close()
        return took

    assert uvloop.run(scenario()) < 2.0


async def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        section = Web(port=taken.getsockname()[1])
        with pytest.raises(ConfigError, match=f"port {section.port}"):
            await serve(create_app(Probes(calm), Metrics(), section), section)
