"""What the pages show, and what they offer: from a visit and its form to the values of a template."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from bot.desk.desk import Desk
from bot.desk.links import Link, Purpose
from bot.desk.outcome import Reason, Result
from bot.desk.states import DONE, State
from bot.store import pages
from bot.store.attachments import File
from bot.store.pages import Asked, Said, Shown
from bot.web import door, forms, offers
from bot.web.door import choice_of
from bot.web.files import FILE_LINK_FOR
from bot.web.forms import Fields, Wrong
from bot.web.look import Look
from bot.web.visits import Visit

_HEARD: Final = frozenset({Reason.CONFIRMED, Reason.RATING})
"""Reasons for which what is said again is not acted on: it has been heard."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the status page shows besides the ticket."""

    said: list[Said]
    files: list[File]
    closes: bool
    """Whether its requester may close it here once more."""


class Views:
    """Makes the pages of people."""

    def __init__(self, look: Look, desk: Desk) -> None:
        self._look = look
        self._desk = desk

    def status(
        self, visit: Visit[Told], request: Request, wrong: Wrong | None = None, fields: Fields | None = None
    ) -> Response:
        """How a request stands."""
        ticket, told = visit.ticket, visit.more
        closes = ticket.closed_at and ticket.closed_at + self._window
        return self._look.page(
            "status.html",
            visit.reader,
            200 if wrong is None else 422,
            reference=self._desk.name_of(ticket.id),
            ticket=ticket,
            standing=_standing(ticket, theirs=visit.is_theirs),
            theirs=visit.is_theirs,
            brief=visit.brief,
            often=visit.is_theirs and not told.closes,
            done=ticket.state in DONE,
            promised_at=_iso(ticket.promised_at),
            overdue=bool(ticket.promised_at and ticket.promised_at <= visit.now),
            fix_expected_at=_iso(ticket.fix_expected_at),
            opened_at=ticket.opened_at.isoformat(),
            reopens_until=_iso(closes),
            offered=self.offered(visit),
            said=[] if visit.brief else self._said(visit),
            older=len(told.said) >= pages.MOST_SAID,
            **_form_values(visit, request, wrong, fields, {"add", "close", "confirm", "reopen"}),
        )

    def _said(self, visit: Visit[Told]) -> list[dict[str, Any]]:
        """What was said, with its files."""
        files = self._files(visit)
        return [
            {
                "who": said.who,
                "kind": said.kind,
                "mine": said.author_id == visit.seat.person,
                "text": said.text,
                "cut": said.length > len(said.text),
                "at": said.at.isoformat(),
                "files": files.get(said.id, []),
            }
            for said in visit.more.said
        ]

    def _files(self, visit: Visit[Told]) -> dict[int, list[dict[str, Any]]]:
        """The files of each entry, each behind a link that is good for a while."""
        expires_at = visit.now + FILE_LINK_FOR
        files: dict[int, list[dict[str, Any]]] = {}
        for file in visit.more.files:
            link = Link(Purpose.FILE, visit.link.ticket, visit.link.person, expires_at, str(file.id))
            path = f"../file/{self._desk.links.token(link)}"
            files.setdefault(file.entry_id, []).append({"name": file.name, "size": file.size, "path": path})
        return files

    def rate(
        self,
        visit: Visit[Asked | None],
        request: Request,
        wrong: Wrong | None = None,
        fields: Fields | None = None,
    ) -> Response:
        """The survey."""
        asked = visit.more if visit.more and visit.more.person_id == visit.ticket.requester_id else None
        values = _form_values(visit, request, wrong, fields, set(offers.RATINGS))
        rating = str(asked.rating) if asked and asked.rating else ""
        chosen = fields.word("value") if fields else values["noted"] or rating or visit.link.extra
        until = offers.change_until(visit.ticket, asked, self._desk.config.surveys.change_within)
        return self._look.page(
            "rate.html",
            visit.reader,
            200 if wrong is None else 422,
            reference=self._desk.name_of(visit.ticket.id),
            ticket=visit.ticket,
            asked=asked is not None,
            open=self.may_rate(visit),
            rating=rating,
            chosen=chosen if chosen in offers.RATINGS else "",
            comment=fields.raw("comment") if fields else (asked.comment if asked else ""),
            until=_iso(until),
            ratings=offers.RATINGS,
            **values,
        )

    def answer(
        self, visit: Visit[bool], request: Request, wrong: Wrong | None = None, fields: Fields | None = None
    ) -> Response:
        """One choice of a mail."""
        verb, value = choice = choice_of(visit.link)
        return self._look.page(
            "answer.html",
            visit.reader,
            200 if wrong is None else 422,
            reference=self._desk.name_of(visit.ticket.id),
            ticket=visit.ticket,
            code="-".join(filter(None, choice)),
            asked=self.still_asked(visit) and (visit.more or verb != "close"),
            refused="answer-over" if visit.more or verb != "close" else "wrong-often",
            words=choice in offers.WITH_WORDS,
            needed=choice in offers.NEEDS_WORDS,
            time=choice == offers.FIX,
            zone=visit.reader.zone.rpartition("/")[2].replace("_", " "),
            earliest=f"{visit.now.astimezone(ZoneInfo(visit.reader.zone)):%Y-%m-%dT%H:%M}",
            at=fields.word("at") if fields else "",
            value=value,
            **_form_values(visit, request, wrong, fields, {verb}),
        )

    def offered(self, visit: Visit[Told]) -> frozenset[str]:
        """What can be done on a status page."""
        return offers.on_status_page(
            visit.ticket, self._window, visit.now, theirs=visit.is_theirs, closes=visit.more.closes
        )

    def still_asked(self, visit: Visit[Any]) -> bool:
        """Whether a choice of a mail still fits."""
        return offers.still_asked(choice_of(visit.link)[0], visit.ticket, self._window, visit.now)

    def may_rate(self, visit: Visit[Asked | None]) -> bool:
        """Whether a rating is wanted, or may be changed."""
        within = self._desk.config.surveys.change_within
        return offers.may_rate(visit.ticket, visit.more, within, visit.now)

    @property
    def _window(self) -> timedelta:
        return self._desk.config.tickets.reopen_within


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _standing(ticket: Shown, *, theirs: bool) -> str:
    """The code of the sentence that says how a ticket stands."""
    if not theirs:
        return f"follows-{ticket.state}"
    if ticket.state == State.WAITING and ticket.waiting_for in {"requester", "supplier"}:
        return f"state-waiting-{ticket.waiting_for}"
    return f"state-{ticket.state}"


def _form_values(
    visit: Visit[Any], request: Request, wrong: Wrong | None, fields: Fields | None, known: set[str]
) -> Mapping[str, Any]:
    """What every page with a form is told: only words of closed lists come out of the address. What the desk has
    refused meanwhile is not called noted."""
    noted = request.query_params.get("noted", "")
    noted = noted if wrong is None and noted in known else ""
    fate = _fate(noted, visit.became) if noted else ""
    return {
        "form": forms.nonce(),
        "noted": "" if fate == "nothing" else noted,
        "fate": fate,
        "wrong": wrong.code if wrong else "",
        "text": fields.raw(door.TEXT) if fields else "",
    }


def _fate(verb: str, became: tuple[str, str] | None) -> str:
    """The code of the sentence that says what became of a form."""
    if became is not None and became[0] == Result.IGNORED and became[1] not in _HEARD:
        return "noted-late" if (verb, became[1]) == ("add", Reason.OVER) else "nothing"
    return "noted-add" if verb == "add" else "noted"
