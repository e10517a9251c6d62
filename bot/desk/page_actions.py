"""What a requester can do on the page of a ticket."""

from __future__ import annotations

from bot.desk.incoming import Incoming
from bot.desk.outcome import Outcome, Reason, Result
from bot.message import Action


def add(incoming: Incoming, action: Action) -> Outcome:  # noqa: ARG001  # seed
    """What a button or a page says to it."""
    return Outcome(Result.IGNORED, Reason.NOT_ALLOWED, action.ticket)


def close(incoming: Incoming, action: Action) -> Outcome:  # noqa: ARG001  # seed
    """What a button or a page says to it."""
    return Outcome(Result.IGNORED, Reason.NOT_ALLOWED, action.ticket)


def reopen(incoming: Incoming, action: Action) -> Outcome:  # noqa: ARG001  # seed
    """What a button or a page says to it."""
    return Outcome(Result.IGNORED, Reason.NOT_ALLOWED, action.ticket)
