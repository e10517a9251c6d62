"""A desk in a temporary folder: a migrated SQLite store, a clock that is set by hand, and messages."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from bot.config import Config
from bot.desk.desk import Desk
from bot.desk.outcome import Outcome
from bot.intake import receive
from bot.message import (
    EMAIL,
    Authentication,
    Automation,
    IncomingMessage,
    Notice,
    OutgoingMessage,
    Party,
    Verdict,
)
from bot.store.engine import AnyRow, Store
from bot.store.models import Event, Outbox, Ticket
from tests.fresh import migrated

MONDAY: Final = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
"""A working day, half an hour after the desk opens."""
KEY: Final = b"the key of a desk that only tests know"

_ids = itertools.count(1)


class Clock:
    """A clock that stands until it is set."""

    def __init__(self, moment: datetime = MONDAY) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        return self.moment

    def forward(self, **by: float) -> None:
        """Let time pass: ``forward(hours=3)``."""
        self.moment += timedelta(**by)


def a_config(**sections: Any) -> Config:
    """The default configuration, except for the sections given."""
    return Config.model_validate(sections)


def a_desk(**sections: Any) -> Desk:
    """A desk for help@localhost that serves localhost."""
    return Desk.from_config(a_config(**sections), KEY)


def a_message(
    text: str = "The printer on the second floor is on fire.",
    *,
    sender: str = "ann@localhost",
    name: str = "",
    subject: str = "Fire",
    to: tuple[str, ...] = ("help@localhost",),
    automation: Automation = Automation.NONE,
    verdict: Verdict = Verdict.UNKNOWN,
    received_at: datetime = MONDAY,
    **facts: Any,
) -> IncomingMessage:
    """A mail with a Message-ID of its own; a test says only what it is about."""
    return IncomingMessage(
        channel="mail",
        external_id=facts.pop("external_id", f"{next(_ids)}@sender.example"),
        sender=Party(EMAIL, sender, name),
        recipients=tuple(Party(EMAIL, address) for address in to),
        subject=subject,
        text=facts.pop("whole_text", text),
        reply_text=text,
        received_at=received_at,
        automation=automation,
        authentication=Authentication(verdict, "test"),
        **facts,
    )


@dataclass
class OpenDesk:
    """A desk with its store, for tests that call the core themselves."""

    store: Store
    desk: Desk
    clock: Clock
    folder: Path
    received: list[Outcome] = field(default_factory=list)

    def receive(self, message: IncomingMessage) -> Outcome:
        """What becomes of a message that comes now."""
        message = replace(message, received_at=self.clock())
        outcome = self.store.write_now(lambda tx: receive(tx, message, self.desk, self.clock()))
        self.received.append(outcome)
        return outcome

    def rows(self, table: Any) -> list[AnyRow]:
        """All rows of a table, oldest first."""
        return self.store.read_now(lambda tx: list(tx.run(sa.select(*table.__table__.c).order_by(table.id))))

    def ticket(self, number: int) -> AnyRow:
        """One ticket."""
        return next(row for row in self.rows(Ticket) if row.id == number)

    def set_state(self, number: int, state: str) -> None:
        """As if an agent had changed the ticket."""
        self.store.write_now(
            lambda tx: tx.run(sa.update(Ticket).where(Ticket.id == number).values(state=state))
        )

    def actions(self, number: int) -> list[str]:
        """What happened to a ticket."""
        return [row.action for row in self.rows(Event) if row.ticket_id == number]

    def token(self, number: int = -1) -> str:
        """The token of a message in the outbox, the last one when nothing is said."""
        return str(self.rows(Outbox)[number].token)


def a_notice() -> Notice:
    """An acknowledgement's."""
    return Notice("received", "en", "UTC", {"reference": "HD-1", "promised_at": MONDAY.isoformat()})


def an_outgoing(**values: Any) -> OutgoingMessage:
    """A message for the outbox: ``kind``, ``ticket`` and what else matters are given."""
    defaults = {
        "channel": "mail",
        "to": Party(EMAIL, "ann@localhost"),
        "ticket": 0,
        "token": f"t{next(_ids)}",
        "notice": a_notice(),
        "created_at": MONDAY,
    }
    return OutgoingMessage(**{**defaults, **values})


def make_store(folder: Path, clock: Clock) -> Store:
    """A migrated SQLite store, not yet opened."""
    store = Store(f"sqlite:///{folder / 'deskbot.db'}", now=clock)
    migrated(store)
    return store


@contextmanager
def open_desk(folder: Path, **sections: Any) -> Iterator[OpenDesk]:
    """A desk on a fresh store that lies in ``folder``."""
    clock = Clock()
    store = make_store(folder, clock)
    try:
        yield OpenDesk(store, a_desk(**sections), clock, folder)
    finally:
        store.close()
