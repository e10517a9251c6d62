"""Telegram calls us: ``POST /telegram/NAME`` of the web pages, with the secret that we have told it (J2)."""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final
from weakref import WeakValueDictionary

import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.channels.telegram_payload import chat_of
from bot.errors import ChannelError, StoreUnavailable

if TYPE_CHECKING:
    from bot.channels.telegram import TelegramDoor
    from bot.ports import Accept

log = logging.getLogger("deskbot.telegram")

_HEADER: Final = "x-telegram-bot-api-secret-token"


def routes(doors: Mapping[str, TelegramDoor], accept: Accept) -> list[Route]:
    """The address of each bot whose updates come by webhook; none when there is no such bot.

    Telegram calls on several connections at the same time; what is said in one chat is kept in its order, although
    some of it has files to be fetched.
    """
    lines: WeakValueDictionary[tuple[str, int], asyncio.Lock] = WeakValueDictionary()

    async def called(request: Request) -> Response:
        door = doors.get(request.path_params["name"])
        given = request.headers.get(_HEADER, "").encode()
        secret = door.section.webhook_secret.get_secret_value().encode() if door else b""
        if door is None or not secret or not hmac.compare_digest(given, secret):
            return PlainTextResponse("forbidden\n", 403)
        try:
            update = msgspec.json.decode(await request.body())
        except msgspec.DecodeError:
            return PlainTextResponse("no update\n", 400)
        if not isinstance(update, dict):
            return PlainTextResponse("no update\n", 400)
        try:
            async with lines.setdefault((door.name, chat_of(update)), asyncio.Lock()):
                await door.take([update], accept)
        except (ChannelError, StoreUnavailable) as error:
            log.warning("not taken: %s", error, extra={"action": "telegram.not-taken", "door": door.name})
            return PlainTextResponse("later\n", 503)
        return PlainTextResponse("ok\n")

    return [Route("/telegram/{name}", called, methods=["POST"])] if doors else []
