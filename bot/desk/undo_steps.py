"""What an agent does to a ticket by mistake, and its requester would hear of, taken back before they do.

For a few seconds, in doors that have it, what such a step has the requester told waits, and the agent has a button.
Taken back, the ticket stands as it stood: its state, whose it is, its pauses and timers, the question how satisfied
somebody is, and what waited to be said and was overtaken. When anything of it is on its way, or the ticket has gone
on since, it is too late, and the agent is told so.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from bot.desk import rooms
from bot.desk.cases import REPLY, Case
from bot.desk.desk import Desk
from bot.message import Choice
from bot.store import conversation, steps_back, tickets, withdrawal
from bot.store.conversation import WholeTicket
from bot.store.engine import Tx
from bot.store.steps_back import Kept, Offered, Standing

VERBS: Final = frozenset({"resolve", "close", "update", "wait"})
"""What the requester is told of, or asked after."""
STEP: Final = "step"
"""Where the button's value stands in what was done."""
UNDONE: Final = "undone"
"""The kind of words that were taken back."""
_OFFERED: Final = "step.offered"
_TAKEN_BACK: Final = "step.undone"


def before(case: Case, verb: str) -> Standing | None:
    """How the ticket stands before a step. None: it cannot be taken back."""
    lasts = verb in VERBS and case.desk.undo(case.channel)
    return steps_back.of(case.tx, case.ticket.id) if lasts else None


def offer(case: Case, verb: str, was: Standing | None) -> str | None:
    """Let what the step has caused wait; returns the button's value. None: nothing has happened."""
    stands = steps_back.of(case.tx, case.ticket.id)
    if was is None or stands is None or (stands.digest == was.digest and stands.outbox == was.outbox):
        return None
    tx, number = case.tx, case.ticket.id
    until = case.now + case.desk.undo(case.channel)
    waiting = steps_back.put_aside(tx, number, was.outbox, until)
    kept = Kept(was.beside(stands), stands.digest, waiting, steps_back.overtaken(tx, was.waiting))
    step = str(steps_back.count(tx, number, _OFFERED) + 1)
    after = {"step": step, "verb": verb, "until": until.isoformat()}
    case.record(_OFFERED, steps_back.plain(kept), after)
    return f"{number}-{step}"


def offered(values: dict[str, Any], steps: list[str], channel: str, desk: Desk) -> dict[str, Any]:
    """What an agent is told of what they have done, with for how long it can be taken back."""
    return {**values, "seconds": round(desk.undo(channel).total_seconds())} if steps else values


def choice(value: str) -> Choice:
    """The button."""
    return Choice("undo", "undo", value)


def named(tx: Tx, value: str) -> tuple[WholeTicket, Offered] | None:
    """The step that a button names, and its ticket as it is now."""
    number, _, step = value.partition("-")
    if not all(part.isascii() and part.isdigit() and len(part) <= 15 for part in (number, step)):
        return None
    ticket = conversation.whole(tx, int(number))
    offered = steps_back.offered(tx, ticket.id, _OFFERED, step) if ticket else None
    return (ticket, offered) if ticket and offered else None


def is_taken_back(tx: Tx, ticket: int, offered: Offered) -> bool:
    """Whether it was already."""
    return bool(tickets.marked(tx, ticket, _TAKEN_BACK, "step", offered.after["step"], most=1))


def take_back(tx: Tx, ticket: WholeTicket, offered: Offered, desk: Desk, now: datetime, channel: str) -> bool:
    """Let the ticket stand as it stood. False: it is too late, and nothing has changed."""
    kept, number = offered.kept, ticket.id
    stands = steps_back.of(tx, number)
    late = not kept.outbox and now > datetime.fromisoformat(offered.after["until"])
    if late or stands is None or stands.digest != kept.stands:
        return False
    savepoint = tx.connection.begin_nested()
    if kept.outbox and not withdrawal.take_back(tx, kept.outbox):
        savepoint.rollback()
        return False
    savepoint.commit()
    steps_back.restore(tx, number, kept.was, now)
    steps_back.unsay(tx, number, kept.was.entry, REPLY, UNDONE)
    steps_back.say_again(tx, kept.overtaken)
    after: dict[str, Any] = {"step": offered.after["step"], "verb": offered.after["verb"]}
    tickets.record(tx, number, _TAKEN_BACK, now, actor=offered.actor, channel=channel, after=after)
    if restored := conversation.whole(tx, number):
        rooms.show(tx, restored, desk, now)
    return True
