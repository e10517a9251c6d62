"""How a ticket ends, and begins again."""

from __future__ import annotations

from typing import Any, Final

from bot.desk import ending, moving, resolution
from bot.desk.cases import NOTE, REPLY, Case, Done
from bot.desk.commands import Command
from bot.desk.letters import Letter
from bot.desk.states import Ended, State
from bot.message import Kind
from bot.store import withdrawal

_TO_REQUESTERS: Final = (
    "received", "progress", "still_open", "delayed", "late", "resolved", "confirm_reminder", "closed", "survey", "sorry",
)  # fmt: skip
"""Automatic letters that whoever sent spam does not get."""


def resolve(case: Case, command: Command) -> Done:
    """``resolve WHAT WAS DONE``: see ``resolution`` for its labels. The requester is asked whether it works
    again."""
    case.refuse_notes(command.words)
    if case.ticket.owner_id is None:
        case.take(quietly=True)
    done = resolution.read(command.words)
    values = _waits_no_more(case) | {"resolved_at": case.now, "resolution": done.kept()}
    moving.move(case, "resolved", State.RESOLVED, quietly=True, **values)
    says = bool(command.words) or any(not file.inline for file in case.files)
    if says:
        case.keep(REPLY, command.words)
    # What a person says or encloses must arrive, at least once; the bare question is a machine's.
    kind = Kind.REPLY if says else Kind.CONFIRMATION
    told = {
        "text": done.solution,
        "by": case.agent.section.name,
        "cause": done.cause,
        "steps": list(done.steps),
        "workaround": done.workaround,
        "asks": True,
        "close_on": ending.silence_after(case.now, case.desk).close_at.isoformat(),
    }
    files = case.files if says else ()
    asked = case.tell_requester(Letter(kind, ending.RESOLVED, told, files, choices=ending.YES_OR_NO))
    case.answered()
    return Done("resolved", {"asked": asked})


def close(case: Case, command: Command) -> Done:
    """``close``: it is over. Whoever was answered is asked how satisfied they were."""
    values = _waits_no_more(case) | {"closed_at": case.now, "closed_as": Ended.AGENT}
    moving.move(case, "closed", State.CLOSED, **values)
    if command.words:
        case.keep(NOTE, command.words)
    return Done("closed")


def spam(case: Case, command: Command) -> Done:
    """``spam``: it is over, and whoever wrote it hears nothing."""
    moving.not_merged(case, case.ticket)
    if case.ticket.state == State.CLOSED:
        case.change("spam", quietly=True, closed_as=Ended.SPAM)
    else:
        values = _waits_no_more(case) | {"closed_at": case.now, "closed_as": Ended.SPAM}
        moving.move(case, "spam", State.CLOSED, quietly=True, **values)
    withdrawal.withdraw(case.tx, case.ticket.id, *_TO_REQUESTERS)
    if command.words:
        case.keep(NOTE, command.words)
    return Done("spam")


def reopen(case: Case, command: Command) -> Done:
    """``reopen``."""
    moving.not_merged(case, case.ticket)
    values = _waits_no_more(case) | {"resolved_at": None, "closed_at": None, "closed_as": None}
    moving.move(case, "reopened", State.OPEN, **values)
    if command.words:
        case.keep(NOTE, command.words)
    return Done("reopened")


def _waits_no_more(case: Case) -> dict[str, Any]:
    return {"waiting_for": None} if case.ticket.waiting_for else {}
