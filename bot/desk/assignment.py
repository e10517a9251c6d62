"""Whose a ticket is when nobody has taken it: each in turn, or who has the least to do.

Who is away today is left out, and so is who asked. Of the others those come first who work at this hour, or
whoever works next; of these those who speak the language; of these those who know the category; and of these
whose turn it is, or who has the least to do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bot.desk import notices, working
from bot.desk.agents import Agent
from bot.desk.changed import Change
from bot.desk.desk import Desk
from bot.desk.states import DONE
from bot.store import timers, workload
from bot.store.conversation import WholeTicket
from bot.store.engine import Tx

GIVE: Final = "give"
"""The timer of a ticket that waits for somebody of its team to come back."""
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NOT_SOON: Final = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Given:
    """An agent who gets a ticket."""

    key: str
    person: int
    because: dict[str, Any]
    """For the event: "how", and "why" in words."""


def choose(
    tx: Tx, ticket: WholeTicket, desk: Desk, now: datetime, *, rest: timedelta = timedelta(0)
) -> Given | None:
    """The agent who gets a ticket that nobody owns; None: whoever takes it. ``rest``: for how long those are left
    out who have just been given one.

    Whoever is chosen has had their turn: ask only when the ticket is given to them.
    """
    team = desk.config.teams.get(ticket.queue)
    there = present(tx, ticket, desk, now)
    if there and rest:
        had = workload.turns(tx, [agent.person.id for agent in there])
        there = [agent for agent in there if (had.get(agent.person.id) or _NEVER) <= now - rest]
    if not there or team is None:
        return None
    why: list[str] = []
    best = _at_this_hour(there, desk, now, why)
    best = _prefer(
        best, lambda a: _can(a.section.languages, ticket.locale), f"answers in {ticket.locale}", why
    )
    if ticket.category:
        known = ticket.category
        best = _prefer(best, lambda a: _can(a.section.skills, known), f"knows {known}", why)
    return _whose_turn(tx, best, team.assign, now, why)


def present(tx: Tx, ticket: WholeTicket, desk: Desk, now: datetime) -> list[Agent]:
    """The agents to whom the ticket may be given by itself: of a team that does so, who are not away today."""
    home = desk.config.desk.time_zone
    return [
        agent for agent in _team_of(tx, ticket, desk, now) if not working.is_absent(agent.section, now, home)
    ]


def _team_of(tx: Tx, ticket: WholeTicket, desk: Desk, now: datetime) -> list[Agent]:
    team = desk.config.teams.get(ticket.queue)
    if team is None or team.assign == "nobody":
        return []
    agents = [desk.roster.load(tx, key, now) for key in desk.roster.of_team(ticket.queue)]
    return [agent for agent in agents if agent.person.id != ticket.requester_id]


def wait_for_team(tx: Tx, ticket: WholeTicket, desk: Desk, now: datetime) -> None:
    """While the whole team is away the ticket waits for the first who comes back."""
    home = desk.config.desk.time_zone
    back = [
        working.next_work(agent.section, now, desk.calendar, home)
        for agent in _team_of(tx, ticket, desk, now)
    ]
    first = min((at for at in back if at is not None and at > now), default=None)
    timers.cancel_about(tx, ticket.id, GIVE)
    if first is not None and not present(tx, ticket, desk, now):
        timers.start_all(tx, ticket.id, {GIVE: first})


def _at_this_hour(agents: Sequence[Agent], desk: Desk, now: datetime, why: list[str]) -> list[Agent]:
    """Those who work now; when nobody does, whoever works next."""
    home = desk.config.desk.time_zone
    works = [working.next_work(agent.section, now, desk.calendar, home) or _NOT_SOON for agent in agents]
    first = min(works)
    why.append("works now" if first <= now else "works next")
    return [agent for agent, at in zip(agents, works, strict=True) if at == first]


def _can(listed: Sequence[str], wanted: str) -> bool:
    return not listed or wanted in listed


def _prefer(agents: list[Agent], good: Callable[[Agent], bool], reason: str, why: list[str]) -> list[Agent]:
    """Those of whom something is true, when it is of somebody."""
    found = [agent for agent in agents if good(agent)]
    why.append(reason if found else f"nobody {reason}")
    return found or agents


def _whose_turn(tx: Tx, agents: Sequence[Agent], how: str, now: datetime, why: list[str]) -> Given:
    persons = [agent.person.id for agent in agents]
    turns = workload.turns(tx, persons)
    has = workload.loads(tx, persons) if how == "least-load" else {}

    def order(agent: Agent) -> tuple[int, datetime]:
        return has.get(agent.person.id, 0), turns.get(agent.person.id) or _NEVER

    chosen = min(agents, key=order)
    if how == "least-load":
        why.append(f"has the least to do: {has[chosen.person.id]}")
    last = turns.get(chosen.person.id)
    why.append(f"had a turn last {last:%Y-%m-%d %H:%M} UTC" if last else "had no turn yet")
    workload.gave(tx, chosen.person.id, now, turns.values())
    return Given(chosen.key, chosen.person.id, {"how": how, "why": why})


def owner_after(tx: Tx, change: Change, desk: Desk) -> Given | None:
    """Who owns the ticket after a change, when it is to be somebody else by itself: it came to a team that
    gives tickets out, and nobody owns it, or its owner has left. They get the whole story."""
    ticket = change.after
    team = desk.config.teams.get(ticket.queue)
    if team is None or team.assign == "nobody" or ticket.state in DONE or ticket.merged_into_id is not None:
        return None
    if ticket.owner_id is None:
        if not change.differs("queue"):
            return None
    elif desk.roster.owner(tx, ticket.owner_id) is not None:
        return None
    given = choose(tx, ticket, desk, change.now)
    if given is None:
        wait_for_team(tx, ticket, desk, change.now)
    if given and change.action != "escalated":  # else the whole team has just been told
        name = desk.roster.agents[given.key].name
        notices.hand_over(tx, ticket, {given.key}, name, desk.config.desk.name, desk, change.now)
    return given
