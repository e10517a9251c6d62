"""What changes a ticket's clock: priority, impact and urgency, waiting, escalation."""

from __future__ import annotations

from bot.config import DEGREES, Degree
from bot.desk import levels, moving, notices, stories
from bot.desk.cases import NOTE, Case, Done, Refused
from bot.desk.changed import Actor, By
from bot.desk.commands import Command
from bot.desk.letters import Letter
from bot.desk.states import State
from bot.message import Kind

_WAITED_FOR = ("requester", "supplier")


def priority(case: Case, command: Command) -> Done:
    """``priority P2``."""
    known = {name.upper(): name for name in case.desk.config.priorities}
    wanted = known.get(command.words.strip().upper())
    if wanted is None:
        raise Refused("no-such-priority", given=command.words, known=", ".join(known.values()))
    case.change("priority", priority=wanted)
    return Done("priority", {"to": wanted})


def impact(case: Case, command: Command) -> Done:
    """``impact high``: the matrix makes the priority of it."""
    degree = _degree(command)
    to = case.desk.config.matrix.priority(degree, _known(case.ticket.urgency))
    case.change("impact", impact=degree, priority=to)
    return Done("impact", {"to": degree, "priority": to})


def urgency(case: Case, command: Command) -> Done:
    """``urgency low``: the matrix makes the priority of it."""
    degree = _degree(command)
    to = case.desk.config.matrix.priority(_known(case.ticket.impact), degree)
    case.change("urgency", urgency=degree, priority=to)
    return Done("urgency", {"to": degree, "priority": to})


def _degree(command: Command) -> Degree:
    wanted = command.words.strip().casefold()
    for degree in DEGREES:
        if degree == wanted:
            return degree
    raise Refused("no-such-degree", given=command.words, known=", ".join(DEGREES))


def _known(degree: str | None) -> Degree:
    """The other degree; as in the rules, one that nobody knows is medium."""
    return next((known for known in DEGREES if known == degree), "medium")


def wait(case: Case, command: Command) -> Done:
    """``wait [requester|supplier] [WORDS]``: the clock stands still. The words are a note: asking the requester
    for something is ``update need``."""
    first, _, rest = command.words.partition(" ")
    named = first.rstrip(":,.").casefold()
    whom, words = (named, rest.strip()) if named in _WAITED_FOR else (None, command.words)
    if case.ticket.state == State.WAITING and whom not in {None, case.ticket.waiting_for}:
        case.change("waiting", waiting_for=whom)
    else:
        moving.move(case, "waiting", State.WAITING, waiting_for=whom)
    if words:
        case.keep(NOTE, words)
    return Done("waiting", {"what": whom} if whom else {})


def escalate(case: Case, command: Command) -> Done:
    """``escalate REASON``: one level up, as after a breach."""
    if not command.words:
        raise Refused("reason-missing")
    case.keep(NOTE, command.words)
    actor = Actor(By.AGENT, case.agent.person.id, case.channel)
    case.ticket, keys = levels.by_agent(
        case.tx, case.desk, case.ticket, case.now, actor=actor, reason=command.words
    )
    values = {
        "by": case.agent.section.name,
        "reason": command.words,
        "level": case.ticket.level,
        **stories.told(case.tx, case.ticket),
    }
    letter = Letter(Kind.NOTICE, notices.ESCALATED, values)
    notices.tell_each(case.tx, case.ticket, letter, keys - {case.agent.key}, case.desk, case.now)
    return Done("escalated", {"to": case.desk.team_name(case.ticket.queue), "level": case.ticket.level})
