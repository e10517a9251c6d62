"""Serves the web pages over HTTP/1.1, guarded against those who connect and say nothing (K10)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Iterator
from typing import ClassVar, Final

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from bot.config import Web
from bot.errors import ConfigError

log = logging.getLogger("deskbot.web")

MOST_CONNECTIONS: Final = 100
"""Beyond which the answer is 503; beyond twice as many there is none."""
REQUEST_SECONDS: Final = 20
"""From the connection, or the last answer, to the end of the next answer; for a long answer, from one piece that
its reader has taken to the next."""
ANSWER_SECONDS: Final = 900
"""For an answer in all, however steadily its reader takes it."""
LARGEST_HEAD: Final = 16_384
KEEP_ALIVE_SECONDS: Final = 5
STOP_SECONDS: Final = 1.8


class GuardedConnection(H11Protocol):
    """A connection that must come to an end."""

    seconds: ClassVar[float] = REQUEST_SECONDS
    most_seconds: ClassVar[float] = ANSWER_SECONDS
    _ends_at = 0.0
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        """Begin to count the seconds."""
        super().connection_made(transport)
        if len(self.connections) > 2 * MOST_CONNECTIONS:
            transport.abort()
        self._begin_again()

    def on_response_complete(self) -> None:
        """An answer is out: the next one may take as long again."""
        super().on_response_complete()
        self._begin_again()

    def resume_writing(self) -> None:
        """The reader of a long answer has taken a piece of it: the next one may take as long again."""
        super().resume_writing()
        self._count_again()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is there any more."""
        super().connection_lost(exc)
        if self._deadline is not None:
            self._deadline.cancel()

    def _begin_again(self) -> None:
        self._ends_at = self.loop.time() + self.most_seconds
        self._count_again()

    def _count_again(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        until = min(self.loop.time() + self.seconds, self._ends_at)
        self._deadline = self.loop.call_at(until, self.transport.abort)


class _Server(uvicorn.Server):
    """A server that leaves signals to the program, tells when it listens, and wakes once a second only."""

    def __init__(self, config: uvicorn.Config, listening: Callable[[], None]) -> None:
        super().__init__(config)
        self.stop = asyncio.Event()
        self._listening = listening

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Not ours to capture."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say so."""
        await super().startup(sockets)
        self._listening()

    async def main_loop(self) -> None:
        """Until stopped, with the Date header renewed each second."""
        while not self.stop.is_set():
            await self.on_tick(0)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stop.wait(), 1.0)


async def serve(
    app: ASGIApp,
    section: Web,
    listening: Callable[[int], None] | None = None,
    *,
    connection: type[GuardedConnection] = GuardedConnection,
) -> None:
    """Serve until cancelled, then end within two seconds. ``listening`` is told the port when it is open.

    Raises ``ConfigError`` when the address cannot be had.
    """
    bound = _bind(section)
    port: int = bound.getsockname()[1]

    def tell() -> None:
        log.info("listening", extra={"action": "web.listening", "port": port})
        if listening is not None:
            listening(port)

    server = _Server(_settings(app, connection), tell)
    task = asyncio.create_task(server.serve(sockets=[bound]))
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        server.stop.set()
        await asyncio.wait([task], timeout=STOP_SECONDS)
        task.cancel()
        await asyncio.wait([task])
        raise
    finally:
        for left in list(server.server_state.connections):
            left.transport.abort()
        bound.close()


def _bind(section: Web) -> socket.socket:
    try:
        where = socket.getaddrinfo(
            section.host or None, section.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        family, _, _, _, address = where[0]
        return socket.create_server(address[:2], family=family, backlog=128)
    except OSError as error:
        raise ConfigError(
            f"web.host, web.port: cannot listen on {section.host} port {section.port}: {error.strerror or error}"
        ) from None


def _settings(app: ASGIApp, connection: type[GuardedConnection]) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=connection,
        ws="none",
        interface="asgi3",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=1,
        h11_max_incomplete_event_size=LARGEST_HEAD,
        backlog=128,
    )
