"""Calls of Telegram's Bot API, and its errors in our terms. The library is loaded when the first call is made.

Answers are taken as they come, not as the library's objects: an update of a kind that it does not know yet must
not stop all others.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from bot.errors import ChannelError

if TYPE_CHECKING:
    from bot.channels.telegram_library import RawBot
    from bot.config import Telegram

LARGEST_DOWNLOAD: Final = 20 * 1024 * 1024
LARGEST_UPLOAD: Final = 50 * 1024 * 1024
_CONNECTIONS: Final = 16
_SECONDS: Final = 20.0


class Refused(ChannelError):
    """Telegram says no to what was asked: "Bad Request: …" or "Forbidden: …"."""


class Elsewhere(ChannelError):
    """The group has become a supergroup, with an id of its own."""

    def __init__(self, chat: int) -> None:
        super().__init__(f"the group has moved to {chat}", retry_after=1)
        self.chat = chat


class OtherPoller(ChannelError):
    """Somebody else asks for updates with this token, or a webhook is set (J4)."""


class Api:
    """The calls of one bot."""

    def __init__(self, section: Telegram, *, seconds: float = _SECONDS) -> None:
        """``seconds``: for Telegram to answer."""
        self._token = section.token.get_secret_value()
        self._url = section.api_url.rstrip("/")
        self._seconds = seconds
        self._bot: RawBot | None = None
        self._opening = asyncio.Lock()

    @property
    def bot_id(self) -> int:
        """The bot's own id, which stands before the colon of its token."""
        number = self._token.partition(":")[0]
        return int(number) if number.isdecimal() else 0

    async def call(self, method: str, seconds: float | None = None, **values: Any) -> Any:
        """Call a method; returns its "result". Values that are None are left out.

        Raises ``ChannelError``.
        """
        bot = await self._opened()
        given = {name: value for name, value in values.items() if value is not None}
        try:
            return await bot.ask(method, given, seconds or self._seconds)
        except Exception as error:  # noqa: BLE001  # the library's and the network's errors become ours here
            raise _translated(error, method) from None

    async def download(self, path: str) -> bytes:
        """The octets of a file that ``getFile`` has named. Raises ``ChannelError``."""
        bot = await self._opened()
        try:
            return await bot.octets(f"{self._url}/file/bot{self._token}/{path}", self._seconds * 3)
        except Exception as error:  # noqa: BLE001  # likewise
            raise _translated(error, "download") from None

    async def close(self) -> None:
        """Let go of connections."""
        if self._bot is not None:
            from bot.channels.telegram_library import close_bot

            bot, self._bot = self._bot, None
            await close_bot(bot)

    async def _opened(self) -> RawBot:
        async with self._opening:
            if self._bot is None:
                from bot.channels.telegram_library import open_bot

                self._bot = await open_bot(self._token, self._url, _CONNECTIONS, self._seconds)
            return self._bot


def _translated(error: Exception, method: str) -> ChannelError:
    from telegram import error as told

    said = str(error)[:300]
    words = f"Telegram, {method}: {said[:1].lower()}{said[1:]}"  # Telegram's own; the library begins with a capital
    match error:
        case told.RetryAfter():
            seconds = error.__reduce__()[1][0]  # its own property warns, and will change its type
            found = ChannelError(words, retry_after=float(seconds))
        case told.ChatMigrated():
            found = Elsewhere(error.new_chat_id)
        case told.Conflict():
            found = OtherPoller(words)
        case told.InvalidToken():
            found = ChannelError("Telegram does not know the token: take it from BotFather, and set token")
        case told.BadRequest() | told.Forbidden():
            found = Refused(words, permanent=True)
        case _:
            found = _of_network(error, words, method)
    return found


def _of_network(error: Exception, words: str, method: str) -> ChannelError:
    """Nothing of it was said on purpose. Whether it was done is known when the connection was never made, and when
    an answer of 5xx came: it was not, unless the answer says that time ran out on the way."""
    from httpx import ConnectError, ConnectTimeout, HTTPError, PoolTimeout
    from telegram.error import NetworkError

    cause = error.__cause__
    if isinstance(cause, HTTPError):
        unsaid = isinstance(cause, ConnectError | ConnectTimeout | PoolTimeout)
        return ChannelError(f"Telegram, {method}: {type(cause).__name__}", ambiguous=not unsaid)
    if "too large" in words.casefold():
        return Refused(words, permanent=True)
    if isinstance(error, NetworkError) and cause is None:
        return ChannelError(words, ambiguous="timeout" in words.casefold() or "(504)" in words)
    return ChannelError(f"Telegram, {method}: {type(error).__name__}", ambiguous=True)
