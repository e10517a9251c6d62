"""Long answers to slow readers (SECURITY.md, row K10)."""

from __future__ import annotations

import asyncio
import socket
from typing import ClassVar

import pytest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from bot.config import Web
from bot.web.server import GuardedConnection, serve

SIZE = 16_000_000


async def long_answer(scope: Scope, receive: Receive, send: Send) -> None:
    """As a file is sent: in pieces."""
    response = Response(headers={"content-length": str(SIZE)})
    await send({"type": "http.response.start", "status": 200, "headers": response.raw_headers})
    for _ in range(SIZE // 64_000):
        await send({"type": "http.response.body", "body": b"x" * 64_000, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


class Hasty(GuardedConnection):
    seconds: ClassVar[float] = 0.5


class Hastier(Hasty):
    most_seconds: ClassVar[float] = 0.7


@pytest.mark.parametrize(
    ("connection", "first", "between", "whole"),
    [(Hasty, 0.0, 0.01, True), (Hasty, 1.5, 0.01, False), (Hastier, 0.0, 0.1, False)],
    ids=["steady", "stopped", "steady for too long"],
)
async def test_k10_who_takes_a_long_answer_steadily_gets_it_and_who_stops_is_let_go(
    connection: type[GuardedConnection], first: float, between: float, *, whole: bool
) -> None:
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(long_answer, Web(port=0), port.set_result, connection=connection))
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    sock.connect(("127.0.0.1", await port))
    reader, writer = await asyncio.open_connection(sock=sock, limit=65_536)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    got = 0
    try:
        await asyncio.sleep(first)  # the silence of a reader is the thing itself
        while got < SIZE and (piece := await reader.read(200_000)):
            got += len(piece)
            await asyncio.sleep(between)  # and so is their slowness
    except ConnectionError:
        pass
    assert (got == SIZE) is whole
    writer.close()
    task.cancel()
    await asyncio.wait([task])
