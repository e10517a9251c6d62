"""The door for mail by SMTP or LMTP.

It answers 250 only after ``accept`` has returned, which is after the commit. It trusts nothing that a client
says, and bounds everything that a client can take: octets, lines, commands, recipients, connections, time.
SECURITY.md, part A, lists against what; the parts are ``smtp_session`` (one connection), ``smtp_conversation``
(which command may come), ``smtp_commands`` (what it answers), ``smtp_body`` (the mail as it arrives),
``smtp_address``, ``smtp_parameters``, ``smtp_auth``, ``smtp_limits``.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from bot import clock
from bot.channels.smtp_address import OwnAddresses
from bot.channels.smtp_auth import read_hash
from bot.channels.smtp_body import Memory
from bot.channels.smtp_commands import LmtpSession, Session
from bot.channels.smtp_limits import Places, Room, TrustedProxies, tls_context
from bot.channels.smtp_listen import Listener, TlsListener, take_port
from bot.channels.smtp_session import Phase, log
from bot.channels.smtp_shared import Shared
from bot.clock import Clock
from bot.config import Desk, Smtp
from bot.errors import ChannelError, StoreUnavailable
from bot.message import IncomingMessage, Payload
from bot.ports import Accept

MAILS_AT_ONCE: Final = 10
"""Mails of the greatest size that may be arriving at the same time; a mail beyond that is put off."""
LEAST_MEMORY: Final = 67_108_864
GRACE: Final = 5.0
"""Seconds that mail which is already arriving has to get through when the door closes."""

Translate = Callable[[Payload], Awaitable[Sequence[IncomingMessage]]]


class SmtpDoor:
    """Receives mail: a ``Source``."""

    def __init__(
        self, section: Smtp, desk: Desk, translate: Translate, clock: Clock = clock.now, grace: float = GRACE
    ) -> None:
        self.name = section.name
        self.port = section.port
        """After ``listen``: the real one, when the configuration says 0."""
        self.serving = False
        """Whether clients are answered."""
        self._section = section
        self._desk = desk
        self._translate = translate
        self._clock = clock
        self._grace = grace
        self._bound: tuple[list[socket.socket], Shared] | None = None

    async def listen(self) -> None:
        """Take the port: who connects from now on waits for ``run``. Raises ``ChannelError`` saying what to do."""
        await self._bind()

    async def _bind(self) -> tuple[list[socket.socket], Shared]:
        section = self._section
        self._check_accounts()
        proxies = TrustedProxies(section.proxy_from)
        if proxies and section.tls == "implicit":
            raise ChannelError(
                'smtp.proxy_from: not together with smtp.tls = "implicit"; use "starttls", or let the proxy do TLS'
            )
        shared = Shared(
            section=section,
            own=OwnAddresses(self._desk.addresses),
            clock=self._clock,
            proxies=proxies,
            places=Places(section.max_connections, section.max_connections_per_address),
            room=Room(self._desk.data, section.min_free_mb),
            tls=tls_context(section),
            accept=_not_yet,
            memory=Memory(max(MAILS_AT_ONCE * section.max_size, LEAST_MEMORY)),
        )
        sockets = await take_port(section)
        self.port = int(sockets[0].getsockname()[1])
        self._bound = sockets, shared
        return self._bound

    def close(self) -> None:
        """Let go of the port of a door that ``listen`` has opened and nobody has run."""
        sockets, self._bound = self._bound[0] if self._bound else [], None
        for taken in sockets:
            taken.close()

    async def run(self, accept: Accept) -> None:
        """Serve until cancelled; then let mail that is arriving get through, for a while."""
        sockets, shared = self._bound or await self._bind()
        shared.accept = accept
        listeners = [self._listener(taken, shared) for taken in sockets]
        try:
            for listener in listeners:
                await listener.start()
            self.serving = True
            log.info("listening", extra={"action": "smtp.listening", "port": self.port})
            await self._watch(shared)
        finally:
            self.serving = False
            self._bound = None
            for listener in listeners:
                await listener.stop()
            await self._see_off(shared)

    def _listener(self, taken: socket.socket, shared: Shared) -> Listener:
        kind = LmtpSession if self._section.protocol == "lmtp" else Session
        return (
            TlsListener(taken, shared, kind)
            if self._section.tls == "implicit"
            else Listener(taken, shared, kind)
        )

    async def translate(self, payload: Payload) -> Sequence[IncomingMessage]:
        """The message in a payload. Raises ``HeldError``."""
        return await self._translate(payload)

    async def _watch(self, shared: Shared) -> None:
        """Hang up on those who take too long. One look at all, instead of a timer for each command."""
        loop = asyncio.get_running_loop()
        pause = max(
            0.01, min(1.0, min(shared.command_timeout, shared.data_timeout, shared.session_timeout) / 10)
        )
        while True:
            await asyncio.sleep(pause)
            now = loop.time()
            for connection in tuple(shared.connections):
                connection.check(now)

    async def _see_off(self, shared: Shared) -> None:
        shared.stopping = True
        for connection in tuple(shared.connections):
            if connection.phase is Phase.COMMAND:
                connection.hang_up(b"421 4.3.2 Closing")
        tasks = {c.task for c in shared.connections if c.task is not None and not c.task.done()}
        late: set[asyncio.Task[None]] = set()
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=self._grace)
        for connection in tuple(shared.connections):
            if connection.task in late:
                connection.give_up()
        if late:
            await asyncio.wait(late, timeout=1.0)
        for connection in tuple(shared.connections):
            connection.wire.abort()
        log.info("closed", extra={"action": "smtp.closed", "cut": len(late)})

    def _check_accounts(self) -> None:
        for name, secret in self._section.accounts.items():
            try:
                read_hash(secret.get_secret_value())
            except ValueError:
                raise ChannelError(
                    f"smtp.accounts.{name}: not a hash that `deskbot hash-password` has made"
                ) from None


async def _not_yet(_: Payload, /) -> bool:
    raise StoreUnavailable("the door is not running")
