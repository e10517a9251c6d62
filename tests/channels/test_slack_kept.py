"""What comes from Slack is kept before Slack is told, once however often it comes, and trouble is told (I1, I2, I4)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.channels.slack_world import World, slack_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with slack_world(tmp_path) as made:
        yield made


async def test_i1_slack_is_told_only_after_the_commit(world: World) -> None:
    goes, waits = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        waits.set()
        await goes.wait()

    world.before_commit = hold
    saying = asyncio.create_task(world.house.says("U1", world.house.workspace.direct("U1"), "it is broken"))
    await waits.wait()
    assert world.house.last_envelope not in world.house.acknowledged
    assert await world.keys() == []
    goes.set()
    await saying
    assert world.house.last_envelope in world.house.acknowledged
    assert len(await world.keys()) == 1


async def test_i1_what_cannot_be_kept_is_not_acknowledged_and_comes_again(world: World) -> None:
    world.away, world.house.patience = True, 0.3
    direct = world.house.workspace.direct("U1")
    with pytest.raises(TimeoutError):
        await world.house.says("U1", direct, "it is broken")
    world.away, world.house.patience = False, 10
    await world.house.tells_again()
    assert await world.texts() == ["it is broken"]


async def test_i1_what_takes_longer_than_slack_waits_is_not_acknowledged_but_kept(world: World) -> None:
    goes = asyncio.Event()
    world.before_commit = goes.wait
    world.house.patience = 3.0
    with pytest.raises(TimeoutError):
        await world.house.says("U1", world.house.workspace.direct("U1"), "it is broken")
    goes.set()
    world.before_commit, world.house.patience = None, 10
    await world.house.tells_again()
    assert await world.texts() == ["it is broken"]


async def test_i2_the_same_event_four_times_is_one_message(world: World) -> None:
    await world.house.says("U1", world.house.workspace.direct("U1"), "it is broken")
    for retry in (1, 2, 3):
        await world.house.tells_again(retry)
    assert await world.texts() == ["it is broken"]


async def test_i2_two_instances_keep_one_message(tmp_path: Path) -> None:
    async with (
        slack_world(tmp_path) as first,
        slack_world(tmp_path, house=first.house, store=first.store) as second,
    ):
        await first.house.says("U1", first.house.workspace.direct("U1"), "it is broken")
        first.house.sockets.reverse()
        for retry in (1, 2, 3):
            await first.house.tells_again(retry)
        assert await first.texts() == await second.texts() == ["it is broken"]


async def test_i4_an_event_for_another_app_or_team_is_left_alone(world: World) -> None:
    direct = world.house.workspace.direct("U1")
    await world.house.says("U1", direct, "ours")
    told = world.house.last_event
    for wrong in ({"api_app_id": "A0OTHER"}, {"team_id": "T0", "authorizations": [{"team_id": "T0"}]}):
        event = {**told["event"], "ts": "1700000000.000009", "event_ts": "1700000000.000009"}
        await world.house.send("events_api", {**told, **wrong, "event": event})
    assert await world.texts() == ["ours"]


async def test_a_revoked_token_is_told_to_a_person_once(tmp_path: Path) -> None:
    async with slack_world(tmp_path, app_token="xapp-wrong", run=False) as world:
        serving = asyncio.create_task(world.door.run(world.accept))
        async with asyncio.timeout(10):
            while len(world.house.called("apps.connections.open")) < 3:
                async with world.house.sent:
                    await world.house.sent.wait()
        serving.cancel()
        await asyncio.wait([serving])
        assert world.alarms == ["Slack refuses apps.connections.open: invalid_auth"]
        assert not await world.door.serving()


async def test_bolt_leaves_our_own_log_as_it_is(world: World) -> None:
    ours = logging.getLogger("deskbot")
    before = (ours.level, ours.getEffectiveLevel(), ours.disabled)
    await world.house.says("U1", world.house.workspace.direct("U1"), "it is broken")
    assert (ours.level, ours.getEffectiveLevel(), ours.disabled) == before
