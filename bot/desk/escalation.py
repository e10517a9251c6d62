"""What happens on the way to a missed target, and after it: warnings, word to the requester, the next level.

Each duty looks at the ticket again, does nothing when it is overtaken, and starts what is next. One that comes
late, because the bot was down, says only the weightiest of what has passed and records the rest.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from bot.desk import breaches, informing, letters, levels, notices, promises, quiet
from bot.desk.changed import DESK
from bot.desk.desk import Desk
from bot.desk.letters import Letter
from bot.desk.milestones import TELL, Milestone, Target, Weight
from bot.desk.promises import BREACHED, DELAYED
from bot.desk.states import RUNNING
from bot.message import Kind
from bot.store import conversation, tickets, timers, withdrawal
from bot.store.conversation import WholeTicket
from bot.store.engine import Tx
from bot.store.timers import DueTimer

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
    step = levels.above(tx, ticket, desk)
    if step is not None:
        ticket = levels.raised(tx, desk, ticket, step, now, actor=DESK)
        breaches.told(tx, ticket, missed[0], step.people, desk, now)
        promises.keep_escalating(tx, ticket, desk, now)
    elif not tickets.marked(tx, ticket.id, _ENDED, "team", ticket.queue):
        after = {"team": ticket.queue, "level": ticket.level}
        tickets.record(tx, ticket.id, _ENDED, now, after=after)
        breaches.told(tx, ticket, missed[0], levels.last(ticket, desk), desk, now)


# -- milestones --------------------------------------------------------------------------------------------------


def _warn(tx: Tx, ticket: WholeTicket, target: Target, mark: Milestone, desk: Desk, now: datetime) -> None:
    """Its owner hears how much of the time is over; the team too while nobody has it, or they are away."""
    due = target.due.isoformat()
    after = {"target": target.name, "percent": int(mark.name), "due": due}
    if after in tickets.marked(tx, ticket.id, _WARNED, "target", target.name):
        return
    tickets.record(tx, ticket.id, _WARNED, now, after=after)
    owner = desk.roster.owner(tx, ticket.owner_id)
    values = {**after, **breaches.people_of(tx, ticket)}
    keys = {owner} if owner else set()
    if owner is None or notices.is_away(owner, desk, now):
        keys |= {*desk.roster.of_team(ticket.queue)}
    breaches.tell(tx, ticket, "warning", values, keys, desk, now)


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
    step = levels.above(tx, ticket, desk)
    keys = set(step.people) if step else levels.last(ticket, desk)
    keys |= levels.lead_of(ticket.queue, desk)
    timers.cancel(tx, ticket.id, promises.ESCALATE)
    if step is not None:
        ticket = levels.raised(tx, desk, ticket, step, now, actor=DESK, quietly=sorry)
        if ticket.state in RUNNING and terms.escalate_every:
            promises.keep_escalating(tx, ticket, desk, now)
    breaches.told(tx, ticket, (target.name, due), keys, desk, now)


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
    owner = breaches.people_of(tx, ticket)["owner"]
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
