"""One client's connection to the SMTP door: from the first octet to the last, whatever the client does.

This is aiosmtpd's ``SMTP`` with another engine. Its own reader grows without bound on a line that never ends
and takes 80 octets for each octet of a mail of empty lines; its timeouts cut slow honest mail and its default
answer to an exception is the exception's text, for ever. What is kept is its shape, its
session and envelope, and its PROXY protocol. What is said is in ``smtp_conversation``; here is what carries it.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from enum import Enum, auto
from typing import Final, cast

from aiosmtpd.proxy_protocol import V2_CMD, get_proxy
from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as Dialogue

from bot.channels.smtp_body import Body
from bot.channels.smtp_limits import client_address, household, plain_address
from bot.channels.smtp_shared import Shared
from bot.channels.smtp_stream import ClientGone, ClientStream

log: Final = logging.getLogger("deskbot.smtp")

MIN_RATE: Final = 1_000
"""Octets a second at which a mail may arrive however long it takes, within the door's ``data_timeout``."""
LINGER: Final = 5.0
"""Seconds for a client to read the last answer before its connection is torn down."""
PATIENCE: Final = 100
"""Points of mischief between two accepted mails after which a client is hung up on."""


class Phase(Enum):
    """What a connection waits for."""

    COMMAND = auto()
    DATA = auto()
    KEEP = auto()
    """The mail is here and is being stored."""


