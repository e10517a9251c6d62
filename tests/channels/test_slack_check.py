"""The manifest of the app, and what ``deskbot check`` says of a workspace."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.channels.slack_check import check
from bot.channels.slack_manifest import SCOPES, manifest, written
from bot.desk.commands import VERBS
from bot.errors import ChannelError
from tests.channels.slack_world import furnish, section_of
from tests.peers.slack import SlackHouse, slack_house

COMMITTED = Path(__file__).resolve().parents[2] / "slack" / "manifest.yaml"


@pytest.fixture
async def house() -> AsyncIterator[SlackHouse]:
    async with slack_house() as made:
        furnish(made)
        made.scopes = ",".join(SCOPES)
        yield made


def test_the_committed_manifest_is_the_one_that_the_program_prints() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == written(), (
        "run: deskbot slack manifest > slack/manifest.yaml"
    )


def test_the_manifest_names_every_command() -> None:
    (command,) = manifest()["features"]["slash_commands"]
    assert set(VERBS) <= set(command["usage_hint"].split(" | "))
    assert len(command["usage_hint"]) <= 1000


def test_requests_by_http_have_their_addresses() -> None:
    made = manifest("https://desk.example/slack/acme")
    assert made["settings"]["event_subscriptions"]["request_url"] == "https://desk.example/slack/acme/events"
    assert made["settings"]["socket_mode_enabled"] is False


async def test_a_workspace_that_works_is_told_in_words(house: SlackHouse) -> None:
    words = await check("acme", section_of(house), ["C1"])
    assert words == "House knows us as deskbot; events come by a socket; channels of teams: 1"


async def test_a_wrong_bot_token_is_named_with_what_to_do(house: SlackHouse) -> None:
    with pytest.raises(
        ChannelError, match=r"slack\.acme\.bot_token: Slack does not take it \(invalid_auth\): copy"
    ):
        await check("acme", section_of(house, bot_token="xoxb-wrong"))


async def test_all_that_is_missing_is_told_at_once(house: SlackHouse) -> None:
    house.scopes = ",".join(scope for scope in SCOPES if scope != "reactions:read")
    house.workspace.add_channel("C5", "it-team").members.discard("U0BOT")
    with pytest.raises(ChannelError) as caught:
        await check("acme", section_of(house, app_token="xapp-wrong"), ["C5", "C404"])
    words = str(caught.value)
    assert "scopes are missing: reactions:read (to the ticket emoji" in words
    assert "slack.acme.app_token: Slack does not take it (invalid_auth)" in words
    assert "the bot is not in channel #it-team: say `/invite @deskbot` in it" in words
    assert "channel C404 cannot be seen (channel_not_found)" in words
