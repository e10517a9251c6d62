"""The negative control: Deskbot with a door that says yes before the commit, as careless servers do.

Everything else is the real program. The harness must find that this one loses mails; if it does not, its
silence about the real one means nothing. ``python -m tests.faults.early_answer run`` is ``deskbot run``.
"""

from __future__ import annotations

import asyncio
import signal

import uvloop

from bot.app import ROLES, App
from bot.config import load
from bot.message import Payload

_LATER = 0.05
"""Seconds that a payload waits in memory: what a queue between the door and the database would do."""


async def _serve() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    app = App(load(), ROLES)
    kept: set[asyncio.Task[None]] = set()

    async def keep(payload: Payload) -> None:
        await asyncio.sleep(_LATER)
        await app.intake.accept(payload)

    async def early(payload: Payload) -> bool:
        task = asyncio.create_task(keep(payload))
        kept.add(task)
        task.add_done_callback(kept.discard)
        return True

    try:
        await app.open()
        await app.run(stop, early)
    finally:
        await app.close()


if __name__ == "__main__":
    uvloop.run(_serve())
