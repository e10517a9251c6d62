"""Promises of time: what a ticket is promised, when its clock stands still, and what is due next.

Each target that is not met has one timer, which steps through its milestones ("resolution.50", "resolution.75",
"resolution.tell", "resolution.due"); see ``escalation.py`` for what happens at each. While a ticket waits, or
is done, its clock stands still and it has none. Whatever changes what a target is counted from counts it anew
from the opening of the ticket, with all its pauses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from bot import config
from bot.desk import milestones, sla
from bot.desk.changed import Change
from bot.desk.desk import Desk
from bot.desk.milestones import FIRST_RESPONSE, RESOLUTION, TARGETS, Milestone, Target, Weight
from bot.desk.states import DONE, RUNNING, State
from bot.store import conversation, pauses, people, tickets, timers, withdrawal
from bot.store.conversation import WholeTicket
from bot.store.engine import Tx

ESCALATE: Final = "escalate"
"""The timer of the next level after a breach."""
TOLD: Final = ("warning", "breached", "delayed", "late")
"""Events about a clock that are overtaken when it stops."""
BREACHED: Final = "target.breached"
"""What the history says of a target that was missed."""
DELAYED: Final = "target.delayed"
"""That the requester was told of another moment."""
_GRANTED: Final = "target.granted"
_MANY: Final = 1000
_SECOND: Final = timedelta(seconds=1)


def priority_of(name: str, desk: Desk) -> config.Priority:
    """A priority; when it has been taken out of the configuration, that of a new ticket."""
    known = desk.config.priorities
    return known.get(name) or known[desk.config.tickets.priority]


def at_opening(
    promise: sla.Promise, priority: str, desk: Desk, now: datetime, zone: str | None = None
) -> dict[str, datetime]:
    """The timers of a new ticket: the first milestone of each target. ``zone``: the requester's."""
    terms = priority_of(priority, desk)
    awake = milestones.awake_for(
        ZoneInfo(zone or desk.config.desk.time_zone), desk.config.quiet, now, night=terms.night
    )
    timers_of = {}
    for name, due in ((FIRST_RESPONSE, promise.first_response_at), (RESOLUTION, promise.resolution_at)):
        target = milestones.target(name, terms, now, desk.calendar)
        first = milestones.first(target, desk.config.escalation, due, awake)
        timers_of[f"{name}.{first.name}"] = first.at
    return timers_of


def follow(tx: Tx, change: Change, desk: Desk) -> None:
    """Stop, start and reckon the clock anew after a change."""
    ticket, now = change.after, change.now
    if change.left(*RUNNING):
        pauses.begin(tx, ticket.id, now, ticket.state)
        timers.cancel_about(tx, ticket.id, *TARGETS, ESCALATE)
        withdrawal.withdraw(tx, ticket.id, *TOLD)
    elif change.entered(*RUNNING):
        pauses.end(tx, ticket.id, now)
        _go_on(tx, change, desk)
    elif change.differs("priority"):
        timers.cancel(tx, ticket.id, ESCALATE)
        renew(tx, ticket, desk, now)
    if change.entered(State.CLOSED):
        timers.cancel_all(tx, ticket.id)
    if change.differs("first_response_at") and ticket.first_response_at is not None:
        _answered(tx, ticket, desk, now)
    if change.differs("fix_expected_at") and ticket.state in RUNNING:
        _fix_is_expected(tx, ticket, desk, now)


