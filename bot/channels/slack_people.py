"""Who somebody in Slack is: asked once in a while, and remembered for a bounded number of people."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final
from zoneinfo import available_timezones

from bot.channels.slack_payload import is_id
from bot.channels.slack_web import SlackWeb
from bot.errors import ChannelError

_MOST: Final = 5_000
_FRESH: Final = 3_600.0
"""Seconds for which a profile is used again."""
_LANGUAGES: Final = {"en": "en", "it": "it", "zh": "zh"}


@dataclass(frozen=True, slots=True)
class Profile:
    """What Slack says of somebody. The name, the language and the zone are theirs to choose; the rest is not."""

    name: str = ""
    language: str = ""
    time_zone: str = ""
    ours: bool = False
    """A full member of our workspace: neither a guest nor from another one, as far as Slack says."""
    bot: bool = False


UNKNOWN: Final = Profile()


class People:
    """The profiles of a workspace."""

    def __init__(self, web: SlackWeb) -> None:
        self._web = web
        self._known: OrderedDict[str, tuple[float, Profile]] = OrderedDict()
        self.team = ""
        """Our own workspace, once it is known."""

    async def profile(self, user: str, seconds: float = 1.2) -> Profile:
        """The profile of a person; ``UNKNOWN`` when Slack does not tell in time: nothing waits for a name."""
        if not is_id(user):
            return UNKNOWN
        known = self._known.get(user)
        if known and monotonic() - known[0] < _FRESH:
            self._known.move_to_end(user)
            return known[1]
        try:
            told = await self._web.call("users.info", seconds=seconds, user=user, include_locale=True)
        except ChannelError:
            return known[1] if known else UNKNOWN
        found = read_profile(told.get("user"), self.team)
        self._known[user] = (monotonic(), found)
        if len(self._known) > _MOST:
            self._known.popitem(last=False)
        return found


def read_profile(user: object, team: str) -> Profile:
    """What ``users.info`` says of somebody."""
    if not isinstance(user, Mapping):
        return UNKNOWN
    said = user.get("profile")
    profile: Mapping[str, Any] = said if isinstance(said, Mapping) else {}
    name = next(
        (str(n) for n in (user.get("real_name"), profile.get("real_name"), user.get("name")) if n), ""
    )
    zone = str(user.get("tz") or "")
    return Profile(
        name=name[:200],
        language=language_of(user.get("locale")),
        time_zone=zone if zone in available_timezones() else "",
        ours=_is_ours(user, team),
        bot=user.get("is_bot") is True,
    )


def language_of(locale: object) -> str:
    """The desk's language for a locale of Slack, "it-IT"; "" when it is none of them."""
    return _LANGUAGES.get(str(locale or "")[:2].lower(), "")


def _is_ours(user: Mapping[str, Any], team: str) -> bool:
    grid = user.get("enterprise_user")
    teams = grid.get("teams") if isinstance(grid, Mapping) else None
    member = user.get("team_id") == team or (isinstance(teams, list) and team in teams)
    outside = ("is_restricted", "is_ultra_restricted", "is_stranger", "deleted")
    return bool(team) and member and not any(user.get(sign) is True for sign in outside)
