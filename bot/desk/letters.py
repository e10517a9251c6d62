"""Messages to people about a ticket, each in the thread that they have in their own program."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from bot.desk import doors, promises, quiet, screening
from bot.desk.agents import Agent
from bot.desk.desk import Desk
from bot.desk.links import Link, Purpose
from bot.log import address_hash
from bot.message import EMAIL, Attachment, Choice, Kind, Notice, OutgoingMessage, Party, ThreadRef
from bot.store import budgets, conversation, outbox, people, tickets
from bot.store.conversation import WholeTicket
from bot.store.dialect import AT_ONCE
from bot.store.engine import Tx

log = logging.getLogger("deskbot.letters")

MOST_IN_TEN_MINUTES: Final = 10
MOST_IN_AN_HOUR: Final = 20
MOST_IN_A_DAY: Final = 60
"""Automatic messages about one ticket to one recipient: beyond them two machines are talking (E3)."""
MOST_TO_ONE: Final = 200
"""Automatic messages to one recipient in an hour, about all tickets: beyond them it is a flood (E8)."""
STATUS_PAGE_FOR: Final = timedelta(days=400)
"""How long the link to a ticket's page is good."""
AT_DAYTIME: Final = frozenset({Kind.PROGRESS, Kind.CONFIRMATION, Kind.SURVEY})
"""What waits for the morning, unless it answers what the person has just done."""
_BUTTONS: Final = frozenset({"undo", "belongs", "comment", "urgent", "answer"})
"""Verbs of choices that are offered in chat programs alone."""
_ANSWERS: Final = frozenset(
    {"commands", "receipt", "greeted", "which_ticket", "which_one", "question", "questions_done"}
)
"""What answers somebody who has just written in a chat program, where no machine answers the desk."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody to write to."""

    person: int
    party: Party
    canonical: str
    locale: str
    time_zone: str
    follows: bool = False
    """Whether an agent has let them follow the ticket, of which they then have a page (D4)."""


def requester_of(tx: Tx, ticket: WholeTicket, desk: Desk) -> Reader | None:
    """The person who asked, in their own door: the one that they last wrote through; in the language of the
    ticket."""
    person = people.by_id(tx, ticket.requester_id)
    where = doors.own_door(tx, ticket.requester_id, ticket.channel, desk)
    if person is None or where is None or not where.canonical:
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
        Reader(
            one.person,
            Party(one.medium, one.shown, one.name),
            one.canonical,
            ticket.locale,
            zone,
            follows=True,
        )
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
    choices: tuple[Choice, ...] = ()
    at_daytime: bool | None = None
    """Whether it waits while it is night for its reader; None: as its kind does."""
    after: timedelta = timedelta(0)
    """How long it waits, in case something better is said meanwhile."""

    def without_choices(self) -> Letter:
        """The same, for those who have nothing to choose."""
        return replace(self, choices=()) if self.choices else self


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
    """Put one message into the outbox. False: it is left out, and the ticket's history says why."""
    number = ticket.id if ticket else 0
    if reason := _left_out(tx, reader, number, letter, desk, now):
        log.warning(
            "not written: %s", reason, extra={"action": "letter.suppressed", "ticket": number or None}
        )
        after = {"kind": letter.kind, "event": letter.event, "to": reader.canonical, "reason": reason}
        if ticket:
            tickets.record(tx, number, "delivery.suppressed", now, after=after)
        return False
    choices = tuple(_with_page(choice, reader, number, desk, now) for choice in letter.choices)
    message = OutgoingMessage(
        channel=channel or desk.door_to(reader.party, ticket.channel if ticket else ""),
        to=reader.party,
        ticket=number,
        kind=letter.kind,
        token=desk.references.issue(number, reader.canonical),
        notice=Notice(
            letter.event,
            reader.locale,
            reader.time_zone,
            {**_about(ticket, desk), **_page_of(reader, ticket, desk, now), **letter.values},
        ),
        created_at=now,
        thread=thread_of(tx, reader, ticket, letter.answers),
        choices=choices,
        attachments=letter.attachments,
    )
    outbox.queue(tx, message, reader.canonical, not_before=_not_before(reader, ticket, letter, desk, now))
    return True


