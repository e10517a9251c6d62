"""Whole conversations by Telegram, through the running bot."""

from __future__ import annotations

from pathlib import Path

from tests.channels.telegram_world import ANNA, BEN, telegram_world


async def test_a_message_opens_a_ticket_with_a_topic_and_the_agents_words_come_back(tmp_path: Path) -> None:
    async with telegram_world(tmp_path) as world:
        asked = await world.house.says(ANNA, "The printer on floor 2 is on fire")
        await world.until(lambda: "HD-1" in world.said_to(ANNA))
        await world.until(lambda: world.team.topics)
        topic = next(iter(world.team.topics))
        await world.until(lambda: world.team.texts(topic))
        assert world.team.topics[topic]["name"].startswith("HD-1 \u00b7 new \u00b7 The printer")
        assert world.house.world.chats[ANNA].last().answers == asked.id

        await world.house.says(BEN, "Somebody is on the way with water.", world.team, topic=topic)
        await world.until(lambda: "on the way with water" in world.said_to(ANNA))
