"""What happens on the way to a missed target, and after it: warnings, word to the requester, the next level.

Each duty looks at the ticket again, does nothing when it is overtaken, and starts what is next. One that comes
late, because the bot was down, says only the weightiest of what has passed and records the rest.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from bot.desk import changes, informing, letters, notices, promises, quiet
from bot.desk.changed import DESK, Actor
from bot.desk.desk import Desk
from bot.desk.letters import Letter
from bot.desk.milestones import TELL, Milestone, Target, Weight
from bot.desk.promises import BREACHED, DELAYED
from bot.desk.states import RUNNING
from bot.message import Kind
from bot.store import conversation, entries, people, tickets, timers, withdrawal
from bot.store.conversation import WholeTicket
from bot.store.engine import Tx
from bot.store.timers import DueTimer

_LEAD_TOLD: Final = "lead.told"
_ENDED: Final = "escalation.ended"
_WARNED: Final = "target.warned"


# -- duties ------------------------------------------------------------------------------------------------------


def target_is_due(tx: Tx, timer: DueTimer, desk: Desk, now: datetime) -> None:
    """A milestone of a target has come: "first-response.50", "resolution.tell"."""
    ticket = conversation.whole(tx, timer.ticket) if timer.ticket is not None else None
    name, _, mark = timer.kind.partition(".")
    if ticket is None or not promises.is_unmet(ticket, name):
        return
    now = max(now, timer.due_at)  # the database's clock may be ahead of ours
    target = promises.targets_of(tx, ticket, desk)[name]
    ahead = promises.plan_of(tx, ticket, target, desk, timer.due_at)
    passed = [m for m in ahead if _has_passed(m, mark, timer.due_at, now)]
    if passed:
        last = max(passed, key=lambda m: (m.weight, m.at))
        if left := [m.name for m in passed if m is not last]:
            after = {"target": name, "said": last.name, "skipped": left}
            tickets.record(tx, ticket.id, "milestones.skipped", now, after=after)
        _ACTS[last.weight](tx, ticket, target, last, desk, now)
    _go_on(tx, ticket.id, name, desk, now)


def _go_on(tx: Tx, number: int, name: str, desk: Desk, now: datetime) -> None:
    """Start what is next; and when the other target waits to tell the requester of a moment that they do not
    expect any more, that is counted anew too."""
    ticket = conversation.whole(tx, number)
    counted = promises.targets_of(tx, ticket, desk) if ticket else {}
    for one, target in counted.items():
        if ticket is None or not promises.is_unmet(ticket, one):
            continue
        if one == name or timers.pending(tx, number, f"{one}.{TELL}"):
            timers.cancel_about(tx, number, one)
            promises.start_next(tx, ticket, target, desk, now)


def _has_passed(milestone: Milestone, fired: str, since: datetime, now: datetime) -> bool:
    if milestone.weight is Weight.TELL and fired == TELL:
        return True
    return milestone.at <= now and (milestone.at >= since or milestone.weight is not Weight.WARNING)


def level_is_due(tx: Tx, timer: DueTimer, desk: Desk, now: datetime) -> None:
    """Nobody has met a target since it was missed: the ticket goes up again, until the last level. Its lead is
    then told once more, and that is all."""
    ticket = conversation.whole(tx, timer.ticket) if timer.ticket is not None else None
    if ticket is None or ticket.state not in RUNNING:
        return
    now = max(now, timer.due_at)
    missed = promises.missed(ticket, now)
    if not missed:
        return
    step = above(tx, ticket, desk)
    if step is not None:
        ticket = raised(tx, desk, ticket, step, now, actor=DESK)
        _tell_agents_of_breach(tx, ticket, missed[0], step.people, desk, now)
        promises.keep_escalating(tx, ticket, desk, now)
    elif not tickets.marked(tx, ticket.id, _ENDED, "team", ticket.queue):
        after = {"team": ticket.queue, "level": ticket.level}
        tickets.record(tx, ticket.id, _ENDED, now, after=after)
        _tell_agents_of_breach(tx, ticket, missed[0], _last(ticket, desk), desk, now)


# -- milestones --------------------------------------------------------------------------------------------------


def _warn(tx: Tx, ticket: WholeTicket, target: Target, mark: Milestone, desk: Desk, now: datetime) -> None:
    """Its owner hears how much of the time is over; the team too while nobody has it, or they are away."""
    due = target.due.isoformat()
    after = {"target": target.name, "percent": int(mark.name), "due": due}
    if after in tickets.marked(tx, ticket.id, _WARNED, "target", target.name):
        return
    tickets.record(tx, ticket.id, _WARNED, now, after=after)
    owner = desk.roster.owner(tx, ticket.owner_id)
    values = {**after, **_people_of(tx, ticket)}
    keys = {owner} if owner else set()
    if owner is None or notices.is_away(owner, desk, now):
        keys |= {*desk.roster.of_team(ticket.queue)}
    _tell(tx, ticket, "warning", values, keys, desk, now)


def _delay(tx: Tx, ticket: WholeTicket, target: Target, _: Milestone, desk: Desk, now: datetime) -> None:
    """The requester is told before the promise is broken: until when it takes now."""
    escalation = desk.config.escalation
    told, _knows = promises.told_of(tx, ticket, target)
    if target.percent(escalation.tell_at) > now and told < target.due:
        new = target.due  # they were told of an earlier moment than the target's
    else:
        new = target.later(max(told, target.due, now), escalation.extend)
    _inform(tx, ticket, target, "delayed", {"old": told.isoformat()}, new, desk, now, before=told)


def _breach(tx: Tx, ticket: WholeTicket, target: Target, _: Milestone, desk: Desk, now: datetime) -> None:
    """A target was missed: in the history, one level up, told to those who can do something, and an apology
    when the requester was told that moment, or of its delay."""
    due, terms = target.due, promises.priority_of(ticket.priority, desk)
    told, knows = promises.told_of(tx, ticket, target)
    tickets.record(tx, ticket.id, BREACHED, now, after={"target": target.name, "due": due.isoformat()})
    withdrawal.withdraw(tx, ticket.id, "warning", "delayed")
    sorry = knows or told <= now
    if sorry:
        later = target.later(max(due, now), desk.config.escalation.extend)
        new = told if told > now else later
        _inform(tx, ticket, target, "late", {"due": due.isoformat()}, new, desk, now)
        ticket = conversation.whole(tx, ticket.id) or ticket
    step = above(tx, ticket, desk)
    keys = set(step.people) if step else _last(ticket, desk)
    keys |= _lead(ticket.queue, desk)
    timers.cancel(tx, ticket.id, promises.ESCALATE)
    if step is not None:
        ticket = raised(tx, desk, ticket, step, now, actor=DESK, quietly=sorry)
        if ticket.state in RUNNING and terms.escalate_every:
            promises.keep_escalating(tx, ticket, desk, now)
    _tell_agents_of_breach(tx, ticket, (target.name, due), keys, desk, now)


_ACTS: Final = {Weight.WARNING: _warn, Weight.TELL: _delay, Weight.DUE: _breach}


def _inform(
    tx: Tx,
    ticket: WholeTicket,
    target: Target,
    event: str,
    values: dict[str, Any],
    new: datetime,
    desk: Desk,
    now: datetime,
    *,
    before: datetime | None = None,
) -> None:
    """Tell the requester of a new moment. ``before``: it is of no use after that, not even for a night's rest."""
    owner = _people_of(tx, ticket)["owner"]
    said = {"target": target.name, **values, "new": new.isoformat(), "owner": owner}
    at_daytime = None
    if before is not None and (reader := letters.requester_of(tx, ticket, desk)):
        morning = quiet.next_waking(now, ZoneInfo(reader.time_zone), desk.config.quiet)
        at_daytime = False if morning and morning >= before else None
    reached = informing.tell(tx, ticket, Letter(Kind.PROGRESS, event, said, at_daytime=at_daytime), desk, now)
    after = {"target": target.name, **values, "new": new.isoformat(), "event": event, "told": reached}
    tickets.record(tx, ticket.id, DELAYED, now, after=after)
    due = ticket.first_response_due, ticket.resolution_due or target.due
    tickets.set_targets(tx, ticket.id, *due, new)


