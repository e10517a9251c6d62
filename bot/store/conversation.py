"""Who takes part in a ticket, and which messages make up its thread in each one's own program."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.store.dialect import insert_new
from bot.store.engine import Tx
from bot.store.models import Address, Entry, Outbox, Participant, Person, Ticket
from bot.store.prepared import Prepared

FOLLOWER = "follower"
PROPOSED = "proposed"


@dataclass(frozen=True, slots=True)
class WholeTicket:
    """A ticket as a command needs it."""

    id: int
    subject: str
    state: str
    priority: str
    queue: str
    category: str | None
    level: int
    requester_id: int
    owner_id: int | None
    channel: str
    locale: str
    opened_at: datetime
    first_response_due: datetime | None
    first_response_at: datetime | None
    resolution_due: datetime | None
    merged_into_id: int | None
    resolved_at: datetime | None
    closed_at: datetime | None
    impact: str | None
    urgency: str | None
    fields: dict[str, Any] | None
    waiting_for: str | None
    major: bool
    resolution: dict[str, Any] | None
    closed_as: str | None
    promised_at: datetime | None
    fix_expected_at: datetime | None
    told_at: datetime | None


_WHOLE = Prepared(
    lambda _: (
        sa.select(*(Ticket.__table__.c[name] for name in WholeTicket.__slots__))
        .where(Ticket.id == sa.bindparam("ticket"))
        .with_for_update()
    )
)


def whole(tx: Tx, ticket: int) -> WholeTicket | None:
    """The ticket, locked until the transaction ends."""
    row = _WHOLE.one(tx, ticket=ticket)
    return WholeTicket(*row) if row else None


def propose(tx: Tx, ticket: int, person: int, now: datetime) -> bool:
    """Note somebody who stood in Cc. False: they have to do with the ticket already."""
    return _join(tx, ticket, person, PROPOSED, now)


def follow(tx: Tx, ticket: int, person: int, now: datetime) -> None:
    """Let somebody have what comes from now on: an agent has said so (D4)."""
    if not _join(tx, ticket, person, FOLLOWER, now):
        tx.run(
            sa.update(Participant)
            .where(
                Participant.ticket_id == ticket,
                Participant.person_id == person,
                Participant.role != FOLLOWER,
            )
            .values(role=FOLLOWER, created_at=now)  # what was said before is not for them
        )


def _join(tx: Tx, ticket: int, person: int, role: str, now: datetime) -> bool:
    new = insert_new(tx.dialect, Participant, "ticket_id", "person_id").returning(Participant.id)
    values = {"ticket_id": ticket, "person_id": person, "role": role, "created_at": now}
    return tx.run(new, values).scalar() is not None


@dataclass(frozen=True, slots=True)
class Taking:
    """Somebody who takes part, and where to write to them."""

    person: int
    name: str
    medium: str
    canonical: str
    shown: str


def taking_part(tx: Tx, ticket: int, role: str) -> list[Taking]:
    """Everybody with a role, each with the address known longest."""
    first = (
        sa.select(sa.func.min(Address.id))
        .where(Address.person_id == Participant.person_id)
        .correlate(Participant)
        .scalar_subquery()
    )
    rows = tx.run(
        sa.select(Person.id, Person.name, Address.medium, Address.canonical, Address.shown)
        .join_from(Participant, Person, Person.id == Participant.person_id)
        .join(Address, Address.id == first)
        .where(Participant.ticket_id == ticket, Participant.role == role)
        .order_by(Participant.id)
    )
    return [Taking(*row) for row in rows]


def role_of(tx: Tx, ticket: int, person: int) -> str | None:
    """What somebody has to do with a ticket, besides being its requester."""
    role: str | None = tx.run(
        sa.select(Participant.role).where(Participant.ticket_id == ticket, Participant.person_id == person)
    ).scalar()
    return role


_THEIRS = Prepared(
    lambda _: sa.select(Entry.created_at, Entry.external_id).where(
        Entry.ticket_id == sa.bindparam("ticket"),
        Entry.author_id == sa.bindparam("person"),
        Entry.external_id != sa.literal_column("''", sa.Text()),
    )
)
_OURS = Prepared(
    lambda _: sa.select(Outbox.created_at, Outbox.token).where(
        Outbox.ticket_id == sa.bindparam("ticket"), Outbox.recipient == sa.bindparam("recipient")
    )
)


def thread(tx: Tx, ticket: int, person: int, recipient: str) -> list[str]:
    """What one person has seen of a ticket, oldest first: ids of their own messages, tokens of ours to them."""
    theirs = _THEIRS.all(tx, ticket=ticket, person=person)
    ours = _OURS.all(tx, ticket=ticket, recipient=recipient)
    return [name for _, name in sorted((*theirs, *ours))]
