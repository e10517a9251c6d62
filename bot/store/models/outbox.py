"""What must go out, and what is due."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.models.base import NUMBER, Base, partial


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


class Outbox(Base):
    """A message that must go out, written in the same transaction as its cause."""

    __tablename__ = "outbox"
    id: Mapped[int] = mapped_column(NUMBER, primary_key=True)
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
    event: Mapped[str] = mapped_column(String(64), default="")
    """What the message is about, as ``Notice.event``: answers to commands have a budget of their own."""
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
        partial("outbox_queued", "not_before", "id", where="state = 'queued'"),
        partial("outbox_sending", "lease_until", where="state = 'sending'"),
        partial("outbox_order", "ticket_id", "recipient", "id", where="state IN ('queued', 'sending')"),
        Index("outbox_recipient", "recipient", "created_at"),
        Index("outbox_domain", "domain", "created_at"),
        Index("outbox_ticket", "ticket_id"),
    )


class Timer(Base):
    """One thing that is due: no timer lives in memory."""

    __tablename__ = "timer"
    id: Mapped[int] = mapped_column(NUMBER, primary_key=True)
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"))
    kind: Mapped[str] = mapped_column(String(32))
    due_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(16), default=TimerState.PENDING)
    fired_at: Mapped[datetime | None]
    __table_args__ = (
        partial("timer_pending", "due_at", "id", where="state = 'pending'"),
        Index("timer_ticket", "ticket_id", "kind"),
    )


class Alarm(Base):
    """A trouble that people have been told of."""

    __tablename__ = "alarm"
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    raised_at: Mapped[datetime]
