"""Taking out what tells of a person: words, mails, letters, names. Their files: ``gone_files``."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from bot.message import Notice, OutgoingMessage, Party, ThreadRef
from bot.store.dialect import word
from bot.store.engine import AnyRow, Tx
from bot.store.gone_files import mark_files
from bot.store.models import (
    Address,
    Entry,
    Event,
    Inbox,
    LinkCode,
    Outbox,
    OutboxState,
    Participant,
    Person,
    Survey,
    Thread,
    Ticket,
    Timer,
    TimerState,
)

_QUOTES: Final = re.compile(r"^[ \t]*>.*(?:\n|\Z)", re.MULTILINE)
"""Lines of somebody else's words in an answer to them."""
Veil = Callable[[str], str]
"""A text without what names the person."""


@dataclass(frozen=True, slots=True)
class Whose:
    """A person, all the people that have become part of them, and how they are known."""

    persons: tuple[int, ...]
    names: tuple[str, ...]
    addresses: tuple[tuple[str, str, str], ...]
    """Medium, canonical, shown."""


def whose(tx: Tx, person: int) -> Whose:
    """Who a person is."""
    mine = sa.or_(Person.id == person, Person.merged_into_id == person)
    people = tx.run(sa.select(Person.id, Person.name).where(mine).order_by(Person.id)).all()
    ids = tuple(row.id for row in people)
    addresses = tx.run(
        sa.select(Address.medium, Address.canonical, Address.shown).where(Address.person_id.in_(ids))
    )
    return Whose(
        ids, tuple(row.name for row in people if row.name), tuple((a, b, c) for a, b, c in addresses)
    )


def tickets_of(tx: Tx, persons: Collection[int], after: int, limit: int) -> list[int]:
    """Numbers of tickets that somebody has asked for, behind a number."""
    query = sa.select(Ticket.id).where(Ticket.requester_id.in_(persons), Ticket.id > after)
    return list(tx.run(query.order_by(Ticket.id).limit(limit)).scalars())


def some_left(tx: Tx, persons: Collection[int], mark: str) -> bool:
    """Whether a ticket, or words of theirs, are there that nothing was taken out of yet."""
    tickets = sa.select(Ticket.id).where(Ticket.requester_id.in_(persons), Ticket.subject != mark)
    words = sa.select(Entry.id).where(Entry.author_id.in_(persons), Entry.text != "")
    return any(tx.run(query.limit(1)).first() is not None for query in (tickets, words))


def empty_ticket(tx: Tx, ticket: int, mark: str, persons: Collection[int], veil: Veil) -> tuple[int, int]:
    """Take out what a ticket of theirs holds: returns how many entries there are, and files."""
    row = tx.run(sa.select(Ticket.resolution).where(Ticket.id == ticket)).one()
    done = veiled(row.resolution, veil)
    tx.run(
        sa.update(Ticket)
        .where(Ticket.id == ticket)
        .values(subject=mark, fields=sa.null(), resolution=sa.null() if done is None else done)
    )
    tx.run(sa.update(Survey).where(Survey.ticket_id == ticket).values(comment=""))
    # Where they spoke with the desk: a conversation's key in a chat program is as good as a name.
    tx.run(sa.delete(Thread).where(Thread.ticket_id == ticket, Thread.role.in_(["requester", "beside"])))
    tx.run(
        sa.update(Timer)
        .where(Timer.ticket_id == ticket, Timer.state == word(TimerState.PENDING))
        .values(state=TimerState.CANCELLED)
    )
    entries = tx.run(sa.select(Entry.id, Entry.author_id, Entry.text).where(Entry.ticket_id == ticket)).all()
    for entry in entries:
        if entry.author_id in persons:
            empty_entries(tx, [entry.id])
        else:
            values = {"text": veil(_QUOTES.sub("", entry.text)), "quoted": None, "oddities": None}
            tx.run(sa.update(Entry).where(Entry.id == entry.id).values(values))
    return len(entries), mark_files(tx, [entry.id for entry in entries])


def empty_entries(tx: Tx, ids: Collection[int]) -> None:
    """What somebody said, without the words."""
    values = {"text": "", "quoted": None, "oddities": None, "external_id": ""}
    tx.run(sa.update(Entry).where(Entry.id.in_(ids)).values(values))


def entries_by(tx: Tx, persons: Collection[int], after: int, limit: int) -> list[AnyRow]:
    """Entries that somebody has written, in whosever tickets, behind a number: id, payload and its key."""
    query = (
        sa.select(Entry.id, Entry.ticket_id, Entry.inbox_id, Inbox.key)
        .join_from(Entry, Inbox, isouter=True)
        .where(Entry.author_id.in_(persons), Entry.id > after)
    )
    return list(tx.run(query.order_by(Entry.id).limit(limit)))


def empty_events(tx: Tx, ticket: int, veil: Veil) -> None:
    """The history of a ticket stays; who it was is taken out of it."""
    rows = tx.run(sa.select(Event.id, Event.before, Event.after).where(Event.ticket_id == ticket)).all()
    for row in rows:
        before, after = veiled(row.before, veil), veiled(row.after, veil)
        if (before, after) != (row.before, row.after):
            values = {"before": sa.null() if before is None else before, "after": after}
            tx.run(sa.update(Event).where(Event.id == row.id).values(values))


