"""When nobody has said anything to a requester for long: the owner is asked, then the honest line is said.

A request in which nobody of the desk does anything is not told the same for ever as often as at first: after
``escalation.rounds`` rounds each is twice as long as the one before, up to a day, and the team's lead is told. What
anybody of the desk does begins all of it anew. A bot that was down does not ask what is too late to ask: it says the one line, and the interval begins anew.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from bot.desk import informing, intervals, levels, notices, progress
from bot.desk.desk import Desk
from bot.desk.letters import Letter
from bot.message import Choice, Kind
from bot.store import conversation, people, said, tickets, timers, withdrawal
from bot.store.conversation import WholeTicket
from bot.store.engine import Tx
from bot.store.timers import DueTimer

SILENT: Final = "silent"
"""The event by which a lead hears that nobody says anything."""
CHOICES: Final = tuple(Choice(label, "update", label) for label in ("still", "supplier", "fix", "need"))


def ask_is_due(tx: Tx, timer: DueTimer, desk: Desk, now: datetime) -> None:
    """Ask the owner, or the team, what the requester is to be told."""
    ticket = _counting(tx, timer)
    if ticket is None or not informing.may_be_told(tx, ticket, progress.STILL_OPEN, now):
        return
    tells_at = intervals.tells_after(ticket, desk, timer.due_at)
    if now >= tells_at:
        _say(tx, ticket, desk, now)
        return
    notices.tell(
        tx,
        ticket,
        Letter(
            Kind.NOTICE,
            "update_due",
            {
                "who": _who(tx, ticket),
                "told_at": ticket.told_at.isoformat() if ticket.told_at else None,
                "tells_at": tells_at.isoformat(),
            },
            choices=CHOICES,
            at_daytime=True,
        ),
        desk,
        now,
    )
    tickets.record(tx, ticket.id, "update.asked", now, after={"tells_at": tells_at.isoformat()})
    timers.start_all(tx, ticket.id, {intervals.TELL: tells_at})


def tell_is_due(tx: Tx, timer: DueTimer, desk: Desk, now: datetime) -> None:
    """Nobody has said anything: the requester hears that their request is still open, and with whom."""
    ticket = _counting(tx, timer)
    if ticket is not None and informing.may_be_told(tx, ticket, progress.STILL_OPEN, now):
        _say(tx, ticket, desk, now)


def _counting(tx: Tx, timer: DueTimer) -> WholeTicket | None:
    ticket = conversation.whole(tx, timer.ticket) if timer.ticket is not None else None
    return ticket if ticket and intervals.is_counting(ticket) else None


def _say(tx: Tx, ticket: WholeTicket, desk: Desk, now: datetime) -> None:
    withdrawal.withdraw(tx, ticket.id, progress.STILL_OPEN)
    promised = ticket.promised_at
    values: dict[str, Any] = {
        "owner": progress.owner_name(tx, ticket, desk),
        "opened_at": ticket.opened_at.isoformat(),
        "promised_at": promised.isoformat() if promised and promised > now else None,
    }
    reached = informing.tell(tx, ticket, Letter(Kind.PROGRESS, progress.STILL_OPEN, values), desk, now)
    if reached:
        tickets.record(tx, ticket.id, "update.told", now)
        _speak_less(tx, ticket, desk, now)
    else:
        intervals.begin(tx, ticket, desk, now, now)


def _speak_less(tx: Tx, ticket: WholeTicket, desk: Desk, now: datetime) -> None:
    """When nobody of the desk has done anything for many rounds, the same line once more says nothing: the rounds
    get longer, and the lead hears of it, once."""
    most = desk.config.escalation.rounds
    rounds = said.rounds(tx, ticket.id, ticket.requester_id)
    tells_at = intervals.stretch(tx, ticket, desk, now, rounds - most) if most else None
    if tells_at is None or rounds != most + 1:
        return
    lead = levels.last(ticket, desk)
    values = {
        "who": _who(tx, ticket),
        "owner": progress.owner_name(tx, ticket, desk),
        "rounds": rounds,
        "opened_at": ticket.opened_at.isoformat(),
        "tells_at": tells_at.isoformat(),
    }
    notices.tell_each(tx, ticket, Letter(Kind.NOTICE, SILENT, values, at_daytime=True), lead, desk, now)
    tickets.record(
        tx, ticket.id, "update.less", now, after={"rounds": rounds, "tells_at": tells_at.isoformat()}
    )


def _who(tx: Tx, ticket: WholeTicket) -> str:
    person = people.by_id(tx, ticket.requester_id)
    where = people.reached(tx, ticket.requester_id)
    return (person.name if person else "") or (where.shown if where else "")
