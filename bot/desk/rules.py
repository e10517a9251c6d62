"""How a request is read: category, impact, urgency, priority, team, language."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.config import Degree
from bot.desk.desk import Desk
from bot.message import IncomingMessage


@dataclass(frozen=True, slots=True)
class Decision:
    """What the rules make of a request. ``steps`` says why, one line for each decision."""

    priority: str
    queue: str
    category: str | None = None
    impact: Degree | None = None
    urgency: Degree | None = None
    locale: str | None = None
    major: str = ""
    """Why it is a major incident; empty: it is none."""
    steps: tuple[str, ...] = ()


def decide(message: IncomingMessage, sender: str, desk: Desk, now: datetime) -> Decision:  # noqa: ARG001  # seed
    """Read the table. Pure."""
    tickets = desk.config.tickets
    return Decision(tickets.priority, tickets.queue)
