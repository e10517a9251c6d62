"""Which conversation of a chat program belongs to which ticket, and the cards of tickets in rooms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.store.dialect import insert_new
from bot.store.engine import Tx
from bot.store.models import Address, Card, Thread, Ticket

REQUESTER = "requester"
"""With the person who asked."""
PRIVATE = "private"
"""With one other person: somebody who follows the ticket, or an agent who was told something."""
ROOM = "room"
"""Among agents."""
BESIDE = "beside"
"""What one person, who has a request of their own, says in the conversation of somebody else's that has ended."""


@dataclass(frozen=True, slots=True)
class FoundThread:
    """A conversation and the ticket that it belongs to."""

    key: str
    ticket: int
    role: str


def join(tx: Tx, channel: str, key: str, ticket: int, role: str, now: datetime) -> bool:
    """From now on a conversation belongs to a ticket. False: it belongs to one already."""
    new = insert_new(tx.dialect, Thread, "channel", "key").returning(Thread.id)
    values = {"channel": channel, "key": key, "ticket_id": ticket, "role": role, "created_at": now}
    return tx.run(new, values).scalar() is not None


def reassign(tx: Tx, channel: str, key: str, ticket: int, role: str, now: datetime) -> None:
    """From now on a conversation belongs to a ticket, whichever it belonged to before."""
    if not join(tx, channel, key, ticket, role, now):
        tx.run(
            sa.update(Thread)
            .where(Thread.channel == channel, Thread.key == key)
            .values(ticket_id=ticket, role=role)
        )


def find(tx: Tx, channel: str, keys: Sequence[str]) -> FoundThread | None:
    """The conversation that the nearest of ``keys`` names."""
    query = sa.select(Thread.key, Thread.ticket_id, Thread.role)
    rows = tx.run(query.where(Thread.channel == channel, Thread.key.in_(keys))).all()
    known = {row.key: FoundThread(*row) for row in rows}
    return next((known[key] for key in keys if key in known), None)


def of_ticket(tx: Tx, ticket: int, channel: str, role: str) -> list[str]:
    """The keys of a ticket's conversations through one door, oldest first."""
    query = sa.select(Thread.key).where(
        Thread.ticket_id == ticket, Thread.channel == channel, Thread.role == role
    )
    return list(tx.run(query.order_by(Thread.id)).scalars())


def is_requester(tx: Tx, ticket: int, medium: str, canonical: str) -> bool:
    """Whether an address is one of those of the person who asked."""
    query = (
        sa.select(Address.id)
        .join(Ticket, Ticket.requester_id == Address.person_id)
        .where(Ticket.id == ticket, Address.medium == medium, Address.canonical == canonical)
    )
    return tx.run(query).scalar() is not None


@dataclass(frozen=True, slots=True)
class Posted:
    """A ticket's card in a room."""

    channel: str
    place: str
    reference: str
    thread_key: str


def cards(tx: Tx, ticket: int) -> list[Posted]:
    """All cards of a ticket, those that are not posted yet too."""
    query = sa.select(Card.channel, Card.place, Card.reference, Card.thread_key)
    return [Posted(*row) for row in tx.run(query.where(Card.ticket_id == ticket).order_by(Card.id))]


def card_in(tx: Tx, ticket: int, channel: str, place: str) -> Posted | None:
    """The card of a ticket in one room."""
    query = sa.select(Card.channel, Card.place, Card.reference, Card.thread_key)
    row = tx.run(
        query.where(Card.ticket_id == ticket, Card.channel == channel, Card.place == place)
    ).one_or_none()
    return Posted(*row) if row else None


def awaits_card(tx: Tx, channel: str, place: str) -> bool:
    """Whether a room is to have a card of which it is not known yet where it stands."""
    query = sa.select(Card.id).where(Card.channel == channel, Card.place == place, Card.reference == "")
    return tx.run(query.limit(1)).scalar() is not None


def plan_card(tx: Tx, ticket: int, channel: str, place: str) -> bool:
    """A room is to have a card of a ticket. False: it has one, or will have."""
    new = insert_new(tx.dialect, Card, "ticket_id", "channel", "place").returning(Card.id)
    values = {"ticket_id": ticket, "channel": channel, "place": place, "reference": "", "thread_key": ""}
    return tx.run(new, values).scalar() is not None


def card_posted(
    tx: Tx, ticket: int, channel: str, place: str, reference: str, thread_key: str, now: datetime
) -> None:
    """A card is in its room, and the conversation below it is the ticket's."""
    tx.run(
        sa.update(Card)
        .where(Card.ticket_id == ticket, Card.channel == channel, Card.place == place)
        .values(reference=reference, thread_key=thread_key, posted_at=now)
    )
    if thread_key:
        join(tx, channel, thread_key, ticket, ROOM, now)
