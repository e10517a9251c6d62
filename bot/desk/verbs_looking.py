"""What agents ask of the desk, and what they write down for each other."""

from __future__ import annotations

from typing import Final
from zoneinfo import ZoneInfo

from bot.desk import why
from bot.desk.cases import NOTE, Case, Done
from bot.desk.commands import Command
from bot.store import people, tickets

_MOST_STEPS: Final = 100


def note(case: Case, command: Command) -> Done:
    """``note WORDS``: for agents only."""
    case.keep(NOTE, command.words)
    case.record("note.added", None, None)
    return Done("noted")


def why_(case: Case, _: Command) -> Done:
    """``why``: what happened, step by step."""
    story = tickets.story(case.tx, case.ticket.id)
    section, home = case.agent.section, case.desk.config.desk
    zone = ZoneInfo(section.time_zone or home.time_zone)
    steps = [f"{step.when}  {step.what}" for step in why.told(story, zone)] if story else []
    return Done("why", {"steps": steps[-_MOST_STEPS:]})


def status(case: Case, _: Command) -> Done:
    """``status``: state, owner, due time."""
    ticket = case.ticket
    owner = people.by_id(case.tx, ticket.owner_id) if ticket.owner_id else None
    due = ticket.first_response_due if ticket.first_response_at is None else ticket.resolution_due
    return Done(
        "status",
        {
            "owner": owner.name if owner else "",
            "due": due.isoformat() if due else None,
            "state": ticket.state,
        },
    )
