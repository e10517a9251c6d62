"""What each command does to a ticket. Every change is an event; every answer says what was done.

A verb returns ``Done`` or raises ``Refused``; the words for both are in the template ``commands``. All
commands of one message run in one transaction: when one is refused, nothing of any has happened.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from zoneinfo import ZoneInfo

from bot.desk import letters, why
from bot.desk.agents import Agent
from bot.desk.cases import NOTE, REPLY, Case, Done, Refused
from bot.desk.commands import Command
from bot.desk.desk import Desk
from bot.desk.letters import Letter
from bot.desk.states import STEPS, Ended, State
from bot.mail.addresses import canonical
from bot.message import EMAIL, Kind, Party
from bot.store import conversation, people, tickets
from bot.store.conversation import WholeTicket
from bot.store.people import KnownPerson

_MOST_STEPS: Final = 100


def _take(case: Case, _: Command) -> Done:
    case.take()
    return Done("taken")


def _assign(case: Case, command: Command) -> Done:
    if key := case.desk.roster.named(command.words):
        return _assign_to(case, case.desk.roster.load(case.tx, key, case.now))
    team = _team(case.desk, command.words)
    if team is None:
        raise Refused("no-such-person", given=command.words)
    # Whoever owns the ticket goes on owning it while another team works on it, until one of them takes it.
    if case.change("queued", queue=team):
        for key in case.desk.roster.of_team(team):
            if key != case.agent.key:
                _hand_over(case, case.desk.roster.load(case.tx, key, case.now))
    return Done("assigned", {"to": case.desk.team_name(team)})


def _assign_to(case: Case, other: Agent) -> Done:
    state = State.OPEN if case.ticket.state == State.NEW else case.ticket.state
    changed = case.change("assigned", owner_id=other.person.id, state=state)
    if changed and other.key != case.agent.key:
        _hand_over(case, other)
    return Done("assigned", {"to": other.section.name})


def _team(desk: Desk, words: str) -> str | None:
    wanted = words.strip().casefold()
    return next(
        (k for k, team in desk.config.teams.items() if wanted in {k.casefold(), team.name.casefold()}), None
    )


def _hand_over(case: Case, to: Agent) -> None:
    """A hand-over carries the whole story."""
    story = tickets.words_of(case.tx, case.ticket.id)
    letter = Letter(Kind.NOTICE, "handed_over", {"by": case.agent.section.name, "story": story})
    letters.write(case.tx, letters.agent_reader(to, case.desk), case.ticket, letter, case.desk, case.now)


def _note(case: Case, command: Command) -> Done:
    case.keep(NOTE, command.words)
    case.record("note.added", None, None)
    return Done("noted")


def _priority(case: Case, command: Command) -> Done:
    wanted = command.words.strip().upper()
    if wanted not in case.desk.config.priorities:
        raise Refused("no-such-priority", given=command.words, known=", ".join(case.desk.config.priorities))
    case.change("priority", priority=wanted)
    return Done("priority", {"to": wanted})


def _category(case: Case, command: Command) -> Done:
    case.change("category", category=command.words.strip()[:64])
    return Done("category", {"to": command.words.strip()[:64]})


def _move(case: Case, action: str, to: State, **values: Any) -> None:
    before = State(case.ticket.state)
    if before is to:
        raise Refused("is-already", state=to)
    if to not in STEPS[before]:
        raise Refused("no-way", state=before, to=to)
    case.change(action, state=to, **values)


def _wait(case: Case, command: Command) -> Done:
    _move(case, "waiting", State.WAITING)
    if command.words:
        case.keep(NOTE, command.words)
    return Done("waiting")


def _escalate(case: Case, command: Command) -> Done:
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


def _resolve(case: Case, command: Command) -> Done:
    case.refuse_notes(command.words)
    if case.ticket.owner_id is None:
        case.take()
    _move(case, "resolved", State.RESOLVED, resolved_at=case.now)
    says = bool(command.words) or any(not file.inline for file in case.files)
    if says:
        case.keep(REPLY, command.words)
    # What a person says or encloses must arrive, at least once; the bare news is a machine's.
    kind = Kind.REPLY if says else Kind.PROGRESS
    values = {"text": command.words, "by": case.agent.section.name}
    case.tell_requester(Letter(kind, "resolved", values, case.files if says else ()))
    case.answered()
    return Done("resolved")


def _close(case: Case, command: Command) -> Done:
    _move(case, "closed", State.CLOSED, closed_at=case.now, closed_as=Ended.AGENT)
    if command.words:
        case.keep(NOTE, command.words)
    return Done("closed")


def _reopen(case: Case, command: Command) -> Done:
    _not_merged(case, case.ticket)
    _move(case, "reopened", State.OPEN, resolved_at=None, closed_at=None, closed_as=None)
    if command.words:
        case.keep(NOTE, command.words)
    return Done("reopened")


def _other(case: Case, command: Command) -> WholeTicket:
    """The ticket that a command names as its target."""
    other = conversation.whole(case.tx, int(command.words)) if command.words.isdecimal() else None
    if other is None or other.id == case.ticket.id:
        raise Refused("no-such-ticket", given=case.desk.name_of(int(command.words)))
    return other


def _merge(case: Case, command: Command) -> Done:
    _not_merged(case, case.ticket)
    into = _other(case, command)
    if into.requester_id != case.ticket.requester_id:
        raise Refused("other-requester", into=case.desk.name_of(into.id))
    _not_merged(case, into)
    case.change(
        "merged",
        state=State.CLOSED,
        closed_at=case.now,
        closed_as=Ended.MERGED,
        merged_into_id=into.id,
    )
    after = {"from": case.desk.name_of(case.ticket.id)}
    tickets.record(case.tx, into.id, "merged.from", case.now, actor=case.agent.person.id, after=after)
    return Done("merged", {"into": case.desk.name_of(into.id)})


def _not_merged(case: Case, ticket: WholeTicket) -> None:
    if ticket.merged_into_id is not None:
        raise Refused("is-merged", into=case.desk.name_of(ticket.merged_into_id))


def _link(case: Case, command: Command) -> Done:
    if "@" in command.words:
        return _let_follow(case, command.words)
    other = _other(case, command)
    names = case.desk.name_of(case.ticket.id), case.desk.name_of(other.id)
    case.record("linked", None, {"to": names[1]})
    tickets.record(case.tx, other.id, "linked", case.now, actor=case.agent.person.id, after={"to": names[0]})
    return Done("linked", {"to": names[1]})


def _let_follow(case: Case, address: str) -> Done:
    """D4: what comes from now on, and nothing of what was said before."""
    person = _somebody(case, address)
    follows = conversation.role_of(case.tx, case.ticket.id, person.id) == conversation.FOLLOWER
    if not follows and person.id != case.ticket.requester_id:
        conversation.follow(case.tx, case.ticket.id, person.id, case.now)
        case.record("follower.added", None, {"address": canonical(address)})
    return Done("follows", {"who": address})


def _somebody(case: Case, words: str) -> KnownPerson:
    """The person at an address, who is not the desk itself: that would be a loop (E13)."""
    address = canonical(words)
    if case.desk.is_own(address):
        raise Refused("own-address", given=words)
    return people.find(case.tx, EMAIL, address) or people.add(case.tx, Party(EMAIL, words), address, case.now)


def _for(case: Case, command: Command) -> Done:
    person = _somebody(case, command.words)
    case.change("requester", requester_id=person.id)
    return Done("for", {"who": command.words})


def _why(case: Case, _: Command) -> Done:
    story = tickets.story(case.tx, case.ticket.id)
    section, home = case.agent.section, case.desk.config.desk
    zone = ZoneInfo(section.time_zone or home.time_zone)
    steps = [f"{step.when}  {step.what}" for step in why.told(story, zone)] if story else []
    return Done("why", {"steps": steps[-_MOST_STEPS:]})


def _status(case: Case, _: Command) -> Done:
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


VERBS: Final[dict[str, Callable[[Case, Command], Done]]] = {
    "take": _take,
    "assign": _assign,
    "note": _note,
    "priority": _priority,
    "category": _category,
    "wait": _wait,
    "escalate": _escalate,
    "resolve": _resolve,
    "close": _close,
    "reopen": _reopen,
    "merge": _merge,
    "link": _link,
    "status": _status,
    "why": _why,
    "for": _for,
}
"""``reply`` and ``help`` need more than a ticket: see ``by_agent.py``."""
