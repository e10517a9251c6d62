"""Tickets, what was said in them, and what happened to them.

``event`` is append-only: nothing in Deskbot updates or deletes its rows while their ticket lives.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.models.base import NUMBER, Base, partial


class Ticket(Base):
    """One request, from its first word to its end."""

    __tablename__ = "ticket"
    id: Mapped[int] = mapped_column(NUMBER, primary_key=True)
    subject: Mapped[str]
    state: Mapped[str] = mapped_column(String(16))
    priority: Mapped[str] = mapped_column(String(16))
    queue: Mapped[str] = mapped_column(String(64))
    requester_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    category: Mapped[str | None] = mapped_column(String(64))
    level: Mapped[int] = mapped_column(Integer, default=1)
    """How far it has been escalated."""
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"))
    channel: Mapped[str] = mapped_column(String(64))
    locale: Mapped[str] = mapped_column(String(8))
    opened_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    first_response_due: Mapped[datetime | None]
    first_response_at: Mapped[datetime | None]
    resolution_due: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    proved: Mapped[bool] = mapped_column(default=False)
    """Whether the message that opened it came from a proved sender: others do not use up a person's share."""
    impact: Mapped[str | None] = mapped_column(String(8))
    urgency: Mapped[str | None] = mapped_column(String(8))
    fields: Mapped[dict[str, Any] | None]
    """Answers to the structured questions, by the question's key; what was asked and not answered is ""."""
    waiting_for: Mapped[str | None] = mapped_column(String(16))
    """While it waits: "requester" or "supplier"."""
    major: Mapped[bool] = mapped_column(default=False)
    resolution: Mapped[dict[str, Any] | None]
    """What was done: "solution", "cause", "steps", and "workaround", which is true when the fix is temporary."""
    closed_as: Mapped[str | None] = mapped_column(String(16))
    """How it ended; see ``desk.states.Ended``."""
    promised_at: Mapped[datetime | None]
    """By when the requester was last told that something happens: an answer, then a solution."""
    fix_expected_at: Mapped[datetime | None]
    """When the owner expects it to work again."""
    told_at: Mapped[datetime | None]
    """When the requester last heard from the desk."""
    __table_args__ = (
        Index("ticket_requester", "requester_id", "id"),
        partial("ticket_owned", "owner_id", where="state IN ('new', 'open', 'waiting')"),
        Index("ticket_state", "state", "id"),
        {"sqlite_autoincrement": True},
    )


class Participant(Base):
    """Somebody besides the requester who has to do with a ticket."""

    __tablename__ = "participant"
    id: Mapped[int] = mapped_column(NUMBER, primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    role: Mapped[str] = mapped_column(String(16))
    """"proposed": stood in Cc, and gets nothing before an agent says so; "follower": gets what comes from now on."""
    created_at: Mapped[datetime]
    __table_args__ = (UniqueConstraint("ticket_id", "person_id"),)


class Pause(Base):
    """A stretch of time in which a ticket's clock stood still."""

    __tablename__ = "pause"
    id: Mapped[int] = mapped_column(NUMBER, primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    """None: it stands still now."""
    reason: Mapped[str] = mapped_column(String(16))
    """The state that stopped it."""
    __table_args__ = (
        Index(
            "pause_running",
            "ticket_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )


class Survey(Base):
    """The question how satisfied the requester was: one for each ticket."""

    __tablename__ = "survey"
    id: Mapped[int] = mapped_column(NUMBER, primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    asked_at: Mapped[datetime]
    rating: Mapped[int | None] = mapped_column(Integer)
    """1 Poor to 5 Excellent."""
    comment: Mapped[str] = mapped_column(Text, default="")
    rated_at: Mapped[datetime | None]
    """For the first time: from then on it may be changed for a while."""
    changed_at: Mapped[datetime | None]
    alarmed: Mapped[bool] = mapped_column(default=False)
    """Whether the team lead has been told of a low rating."""


class Entry(Base):
    """One thing said in a ticket."""

    __tablename__ = "entry"
    id: Mapped[int] = mapped_column(NUMBER, primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    inbox_id: Mapped[int | None] = mapped_column(ForeignKey("inbox.id"))
    author_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    kind: Mapped[str] = mapped_column(String(16))
    """"What kind of words: see ``desk.tickets``."""
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
    id: Mapped[int] = mapped_column(NUMBER, primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("entry.id"), index=True)
    name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    inline: Mapped[bool]


class Event(Base):
    """One change of a ticket: who, when, through which door, what before and after."""

    __tablename__ = "event"
    id: Mapped[int] = mapped_column(NUMBER, primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    at: Mapped[datetime]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    """None: the desk itself."""
    channel: Mapped[str | None] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(32))
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
    __table_args__ = (
        partial("event_added", "actor_id", "at", where="action IN ('message.added', 'unverified.added')"),
    )
