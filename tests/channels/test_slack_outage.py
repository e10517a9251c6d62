"""The database is really stopped: Slack is told nothing, and brings it again, or history does (X10, X11)."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from pathlib import Path

from bot.store import migrate
from bot.store.engine import Store
from tests.channels.slack_world import slack_world
from tests.peers.postgres import PostgresCluster
from tests.store.conftest import driver_url


class Heard(logging.Handler):
    """Sets an event when the door logs that it could not keep something."""

    def __init__(self) -> None:
        super().__init__()
        self.refused = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        if getattr(record, "action", "") in {"slack.not-kept", "slack.too-late"}:
            self.refused.set()


async def test_x10_x11_what_comes_while_the_database_is_stopped_is_not_acknowledged_and_comes_once(
    durable_postgres: PostgresCluster, tmp_path: Path
) -> None:
    store = Store(driver_url(durable_postgres.create_database()))
    await asyncio.to_thread(migrate.upgrade, store)
    store.open()
    heard = Heard()
    logging.getLogger("deskbot.slack").addHandler(heard)
    try:
        async with slack_world(tmp_path, store=store) as world:
            direct = world.house.workspace.direct("U1")
            await world.house.says("U1", direct, "before")
            await asyncio.to_thread(durable_postgres.stop)

            saying = asyncio.create_task(world.house.says("U1", direct, "meanwhile"))
            async with asyncio.timeout(3):
                await heard.refused.wait()
            assert world.house.last_envelope not in world.house.acknowledged
            event = world.house.last_event
            saying.cancel()
            with suppress(asyncio.CancelledError):
                await saying
            await world.house.says("U1", direct, "when Slack had given up", tell=False)

            await asyncio.to_thread(durable_postgres.start)
            for retry in (1, 2):
                await world.house.send("events_api", event, retry=retry)
            await world.until_kept(3)
            assert sorted(await world.texts()) == ["before", "meanwhile", "when Slack had given up"]
    finally:
        logging.getLogger("deskbot.slack").removeHandler(heard)
        store.close()
