"""Agents are told that a target was missed, with the whole story."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from bot.desk import notices
from bot.desk.desk import Desk
from bot.desk.letters import Letter
from bot.message import Kind
from bot.store import entries, people, withdrawal
from bot.store.conversation import WholeTicket
from bot.store.engine import Tx


def told(
    tx: Tx,
    ticket: WholeTicket,
    missed: tuple[str, datetime],
    keys: Iterable[str],
    desk: Desk,
    now: datetime,
) -> None:
    """To its owner and to those of its new level, with the whole story. What was said of an earlier breach and
    is not on its way yet is overtaken: after a night, or when the bot was down, one word is enough (X21)."""
    keys = {*keys}
    if withdrawal.withdraw(tx, ticket.id, "breached"):
        keys |= {*desk.roster.of_team(ticket.queue)}
    owner = desk.roster.owner(tx, ticket.owner_id)
    values = {
        "target": missed[0],
        "due": missed[1].isoformat(),
        "level": ticket.level,
        "to_team": desk.team_name(ticket.queue),
        **people_of(tx, ticket),
        "story": entries.words_of(tx, ticket.id),
    }
    tell(tx, ticket, "breached", values, {*keys, *filter(None, [owner])}, desk, now)


def tell(
    tx: Tx,
    ticket: WholeTicket,
    event: str,
    values: dict[str, Any],
    keys: Collection[str],
    desk: Desk,
    now: datetime,
) -> None:
    """A clock's word to agents waits for their morning, unless the priority has its nights."""
    notices.tell_each(tx, ticket, Letter(Kind.NOTICE, event, values, at_daytime=True), keys, desk, now)


def people_of(tx: Tx, ticket: WholeTicket) -> dict[str, str]:
    """The names of the owner and of the requester."""
    owner = people.by_id(tx, ticket.owner_id) if ticket.owner_id is not None else None
    who = people.by_id(tx, ticket.requester_id)
    where = people.reached(tx, ticket.requester_id)
    return {
        "owner": owner.name if owner else "",
        "who": (who.name if who else "") or (where.shown if where else ""),
    }
