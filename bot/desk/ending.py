"""What happens when a ticket is resolved, closed or opened again."""

from __future__ import annotations

from bot.desk.changed import Change
from bot.desk.desk import Desk
from bot.store.engine import Tx


def follow(tx: Tx, change: Change, desk: Desk) -> None:
    """Ask whether it works again, and how satisfied they were."""