def _go_on(tx: Tx, change: Change, desk: Desk) -> None:
    """A clock that stood still runs again. What was over when the ticket was done is promised anew from now on:
    opening it again is no breach by itself."""
    ticket, now = change.after, change.now
    counted = targets_of(tx, ticket, desk)
    if change.before.state in DONE:
        for name in _unmet(ticket):
            target = counted[name]
            if target.due <= now:
                work = target.later(now, desk.config.escalation.extend)
                span = sla.worked(now, work, target.clock)
                after = {"target": name, "since": now.isoformat(), "seconds": -(-span // _SECOND)}
                tickets.record(tx, ticket.id, _GRANTED, now, after=after)
        counted = targets_of(tx, ticket, desk)
    current = RESOLUTION if ticket.first_response_at else FIRST_RESPONSE
    told = _told_after_pause(ticket, counted[current], desk, now)
    _write(tx, ticket, counted, told)
    start(tx, ticket.id, desk, now)


def _told_after_pause(ticket: WholeTicket, target: Target, desk: Desk, now: datetime) -> datetime | None:
    """By when the requester expects something after a pause that they were told of: it has moved on."""
    told, before = ticket.promised_at, stored(ticket, target.name)
    due = target.due
    if told is None or before is None or (told == ticket.fix_expected_at and told > now):
        return told
    if told <= before:
        return due
    return max(told, target.later(max(due, now), desk.config.escalation.extend))


def renew(tx: Tx, ticket: WholeTicket, desk: Desk, now: datetime) -> bool:
    """Count the targets anew from the opening, with the pauses kept: the priority or the calendar has changed.
    False: they are what they were.

    What was answered stays as it was promised then, and what the requester was told stays what they expect.
    """
    moved = _write(tx, ticket, targets_of(tx, ticket, desk), ticket.promised_at)
    if ticket.state in RUNNING:
        start(tx, ticket.id, desk, now)
    return moved


def _write(tx: Tx, ticket: WholeTicket, counted: Mapping[str, Target], promised_at: datetime | None) -> bool:
    first = ticket.first_response_due if ticket.first_response_at else counted[FIRST_RESPONSE].due
    resolution = counted[RESOLUTION].due
    was = (ticket.first_response_due, ticket.resolution_due, ticket.promised_at)
    if was == (first, resolution, promised_at):
        return False
    tickets.set_targets(tx, ticket.id, first, resolution, promised_at)
    return True


def _answered(tx: Tx, ticket: WholeTicket, desk: Desk, now: datetime) -> None:
    """The first response was given: it has no timer any more, and the next that is promised is a solution."""
    timers.cancel_about(tx, ticket.id, FIRST_RESPONSE)
    withdrawal.withdraw(tx, ticket.id, *TOLD)
    now_it_is = conversation.whole(tx, ticket.id) or ticket
    expected = now_it_is.fix_expected_at
    due = now_it_is.resolution_due
    if due is not None:
        promised = expected if expected and expected > now else max(due, now_it_is.promised_at or due)
        tickets.set_targets(tx, ticket.id, now_it_is.first_response_due, due, promised)
    if not missed(now_it_is, now):
        timers.cancel(tx, ticket.id, ESCALATE)
    elif now_it_is.state in RUNNING:
        keep_escalating(tx, now_it_is, desk, now)


def _fix_is_expected(tx: Tx, ticket: WholeTicket, desk: Desk, now: datetime) -> None:
    """The requester expects it to work again at another moment."""
    expected = ticket.fix_expected_at
    now_it_is = conversation.whole(tx, ticket.id) or ticket
    if expected is not None and expected > now and now_it_is.resolution_due is not None:
        due = now_it_is.first_response_due, now_it_is.resolution_due
        tickets.set_targets(tx, ticket.id, *due, expected)
        start(tx, ticket.id, desk, now)


# -- what is due next --------------------------------------------------------------------------------------------


def targets_of(tx: Tx, ticket: WholeTicket, desk: Desk) -> dict[str, Target]:
    """The targets of a ticket, as they are counted now."""
    terms, stretches = priority_of(ticket.priority, desk), pauses.of(tx, ticket.id)
    return {
        name: milestones.target(
            name, terms, ticket.opened_at, desk.calendar, stretches, _granted(tx, ticket.id, name)
        )
        for name in TARGETS
    }


def _granted(tx: Tx, ticket: int, name: str) -> tuple[datetime, timedelta] | None:
    marks = tickets.marked(tx, ticket, _GRANTED, "target", name, most=_MANY)
    if not marks:
        return None
    return datetime.fromisoformat(marks[-1]["since"]), marks[-1]["seconds"] * _SECOND


def _unmet(ticket: WholeTicket) -> Iterator[str]:
    if ticket.first_response_at is None:
        yield FIRST_RESPONSE
    yield RESOLUTION


def is_unmet(ticket: WholeTicket, name: str) -> bool:
    """Whether a target of a ticket can still be missed, or has been."""
    return ticket.state in RUNNING and name in _unmet(ticket)


def stored(ticket: WholeTicket, name: str) -> datetime | None:
    """By when a target is to be met, as it stands."""
    return ticket.first_response_due if name == FIRST_RESPONSE else ticket.resolution_due


def missed(ticket: WholeTicket, now: datetime) -> list[tuple[str, datetime]]:
    """The targets of an open ticket that have been missed and are not yet met, with their moments."""
    if ticket.state in DONE:
        return []
    found = ((name, stored(ticket, name)) for name in _unmet(ticket))
    return [(name, due) for name, due in found if due is not None and due <= now]


def told_of(tx: Tx, ticket: WholeTicket, target: Target) -> tuple[datetime, bool]:
    """By when the requester expects a target to be met, and whether they know that this is later than it was:
    then they are told of no further delay."""
    due = target.due
    promised = ticket.promised_at
    if target.name == FIRST_RESPONSE or ticket.first_response_at is not None:
        told = promised or due
    else:  # as the status page says it
        told = promised if promised and promised > due else min(due, ticket.fix_expected_at or due)
    if told <= due and told != ticket.fix_expected_at:
        return told, False
    marks = tickets.marked(tx, ticket.id, DELAYED, "target", target.name, most=_MANY)
    if told <= due:  # a fix that was expected earlier than promised, and of which they may know more by now
        moved = [mark["new"] for mark in marks if mark.get("old") == told.isoformat()]
        return (max(told, datetime.fromisoformat(moved[-1])) if moved else told), False
    return told, any(mark["new"] == told.isoformat() for mark in marks)


def plan_of(tx: Tx, ticket: WholeTicket, target: Target, desk: Desk, since: datetime) -> list[Milestone]:
    """The milestones of a target: without a breach that was recorded, and without telling again what is known."""
    terms = priority_of(ticket.priority, desk)
    person = people.by_id(tx, ticket.requester_id)
    zone = ZoneInfo((person and person.time_zone) or desk.config.desk.time_zone)
    awake = milestones.awake_for(zone, desk.config.quiet, since, night=terms.night)
    told, knows = told_of(tx, ticket, target)
    marks = milestones.plan(target, desk.config.escalation, None if knows else told, since, awake)
    if target.due in breaches_of(tx, ticket.id, target.name):
        marks = [mark for mark in marks if mark.weight is not Weight.DUE]
    return marks


def breaches_of(tx: Tx, ticket: int, name: str) -> set[datetime]:
    """The moments of a target that were missed."""
    marks = tickets.marked(tx, ticket, BREACHED, "target", name, most=_MANY)
    return {datetime.fromisoformat(mark["due"]) for mark in marks}


def start(tx: Tx, number: int, desk: Desk, now: datetime) -> None:
    """Start the timers of a ticket whose clock runs: each target's next milestone, and the next level when one
    was missed."""
    ticket = conversation.whole(tx, number)
    if ticket is None:
        return
    counted = targets_of(tx, ticket, desk)
    timers.cancel_about(tx, number, *TARGETS)
    for name in _unmet(ticket):
        start_next(tx, ticket, counted[name], desk, now)
    if any(breaches_of(tx, number, name) for name, _ in missed(ticket, now)):
        keep_escalating(tx, ticket, desk, now)
    else:
        timers.cancel(tx, number, ESCALATE)


def start_next(tx: Tx, ticket: WholeTicket, target: Target, desk: Desk, now: datetime) -> None:
    """Start the timer of a target's next milestone. What has passed and was not said is due at once; but a
    target that was missed before and is counted anew is not missed again by that."""
    ahead = plan_of(tx, ticket, target, desk, now)
    said = {Weight.WARNING} | ({Weight.DUE} if breaches_of(tx, ticket.id, target.name) else set())
    passed = [m for m in ahead if m.at <= now and m.weight not in said]
    first = next((m for m in ahead if m.at > now), None)
    if passed:
        first = max(passed, key=lambda m: m.weight)
    if first is not None:
        timers.start_all(tx, ticket.id, {f"{target.name}.{first.name}": first.at})


def keep_escalating(tx: Tx, ticket: WholeTicket, desk: Desk, now: datetime) -> None:
    """The next level is due after a while, unless it is already."""
    if not timers.pending(tx, ticket.id, ESCALATE):
        terms = priority_of(ticket.priority, desk)
        clock = sla.ALWAYS if terms.clock == "calendar" else desk.calendar
        timers.start_all(tx, ticket.id, {ESCALATE: sla.due(now, terms.escalate_every, clock)})
