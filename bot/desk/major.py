"""A major incident: everybody whom the contact table names is told at once, through every door they have, once.

Who is told: the contacts for the ticket's team who are on duty, and the team's lead. When the table names nobody
for this hour, everybody it names for the team; when that is nobody either, the team itself. Nobody is told twice,
and whoever declared it is not told what they have just said.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from bot import config
from bot.desk import changes, letters, rooms
from bot.desk.agents import Agent
from bot.desk.changed import DESK, Actor, By
from bot.desk.desk import Desk
from bot.desk.letters import Letter, Reader
from bot.mail.addresses import canonical
from bot.message import EMAIL, Kind, Party
from bot.store import conversation, entries, people, said, tickets
from bot.store.conversation import WholeTicket
from bot.store.engine import Tx

log = logging.getLogger("deskbot.major")

EVENT: Final = "major"
TOLD: Final = "major.told"
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
    bare = replace(letter, values={**values, "agent": False})
    told: set[str] = set(by.addresses) if by else set()
    reached: list[str] = []
    for doors in _people(tx, ticket, contacts, desk, now):
        said = False
        for door in doors:
            if door.reader.canonical not in told:
                told.add(door.reader.canonical)
                theirs = letter if door.agent else bare
                said |= letters.write(tx, door.reader, ticket, theirs, desk, now, channel=door.channel)
        if said:
            reached.append(doors[0].reader.canonical)
    rooms.told(tx, ticket, letter, desk, now)
    tickets.record(
        tx, ticket.id, TOLD, now, actor=by.person.id if by else None, after={"reason": reason, "to": reached}
    )
    log.warning("major incident", extra={"action": "ticket.major", "ticket": ticket.id, "told": len(reached)})
    return len(reached)


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
    wall = now.astimezone(desk.zone)
    minute = wall.hour * 60 + wall.minute
    of_team = [one for one in desk.table.contacts if not one.contact.queues or queue in one.contact.queues]
    return [one.contact for one in of_team if one.is_on_duty(minute)] or [one.contact for one in of_team]


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
