"""Taking the port, and taking clients in."""

from __future__ import annotations

import asyncio
import errno
import socket
from typing import Final

from bot.channels.smtp_session import Connection, log
from bot.channels.smtp_shared import Shared
from bot.config import Smtp
from bot.errors import ChannelError

BACKLOG: Final = 512
"""Clients that may wait in the system's queue."""
BREATHER: Final = 0.2
"""Seconds without accepting, when the system has no file descriptor left."""


class Listener:
    """Takes in the clients of one socket."""

    def __init__(self, taken: socket.socket, shared: Shared, kind: type[Connection]) -> None:
        self._socket = taken
        self._shared = shared
        self._kind = kind
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """From now on clients are served."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: self._kind(self._shared, loop), sock=self._socket, backlog=BACKLOG
        )

    async def stop(self) -> None:
        """No more clients. Those who are in stay."""
        if self._server is not None:
            self._server.close()
        self._socket.close()


class TlsListener(Listener):
    """Where TLS is implicit: clients are counted before their handshake, which asyncio's servers cannot do.

    (Upgrading in ``connection_made`` is no way either: uvloop starts to read after it, so that the client's
    first octets may come before the handshake is ready for them.)
    """

    def __init__(self, taken: socket.socket, shared: Shared, kind: type[Connection]) -> None:
        super().__init__(taken, shared, kind)
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._socket.setblocking(False)
        self._keep(asyncio.create_task(self._accept()))

    async def stop(self) -> None:
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._socket.close()

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                client, peername = await loop.sock_accept(self._socket)
            except OSError as error:
                log.warning(
                    "cannot accept", extra={"action": "smtp.accept_failed", "error": str(error.errno)}
                )
                await asyncio.sleep(BREATHER)
                continue
            connection = self._kind(self._shared, loop)
            if connection.admit(peername) is None:
                self._keep(loop.create_task(self._shake_hands(connection, client)))
            else:
                connection.leave()
                client.close()

    async def _shake_hands(self, connection: Connection, client: socket.socket) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: connection,
                client,
                ssl=self._shared.tls,
                ssl_handshake_timeout=self._shared.command_timeout,
            )
        except OSError as error:  # ssl.SSLError is one
            fields = {"action": "smtp.tls_failed", "peer": connection.peer, "reason": type(error).__name__}
            log.info("connection cut", extra=fields)
        finally:
            if connection.task is None:
                connection.leave()


async def take_port(section: Smtp) -> list[socket.socket]:
    """Sockets that listen on each address of the host, on one port. Raises ``ChannelError``."""
    taken: list[socket.socket] = []
    refused: list[OSError] = []
    port = section.port
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            section.host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        for family, host in dict.fromkeys((family, address[0]) for family, *_, address in found):
            try:
                taken.append(socket.create_server((str(host), port), family=family, backlog=BACKLOG))
            except OSError as error:  # such as ::1 where there is no IPv6
                refused.append(error)
            else:
                port = taken[-1].getsockname()[1]
    except OSError as error:
        refused.append(error)
    busy = [error for error in refused if error.errno == errno.EADDRINUSE]
    if busy or not taken:
        for listening in taken:
            listening.close()
        raise ChannelError(_advice(section, (busy or refused)[0])) from None
    return taken


def _advice(section: Smtp, error: OSError) -> str:
    place = f"{section.host or '*'}:{section.port}"
    if error.errno == errno.EADDRINUSE:
        return f"port {section.port} is taken: stop what listens on {place}, or set smtp.port to another"
    if error.errno == errno.EACCES:
        return f"port {section.port} needs more rights: set smtp.port to one above 1023, or grant the service the right"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"smtp.host: this machine has no address {section.host}"
    return f"smtp.host, smtp.port: cannot listen on {place}: {error.strerror or error}"
