"""What a real Dovecot does to connections and how much it can hold."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from time import monotonic

import pytest

from tests.channels.imap_world import World, mail, section
from tests.peers.dovecot import Dovecot


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path)
    yield made
    made.store.close()


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
async def test_b6_killed_connections_are_made_again_and_no_mail_is_lost(
    world: World, own_dovecot: Dovecot, tls: str
) -> None:
    user = own_dovecot.new_user()
    port = own_dovecot.imaps if tls == "implicit" else own_dovecot.imap
    async with world.reading(section(own_dovecot, user, poll="2s", port=port, tls=tls)) as told:
        for number in range(1, 4):
            await told.again()
            await asyncio.to_thread(own_dovecot.kill_connections)
            await asyncio.to_thread(own_dovecot.deliver, user, mail(number))
            await world.has(number)
            await told.until("disconnected", number)
    assert world.subjects() == ["Request 1", "Request 2", "Request 3"]


async def test_b6_a_server_that_is_stopped_for_a_while_is_found_again(
    world: World, own_dovecot: Dovecot
) -> None:
    user = own_dovecot.new_user()
    async with world.reading(section(own_dovecot, user)) as told:
        await told.until("looked")
        await asyncio.to_thread(own_dovecot.stop)
        await told.until("disconnected", 2)
        await asyncio.to_thread(own_dovecot.start)
        await asyncio.to_thread(own_dovecot.deliver, user, mail(1))
        await world.has(1)


async def test_first_run_new_takes_only_what_comes_from_now_on(world: World, dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    dovecot.deliver(user, mail("old"))
    for number in (1, 2):  # and after a restart as well
        async with world.reading(section(dovecot, user, first_run="new")) as told:
            await told.until("looked")
            await asyncio.to_thread(dovecot.deliver, user, mail(number))
            await world.has(number)
            await told.again()
    assert world.subjects() == ["Request 1", "Request 2"]
    assert dovecot.count(user) == 1


async def test_marked_mail_stays_and_is_taken_once(world: World, dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    dovecot.deliver(user, mail(1), mail(2))
    for _ in range(2):
        async with world.reading(section(dovecot, user, after="flag")) as told:
            await told.until("looked")
    assert world.accepted == 2
    assert dovecot.count(user) == 2
    with dovecot.client(user) as client:
        client.select("INBOX", readonly=True)
        assert client.search(None, "SEEN")[1][0].split() == [b"1", b"2"]


async def test_b1_a_fetch_marks_nothing(world: World, dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    dovecot.deliver(user, mail(1))
    flags: list[bytes] = []

    def look(_: object) -> None:
        with dovecot.client(user) as client:
            client.select("INBOX", readonly=True)
            flags.extend(client.search(None, "SEEN")[1][0].split())

    world.before_accept = look
    async with world.reading(section(dovecot, user)) as told:
        await told.until("looked")
    assert world.accepted == 1
    assert flags == []


async def test_folders_with_any_name_are_made_and_used(world: World, dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    dovecot.deliver(user, mail(1))
    name = "已处理/Ärger & Co"
    async with world.reading(section(dovecot, user, processed=name)) as told:
        await told.until("looked")
    with dovecot.client(user) as client:
        listed = b"\n".join(line for line in client.list()[1] if isinstance(line, bytes))
    assert b"&XfJZBHQG-/&AMQ-rger &- Co" in listed


async def test_new_mail_is_in_the_inbox_within_a_second(world: World, dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    seconds = []
    async with world.reading(section(dovecot, user, poll="3s")) as told:
        for number in range(1, 6):
            await told.again()
            began = monotonic()
            await asyncio.to_thread(dovecot.deliver, user, mail(number))
            await world.has(number)
            seconds.append(monotonic() - began)
    assert sorted(seconds)[2] < 1.0


@pytest.mark.parametrize(
    "number", [300, pytest.param(10_000, marks=[pytest.mark.bench, pytest.mark.timeout(600)])]
)
async def test_a_full_mailbox_is_taken_at_a_steady_pace(world: World, dovecot: Dovecot, number: int) -> None:
    user = dovecot.new_user()
    dovecot.deliver(user, *(mail(n, body="x" * 2000) for n in range(number)))
    began = monotonic()
    async with world.reading(section(dovecot, user)) as told:
        await told.until("looked", patience=300)
    pace = number / (monotonic() - began)
    print(f"\n{number} mails: {pace:.0f} a second")
    assert world.accepted == number
    assert len(world.rows()) == number
    assert dovecot.count(user, "Processed") == number
    assert pace > 50
