"""What each command does to a ticket. Every change is an event; every answer says what was done.

A verb returns ``Done`` or raises ``Refused``; the words for both are in the template ``commands``. All
commands of one message run in one transaction: when one is refused, nothing of any has happened.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from bot.desk import letters, promises, why
from bot.desk.agents import Agent
from bot.desk.commands import Command
from bot.desk.desk import Desk
from bot.desk.letters import Letter
from bot.desk.states import STEPS, State
from bot.errors import DeskbotError
from bot.mail.addresses import canonical
from bot.message import EMAIL, Kind, Party
from bot.store import conversation, people, tickets
from bot.store.conversation import WholeTicket
from bot.store.engine import Tx

_MOST_STEPS: Final = 100


@dataclass(slots=True)
class Case:
    """A ticket in an agent's hands. ``ticket`` follows what is done to it."""

    tx: Tx
    desk: Desk
    ticket: WholeTicket
    agent: Agent
    channel: str
    now: datetime

    def change(self, action: str, **values: Any) -> None:
        """Change the ticket, and record what it was before. A value that stands already changes nothing (E12)."""
        before = {name: getattr(self.ticket, name, None) for name in values}
        if all(before[name] == value for name, value in values.items()):
            return
        tickets.change(self.tx, self.ticket.id, self.now, expected_state=self.ticket.state, **values)
        known = {name: value for name, value in values.items() if name in WholeTicket.__slots__}
        self.ticket = replace(self.ticket, **known)
        plain = {name: value for name, value in values.items() if not isinstance(value, datetime)}
        self.record(action, {name: before[name] for name in plain}, plain)

    def record(self, action: str, before: dict[str, Any] | None, after: dict[str, Any] | None) -> None:
        """Append to the history in the agent's name."""
        tickets.record(
            self.tx,
            self.ticket.id,
            action,
            self.now,
            actor=self.agent.person.id,
            channel=self.channel,
            before=before,
            after=after,
        )

    def keep(self, kind: str, text: str) -> None:
        """Keep the agent's words in the ticket."""
        entry = tickets.NewEntry(self.ticket.id, kind, self.agent.person.id, self.channel, text, self.now)
        tickets.add_entry(self.tx, entry)

    def tell_requester(self, letter: Letter) -> None:
        """Write to the person who asked, and to those who follow."""
        first = letters.requester_of(self.tx, self.ticket, self.desk)
        for reader in (*filter(None, [first]), *letters.followers_of(self.tx, self.ticket, self.desk)):
            letters.write(self.tx, reader, self.ticket, letter, self.desk, self.now)


@dataclass(frozen=True, slots=True)
class Done:
    """What a command did: a code that the template has a sentence for, and what stands in it."""

    code: str
    values: dict[str, Any] = field(default_factory=dict)


class Refused(DeskbotError):
    """A command was understood and cannot be done. ``code``: the template has a sentence for it."""

    def __init__(self, code: str, **values: Any) -> None:
        super().__init__(code)
        self.code = code
        self.values = values


def _take(case: Case, _: Command) -> Done:
    take(case)
    return Done("taken")


def take(case: Case) -> None:
    """The agent follows the ticket from now on; there is always exactly one owner."""
    state = State.OPEN if case.ticket.state == State.NEW else case.ticket.state
    case.change("assigned", owner_id=case.agent.person.id, state=state)


def _assign(case: Case, command: Command) -> Done:
    if key := case.desk.roster.named(command.words):
        other = case.desk.roster.load(case.tx, key, case.now)
        state = State.OPEN if case.ticket.state == State.NEW else case.ticket.state
        case.change("assigned", owner_id=other.person.id, state=state)
        if other.key != case.agent.key:
            _hand_over(case, other)
        return Done("assigned", {"to": other.section.name})
    team = _team(case.desk, command.words)
    if team is None:
        raise Refused("no-such-person", given=command.words)
    case.change("queued", queue=team, owner_id=None)
    for key in case.desk.roster.of_team(team):
        _hand_over(case, case.desk.roster.load(case.tx, key, case.now))
    return Done("assigned", {"to": case.desk.team_name(team)})


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
    case.keep("note", command.words)
    case.record("note.added", None, None)
    return Done("noted")


