"""Which parts of a long message to a chat program are there: kept until nobody can ask for it any more."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import sqlalchemy as sa

from bot.store import chat_progress
from bot.store.engine import Tx
from bot.store.models import ChatProgress

_SAID: Final = "said/"
"""Before the token of a message, in the places of ``chat_progress``."""
_KEPT: Final = timedelta(days=30)
"""As long as somebody may still have a message of unknown end sent again."""


def kept(tx: Tx, channel: str, token: str) -> dict[str, int]:
    """The parts of a message that are there, by name, and the service's numbers for them."""
    before = f"{_SAID}{token}/"
    rows = tx.run(
        sa.select(ChatProgress.place, ChatProgress.position).where(
            ChatProgress.channel == channel, ChatProgress.place.startswith(before, autoescape=True)
        )
    )
    return {row.place.removeprefix(before): int(row.position) for row in rows}


def keep(tx: Tx, channel: str, token: str, part: str, number: int) -> None:
    """One more part is there. What was kept long ago is forgotten."""
    chat_progress.advance(tx, channel, str(number), f"{_SAID}{token}/{part}")
    tx.run(
        sa.delete(ChatProgress).where(
            ChatProgress.channel == channel,
            ChatProgress.place.startswith(_SAID),
            ChatProgress.updated_at < tx.clock() - _KEPT,
        )
    )
