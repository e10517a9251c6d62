"""Who asks Telegram, where several processes may run: whoever has the lease (J4)."""

from __future__ import annotations

import logging
from datetime import timedelta
from time import monotonic

from bot.errors import ChannelError, StoreUnavailable
from bot.store import chat_progress
from bot.store.engine import Store

log = logging.getLogger("deskbot.telegram")


class Lease:
    """The right of one process to ask for what a bot is told. ``seconds``: after which another may take over."""

    def __init__(self, name: str, store: Store, worker: str, seconds: float) -> None:
        self._name = name
        self._store = store
        self._worker = worker
        self._seconds = seconds
        self._renewed = float("-inf")

    async def mine(self) -> bool:
        """Whether it is ours to ask; then it stays ours for a while. Raises ``StoreUnavailable``."""
        if self._store.embedded:
            return True
        name, worker, lasts = self._name, self._worker, timedelta(seconds=self._seconds)
        self._renewed = monotonic()
        return await self._store.write(lambda tx: chat_progress.take(tx, name, worker, lasts)) is not None

    async def renew(self) -> None:
        """In the middle of much work the lease must not end. Raises ``ChannelError``: another has it by now."""
        if monotonic() - self._renewed > self._seconds / 4 and not await self.mine():
            raise ChannelError("another process has taken over")

    async def give_back(self) -> None:
        """Somebody else may ask now."""
        if not self._store.embedded:
            try:
                await self._store.write(lambda tx: chat_progress.give_back(tx, self._name, self._worker))
            except StoreUnavailable as error:
                log.warning("the lease ends by itself: %s", error, extra={"action": "telegram.not-released"})
