"""A ticket that nobody owns is given to somebody, where its team does so: when it comes, or when somebody of a team
that was away as a whole is back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from bot.desk import assignment, changes, notices
from bot.desk.desk import Desk
from bot.desk.states import DONE
from bot.store import conversation, timers
from bot.store.conversation import WholeTicket
from bot.store.engine import Tx
from bot.store.timers import DueTimer

_IN_TURN: Final = f"{assignment.GIVE}.in-turn"
"""The timer of a ticket that has its moment after others of its team: then it is given, come what may."""
REST: Final = timedelta(minutes=15)
"""Of the tickets that have waited for a team nobody is given the next one before so long: who comes back first
does not find all of them on their table."""


def at_opening(tx: Tx, ticket: WholeTicket, desk: Desk, now: datetime) -> WholeTicket:
    """The ticket as it is then. The requester is not told: they have just had the acknowledgement, and nobody
    has looked at their request yet."""
    if ticket.owner_id is not None:
        return ticket
    given = assignment.choose(tx, ticket, desk, now)
    if given is None:
        assignment.wait_for_team(tx, ticket, desk, now)
        return ticket
    return changes.give(tx, desk, ticket, given, now, quietly=True)


def somebody_is_back(tx: Tx, timer: DueTimer, desk: Desk, now: datetime) -> None:
    """The first of its team is back: the ticket is theirs, in the order in which they came. What has been taken
    meanwhile is left alone; whoever has just been given one is given the next a little later."""
    ticket = conversation.whole(tx, timer.ticket) if timer.ticket is not None else None
    if (
        ticket is None
        or ticket.owner_id is not None
        or ticket.state in DONE
        or ticket.merged_into_id is not None
    ):
        return
    now = max(now, timer.due_at)  # the database's clock may be ahead of ours
    rest = timedelta(0) if timer.kind == _IN_TURN else REST
    if given := assignment.choose(tx, ticket, desk, now, rest=rest):
        name = desk.roster.agents[given.key].name
        ticket = changes.give(tx, desk, ticket, given, now)
        notices.hand_over(tx, ticket, {given.key}, name, desk.config.desk.name, desk, now)
    elif assignment.present(tx, ticket, desk, now):
        last = timers.last_for_team(tx, ticket.queue, _IN_TURN)
        timers.start_all(tx, ticket.id, {_IN_TURN: max(last or now, now) + REST})
    else:
        assignment.wait_for_team(tx, ticket, desk, now)
