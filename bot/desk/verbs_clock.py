"""What changes a ticket's clock: priority, waiting, escalation."""

from __future__ import annotations

from bot.desk import letters, moving
from bot.desk.cases import NOTE, Case, Done, Refused
from bot.desk.commands import Command
from bot.desk.letters import Letter
from bot.desk.states import State
from bot.message import Kind
from bot.store import tickets


def priority(case: Case, command: Command) -> Done:
    """``priority P2``."""
    wanted = command.words.strip().upper()
    if wanted not in case.desk.config.priorities:
        raise Refused("no-such-priority", given=command.words, known=", ".join(case.desk.config.priorities))
    case.change("priority", priority=wanted)
    return Done("priority", {"to": wanted})


def wait(case: Case, command: Command) -> Done:
    """``wait``: the clock stands still."""
    moving.move(case, "waiting", State.WAITING)
    if command.words:
        case.keep(NOTE, command.words)
    return Done("waiting")


def escalate(case: Case, command: Command) -> Done:
    """``escalate REASON``: one level up."""
    if not command.words:
        raise Refused("reason-missing")
    team = case.desk.config.teams.get(case.ticket.queue)
    higher = team.escalates_to if team else ""
    case.keep(NOTE, command.words)
    case.change("escalated", level=case.ticket.level + 1, queue=higher or case.ticket.queue)
    owner = case.desk.roster.owner(case.tx, case.ticket.owner_id)
    keys = {*case.desk.roster.of_team(case.ticket.queue), *filter(None, [owner])} - {case.agent.key}
    story = tickets.words_of(case.tx, case.ticket.id)
    letter = Letter(
        Kind.NOTICE,
        "escalated",
        {"by": case.agent.section.name, "reason": command.words, "level": case.ticket.level, "story": story},
    )
    for key in sorted(keys):
        reader = letters.agent_reader(case.desk.roster.load(case.tx, key, case.now), case.desk)
        letters.write(case.tx, reader, case.ticket, letter, case.desk, case.now)
    return Done("escalated", {"to": case.desk.team_name(case.ticket.queue), "level": case.ticket.level})
