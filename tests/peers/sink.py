"""A fast SMTP sink: takes everything, keeps of each message what tells loss, doubles and lateness.

As a process (``python -m tests.peers.sink --records FILE``) it prints ``READY port`` and appends one JSON line
for each message to FILE; ``SinkProcess`` starts it and reads that file. As a library ``async with serve() as
sink`` keeps the records in memory. It speaks as much of SMTP as a relay's client needs (pipelining included)
and does nothing else, so that it costs the machine little.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast

import msgspec
import uvloop

_HEAD: Final = 16_384
"""Octets of a message in which its headers are looked for."""
_ID: Final = re.compile(rb"^message-id:\s*<([^>]*)>", re.IGNORECASE | re.MULTILINE)
_ANSWERS: Final = re.compile(rb"^in-reply-to:\s*<([^>]*)>", re.IGNORECASE | re.MULTILINE)
_END: Final = b"\r\n.\r\n"


class Record(msgspec.Struct):
    """One message that arrived."""

    at: float
    """When its final dot was here, in seconds of the machine's monotonic clock."""
    to: list[str]
    message_id: str
    """With angle brackets; empty when it has none."""
    answers: str
    """The Message-ID of the mail that it answers (In-Reply-To)."""
    again: bool
    """The same Message-ID had arrived before."""


class _Peer(asyncio.Protocol):
    """One client."""

    def __init__(self, keep: Callable[[list[str], bytes], None]) -> None:
        self._keep = keep
        self._buffer = bytearray()
        self._in_data = False
        self._to: list[str] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's does not inherit from it
        self._transport.write(b"220 sink.example ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while self._message() if self._in_data else self._line():
            pass

    def _line(self) -> bool:
        end = self._buffer.find(b"\r\n")
        if end < 0:
            return False
        line = bytes(self._buffer[:end])
        verb = line[:4].upper()
        if verb == b"DATA":
            # The line's own CRLF stays: with it an empty message ends like any other.
            del self._buffer[:end]
            self._in_data = True
            self._transport.write(b"354 go on\r\n")
            return True
        del self._buffer[: end + 2]
        if verb == b"EHLO":
            self._transport.write(b"250-sink.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n")
        elif verb == b"QUIT":
            self._transport.write(b"221 bye\r\n")
            self._transport.close()
        else:
            if verb == b"RCPT":
                self._to.append(line.partition(b"<")[2].partition(b">")[0].decode("utf-8", "replace"))
            elif verb in (b"MAIL", b"RSET", b"HELO"):
                self._to = []
            self._transport.write(b"250 ok\r\n")
        return True

    def _message(self) -> bool:
        end = self._buffer.find(_END)
        if end < 0:
            return False
        self._keep(self._to, bytes(self._buffer[2 : min(end, _HEAD)]))
        del self._buffer[: end + len(_END)]
        self._in_data, self._to = False, []
        self._transport.write(b"250 taken\r\n")
        return True


@dataclass
class Sink:
    """What has arrived."""

    port: int
    records: list[Record] = field(default_factory=list)

    def copies(self) -> dict[str, int]:
        """How many messages answer each mail: Message-ID of the mail -> number."""
        counts: dict[str, int] = {}
        for record in self.records:
            counts[record.answers] = counts.get(record.answers, 0) + 1
        return counts


class _Keeper:
    """Makes a record of a message and gives it away."""

    def __init__(self, give: Callable[[Record], None]) -> None:
        self._give = give
        self._seen: set[bytes] = set()

    def __call__(self, to: list[str], message: bytes) -> None:
        head = message.partition(b"\r\n\r\n")[0]
        own, answers = _ID.search(head), _ANSWERS.search(head)
        name = own[1] if own else b""
        self._give(
            Record(
                at=time.monotonic(),
                to=to,
                message_id=f"<{name.decode('utf-8', 'replace')}>" if own else "",
                answers=f"<{answers[1].decode('utf-8', 'replace')}>" if answers else "",
                again=own is not None and name in self._seen,
            )
        )
        if own:
            self._seen.add(name)


@asynccontextmanager
async def serve(port: int = 0) -> AsyncIterator[Sink]:
    """A sink in this process's event loop."""
    sink = Sink(port)
    keep = _Keeper(sink.records.append)
    server = await asyncio.get_running_loop().create_server(lambda: _Peer(keep), "127.0.0.1", port)
    async with server:
        sink.port = server.sockets[0].getsockname()[1]
        yield sink


class SinkProcess:
    """A sink in a process of its own, and what it has recorded."""

    def __init__(self, port: int, records: Path) -> None:
        self.port = port
        self._path = records
        self._read = 0
        self._sink = Sink(port)
        self._decode = msgspec.json.Decoder(Record).decode

    @property
    def records(self) -> list[Record]:
        """All that has arrived until now."""
        with self._path.open("rb") as file:
            file.seek(self._read)
            text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._read += len(whole)
        self._sink.records.extend(self._decode(line) for line in whole.splitlines())
        return self._sink.records

    def copies(self) -> dict[str, int]:
        """How many messages answer each mail: Message-ID of the mail -> number."""
        self._sink.records = self.records
        return self._sink.copies()

    def wait_for(self, count: int, timeout: float, *, pause: float = 0.05) -> bool:
        """Whether ``count`` messages are here before ``timeout`` seconds have passed without a new one."""
        last, changed = -1, time.monotonic()
        while (now := len(self.records)) < count:
            if now != last:
                last, changed = now, time.monotonic()
            elif time.monotonic() - changed > timeout:
                return False
            time.sleep(pause)
        return True


@contextmanager
def sink_process(folder: Path, port: int = 0) -> Iterator[SinkProcess]:
    """Start a sink whose records lie in ``folder``; it ends with the block."""
    records = folder / "sink.jsonl"
    records.touch()
    command = [sys.executable, "-m", "tests.peers.sink", "--port", str(port), "--records", str(records)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            ready = process.stdout.readline().split()
            if ready[:1] != ["READY"]:
                raise RuntimeError("the sink did not start")
            yield SinkProcess(int(ready[1]), records)
        finally:
            process.terminate()


async def _run(port: int, records: Path) -> None:
    encode = msgspec.json.Encoder().encode
    file = os.open(records, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    keep = _Keeper(lambda record: _append(file, encode(record) + b"\n"))
    server = await asyncio.get_running_loop().create_server(
        lambda: _Peer(keep), "127.0.0.1", port, backlog=256
    )
    sys.stdout.write(f"READY {server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    async with server:
        await server.serve_forever()


def _append(file: int, line: bytes) -> None:
    os.write(file, line)


def main() -> None:
    """Run as a process until it is ended."""
    parser = argparse.ArgumentParser(description="an SMTP server that takes everything")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--records", type=Path, required=True)
    options = parser.parse_args()
    uvloop.run(_run(options.port, options.records))


if __name__ == "__main__":
    main()
