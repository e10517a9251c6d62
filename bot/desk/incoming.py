"""One message on its way through the desk: what everybody who looks at it needs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.desk.changed import Actor, By
from bot.desk.desk import Desk
from bot.message import IncomingMessage
from bot.store.engine import Tx
from bot.store.people import KnownPerson


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message that may come in, and whom it comes from."""

    tx: Tx
    message: IncomingMessage
    sender: str
    """Canonical address."""
    person: KnownPerson
    agent: str | None
    """The agent who wrote it, proved for this very message; see ``agents.Roster.proved``."""
    desk: Desk
    now: datetime
    inbox_id: int | None
    belongs: int | None = None
    """The ticket that the sender was asked about, and has named: 0 for a new one; None: not asked."""

    @property
    def requester(self) -> Actor:
        """Who wrote it, where they act as a requester."""
        return Actor(By.REQUESTER, self.person.id, self.message.channel)
