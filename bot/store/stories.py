"""Everything the desk knows of a ticket, for whoever looks at it from the command line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from bot.message import Kind
from bot.store.engine import AnyRow, Tx
from bot.store.models import Address, AttachmentRow, Entry, Event, Inbox, Outbox, Person, Ticket, Timer
from bot.store.queues import first_address

_ERASED = Person.erased_at.label("requester_erased_at")


def listed(tx: Tx, states: tuple[str, ...], limit: int) -> list[AnyRow]:
    """Tickets for ``deskbot tickets list``, newest first."""
    named = sa.func.coalesce(sa.func.nullif(Person.name, ""), first_address()).label("requester")
    owner = aliased(Person)
    query = (
        sa.select(*Ticket.__table__.c, named, _ERASED, owner.name.label("owner"))
        .join(Person, Person.id == Ticket.requester_id)
        .join(owner, owner.id == Ticket.owner_id, isouter=True)
    )
    if states:
        query = query.where(Ticket.state.in_(states))
    return list(tx.run(query.order_by(Ticket.id.desc()).limit(limit)))


@dataclass(frozen=True, slots=True)
class Story:
    """Everything the desk knows of one ticket."""

    ticket: AnyRow
    addresses: list[str]
    entries: list[AnyRow]
    attachments: list[AnyRow]
    events: list[AnyRow]
    inbox: list[AnyRow]
    outbox: list[AnyRow]
    timers: list[AnyRow]


def story(tx: Tx, number: int) -> Story | None:
    """For ``deskbot tickets show`` and ``why``."""
    owner = aliased(Person)
    ticket = tx.run(
        sa.select(*Ticket.__table__.c, Person.name.label("requester"), _ERASED, owner.name.label("owner"))
        .join(Person, Person.id == Ticket.requester_id)
        .join(owner, owner.id == Ticket.owner_id, isouter=True)
        .where(Ticket.id == number)
    ).one_or_none()
    if ticket is None:
        return None
    writer = (sa.select(column).where(Person.id == Entry.author_id) for column in (Person.name, _ERASED))
    author, erased = (query.scalar_subquery() for query in writer)
    return Story(
        ticket=ticket,
        addresses=list(
            tx.run(sa.select(Address.shown).where(Address.person_id == ticket.requester_id)).scalars()
        ),
        entries=_all(
            tx,
            sa.select(*Entry.__table__.c, author.label("author"), erased.label("author_erased_at")),
            Entry.ticket_id,
            number,
        ),
        attachments=list(
            tx.run(
                sa.select(*AttachmentRow.__table__.c)
                .join(Entry, Entry.id == AttachmentRow.entry_id)
                .where(Entry.ticket_id == number)
                .order_by(AttachmentRow.id)
            )
        ),
        events=_all(tx, sa.select(*Event.__table__.c), Event.ticket_id, number),
        inbox=_all(tx, sa.select(*Inbox.__table__.c), Inbox.ticket_id, number),
        outbox=_all(tx, sa.select(*Outbox.__table__.c), Outbox.ticket_id, number),
        timers=_all(tx, sa.select(*Timer.__table__.c), Timer.ticket_id, number),
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of the acknowledgement of one message. ``state`` None: there is none."""

    ticket: int
    state: str | None
    result: str | None


def answer_to(tx: Tx, external_id: str) -> Answer | None:
    """The ticket that a message opened, and how its acknowledgement stands."""
    acknowledged = sa.and_(Outbox.ticket_id == Entry.ticket_id, Outbox.kind == Kind.ACKNOWLEDGEMENT)
    row = tx.run(
        sa.select(Entry.ticket_id, Outbox.state, Outbox.result)
        .join_from(Entry, Outbox, acknowledged, isouter=True)
        .where(Entry.external_id == external_id)
        .order_by(Entry.id.desc(), Outbox.id)
        .limit(1)
    ).one_or_none()
    return Answer(*row) if row else None


def _all(tx: Tx, query: sa.Select[Any], column: Any, number: int) -> list[AnyRow]:
    return list(tx.run(query.where(column == number).order_by(column.class_.id)))
