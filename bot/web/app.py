"""The web application: what a machine asks, whether we live, are ready, and our figures; and the pages of people.

Nothing of the former changes anything, or tells a secret, an address or an error's words (K9, L1).
"""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address
from time import monotonic
from typing import Final, TypeVar

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.config import Web
from bot.metrics import CONTENT_TYPE, Metrics
from bot.web.forms import LARGEST
from bot.web.pages import Pages
from bot.web.probes import Probes, Queues

log = logging.getLogger("deskbot.web")

T = TypeVar("T")

PROBE_SECONDS: Final = 2.0
"""After which a database or a door that does not answer counts as away."""
FRESH_SECONDS: Final = 1.0
"""For so long an answer of the database is used again, so that questions cannot load it."""
UNSENT_ALARM: Final = 900.0
"""Seconds after which an unsent message is worth a look. It does not make us unready: other doors work."""

_HEADERS: Final = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
_FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


class SecurityHeaders:
    """Puts the strictest headers on every answer that has not its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, guarded)


class _Health:
    """The three pages."""

    def __init__(self, probes: Probes, metrics: Metrics, section: Web) -> None:
        self._probes = probes
        self._metrics = metrics
        self._token = section.metrics_token.get_secret_value().encode()
        self._asked = asyncio.Lock()
        self._queues: Queues | None = None
        self._asked_at = float("-inf")

    async def live(self, request: Request) -> Response:  # noqa: ARG002 (starlette gives it)
        """The process runs and its loop turns."""
        return PlainTextResponse("ok\n")

    async def ready(self, request: Request) -> Response:  # noqa: ARG002 (starlette gives it)
        """Whether messages can be taken: the database and every door."""
        queues = await self._fresh_queues()
        checks: dict[str, dict[str, object]] = {"database": {"ok": queues is not None}}
        names = list(self._probes.doors)
        answers = await asyncio.gather(*(_answer(self._probes.doors[name]) for name in names))
        checks |= {
            f"door {name}": {"ok": answer is True} for name, answer in zip(names, answers, strict=True)
        }
        ready = all(check["ok"] for check in checks.values())
        if queues is not None:
            age = round(queues.outbox_oldest, 1)
            checks["oldest unsent"] = {"ok": age < UNSENT_ALARM, "seconds": age}
            checks["held"] = {"ok": queues.held == 0, "count": queues.held}
        return JSONResponse({"ready": ready, "checks": checks}, status_code=200 if ready else 503)

    async def figures(self, request: Request) -> Response:
        """The metrics, for whom they are meant."""
        if self._token and not self._has_token(request):
            return PlainTextResponse("unauthorized\n", 401, {"www-authenticate": "Bearer"})
        if not self._token and not _is_from_here(request):
            return PlainTextResponse("not found\n", 404)
        queues = await self._fresh_queues()
        if queues is not None:
            self._metrics.queue("inbox", queues.inbox_waiting, queues.inbox_oldest, held=queues.held)
            self._metrics.queue(
                "outbox",
                queues.outbox_waiting,
                queues.outbox_oldest,
                failed=queues.outbox_failed,
                unknown=queues.outbox_unknown,
                held=queues.outbox_held,
            )
        return Response(self._metrics.render(), headers={"content-type": CONTENT_TYPE})

    def _has_token(self, request: Request) -> bool:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        matches = hmac.compare_digest(given.strip().encode(), self._token)
        return scheme.lower() == "bearer" and matches

    async def _fresh_queues(self) -> Queues | None:
        """What the database says, at most a second old; None when it is away. One question at a time."""
        async with self._asked:
            if monotonic() - self._asked_at > FRESH_SECONDS:
                self._queues = await _answer(self._probes.queues)
                self._asked_at = monotonic()
            return self._queues


async def _answer(probe: Callable[[], Awaitable[T]]) -> T | None:
    """What a probe says, or None when it fails or takes too long."""
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            return await probe()
    except Exception as error:  # noqa: BLE001 (a health page answers whatever is broken; the log tells)
        log.warning("a probe failed", extra={"action": "web.probe_failed", "error": type(error).__name__})
        return None


def _is_from_here(request: Request) -> bool:
    """Asked on this machine, and not through a proxy that stands on it."""
    if request.client is None or any(name in request.headers for name in _FORWARDED):
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False


async def _failed(request: Request, error: Exception) -> Response:  # noqa: ARG001 (starlette gives them)
    """Any error of ours: no words. The server logs its type and place."""
    return PlainTextResponse("error\n", 500, _HEADERS)


async def _not_found(request: Request, error: Exception) -> Response:  # noqa: ARG001 (starlette gives them)
    return PlainTextResponse("not found\n", 404)


class _BodyLimit:
    """Cuts bodies that are larger than any form of ours; the doors of chat programs have a limit of their own."""

    def __init__(self, app: ASGIApp, doors: tuple[str, ...]) -> None:
        self._app = app
        self._limited = RequestBodyLimitMiddleware(app, max_body_size=LARGEST)
        self._doors = doors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        door = scope["type"] == "http" and scope["path"] in self._doors
        await (self._app if door else self._limited)(scope, receive, send)


def create_app(
    probes: Probes,
    metrics: Metrics,
    section: Web,
    pages: Pages | None = None,
    doors: Sequence[Route] = (),
) -> Starlette:
    """The application: ``/healthz``, ``/readyz`` and ``/metrics``, by GET and HEAD, the pages, and ``doors``, where
    chat programs bring their events; all else is 404.

    ``/metrics`` wants ``section.metrics_token`` as a bearer token; without one it answers only to this machine.
    """
    health = _Health(probes, metrics, section)
    app = Starlette(
        routes=[
            Route("/healthz", health.live),
            Route("/readyz", health.ready),
            Route("/metrics", health.figures),
            *(pages.routes() if pages else ()),
            *doors,
        ],
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(_BodyLimit, doors=tuple(route.path for route in doors)),
        ],
        exception_handlers={404: _not_found, Exception: _failed},
    )
    app.router.redirect_slashes = False  # a redirect would repeat the Host header of whoever asked
    return app
