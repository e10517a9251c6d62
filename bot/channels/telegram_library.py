"""The one place where python-telegram-bot is used: its requests, with answers as they come."""

from __future__ import annotations

import os
from typing import Any, Final

from telegram import Bot, InputFile
from telegram.request import HTTPXRequest

_AS_TIME: Final = "PTB_TIMEDELTA"
os.environ.setdefault(_AS_TIME, "true")  # else the library warns whenever Telegram asks us to wait


class RawBot(Bot):
    """A bot whose answers are what Telegram has sent."""

    async def ask(self, method: str, values: dict[str, Any], seconds: float) -> Any:
        """Call a method by its name."""
        return await self._post(method, values, read_timeout=seconds, pool_timeout=seconds)

    async def octets(self, url: str, seconds: float) -> bytes:
        """The octets of a file."""
        return bytes(await self.request.retrieve(url, read_timeout=seconds, pool_timeout=seconds))


async def open_bot(token: str, url: str, connections: int, seconds: float) -> RawBot:
    """A bot that is ready to be asked; nothing has been said to Telegram yet."""
    request = HTTPXRequest(connection_pool_size=connections, read_timeout=seconds, media_write_timeout=60)
    polling = HTTPXRequest(connection_pool_size=1, read_timeout=seconds)
    made = RawBot(
        token,
        base_url=f"{url}/bot",
        base_file_url=f"{url}/file/bot",
        request=request,
        get_updates_request=polling,
    )
    await request.initialize()
    await polling.initialize()
    return made


async def close_bot(bot: RawBot) -> None:
    """Close the connections."""
    for request in bot._request:  # noqa: SLF001  # shutdown() of the library does nothing before its initialize()
        await request.shutdown()


def file_of(content: bytes, name: str) -> InputFile:
    """A file to be sent."""
    return InputFile(content, filename=name, attach=False)
