"""The resolver, against a real name server on localhost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.channels.dns import ANSWER_LIMIT, MEMORY, TEXT_LIMIT, DnsResolver
from bot.errors import ConfigError
from bot.mail.authentication.resolving import Unresolved
from tests.peers.dns import Answer, NameServer, Records, name_server, zone

LONG = " ".join(f'"{"x" * 250}"' for _ in range(200))
WORLD: Records = {
    "corp.example": {
        "TXT": ['"v=spf1 " "-all"', '"more"'],
        "A": ["192.0.2.1", "192.0.2.2"],
        "AAAA": ["2001:db8::1"],
        "MX": ["20 b.corp.example.", "10 a.corp.example."],
    },
    "alias.example": {"CNAME": ["corp.example"]},
    "loop.example": {"CNAME": ["pool.example"]},
    "pool.example": {"CNAME": ["loop.example"]},
    "huge.example": {"TXT": [LONG]},
    "many.example": {"A": [f"192.0.2.{n}" for n in range(200)]},
    "empty.example": {},
}


@asynccontextmanager
async def asking(answer: Answer, seconds: float = 5.0) -> AsyncIterator[tuple[DnsResolver, NameServer]]:
    async with name_server(answer) as server:
        yield DnsResolver([server.address], seconds=seconds), server


async def test_records_are_read() -> None:
    async with asking(zone(WORLD)) as (resolver, _):
        assert sorted(await resolver.txt("corp.example")) == [b"more", b"v=spf1 -all"]
        assert sorted(await resolver.addresses("Corp.Example", 4)) == ["192.0.2.1", "192.0.2.2"]
        assert await resolver.addresses("corp.example", 6) == ("2001:db8::1",)
        assert await resolver.mx("corp.example") == ("a.corp.example", "b.corp.example")
        assert len(await resolver.txt("alias.example")) == 2


async def test_no_such_name_and_nothing_there_are_empty_answers() -> None:
    async with asking(zone(WORLD)) as (resolver, server):
        for name in (
            "nothing.example",
            "empty.example",
            "a..b",
            "x" * 64 + ".example",
            "a." * 200,
            "",
            "\udcff.x",
        ):
            assert await resolver.txt(name) == ()
        assert len(server.asked) <= 3


async def test_a_circle_of_aliases_ends() -> None:
    async with asking(zone(WORLD)) as (resolver, _):
        with pytest.raises(Unresolved):
            await resolver.txt("loop.example")


async def test_huge_answers_are_cut() -> None:
    async with asking(zone(WORLD)) as (resolver, _):
        (text,) = await resolver.txt("huge.example")
        assert text == b"x" * TEXT_LIMIT
        assert len(await resolver.addresses("many.example", 4)) == ANSWER_LIMIT


async def test_an_answer_is_remembered() -> None:
    async with asking(zone(WORLD)) as (resolver, server):
        for _ in range(3):
            await resolver.txt("corp.example")
            await resolver.txt("nothing.example")
        assert len(server.asked) == 2


async def test_memory_is_bounded() -> None:
    async with asking(zone({})) as (resolver, _):
        for number in range(MEMORY + 10):
            await resolver.txt(f"{number}..bad")
        assert len(resolver._remembered) == MEMORY


async def test_a_silent_server_is_given_up_and_not_asked_again_at_once() -> None:
    async with asking(lambda _: None, seconds=0.3) as (resolver, server):
        loop = asyncio.get_running_loop()
        start = loop.time()
        with pytest.raises(Unresolved):
            await resolver.txt("corp.example")
        assert loop.time() - start < 2
        asked = len(server.asked)
        with pytest.raises(Unresolved):
            await resolver.txt("corp.example")
        assert len(server.asked) == asked


async def test_garbage_instead_of_an_answer_is_no_answer() -> None:
    async with name_server(zone(WORLD)) as server:
        server._respond = lambda data: data[:2] + b"\xff" * 40  # type: ignore[method-assign]  # a server gone mad
        resolver = DnsResolver([server.address], seconds=0.3)
        with pytest.raises(Unresolved):
            await resolver.txt("corp.example")


@pytest.mark.parametrize("text", ["ns.example", "127.0.0.1:x", "1.2.3.4.5", ""])
def test_a_name_server_that_is_no_address_is_a_mistake_of_the_configuration(text: str) -> None:
    with pytest.raises(ConfigError, match=r"senders\.nameservers"):
        DnsResolver([text])


def test_name_servers_may_have_ports_and_six_letters() -> None:
    DnsResolver(["127.0.0.1", "127.0.0.1:5353", "2001:db8::1", "[2001:db8::1]:5353"])
