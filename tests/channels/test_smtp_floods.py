"""What a client can take of the door: octets, lines, commands, recipients, connections, time."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.channels.smtp_commands import Session
from bot.channels.smtp_limits import Places, Room, household, plain_address
from bot.message import Payload
from tests.channels.smtp_peer import MAIL, Client, Inbox, client, open_door

MEGABYTE = 1_048_576
BLOCK = 65_536


def ms(milliseconds: int) -> timedelta:
    return timedelta(milliseconds=milliseconds)


@asynccontextmanager
async def own_process() -> AsyncIterator[tuple[int, Path]]:
    """A door in its own process: its port, and where its memory can be read."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.channels.smtp_process", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        yield int(await process.stdout.readline()), Path(f"/proc/{process.pid}/status")
    finally:
        process.terminate()
        await process.wait()


def memory(status: Path, what: str = "VmHWM") -> int:
    """Octets: the most that the process has held, or what it holds (VmRSS)."""
    line = next(line for line in status.read_text().splitlines() if line.startswith(what))
    return int(line.split()[1]) * 1024


async def pour(peer: Client, block: bytes, total: int) -> int:
    """Send blocks until the total or until cut off; returns the octets that were sent."""
    sent = 0
    with suppress(ConnectionError):
        while sent < total:
            await peer.send(block)
            sent += len(block)
    return sent


async def test_a4_an_endless_line_is_cut_and_its_memory_stays_bounded() -> None:
    async with own_process() as (port, status), client(port) as peer:
        before = memory(status)
        await peer.envelope()
        await peer.say(b"DATA")
        limit = 26_214_400
        sent = await pour(peer, b"A" * BLOCK, 400 * MEGABYTE)
        assert sent < limit + 16 * MEGABYTE  # what lies in the sockets' own buffers is sent as well
        assert memory(status) - before < 2 * limit
        async with client(port) as other:
            assert (await other.mail()).startswith(b"250")


