"""Telegram calls us: ``POST /telegram/NAME`` of the web pages, with the secret that we have told it (J2)."""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Final
from weakref import WeakValueDictionary

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.channels import telegram_poison
from bot.channels.telegram_payload import LARGEST, chat_of
from bot.errors import ChannelError, StoreUnavailable

if TYPE_CHECKING:
    from bot.channels.telegram import TelegramDoor
    from bot.ports import Accept

log = logging.getLogger("deskbot.telegram")

BODY_SECONDS: Final = 10.0
"""For a call to say all that it has to say."""
_MOST_READ: Final = 16 * 1024 * 1024
"""Octets of a call that are read at all. An update of Telegram's has some 20,000."""
_HEADER: Final = "x-telegram-bot-api-secret-token"


def routes(doors: Mapping[str, TelegramDoor], accept: Accept, seconds: float = BODY_SECONDS) -> list[Route]:
    """The address of each bot whose updates come by webhook; none when there is no such bot.

    Telegram calls on several connections at the same time; what is said in one chat is kept in its order, although
    some of it has files to be fetched.
    """
    hook = _Hook(accept, seconds)
    made = [
        Route(f"/telegram/{name}", partial(hook.called, door), methods=["POST"])
        for name, door in doors.items()
    ]
    return [*made, Route("/telegram/{name}", _forbidden, methods=["POST"])] if doors else []


class _Hook:
    """What Telegram calls: it is answered when the update is safe."""

    def __init__(self, accept: Accept, seconds: float) -> None:
        self._accept = accept
        self._seconds = seconds
        self._lines: WeakValueDictionary[tuple[str, int], asyncio.Lock] = WeakValueDictionary()

    async def called(self, door: TelegramDoor, request: Request) -> Response:
        """An update for one bot."""
        given = request.headers.get(_HEADER, "").encode()
        secret = door.section.webhook_secret.get_secret_value().encode()
        if not secret or not hmac.compare_digest(given, secret):
            return await _forbidden(request)
        try:
            async with asyncio.timeout(self._seconds):
                body = await _body(request)
        except TimeoutError:
            return PlainTextResponse("too slow\n", 408)
        except ClientDisconnect:
            return PlainTextResponse("", 400)
        try:
            await self._keep(door, body)
        except (ChannelError, StoreUnavailable) as error:
            log.warning("not taken: %s", error, extra={"action": "telegram.not-taken", "door": door.name})
            return PlainTextResponse("later\n", 503)
        return PlainTextResponse("ok\n")

    async def _keep(self, door: TelegramDoor, body: bytes) -> None:
        """What is no update would come again for ever if we said so: it is held, and that is that."""
        try:
            update = msgspec.json.decode(body) if len(body) <= LARGEST else None
        except msgspec.DecodeError:
            update = None
        if not isinstance(update, dict):
            log.warning("no update", extra={"action": "telegram.no-update", "door": door.name})
            await telegram_poison.held(door, body, self._accept)
            return
        async with self._lines.setdefault((door.name, chat_of(update)), asyncio.Lock()):
            await telegram_poison.taken(door, [update], self._accept, body)


async def _forbidden(_: Request) -> Response:
    """The same for a bot that there is not as for a secret that is wrong."""
    return PlainTextResponse("forbidden\n", 403)


async def _body(request: Request) -> bytes:
    """The octets of a call, as far as they matter: of one that is too large only the beginning is kept. What comes
    behind it is read, so that whoever sends it hears our answer, and forgotten."""
    kept, size = bytearray(), 0
    async for part in request.stream():
        size += len(part)
        if len(kept) <= LARGEST:
            kept += part[: LARGEST + 1]
        if size > _MOST_READ:
            break
    return bytes(kept)
