"""Promises of open tickets counted anew, after the configuration has changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bot.desk import milestones, promises
from bot.desk.desk import Desk
from bot.desk.milestones import FIRST_RESPONSE, RESOLUTION, TARGETS
from bot.desk.states import DONE, State
from bot.store import conversation, pauses, tickets
from bot.store.conversation import WholeTicket
from bot.store.engine import Tx


def renew_all(tx: Tx, desk: Desk, now: datetime, after: int, limit: int) -> tuple[int | None, int]:
    """Count the targets of up to ``limit`` open tickets anew, those with a number above ``after``: the last of
    them (None: there were none) and how many have other targets now.

    What stands already is not touched, so it can be stopped and begun again at any time.
    """
    found = tickets.counted(tx, (State.NEW, State.OPEN, State.WAITING), after, limit)
    stood = pauses.of_all(tx, [row.id for row in found])
    changed = 0
    for row in found:
        terms = promises.priority_of(row.priority, desk)
        first, resolution = (
            milestones.target(name, terms, row.opened_at, desk.calendar, stood.get(row.id, ())).due
            for name in TARGETS
        )
        same = row.first_response_at is not None or row.first_response_due == first
        if not (same and row.resolution_due == resolution):
            changed += _renewed(tx, row.id, desk, now)
    return (found[-1].id if found else None), changed


def _renewed(tx: Tx, number: int, desk: Desk, now: datetime) -> bool:
    ticket = conversation.whole(tx, number)
    if ticket is None or ticket.state in DONE:
        return False
    counted = promises.targets_of(tx, ticket, desk)
    if ticket.resolution_due == counted[RESOLUTION].due and (
        ticket.first_response_at is not None or ticket.first_response_due == counted[FIRST_RESPONSE].due
    ):
        return False
    promises.renew(tx, ticket, desk, now)
    tickets.record(
        tx, number, "targets.renewed", now, before=_dues(ticket), after=_dues(conversation.whole(tx, number))
    )
    return True


def _dues(ticket: WholeTicket | None) -> dict[str, Any]:
    due = {name: promises.stored(ticket, name) for name in TARGETS} if ticket else {}
    return {name: moment.isoformat() for name, moment in due.items() if moment is not None}
