"""A fast SMTP client: many mails over many connections, paced or flat out, and when each was answered.

As a process (``python -m tests.peers.load --port 2525 --count 1000``) it writes one JSON object; as a library
``await deliver(port, mails, ...)`` returns the same as a ``Report``. It is a bare protocol on uvloop with
mails made beforehand, so that on a machine with few cores the server is measured and not the client.

Times are seconds of the machine's monotonic clock, which all processes share.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import random
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Literal, cast

import msgspec
import uvloop

Kind = Literal["small", "mixed"]

RETRY_PAUSE: Final = 0.05
"""Seconds between two attempts at the same mail."""
SILENCE: Final = 30.0
"""Seconds without an answer after which an attempt is given up."""

_SENTENCE: Final = (
    "printer invoice network the cable since yesterday restart screen error please help account login slow "
    "office second floor telephone nobody works again after update message shows number licence thanks"
)


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail, ready for the wire: dots stuffed, final dot included."""

    message_id: str
    sender: str
    data: bytes


class Sent(msgspec.Struct):
    """What became of one mail. Times are None for what did not happen."""

    message_id: str
    sender: str
    began: float = 0.0
    """First attempt."""
    dot: float | None = None
    """The final dot of the attempt that was answered 250 left us."""
    ok: float | None = None
    """250 arrived."""
    attempts: int = 0
    put_off: int = 0
    """Answers 4xx."""
    last: str = ""
    """The last answer 4xx."""
    refused: str = ""
    """A permanent answer (5xx), which ends the retries."""


class Report(msgspec.Struct):
    """The result of a run."""

    began: float
    ended: float
    mails: list[Sent]

    @property
    def accepted(self) -> list[Sent]:
        """Those that a 250 was given for."""
        return [mail for mail in self.mails if mail.ok is not None]

    @property
    def rate(self) -> float:
        """Mails answered 250 in a second."""
        times = [mail.ok for mail in self.mails if mail.ok is not None]
        return len(times) / (max(times) - self.began) if times else 0.0


def make_mails(kind: Kind, count: int, *, run: str, recipient: str = "help@localhost") -> Iterator[Mail]:
    """Mails of distinct senders and Message-IDs; the same for the same arguments.

    ``run`` makes the ids of one run differ from another's. small: 2 kB of text. mixed: of ten, five texts,
    two replies with quotes, two with an HTML part and one with an attachment of 100 kB.
    """
    chance = random.Random(run)
    for number in range(count):
        sender = f"person{number}.{run}@dept{number % 97}.example"
        message_id = f"<{number}.{run}@load.example>"
        head = (
            f"From: Person {number} <{sender}>\r\nTo: {recipient}\r\nMessage-ID: {message_id}\r\n"
            f"Date: Sat, 21 Nov 2026 12:{number // 60 % 60:02d}:{number % 60:02d} +0000\r\n"
            f"Subject: Request {number} of {run}\r\nMIME-Version: 1.0\r\n"
        )
        shape = number % 10 if kind == "mixed" else 0
        body = _SHAPES.get(shape, _text)(chance, number)
        yield Mail(message_id, sender, (head + body).replace("\r\n.", "\r\n..").encode() + b"\r\n.\r\n")


def _prose(chance: random.Random, octets: int) -> str:
    words = _SENTENCE.split()
    lines, size = [], 0
    while size < octets:
        line = " ".join(chance.choices(words, k=10))
        lines.append(line)
        size += len(line) + 2
    return "\r\n".join(lines)


def _text(chance: random.Random, _number: int) -> str:
    return "Content-Type: text/plain; charset=utf-8\r\n\r\n" + _prose(chance, 1700)


def _reply(chance: random.Random, number: int) -> str:
    quoted = "\r\n".join("> " + line for line in _prose(chance, 3000).split("\r\n"))
    earlier = f"<earlier.{number}@elsewhere.example>"
    return (
        f"In-Reply-To: {earlier}\r\nReferences: {earlier}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        f"{_prose(chance, 600)}\r\n\r\nOn Fri, 20 Nov 2026 at 10:00, Support wrote:\r\n{quoted}"
    )


def _html(chance: random.Random, number: int) -> str:
    paragraphs = "".join(f"<p style=3D'margin:0'>{_prose(chance, 300)}</p>\r\n" for _ in range(20))
    return (
        f'Content-Type: multipart/alternative; boundary="b{number}"\r\n\r\n'
        f"--b{number}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{_prose(chance, 2000)}\r\n"
        f"--b{number}\r\nContent-Type: text/html; charset=utf-8\r\n"
        f"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
        f"<html><body>{paragraphs}</body></html>\r\n--b{number}--"
    )


def _attached(chance: random.Random, number: int) -> str:
    content = base64.encodebytes(chance.randbytes(100_000)).decode().replace("\n", "\r\n")
    return (
        f'Content-Type: multipart/mixed; boundary="a{number}"\r\n\r\n'
        f"--a{number}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{_prose(chance, 800)}\r\n"
        f'--a{number}\r\nContent-Type: application/pdf; name="report {number}.pdf"\r\n'
        f'Content-Disposition: attachment; filename="report {number}.pdf"\r\n'
        f"Content-Transfer-Encoding: base64\r\n\r\n{content}--a{number}--"
    )


_SHAPES: Final = {2: _reply, 6: _reply, 4: _html, 8: _html, 9: _attached}


