"""All that the core asks of a channel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bot.message import IncomingMessage, OutgoingMessage, Payload, Receipt


class Accept(Protocol):
    """Take responsibility for a payload.

    Returns only after the payload is committed: true when it is new, false when it was here already.
    Only then may a door say yes to its service. Raises ``StoreUnavailable`` when it could not be kept.
    """

    async def __call__(self, payload: Payload, /) -> bool: ...


class Source(Protocol):
    """A door through which messages come in."""

    name: str

    async def run(self, accept: Accept) -> None:
        """Serve until cancelled. Acknowledges to the service only after ``accept`` has returned."""

    async def translate(self, payload: Payload) -> Sequence[IncomingMessage]:
        """The messages in a payload: no side effects, no judgement.

        Raises ``HeldError`` when it cannot be understood.
        """


class Sender(Protocol):
    """A way out for messages."""

    async def send(self, message: OutgoingMessage) -> Receipt:
        """Hand one message to the service. Raises ``ChannelError``."""

    async def check(self) -> None:
        """Try the way without sending. Raises ``ChannelError`` with what to do."""

    async def close(self) -> None:
        """Let go of connections."""
