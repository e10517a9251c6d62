"""What a request leaves open is asked back, and the answers become fields of the ticket."""

from __future__ import annotations

from bot.desk.desk import Desk
from bot.message import IncomingMessage


def missing(message: IncomingMessage, category: str | None, desk: Desk) -> tuple[str, ...]:  # noqa: ARG001  # seed
    """The keys of the questions that the request does not answer by itself."""
    return ()


def answers(text: str, asked: tuple[str, ...], desk: Desk) -> dict[str, str]:  # noqa: ARG001  # seed
    """What an answer says to the questions that were asked: by number, or below the question's own words."""
    return {}
