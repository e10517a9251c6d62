"""Agents are told that a target was missed, with the whole story.

Of many breaches within a few minutes each person hears one by one only of the first; the others wait, and come in
one message that lists them. The rooms of tickets, and the escalation itself, wait for nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from bot.desk import letters, notices, promises, quiet, rooms
from bot.desk.desk import Desk
from bot.desk.letters import Letter
from bot.desk.states import RUNNING
from bot.message import Kind
from bot.store import entries, people, said, tickets, timers, withdrawal
from bot.store.conversation import WholeTicket
from bot.store.engine import Tx
from bot.store.timers import DueTimer

EVENT: Final = "breached"
DIGEST: Final = "breaches"
"""The event of the message that lists several; the timers of what waits for it are named for it and its reader."""
_MOST: Final = 50
"""Tickets that one message lists; the others are counted."""
_LATER: Final = timedelta(hours=1)
"""When it is tried again, for somebody who has had as many messages as one may have."""


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
    keys |= {*filter(None, [owner])}
    late = {key for key in _not_in_room(tx, ticket, keys, desk) if _is_collected(tx, ticket, key, desk, now)}
    tell(tx, ticket, EVENT, values, keys - late, desk, now)


def _not_in_room(tx: Tx, ticket: WholeTicket, keys: Collection[str], desk: Desk) -> list[str]:
    here = rooms.of_ticket(tx, ticket, desk)
    return sorted(key for key in keys if not rooms.are_read_by(here, key, desk))


def _is_collected(tx: Tx, ticket: WholeTicket, key: str, desk: Desk, now: datetime) -> bool:
    """Whether somebody has just heard of another breach, or is about to in the morning: then this one waits."""
    window = desk.config.escalation.collect
    reader = letters.agent_reader(desk.roster.load(tx, key, now), desk)
    people.lock(tx, reader.person)  # two breaches at once are not both the first
    night = promises.priority_of(ticket.priority, desk).night
    last = said.last_of(tx, reader.canonical, (EVENT, DIGEST), now, planned=not night)
    kind = f"{DIGEST}.{reader.person}"
    timers.cancel(tx, ticket.id, kind)
    if last is None or last <= now - window:
        return False
    due = last + window
    if not night:
        due = quiet.next_waking(due, ZoneInfo(reader.time_zone), desk.config.quiet) or due
    timers.start_all(tx, ticket.id, {kind: due})
    tickets.record(tx, ticket.id, "breach.collected", now, after={"to": key, "until": due.isoformat()})
    return True


def digest_is_due(tx: Tx, timer: DueTimer, desk: Desk, now: datetime) -> None:
    """All that waits for somebody is told at once: what is still late then, with nothing of what is not."""
    now = max(now, timer.due_at)  # the database's clock may be ahead of ours
    person = int(timer.kind.partition(".")[2])
    key = desk.roster.owner(tx, person)
    if key is None:
        return
    reader = letters.agent_reader(desk.roster.load(tx, key, now), desk)
    people.lock(tx, reader.person)
    numbers = [*filter(None, [timer.ticket]), *timers.take(tx, timer.kind, now)]
    seen = said.seen(tx, numbers)
    late = [(one, promises.missed(one, now)) for one in seen if one.state in RUNNING]
    late = [(one, missed) for one, missed in late if missed]
    if not late:
        return
    night = any(promises.priority_of(one.priority, desk).night for one, _ in late)
    last = said.last_of(tx, reader.canonical, (EVENT, DIGEST), now, planned=not night)
    again = last + desk.config.escalation.collect if last else now
    if again <= now and letters.write(tx, reader, None, _digest(tx, late, desk, now, night=night), desk, now):
        return
    for one, _ in late:
        timers.start_all(tx, one.id, {timer.kind: again if again > now else now + _LATER})


def _digest(
    tx: Tx,
    late: list[tuple[WholeTicket, list[tuple[str, datetime]]]],
    desk: Desk,
    now: datetime,
    *,
    night: bool,
) -> Letter:
    """What is late for longest stands first."""
    first = sorted(late, key=lambda one: (one[1][0][1], one[0].id))
    listed = [
        {
            "reference": desk.name_of(ticket.id),
            "subject": ticket.subject,
            "priority": ticket.priority,
            "target": missed[0][0],
            "due": missed[0][1].isoformat(),
            "late": int((now - missed[0][1]).total_seconds()),
            "level": ticket.level,
            "queue": desk.team_name(ticket.queue),
            "owner": people_of(tx, ticket)["owner"],
        }
        for ticket, missed in first[:_MOST]
    ]
    values = {"tickets": listed, "many": len(first), "more": len(first) - len(listed)}
    return Letter(Kind.NOTICE, DIGEST, values, at_daytime=not night)


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
