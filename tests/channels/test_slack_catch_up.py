"""What was missed is asked for from history, and nothing comes twice."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from pathlib import Path

import pytest

from bot import clock
from bot.store import chat_progress, threads
from tests.channels.slack_world import NAME, World, furnish, slack_world
from tests.peers.slack import SlackHouse, slack_house
from tests.peers.slack.house import Fault


async def back_again(world: World) -> None:
    """The connection stands, and all that was missed is kept."""
    async with asyncio.timeout(10):
        await world.house.connected.wait()
        await world.door.caught_up.wait()


async def cut(world: World) -> None:
    """No connection, and none to be had."""
    world.house.refuse_sockets = True
    await world.house.drop_sockets()
    await world.house.until(lambda: not world.house.sockets and not world.door.caught_up.is_set())


async def test_i5_twenty_messages_while_the_network_is_away_come_once(tmp_path: Path) -> None:
    async with slack_world(tmp_path) as world:
        house = world.house
        house.workspace.largest_page = 7
        direct, channel = house.workspace.direct("U1"), house.workspace.conversations["C1"]
        first = await house.says("U1", direct, "before")
        asked = await house.mentions("U2", channel, "before as well")
        await cut(world)
        for number in range(8):
            await house.says("U1", direct, f"direct {number}", tell=False)
            await house.says("U2", channel, f"lunch {number}", tell=False)
        for number in range(6):
            await house.says("U2", channel, f"<@U0BOT> mention {number}", tell=False)
        for number in range(6):
            await house.says("U2", channel, f"answer {number}", thread=asked.ts, tell=False)
        house.refuse_sockets = False
        await back_again(world)
        texts = await world.texts()
        assert sorted(texts[2:]) == sorted(
            [f"direct {n}" for n in range(8)]
            + [f"mention {n}" for n in range(6)]
            + [f"answer {n}" for n in range(6)]
        )
        assert texts[:2] == ["before", "before as well"]
        assert len(set(await world.keys())) == len(texts)
        assert first.ts


async def test_x16_a_socket_that_slack_refreshes_loses_nothing(tmp_path: Path) -> None:
    async with slack_world(tmp_path) as world:
        direct = world.house.workspace.direct("U1")
        await world.house.says("U1", direct, "one")
        await world.house.ask_to_reconnect()
        await world.house.says("U1", direct, "between", tell=False)
        await back_again(world)
        await world.until_kept(2)
        await world.house.says("U1", direct, "three")
        assert await world.texts() == ["one", "between", "three"]


async def test_x11_what_slack_gave_up_on_while_the_store_was_away_is_caught_up(tmp_path: Path) -> None:
    async with slack_world(tmp_path) as world:
        direct = world.house.workspace.direct("U1")
        await world.house.says("U1", direct, "before")
        world.away, world.house.patience = True, 0.1
        for number in range(3):
            with pytest.raises(TimeoutError):
                await world.house.says("U1", direct, f"away {number}")
        world.away, world.house.patience = False, 10
        await world.until_kept(4)
        assert await world.texts() == ["before", "away 0", "away 1", "away 2"]


async def test_x10_what_was_refused_while_the_store_was_away_comes_once_though_slack_repeats_it(
    tmp_path: Path,
) -> None:
    async with slack_world(tmp_path) as world:
        direct = world.house.workspace.direct("U1")
        world.away, world.house.patience = True, 0.1
        with pytest.raises(TimeoutError):
            await world.house.says("U1", direct, "it is broken")
        world.away, world.house.patience = False, 10
        await world.house.tells_again(1)
        await world.house.tells_again(2)
        await back_again(world)
        assert await world.texts() == ["it is broken"]


async def test_a_process_that_was_down_asks_for_what_it_missed(tmp_path: Path) -> None:
    async with slack_house() as house:
        furnish(house)
        channel, direct = house.workspace.conversations["C1"], house.workspace.direct("U1")
        async with slack_world(tmp_path, house=house) as world:
            said = await house.says("U1", direct, "It is down")
            card = await house.says("U2", channel, "card", tell=False)
            await world.joined(channel, card, threads.ROOM)
        await house.until(lambda: not house.sockets)
        await house.edits(direct, said, "It is down since ten", tell=False)
        await house.says("U2", channel, "we look at it", thread=card.ts, tell=False)
        new = await house.says("U2", house.workspace.direct("U2"), "never wrote before", tell=False)
        noted = await house.says("U2", channel, "the door is stuck", tell=False)
        noted.reactions["ticket"] = {"U1"}
        async with slack_world(tmp_path, house=house) as world:
            texts = await world.texts()
            assert sorted(texts) == sorted(
                [
                    "It is down",
                    "edited: It is down since ten",
                    "we look at it",
                    "never wrote before",
                    "the door is stuck",
                ]
            )
            assert f"D2:{new.ts}" in await world.keys()


async def test_a_door_that_is_new_leaves_old_history_alone(tmp_path: Path) -> None:
    async with slack_house() as house:
        furnish(house)
        old = await house.says("U1", house.workspace.direct("U1"), "years ago", tell=False)
        old.ts = "1500000000.000100"
        async with slack_world(tmp_path, house=house) as world:
            assert await world.texts() == []


async def test_how_far_the_door_is_goes_forward_only(tmp_path: Path) -> None:
    async with slack_world(tmp_path) as world:
        later = f"{clock.now().timestamp() + 1000:.6f}"
        await world.store.write(lambda tx: chat_progress.advance(tx, NAME, later))
        await world.house.says("U1", world.house.workspace.direct("U1"), "hello, it is broken")
        await world.door._catch_up.note_progress()
        known = await world.store.read(lambda tx: chat_progress.positions(tx, NAME))
        assert known[""] == later
        assert known["D1"].startswith("1")


async def test_slack_that_asks_for_patience_gets_it(tmp_path: Path) -> None:
    async with slack_house() as house:
        furnish(house)
        async with slack_world(tmp_path, house=house):
            pass
        house.connected.clear()
        await house.says("U1", house.workspace.direct("U1"), "while it was down", tell=False)
        house.fail("conversations.history", Fault(status=429, retry_after=1), Fault(status=502))
        async with slack_world(tmp_path, house=house) as world:
            await world.until_kept(1)
            assert await world.texts() == ["while it was down"]
            calls = [at for name, _, at in house.calls if name == "conversations.history"]
            assert any(later - earlier >= 0.95 for earlier, later in pairwise(calls))


async def test_files_that_took_longer_than_slack_waits_come_after_the_message(tmp_path: Path) -> None:
    async with slack_world(tmp_path) as world:
        house: SlackHouse = world.house
        house.slow_files = asyncio.Event()
        direct = house.workspace.direct("U1")
        await house.says("U1", direct, "see the film", files=[("film.mp4", "video/mp4", b"x" * 10_000)])
        assert [len(m.attachments) for m in await world.messages()] == [0]
        house.slow_files.set()
        first, second = await world.until_kept(2)
        assert second.thread_keys == (first.external_id,)
        assert [(file.name, file.size) for file in second.attachments] == [("film.mp4", 10_000)]