class Connection(SMTP):
    """The life of one connection. A subclass says what is said on it."""

    def __init__(self, shared: Shared, loop: asyncio.AbstractEventLoop) -> None:
        # Not super().__init__(): it looks through all attributes of the class with ``inspect`` and makes
        # streams that are not used, which is a third of the time that it spends on a mail.
        self.shared = shared
        self.loop = loop
        self.stream = ClientStream(loop)
        self.session: Dialogue = Dialogue(loop)
        self.envelope: Envelope = Envelope()
        self.body: Body | None = None
        self.phase = Phase.COMMAND
        self.peer = ""
        self.user = ""
        self.secure = False
        self._wrapped = False
        """TLS carries the connection, or is about to: it can end at any moment, and cannot be half closed."""
        self.closing = False
        self.task: asyncio.Task[None] | None = None
        self.auth_failures = 0
        self.deadline = self.began = loop.time()
        self._ends = self.began + shared.session_timeout
        self._place: str | None = None
        self._proxied = False
        self._commands_left = shared.section.max_commands
        self._mischief = 0
        self._seen, self._moved = 0, 0.0

    # What the network says.

    def admit(self, peername: object) -> bytes | None:
        """Take a place for the client; returns why not, as an answer. Each call wants its ``leave``."""
        shared = self.shared
        shared.connections.add(self)
        self.peer = client_address(peername)
        if shared.stopping or shared.places.full(len(shared.connections)):
            return b"421 4.3.2 No place left, try again later"
        self._proxied = self.peer in shared.proxies
        return None if self._proxied else self._enter()

    def leave(self) -> None:
        """Give the place back. Again is no harm."""
        self.shared.connections.discard(self)
        if self._place is not None:
            self.shared.places.leave(self._place)
            self._place = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected; where TLS is implicit it is admitted already, and its handshake is done."""
        self.wire = self.stream.transport = cast("asyncio.Transport", transport)
        self.secure = self._wrapped = self.shared.section.tls == "implicit"
        refusal = None if self.secure else self.admit(transport.get_extra_info("peername"))
        if refusal is None:
            self.restart_clock()
            self.task = self.loop.create_task(self._handle_client())
        else:
            self.hang_up(refusal)

    def data_received(self, data: bytes) -> None:
        self.stream.feed(data)

    def eof_received(self) -> bool:
        """The client will say no more, but may listen: what it has said is still answered."""
        self.stream.end()
        return not self._wrapped

    def connection_lost(self, _: Exception | None) -> None:
        """The client is gone. A mail that was already whole is stored all the same: it may have been told so."""
        self.closing = True
        self.stream.end()
        self.leave()

    def pause_writing(self) -> None:
        """Nothing to do: answers are short, and the number of commands bounds them."""

    def resume_writing(self) -> None:
        """See ``pause_writing``."""

    # What the commands use.

    def say(self, answer: bytes) -> None:
        """Send an answer line."""
        if not self.closing:
            self.wire.write(answer + b"\r\n")

    async def push(self, status: str | bytes) -> None:
        """``say`` for the methods that are aiosmtpd's."""
        self.say(status.encode() if isinstance(status, str) else status)

    def refuse(self, answer: bytes, points: int = 1) -> None:
        """Send a refusal. Who collects too many is hung up on."""
        self.say(answer)
        self._mischief += points
        if self._mischief >= PATIENCE:
            self._dropped("smtp.mischief")
            self.hang_up(b"421 4.7.0 Too many errors")

    def restart_clock(self) -> None:
        """The client has said something whole, and may think again."""
        self.deadline = self.loop.time() + self.shared.command_timeout

    def reset(self) -> None:
        """Forget sender and recipients."""
        self.envelope = Envelope()

    def forgive(self) -> None:
        """A mail was accepted: the client means well, counting begins anew."""
        self._mischief = 0
        self._commands_left = self.shared.section.max_commands

    def hang_up(self, answer: bytes) -> None:
        """Send a last answer and close; the rest of what was sent is not read."""
        self.say(answer)
        if not self.closing:
            self.closing = True
            self.deadline = self.loop.time() + LINGER
            self.stream.end()
            self.wire.close()

    async def start_tls(self) -> None:
        """Go on encrypted, and forget all that was said in clear (RFC 3207, section 4.2)."""
        timeout = self.shared.command_timeout
        self.deadline = self.loop.time() + 2 * timeout
        self.stream.drop()
        self._wrapped = True
        try:
            wire = await self.loop.start_tls(
                self.wire,
                self,
                cast("ssl.SSLContext", self.shared.tls),
                server_side=True,
                ssl_handshake_timeout=timeout,
                ssl_shutdown_timeout=LINGER,
            )
        except OSError as error:  # ssl.SSLError is one
            self._dropped("smtp.tls_failed", reason=type(error).__name__)
            self.leave()  # asyncio does not call connection_lost() during a handshake
            raise ClientGone from None
        if wire is None:
            raise ClientGone
        self.wire = self.stream.transport = wire
        self.secure = True
        self.session = Dialogue(self.loop)
        self.reset()

    # The clock, looked at by the door from time to time for all connections at once.

    def check(self, now: float) -> None:
        """Hang up if the client has taken too long for what it is doing."""
        if self.closing:
            if now > self.deadline:
                self.wire.abort()
        elif self.task is None:
            return  # a TLS handshake, which has its own clock
        elif self.phase is Phase.KEEP:
            if now > self.deadline:
                self.give_up()
        elif self._too_slow(now) if self.phase is Phase.DATA else now > min(self.deadline, self._ends):
            self._dropped("smtp.timeout", phase=self.phase.name)
            self.hang_up(b"421 4.4.2 Too slow, closing")

    def give_up(self) -> None:
        """Storing takes longer than a client waits. It may still happen: the retry is then recognised."""
        self.hang_up(b"421 4.3.0 Could not be stored in time, try again later")
        if self.task is not None:
            self.task.cancel()

    def _too_slow(self, now: float) -> bool:
        """Whether a mail that is arriving is past its time, below the least rate, or has stopped."""
        received = self.body.received if self.body is not None else 0
        if received != self._seen:
            self._seen, self._moved = received, now
        allowed = min(self.shared.data_timeout, self.shared.command_timeout + received / MIN_RATE)
        stalled = now - max(self._moved, self.began) > 3 * self.shared.command_timeout
        return now - self.began > allowed or stalled

    # What the conversation uses.

    async def _handle_client(self) -> None:
        raise NotImplementedError

    async def _read_proxy_header(self) -> None:
        """Who is behind the proxy. A listed peer must say so; what it says is believed."""
        header = await get_proxy(self.stream)
        if not header.valid:
            self._dropped("smtp.proxy_header")
            raise ClientGone
        told = header.version == 1 or header.command == V2_CMD.PROXY
        address = plain_address(str(header.src_addr)) if told and header.src_addr is not None else ""
        self.peer = address or self.peer
        refusal = self._enter() if address else None
        if refusal is not None:
            self.hang_up(refusal)
            raise ClientGone

    def _enter(self) -> bytes | None:
        who = household(self.peer)
        if self.shared.places.enter(who):
            self._place = who
            return None
        return b"421 4.7.0 Too many connections from your address"

    def _dropped(self, action: str, **fields: object) -> None:
        log.info("connection cut", extra={"action": action, "peer": self.peer, **fields})

    def _failed(self, error: Exception) -> None:
        log.error("a command failed", extra={"action": "smtp.failed", "peer": self.peer}, exc_info=error)
