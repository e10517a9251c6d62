"""What is read for the copy of somebody's data that is handed over to them."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from bot.store.engine import AnyRow, Tx
from bot.store.models import (
    AttachmentRow,
    Entry,
    Event,
    Inbox,
    Outbox,
    Participant,
    PayloadRow,
    Person,
    Survey,
    Ticket,
)


def ticket(tx: Tx, number: int) -> AnyRow:
    """A ticket, and how it was rated."""
    rated = (Survey.asked_at, Survey.rating, Survey.comment, Survey.rated_at)
    query = sa.select(*Ticket.__table__.c, *rated).join_from(
        Ticket, Survey, Survey.ticket_id == Ticket.id, isouter=True
    )
    return tx.run(query.where(Ticket.id == number)).one()


def entries(tx: Tx, number: int, kinds: Collection[str]) -> list[AnyRow]:
    """What was said in a ticket, of some kinds, and by whom."""
    said = sa.select(*Entry.__table__.c, Person.name.label("author")).join_from(
        Entry, Person, Person.id == Entry.author_id, isouter=True
    )
    return list(tx.run(said.where(Entry.ticket_id == number, Entry.kind.in_(kinds)).order_by(Entry.id)))


def entries_elsewhere(tx: Tx, persons: Collection[int], after: int, limit: int) -> list[AnyRow]:
    """What somebody said in the tickets of others, behind a number."""
    query = (
        sa.select(*Entry.__table__.c)
        .join_from(Entry, Ticket)
        .where(Entry.author_id.in_(persons), Ticket.requester_id.not_in(persons), Entry.id > after)
    )
    return list(tx.run(query.order_by(Entry.id).limit(limit)))


def files(tx: Tx, ids: Collection[int]) -> list[AnyRow]:
    """The files that came with entries."""
    query = sa.select(*AttachmentRow.__table__.c).where(AttachmentRow.entry_id.in_(ids))
    return list(tx.run(query.order_by(AttachmentRow.id)))


def steps(tx: Tx, number: int) -> list[AnyRow]:
    """What happened to a ticket, and when."""
    query = sa.select(Event.at, Event.action, Event.after).where(Event.ticket_id == number)
    return list(tx.run(query.order_by(Event.id)))


def raw(tx: Tx, inbox_id: int) -> bytes | None:
    """The bytes of a mail."""
    found: bytes | None = tx.run(sa.select(PayloadRow.raw).where(PayloadRow.inbox_id == inbox_id)).scalar()
    return found


def received(tx: Tx, inbox_id: int) -> AnyRow | None:
    """When a mail came."""
    query = sa.select(Inbox.id, Inbox.received_at, Inbox.channel)
    return tx.run(query.where(Inbox.id == inbox_id)).one_or_none()


def letters(tx: Tx, medium: str, recipient: str, after: int, limit: int) -> list[AnyRow]:
    """What the desk wrote to an address, behind a number."""
    columns = (Outbox.id, Outbox.ticket_id, Outbox.kind, Outbox.event, Outbox.created_at, Outbox.state)
    query = sa.select(*columns).where(
        Outbox.medium == medium, Outbox.recipient == recipient, Outbox.id > after
    )
    return list(tx.run(query.order_by(Outbox.id).limit(limit)))


def takes_part(tx: Tx, persons: Collection[int]) -> list[AnyRow]:
    """Tickets of others that somebody follows."""
    query = sa.select(Participant.ticket_id, Participant.role, Participant.created_at)
    return list(tx.run(query.where(Participant.person_id.in_(persons)).order_by(Participant.id)))
