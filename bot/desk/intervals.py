"""No silence: when the requester must hear something next."""

from __future__ import annotations

from datetime import datetime

from bot.desk.desk import Desk
from bot.store.conversation import WholeTicket
from bot.store.engine import Tx


def at_opening(priority: str, desk: Desk, now: datetime) -> dict[str, datetime]:  # noqa: ARG001  # seed
    """The timers of a new ticket."""
    return {}


def heard(tx: Tx, ticket: WholeTicket, desk: Desk, now: datetime) -> None:
    """The requester hears something now: the next word is due an interval later."""
