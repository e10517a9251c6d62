"""Whose a ticket is when nobody has taken it: each in turn, or who has the least to do."""

from __future__ import annotations

from datetime import datetime

from bot.desk.changed import Change
from bot.desk.desk import Desk
from bot.store.conversation import WholeTicket
from bot.store.engine import Tx


def choose(tx: Tx, ticket: WholeTicket, desk: Desk, now: datetime) -> str | None:  # noqa: ARG001  # seed
    """The agent who gets a ticket that nobody owns; None: whoever takes it."""
    return None


def owner_after(tx: Tx, change: Change, desk: Desk) -> int | None:  # noqa: ARG001  # seed
    """The person who owns the ticket after a change, when it is to be another one by itself."""
    return None
