"""Buttons, forms and pages: what is already structured when it comes in.

Each verb has one duty, whatever door it came through. The sender is proved by the door, or it has no power.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from bot.desk import confirmation, identities, page_actions, status, surveys, updates
from bot.desk.incoming import Incoming
from bot.desk.outcome import Outcome, Reason, Result
from bot.message import Action, Verdict

Duty = Callable[[Incoming, Action], Outcome]

ACTIONS: Final[Mapping[str, Duty]] = {
    "confirm": confirmation.by_action,
    "rate": surveys.by_action,
    "update": updates.by_action,
    "status": status.by_action,
    "link": identities.by_action,
    "add": page_actions.add,
    "close": page_actions.close,
    "reopen": page_actions.reopen,
}
"""What requesters, and for "update" owners, may do."""


def receive(incoming: Incoming, action: Action) -> Outcome:
    """Do what a proved sender asks for."""
    duty = ACTIONS.get(action.verb)
    if duty is None or incoming.message.authentication.verdict is not Verdict.PASS:
        return Outcome(Result.IGNORED, Reason.NOT_ALLOWED, action.ticket)
    return duty(incoming, action)
