"""Draws App Homes when they are opened: a call that only shows something, so it goes past the outbox."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from bot import clock
from bot.channels.slack_home import Looker, home
from bot.desk.desk import Desk
from bot.mail.addresses import canonical
from bot.message import EMAIL
from bot.store import homes, people
from bot.store.engine import Store, Tx

if TYPE_CHECKING:
    from bot.channels.slack_people import Profile
    from bot.channels.slack_workspace import Workspace

MEDIUM: Final = "slack"
_SOON: Final = timedelta(hours=4)
_NOBODY: Final = 0


class Homes:
    """The homes of one workspace."""

    def __init__(self, workspace: Workspace, store: Store, desk: Desk, now: clock.Clock = clock.now) -> None:
        self._at = workspace
        self._store = store
        self._desk = desk
        self._now = now

    async def show(self, user: str) -> None:
        """Draw the home of somebody who has opened it. Raises ``ChannelError``."""
        profile = await self._at.people.profile(user)
        view = await self._store.read(lambda tx: self._home(tx, user, profile))
        await self._at.web.call("views.publish", user_id=user, view=view)

    def _home(self, tx: Tx, user: str, profile: Profile) -> dict[str, Any]:
        desk, now = self._desk, self._now()
        address = canonical(f"{self._at.name}/{user}")
        person = people.find(tx, MEDIUM, address)
        # Only full members of the workspace who are mapped as agents see what is the agents' (I12).
        key = desk.roster.elsewhere.get((MEDIUM, address)) if profile.ours else None
        section = desk.roster.agents[key] if key and desk.roster.agents[key].active else None
        looker = Looker(
            profile.language or (section.locale if section else "") or desk.config.desk.locale,
            profile.time_zone or desk.config.desk.time_zone,
            now,
            desk.config.desk.prefix,
        )
        own = homes.own(tx, person.id) if person else []
        agent = people.find(tx, EMAIL, canonical(section.addresses[0])) if section else None
        if section is None:
            return home(looker, own)
        if agent is not None and (person is None or person.id != agent.id):
            own += homes.own(tx, agent.id)
        number = agent.id if agent else _NOBODY  # who has done nothing yet owns no ticket, but has a team
        return home(looker, own, homes.agents(tx, number, section.teams, now + _SOON))
