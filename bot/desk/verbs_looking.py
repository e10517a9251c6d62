"""What agents ask of the desk, and what they write down for each other."""

from __future__ import annotations

from typing import Any, Final
from zoneinfo import ZoneInfo

from bot.desk import why
from bot.desk.cases import NOTE, Case, Done
from bot.desk.commands import Command
from bot.desk.desk import Desk
from bot.store import entries, people, queues
from bot.store.conversation import WholeTicket

_MOST_STEPS: Final = 100


def show(case: Case, _: Command) -> Done:
    """``show``: the whole ticket."""
    ticket, desk = case.ticket, case.desk
    locale = case.agent.section.locale or desk.config.desk.locale
    who = queues.card(case.tx, ticket.requester_id)
    return Done(
        "shown",
        {
            "who": who.name,
            "address": who.address,
            "department": who.department,
            "phone": who.phone,
            "subject": ticket.subject,
            "priority": ticket.priority,
            "queue": desk.team_name(ticket.queue),
            "category": _category(ticket.category, locale, desk),
            "impact": ticket.impact,
            "urgency": ticket.urgency,
            "fields": _fields(ticket.fields or {}, locale, desk),
            "owner": _owner(case),
            "due": _due(ticket),
            "opened_at": ticket.opened_at.isoformat(),
            "state": ticket.state,
            "waiting_for": ticket.waiting_for,
            "story": entries.words_of(case.tx, ticket.id),
        },
    )


def _category(key: str | None, locale: str, desk: Desk) -> str:
    """A category as people see it."""
    known = desk.config.categories.get(key or "")
    return (known.title(locale) if known else "") or key or ""


def _fields(fields: dict[str, Any], locale: str, desk: Desk) -> list[dict[str, str]]:
    """The questions that were asked, and what was answered."""
    asked = desk.config.questions
    return [
        {"question": asked[key].text(locale) if key in asked else key, "answer": str(said or "")}
        for key, said in fields.items()
    ]


def _owner(case: Case) -> str:
    owner = people.by_id(case.tx, case.ticket.owner_id) if case.ticket.owner_id else None
    return owner.name if owner else ""


def _due(ticket: WholeTicket) -> str | None:
    due = ticket.first_response_due if ticket.first_response_at is None else ticket.resolution_due
    return due.isoformat() if due else None


def note(case: Case, command: Command) -> Done:
    """``note WORDS``: for agents only."""
    case.keep(NOTE, command.words)
    case.record("note.added", None, None)
    return Done("noted")


def why_(case: Case, _: Command) -> Done:
    """``why``: what happened, step by step, and what is due next."""
    section, config = case.agent.section, case.desk.config
    zone = ZoneInfo(section.time_zone or config.desk.time_zone)
    locale = section.locale or config.desk.locale
    told = why.tell(case.tx, case.ticket.id, config, locale, zone) or []
    return Done("why", {"steps": [f"{step.when}  {step.what}" for step in told[-_MOST_STEPS:]]})


def status(case: Case, _: Command) -> Done:
    """``status``: state, owner, due time."""
    ticket = case.ticket
    told = {"owner": _owner(case), "due": _due(ticket), "state": ticket.state}
    return Done("status", {**told, "waiting_for": ticket.waiting_for})
