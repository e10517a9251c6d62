"""The door itself: proxies in front of it, what it tells strangers, how it closes."""

from __future__ import annotations

import asyncio
import logging
import struct
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import uvloop

from bot.channels.smtp import SmtpDoor
from bot.config import Desk, Smtp
from bot.message import Payload
from bot.ports import Source
from tests.channels.smtp_peer import MAIL, Inbox, client, nothing, open_door

CANARY = "canary-7f3a"


def proxy_v2(source: str, *, command: int = 1) -> bytes:
    """A header of the PROXY protocol, version 2, for TCP over IPv4."""
    octets = bytes(int(part) for part in source.split("."))
    addresses = struct.pack("!4s4sHH", octets, b"\x7f\0\0\1", 40_000, 25)
    head = struct.pack("!BBH", 0x20 | command, 0x11, len(addresses))
    return b"\r\n\r\n\0\r\nQUIT\n" + head + addresses


@pytest.mark.parametrize(
    ("header", "peer_address"),
    [
        (b"PROXY TCP4 192.0.2.7 127.0.0.1 40000 25\r\n", "192.0.2.7"),
        (b"PROXY TCP6 2001:db8::7 ::1 40000 25\r\n", "2001:db8::7"),
        (b"PROXY TCP6 ::ffff:192.0.2.7 ::1 40000 25\r\n", "192.0.2.7"),
        (b"PROXY UNKNOWN\r\n", "127.0.0.1"),
        (proxy_v2("192.0.2.8"), "192.0.2.8"),
        (proxy_v2("192.0.2.8", command=0), "127.0.0.1"),
    ],
)
async def test_a21_a_listed_proxy_is_believed(header: bytes, peer_address: str) -> None:
    inbox = Inbox()
    async with (
        open_door(inbox.accept, proxy_from=("127.0.0.0/8",)) as door,
        client(door.port, greet=False) as peer,
    ):
        for octet in header:  # however it is cut
            await peer.send(bytes([octet]))
        assert (await peer.answer()).startswith(b"220")
        await peer.hello()
        await peer.mail()
    assert inbox.payloads[0].envelope["peer"] == peer_address


@pytest.mark.parametrize(
    "header",
    [
        b"EHLO client\r\n",
        b"PROXY TCP4 192.0.2.7 127.0.0.1 40000\r\n",
        b"PROXY TCP4 192.0.2.7 ::1 40000 25\r\n",
        b"PROXY TCP4 evil 127.0.0.1 40000 25\r\n",
        b"PROXY " + b"A" * 200,
        b"\r\n\r\n\0\r\nQUIT\n\x31\x11\0\0",
        b"\r\n\r\n\0\r\nNOPE\n\x21\x11\0\0",
    ],
)
async def test_a21_a_listed_proxy_must_say_who_is_there(header: bytes) -> None:
    async with (
        open_door(Inbox().accept, proxy_from=("127.0.0.1",)) as door,
        client(door.port, greet=False) as peer,
    ):
        await peer.send(header)
        assert await peer.rest() == b""


@pytest.mark.parametrize("header", [b"PROXY TCP4 192.0.2.7 127.0.0.1 40000 25\r\n", proxy_v2("192.0.2.7")])
async def test_a21_a_header_from_anybody_else_is_dropped(header: bytes) -> None:
    async with (
        open_door(Inbox().accept, proxy_from=("10.0.0.1",)) as door,
        client(door.port, greet=False) as peer,
    ):
        assert (await peer.answer()).startswith(b"220")
        await peer.send(header + b"EHLO x\r\n")
        received = await peer.rest()
        assert b"421 4.7.0 " in received
        assert b"250" not in received


async def test_a21_connections_are_counted_for_the_client_behind_the_proxy() -> None:
    async with (
        open_door(Inbox().accept, max_connections_per_address=1, proxy_from=("127.0.0.1",)) as door,
        client(door.port, greet=False) as one,
        client(door.port, greet=False) as two,
        client(door.port, greet=False) as three,
    ):
        for peer, address, answer in ((one, b"7", b"220"), (two, b"7", b"421 4.7.0 "), (three, b"9", b"220")):
            await peer.send(b"PROXY TCP4 192.0.2.%b 127.0.0.1 1 25\r\n" % address)
            assert (await peer.answer()).startswith(answer)


async def test_a22_strangers_learn_neither_the_program_nor_who_exists() -> None:
    async with (
        open_door(Inbox().accept, hostname="mx.desk.example") as door,
        client(door.port, greet=False) as peer,
    ):
        heard = [await peer.answer(), await peer.hello()]
        assert heard[0] == b"220 mx.desk.example ESMTP\r\n"
        known, unknown = await peer.say(b"VRFY help@localhost"), await peer.say(b"VRFY root")
        assert known == unknown
        assert known.startswith(b"252")
        assert (await peer.say(b"EXPN staff")).startswith(b"502")
        heard += [known, await peer.say(b"HELP"), await peer.say(b"HELP VRFY"), await peer.say(b"NOSUCH")]
        for word in (b"python", b"aiosmtpd", b"deskbot", b"1.4"):
            assert word not in b"".join(heard).lower()


