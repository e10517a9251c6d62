"""How a ticket ends, and begins again."""

from __future__ import annotations

from bot.desk import moving
from bot.desk.cases import NOTE, REPLY, Case, Done
from bot.desk.commands import Command
from bot.desk.letters import Letter
from bot.desk.states import Ended, State
from bot.message import Kind


def resolve(case: Case, command: Command) -> Done:
    """``resolve WHAT WAS DONE``."""
    case.refuse_notes(command.words)
    if case.ticket.owner_id is None:
        case.take()
    moving.move(case, "resolved", State.RESOLVED, resolved_at=case.now)
    says = bool(command.words) or any(not file.inline for file in case.files)
    if says:
        case.keep(REPLY, command.words)
    # What a person says or encloses must arrive, at least once; the bare news is a machine's.
    kind = Kind.REPLY if says else Kind.PROGRESS
    values = {"text": command.words, "by": case.agent.section.name}
    case.tell_requester(Letter(kind, "resolved", values, case.files if says else ()))
    case.answered()
    return Done("resolved")


def close(case: Case, command: Command) -> Done:
    """``close``: the requester is not written to."""
    moving.move(case, "closed", State.CLOSED, closed_at=case.now, closed_as=Ended.AGENT)
    if command.words:
        case.keep(NOTE, command.words)
    return Done("closed")


def reopen(case: Case, command: Command) -> Done:
    """``reopen``."""
    moving.not_merged(case, case.ticket)
    moving.move(case, "reopened", State.OPEN, resolved_at=None, closed_at=None, closed_as=None)
    if command.words:
        case.keep(NOTE, command.words)
    return Done("reopened")
