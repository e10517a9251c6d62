"""The limit in a chat: a bare client of Socket Mode that acknowledges each envelope and forgets.

``python -m bench.chat_limit API_URL`` serves until it is ended.
"""

from __future__ import annotations

import asyncio
import sys

import aiohttp

from tests.peers.slack.house import APP_TOKEN


async def acknowledge(api: str) -> None:
    """Take a socket, and say of each envelope that it is here."""
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {APP_TOKEN}"}) as web:
        async with web.post(f"{api}apps.connections.open") as answer:
            url = (await answer.json())["url"]
        async with web.ws_connect(url) as socket:
            async for message in socket:
                told = message.json()
                if "envelope_id" in told:
                    await socket.send_json({"envelope_id": told["envelope_id"]})


if __name__ == "__main__":
    asyncio.run(acknowledge(sys.argv[1]))
