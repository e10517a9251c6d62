"""What somebody changes of what they have said: a note, and a request only when it newly calls the desk (I11)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.desk.outcome import Reason, Result
from bot.store import inbox
from bot.store.engine import Tx
from tests.channels.slack_world import World, slack_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with slack_world(tmp_path) as made:
        yield made


async def test_i11_a_message_that_calls_us_only_since_it_was_changed_is_a_request(world: World) -> None:
    channel, us = world.house.workspace.conversations["C1"], world.house.workspace.bot_user
    said = await world.house.says("U1", channel, "the beamer is off")
    await world.house.edits(channel, said, f"<@{us}> the beamer is off")
    assert await world.keys() == [f"C1:{said.ts}"]
    assert await world.texts() == ["the beamer is off"]
    await world.house.tells_again()
    await world.house.edits(channel, said, f"<@{us}> the beamer is off and hot")
    assert await world.texts() == ["the beamer is off", "edited: the beamer is off and hot"]


async def test_i11_a_change_of_what_called_us_before_and_was_never_kept_begins_nothing(world: World) -> None:
    channel, us = world.house.workspace.conversations["C1"], world.house.workspace.bot_user
    said = await world.house.says("U1", channel, f"<@{us}> the beamer is off", tell=False)
    await world.house.edits(channel, said, f"<@{us}> the beamer is hot")
    direct = world.house.workspace.direct("U1")
    unknown = await world.house.says("U1", direct, "long ago", tell=False)
    await world.house.edits(direct, unknown, "long, long ago")
    assert await world.keys() == []


async def test_i11_a_call_in_a_channel_that_is_not_ours_stays_none_when_it_is_changed(tmp_path: Path) -> None:
    async with slack_world(tmp_path, channels=("C2",)) as world:
        channel, us = world.house.workspace.conversations["C1"], world.house.workspace.bot_user
        said = await world.house.says("U1", channel, "the beamer is off")
        await world.house.edits(channel, said, f"<@{us}> the beamer is off")
        assert await world.keys() == []


async def test_i11_a_greeting_that_becomes_a_request_is_one(world: World) -> None:
    direct = world.house.workspace.direct("U1")
    said = await world.house.says("U1", direct, "hi")

    def greeted(tx: Tx) -> None:
        (claim,) = inbox.claim(tx, "desk", 1, timedelta(minutes=1))
        inbox.finish(tx, claim, outcome=Result.IGNORED, reason=Reason.GREETED)

    await world.store.write(greeted)
    await world.house.edits(direct, said, "hi, the printer is broken")
    await world.house.tells_again()
    last = (await world.messages())[-1]
    assert (last.text, last.thread_keys) == ("hi, the printer is broken", ())
    assert last.external_id == f"{direct.id}/{said.ts}"
    assert len(await world.keys()) == 2
