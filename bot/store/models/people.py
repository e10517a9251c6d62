"""People and how they are reached."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.models.base import NUMBER, Base


class Person(Base):
    """Someone known to the desk."""

    __tablename__ = "person"
    id: Mapped[int] = mapped_column(NUMBER, primary_key=True)
    name: Mapped[str] = mapped_column(Text, default="")
    locale: Mapped[str | None] = mapped_column(String(8))
    """Stated by the person; None: the desk looks at the words."""
    time_zone: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime]
    agent: Mapped[str | None] = mapped_column(String(64))
    """The agent's name in the configuration; what an agent may do is decided there, now, not here."""
    department: Mapped[str] = mapped_column(Text, default="")
    phone: Mapped[str] = mapped_column(String(64), default="")
    merged_into_id: Mapped[int | None]
    """Whom they proved to be: all that was theirs is the other's now."""
    erased_at: Mapped[datetime | None]
    """When all that told of them was taken out."""
    given_at: Mapped[datetime | None]
    """When a ticket was last given to this agent by itself: whose turn it is."""
    __table_args__ = (Index("person_agent", "agent", unique=True),)


class Address(Base):
    """A way to reach a person. ``canonical`` is what equality means; ``shown`` is how the person writes it."""

    __tablename__ = "address"
    id: Mapped[int] = mapped_column(NUMBER, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    medium: Mapped[str] = mapped_column(String(16))
    canonical: Mapped[str] = mapped_column(Text)
    shown: Mapped[str] = mapped_column(Text)
    bounces: Mapped[int] = mapped_column(Integer, default=0)
    """Hard bounces of ours in a row, each proved by our own signed id."""
    bounced_at: Mapped[datetime | None]
    __table_args__ = (UniqueConstraint("medium", "canonical"),)


class LinkCode(Base):
    """A one-time code that proves that one person has both of two addresses. Its words are kept hashed."""

    __tablename__ = "link_code"
    id: Mapped[int] = mapped_column(NUMBER, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    """Who asked for it, and must bring it back."""
    medium: Mapped[str] = mapped_column(String(16))
    canonical: Mapped[str] = mapped_column(Text)
    """The address that it was sent to."""
    shown: Mapped[str] = mapped_column(Text)
    code_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(Integer, default=0)
    used_at: Mapped[datetime | None]


class Tombstone(Base):
    """The hash of something that was erased, so that it does not come back from a mailbox or an import."""

    __tablename__ = "tombstone"
    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    """"payload": the key of a payload; "address": somebody's canonical address."""
    created_at: Mapped[datetime]
