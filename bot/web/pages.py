"""The pages of people: how a request stands, the survey, one choice of a mail, a file.

GET shows and changes nothing, however often it is asked (K1). POST hands what was said to ``accept`` and says
"noted" only after it is committed; what becomes of it is the desk's business, and once that has refused it the page
says so. All links are relative: nothing is made of what a request says of its host (K6).
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot import clock
from bot.desk import page_actions
from bot.desk.desk import Desk
from bot.desk.links import Link, Purpose
from bot.desk.states import DONE
from bot.errors import StoreError
from bot.ports import Accept
from bot.store import attachments, pages
from bot.store.blobs import Blobs
from bot.store.engine import Store, Tx
from bot.store.pages import Asked, Seat, Shown
from bot.web import door, forms, guard, offers
from bot.web.door import Form, choice_of
from bot.web.files import Files
from bot.web.forms import Fields, Wrong
from bot.web.look import STYLE_PATH, Look, style
from bot.web.views import Told, Views
from bot.web.visits import Visit, Visits


class Pages:
    """All of them, over one store. ``accept`` keeps a payload; see ``ports.Accept``."""

    def __init__(
        self, store: Store, blobs: Blobs, desk: Desk, accept: Accept, now: clock.Clock = clock.now
    ) -> None:
        self._desk = desk
        self._accept = accept
        self._look = Look(desk.config)
        self._visits = Visits(store, desk, self._look, now)
        self._views = Views(self._look, desk)
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
        return visit if isinstance(visit, Response) else self._views.status(visit, request)

    async def status_said(self, request: Request) -> Response:
        """More words, an end, a yes or no, another beginning."""
        fields = await self._form(request)
        if isinstance(fields, Response):
            return fields
        visit = await self._visits.of(request, Purpose.STATUS, _told)
        if isinstance(visit, Response):
            return visit
        try:
            verb, values = offers.said_on_status_page(
                fields, self._views.offered(visit), closes=visit.more.closes
            )
        except Wrong as wrong:
            return self._views.status(visit, request, wrong, fields)
        return await self._keep(request, visit, verb, values, fields)

    async def rate(self, request: Request) -> Response:
        """The question how satisfied they were."""
        visit = await self._visits.of(request, Purpose.RATE, _survey)
        return visit if isinstance(visit, Response) else self._views.rate(visit, request)

    async def rated(self, request: Request) -> Response:
        """A rating: the first one, or another within its time."""
        fields = await self._form(request)
        if isinstance(fields, Response):
            return fields
        visit = await self._visits.of(request, Purpose.RATE, _survey)
        if isinstance(visit, Response):
            return visit
        try:
            values = offers.rating(fields, wanted=self._views.may_rate(visit))
        except Wrong as wrong:
            return self._views.rate(visit, request, wrong, fields)
        return await self._keep(request, visit, "rate", values, fields)

    async def answer(self, request: Request) -> Response:
        """One choice of a mail: what will happen, and one button."""
        visit = await self._visits.of(request, Purpose.ANSWER, _closes)
        if isinstance(visit, Response):
            return visit
        if choice_of(visit.link) not in offers.CHOICES:
            return self._visits.not_found(request)
        return self._views.answer(visit, request)

    async def answered(self, request: Request) -> Response:
        """The button was pressed."""
        fields = await self._form(request)
        if isinstance(fields, Response):
            return fields
        visit = await self._visits.of(request, Purpose.ANSWER, _closes)
        if isinstance(visit, Response):
            return visit
        choice = choice_of(visit.link)
        if choice not in offers.CHOICES:
            return self._visits.not_found(request)
        try:
            values = offers.answer(
                fields,
                choice,
                visit.reader.zone,
                visit.now,
                wanted=self._views.still_asked(visit),
                closes=visit.more,
            )
        except Wrong as wrong:
            return self._views.answer(visit, request, wrong, fields)
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
        payload = door.payload(form, once, visit.now)
        try:
            await self._accept(payload)
        except StoreError as error:
            return self._visits.away(request, error)
        noted = values["value"] if verb == "rate" else verb
        return Response(status_code=303, headers={"location": f"{token}?noted={noted}&as={payload.key}"})


def _told(tx: Tx, ticket: Shown, seat: Seat, link: Link) -> Told:
    said = pages.said_in(tx, ticket, seat=seat)
    files = attachments.of_entries(tx, [one.id for one in said])
    return Told(said, files, _closes(tx, ticket, seat, link))


def _survey(tx: Tx, ticket: Shown, seat: Seat, link: Link) -> Asked | None:  # noqa: ARG001  # as ``Visits.of`` calls it
    return pages.survey(tx, ticket.id)


def _closes(tx: Tx, ticket: Shown, seat: Seat, link: Link) -> bool:  # noqa: ARG001  # as ``Visits.of`` calls it
    """Whether the requester may close the ticket here once more."""
    return ticket.state in DONE or not page_actions.closed_often(tx, ticket.id)
