"""Who opens which page: from a signed link to a person and a ticket, looked at now (D12, K2, K5)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from bot import clock
from bot.desk.desk import Desk
from bot.desk.links import Link, Purpose
from bot.errors import StoreError
from bot.message import EMAIL, Party
from bot.store import pages
from bot.store.engine import Store, Tx
from bot.store.pages import Shown, Viewer
from bot.web.door import choice_of
from bot.web.guard import GUESSES, Throttle, address_of
from bot.web.look import Look, Reader

log = logging.getLogger("deskbot.web")
T = TypeVar("T")

_READS: Final = 2
"""Pages that read at the same time: one of the store's readers is always left for others (K12)."""
_PATIENCE: Final = 5.0
"""Seconds that a page waits for its turn and its reading."""


@dataclass(frozen=True, slots=True)
class Visit(Generic[T]):
    """A genuine link, opened by whom it was sent to."""

    link: Link
    ticket: Shown
    sender: Party
    """Whom a form of this page comes from."""
    reader: Reader
    more: T
    """What else the page has read."""

    @property
    def now(self) -> datetime:
        return self.reader.now


class Visits:
    """Lets people in."""

    def __init__(self, store: Store, desk: Desk, look: Look, now: clock.Clock) -> None:
        self._store = store
        self._desk = desk
        self._look = look
        self._now = now
        self._guesses = Throttle(GUESSES)
        self._turns = asyncio.Semaphore(_READS)

    async def of(
        self, request: Request, purpose: Purpose, more: Callable[[Tx, Shown, Link], T]
    ) -> Visit[T] | Response:
        """The visit, or the page that says no. Every reason for a no looks the same.

        A genuine link is let in however often somebody has guessed: behind a proxy all have one address, and
        nobody may lock the others out.
        """
        now = self._now()
        link = self._desk.links.read(purpose, request.path_params["token"], now)
        if link is None:
            if self._guesses.over(address_of(request)):
                log.warning("guessed links", extra={"action": "web.guesses"})
                return self.too_many(request)
            return self.not_found(request)

        def unit(tx: Tx) -> tuple[Viewer, Shown, T] | None:
            with pages.briefly(tx):
                who, ticket = pages.viewer(tx, link.person), pages.ticket(tx, link.ticket)
                if who is None or ticket is None or not self._may_see(who, ticket, link):
                    return None
                return who, ticket, more(tx, ticket, link)

        try:
            found = await self._read(unit)
        except (StoreError, TimeoutError) as error:
            return self.away(request, error)
        if found is None:
            return self.not_found(request)
        who, ticket, rest = found
        return Visit(link, ticket, self._party(who, link), self._reader(who, ticket, link, now), rest)

    async def _read(self, unit: Callable[[Tx], Any]) -> Any:
        async with asyncio.timeout(_PATIENCE), self._turns:
            return await self._store.read(unit)

    def not_found(self, request: Request) -> Response:
        """404: the same page whether a link is wrong, over, for another page, or for another person."""
        return self._look.refusal(request, 404, "not-found", self._now())

    def refused(self, request: Request) -> Response:
        """403: a form that was not sent from a page of ours (K4)."""
        return self._look.refusal(request, 403, "refused", self._now())

    def too_many(self, request: Request) -> Response:
        """429: more than a person says."""
        return self._look.refusal(request, 429, "too-many", self._now())

    def away(self, request: Request, error: Exception) -> Response:
        """503: the database cannot say, or keep, anything now."""
        log.warning("a page could not be had", extra={"action": "web.away", "error": type(error).__name__})
        return self._look.refusal(request, 503, "away", self._now())

    def _may_see(self, who: Viewer, ticket: Shown, link: Link) -> bool:
        """Its requester; for a question to its owner the owner or their team, while they are agents."""
        if not _is_for_owner(link):
            return ticket.requester_id == who.id
        section = self._desk.roster.agents.get(who.agent or "")
        if section is None or not section.active:
            return False
        return ticket.owner_id == who.id or ticket.queue in section.teams

    def _reader(self, who: Viewer, ticket: Shown, link: Link, now: datetime) -> Reader:
        home, known = self._desk.config.desk, self._desk.locales
        if _is_for_owner(link):
            section = self._desk.roster.agents[who.agent or ""]
            return Reader(section.locale or home.locale, section.time_zone or home.time_zone, now)
        stated = (who.locale, ticket.locale)
        locale = next((one for one in stated if one in known), home.locale)
        return Reader(locale or home.locale, who.time_zone or home.time_zone, now)

    def _party(self, who: Viewer, link: Link) -> Party:
        if not _is_for_owner(link):
            return Party(who.medium, who.address, who.name)
        section = self._desk.roster.agents[who.agent or ""]
        return Party(EMAIL, section.addresses[0], section.name)


def _is_for_owner(link: Link) -> bool:
    return link.purpose is Purpose.ANSWER and choice_of(link)[0] == "update"
