"""Where the requests of a person stand, told to them when they ask."""

from __future__ import annotations

from bot.desk.incoming import Incoming
from bot.desk.outcome import Outcome, Reason, Result
from bot.message import Action


def by_words(incoming: Incoming) -> Outcome | None:  # noqa: ARG001  # seed
    """What a message says to it; None: nothing."""
    return None


def by_action(incoming: Incoming, action: Action) -> Outcome:  # noqa: ARG001  # seed
    """What a button or a page says to it."""
    return Outcome(Result.IGNORED, Reason.NOT_ALLOWED, action.ticket)