def thread_of(tx: Tx, reader: Reader, ticket: WholeTicket | None, answered: str = "") -> ThreadRef:
    """What the reader has of the ticket in their mail program; in a chat program the delivery finds out."""
    subject = ticket.subject if ticket else ""
    if ticket is None or reader.party.medium != EMAIL:
        return ThreadRef(subject=subject, answers=answered)
    earlier = conversation.thread(tx, ticket.id, reader.person, reader.canonical)
    answers = answered or (earlier[-1] if earlier else "")
    return ThreadRef(subject=subject, answers=answers, earlier=tuple(earlier))


def _not_before(
    reader: Reader, ticket: WholeTicket | None, letter: Letter, desk: Desk, now: datetime
) -> datetime:
    """Nothing automatic at night, unless the ticket's priority says so."""
    at_daytime = letter.kind in AT_DAYTIME if letter.at_daytime is None else letter.at_daytime
    if ticket and promises.priority_of(ticket.priority, desk).night:
        at_daytime = False
    at = now + letter.after
    morning = quiet.next_waking(at, ZoneInfo(reader.time_zone), desk.config.quiet) if at_daytime else None
    return morning or (at if letter.after else AT_ONCE)


def _with_page(choice: Choice, reader: Reader, number: int, desk: Desk, now: datetime) -> Choice:
    """A choice with the page on which it can be made. A rating has a page of its own; what only buttons can do,
    or what is about no ticket, has none."""
    if choice.verb in _BUTTONS or not number:
        return choice
    purpose = Purpose.RATE if choice.verb == "rate" else Purpose.ANSWER
    extra = choice.value if choice.verb == "rate" else f"{choice.verb}-{choice.value}"
    expires_at = now + desk.config.surveys.valid
    return replace(choice, url=desk.links.url(Link(purpose, number, reader.person, expires_at, extra)))


def _page_of(reader: Reader, ticket: WholeTicket | None, desk: Desk, now: datetime) -> dict[str, Any]:
    """The page of the ticket, for its requester and for those who follow it."""
    if ticket is None or not (reader.follows or reader.person == ticket.requester_id):
        return {}
    return {"status_url": status_page(desk, ticket.id, reader.person, now)}


def status_page(desk: Desk, ticket: int, person: int, now: datetime) -> str:
    """A link to a person's page of a ticket."""
    return desk.links.url(Link(Purpose.STATUS, ticket, person, now + STATUS_PAGE_FOR))


def _left_out(tx: Tx, reader: Reader, number: int, letter: Letter, desk: Desk, now: datetime) -> str | None:
    """Why a message must not be written, in words. What a person writes goes to everybody but ourselves."""
    if desk.is_own(reader.canonical):
        return "its address is one of the desk's own"  # E13
    if not letter.kind.automatic:
        return None
    if screening.takes_no_answer(reader.canonical):
        return "its address takes no answers"
    known = people.find(tx, reader.party.medium, reader.canonical)
    if known and known.bounces >= screening.MOST_BOUNCES:
        return "messages to its address come back"
    return _over_budget(tx, reader, number, letter, now)


def _over_budget(tx: Tx, reader: Reader, number: int, letter: Letter, now: datetime) -> str | None:
    sent = budgets.automatic_in_thread(tx, number, reader.canonical, letter.event, now)
    if sent.all_hour >= MOST_TO_ONE:
        log.error(
            "%s messages in an hour to one address: the rest is left out",
            MOST_TO_ONE,
            extra={"action": "letter.flood", "to": address_hash(reader.canonical), "ticket": number or None},
        )
        return "its address has had the automatic messages that one may have in an hour"
    if reader.party.medium != EMAIL and letter.event in _ANSWERS:
        return None
    if sent.minutes >= MOST_IN_TEN_MINUTES or sent.hour >= MOST_IN_AN_HOUR or sent.day >= MOST_IN_A_DAY:
        return "its address has had the automatic messages that one may have"
    return None


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
