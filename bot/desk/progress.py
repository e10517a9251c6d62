"""What the requester is told when a ticket changes."""

from __future__ import annotations

from bot.desk.changed import Change
from bot.desk.desk import Desk
from bot.store.engine import Tx


def follow(tx: Tx, change: Change, desk: Desk) -> None:
    """Tell the requester of a change that matters to them."""
