"""What the web pages ask of the rest of the program; ``app.py`` says how it is found out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Queues:
    """What waits in the database. Ages are in seconds; 0 when nothing waits."""

    inbox_waiting: int
    inbox_oldest: float
    held: int
    """Payloads that could not be understood."""
    outbox_waiting: int
    outbox_oldest: float
    outbox_failed: int = 0
    outbox_unknown: int = 0
    outbox_held: int = 0


@dataclass(frozen=True, slots=True)
class Probes:
    """How to find out how the program is."""

    queues: Callable[[], Awaitable[Queues]]
    """Asks the database. Raises when it cannot be asked."""
    doors: Mapping[str, Callable[[], Awaitable[bool]]] = field(default_factory=dict)
    """For each door by name: does it serve?"""
