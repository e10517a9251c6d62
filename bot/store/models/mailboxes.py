"""The tables of mailboxes that are read by IMAP."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.models.base import Base


class Mailbox(Base):
    """A mailbox: which process reads it, and a credential that its service has renewed."""

    __tablename__ = "mailbox"
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    worker: Mapped[str | None] = mapped_column(String(32))
    lease_until: Mapped[datetime | None]
    fence: Mapped[int] = mapped_column(default=0)
    """Counts the leases: who comes with an older number has lost it (B11)."""
    credential: Mapped[str | None]
    """Sealed with the desk's secret."""


class MailboxFolder(Base):
    """How far a folder has been read. Worth nothing under another UIDVALIDITY (B4)."""

    __tablename__ = "mailbox_folder"
    mailbox: Mapped[str] = mapped_column(ForeignKey("mailbox.name"), primary_key=True)
    folder: Mapped[str] = mapped_column(String(255), primary_key=True)
    uidvalidity: Mapped[int]
    """0: the server says none."""
    first_uid: Mapped[int]
    """Mail up to this one was there before us, and stays as it is."""
    done_uid: Mapped[int]
    """Mail up to this one is in the database, or in ``mailbox_trouble``."""
    old_until: Mapped[datetime | None]
    """When the newest mail that was there before us had come, by the server's clock."""


class MailboxTrouble(Base):
    """A mail that could not be fetched or accepted; after three tries it is set aside (B8)."""

    __tablename__ = "mailbox_trouble"
    mailbox: Mapped[str] = mapped_column(ForeignKey("mailbox.name"), primary_key=True)
    folder: Mapped[str] = mapped_column(String(255), primary_key=True)
    uidvalidity: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    uid: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    tries: Mapped[int] = mapped_column(Integer)
    reason: Mapped[str]
