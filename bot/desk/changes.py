"""Every change of a ticket goes through here: checked, written, recorded, and followed by what it causes.

What follows from a change stands in the rooms that own it, each with a function ``follow``: the clock
(``promises``), what the requester is told (``progress``), how it ends (``ending``), what teams see of it in
their rooms (``rooms``), whose it is (``assignment``). They run in that order, in the same transaction.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.desk import assignment, ending, progress, promises, rooms
from bot.desk.changed import DESK, Actor, Change
from bot.desk.desk import Desk
from bot.desk.states import State, step
from bot.store import conversation, tickets
from bot.store.conversation import WholeTicket
from bot.store.engine import Tx


def apply(
    tx: Tx,
    desk: Desk,
    ticket: WholeTicket,
    action: str,
    now: datetime,
    *,
    actor: Actor,
    words: str = "",
    quietly: bool = False,
    because: dict[str, Any] | None = None,
    **values: Any,
) -> WholeTicket:
    """Change a ticket that ``conversation.whole`` has read and locked; returns it as it is when all is done.

    What stands already is no change: nothing is written, nothing follows (E12). ``words``: what the actor
    said with it; ``quietly``: the requester is not told, because the same message tells them something
    better; ``because``: reasons for the event. Raises ``IllegalStep``.
    """
    if all(getattr(ticket, name) == value for name, value in values.items()):
        return ticket
    after = replace(ticket, **values)
    change = Change(ticket, after, action, actor, words, quietly, now)
    _keep(tx, change, values, because or {})
    for follow in (promises.follow, progress.follow, ending.follow, rooms.follow):
        follow(tx, change, desk)
    now_it_is = conversation.whole(tx, ticket.id) or after
    given = assignment.owner_after(tx, change, desk)
    return give(tx, desk, now_it_is, given, now) if given else now_it_is


def _keep(tx: Tx, change: Change, values: dict[str, Any], because: dict[str, Any]) -> None:
    """Write what a ticket has become, and who did it."""
    ticket, actor = change.before, change.actor
    if "state" in values and values["state"] != ticket.state:
        step(State(ticket.state), State(values["state"]))
    if not tickets.change(tx, ticket.id, change.now, expected_state=ticket.state, **values):
        raise LookupError(f"ticket {ticket.id} was changed by somebody else while it was locked")
    tickets.record(
        tx,
        ticket.id,
        change.action,
        change.now,
        actor=actor.person,
        channel=actor.channel,
        before=_plain({name: getattr(ticket, name) for name in values}),
        after={**_plain(values), **because},
    )


def give(
    tx: Tx, desk: Desk, ticket: WholeTicket, given: assignment.Given, now: datetime, *, quietly: bool = False
) -> WholeTicket:
    """The desk gives a ticket to an agent by itself."""
    state = State.OPEN if ticket.state == State.NEW else ticket.state
    return apply(
        tx,
        desk,
        ticket,
        "assigned",
        now,
        actor=DESK,
        quietly=quietly,
        because=given.because,
        owner_id=given.person,
        state=state,
    )


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()
    }
