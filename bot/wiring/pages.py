"""What is served to browsers and to monitoring: pages, health, metrics, and what chat programs call."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from bot.store import inbox_review, outbox_review
from bot.web.door import WebDoor
from bot.web.probes import Probes, Queues

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.routing import Route

    from bot.ports import Accept
    from bot.wiring.parts import Serving
    from bot.wiring.process import Process


class Pages:
    """The web of one process."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self.door = WebDoor(process.desk.links)
        self.enabled = "web" in process.roles and process.config.web.enabled
        self.port = process.config.web.port
        """Once the pages are served: the real one, when the configuration says 0."""

    async def serve(self, accept: Accept, serving: dict[str, Serving], routes: Sequence[Route]) -> None:
        """Serve until cancelled. ``serving``: the doors whose health is told; ``routes``: what chats are called at."""
        from bot.web import pages
        from bot.web.app import create_app
        from bot.web.server import serve

        process = self._process
        shown = pages.Pages(process.store, process.blobs, process.desk, accept, process.now)
        probes = Probes(self._queues, serving)
        app = create_app(probes, process.metrics, process.config.web, shown, routes)
        await serve(app, process.config.web, self._listens)

    def _listens(self, port: int) -> None:
        self.port = port

    async def _queues(self) -> Queues:
        came, goes = await self._process.store.read(
            lambda tx: (inbox_review.depth(tx), outbox_review.depth(tx))
        )
        now = self._process.now()

        def age(moment: datetime | None) -> float:
            return max(0.0, (now - moment).total_seconds()) if moment else 0.0

        return Queues(
            inbox_waiting=came.waiting,
            inbox_oldest=age(came.oldest),
            held=came.held,
            outbox_waiting=goes.waiting,
            outbox_oldest=age(goes.oldest),
            outbox_failed=goes.failed,
            outbox_unknown=goes.unknown,
            outbox_held=goes.held,
        )