async def test_a5_a_mail_of_empty_lines_is_refused_while_others_are_served() -> None:
    async with own_process() as (port, status), client(port) as peer:
        await peer.envelope()
        await peer.say(b"DATA")
        flood = asyncio.create_task(pour(peer, b"\r\n" * (BLOCK // 2), 33 * MEGABYTE))
        worst = 0.0
        while not flood.done():
            began = asyncio.get_running_loop().time()
            async with client(port) as other:
                assert (await other.mail()).startswith(b"250")
            worst = max(worst, asyncio.get_running_loop().time() - began)
        await peer.send(b".\r\n")
        assert (await peer.answer()).startswith(b"552 5.3.4 ")
        assert memory(status) < 200 * MEGABYTE
        assert worst < 1


async def test_a4_a_command_without_end_is_cut() -> None:
    async with open_door(Inbox().accept) as door, client(door.port) as peer:
        await peer.send(b"NOOP " + b"A" * 20_000)
        assert (await peer.answer()).startswith(b"500 5.5.2 ")
        assert await peer.rest() == b""


@pytest.mark.parametrize("size", [5_000, 70_000, 900_000])
async def test_a6_long_lines_are_taken_as_they_are(size: int) -> None:
    inbox = Inbox()
    raw = b"Subject: x\r\n\r\n" + b"<p>" * (size // 3) + b"\r\n"
    async with open_door(inbox.accept) as door, client(door.port) as peer:
        assert (await peer.mail(raw)).startswith(b"250")
    assert inbox.payloads[0].raw == raw


async def test_a7_bare_line_feeds_stay_in_the_mail_and_only_cr_lf_dot_cr_lf_ends_it() -> None:
    inbox = Inbox()
    raw = b"Subject: x\n\n" + b"a line with a bare line feed\n" * 120 + b".\n..\n\r.\rmixed\r\n"
    async with open_door(inbox.accept) as door, client(door.port) as peer:
        assert (await peer.mail(raw)).startswith(b"250")
    assert [payload.raw for payload in inbox.payloads] == [raw]


@pytest.mark.parametrize(
    "fake_end", [b"\n.\n", b"\n.\r\n", b"\r.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\n.\r"]
)
async def test_a8_a_mail_cannot_be_smuggled_in_another(fake_end: bytes) -> None:
    inbox = Inbox()
    second = b"MAIL FROM:<evil@x>\r\nRCPT TO:<help@localhost>\r\nDATA\r\nSubject: evil\r\n\r\nboo\r\n"
    async with open_door(inbox.accept) as door, client(door.port) as peer:
        assert (await peer.mail(b"Subject: good\r\n\r\nhello" + fake_end + second)).startswith(b"250")
        assert (await peer.say(b"QUIT")).startswith(b"221")  # no answers to anything else in between
    (payload,) = inbox.payloads
    assert payload.envelope["mail_from"] == "ann@example.org"
    assert b"MAIL FROM:<evil@x>" in payload.raw


async def test_a11_one_address_has_its_share_of_connections_and_others_are_served() -> None:
    async with (
        open_door(Inbox().accept, max_connections_per_address=5, max_connections=40) as door,
        AsyncExitStack() as stack,
    ):
        peers = [await stack.enter_async_context(client(door.port, greet=False)) for _ in range(30)]
        banners = [await peer.answer() for peer in peers]
        assert sorted(banner[:9] for banner in banners) == [b"220 local"] * 5 + [b"421 4.7.0"] * 25
        other = await stack.enter_async_context(client(door.port, source="127.0.0.2"))
        assert (await other.mail()).startswith(b"250")
        await peers[0].say(b"QUIT")
        assert await peers[0].rest() == b""
        again = await stack.enter_async_context(client(door.port))  # the place is free again
        assert (await again.say(b"NOOP")).startswith(b"250")


async def test_a11_all_addresses_together_have_their_share() -> None:
    async with open_door(Inbox().accept, max_connections=4) as door, AsyncExitStack() as stack:
        banners = []
        for number in range(1, 7):
            peer = await stack.enter_async_context(client(door.port, greet=False, source=f"127.0.0.{number}"))
            banners.append((await peer.answer())[:9])
        assert banners == [b"220 local"] * 4 + [b"421 4.3.2"] * 2


def test_a11_an_ipv6_customer_is_one_client_and_a_mapped_address_is_its_ipv4_address() -> None:
    assert household("2001:db8:1:2:3:4:5:6") == household("2001:db8:1:2::1") != household("2001:db8:1:3::1")
    assert household(plain_address("::ffff:192.0.2.1")) == "192.0.2.1"
    assert plain_address("fe80::1%eth0") == "fe80::1"
    assert plain_address("unix") == ""


def test_a11_a_place_that_is_left_is_free() -> None:
    places = Places(10, 1)
    assert places.enter("a")
    assert not places.enter("a")
    places.leave("a")
    assert places.enter("a")


class Wire(asyncio.Transport):
    """A transport to nowhere."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Nobody reads."""

    def close(self) -> None:
        """Nothing is open."""


async def test_a12_a_client_that_has_just_come_is_not_too_slow() -> None:
    async with open_door(Inbox().accept) as door:
        assert door._bound is not None
        loop = asyncio.get_running_loop()
        connection = Session(door._bound[1], loop)
        connection.connection_made(Wire())
        connection.check(loop.time() + 59)  # before its task has had a turn
        assert not connection.closing
        connection.check(loop.time() + 61)
        assert connection.closing
        connection.connection_lost(None)


async def test_a12_a_client_that_dribbles_a_command_is_cut_with_421() -> None:
    async with open_door(Inbox().accept, command_timeout=ms(150)) as door, client(door.port) as peer:
        loop = asyncio.get_running_loop()
        began = loop.time()

        async def dribble() -> None:
            with suppress(ConnectionError):
                while True:
                    await peer.send(b"N")
                    await asyncio.sleep(0.02)

        dribbling = asyncio.create_task(dribble())
        assert (await peer.answer()).startswith(b"421 4.4.2 ")
        assert loop.time() - began < 1
        dribbling.cancel()


async def test_a12_a_command_restarts_the_clock_but_noop_does_not_keep_a_session_for_ever() -> None:
    settings: dict[str, Any] = {"command_timeout": ms(300), "session_timeout": ms(900)}
    async with open_door(Inbox().accept, **settings) as door, client(door.port) as peer:
        loop = asyncio.get_running_loop()
        began, answer = loop.time(), b"250"
        while answer.startswith(b"250"):
            await asyncio.sleep(0.1)
            answer = await peer.say(b"NOOP")
        assert answer.startswith(b"421 4.4.2 ")
        assert 0.6 < loop.time() - began < 2


async def test_a12_commands_that_bring_no_mail_are_counted() -> None:
    async with open_door(Inbox().accept) as door, client(door.port) as peer:
        await peer.send(b"NOOP\r\n" * 5000)
        answers = await peer.rest()
        assert answers.count(b"250 ") < 101
        assert answers.splitlines()[-1].startswith(b"421 4.7.0 ")


async def test_a12_the_commands_of_a_session_are_limited_and_a_mail_starts_the_count_anew() -> None:
    async with open_door(Inbox().accept, max_commands=12) as door, client(door.port) as peer:
        for _ in range(10):
            assert (await peer.mail()).startswith(b"250")
        for _ in range(12):
            assert (await peer.say(b"MAIL FROM:<a@x> FOO=1")).startswith(b"555")
        assert (await peer.say(b"NOOP")).startswith(b"421 4.7.0 ")
        assert await peer.rest() == b""


async def test_a12_a_mail_that_dribbles_in_is_cut() -> None:
    async with open_door(Inbox().accept, command_timeout=ms(150)) as door, client(door.port) as peer:
        await peer.envelope()
        await peer.say(b"DATA")
        loop = asyncio.get_running_loop()
        began = loop.time()
        answer = asyncio.create_task(peer.answer())
        with suppress(ConnectionError):
            while not answer.done():
                await peer.send(b"a")
                await asyncio.sleep(0.02)
        assert (await answer).startswith(b"421 4.4.2 ")
        assert loop.time() - began < 2


async def test_a12_a_mail_that_stops_halfway_is_cut_however_fast_it_began() -> None:
    async with open_door(Inbox().accept, command_timeout=ms(100)) as door, client(door.port) as peer:
        await peer.envelope()
        await peer.say(b"DATA")
        await peer.send(b"a line of text\r\n" * 50_000)
        assert (await asyncio.wait_for(peer.answer(), 5)).startswith(b"421 4.4.2 ")


async def test_a13_a_slow_but_steady_mail_is_taken_long_after_the_command_timeout() -> None:
    inbox = Inbox()
    async with open_door(inbox.accept, command_timeout=ms(100)) as door, client(door.port) as peer:
        await peer.envelope()
        await peer.say(b"DATA")
        for _ in range(30):  # 0.6 s, at 10 kB/s
            await peer.send(b"a" * 198 + b"\r\n")
            await asyncio.sleep(0.02)
        assert (await peer.say(b".")).startswith(b"250")
    assert len(inbox.payloads[0].raw) == 6000


async def test_a13_even_a_fast_mail_has_its_deadline() -> None:
    settings: dict[str, Any] = {"command_timeout": ms(100), "data_timeout": ms(200)}
    async with open_door(Inbox().accept, **settings) as door, client(door.port) as peer:
        await peer.envelope()
        await peer.say(b"DATA")
        await pour(peer, b"a" * 998 + b"\r\n", MEGABYTE)
        assert (await peer.answer()).startswith(b"421 4.4.2 ")


async def test_a_store_that_never_answers_is_given_up_with_a_temporary_answer() -> None:
    cancelled = asyncio.Event()

    async def hang(_: Payload, /) -> bool:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        return True

    async with open_door(hang, data_timeout=ms(100)) as door, client(door.port) as peer:
        assert (await peer.mail()).startswith(b"421 4.3.0 ")
        assert await peer.rest() == b""
        await cancelled.wait()


async def test_a14_recipients_are_limited_with_452_and_the_mail_still_passes() -> None:
    inbox = Inbox()
    async with (
        open_door(inbox.accept, max_recipients=3, max_commands=2000) as door,
        client(door.port) as peer,
    ):
        await peer.say(b"MAIL FROM:<ann@example.org>")
        await peer.send(b"RCPT TO:<help@localhost>\r\n" * 500)
        answers = [(await peer.answer())[:9] for _ in range(500)]
        assert answers == [b"250 2.1.5"] * 3 + [b"452 4.5.3"] * 497
        await peer.say(b"DATA")
        assert (await peer.say(MAIL + b".")).startswith(b"250")
    assert len(inbox.payloads[0].envelope["rcpt_to"]) == 3


@pytest.mark.parametrize(
    "command", [b"RCPT TO:<help@localhost>", b"RCPT TO:<nosuch@localhost>", b"HELO x", b"FOO"]
)
async def test_a14_a_flood_of_commands_ends_with_421(command: bytes) -> None:
    async with open_door(Inbox().accept) as door, client(door.port) as peer:
        await peer.say(b"MAIL FROM:<ann@example.org>")
        await pour(peer, (command + b"\r\n") * 2000, 10)
        answers = (await peer.rest()).splitlines()
        assert answers[-1].startswith(b"421 4.7.0 ")
        assert len(answers) <= 1001


async def test_a24_the_size_is_announced_and_a_mail_that_says_it_is_bigger_is_refused() -> None:
    async with open_door(Inbox().accept, max_size=100_000) as door, client(door.port) as peer:
        assert b"250-SIZE 100000\r\n" in await peer.hello()
        for size in (b"100001", b"99999999", b"9" * 40):
            assert (await peer.say(b"MAIL FROM:<a@x> SIZE=" + size)).startswith(b"552 5.3.4 ")
        assert (await peer.say(b"MAIL FROM:<a@x> SIZE=100000")).startswith(b"250")


async def test_a24_a_mail_that_turns_out_too_big_is_refused_for_ever_and_the_session_goes_on() -> None:
    inbox = Inbox()
    async with open_door(inbox.accept, max_size=100_000) as door, client(door.port) as peer:
        assert (await peer.mail(b"a line of text\r\n" * 10_000)).startswith(b"552 5.3.4 ")
        assert (await peer.mail()).startswith(b"250")
    assert len(inbox.payloads) == 1


async def test_x12_a_full_disk_is_452_before_the_mail_is_sent(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"min_free_mb": 10**9, "data": tmp_path / "not" / "yet"}
    async with open_door(Inbox().accept, **settings) as door, client(door.port) as peer:
        assert (await peer.say(b"MAIL FROM:<a@x>")).startswith(b"452 4.3.1 ")


def test_x12_the_disk_is_asked_once_a_second(tmp_path: Path) -> None:
    full = Room(tmp_path, 10**9)
    assert not full.enough(100.0)
    full._wanted = 1
    assert not full.enough(100.9)
    assert full.enough(101.0)
    assert Room(tmp_path, 0).enough(0.0)
