"""How a ticket begins, and how words are added to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from bot.desk import changes, doors, intervals, language, major, promises, questions, rules, sla
from bot.desk.changed import Actor, By
from bot.desk.desk import Desk
from bot.desk.matching import TAKES_PART, Match
from bot.desk.outcome import Outcome, Reason, Result
from bot.desk.rules import Decision
from bot.desk.states import DONE, State, after_words_of_requester
from bot.mail.addresses import canonical
from bot.message import Automation, IncomingMessage, Verdict
from bot.store import conversation, timers
from bot.store import tickets as store
from bot.store.conversation import WholeTicket
from bot.store.engine import Tx
from bot.store.people import KnownPerson

MESSAGE: Final = "message"
"""Words of a person who takes part."""
AUTOMATIC: Final = "automatic"
"""Words of a machine."""
UNVERIFIED: Final = "unverified"
"""Words of somebody who has our reference, but does not take part."""


_HEARD: Final = TAKES_PART | {Reason.THANKS, Reason.TOGETHER, Reason.ONLY_OPEN}
"""Standings of whoever takes part."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A ticket that has just been opened."""

    number: int
    promise: sla.Promise
    locale: str
    decision: Decision
    asked: tuple[str, ...] = ()
    """The questions that the acknowledgement asks, by their keys."""
    follows: int | None = None
    """The closed ticket that the message answered."""


def open_for(
    tx: Tx,
    message: IncomingMessage,
    requester: KnownPerson,
    desk: Desk,
    now: datetime,
    *,
    inbox_id: int | None,
    follows: Match | None = None,
    asks: bool = True,
) -> Opened:
    """Open a ticket with its first words. ``follows``: the closed ticket that the message answered; ``asks``:
    whether what is missing is asked back."""
    decision = rules.decide(message, canonical(message.sender.address), desk, now)
    promise = sla.promise(desk.config.priorities[decision.priority], now, desk.calendar)
    locale = requester.locale or decision.locale or language_of(message, requester, desk)
    asks = asks and follows is None and not _was_asked(message)
    asked = questions.missing(message, decision.category, desk) if asks else ()
    new = _new(message, requester, decision, promise, locale, asked, now)
    number = store.open_ticket(tx, new)
    keep_words(tx, number, _kind(message), requester, message, now, inbox_id)
    _record_opening(tx, number, decision, requester, message, desk, now, follows)
    timers.start_all(
        tx,
        number,
        promises.at_opening(promise, decision.priority, desk, now, requester.time_zone)
        | intervals.at_opening(decision.priority, desk, now),
    )
    if decision.major:
        major.at_opening(tx, number, decision.major, desk, now, proved=new.proved, sign=decision.sign)
    return Opened(number, promise, locale, decision, asked, follows.ticket.id if follows else None)


def _was_asked(message: IncomingMessage) -> bool:
    """Whether it came by a form, which has asked all questions: what is empty there is not asked once more."""
    return doors.is_chat(message) and not doors.is_shown(message)


def _new(
    message: IncomingMessage,
    requester: KnownPerson,
    decision: Decision,
    promise: sla.Promise,
    locale: str,
    asked: tuple[str, ...],
    now: datetime,
) -> store.NewTicket:
    """A ticket as it begins."""
    return store.NewTicket(
        subject=message.subject or first_line(message.reply_text),
        state=State.NEW,
        priority=decision.priority,
        queue=decision.queue,
        requester_id=requester.id,
        channel=message.channel,
        locale=locale,
        opened_at=now,
        first_response_due=promise.first_response_at,
        resolution_due=promise.resolution_at,
        proved=message.authentication.verdict is Verdict.PASS,
        category=decision.category,
        impact=decision.impact,
        urgency=decision.urgency,
        fields=dict.fromkeys(asked, "") or None,
        major=bool(decision.major),
        promised_at=promise.first_response_at,
        told_at=now,
    )


def _record_opening(
    tx: Tx,
    number: int,
    decision: Decision,
    requester: KnownPerson,
    message: IncomingMessage,
    desk: Desk,
    now: datetime,
    follows: Match | None,
) -> None:
    after: dict[str, Any] = {"state": State.NEW, "priority": decision.priority, "queue": decision.queue}
    if decision.steps:
        after["why"] = list(decision.steps)
    if message.place:
        after["place"] = message.place
    if follows:
        after["follows"] = desk.name_of(follows.ticket.id)
    store.record(tx, number, "opened", now, actor=requester.id, channel=message.channel, after=after)


def add_words(
    tx: Tx,
    message: IncomingMessage,
    author: KnownPerson,
    match: Match,
    desk: Desk,
    now: datetime,
    inbox_id: int | None,
    given: Mapping[str, str] | None = None,
) -> Outcome:
    """Put a message into the ticket that it answers. ``given``: the answers in it, when they are known already.

    Words of a machine, or of somebody who does not take part, are kept and change nothing (D3, E4); so does
    thanks.
    """
    ticket = match.ticket
    kind = _kind(message)
    if kind == MESSAGE and match.reason not in _HEARD:
        kind = UNVERIFIED
    keep_words(tx, ticket.id, kind, author, message, now, inbox_id)
    before = State(ticket.state)
    counts = kind == MESSAGE and match.reason is not Reason.THANKS
    after = after_words_of_requester(before) if counts else before
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
    if counts and (whole := _with_door(tx, message, author, ticket.id, desk)):
        _take_in(tx, message, author, whole, after, desk, now, given)
    return Outcome(Result.APPENDED, match.reason, ticket.id)


def _with_door(
    tx: Tx, message: IncomingMessage, author: KnownPerson, number: int, desk: Desk
) -> WholeTicket | None:
    """The ticket; it is answered by the door through which its requester has just come."""
    ticket = conversation.whole(tx, number)
    if ticket is None or author.id != ticket.requester_id:
        return ticket
    doors.came_by(tx, message, ticket, desk)
    return conversation.whole(tx, number) or ticket


def _take_in(
    tx: Tx,
    message: IncomingMessage,
    author: KnownPerson,
    ticket: WholeTicket,
    after: State,
    desk: Desk,
    now: datetime,
    given: Mapping[str, str] | None,
) -> None:
    """What the requester's words change: answers to questions become fields, who waited for them goes on."""
    values: dict[str, Any] = {}
    fields = ticket.fields or {}
    if not all(fields.values()):
        said = given or questions.answers(message.reply_text, tuple(fields), desk)
        if new := {key: answer for key, answer in said.items() if not fields[key]}:
            values["fields"] = fields | new
    if after != ticket.state:
        values |= {
            "state": after,
            "resolved_at": None,
            "closed_at": None,
            "closed_as": None,
            "waiting_for": None,
        }
    moved = "reopened" if ticket.state in DONE else "taken.up"
    action = moved if "state" in values else "questions.answered"
    changes.apply(
        tx,
        desk,
        ticket,
        action,
        now,
        actor=Actor(By.REQUESTER, author.id, message.channel),
        words=message.reply_text,
        **values,
    )


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
    opened = open_for(tx, message, requester, desk, now, inbox_id=inbox_id, asks=False)
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
