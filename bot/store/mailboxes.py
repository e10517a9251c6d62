"""Mailboxes: who reads them, how far they have been read, and what would not be read.

One process reads a mailbox at a time. Its lease has a number, the fence: a process that was paused and comes
back after another took over cannot change the progress any more. Even then nothing is taken twice, because
the inbox knows each mail by its key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from bot.errors import DeskbotError
from bot.store.dialect import insert_new
from bot.store.engine import Tx
from bot.store.models import Mailbox, MailboxFolder, MailboxTrouble


class LeaseLost(DeskbotError):
    """Another process reads this mailbox now."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to read a mailbox, until it ends or another process has a later one."""

    mailbox: str
    worker: str
    fence: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a folder has been read, under one UIDVALIDITY. ``troubles``: tries for each UID that failed."""

    folder: str
    uidvalidity: int
    first_uid: int
    done_uid: int
    old_until: datetime | None = None
    troubles: dict[int, int] = field(default_factory=dict)


def take(tx: Tx, name: str, worker: str, length: timedelta) -> Lease | None:
    """The lease of a mailbox, when it is free or its holder is gone; None: somebody reads it."""
    tx.run(insert_new(tx.dialect, Mailbox, "name").values(name=name, fence=0))
    free = sa.or_(
        Mailbox.worker.is_(None),
        Mailbox.worker == worker,
        tx.abandoned(Mailbox.lease_until, Mailbox.worker, worker),
    )
    fence = tx.run(
        sa.update(Mailbox)
        .where(Mailbox.name == name, free)
        .values(worker=worker, lease_until=tx.later(length), fence=Mailbox.fence + 1)
        .returning(Mailbox.fence)
    ).scalar_one_or_none()
    return None if fence is None else Lease(name, worker, fence)


def renew(tx: Tx, lease: Lease, length: timedelta) -> bool:
    """Keep a lease for longer. False: it is lost."""
    return tx.run(_held(lease).values(lease_until=tx.later(length))).rowcount == 1


def release(tx: Tx, lease: Lease) -> bool:
    """Let another process read at once."""
    return tx.run(_held(lease).values(worker=None, lease_until=None)).rowcount == 1


def _held(lease: Lease) -> sa.Update:
    return sa.update(Mailbox).where(Mailbox.name == lease.mailbox, Mailbox.fence == lease.fence)


def _insist(tx: Tx, lease: Lease) -> None:
    """Lock the lease's row; nobody takes over until this transaction ends. Raises ``LeaseLost``."""
    fence = tx.run(
        sa.select(Mailbox.fence).where(Mailbox.name == lease.mailbox).with_for_update()
    ).scalar_one_or_none()
    if fence != lease.fence:
        raise LeaseLost(f"{lease.mailbox}: another process reads it now")


def progress(tx: Tx, mailbox: str, folder: str) -> Progress | None:
    """How far a folder has been read; None: it never was."""
    row = tx.run(
        sa.select(*MailboxFolder.__table__.c).where(
            MailboxFolder.mailbox == mailbox, MailboxFolder.folder == folder
        )
    ).one_or_none()
    if row is None:
        return None
    troubles = tx.run(
        sa.select(MailboxTrouble.uid, MailboxTrouble.tries).where(
            MailboxTrouble.mailbox == mailbox,
            MailboxTrouble.folder == folder,
            MailboxTrouble.uidvalidity == row.uidvalidity,
        )
    )
    found = {row.uid: row.tries for row in troubles}
    return Progress(folder, row.uidvalidity, row.first_uid, row.done_uid, row.old_until, found)


def begin(tx: Tx, lease: Lease, start: Progress) -> None:
    """A folder is read for the first time, or from its beginning again. Raises ``LeaseLost``."""
    _insist(tx, lease)
    key = {"mailbox": lease.mailbox, "folder": start.folder}
    for table in (MailboxTrouble, MailboxFolder):
        tx.run(sa.delete(table).filter_by(**key))
    tx.run(
        sa.insert(MailboxFolder).values(
            **key,
            uidvalidity=start.uidvalidity,
            first_uid=start.first_uid,
            done_uid=start.done_uid,
            old_until=start.old_until,
        )
    )


def advance(
    tx: Tx, lease: Lease, folder: str, uidvalidity: int, done_uid: int, settled: Sequence[int] = ()
) -> None:
    """All mail up to ``done_uid`` is in the database or in trouble; ``settled`` is no trouble any more.

    Raises ``LeaseLost``.
    """
    _insist(tx, lease)
    key = {"mailbox": lease.mailbox, "folder": folder, "uidvalidity": uidvalidity}
    tx.run(
        sa.update(MailboxFolder)
        .filter_by(**key)
        .where(MailboxFolder.done_uid < done_uid)
        .values(done_uid=done_uid)
    )
    if settled:
        tx.run(sa.delete(MailboxTrouble).filter_by(**key).where(MailboxTrouble.uid.in_(settled)))


def trouble(tx: Tx, lease: Lease, folder: str, uidvalidity: int, uid: int, reason: str) -> int:
    """A mail could not be read or accepted: how often that has been. Raises ``LeaseLost``."""
    _insist(tx, lease)
    key = {"mailbox": lease.mailbox, "folder": folder, "uidvalidity": uidvalidity, "uid": uid}
    tx.run(insert_new(tx.dialect, MailboxTrouble, *key).values(**key, tries=0, reason=reason))
    tries: int = tx.run(
        sa.update(MailboxTrouble)
        .filter_by(**key)
        .values(tries=MailboxTrouble.tries + 1, reason=reason)
        .returning(MailboxTrouble.tries)
    ).scalar_one()
    return tries


def credential(tx: Tx, name: str) -> str | None:
    """A credential that the service has renewed, sealed; None: the configuration's is the newest."""
    return tx.run(sa.select(Mailbox.credential).where(Mailbox.name == name)).scalar_one_or_none()


def keep_credential(tx: Tx, name: str, sealed: str) -> None:
    """The service has renewed a credential: from now on the old one may be refused."""
    tx.run(insert_new(tx.dialect, Mailbox, "name").values(name=name, fence=0))
    tx.run(sa.update(Mailbox).where(Mailbox.name == name).values(credential=sealed))