class _Session(asyncio.Protocol):
    """One connection that hands over mails one after the other, without pipelining, as most senders do."""

    def __init__(self, mails: list[tuple[Mail, Sent]], recipient: str) -> None:
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.left = mails
        self.answered = 0
        self._rcpt = b"RCPT TO:<%s>\r\n" % recipient.encode()
        self._step = "banner"
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's does not inherit from it
        self._watch = asyncio.get_running_loop().call_later(SILENCE, self._transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        self._watch.cancel()
        if not self.finished.done():
            self.finished.set_result(None)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while b"\r\n" in self._buffer:
            line, _, self._buffer = self._buffer.partition(b"\r\n")
            if line[3:4] != b"-":
                self._answer(line)

    def _answer(self, line: bytes) -> None:
        code = line[:1]
        if self._step == "data" and code == b"3":
            mail, sent = self.left[0]
            self._step = "dot"
            self._transport.write(mail.data)
            sent.dot = time.monotonic()
        elif code == b"2":
            self._advance()
        else:
            self._failed(line)

    def _advance(self) -> None:
        if self._step == "dot":
            self._done()
        elif self._step == "banner":
            self._write("ehlo", b"EHLO load.example\r\n")
        elif self._step == "ehlo":
            self._next()
        elif self._step == "mail":
            self._write("rcpt", self._rcpt)
        elif self._step == "rcpt":
            self._write("data", b"DATA\r\n")
        elif self._step == "quit":
            self._transport.close()

    def _done(self) -> None:
        self.left.pop(0)[1].ok = time.monotonic()
        self.answered += 1
        self._next()

    def _next(self) -> None:
        if not self.left:
            self._write("quit", b"QUIT\r\n")
            return
        mail, sent = self.left[0]
        sent.attempts += 1
        self._write("mail", b"MAIL FROM:<%s>\r\n" % mail.sender.encode())

    def _write(self, step: str, command: bytes) -> None:
        self._step = step
        self._transport.write(command)

    def _failed(self, line: bytes) -> None:
        """An answer that is no success: this connection is over; 5xx to a mail ends that mail's retries."""
        if self.left:
            if line[:1] == b"5":
                self.left.pop(0)[1].refused = line.decode("ascii", "replace")
            else:
                self.left[0][1].put_off += 1
                self.left[0][1].last = line.decode("ascii", "replace")
        self._transport.close()


class _Pace:
    """When each mail may start: at ``rate`` a second from ``began`` on, or at once."""

    def __init__(self, rate: float | None) -> None:
        self.began = time.monotonic()
        self._rate = rate
        self._given = 0

    async def turn(self, mails: int) -> None:
        if self._rate is None:
            return
        due = self.began + self._given / self._rate
        self._given += mails
        if (wait := due - time.monotonic()) > 0:
            await asyncio.sleep(wait)


async def deliver(
    port: int,
    mails: Iterable[Mail],
    *,
    host: str = "127.0.0.1",
    connections: int = 10,
    per_connection: int = 1,
    rate: float | None = None,
    retry: bool = False,
    recipient: str = "help@localhost",
) -> Report:
    """Hand the mails over, and tell what became of each.

    ``connections`` are busy at the same time and carry ``per_connection`` mails each; ``rate`` paces the
    starts (mails a second). With ``retry`` a mail is tried again until it is answered 250 or 5xx; without, a
    mail that was not answered stays without ``ok``.
    """
    pairs = [(mail, Sent(mail.message_id, mail.sender)) for mail in mails]
    groups = iter([pairs[i : i + per_connection] for i in range(0, len(pairs), per_connection)])
    pace = _Pace(rate)

    async def busy() -> None:
        for group in groups:
            await pace.turn(len(group))
            group[0][1].began = time.monotonic()
            await _hand_over(host, port, group, recipient, retry=retry)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(connections):
            tasks.create_task(busy())
    return Report(pace.began, time.monotonic(), [sent for _, sent in pairs])


async def _hand_over(
    host: str, port: int, group: list[tuple[Mail, Sent]], recipient: str, *, retry: bool
) -> None:
    """Bring one connection's mails to an end: once, or until each has its answer."""
    left = list(group)
    while True:
        with suppress(OSError):
            _, session = await asyncio.get_running_loop().create_connection(
                partial(_Session, left, recipient), host, port
            )
            await session.finished
        if not left or not retry:
            return
        await asyncio.sleep(RETRY_PAUSE)


def main() -> None:
    """Run as a process: options in, one JSON object out."""
    parser = argparse.ArgumentParser(description="hand many mails to an SMTP server")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--kind", choices=("small", "mixed"), default="small")
    parser.add_argument("--run", default="run", help="makes ids and senders differ from another run's")
    parser.add_argument("--connections", type=int, default=10)
    parser.add_argument("--per-connection", type=int, default=1)
    parser.add_argument("--rate", type=float, help="mails a second; without: as fast as they are taken")
    parser.add_argument("--retry", action="store_true", help="try each mail until it is answered 250 or 5xx")
    parser.add_argument("--recipient", default="help@localhost")
    parser.add_argument("--result", type=Path, help="where the JSON goes; without: standard output")
    options = parser.parse_args()
    mails = list(make_mails(options.kind, options.count, run=options.run, recipient=options.recipient))
    report = uvloop.run(
        deliver(
            options.port,
            mails,
            host=options.host,
            connections=options.connections,
            per_connection=options.per_connection,
            rate=options.rate,
            retry=options.retry,
            recipient=options.recipient,
        )
    )
    text = msgspec.json.encode(report)
    if options.result:
        options.result.write_bytes(text)
    else:
        sys.stdout.buffer.write(text + b"\n")


if __name__ == "__main__":
    main()
