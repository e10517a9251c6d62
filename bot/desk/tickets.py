"""How a ticket begins, and how words are added to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.desk import language, sla
from bot.desk.desk import Desk
from bot.desk.matching import TAKES_PART, Match
from bot.desk.outcome import Outcome, Reason, Result
from bot.desk.promises import FIRST_RESPONSE, RESOLUTION
from bot.desk.states import State, after_words_of_requester, step
from bot.message import Automation, IncomingMessage, Verdict
from bot.store import tickets as store
from bot.store import timers
from bot.store.engine import Tx
from bot.store.people import KnownPerson

MESSAGE: Final = "message"
"""Words of a person who takes part."""
AUTOMATIC: Final = "automatic"
"""Words of a machine."""
UNVERIFIED: Final = "unverified"
"""Words of somebody who has our reference, but does not take part."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A ticket that has just been opened."""

    number: int
    promise: sla.Promise
    locale: str


def open_for(
    tx: Tx,
    message: IncomingMessage,
    requester: KnownPerson,
    desk: Desk,
    now: datetime,
    *,
    inbox_id: int | None,
    follows: Match | None = None,
) -> Opened:
    """Open a ticket with its first words. ``follows``: the closed ticket that the message answered."""
    config = desk.config
    priority = config.tickets.priority
    promise = sla.promise(config.priorities[priority], now, desk.calendar)
    locale = language_of(message, requester, desk)
    number = store.open_ticket(
        tx,
        store.NewTicket(
            subject=message.subject or first_line(message.reply_text),
            state=State.NEW,
            priority=priority,
            queue=config.tickets.queue,
            requester_id=requester.id,
            channel=message.channel,
            locale=locale,
            opened_at=now,
            first_response_due=promise.first_response_at,
            resolution_due=promise.resolution_at,
            proved=message.authentication.verdict is Verdict.PASS,
        ),
    )
    keep_words(tx, number, _kind(message), requester, message, now, inbox_id)
    after = {"state": State.NEW, "priority": priority, "queue": config.tickets.queue}
    if follows:
        after["follows"] = desk.name_of(follows.ticket.id)
    store.record(tx, number, "opened", now, actor=requester.id, channel=message.channel, after=after)
    timers.start_all(
        tx, number, {FIRST_RESPONSE: promise.first_response_at, RESOLUTION: promise.resolution_at}
    )
    return Opened(number, promise, locale)


def add_words(
    tx: Tx, message: IncomingMessage, author: KnownPerson, match: Match, now: datetime, inbox_id: int | None
) -> Outcome:
    """Put a message into the ticket that it answers.

    Words of a machine, or of somebody who does not take part, are kept and change nothing (D3, E4); so does
    thanks.
    """
    ticket = match.ticket
    kind = _kind(message)
    if kind == MESSAGE and match.reason not in {*TAKES_PART, Reason.THANKS}:
        kind = UNVERIFIED
    keep_words(tx, ticket.id, kind, author, message, now, inbox_id)
    before = State(ticket.state)
    moves = kind == MESSAGE and match.reason is not Reason.THANKS
    after = after_words_of_requester(before) if moves else before
    if after is not before:
        step(before, after)
        values = {"state": after, "resolved_at": None, "closed_at": None}
        store.change(tx, ticket.id, now, expected_state=before, **values)
    else:
        store.touch(tx, ticket.id, now)
    store.record(
        tx,
        ticket.id,
        f"{kind}.added",
        now,
        actor=author.id,
        channel=message.channel,
        before={"state": before},
        after={"state": after, "proved": message.authentication.verdict is Verdict.PASS},
    )
    return Outcome(Result.APPENDED, match.reason, ticket.id)


def open_on_behalf(
    tx: Tx,
    message: IncomingMessage,
    requester: KnownPerson,
    agent: KnownPerson,
    desk: Desk,
    now: datetime,
    inbox_id: int | None,
) -> Opened:
    """Open a ticket that an agent writes down, or passes on, for somebody else: it is theirs (D20)."""
    opened = open_for(tx, message, requester, desk, now, inbox_id=inbox_id)
    store.record(
        tx,
        opened.number,
        "opened.for",
        now,
        actor=agent.id,
        channel=message.channel,
        after={"by": agent.name},
    )
    return opened


def _kind(message: IncomingMessage) -> str:
    return MESSAGE if message.automation is Automation.NONE else AUTOMATIC


def keep_words(
    tx: Tx,
    ticket: int,
    kind: str,
    author: KnownPerson,
    message: IncomingMessage,
    now: datetime,
    inbox_id: int | None,
) -> None:
    """Keep what was said, and all of the text beside what this person wrote now, when that says more."""
    words = message.reply_text or message.text
    entry = store.NewEntry(
        ticket=ticket,
        kind=kind,
        author_id=author.id,
        channel=message.channel,
        text=words,
        quoted=message.text if message.text != words else None,
        external_id=message.external_id,
        inbox_id=inbox_id,
        oddities="\n".join(message.oddities) or None,
        created_at=now,
    )
    store.add_entry(tx, entry, message.attachments)


def language_of(message: IncomingMessage, person: KnownPerson, desk: Desk) -> str:
    """Stated preference, else what the message names, else what its words look like, else the desk's."""
    for stated in (person.locale, message.language):
        if stated in desk.locales:
            return stated
    words = f"{message.subject}\n{message.reply_text}"
    return language.detect(words, desk.locales, desk.config.desk.locale)


def first_line(text: str, longest: int = 120) -> str:
    """What stands for a subject when there is none."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"
