"""The tables, typed. Every moment is aware UTC; every closed list of words is an enum.

``event`` is append-only: nothing in Deskbot updates or deletes its rows while their ticket lives.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Moment(TypeDecorator[datetime]):
    """An aware moment; SQLite, which knows no zones, keeps it as UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002  # SQLAlchemy's signature
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


_ID = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    """Base of all tables."""

    type_annotation_map: ClassVar = {
        datetime: Moment,
        dict[str, Any]: JSON,
        int: BigInteger,
        str: Text,
        bytes: LargeBinary,
        bool: Boolean,
    }


class InboxState(StrEnum):
    """Where a payload stands."""

    WAITING = "waiting"
    CLAIMED = "claimed"
    DONE = "done"
    HELD = "held"
    DROPPED = "dropped"


class OutboxState(StrEnum):
    """Where an outgoing message stands."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """The service may have it: the process died, or the connection broke, before it said so."""
    HELD = "held"
    """Waits for somebody to look, after a restore from a backup."""
    STALE = "stale"
    """Too old to be worth sending when its turn came."""


class TimerState(StrEnum):
    """Where a timer stands."""

    PENDING = "pending"
    FIRED = "fired"
    CANCELLED = "cancelled"


class Inbox(Base):
    """A payload that a door has accepted, and what became of it. Its bytes are in ``payload``."""

    __tablename__ = "inbox"
    id: Mapped[int] = mapped_column(_ID, primary_key=True)
    key: Mapped[str] = mapped_column(String(64), unique=True)
    channel: Mapped[str] = mapped_column(String(64))
    received_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(16), default=InboxState.WAITING)
    not_before: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    worker: Mapped[str | None] = mapped_column(String(32))
    lease_until: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(String(64))
    detail: Mapped[str | None]
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"))
    finished_at: Mapped[datetime | None]
    __table_args__ = (
        Index(
            "inbox_waiting",
            "not_before",
            "id",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index(
            "inbox_claimed",
            "lease_until",
            sqlite_where=text("state = 'claimed'"),
            postgresql_where=text("state = 'claimed'"),
        ),
        Index(
            "inbox_held", "id", sqlite_where=text("state = 'held'"), postgresql_where=text("state = 'held'")
        ),
        Index("inbox_ticket", "ticket_id"),
    )


class PayloadRow(Base):
    """The bytes of a payload, apart from its state so that a change of state does not rewrite them."""

    __tablename__ = "payload"
    inbox_id: Mapped[int] = mapped_column(ForeignKey("inbox.id"), primary_key=True, autoincrement=False)
    envelope: Mapped[dict[str, Any]]
    raw: Mapped[bytes]


class Person(Base):
    """Someone known to the desk."""

    __tablename__ = "person"
    id: Mapped[int] = mapped_column(_ID, primary_key=True)
    name: Mapped[str] = mapped_column(Text, default="")
    locale: Mapped[str | None] = mapped_column(String(8))
    """Stated by the person; None: the desk looks at the words."""
    time_zone: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime]


class Address(Base):
    """A way to reach a person. ``canonical`` is what equality means; ``shown`` is how the person writes it."""

    __tablename__ = "address"
    id: Mapped[int] = mapped_column(_ID, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    medium: Mapped[str] = mapped_column(String(16))
    canonical: Mapped[str] = mapped_column(Text)
    shown: Mapped[str] = mapped_column(Text)
    __table_args__ = (UniqueConstraint("medium", "canonical"),)


class Ticket(Base):
    """One request, from its first word to its end."""

    __tablename__ = "ticket"
    id: Mapped[int] = mapped_column(_ID, primary_key=True)
    subject: Mapped[str]
    state: Mapped[str] = mapped_column(String(16))
    priority: Mapped[str] = mapped_column(String(16))
    queue: Mapped[str] = mapped_column(String(64))
    requester_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    channel: Mapped[str] = mapped_column(String(64))
    locale: Mapped[str] = mapped_column(String(8))
    opened_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    first_response_due: Mapped[datetime | None]
    first_response_at: Mapped[datetime | None]
    resolution_due: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    __table_args__ = (
        Index("ticket_requester", "requester_id", "id"),
        Index("ticket_state", "state", "id"),
        {"sqlite_autoincrement": True},
    )


class Entry(Base):
    """One thing said in a ticket."""

    __tablename__ = "entry"
    id: Mapped[int] = mapped_column(_ID, primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    inbox_id: Mapped[int | None] = mapped_column(ForeignKey("inbox.id"))
    author_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    kind: Mapped[str] = mapped_column(String(16))
    """"message" from the requester, "unverified" from somebody who may not be one, "automatic" from a machine."""
    channel: Mapped[str] = mapped_column(String(64))
    external_id: Mapped[str] = mapped_column(Text, default="")
    text: Mapped[str]
    quoted: Mapped[str | None]
    """All of the text when it says more than ``text``, quotes included."""
    oddities: Mapped[str | None]
    created_at: Mapped[datetime]


class AttachmentRow(Base):
    """A file that came with an entry; its content lies in the blob store under its hash."""

    __tablename__ = "attachment"
    id: Mapped[int] = mapped_column(_ID, primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("entry.id"), index=True)
    name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    inline: Mapped[bool]


class Event(Base):
    """One change of a ticket: who, when, through which door, what before and after."""

    __tablename__ = "event"
    id: Mapped[int] = mapped_column(_ID, primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    at: Mapped[datetime]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    """None: the desk itself."""
    channel: Mapped[str | None] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(32))
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]


class Outbox(Base):
    """A message that must go out, written in the same transaction as its cause."""

    __tablename__ = "outbox"
    id: Mapped[int] = mapped_column(_ID, primary_key=True)
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"))
    channel: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16))
    automatic: Mapped[bool]
    medium: Mapped[str] = mapped_column(String(16))
    recipient: Mapped[str]
    """Canonical address."""
    domain: Mapped[str]
    """Of the recipient, for the budgets of automatic mail."""
    token: Mapped[str] = mapped_column(String(128), unique=True)
    message: Mapped[str]
    """The ``OutgoingMessage`` as JSON."""
    accepted_at: Mapped[datetime | None]
    """When the message that caused it was accepted, to measure how long people wait."""
    created_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(16), default=OutboxState.QUEUED)
    not_before: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    ambiguous: Mapped[int] = mapped_column(Integer, default=0)
    """How many attempts ended without our knowing how."""
    worker: Mapped[str | None] = mapped_column(String(32))
    lease_until: Mapped[datetime | None]
    result: Mapped[str | None]
    finished_at: Mapped[datetime | None]
    __table_args__ = (
        Index(
            "outbox_queued",
            "not_before",
            "id",
            sqlite_where=text("state = 'queued'"),
            postgresql_where=text("state = 'queued'"),
        ),
        Index(
            "outbox_sending",
            "lease_until",
            sqlite_where=text("state = 'sending'"),
            postgresql_where=text("state = 'sending'"),
        ),
        Index(
            "outbox_order",
            "ticket_id",
            "recipient",
            "id",
            sqlite_where=text("state IN ('queued', 'sending')"),
            postgresql_where=text("state IN ('queued', 'sending')"),
        ),
        Index("outbox_recipient", "recipient", "created_at"),
        Index("outbox_domain", "domain", "created_at"),
        Index("outbox_ticket", "ticket_id"),
    )


class Timer(Base):
    """One thing that is due: no timer lives in memory."""

    __tablename__ = "timer"
    id: Mapped[int] = mapped_column(_ID, primary_key=True)
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"))
    kind: Mapped[str] = mapped_column(String(32))
    due_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(16), default=TimerState.PENDING)
    fired_at: Mapped[datetime | None]
    __table_args__ = (
        Index(
            "timer_pending",
            "due_at",
            "id",
            sqlite_where=text("state = 'pending'"),
            postgresql_where=text("state = 'pending'"),
        ),
        Index("timer_ticket", "ticket_id", "kind"),
    )
