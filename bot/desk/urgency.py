"""What a requester says of the urgency of what they have asked for, by a button, once.

Urgency is the requester's word, as in the form of a new request; the priority is the desk's. The matrix makes one
of the other, and may only raise it; what an agent has decided stays as it is, and they are told.
"""

from __future__ import annotations

from typing import Any, Final

from bot.config import DEGREES, Degree
from bot.desk import appending, changes
from bot.desk.desk import Desk
from bot.desk.incoming import Incoming
from bot.desk.outcome import Outcome, Reason, Result
from bot.desk.states import DONE
from bot.message import Action
from bot.store import conversation, decided
from bot.store import tickets as store
from bot.store.conversation import WholeTicket

URGENT: Final = "urgent"
"""The verb of the button."""
_SAID: Final = "urgent.said"
_HIGH: Final[Degree] = "high"


def by_action(incoming: Incoming, action: Action) -> Outcome:
    """It is urgent: kept, and the owner or the team hears of it. Twice is once."""
    tx, now = incoming.tx, incoming.now
    ticket = conversation.whole(tx, action.ticket) if action.ticket is not None else None
    if ticket is None or ticket.requester_id != incoming.person.id:
        return Outcome(Result.IGNORED, Reason.NOT_ALLOWED, action.ticket)
    over = ticket.state in DONE or store.marked(tx, ticket.id, _SAID, "urgency", _HIGH, most=1)
    if over:
        return Outcome(Result.IGNORED, Reason.OVER, ticket.id)
    actor = incoming.requester
    store.record(
        tx, ticket.id, _SAID, now, actor=actor.person, channel=actor.channel, after={"urgency": _HIGH}
    )
    values: dict[str, Any] = {"urgency": _HIGH}
    if not decided.priority(tx, ticket.id):
        values["priority"] = _raised(ticket, incoming.desk)
    after = changes.apply(tx, incoming.desk, ticket, "urgency", now, actor=actor, **values)
    appending.tell_team(incoming, after, Reason.URGENT)
    return Outcome(Result.COMMANDED, Reason.URGENT, ticket.id)


def _raised(ticket: WholeTicket, desk: Desk) -> str:
    """The priority that the matrix makes of it, unless it is a more urgent one already."""
    impact: Degree = next((known for known in DEGREES if known == ticket.impact), "medium")
    order = list(desk.config.priorities)
    made = desk.config.matrix.priority(impact, _HIGH)
    known = ticket.priority in order and made in order
    return made if not known or order.index(made) < order.index(ticket.priority) else ticket.priority
