"""What a mail server can do to us, played by a scripted one (SECURITY.md, part B)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from bot.channels.imap import Pauses
from bot.errors import StoreError, StoreUnavailable
from bot.message import Payload
from tests.channels.imap_world import QUICK, World, mail, scripted
from tests.peers.imap_server import Fault, ImapServer


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path)
    yield made
    made.store.close()


def requests(*numbers: int) -> list[str]:
    return [f"Request {number}" for number in numbers]


async def test_b3_without_move_a_mail_is_copied_and_only_it_is_expunged(world: World) -> None:
    async with ImapServer(mail("other"), capabilities="IMAP4rev1 IDLE UIDPLUS") as server:
        server.folders["INBOX"][0].flags.add("\\Deleted")  # by another program, which may think again
        async with world.reading(scripted(server, first_run="new")) as told:
            await told.until("looked")
            server.add(mail(1))
            await world.has(1)
            await told.again()
        assert server.uids() == [1]
        assert [found.raw for found in server.folders["Processed"]] == [mail(1)]
        assert not [c for c in server.commands if c.startswith(("EXPUNGE", "CLOSE"))]


async def test_b3_a_mail_that_cannot_be_moved_stays_and_is_told(world: World) -> None:
    async with ImapServer(mail(1), mail(2)) as server:
        server.faults = [Fault("UID MOVE", "no", times=99)]
        async with world.reading(scripted(server)) as told:
            await told.until("not-moved")
            server.add(mail(3))
            await world.has(3)
            await told.again()
            assert world.accepted == 3
        assert server.uids() == [1, 2, 3]


async def test_b3_a_connection_that_drops_after_copy_makes_one_row_and_two_copies_at_most(
    world: World,
) -> None:
    async with ImapServer(mail(1), capabilities="IMAP4rev1 IDLE UIDPLUS") as server:
        server.faults = [Fault("UID COPY", "drop", after=True)]
        async with world.reading(scripted(server)) as told:
            await told.until("looked")
        assert world.subjects() == requests(1)
        assert server.uids() == []
        assert len(server.folders["Processed"]) == 2


async def test_b3_without_uidplus_a_mail_is_only_marked(world: World) -> None:
    async with ImapServer(mail(1), capabilities="IMAP4rev1 IDLE") as server:
        async with world.reading(scripted(server)) as told:
            await told.until("looked")
            server.add(mail(2))
            await world.has(2)
            await told.again()
        assert [found.flags for found in server.folders["INBOX"]] == [{"\\Seen"}, {"\\Seen"}]
        assert not [c for c in server.commands if "Deleted" in c or "EXPUNGE" in c]
        fetched = [c for c in server.commands if "BODY.PEEK[]" in c]
        async with world.reading(scripted(server)) as told:
            await told.until("looked")
        assert [c for c in server.commands if "BODY.PEEK[]" in c] == fetched


@pytest.mark.parametrize("after", ["move", "flag"])
async def test_b4_a_changed_uidvalidity_makes_no_doubles_and_loses_nothing(world: World, after: str) -> None:
    async with ImapServer(*(mail(n) for n in range(50)), capabilities="IMAP4rev1 IDLE") as server:
        section = scripted(server, after=after)
        async with world.reading(section) as told:
            await told.until("looked")
        server.renumber(7)
        server.folders["INBOX"].insert(0, server.add(mail("new")))
        server.folders["INBOX"].pop()
        server.renumber(8)
        async with world.reading(section) as told:
            await told.until("looked")
            assert "uidvalidity-changed" in told.events
        assert sorted(world.subjects()) == sorted([*requests(*range(50)), "Request new"])


async def test_b4_mail_from_before_the_first_run_stays_alone_under_new_numbers(world: World) -> None:
    async with ImapServer(mail(1), mail(2)) as server:
        section = scripted(server, first_run="new")
        async with world.reading(section) as told:
            await told.until("looked")
            server.add(mail(3), date="03-Mar-2026 09:00:00 +0000")
            await world.has(1)
            await told.again()
        server.renumber(2, start=100)
        server.add(mail(4), date="04-Mar-2026 09:00:00 +0000")
        async with world.reading(section) as told:
            await told.until("looked")
        assert world.subjects() == requests(3, 4)
        assert len(server.uids()) == 2


@pytest.mark.parametrize("valid", [None, 0])
async def test_b5_without_uidvalidity_nothing_is_lost_nor_doubled(world: World, valid: int | None) -> None:
    async with ImapServer(mail(1), mail(2), capabilities="IMAP4rev1 IDLE") as server:
        server.uidvalidity = valid
        async with world.reading(scripted(server)) as told:
            await told.until("looked")
        server.renumber(valid, start=1)
        server.add(mail(3))
        server.folders["INBOX"].reverse()
        server.renumber(valid, start=1)
        async with world.reading(scripted(server)) as told:
            await told.until("looked")
        assert sorted(world.subjects()) == requests(1, 2, 3)


async def test_b6_a_server_that_is_silently_gone_is_found_out_by_the_poll(world: World) -> None:
    async with ImapServer() as server:
        server.announces = False
        server.faults = [Fault("IDLE", "hang", times=1)]
        async with world.reading(scripted(server, poll="1s", timeout="1s")) as told:
            await server.said("IDLE")
            server.add(mail(1))
            await world.has(1)
            assert "disconnected" in told.events


async def test_b7_mail_that_comes_between_search_and_idle_is_not_waited_for(world: World) -> None:
    async with ImapServer() as server:
        server.announces = False
        async with world.reading(scripted(server, poll="10m")) as told:
            await server.said("UID SEARCH")
            server.add(mail(1))
            await world.has(1)
            await told.again()


@pytest.mark.parametrize("words", [b"* 1 EXISTS\r\n+ idling\r\n", b"+ idling\r\n* 1 EXISTS\r\n"])
async def test_b7_news_that_come_with_the_beginning_of_idle_are_heard(world: World, words: bytes) -> None:
    async with ImapServer() as server:
        server.announces = False
        async with world.reading(scripted(server, poll="10m")) as told:
            await told.until("looked", 2)
            await server.said("IDLE", 2)
            server.faults = [Fault("IDLE", "", words=words)]
            server.add(mail(1))
            server.announces = True
            server.add(mail(2))
            await world.has(2)


async def test_b8_a_mail_that_cannot_be_fetched_goes_to_the_failed_folder_and_blocks_nobody(
    world: World,
) -> None:
    async with ImapServer(*(mail(n) for n in range(1, 11))) as server:
        server.faults = [Fault("UID FETCH", "no", times=99, uid=5, holding="BODY.PEEK[]")]
        async with world.reading(scripted(server)) as told:
            await told.until("set-aside")
            await told.again()
        assert sorted(world.subjects()) == sorted(requests(*range(1, 11)))
        assert server.uids() == []
        assert len(server.folders["Processed"]) == 9
        assert len(server.folders["Failed"]) == 1
        [noted] = [row for row in world.rows() if b"could not be read" in row.raw]
        assert b"Subject: Request 5" in noted.raw
        tries = [c for c in server.commands if c.startswith("UID FETCH 5 (BODY.PEEK[])")]
        assert len(tries) == 3


async def test_b8_a_mail_that_kills_its_connection_is_found_and_set_aside(world: World) -> None:
    async with ImapServer(*(mail(n) for n in range(1, 6))) as server:
        server.faults = [Fault("UID FETCH", "drop", times=99, uid=3, holding="BODY.PEEK[]")]
        async with world.reading(scripted(server)) as told:
            await told.until("set-aside")
            await told.again()
        assert sorted(world.subjects()) == sorted(requests(1, 2, 3, 4, 5))
        assert len(server.folders["Failed"]) == 1


async def test_b8_a_mail_that_the_store_refuses_is_set_aside(world: World) -> None:
    def refuse(payload: Payload) -> None:
        if b"Subject: Request 2" in payload.raw and b"could not be read" not in payload.raw:
            raise StoreError("no")

    world.before_accept = refuse
    async with ImapServer(mail(1), mail(2), mail(3)) as server:
        async with world.reading(scripted(server)) as told:
            await told.until("set-aside")
            await told.again()
        assert len(server.folders["Failed"]) == 1
        assert sorted(world.subjects()) == requests(1, 2, 3)


async def test_b8_a_mail_in_trouble_that_somebody_takes_away_is_forgotten(world: World) -> None:
    pauses = replace(QUICK, again_after=0.3)
    async with ImapServer(mail(1), mail(2)) as server:
        server.faults = [Fault("UID FETCH", "no", times=99, uid=1, holding="BODY.PEEK[]")]
        async with world.reading(scripted(server, poll="10m"), pauses=pauses) as told:
            await told.until("mail-failed")
            del server.folders["INBOX"][0]
            await server.said("UID SEARCH", 4)
            searches = len([c for c in server.commands if c.startswith("UID SEARCH")])
            server.add(mail(3))
            await world.has(2)
            await told.again()
        assert searches < 10
        assert told.events.count("mail-failed") == 1
        assert sorted(world.subjects()) == requests(2, 3)


async def test_x10_while_the_database_is_away_mail_waits_where_it_is(world: World) -> None:
    away = True

    def refuse(_: Payload) -> None:
        if away:
            raise StoreUnavailable("away")

    world.before_accept = refuse
    async with ImapServer(mail(1)) as server:
        async with world.reading(scripted(server)) as told:
            await told.until("store-away")
            assert server.uids() == [1]
            away = False
            await world.has(1)
            await told.again()
        assert server.uids() == []
        assert "mail-failed" not in told.events


async def test_b9_a_giant_mail_is_not_fetched_and_a_ticket_tells_of_it(world: World) -> None:
    async with ImapServer(mail(1), mail(3)) as server:
        server.add(mail(2, Content_Type="text/html"), size=200_000_000)
        async with world.reading(scripted(server)) as told:
            await told.until("looked")
            assert "too-large" in told.events
        assert not [c for c in server.commands if c.startswith("UID FETCH 3 (BODY.PEEK[])")]
        [note] = [row.raw for row in world.rows() if b"200.0 MB" in row.raw]
        assert b"Subject: Request 2" in note
        assert b"text/html" not in note
        assert b"printer" not in note
        assert server.uids() == []


async def test_b10_a_refused_login_is_tried_slowly_told_once_and_recovers(world: World) -> None:
    async with ImapServer(mail(1)) as server:
        server.password = "changed"
        async with world.reading(scripted(server)) as told:
            await told.until("login-refused", 3)
            assert len(told.alarms) == 1
            assert not told.serving
            gaps = [b - a for a, b in pairwise(server.logins)]
            assert min(gaps) >= QUICK.refused * 0.95
            server.password = "right"
            await world.has(1)
            assert told.serving
    assert Pauses().refused >= 300


async def test_b10_a_login_that_fails_because_the_server_is_busy_is_no_refusal(world: World) -> None:
    async with ImapServer(mail(1)) as server:
        server.faults = [
            Fault("LOGIN", "bye"),
            Fault("LOGIN", "drop"),
        ]
        async with world.reading(scripted(server)) as told:
            await world.has(1)
            assert "throttled" in told.events
            assert "disconnected" in told.events
            assert "login-refused" not in told.events


async def test_b12_a_server_that_sends_us_away_is_asked_ever_more_rarely(world: World) -> None:
    pauses = Pauses(first=0.02, longest=1.0, settle=0.1)
    async with ImapServer(mail(1)) as server:
        server.faults = [Fault("SELECT", "bye", times=6)]
        async with world.reading(scripted(server), pauses=pauses) as told:
            await world.has(1)
            assert told.events.count("throttled") == 6
        assert told.delays[5] > told.delays[3] > told.delays[1] > told.delays[0]
        assert len({round(delay / 0.02, 3) for delay in told.delays}) == 6


async def test_b12_the_time_that_a_server_names_is_waited(world: World) -> None:
    words = b"* BYE Request is throttled. Suggested Backoff Time: 700 milliseconds\r\n"
    async with ImapServer(mail(1)) as server:
        server.faults = [Fault("SELECT", "drop", words=words)]
        async with world.reading(scripted(server)) as told:
            await world.has(1)
        assert told.delays[0] >= 0.7 * 0.8


@pytest.mark.parametrize(
    "command",
    ["CAPABILITY", "LOGIN", "SELECT", "UID SEARCH", "UID FETCH", "LIST", "UID MOVE", "IDLE", "CREATE"],
)
@pytest.mark.parametrize("when", ["before", "after"])
async def test_x8_a_connection_that_drops_at_any_command_loses_and_doubles_nothing(
    world: World, command: str, when: str
) -> None:
    async with ImapServer(mail(1), mail(2)) as server:
        server.faults = [Fault(command, "drop", after=when == "after")]
        async with world.reading(scripted(server)) as told:
            await told.until("disconnected")
            server.add(mail(3))
            await world.has(3)
            await told.again()
        assert sorted(world.subjects()) == requests(1, 2, 3)
        assert server.uids() == []
        assert len(server.folders["Processed"]) == 3


async def test_b15_a_giant_literal_ends_the_connection_and_takes_no_memory(world: World) -> None:
    import resource

    async with ImapServer(mail(1)) as server:
        server.literal = lambda _, raw: b"{4294967295}\r\n" + raw
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        async with world.reading(scripted(server)) as told:
            await told.until("set-aside")
        assert "disconnected" in told.events
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32_000


@pytest.mark.parametrize(
    "words",
    [
        b"* " + b"x" * 70_000,
        b"* 1 FETCH (UID 1 BODY[] {99999999999999999999}\r\n",
        b"* SEARCH " + b"1 " * 1000 + b"(((((\r\n",
        b"+ what\r\n",
        b"\x00\xff\xfe\r\n",
        b"* 1 FETCH (" + b"(" * 5000 + b"\r\n",
        b"A1 OK\r\n",
    ],
)
async def test_b15_nonsense_ends_the_connection_and_the_next_one_works(world: World, words: bytes) -> None:
    async with ImapServer(mail(1)) as server:
        server.faults = [Fault("UID SEARCH", "drop", words=words)]
        async with world.reading(scripted(server)) as told:
            await world.has(1)
            await told.until("looked")
        assert world.subjects() == requests(1)


async def test_b15_a_folder_name_is_quoted_whatever_it_holds(world: World) -> None:
    name = 'Ärger & "Co"/done'
    async with ImapServer(mail(1)) as server:
        async with world.reading(scripted(server, processed=name)) as told:
            await told.until("looked")
        [made] = [c for c in server.commands if c.startswith("CREATE")]
        assert made == 'CREATE "&AMQ-rger &- \\"Co\\"/done"'
    with pytest.raises(ValueError, match="control"):
        scripted(server, processed="x\r\nA1 DELETE INBOX")


async def test_a_door_that_is_told_to_stop_does_so_at_once_wherever_it_is(world: World) -> None:
    loop = asyncio.get_running_loop()
    for command in ("CAPABILITY", "LOGIN", "SELECT", "UID FETCH"):
        async with ImapServer(mail(command)) as server:
            server.faults = [Fault(command, "hang")]
            async with world.reading(scripted(server, timeout="60s")):
                await server.said(command)
                started = loop.time()
            assert loop.time() - started < 4.5
    async with ImapServer() as server:
        async with world.reading(scripted(server, poll="10m")) as told:
            await told.until("looked", 2)
            await server.said("IDLE", 2)
            started = loop.time()
        assert loop.time() - started < 1
