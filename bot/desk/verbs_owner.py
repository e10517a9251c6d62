"""Whose a ticket is: take, assign, and who else has to do with it."""

from __future__ import annotations

from collections.abc import Iterable

from bot.desk import moving, notices
from bot.desk.agents import Agent
from bot.desk.cases import Case, Done, Refused
from bot.desk.commands import Command
from bot.desk.desk import Desk
from bot.desk.states import Ended, State
from bot.mail.addresses import canonical
from bot.message import EMAIL, Party
from bot.store import conversation, people, tickets
from bot.store.conversation import WholeTicket
from bot.store.people import KnownPerson


def take(case: Case, _: Command) -> Done:
    """``take``: the agent owns it from now on."""
    case.take()
    return Done("taken")


def assign(case: Case, command: Command) -> Done:
    """``assign NAME``: to an agent or a team."""
    if key := case.desk.roster.named(command.words):
        if key == case.agent.key:
            return take(case, command)
        return _assign_to(case, case.desk.roster.load(case.tx, key, case.now))
    team = _team(case.desk, command.words)
    if team is None:
        raise Refused("no-such-person", given=command.words)
    # Whoever owns the ticket goes on owning it while another team works on it, until one of them takes it. A
    # team that gives its tickets out has given it to somebody by now when nobody owned it, and told them.
    owner = case.ticket.owner_id
    if case.change("queued", queue=team) and case.ticket.owner_id == owner:
        hand_over(case, case.desk.roster.of_team(team), case.desk.team_name(team))
    return Done("assigned", {"to": case.desk.team_name(team)})


def _assign_to(case: Case, other: Agent) -> Done:
    """Somebody who is away today may be meant all the same; the agent is told."""
    state = State.OPEN if case.ticket.state == State.NEW else case.ticket.state
    if case.change("assigned", owner_id=other.person.id, state=state):
        hand_over(case, [other.key], other.section.name)
    if notices.is_away(other.key, case.desk, case.now):
        case.remarks.append(Done("away", {"who": other.section.name}))
    return Done("assigned", {"to": other.section.name})


def _team(desk: Desk, words: str) -> str | None:
    wanted = words.strip().casefold()
    return next(
        (k for k, team in desk.config.teams.items() if wanted in {k.casefold(), team.name.casefold()}), None
    )


def hand_over(case: Case, keys: Iterable[str], to: str) -> None:
    """Those who get the ticket hear of it where they work; whoever hands it over knows. ``to``: their name, or
    their team's."""
    others = set(keys) - {case.agent.key}
    notices.hand_over(case.tx, case.ticket, others, to, case.agent.section.name, case.desk, case.now)


def link(case: Case, command: Command) -> Done:
    """``link HD-7``, or ``link ADDRESS``: somebody follows the ticket."""
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


def for_(case: Case, command: Command) -> Done:
    """``for ADDRESS``: it is somebody else's request."""
    person = _somebody(case, command.words)
    case.change("requester", requester_id=person.id)
    return Done("for", {"who": command.words})


def _other(case: Case, command: Command) -> WholeTicket:
    """The ticket that a command names as its target."""
    other = conversation.whole(case.tx, int(command.words)) if command.words.isdecimal() else None
    if other is None or other.id == case.ticket.id:
        raise Refused("no-such-ticket", given=case.desk.name_of(int(command.words)))
    return other


def merge(case: Case, command: Command) -> Done:
    """``merge HD-7``: this ticket becomes part of another one."""
    moving.not_merged(case, case.ticket)
    into = _other(case, command)
    if into.requester_id != case.ticket.requester_id:
        raise Refused("other-requester", into=case.desk.name_of(into.id))
    moving.not_merged(case, into)
    case.change(
        "merged",
        state=State.CLOSED,
        closed_at=case.now,
        closed_as=Ended.MERGED,
        merged_into_id=into.id,
        waiting_for=None,
    )
    after = {"from": case.desk.name_of(case.ticket.id)}
    tickets.record(case.tx, into.id, "merged.from", case.now, actor=case.agent.person.id, after=after)
    return Done("merged", {"into": case.desk.name_of(into.id)})