def _priority(case: Case, command: Command) -> Done:
    wanted = command.words.strip().upper()
    if wanted not in case.desk.config.priorities:
        raise Refused("no-such-priority", given=command.words, known=", ".join(case.desk.config.priorities))
    case.change("priority", priority=wanted)
    promises.renew(case.tx, case.ticket, case.desk)
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
        case.keep("note", command.words)
    return Done("waiting")


def _escalate(case: Case, command: Command) -> Done:
    if not command.words:
        raise Refused("reason-missing")
    team = case.desk.config.teams.get(case.ticket.queue)
    higher = team.escalates_to if team else ""
    case.keep("note", command.words)
    case.change("escalated", level=case.ticket.level + 1, queue=higher or case.ticket.queue)
    keys = [k for k in case.desk.roster.of_team(case.ticket.queue) if k != case.agent.key]
    story = tickets.words_of(case.tx, case.ticket.id)
    letter = Letter(
        Kind.NOTICE,
        "escalated",
        {"by": case.agent.section.name, "reason": command.words, "level": case.ticket.level, "story": story},
    )
    for key in keys:
        reader = letters.agent_reader(case.desk.roster.load(case.tx, key, case.now), case.desk)
        letters.write(case.tx, reader, case.ticket, letter, case.desk, case.now)
    return Done("escalated", {"to": case.desk.team_name(case.ticket.queue), "level": case.ticket.level})


def _resolve(case: Case, command: Command) -> Done:
    if case.ticket.owner_id is None:
        take(case)
    _move(case, "resolved", State.RESOLVED, resolved_at=case.now)
    if command.words:
        case.keep("reply", command.words)
    case.tell_requester(
        Letter(Kind.PROGRESS, "resolved", {"text": command.words, "by": case.agent.section.name})
    )
    return Done("resolved")


def _close(case: Case, command: Command) -> Done:
    _move(case, "closed", State.CLOSED, closed_at=case.now)
    if command.words:
        case.keep("note", command.words)
    return Done("closed")


def _reopen(case: Case, command: Command) -> Done:
    if case.ticket.merged_into_id is not None:
        raise Refused("is-merged", into=case.desk.name_of(case.ticket.merged_into_id))
    _move(case, "reopened", State.OPEN, resolved_at=None, closed_at=None)
    if command.words:
        case.keep("note", command.words)
    return Done("reopened")


def _other(case: Case, command: Command) -> WholeTicket:
    """The ticket that a command names as its target."""
    other = conversation.whole(case.tx, int(command.words)) if command.words.isdecimal() else None
    if other is None or other.id == case.ticket.id:
        raise Refused("no-such-ticket", given=case.desk.name_of(int(command.words)))
    return other


def _merge(case: Case, command: Command) -> Done:
    into = _other(case, command)
    if into.requester_id != case.ticket.requester_id:
        raise Refused("other-requester", into=case.desk.name_of(into.id))
    if into.merged_into_id is not None:
        raise Refused("is-merged", into=case.desk.name_of(into.merged_into_id))
    case.change("merged", state=State.CLOSED, closed_at=case.now, merged_into_id=into.id)
    after = {"from": case.desk.name_of(case.ticket.id)}
    tickets.record(case.tx, into.id, "merged.from", case.now, actor=case.agent.person.id, after=after)
    return Done("merged", {"into": case.desk.name_of(into.id)})


def _link(case: Case, command: Command) -> Done:
    if "@" in command.words:
        address = canonical(command.words)
        party = Party(EMAIL, command.words)
        person = people.find(case.tx, EMAIL, address) or people.add(case.tx, party, address, case.now)
        conversation.follow(case.tx, case.ticket.id, person.id, case.now)
        case.record("follower.added", None, {"address": address})
        return Done("follows", {"who": command.words})
    other = _other(case, command)
    names = case.desk.name_of(case.ticket.id), case.desk.name_of(other.id)
    case.record("linked", None, {"to": names[1]})
    tickets.record(case.tx, other.id, "linked", case.now, actor=case.agent.person.id, after={"to": names[0]})
    return Done("linked", {"to": names[1]})


def _for(case: Case, command: Command) -> Done:
    address = canonical(command.words)
    party = Party(EMAIL, command.words)
    person = people.find(case.tx, EMAIL, address) or people.add(case.tx, party, address, case.now)
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
