"""A ticket moves from one state to another by an agent's word."""

from __future__ import annotations

from typing import Any

from bot.desk.cases import Case, Refused
from bot.desk.states import STEPS, State
from bot.store.conversation import WholeTicket


def move(case: Case, action: str, to: State, **values: Any) -> None:
    """Take a legal step. Raises ``Refused``."""
    before = State(case.ticket.state)
    if before is to:
        raise Refused("is-already", state=to)
    if to not in STEPS[before]:
        raise Refused("no-way", state=before, to=to)
    case.change(action, state=to, **values)


def not_merged(case: Case, ticket: WholeTicket) -> None:
    """What is part of another ticket is not changed any more. Raises ``Refused``."""
    if ticket.merged_into_id is not None:
        raise Refused("is-merged", into=case.desk.name_of(ticket.merged_into_id))
