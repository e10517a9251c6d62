"""Events by HTTP: requests that Slack signs, taken by the web pages' server (I3, I4).

Nothing of a request is read before its signature is: first its form and its time, without which not even the body
is taken, then what it says over the raw body. A body that is too long or too slow is let go, and strangers are told
nothing but a number. The same
signature again is a replay, and is answered as the first was without doing anything; a signature is remembered
only once its request was kept, because a request that we could not keep comes again as it was.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from time import monotonic
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.channels.slack_app import ACKNOWLEDGED, AWAY
from bot.channels.slack_payload import LARGEST

WINDOW: Final = 300
"""Seconds by which a request's time may differ from ours."""
REMEMBERED: Final = 600.0
"""Seconds for which a signature is known."""
PATIENCE: Final = 2.5
"""Seconds that a body may take to come: Slack waits three for its answer, and sends the whole at once."""
UNAUTHORIZED: Final = 401
TOO_SLOW: Final = 408
TOO_LARGE: Final = 413
_SIGNATURE: Final = re.compile(r"v0=[0-9a-f]{64}")
_MOST: Final = 50_000
"""Signatures that are remembered: Slack sends at most 30,000 events in an hour to an app in a workspace."""

Answer = Callable[[str, Mapping[str, str]], Awaitable[tuple[int, str]]]


class Signatures:
    """Which requests are Slack's, and which of them are new."""

    def __init__(self, secret: str, now: Callable[[], datetime]) -> None:
        self._secret = secret.encode()
        self._now = now
        self._seen: OrderedDict[str, float] = OrderedDict()

    def may_be_genuine(self, stamp: str, signature: str) -> bool:
        """Whether a request has the headers of one that Slack has signed just now; its body tells the rest."""
        if not (self._secret and _SIGNATURE.fullmatch(signature)):
            return False
        if not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= 12):
            return False
        return abs(self._now().timestamp() - int(stamp)) <= WINDOW

    def is_genuine(self, body: bytes, stamp: str, signature: str) -> bool:
        """Whether Slack has signed these octets, just now."""
        if not self.may_be_genuine(stamp, signature):
            return False
        made = hmac.new(self._secret, b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(f"v0={made}".encode(), signature.encode("utf-8", "replace"))

    def is_new(self, signature: str) -> bool:
        """Whether a genuine request was not taken before; from now on it was."""
        now = monotonic()
        while self._seen and (len(self._seen) >= _MOST or now - next(iter(self._seen.values())) > REMEMBERED):
            self._seen.popitem(last=False)
        if signature in self._seen:
            return False
        self._seen[signature] = now
        return True

    def forget(self, signature: str) -> None:
        """It could not be taken after all."""
        self._seen.pop(signature, None)


class SlackPages:
    """The routes of one workspace."""

    def __init__(self, name: str, signatures: Signatures, answer: Answer, seconds: float = PATIENCE) -> None:
        """``seconds``: for which a body is waited for."""
        self._seconds = seconds
        self._name = name
        self._signatures = signatures
        self._answer = answer
        self._in_hand: set[str] = set()

    def routes(self) -> list[Route]:
        """Events, buttons and forms, and commands: Slack lets each have an address of its own."""
        return [
            Route(f"/slack/{self._name}/{what}", self.take, methods=["POST"])
            for what in ("events", "interactivity", "commands")
        ]

    async def take(self, request: Request) -> Response:
        """One request."""
        signature = request.headers.get("x-slack-signature", "")
        stamp = request.headers.get("x-slack-request-timestamp", "")
        if not self._signatures.may_be_genuine(stamp, signature):
            return Response(status_code=UNAUTHORIZED)  # without a look at the body
        body = await self._read(request)
        if isinstance(body, Response):
            return body
        if not self._signatures.is_genuine(body, stamp, signature):
            return Response(status_code=UNAUTHORIZED)
        if challenge := _challenge(body):
            return JSONResponse({"challenge": challenge})
        if signature in self._in_hand or not self._signatures.is_new(signature):
            # While the first is in hand, nobody knows yet whether it will be kept.
            return Response(status_code=AWAY if signature in self._in_hand else ACKNOWLEDGED)
        return await self._taken(request, body, signature)

    async def _read(self, request: Request) -> bytes | Response:
        """The octets of a request, or what is answered to one that cannot be read."""
        try:
            async with asyncio.timeout(self._seconds):
                body = await _body(request)
        except ClientDisconnect:
            return Response(status_code=400)
        except TimeoutError:
            return Response(status_code=TOO_SLOW)
        return Response(status_code=TOO_LARGE) if body is None else body

    async def _taken(self, request: Request, body: bytes, signature: str) -> Response:
        headers = {
            name: value
            for name, value in request.headers.items()
            if name.startswith(("content-", "x-slack-"))
        }
        status = 0
        self._in_hand.add(signature)
        try:
            status, text = await self._answer(body.decode("utf-8", "replace"), headers)
        finally:
            self._in_hand.discard(signature)
            if status != ACKNOWLEDGED:
                self._signatures.forget(signature)
        kind = "application/json" if text.startswith("{") else "text/plain"
        return Response(text, status, media_type=kind)


async def _body(request: Request) -> bytes | None:
    """The octets of a request; None: they are too many."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > LARGEST:
            return None
        parts.append(part)
    return b"".join(parts)


def _challenge(body: bytes) -> str:
    """What Slack wants to hear when somebody enters our address, or nothing."""
    if not body.startswith(b"{") or b"url_verification" not in body[:4096]:
        return ""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    given = told.get("challenge") if told.get("type") == "url_verification" else None
    return given[:1000] if isinstance(given, str) else ""