def tickets_with(tx: Tx, persons: Collection[int]) -> list[int]:
    """Tickets of others in which somebody takes part or has written."""
    takes = sa.select(Participant.ticket_id).where(Participant.person_id.in_(persons))
    wrote = sa.select(Entry.ticket_id).where(Entry.author_id.in_(persons))
    others = sa.select(Ticket.id).where(
        Ticket.id.in_(takes.union(wrote)), Ticket.requester_id.not_in(persons)
    )
    return list(tx.run(others.order_by(Ticket.id)).scalars())


def veil_ticket(tx: Tx, ticket: int, veil: Veil) -> None:
    """Take names and addresses out of what others said in a ticket of somebody else, and out of its history."""
    for entry in tx.run(sa.select(Entry.id, Entry.text, Entry.quoted).where(Entry.ticket_id == ticket)).all():
        values = {"text": veil(entry.text), "quoted": veil(entry.quoted) if entry.quoted else entry.quoted}
        if (entry.text, entry.quoted) != (values["text"], values["quoted"]):
            tx.run(sa.update(Entry).where(Entry.id == entry.id).values(values))
    empty_events(tx, ticket, veil)
    _veil_outbox(tx, ticket, veil)


def _veil_outbox(tx: Tx, ticket: int, veil: Veil) -> None:
    """What a machine has still to say of them is not said; what an agent wrote goes out without the name."""
    rows = tx.run(
        sa.select(Outbox.id, Outbox.message, Outbox.state, Outbox.automatic).where(
            Outbox.ticket_id == ticket, Outbox.state != OutboxState.SENDING
        )
    ).all()
    for row in rows:
        if veil(row.message) == row.message:
            continue
        unsent = row.state in {OutboxState.QUEUED, OutboxState.HELD}
        if unsent and row.automatic:
            tx.run(sa.delete(Outbox).where(Outbox.id == row.id))
            continue
        bare = msgspec.json.encode(veiled(msgspec.json.decode(row.message), veil)).decode() if unsent else ""
        tx.run(
            sa.update(Outbox).where(Outbox.id == row.id).values(message=bare or _without_words(row.message))
        )


def veiled(value: Any, veil: Veil) -> Any:
    """Plain data with every text in it veiled, names of fields excepted."""
    if isinstance(value, str):
        return veil(value)
    if isinstance(value, dict):
        return {name: veiled(one, veil) for name, one in value.items()}
    return [veiled(one, veil) for one in value] if isinstance(value, list) else value


def empty_outbox(tx: Tx, ticket: int, recipients: Collection[str], veil: Veil) -> None:
    """What went to the person is deleted, and what has not gone out; of what went to others its being sent
    stays."""
    unsent = Outbox.state.in_([OutboxState.QUEUED, OutboxState.HELD])
    mine = Outbox.ticket_id == ticket
    tx.run(sa.delete(Outbox).where(mine, sa.or_(Outbox.recipient.in_(recipients), unsent)))
    for row in tx.run(sa.select(Outbox.id, Outbox.message, Outbox.result).where(mine)).all():
        result = veil(row.result) if row.result else row.result
        tx.run(
            sa.update(Outbox)
            .where(Outbox.id == row.id)
            .values(message=_without_words(row.message), result=result)
        )


def _without_words(text: str) -> str:
    try:
        message = msgspec.json.decode(text, type=OutgoingMessage)
    except msgspec.DecodeError:
        return "{}"
    notice = Notice(message.notice.event, message.notice.locale, message.notice.time_zone)
    return msgspec.json.encode(
        OutgoingMessage(
            message.channel,
            Party(message.to.medium, message.to.address),
            message.ticket,
            message.kind,
            message.token,
            notice,
            message.created_at,
            ThreadRef(),
        )
    ).decode()


def drop_letters(tx: Tx, medium: str, recipient: str, limit: int) -> int:
    """Delete messages to an address, whatever they were about; returns how many."""
    some = (
        sa.select(Outbox.id)
        .where(Outbox.recipient == recipient, Outbox.medium == medium, Outbox.state != OutboxState.SENDING)
        .limit(limit)
    )
    return tx.run(sa.delete(Outbox).where(Outbox.id.in_(some))).rowcount


def drop_codes(tx: Tx, who: Whose) -> None:
    """Codes that they asked for or were sent, and what was written of them to the other address."""
    for _, canonical, shown in who.addresses:
        about = sa.or_(
            *(Outbox.message.contains(form, autoescape=True) for form in sorted({canonical, shown}))
        )
        mine = (Outbox.ticket_id.is_(None), Outbox.event.in_(["link_code", "linked"]))
        tx.run(sa.delete(Outbox).where(*mine, about))
    tx.run(sa.delete(LinkCode).where(LinkCode.person_id.in_(who.persons)))
    for medium, canonical, _ in who.addresses:
        tx.run(sa.delete(LinkCode).where(LinkCode.medium == medium, LinkCode.canonical == canonical))


def empty_person(tx: Tx, persons: Collection[int], now: datetime) -> None:
    """Somebody without a name and an address: what is left is a number."""
    tx.run(sa.delete(Participant).where(Participant.person_id.in_(persons)))
    tx.run(sa.delete(Address).where(Address.person_id.in_(persons)))
    tx.run(
        sa.update(Person)
        .where(Person.id.in_(persons))
        .values(name="", locale=None, time_zone=None, agent=None, department="", phone="", erased_at=now)
    )
