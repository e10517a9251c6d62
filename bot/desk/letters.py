"""Messages to people about a ticket, each in the thread that they have in their own program."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.desk.agents import Agent
from bot.desk.desk import Desk
from bot.message import EMAIL, Attachment, Kind, Notice, OutgoingMessage, Party, ThreadRef
from bot.store import conversation, outbox, people, tickets
from bot.store.conversation import WholeTicket
from bot.store.engine import Tx


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody to write to."""

    person: int
    party: Party
    canonical: str
    locale: str
    time_zone: str


def requester_of(tx: Tx, ticket: WholeTicket, desk: Desk) -> Reader | None:
    """The person who asked, in the language of the ticket."""
    person = people.by_id(tx, ticket.requester_id)
    where = people.reached(tx, ticket.requester_id)
    if person is None or where is None:
        return None
    return Reader(
        person.id,
        Party(where.medium, where.shown, person.name),
        where.canonical,
        person.locale or ticket.locale,
        person.time_zone or desk.config.desk.time_zone,
    )


def followers_of(tx: Tx, ticket: WholeTicket, desk: Desk) -> list[Reader]:
    """Those whom an agent has let follow the ticket."""
    zone = desk.config.desk.time_zone
    return [
        Reader(one.person, Party(one.medium, one.shown, one.name), one.canonical, ticket.locale, zone)
        for one in conversation.taking_part(tx, ticket.id, conversation.FOLLOWER)
    ]


def agent_reader(agent: Agent, desk: Desk) -> Reader:
    """An agent, in their own language."""
    section, home = agent.section, desk.config.desk
    return Reader(
        agent.person.id,
        Party(EMAIL, section.addresses[0], section.name),
        agent.address,
        section.locale or home.locale,
        section.time_zone or home.time_zone,
    )


@dataclass(frozen=True, slots=True)
class Letter:
    """What is to be said to somebody."""

    kind: Kind
    event: str
    values: dict[str, Any] = field(default_factory=dict)
    attachments: tuple[Attachment, ...] = ()
    answers: str = ""
    """The external id of the message that this answers, when it is not kept in the ticket."""


def write(
    tx: Tx,
    reader: Reader,
    ticket: WholeTicket | None,
    letter: Letter,
    desk: Desk,
    now: datetime,
    *,
    channel: str = "",
) -> bool:
    """Put one message into the outbox. False: it would have come back to ourselves, and is left out (E13)."""
    number = ticket.id if ticket else 0
    if desk.is_own(reader.canonical):
        after = {"kind": letter.kind, "event": letter.event, "reason": "its address is one of the desk's own"}
        if ticket:
            tickets.record(tx, number, "delivery.suppressed", now, after=after)
        return False
    earlier = conversation.thread(tx, number, reader.person, reader.canonical) if ticket else []
    message = OutgoingMessage(
        channel=channel or (ticket.channel if ticket else ""),
        to=reader.party,
        ticket=number,
        kind=letter.kind,
        token=desk.references.issue(number, reader.canonical),
        notice=Notice(
            letter.event, reader.locale, reader.time_zone, {**_about(ticket, desk), **letter.values}
        ),
        created_at=now,
        thread=ThreadRef(
            subject=ticket.subject if ticket else "",
            answers=letter.answers or (earlier[-1] if earlier else ""),
            earlier=tuple(earlier),
        ),
        attachments=letter.attachments,
    )
    outbox.queue(tx, message, reader.canonical)
    return True


def _about(ticket: WholeTicket | None, desk: Desk) -> dict[str, Any]:
    """What every message about a ticket may say."""
    home = desk.config.desk
    about: dict[str, Any] = {
        "desk_name": home.name,
        "desk_address": home.address,
        "reference": "",
        "subject": "",
    }
    if ticket is None:
        return about
    return about | {
        "reference": desk.name_of(ticket.id),
        "subject": ticket.subject,
        "state": ticket.state,
        "priority": ticket.priority,
        "queue": desk.team_name(ticket.queue),
    }
