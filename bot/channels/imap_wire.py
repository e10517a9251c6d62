"""One connection to an IMAP server: bounded in what it takes, and to be woken and cut from outside.

``imaplib`` reads whatever a server announces, a literal of four gigabytes too, buffers lines in a file object
that hides them from ``poll``, and cannot be stopped while it reads. Only reading, connecting and IDLE are ours
here; commands and parsing are imaplib's and IMAPClient's (SECURITY.md B6, B7, B15).
"""

from __future__ import annotations

import contextlib
import imaplib
import os
import select
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final

import imapclient

LONGEST_LINE: Final = 16_777_216
"""Octets; the answer to a SEARCH names every message of a mailbox in one line."""
SMALL_ANSWER: Final = 33_554_432
"""Octets that a command may be answered with unless it fetches mail."""
_BLOCK: Final = 65_536
_COMMAND_SECONDS: Final = 900.0
"""For one command as a whole, however slowly its answer drips."""
_KEEPALIVE: Final = (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4))


class Stop:
    """Says once that it is time to go; whoever waits, on a socket too, hears it at once."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._ear, self._mouth = socket.socketpair()

    def set(self) -> None:
        """It is time to go."""
        self._event.set()
        with contextlib.suppress(OSError):
            self._mouth.send(b"!")

    @property
    def is_set(self) -> bool:
        return self._event.is_set()

    def sleep(self, seconds: float) -> None:
        """For so long, or until it is time to go."""
        self._event.wait(seconds)

    def fileno(self) -> int:
        return self._ear.fileno()

    def close(self) -> None:
        """Nobody waits any more."""
        self._ear.close()
        self._mouth.close()


@dataclass(frozen=True, slots=True)
class Way:
    """How a server is reached."""

    host: str
    port: int
    timeout: float
    """Seconds."""
    context: ssl.SSLContext | None
    """For TLS from the first octet."""
    opened: Callable[[Wire], None]
    """Is told of the connection as soon as there is one."""


class Wire(imaplib.IMAP4):
    """imaplib's connection with a reader of our own."""

    def __init__(self, way: Way) -> None:
        self._context = way.context
        self._patience = way.timeout
        self._opened = way.opened
        self._buffer = bytearray()
        self._spare = SMALL_ANSWER
        self._until = monotonic() + _COMMAND_SECONDS
        super().__init__(way.host, way.port, way.timeout)
        self.debug = 0

    def allow(self, octets: int = SMALL_ANSWER) -> None:
        """So much may come in answer to the next command."""
        self._spare = octets
        self._until = monotonic() + _COMMAND_SECONDS

    # What imaplib asks of a connection

    def open(self, host: str = "", port: int = 143, timeout: float | None = None) -> None:
        """Connect. ``opened`` is told before TLS begins, so that from then on it can be cut."""
        self.host, self.port = host, port
        self.sock = socket.create_connection((host, port), timeout=timeout)
        _keep_alive(self.sock)
        try:
            if self._context is not None:
                self._encrypt(self._context)
            self._opened(self)
        except BaseException:
            self.sock.close()
            raise

    def _encrypt(self, context: ssl.SSLContext) -> None:
        secure = context.wrap_socket(self.sock, server_hostname=self.host, do_handshake_on_connect=False)
        self.sock = secure
        self._opened(self)
        secure.do_handshake()

    def read(self, size: int) -> bytes:
        """Exactly ``size`` octets: a literal."""
        if size > self._spare + len(self._buffer):
            raise self.abort(f"the server announces {size} octets, which nobody has asked for")
        while len(self._buffer) < size:
            self._fill()
        return self._taken(size)

    def readline(self) -> bytes:
        """A line with its end."""
        seen = 0
        while (end := self._buffer.find(b"\n", seen)) < 0:
            seen = len(self._buffer)
            if seen > LONGEST_LINE:
                raise self.abort("the server sends a line without end")
            self._fill()
        return self._taken(end + 1)

    def shutdown(self) -> None:
        """Let go of the connection."""
        with contextlib.suppress(OSError):
            self.sock.close()

    def starttls(self, ssl_context: ssl.SSLContext | None = None) -> Any:
        """Go on with TLS. What the server said before it counts for nothing (RFC 9051, 6.2.1)."""
        context = ssl_context or ssl.create_default_context()
        typ, data = self._simple_command("STARTTLS")
        if typ != "OK":
            raise self.error("the server refuses STARTTLS")
        if self._buffer:
            raise self.abort("somebody speaks before TLS has begun")
        self.untagged_responses = {}
        self._encrypt(context)
        self._tls_established = True
        self._get_capabilities()
        return typ, data

    # What we ask of it

    def hurry(self, seconds: float) -> None:
        """Wait no longer than this for what the server says from now on."""
        self._patience = min(self._patience, seconds)

    def forget_news(self) -> None:
        """What was said of new mail so far is being looked at."""
        self.untagged_responses.pop("EXISTS", None)

    def cut(self) -> None:
        """End the connection, from any thread: whoever reads it hears so at once."""
        with contextlib.suppress(OSError):
            # Past the TLS layer, which another thread is using.
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)

    def idle_begin(self) -> bytes:
        """Send IDLE and wait for the server to agree; returns the tag (RFC 2177)."""
        tag: bytes = self._command("IDLE")
        while self._get_response() is not None:  # None is "+ idling"; news may come before it
            if self.tagged_commands[tag] is not None:
                raise self.error("the server refuses IDLE")
        return tag

    def idle_end(self, tag: bytes) -> None:
        """Send DONE. Raises when the connection has died meanwhile."""
        self.allow()
        self.send(b"DONE\r\n")
        self._command_complete("IDLE", tag)

    def news(self) -> bool:
        """Whether the server has said something that has not been looked at."""
        waiting = self.sock.pending() if isinstance(self.sock, ssl.SSLSocket) else 0
        return bool(self._buffer or waiting or "EXISTS" in self.untagged_responses)

    def wait(self, stop: Stop, seconds: float) -> None:
        """Until the server says something, it is time to go, or ``seconds`` have passed."""
        if self.news() or stop.is_set:
            return
        poll = select.poll()
        poll.register(self.sock.fileno(), select.POLLIN)
        poll.register(stop.fileno(), select.POLLIN)
        poll.poll(seconds * 1000)

    def _fill(self) -> None:
        left = self._until - monotonic()
        if left <= 0:
            raise self.abort("the server takes too long")
        self.sock.settimeout(min(self._patience, left))
        block = self.sock.recv(_BLOCK)
        if not block:
            raise self.abort("the server has hung up")
        self._spare -= len(block)
        if self._spare < 0:
            raise self.abort("the server sends more than anybody has asked for")
        self._buffer += block

    def _taken(self, size: int) -> bytes:
        with memoryview(self._buffer) as view:
            data = bytes(view[:size])
        del self._buffer[:size]
        return data


class Client(imapclient.IMAPClient):  # type: ignore[misc]  # the package has no types
    """IMAPClient on our wire."""

    wire: Wire

    def __init__(self, way: Way) -> None:
        self._way = way
        super().__init__(way.host, way.port, ssl=way.context is not None, timeout=way.timeout)
        self.normalise_times = False
        self.wire.debug = 0  # IMAPClient wants 5, which formats every mail for a log that nobody keeps

    def _create_IMAP4(self) -> Wire:  # noqa: N802  # IMAPClient names it
        self.wire = Wire(self._way)
        return self.wire


def _keep_alive(connection: socket.socket) -> None:
    """Have the system find out that the other side is gone (B6)."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE:
        if hasattr(socket, name) and os.name == "posix":
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