# -- levels ------------------------------------------------------------------------------------------------------


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
        return Step(team.escalates_to, folk or frozenset(_lead(team.escalates_to, desk)))
    lead = _lead(ticket.queue, desk)
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
    return ticket, keys | (set() if step.people else _lead(step.queue, desk))


def _lead(queue: str, desk: Desk) -> set[str]:
    """Who leads a team, when they are there."""
    team = desk.config.teams.get(queue)
    lead = desk.roster.agents.get(team.lead) if team and team.lead else None
    return {team.lead} if team and lead and lead.active else set()


def _last(ticket: WholeTicket, desk: Desk) -> set[str]:
    """Who is told at the last level: the lead, or where there is none the team."""
    return _lead(ticket.queue, desk) or set(desk.roster.of_team(ticket.queue))


def _tell_agents_of_breach(
    tx: Tx,
    ticket: WholeTicket,
    missed: tuple[str, datetime],
    keys: Iterable[str],
    desk: Desk,
    now: datetime,
) -> None:
    """To its owner and to those of its new level, with the whole story. What was said of an earlier breach and
    is not on its way yet is overtaken: after a night, or when the bot was down, one word is enough (X21)."""
    keys = {*keys}
    if withdrawal.withdraw(tx, ticket.id, "breached"):
        keys |= {*desk.roster.of_team(ticket.queue)}
    owner = desk.roster.owner(tx, ticket.owner_id)
    values = {
        "target": missed[0],
        "due": missed[1].isoformat(),
        "level": ticket.level,
        "to_team": desk.team_name(ticket.queue),
        **_people_of(tx, ticket),
        "story": entries.words_of(tx, ticket.id),
    }
    _tell(tx, ticket, "breached", values, {*keys, *filter(None, [owner])}, desk, now)


def _tell(
    tx: Tx,
    ticket: WholeTicket,
    event: str,
    values: dict[str, Any],
    keys: Collection[str],
    desk: Desk,
    now: datetime,
) -> None:
    """A clock's word to agents waits for their morning, unless the priority has its nights."""
    notices.tell_each(tx, ticket, Letter(Kind.NOTICE, event, values, at_daytime=True), keys, desk, now)


def _people_of(tx: Tx, ticket: WholeTicket) -> dict[str, str]:
    """The names of the owner and of the requester."""
    owner = people.by_id(tx, ticket.owner_id) if ticket.owner_id is not None else None
    who = people.by_id(tx, ticket.requester_id)
    where = people.reached(tx, ticket.requester_id)
    return {
        "owner": owner.name if owner else "",
        "who": (who.name if who else "") or (where.shown if where else ""),
    }
