"""What was said in tickets: told again to colleagues, and found by who said it and where."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import sqlalchemy as sa

from bot.store.engine import Tx
from bot.store.models import Entry, Event, Person

_LONGEST_TOLD: Final = 10_000
"""Characters of one thing that was said, as it is told to colleagues."""


def words_of(tx: Tx, ticket: int, most: int = 50) -> list[dict[str, str]]:
    """What was said, oldest first, for a hand-over: who, when, which kind, the words, of a long text its
    beginning. It goes into one message for each agent, so a requester's fifty books must not."""
    author = sa.select(Person.name).where(Person.id == Entry.author_id).scalar_subquery()
    rows = tx.run(
        sa.select(
            author,
            Entry.created_at,
            Entry.kind,
            sa.func.substr(Entry.text, 1, _LONGEST_TOLD),
            sa.func.length(Entry.text),
        )
        .where(Entry.ticket_id == ticket)
        .order_by(Entry.id.desc())
        .limit(most)
    ).all()
    return [
        {
            "who": who or "",
            "at": at.isoformat(),
            "kind": kind,
            "text": text if length <= _LONGEST_TOLD else f"{text}…",
        }
        for who, at, kind, text, length in reversed(rows)
    ]


def first_words(tx: Tx, ticket: int) -> str:
    """What a ticket began with."""
    query = sa.select(Entry.text).where(Entry.ticket_id == ticket).order_by(Entry.id).limit(1)
    return tx.run(query).scalar() or ""


def texts_of(tx: Tx, ticket: int, kind: str, most: int = 200) -> list[str]:
    """The texts of the latest entries of a kind."""
    query = sa.select(Entry.text).where(Entry.ticket_id == ticket, Entry.kind == kind)
    return list(tx.run(query.order_by(Entry.id.desc()).limit(most)).scalars())


def spoken_in(tx: Tx, person: int, channel: str, place: str, since: datetime) -> int | None:
    """The ticket that a person opened from a place in a chat, and in which they have said something there since a
    moment; the latest."""
    words = (
        sa.select(Entry.ticket_id)
        .join(Event, Event.ticket_id == Entry.ticket_id)
        .where(
            Entry.author_id == person,
            Entry.channel == channel,
            Entry.kind == "message",
            Entry.created_at > since,
            Event.action == "opened",
            Event.actor_id == person,
            Event.after["place"].as_string() == place,
        )
    )
    number: int | None = tx.run(words.order_by(Entry.id.desc()).limit(1)).scalar()
    return number


def ticket_of_entry(tx: Tx, entry: int) -> int | None:
    """The ticket that something was said in."""
    number: int | None = tx.run(sa.select(Entry.ticket_id).where(Entry.id == entry)).scalar()
    return number


def author_of(tx: Tx, entry: int) -> int | None:
    """Who said it."""
    person: int | None = tx.run(sa.select(Entry.author_id).where(Entry.id == entry)).scalar()
    return person


def said_at(tx: Tx, entry: int) -> datetime | None:
    """When it was said."""
    moment: datetime | None = tx.run(sa.select(Entry.created_at).where(Entry.id == entry)).scalar()
    return moment


def next_of(tx: Tx, ticket: int, kind: str, entry: int) -> datetime | None:
    """When the next words of a kind were said in a ticket after some others; None: there are none."""
    query = sa.select(Entry.created_at).where(Entry.ticket_id == ticket, Entry.kind == kind, Entry.id > entry)
    moment: datetime | None = tx.run(query.order_by(Entry.id).limit(1)).scalar()
    return moment


def set_kind(tx: Tx, entry: int, kind: str) -> None:
    """What was said is words of another kind after all."""
    tx.run(sa.update(Entry).where(Entry.id == entry).values(kind=kind))
