"""Who opens which page: from a signed link to a person and a ticket, looked at now (D12, K2, K5)."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from bot import clock
from bot.desk.desk import Desk
from bot.desk.links import Link, Purpose
from bot.desk.states import State
from bot.errors import StoreError
from bot.message import EMAIL, Party
from bot.store import pages
from bot.store.engine import Store, Tx
from bot.store.pages import Seat, Shown, Viewer
from bot.web.door import NAME, choice_of
from bot.web.guard import GUESSES, Throttle, address_of
from bot.web.look import Look, Reader

log = logging.getLogger("deskbot.web")
T = TypeVar("T")
_FORM: Final = re.compile(rf"{NAME}-[0-9a-f]{{60}}")
"""The key of a form's payload."""
_FOLLOWED: Final = frozenset({Purpose.STATUS, Purpose.FILE})
"""What those who follow a ticket may open."""

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
    seat: Seat
    """As whom they look."""
    brief: bool
    """It ended some time ago: how it stands is all that is shown."""
    became: tuple[str, str] | None
    """Outcome and reason of the form that has led here, once it was read."""
    more: T
    """What else the page has read."""

    @property
    def is_theirs(self) -> bool:
        """Whether it is their own request; else they follow it, or it is theirs to work on."""
        return self.seat.since is None

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
        self, request: Request, purpose: Purpose, more: Callable[[Tx, Shown, Seat, Link], T]
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

        form = request.query_params.get("as", "")

        def unit(tx: Tx) -> tuple[Viewer, Shown, Seat, tuple[str, str] | None, T] | None:
            with pages.briefly(tx):
                who, ticket = pages.viewer(tx, link.person), pages.ticket(tx, link.ticket)
                seat = self._seat(tx, who, ticket, link) if who and ticket else None
                if who is None or ticket is None or seat is None:
                    return None
                became = pages.became(tx, form) if _FORM.fullmatch(form) else None
                return who, ticket, seat, became, more(tx, ticket, seat, link)

        try:
            found = await self._read(unit)
        except (StoreError, TimeoutError) as error:
            return self.away(request, error)
        if found is None:
            return self.not_found(request)
        who, ticket, seat, became, rest = found
        reader, brief = self._reader(who, ticket, link, now), self._is_brief(ticket, now)
        if brief and purpose is Purpose.FILE:
            return self.not_found(request)
        if brief:
            ticket = replace(ticket, subject="", owner="")
        return Visit(link, ticket, self._party(who, link), reader, seat, brief, became, rest)

    def _is_brief(self, ticket: Shown, now: datetime) -> bool:
        """A link in an old mail shows whoever finds it no words of anybody's, once nothing can be done with the
        ticket any more."""
        window = self._desk.config.tickets.reopen_within
        return ticket.state == State.CLOSED and (ticket.closed_at is None or now - ticket.closed_at > window)

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

    def _seat(self, tx: Tx, who: Viewer, ticket: Shown, link: Link) -> Seat | None:
        """Its requester; of what it says and its files also who follows it; for a question to its owner the owner
        or their team, while they are agents."""
        if _is_for_owner(link):
            return Seat(who.id) if self._works_on(who, ticket) else None
        seat = pages.seat(tx, ticket, who.id)
        return seat if seat and (seat.since is None or link.purpose in _FOLLOWED) else None

    def _works_on(self, who: Viewer, ticket: Shown) -> bool:
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
