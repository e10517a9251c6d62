"""A major incident: everybody whom the contact table names is told at once, through every door they have, once.

Who is told: the contacts for the ticket's team who are on duty, and the team's lead. When the table names nobody
for this hour, everybody it names for the team; when that is nobody either, the team itself. Nobody is told twice,
and whoever declared it is not told what they have just said. Contacts outside their hours are told when these begin,
unless it is over by then.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from bot import config
from bot.desk import changes, letters, rooms
from bot.desk.agents import Agent
from bot.desk.changed import DESK, Actor, By
from bot.desk.desk import Desk
from bot.desk.letters import Letter, Reader
from bot.desk.states import DONE
from bot.desk.table import Duty
from bot.mail.addresses import canonical
from bot.message import EMAIL, Kind, Party
from bot.store import conversation, entries, people, said, tickets, timers
from bot.store.conversation import WholeTicket
from bot.store.engine import Tx
from bot.store.timers import DueTimer

log = logging.getLogger("deskbot.major")

EVENT: Final = "major"
TOLD: Final = "major.told"
LATER: Final = "major.later"
"""The timer of contacts who were outside their hours."""
MOST_IN_AN_HOUR: Final = {True: 10, False: 3}
"""Requests that the desk announces by itself, of proved senders and of others: who forges a name does not keep
everybody awake, nor what is proved from being announced (E7). The team is told of each like of any request."""
TOO_MANY: Final = "more major incidents than everybody is told of in an hour"
_LONGEST: Final = 5_000
"""Characters of the request that stand in the notice."""


class Declared(NamedTuple):
    """The ticket as it is now, and how many people were told."""

    ticket: WholeTicket
    told: int


class _Door(NamedTuple):
    """One way to somebody."""

    reader: Reader
    channel: str = ""
    agent: bool = True
    """Whether it is an agent's, who can answer with commands."""


def declare(
    tx: Tx, ticket: WholeTicket, reason: str, by: Agent | None, desk: Desk, now: datetime, channel: str = ""
) -> Declared:
    """Make an open ticket a major incident, raise it, and tell everybody; nothing when it is one already.

    ``by``: the agent who says so; None: the desk. ``channel``: the door of that agent.
    """
    if ticket.major:
        return Declared(ticket, 0)
    actor = Actor(By.AGENT, by.person.id, channel) if by else DESK
    raised: dict[str, Any] = {"priority": desk.config.major.priority, "impact": "high", "urgency": "high"}
    ticket = changes.apply(tx, desk, ticket, EVENT, now, actor=actor, major=True, **raised)
    return Declared(ticket, announce(tx, ticket, reason, by, desk, now))


def at_opening(
    tx: Tx,
    number: int,
    reason: str,
    desk: Desk,
    now: datetime,
    *,
    proved: bool,
    sign: tuple[str, str] = ("", ""),
) -> None:
    """A ticket that the rules have opened as one: what is left to do is to tell everybody. ``proved``: whether
    its sender is; ``sign``: see ``rules.Decision``."""
    ticket = conversation.whole(tx, number)
    if ticket is None:
        return
    hour = now - timedelta(hours=1)
    if said.majors_before(tx, number, hour, proved=proved) < MOST_IN_AN_HOUR[proved]:
        announce(tx, ticket, reason, None, desk, now, sign)
        return
    tickets.record(tx, number, "delivery.suppressed", now, after={"event": EVENT, "reason": TOO_MANY})
    log.error("major incident, not announced", extra={"action": "ticket.major.muted", "ticket": number})


def announce(
    tx: Tx,
    ticket: WholeTicket,
    reason: str,
    by: Agent | None,
    desk: Desk,
    now: datetime,
    sign: tuple[str, str] = ("", ""),
) -> int:
    """Tell everybody who is to be told, and note whom. Returns how many people were reached."""
    contacts = _contacts(ticket.queue, desk, now)
    values = _values(tx, ticket, reason, by, contacts) | {"because": sign[0], "sign": sign[1]}
    letter = Letter(Kind.NOTICE, EVENT, values, at_daytime=False)
    told: set[str] = set(by.addresses) if by else set()
    reached = _tell(tx, ticket, letter, _people(tx, ticket, contacts, desk, now), told, desk, now)
    rooms.told(tx, ticket, letter, desk, now)
    _wait_for_others(tx, ticket, contacts, desk, now)
    tickets.record(
        tx, ticket.id, TOLD, now, actor=by.person.id if by else None, after={"reason": reason, "to": reached}
    )
    log.warning("major incident", extra={"action": "ticket.major", "ticket": ticket.id, "told": len(reached)})
    return len(reached)


def _tell(
    tx: Tx,
    ticket: WholeTicket,
    letter: Letter,
    everybody: Iterable[list[_Door]],
    told: set[str],
    desk: Desk,
    now: datetime,
) -> list[str]:
    """Through every door of each of them, except those that have been ``told``. Returns who was reached."""
    bare = replace(letter, values={**letter.values, "agent": False})
    reached: list[str] = []
    for doors in everybody:
        said = False
        for door in doors:
            if door.reader.canonical not in told:
                told.add(door.reader.canonical)
                theirs = letter if door.agent else bare
                said |= letters.write(tx, door.reader, ticket, theirs, desk, now, channel=door.channel)
        if said:
            reached.append(doors[0].reader.canonical)
    return reached


def _wait_for_others(
    tx: Tx, ticket: WholeTicket, contacts: Collection[config.Contact], desk: Desk, now: datetime
) -> None:
    """Contacts outside their hours hear of it when the next of them begins theirs. ``contacts``: who has heard."""
    others = [one for one in _of_team(ticket.queue, desk) if one.contact not in contacts]
    if begins := min((at for one in others if (at := one.begins_after(now, desk.zone))), default=None):
        timers.start_all(tx, ticket.id, {LATER: begins})


