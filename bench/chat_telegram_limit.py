"""The limit in a chat of Telegram: a bare poller that asks for updates, confirms them, and forgets.

``python -m bench.chat_telegram_limit API_URL`` asks until it is ended.
"""

from __future__ import annotations

import asyncio
import sys

import aiohttp

from tests.peers.telegram import TOKEN


async def confirm(api: str) -> None:
    """Each question confirms what the one before has brought."""
    offset = 0
    async with aiohttp.ClientSession() as web:
        while True:
            asked = {"offset": str(offset), "timeout": "20", "limit": "100"}
            async with web.post(f"{api}/bot{TOKEN}/getUpdates", data=asked) as answer:
                told = (await answer.json()).get("result") or []
            offset = max([offset, *(update["update_id"] + 1 for update in told)])


if __name__ == "__main__":
    asyncio.run(confirm(sys.argv[1]))
