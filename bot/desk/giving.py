"""A ticket that nobody owns is given to somebody, where its team does so."""

from __future__ import annotations

from datetime import datetime

from bot.desk import assignment, changes
from bot.desk.desk import Desk
from bot.store.conversation import WholeTicket
from bot.store.engine import Tx


def at_opening(tx: Tx, ticket: WholeTicket, desk: Desk, now: datetime) -> WholeTicket:
    """The ticket as it is then. The requester is not told: they have just had the acknowledgement, and nobody
    has looked at their request yet."""
    given = assignment.choose(tx, ticket, desk, now) if ticket.owner_id is None else None
    return changes.give(tx, desk, ticket, given, now, quietly=True) if given else ticket
