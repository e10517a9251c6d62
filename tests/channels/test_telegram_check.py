"""What ``deskbot check`` says of a bot."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.channels.telegram_bots import check
from bot.errors import ChannelError, ConfigError
from tests.channels.telegram_world import TEAM, a_house_config
from tests.peers.telegram import telegram_house


async def test_a_bot_whose_group_lacks_something_is_told_what(tmp_path: Path) -> None:
    async with telegram_house() as house:
        config = a_house_config(house, tmp_path)
        with pytest.raises(ConfigError, match="add the bot to the group"):
            await check(config, "tg")
        team = house.world.add_group(TEAM, "First line")
        assert "has no topics" in await check(config, "tg")
        team.forum, team.rights = True, False
        with pytest.raises(ConfigError, match="manage topics"):
            await check(config, "tg")
        team.rights = True
        assert "is ready, one topic for each ticket" in await check(config, "tg")
        house.world.webhook = {"url": "https://other.example/hook"}
        with pytest.raises(ConfigError, match="a webhook is set"):
            await check(config, "tg")
        assert house.called("deleteWebhook") == []


async def test_a_wrong_token_is_told(tmp_path: Path) -> None:
    async with telegram_house() as house:
        with pytest.raises(ChannelError, match="does not know the token"):
            await check(a_house_config(house, tmp_path, bot={"token": "4711:wrong"}), "tg")
