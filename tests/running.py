"""A whole Deskbot that runs while a test looks at it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.app import App


@asynccontextmanager
async def running(app: App) -> AsyncIterator[App]:
    """From its opening to an orderly end; what breaks in it fails the test."""
    await app.open()
    stop = asyncio.Event()
    serving = asyncio.create_task(app.run(stop))
    try:
        yield app
    finally:
        stop.set()
        await serving
        await app.close()
