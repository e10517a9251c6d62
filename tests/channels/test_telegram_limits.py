"""What Telegram allows, and what happens when nobody knows whether a message arrived."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bot.channels.telegram_sender import RATES
from tests.channels.telegram_world import ANNA, telegram_world
from tests.channels.test_telegram_sender import an_out
from tests.peers.telegram import Fault


async def test_j5_what_must_wait_comes_once_and_before_what_was_said_after_it() -> None:
    async with an_out() as out:
        out.house.fail("sendMessage", Fault(429, retry_after=1))
        await asyncio.gather(*(out.say(words) for words in ("one", "two", "three")))
        assert out.house.world.chats[ANNA].texts() == ["one", "two", "three"]
        refused, again, *_ = out.house.times("sendMessage")
        assert again - refused >= 1.0


def test_j5_the_door_keeps_to_what_telegram_allows() -> None:
    """That these are kept is the business of the turns, and of their tests."""
    assert (RATES.all_most, RATES.all_seconds, RATES.every, RATES.group_most) == (30, 1.0, 1.0, 20)
    assert RATES.group_seconds == 60.0


async def test_j8_an_acknowledgement_that_may_have_arrived_is_not_sent_again(tmp_path: Path) -> None:
    nobody = {"first-line": {"name": "First line"}}
    async with telegram_world(tmp_path, teams=nobody, agents={}) as world:
        world.house.fail("sendMessage", Fault(hang=True))
        await world.house.says(ANNA, "The printer on floor 2 is on fire and I cannot put it out")
        await world.until(lambda: [row.state for row in world.outbox()] == ["unknown"])
        assert len(world.house.called("sendMessage")) == 1
        assert "delivery.ended" in [row.action for row in world.events()], "the ticket says so"
        await world.house.says(ANNA, "/status")
        await world.until(lambda: "HD-1" in world.said_to(ANNA))
        assert next((row.event, row.state) for row in world.outbox()) == ("received", "unknown")
