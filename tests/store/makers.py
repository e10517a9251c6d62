"""Rows for the tests of the store, with sensible contents."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa

from bot import clock
from bot.message import EMAIL, Kind, Notice, OutgoingMessage, Party, Payload
from bot.store import outbox, people, tickets
from bot.store.engine import Store, Tx
from bot.store.models import Inbox, Outbox, Timer

LEASE = timedelta(minutes=5)


class Clock:
    """A process clock that tests set as they like; it starts at the true time."""

    def __init__(self) -> None:
        self.moment = clock.now()

    def __call__(self) -> datetime:
        return self.moment

    def forward(self, by: timedelta) -> None:
        """Let time pass, or with a negative value set the clock back."""
        self.moment += by


def payload(
    key: str = "", raw: bytes = b"From: ann@example.org\r\n\r\nhelp", at: datetime | None = None
) -> Payload:
    """A payload with a key of its own unless one is given."""
    envelope = {"mail_from": "ann@example.org", "rcpt_to": ["help@localhost"], "tls": False}
    return Payload("mail", key or secrets.token_hex(32), raw, at or clock.now(), envelope)


def message(
    ticket: int = 0,
    kind: Kind = Kind.ACKNOWLEDGEMENT,
    to: str = "ann@example.org",
    at: datetime | None = None,
) -> OutgoingMessage:
    """A message with a token of its own."""
    notice = Notice("received", "en", "UTC", {"number": f"HD-{ticket}"})
    moment = at or clock.now()
    return OutgoingMessage("mail", Party(EMAIL, to), ticket, kind, secrets.token_hex(16), notice, moment)


def queue(
    tx: Tx,
    ticket: int = 0,
    kind: Kind = Kind.ACKNOWLEDGEMENT,
    to: str = "ann@example.org",
    at: datetime | None = None,
) -> str:
    """Queue a message; returns its token."""
    made = message(ticket, kind, to, at)
    outbox.queue(tx, made, to)
    return made.token


def new_ticket(tx: Tx, address: str = "ann@example.org", now: datetime | None = None) -> int:
    """A ticket of the person at ``address``."""
    moment = now or clock.now()
    person = people.find(tx, EMAIL, address) or people.add(tx, Party(EMAIL, address, "Ann"), address, moment)
    new = tickets.NewTicket(
        subject="No light",
        state="new",
        priority="normal",
        queue="desk",
        requester_id=person.id,
        channel="mail",
        locale="en",
        opened_at=moment,
        first_response_due=moment + timedelta(hours=4),
        resolution_due=moment + timedelta(days=2),
    )
    return tickets.open_ticket(tx, new)


def count(store: Store, table: type[Any], *where: sa.ColumnElement[bool]) -> int:
    """How many rows, seen by a connection of its own."""
    query = sa.select(sa.func.count()).select_from(table).where(*where)
    found: int = store.read_now(lambda tx: tx.run(query).scalar_one())
    return found


def states(store: Store, table: Any) -> list[str]:
    """The states of all rows, oldest first."""
    return store.read_now(lambda tx: list(tx.run(sa.select(table.state).order_by(table.id)).scalars()))


def pass_time(store: Store, by: timedelta) -> None:
    """Let time pass for leases and due times: the process's clock on SQLite; on PostgreSQL, which goes by the
    server's clock, everything that lies ahead comes nearer."""
    if isinstance(store.clock, Clock) and store.embedded:
        store.clock.forward(by)
        return
    columns: Sequence[tuple[Any, str]] = (
        (Inbox, "not_before"),
        (Inbox, "lease_until"),
        (Outbox, "not_before"),
        (Outbox, "lease_until"),
        (Timer, "due_at"),
    )
    for table, name in columns:
        earlier = sa.type_coerce(getattr(table, name), sa.DateTime(timezone=True)) - sa.literal(
            by, sa.Interval()
        )
        statement = sa.update(table).values({name: earlier})
        store.write_now(partial(Tx.run, statement=statement))