def others_are_there(tx: Tx, timer: DueTimer, desk: Desk, now: datetime) -> None:
    """The hours of a contact have begun. It may be over by now, or they have heard of it otherwise."""
    ticket = conversation.whole(tx, timer.ticket) if timer.ticket is not None else None
    if ticket is None or not ticket.major or ticket.state in DONE:
        return
    now = max(now, timer.due_at)  # the database's clock may be ahead of ours
    known = said.afters(tx, ticket.id, TOLD)
    reason = str(known[0].get("reason", "")) if known else ""
    there = [one.contact for one in _of_team(ticket.queue, desk) if one.is_on_duty(_minute(desk, now))]
    letter = Letter(Kind.NOTICE, EVENT, _values(tx, ticket, reason, None, there), at_daytime=False)
    everybody = list(_named(tx, there, desk, now))
    places = {door.reader.canonical for doors in everybody for door in doors}
    told = {place for place in places if said.was_told(tx, ticket.id, EVENT, place)}
    if reached := _tell(tx, ticket, letter, everybody, told, desk, now):
        tickets.record(tx, ticket.id, TOLD, now, after={"reason": reason, "to": reached})
    known_to = [one.contact for one in _of_team(ticket.queue, desk) if _has_heard(tx, ticket, one, desk, now)]
    _wait_for_others(tx, ticket, [*there, *known_to], desk, now)


def _has_heard(tx: Tx, ticket: WholeTicket, one: Duty, desk: Desk, now: datetime) -> bool:
    """Whether a contact need not be waited for any more."""
    places = [door.reader.canonical for doors in _named(tx, [one.contact], desk, now) for door in doors]
    return all(said.was_told(tx, ticket.id, EVENT, place) for place in places)


def _values(
    tx: Tx, ticket: WholeTicket, reason: str, by: Agent | None, contacts: list[config.Contact]
) -> dict[str, Any]:
    requester = people.by_id(tx, ticket.requester_id)
    owner = people.by_id(tx, ticket.owner_id) if ticket.owner_id else None
    return {
        "reason": reason,
        "by": by.section.name if by else "",
        "who": requester.name if requester else "",
        "owner": owner.name if owner else "",
        "text": entries.first_words(tx, ticket.id)[:_LONGEST],
        "contacts": [{"unit": one.unit, "name": one.name, "phone": one.phone} for one in contacts],
    }


def _contacts(queue: str, desk: Desk, now: datetime) -> list[config.Contact]:
    """Who is on duty for a team; when nobody is, everybody whom the table names for it."""
    minute, of_team = _minute(desk, now), _of_team(queue, desk)
    return [one.contact for one in of_team if one.is_on_duty(minute)] or [one.contact for one in of_team]


def _of_team(queue: str, desk: Desk) -> list[Duty]:
    return [one for one in desk.table.contacts if not one.contact.queues or queue in one.contact.queues]


def _minute(desk: Desk, now: datetime) -> int:
    wall = now.astimezone(desk.zone)
    return wall.hour * 60 + wall.minute


def _named(tx: Tx, contacts: list[config.Contact], desk: Desk, now: datetime) -> Iterator[list[_Door]]:
    """Contacts, each with the ways to them."""
    for contact in contacts:
        if contact.agent and desk.config.agents[contact.agent].active:
            yield list(_doors_of(tx, contact.agent, desk, now))
        if contact.addresses:
            yield [_door(tx, contact.name, address, desk, now) for address in contact.addresses]


def _people(
    tx: Tx, ticket: WholeTicket, contacts: list[config.Contact], desk: Desk, now: datetime
) -> Iterator[list[_Door]]:
    """Everybody who is told, each with the ways to them."""
    agents: list[str] = []
    found = False
    for contact in contacts:
        if contact.agent:
            agents.append(contact.agent)
        if contact.addresses:
            found = True
            yield [_door(tx, contact.name, address, desk, now) for address in contact.addresses]
    team = desk.config.teams.get(ticket.queue)
    agents += filter(None, [team.lead if team else ""])
    agents = [key for key in dict.fromkeys(agents) if desk.config.agents[key].active]
    if not agents and not found:
        agents = list(desk.roster.of_team(ticket.queue))
    for key in agents:
        yield list(_doors_of(tx, key, desk, now))


def _doors_of(tx: Tx, key: str, desk: Desk, now: datetime) -> Iterator[_Door]:
    """Every way to an agent."""
    agent = desk.roster.load(tx, key, now)
    first = letters.agent_reader(agent, desk)
    for address in agent.section.addresses:
        party = Party(EMAIL, address, agent.section.name)
        yield _Door(replace(first, party=party, canonical=canonical(address)))
    for place in agent.section.chats:
        channel, _, where = place.partition(":")
        if medium := desk.channels.get(channel):
            address = f"{channel}/{where}"
            party = Party(medium, address, agent.section.name)
            yield _Door(replace(first, party=party, canonical=canonical(address)), channel)


def _door(tx: Tx, name: str, address: str, desk: Desk, now: datetime) -> _Door:
    """A contact who is no agent: a person like any other."""
    home, key = desk.config.desk, canonical(address)
    person = people.find(tx, EMAIL, key) or people.add(tx, Party(EMAIL, address, name), key, now)
    party = Party(EMAIL, address, name)
    return _Door(
        Reader(person.id, party, key, person.locale or home.locale, person.time_zone or home.time_zone),
        agent=key in desk.roster.by_address,
    )
