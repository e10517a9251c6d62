"""What doors have accepted."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.models.base import NUMBER, Base, partial


class InboxState(StrEnum):
    """Where a payload stands."""

    WAITING = "waiting"
    CLAIMED = "claimed"
    DONE = "done"
    HELD = "held"
    DROPPED = "dropped"


class Inbox(Base):
    """A payload that a door has accepted, and what became of it. Its bytes are in ``payload``."""

    __tablename__ = "inbox"
    id: Mapped[int] = mapped_column(NUMBER, primary_key=True)
    key: Mapped[str] = mapped_column(String(64), unique=True)
    channel: Mapped[str] = mapped_column(String(64))
    received_at: Mapped[datetime]
    size: Mapped[int] = mapped_column(default=0)
    """Octets of its bytes."""
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
        partial("inbox_waiting", "not_before", "id", where="state = 'waiting'"),
        partial("inbox_claimed", "lease_until", where="state = 'claimed'"),
        partial("inbox_held", "id", where="state = 'held'"),
        Index("inbox_ticket", "ticket_id"),
    )


class PayloadRow(Base):
    """The bytes of a payload, apart from its state so that a change of state does not rewrite them."""

    __tablename__ = "payload"
    inbox_id: Mapped[int] = mapped_column(ForeignKey("inbox.id"), primary_key=True, autoincrement=False)
    envelope: Mapped[dict[str, Any]]
    raw: Mapped[bytes]