async def test_the_extensions_that_are_offered_are_these() -> None:
    async with open_door(Inbox().accept) as door, client(door.port) as peer:
        assert (await peer.hello()).splitlines() == [
            b"250-localhost",
            b"250-SIZE 26214400",
            b"250-8BITMIME",
            b"250-PIPELINING",
            b"250-SMTPUTF8",
            b"250 ENHANCEDSTATUSCODES",
        ]


async def test_l2_the_log_holds_neither_addresses_nor_bodies(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    inbox = Inbox()
    async with open_door(inbox.accept) as door, client(door.port) as peer:
        await peer.envelope(f"<{CANARY}@example.org>".encode(), f"<help+{CANARY}@localhost>".encode())
        await peer.say(f"RCPT TO:<{CANARY}@localhost>".encode())
        await peer.say(b"DATA")
        await peer.say(MAIL + CANARY.encode() + b"\r\n.")
        await peer.say(f"VRFY {CANARY}".encode())
        await peer.say(CANARY.encode())
    written = [value for record in caplog.records for value in map(str, vars(record).values())]
    assert not any(CANARY in value for value in written)
    (accepted,) = [vars(r) for r in caplog.records if getattr(r, "action", "") == "smtp.accepted"]
    assert accepted["key"] == inbox.payloads[0].key[:12]
    assert accepted["sender"].startswith("example.org#")
    assert accepted["recipients"] == 1


async def test_a_client_may_connect_between_listen_and_run() -> None:
    inbox = Inbox()
    door: Source = SmtpDoor(Smtp(port=0, min_free_mb=0), Desk(data=Path.cwd()), nothing)
    assert isinstance(door, SmtpDoor)
    await door.listen()
    async with client(door.port, greet=False) as peer:
        running = asyncio.create_task(door.run(inbox.accept))
        await peer.answer()
        await peer.hello()
        assert (await peer.mail()).startswith(b"250")
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    assert list(await door.translate(inbox.payloads[0])) == []


async def test_l9_a_door_that_closes_lets_mail_that_is_arriving_get_through() -> None:
    inbox = Inbox()
    door = SmtpDoor(Smtp(port=0, min_free_mb=0), Desk(data=Path.cwd()), nothing)
    await door.listen()
    running = asyncio.create_task(door.run(inbox.accept))
    async with client(door.port) as idle, client(door.port) as busy:
        await busy.envelope()
        await busy.say(b"DATA")
        running.cancel()
        assert (await idle.answer()).startswith(b"421 4.3.2 ")
        assert await idle.rest() == b""
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", door.port)
        assert (await busy.say(MAIL + b".")).startswith(b"250")
        assert (await busy.answer()).startswith(b"421 4.3.2 ")
    with suppress(asyncio.CancelledError):
        await running
    assert len(inbox.payloads) == 1


async def test_l9_a_door_that_closes_does_not_wait_for_ever() -> None:
    async def hang(_: Payload, /) -> bool:
        await asyncio.Event().wait()
        return True

    door = SmtpDoor(Smtp(port=0, min_free_mb=0), Desk(data=Path.cwd()), nothing, grace=0.1)
    await door.listen()
    running = asyncio.create_task(door.run(hang))
    async with client(door.port) as storing, client(door.port) as sending:
        for peer in (storing, sending):
            await peer.envelope()
            await peer.say(b"DATA")
        await storing.send(MAIL + b".\r\n")
        running.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.wait_for(running, 5)
        for peer in (storing, sending):
            assert (await peer.answer()).startswith(b"421 4.3.0 ")
            assert await peer.rest() == b""


async def test_a_door_can_be_opened_again_on_the_same_port() -> None:
    inbox = Inbox()
    async with open_door(inbox.accept) as first:
        port = first.port
    async with open_door(inbox.accept, port=port) as door, client(door.port) as peer:
        assert (await peer.mail()).startswith(b"250")


@pytest.mark.parametrize(
    "scenario",
    [
        test_a21_connections_are_counted_for_the_client_behind_the_proxy,
        test_a_client_may_connect_between_listen_and_run,
        test_l9_a_door_that_closes_lets_mail_that_is_arriving_get_through,
        test_l9_a_door_that_closes_does_not_wait_for_ever,
        test_a_door_can_be_opened_again_on_the_same_port,
    ],
)
def test_the_same_holds_on_uvloop(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Production runs on uvloop, whose servers and transports are its own."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(scenario())
