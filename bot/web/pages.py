"""The pages of people: how a request stands, the survey, one choice of a mail, a file.

GET shows and changes nothing, however often it is asked (K1). POST hands what was said to ``accept`` and says
"noted" only after it is committed; what becomes of it is the desk's business. All links are relative: nothing
is made of what a request says of its host (K6).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot import clock
from bot.desk.desk import Desk
from bot.desk.links import Link, Purpose
from bot.desk.states import DONE, State
from bot.errors import StoreError
from bot.ports import Accept
from bot.store import attachments, pages
from bot.store.attachments import File
from bot.store.blobs import Blobs
from bot.store.engine import Store, Tx
from bot.store.pages import Asked, Said, Shown
from bot.web import door, forms, guard, offers
from bot.web.door import Form, choice_of
from bot.web.files import FILE_LINK_FOR, Files
from bot.web.forms import Fields, Wrong
from bot.web.look import STYLE_PATH, Look, style
from bot.web.visits import Visit, Visits


@dataclass(frozen=True, slots=True)
class Told:
    """What the status page shows besides the ticket."""

    said: list[Said]
    files: list[File]


class Pages:
    """All of them, over one store. ``accept`` keeps a payload; see ``ports.Accept``."""

    def __init__(
        self, store: Store, blobs: Blobs, desk: Desk, accept: Accept, now: clock.Clock = clock.now
    ) -> None:
        self._desk = desk
        self._accept = accept
        self._look = Look(desk.config)
        self._visits = Visits(store, desk, self._look, now)
        self._files = Files(blobs, self._look, self._visits)
        self._forms = guard.Throttle(guard.FORMS)

    def routes(self) -> list[Route]:
        """Where they are. GET brings HEAD."""
        return [
            Route("/status/{token}", self.status),
            Route("/status/{token}", self.status_said, methods=["POST"]),
            Route("/rate/{token}", self.rate),
            Route("/rate/{token}", self.rated, methods=["POST"]),
            Route("/answer/{token}", self.answer),
            Route("/answer/{token}", self.answered, methods=["POST"]),
            Route("/file/{token}", self._files.download),
            Route(STYLE_PATH, style),
        ]

    async def status(self, request: Request) -> Response:
        """How a request stands, what was said, and what its requester can do."""
        visit = await self._visits.of(request, Purpose.STATUS, _told)
        return visit if isinstance(visit, Response) else self._status_page(visit, request)

    async def status_said(self, request: Request) -> Response:
        """More words, an end, a yes or no, another beginning."""
        fields = await self._form(request)
        if isinstance(fields, Response):
            return fields
        visit = await self._visits.of(request, Purpose.STATUS, _told)
        if isinstance(visit, Response):
            return visit
        try:
            verb, values = offers.said_on_status_page(fields, self._offered(visit))
        except Wrong as wrong:
            return self._status_page(visit, request, wrong, fields)
        return await self._keep(request, visit, verb, values, fields)

    async def rate(self, request: Request) -> Response:
        """The question how satisfied they were."""
        visit = await self._visits.of(request, Purpose.RATE, _survey)
        return visit if isinstance(visit, Response) else self._rate_page(visit, request)

    async def rated(self, request: Request) -> Response:
        """A rating: the first one, or another within its time."""
        fields = await self._form(request)
        if isinstance(fields, Response):
            return fields
        visit = await self._visits.of(request, Purpose.RATE, _survey)
        if isinstance(visit, Response):
            return visit
        try:
            values = offers.rating(fields, wanted=self._may_rate(visit))
        except Wrong as wrong:
            return self._rate_page(visit, request, wrong, fields)
        return await self._keep(request, visit, "rate", values, fields)

    async def answer(self, request: Request) -> Response:
        """One choice of a mail: what will happen, and one button."""
        visit = await self._visits.of(request, Purpose.ANSWER, _nothing)
        if isinstance(visit, Response):
            return visit
        if choice_of(visit.link) not in offers.CHOICES:
            return self._visits.not_found(request)
        return self._answer_page(visit, request)

    async def answered(self, request: Request) -> Response:
        """The button was pressed."""
        fields = await self._form(request)
        if isinstance(fields, Response):
            return fields
        visit = await self._visits.of(request, Purpose.ANSWER, _nothing)
        if isinstance(visit, Response):
            return visit
        choice = choice_of(visit.link)
        if choice not in offers.CHOICES:
            return self._visits.not_found(request)
        try:
            wanted = self._still_asked(visit)
            values = offers.answer(fields, choice, visit.reader.zone, visit.now, wanted=wanted)
        except Wrong as wrong:
            return self._answer_page(visit, request, wrong, fields)
        return await self._keep(request, visit, choice[0], values, fields)

    async def _form(self, request: Request) -> Fields | Response:
        """The fields, when they were sent from a page of ours (K4)."""
        if guard.is_from_our_page(request, self._desk.config.desk.base_url):
            fields = await forms.read(request)
            if fields is not None:
                return fields
        return self._visits.refused(request)

    async def _keep(
        self, request: Request, visit: Visit[Any], verb: str, values: dict[str, str], fields: Fields
    ) -> Response:
        """Commit what was said; then show the page again, which says so."""
        token = request.path_params["token"]
        if self._forms.over(token):
            return self._visits.too_many(request)
        form = Form(visit.link.purpose, token, verb, visit.sender, values)
        once = fields.once(visit.now, repeatable=verb != "add")
        try:
            await self._accept(door.payload(form, once, visit.now))
        except StoreError as error:
            return self._visits.away(request, error)
        noted = values["value"] if verb == "rate" else verb
        return Response(status_code=303, headers={"location": f"{token}?noted={noted}"})

    def _status_page(
        self, visit: Visit[Told], request: Request, wrong: Wrong | None = None, fields: Fields | None = None
    ) -> Response:
        ticket, told = visit.ticket, visit.more
        expires_at = visit.now + FILE_LINK_FOR
        person = visit.link.person

        def path(file: File) -> str:
            link = Link(Purpose.FILE, visit.link.ticket, person, expires_at, str(file.id))
            return f"../file/{self._desk.links.token(link)}"

        files: dict[int, list[dict[str, Any]]] = {}
        for file in told.files:
            one = {"name": file.name, "size": file.size, "path": path(file)}
            files.setdefault(file.entry_id, []).append(one)
        closes = ticket.closed_at and ticket.closed_at + self._window
        return self._look.page(
            "status.html",
            visit.reader,
            200 if wrong is None else 422,
            reference=self._desk.name_of(ticket.id),
            ticket=ticket,
            standing=_standing(ticket),
            done=ticket.state in DONE,
            promised_at=_iso(ticket.promised_at),
            overdue=bool(ticket.promised_at and ticket.promised_at <= visit.now),
            fix_expected_at=_iso(ticket.fix_expected_at),
            opened_at=ticket.opened_at.isoformat(),
            reopens_until=_iso(closes),
            offered=self._offered(visit),
            said=[
                {
                    "who": said.who,
                    "kind": said.kind,
                    "mine": said.author_id == ticket.requester_id,
                    "text": said.text,
                    "cut": said.length > len(said.text),
                    "at": said.at.isoformat(),
                    "files": files.get(said.id, []),
                }
                for said in told.said
            ],
            older=len(told.said) >= pages.MOST_SAID,
            **_form_values(request, wrong, fields, {"add", "close", "confirm", "reopen"}),
        )

    def _rate_page(
        self,
        visit: Visit[Asked | None],
        request: Request,
        wrong: Wrong | None = None,
        fields: Fields | None = None,
    ) -> Response:
        asked = visit.more if visit.more and visit.more.person_id == visit.ticket.requester_id else None
        values = _form_values(request, wrong, fields, set(offers.RATINGS))
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
            open=self._may_rate(visit),
            rating=rating,
            chosen=chosen if chosen in offers.RATINGS else "",
            comment=fields.raw("comment") if fields else (asked.comment if asked else ""),
            until=_iso(until),
            ratings=offers.RATINGS,
            **values,
        )

    def _answer_page(
        self, visit: Visit[None], request: Request, wrong: Wrong | None = None, fields: Fields | None = None
    ) -> Response:
        verb, value = choice = choice_of(visit.link)
        return self._look.page(
            "answer.html",
            visit.reader,
            200 if wrong is None else 422,
            reference=self._desk.name_of(visit.ticket.id),
            ticket=visit.ticket,
            code="-".join(filter(None, choice)),
            asked=self._still_asked(visit),
            words=choice in offers.WITH_WORDS,
            needed=choice in offers.NEEDS_WORDS,
            time=choice == offers.FIX,
            zone=visit.reader.zone.rpartition("/")[2].replace("_", " "),
            earliest=f"{visit.now.astimezone(ZoneInfo(visit.reader.zone)):%Y-%m-%dT%H:%M}",
            at=fields.word("at") if fields else "",
            value=value,
            **_form_values(request, wrong, fields, {verb}),
        )

    @property
    def _window(self) -> timedelta:
        return self._desk.config.tickets.reopen_within

    def _offered(self, visit: Visit[Any]) -> frozenset[str]:
        return offers.on_status_page(visit.ticket, self._window, visit.now)

    def _still_asked(self, visit: Visit[Any]) -> bool:
        return offers.still_asked(choice_of(visit.link)[0], visit.ticket, self._window, visit.now)

    def _may_rate(self, visit: Visit[Asked | None]) -> bool:
        within = self._desk.config.surveys.change_within
        return offers.may_rate(visit.ticket, visit.more, within, visit.now)


def _told(tx: Tx, ticket: Shown, link: Link) -> Told:  # noqa: ARG001  # as ``Visits.of`` calls it
    said = pages.said_in(tx, ticket)
    return Told(said, attachments.of_entries(tx, [one.id for one in said]))


def _survey(tx: Tx, ticket: Shown, link: Link) -> Asked | None:  # noqa: ARG001  # as ``Visits.of`` calls it
    return pages.survey(tx, ticket.id)


def _nothing(tx: Tx, ticket: Shown, link: Link) -> None:
    """The ticket says all."""


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _standing(ticket: Shown) -> str:
    """The code of the sentence that says how a ticket stands."""
    if ticket.state == State.WAITING and ticket.waiting_for in {"requester", "supplier"}:
        return f"state-waiting-{ticket.waiting_for}"
    return f"state-{ticket.state}"


def _form_values(
    request: Request, wrong: Wrong | None, fields: Fields | None, known: set[str]
) -> Mapping[str, Any]:
    """What every page with a form is told: only words of closed lists come out of the address."""
    noted = request.query_params.get("noted", "")
    return {
        "form": forms.nonce(),
        "noted": noted if wrong is None and noted in known else "",
        "wrong": wrong.code if wrong else "",
        "text": fields.raw(door.TEXT) if fields else "",
    }
