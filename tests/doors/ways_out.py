"""What the contract asks of a way out: how a message looks to whom it was sent, and how its service fails.

An adapter is one class, as in ``ways_in``.
"""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, ClassVar

from bot import clock
from bot.message import Action, IncomingMessage, Kind, Notice, OutgoingMessage, Party
from bot.ports import Sender
from bot.render.samples import SAMPLES
from tests.doors.keeper import Keeper
from tests.doors.ways_in import PATIENCE

_numbers = itertools.count(1)


class Fails(Enum):
    """How a service can fail."""

    FOR_GOOD = "it says no, and always will"
    FOR_NOW = "it says that it cannot now"
    TOO_OFTEN = "it says that this conversation must wait for a second or so"
    SILENT = "it has taken the message, and does not say so"


@dataclass(frozen=True, slots=True)
class Seen:
    """A message as its reader has it."""

    text: str
    buttons: tuple[str, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    live: Sequence[str] = ()
    """What is more than words in it although a person wrote it: pings, scripts, links that hide."""
    stands: str = ""
    """The conversation in which it stands, as ``Receipt.threads`` has it."""


class WayOut(ABC):
    """A sender with its service."""

    sender: Sender
    keeper: Keeper
    to: Party
    """Somebody who asked."""
    other: Party
    """Somebody else."""
    room: Party
    """Where a team works, when the service has rooms."""
    remedy: ClassVar[str]
    """What ``check`` must name when the service does not let us in."""
    finds_out: ClassVar[bool] = False
    """Whether the door can see for itself that a message which the service did not confirm is there."""
    patience: ClassVar[float] = PATIENCE

    def __init__(self, keeper: Keeper) -> None:
        self.keeper = keeper

    @abstractmethod
    async def seen(self, by: Party | None = None) -> list[Seen]:
        """All that was sent to somebody, or into a room, in its order; by default to ``to``."""

    @abstractmethod
    def fail(self, how: Fails) -> None:
        """The next message meets this."""

    @abstractmethod
    def has_failed(self) -> bool:
        """Whether it has."""

    def mend(self) -> None:  # noqa: B027  # most services fail once, as they are told
        """The service works again."""

    @abstractmethod
    def another(self, *, let_in: bool = True) -> Sender:
        """Another sender to the same service, as after a restart; or one that is not let in."""

    @abstractmethod
    async def answer(self, text: str) -> IncomingMessage:
        """Whoever got the last message answers it; what comes in."""

    async def press(self, label: str, where: Party | None = None) -> Action | None:
        """Whoever reads the last message there presses a button of it; what the desk is told."""
        raise NotImplementedError(label)

    def take_away(self, reference: str) -> None:
        """Somebody deletes a message in the room."""
        raise NotImplementedError(reference)

    def message(self, event: str = "reply", kind: Kind = Kind.REPLY, **changes: Any) -> OutgoingMessage:
        """A message to somebody there; ``values``: other values for its template."""
        values = {**SAMPLES[event][0][1], **changes.pop("values", {})}
        usual = OutgoingMessage(
            "door", self.to, 42, kind, f"hd.42.{next(_numbers)}", Notice(event, "en", "UTC", values), clock.now()
        )  # fmt: skip
        return replace(usual, **changes)


MakesWayOut = Callable[[Keeper], AbstractAsyncContextManager[WayOut]]
