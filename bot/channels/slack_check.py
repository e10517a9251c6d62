"""Tries a workspace: the tokens, what they may do, and the channels that the configuration names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from bot.channels.slack_faults import NO_TOKEN, Refused
from bot.channels.slack_manifest import SCOPES
from bot.channels.slack_web import SlackWeb
from bot.config import Slack
from bot.errors import ChannelError

_AGAIN: Final = (
    "give the app the manifest that `deskbot slack manifest` prints (App Manifest), then install it again "
    "(Install App)"
)


async def check(name: str, section: Slack, rooms: Sequence[str] = ()) -> str:
    """Words on what works. ``rooms``: ids of the channels in which teams work.

    Raises ``ChannelError`` with all that is missing and what to do.
    """
    web = SlackWeb(section.bot_token.get_secret_value(), section.api_url)
    await web.open()
    try:
        told = await _who(web, name)
        missing = [*_scopes(web), *await _way_in(web, name, section)]
        for channel in dict.fromkeys([*rooms, *section.channels]):
            missing += await _channel(web, channel, str(told.get("user") or "deskbot"))
    finally:
        await web.close()
    if missing:
        raise ChannelError("; ".join(missing))
    way = "by a socket" if section.mode == "socket" else f"by requests to /slack/{name}/events"
    places = f"; channels of teams: {len(set(rooms))}" if rooms else ""
    return f"{told.get('team')} knows us as {told.get('user')}; events come {way}{places}"


async def _who(web: SlackWeb, name: str) -> dict[str, object]:
    try:
        return await web.call("auth.test", seconds=10)
    except Refused as error:
        raise ChannelError(
            f"slack.{name}.bot_token: Slack does not take it ({error.code}): copy the Bot User OAuth Token "
            '("xoxb-…") from OAuth & Permissions of the app',
            permanent=True,
        ) from None


def _scopes(web: SlackWeb) -> Iterable[str]:
    lacking = [scope for scope in SCOPES if scope not in web.scopes] if web.scopes else []
    if lacking:
        reasons = ", ".join(f"{scope} (to {SCOPES[scope]})" for scope in lacking)
        yield f"scopes are missing: {reasons}: {_AGAIN}"


async def _way_in(web: SlackWeb, name: str, section: Slack) -> list[str]:
    if section.mode == "http":
        return []
    try:
        await web.call("apps.connections.open", token=section.app_token.get_secret_value(), seconds=10)
    except Refused as error:
        if error.code in NO_TOKEN or error.code == "missing_scope":
            return [
                f"slack.{name}.app_token: Slack does not take it ({error.code}): make an App-Level Token "
                '("xapp-…") with the scope connections:write under Basic Information'
            ]
        return [f"no socket can be opened ({error.code}): switch on Socket Mode in the settings of the app"]
    return []


async def _channel(web: SlackWeb, channel: str, bot: str) -> list[str]:
    invite = f"say `/invite @{bot}` in it"
    try:
        told = await web.call("conversations.info", seconds=10, channel=channel)
    except Refused as error:
        if error.code == "missing_scope":
            return []
        return [
            f"channel {channel} cannot be seen ({error.code}): look at its id; when it is private, {invite}"
        ]
    found = told.get("channel")
    if not isinstance(found, dict) or found.get("is_member") is True:
        return (
            [f"channel {channel} is archived"] if isinstance(found, dict) and found.get("is_archived") else []
        )
    return [f"the bot is not in channel #{found.get('name') or channel}: {invite}"]
