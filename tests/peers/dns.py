"""DNS for tests: a resolver that reads a dictionary, and a small name server on localhost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from bot.mail.authentication.resolving import Unresolved

Records = Mapping[str, Mapping[str, list[str]]]
"""By name, then by type: {"example.com": {"TXT": ["v=spf1 -all"], "MX": ["mx.example.com"]}}."""


@dataclass
class DictResolver:
    """A ``Resolver`` whose world is a dictionary."""

    records: Records
    away: frozenset[str] = frozenset()
    """Names whose servers do not answer."""
    asked: list[str] = field(default_factory=list)

    async def txt(self, name: str) -> tuple[bytes, ...]:
        return tuple(text.encode("latin-1") for text in self._find(name, "TXT"))

    async def addresses(self, name: str, version: int) -> tuple[str, ...]:
        return tuple(self._find(name, "A" if version == 4 else "AAAA"))

    async def mx(self, name: str) -> tuple[str, ...]:
        return tuple(self._find(name, "MX"))

    def _find(self, name: str, kind: str) -> list[str]:
        self.asked.append(f"{kind} {name}")
        if name in self.away:
            raise Unresolved(name)
        return list(self.records.get(name, {}).get(kind, []))


class SilentResolver:
    """Nobody there: each question waits for ever."""

    async def txt(self, name: str) -> tuple[bytes, ...]:
        return await self._wait(name)

    async def addresses(self, name: str, version: int) -> tuple[str, ...]:
        await self._wait(name)
        return ()

    async def mx(self, name: str) -> tuple[str, ...]:
        await self._wait(name)
        return ()

    async def _wait(self, name: str) -> tuple[bytes, ...]:
        await asyncio.Event().wait()
        return ()


Answer = Callable[[dns.message.Message], dns.message.Message | None]


def zone(records: Records) -> Answer:
    """Answers from a dictionary, with CNAME in the answer as servers give it; NXDOMAIN for other names."""

    def answer(query: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(query)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        kind = question.rdtype.name
        for _ in range(20):
            target = records.get(name, {}).get("CNAME")
            if not target:
                break
            response.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", "CNAME", f"{target[0]}."))
            name = target[0]
        if name not in records and not response.answer:
            response.set_rcode(dns.rcode.NXDOMAIN)
        for text in records.get(name, {}).get(kind, []):
            response.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", kind, text))
        return response

    return answer


class NameServer(asyncio.DatagramProtocol):
    """Answers by UDP, and by TCP what is too long for that. ``None`` as an answer is silence."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.asked: list[str] = []
        self.address = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)  # asyncio's own is not one by name
        self.port: int = transport.get_extra_info("sockname")[1]
        self.address = f"127.0.0.1:{self.port}"

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        wire = self._respond(data)
        if wire is None:
            return
        if len(wire) > 512:
            short = dns.message.make_response(dns.message.from_wire(data))
            short.flags |= dns.flags.TC
            wire = short.to_wire()
        self._transport.sendto(wire, addr)

    async def serve_stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        size = int.from_bytes(await reader.readexactly(2), "big")
        wire = self._respond(await reader.readexactly(size))
        if wire is not None:
            writer.write(len(wire).to_bytes(2, "big") + wire)
            await writer.drain()
        writer.close()
        await writer.wait_closed()

    def _respond(self, data: bytes) -> bytes | None:
        query = dns.message.from_wire(data)
        self.asked.append(query.question[0].to_text())
        response = self._answer(query)
        return None if response is None else response.to_wire(max_size=65_535)


@asynccontextmanager
async def name_server(answer: Answer) -> AsyncIterator[NameServer]:
    """A name server on a free port of localhost."""
    server = NameServer(answer)
    stream, transport = await _take_ports(server)
    try:
        yield server
    finally:
        stream.close()
        await stream.wait_closed()
        transport.close()
        await asyncio.sleep(0)  # a datagram transport lets go of its socket in the next turn of the loop


async def _take_ports(server: NameServer) -> tuple[asyncio.Server, asyncio.BaseTransport]:
    """The same port for streams and datagrams; another one when somebody has the datagrams of the first."""
    loop = asyncio.get_running_loop()
    for _ in range(20):
        stream = await asyncio.start_server(server.serve_stream, "127.0.0.1", 0)
        address = stream.sockets[0].getsockname()
        try:
            transport, _ = await loop.create_datagram_endpoint(lambda: server, local_addr=address)
        except OSError:
            stream.close()
            await stream.wait_closed()
        else:
            return stream, transport
    raise OSError("no port is free for both")
