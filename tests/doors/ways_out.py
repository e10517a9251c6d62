"""What the contract asks of a way out: how a message looks to whom it was sent, and how its service fails.

An adapter is one class, as in ``ways_in``.
"""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, ClassVar

from bot import clock
from bot.message import Action, Kind, Notice, OutgoingMessage, Party
from bot.ports import Sender
from bot.render.samples import SAMPLES

_numbers = itertools.count(1)


class Fails(Enum):
    """How a service can fail."""

    FOR_GOOD = "it says no, and always will"
    FOR_NOW = "it says that it cannot now"
    SILENT = "it has taken the message, and does not say so"


@dataclass(frozen=True, slots=True)
class Seen:
    """A message as its reader has it."""

    text: str
    buttons: tuple[str, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    live: Sequence[str] = ()
    """What is more than words in it although a person wrote it: pings, scripts, links that hide."""


class WayOut(ABC):
    """A sender with its service."""

    sender: Sender
    to: Party
    excuses: ClassVar[Mapping[str, str]] = {}
    """Promises (names of tests) that cannot apply here, each with the reason in words."""
    remedy: ClassVar[str]
    """What ``check`` must name when the service does not let us in."""

    @abstractmethod
    async def seen(self) -> list[Seen]:
        """All that was sent, in its order."""

    @abstractmethod
    def fail(self, how: Fails) -> None:
        """The next message meets this."""

    @abstractmethod
    async def shut_out(self) -> Sender:
        """Another sender, which its service does not let in."""

    async def press(self, label: str) -> Action | None:
        """The reader presses a button of the last message; what the desk is told."""
        raise NotImplementedError(label)

    def message(self, event: str = "reply", kind: Kind = Kind.REPLY, **changes: Any) -> OutgoingMessage:
        """A message to somebody there; ``values``: other values for its template."""
        values = {**SAMPLES[event][0][1], **changes.pop("values", {})}
        usual = OutgoingMessage(
            "door", self.to, 42, kind, f"hd.42.{next(_numbers)}", Notice(event, "en", "UTC", values), clock.now()
        )  # fmt: skip
        return replace(usual, **changes)
