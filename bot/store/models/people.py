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
