"""Where a ticket lives in chat programs."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.models.base import NUMBER, Base


class Thread(Base):
    """A conversation in a chat program that belongs to a ticket: what is said in it is said in the ticket."""

    __tablename__ = "thread"
    id: Mapped[int] = mapped_column(NUMBER, primary_key=True)
    channel: Mapped[str] = mapped_column(String(64))
    key: Mapped[str] = mapped_column(Text)
    """As the door names it in ``IncomingMessage.thread_keys``."""
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    role: Mapped[str] = mapped_column(String(16))
    """"requester": between the requester and the desk; "private": between one other person and the desk; "room":
    among agents; "beside": what one person says in somebody else's conversation."""
    created_at: Mapped[datetime]
    __table_args__ = (UniqueConstraint("channel", "key"),)


class Card(Base):
    """A ticket's card in a team's room: posted once, then changed in place."""

    __tablename__ = "card"
    id: Mapped[int] = mapped_column(NUMBER, primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    channel: Mapped[str] = mapped_column(String(64))
    place: Mapped[str] = mapped_column(Text)
    """The room's canonical address."""
    reference: Mapped[str] = mapped_column(Text, default="")
    """The service's name for the card, once it is posted."""
    thread_key: Mapped[str] = mapped_column(Text, default="")
    """The conversation below it."""
    posted_at: Mapped[datetime | None]
    __table_args__ = (UniqueConstraint("ticket_id", "channel", "place"),)


class ChatProgress(Base):
    """How far a chat door has read: a Telegram bot's offset, the newest message of a Slack conversation."""

    __tablename__ = "chat_progress"
    channel: Mapped[str] = mapped_column(String(64), primary_key=True)
    place: Mapped[str] = mapped_column(String(128), primary_key=True)
    """A conversation's id, or "" for the door as a whole."""
    position: Mapped[str] = mapped_column(String(64))
    updated_at: Mapped[datetime]


class ChatLease(Base):
    """Which process asks a service that answers only one (J4)."""

    __tablename__ = "chat_lease"
    channel: Mapped[str] = mapped_column(String(64), primary_key=True)
    worker: Mapped[str | None] = mapped_column(String(32))
    lease_until: Mapped[datetime | None]
    fence: Mapped[int] = mapped_column(Integer, default=0)
