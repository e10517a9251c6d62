"""The levels that a ticket goes up: its team, the team above it, the lead; and who is told there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.desk import changes, promises
from bot.desk.changed import Actor
from bot.desk.desk import Desk
from bot.desk.states import RUNNING
from bot.store import tickets, timers
from bot.store.conversation import WholeTicket
from bot.store.engine import Tx

_LEAD_TOLD: Final = "lead.told"


@dataclass(frozen=True, slots=True)
class Step:
    """One level up: the team that has the ticket then, and the agents who are told, by their keys."""

    queue: str
    people: frozenset[str]
    lead: bool = False
    """The last level: nobody is above."""


def above(tx: Tx, ticket: WholeTicket, desk: Desk) -> Step | None:
    """The next level: the team that the ticket's team escalates to, after the last team its lead; None: the
    lead knows."""
    team = desk.config.teams.get(ticket.queue)
    if team and team.escalates_to:
        folk = frozenset(desk.roster.of_team(team.escalates_to))
        return Step(team.escalates_to, folk or frozenset(lead_of(team.escalates_to, desk)))
    lead = lead_of(ticket.queue, desk)
    if not lead or tickets.marked(tx, ticket.id, _LEAD_TOLD, "team", ticket.queue):
        return None
    return Step(ticket.queue, frozenset(lead), lead=True)


def raised(
    tx: Tx,
    desk: Desk,
    ticket: WholeTicket,
    step: Step,
    now: datetime,
    *,
    actor: Actor,
    words: str = "",
    quietly: bool = False,
) -> WholeTicket:
    """Take a ticket one level up. Its owner stays its owner: one person follows it to the end."""
    ticket = changes.apply(
        tx,
        desk,
        ticket,
        "escalated",
        now,
        actor=actor,
        words=words,
        quietly=quietly,
        level=ticket.level + 1,
        queue=step.queue,
    )
    if step.lead:
        after = {"team": step.queue, "lead": ", ".join(sorted(step.people)), "level": ticket.level}
        tickets.record(tx, ticket.id, _LEAD_TOLD, now, after=after)
    return ticket


def by_agent(
    tx: Tx, desk: Desk, ticket: WholeTicket, now: datetime, *, actor: Actor, reason: str
) -> tuple[WholeTicket, set[str]]:
    """An agent asks for the next level, with a reason. Also at the last level it is said once more. Returns the
    ticket and the keys of those who are told."""
    step = above(tx, ticket, desk) or Step(ticket.queue, frozenset())
    ticket = raised(tx, desk, ticket, step, now, actor=actor, words=reason)
    if ticket.state in RUNNING and promises.missed(ticket, now):
        timers.cancel(tx, ticket.id, promises.ESCALATE)
        promises.keep_escalating(tx, ticket, desk, now)
    owner = desk.roster.owner(tx, ticket.owner_id)
    keys = {*step.people, *desk.roster.of_team(step.queue), *filter(None, [owner])}
    return ticket, keys | (set() if step.people else lead_of(step.queue, desk))


def lead_of(queue: str, desk: Desk) -> set[str]:
    """Who leads a team, when they are there."""
    team = desk.config.teams.get(queue)
    lead = desk.roster.agents.get(team.lead) if team and team.lead else None
    return {team.lead} if team and lead and lead.active else set()


def last(ticket: WholeTicket, desk: Desk) -> set[str]:
    """Who is told at the last level: the lead, or where there is none the team."""
    return lead_of(ticket.queue, desk) or set(desk.roster.of_team(ticket.queue))
