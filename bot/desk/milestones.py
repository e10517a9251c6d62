"""What lies between a promise and its end: warnings, the word to the requester, the breach. All of it is pure.

A target's milestones are never kept: they are counted anew, from the same facts, whenever one is due, so that
no change of a ticket or of the configuration can leave a wrong one behind.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from operator import attrgetter
from typing import Final, cast
from zoneinfo import ZoneInfo

from bot import config
from bot.desk import quiet, sla
from bot.desk.sla import ALWAYS, Calendar, Stretch

FIRST_RESPONSE: Final = "first-response"
"""The target that the acknowledgement tells."""
RESOLUTION: Final = "resolution"
TARGETS: Final = (FIRST_RESPONSE, RESOLUTION)

TELL: Final = "tell"
DUE: Final = "due"
_EVENING: Final = timedelta(minutes=15)
"""What must be said before the night is said so long before it."""


class Weight(IntEnum):
    """Of several milestones that have passed, the weightiest is acted on."""

    WARNING = 0
    TELL = 1
    DUE = 2


@dataclass(frozen=True, slots=True, order=True)
class Milestone:
    """A moment of a target. ``name``: per cent of its working time, "tell" or "due"."""

    at: datetime
    weight: Weight
    name: str


@dataclass(frozen=True, slots=True)
class Target:
    """A promise as it is counted: ``span`` of working time, after ``base`` of it that is over and does not
    count. ``pauses`` have all ended."""

    name: str
    start: datetime
    base: timedelta
    span: timedelta
    clock: Calendar
    pauses: Sequence[Stretch] = ()

    def after(self, work: timedelta) -> datetime:
        """When so much working time of the span is over."""
        found = sla.due_with_pauses(self.start, self.base + work, self.clock, self.pauses)
        return cast("datetime", found)  # only a pause that has not ended gives None

    @property
    def due(self) -> datetime:
        return self.after(self.span)

    def percent(self, percent: int) -> datetime:
        """When so much of the span is over."""
        return self.after(self.span * percent / 100)

    def later(self, moment: datetime, percent: int) -> datetime:
        """A moment, and per cent of the span after it."""
        return sla.due(moment, self.span * percent / 100, self.clock)


def target(
    name: str,
    priority: config.Priority,
    start: datetime,
    calendar: Calendar,
    pauses: Sequence[Stretch] = (),
    granted: tuple[datetime, timedelta] | None = None,
) -> Target:
    """What a priority promises. ``granted``: from a moment on, so much working time anew, when that is later.

    A pause that has not ended is left out: the moments are those that hold when the clock goes on now.
    """
    clock = ALWAYS if priority.clock == "calendar" else calendar
    span = priority.first_response if name == FIRST_RESPONSE else priority.resolution
    ended = [stretch for stretch in pauses if stretch[1] is not None]
    if granted is not None:
        base = sla.worked_with_pauses(start, granted[0], clock, ended)
        if base + granted[1] > span:
            return Target(name, start, base, granted[1], clock, ended)
    return Target(name, start, timedelta(0), span, clock, ended)


def plan(
    target: Target,
    escalation: config.Escalation,
    told: datetime | None,
    since: datetime,
    awake: Callable[[datetime, datetime], datetime],
) -> list[Milestone]:
    """The milestones of a target, in order. ``told``: by when the requester expects something, None when they
    have heard of a delay; ``since``: from when on that is counted, unless it is the target itself; ``awake``:
    see below."""
    due = target.due
    marks = [Milestone(target.percent(p), Weight.WARNING, str(p)) for p in sorted({*escalation.warn_at})]
    if told is not None:
        early = target.percent(escalation.tell_at)
        if told != due:
            early = _share_before(told, target, 100 - escalation.tell_at, since)
        marks.append(Milestone(awake(early, told), Weight.TELL, TELL))
    return sorted([*marks, Milestone(due, Weight.DUE, DUE)])


def first(
    target: Target,
    escalation: config.Escalation,
    due: datetime,
    awake: Callable[[datetime, datetime], datetime],
) -> Milestone:
    """The first milestone of a plan that begins now, without making all of it: every new ticket asks for it."""
    marks = [
        Milestone(awake(target.percent(escalation.tell_at), due), Weight.TELL, TELL),
        Milestone(due, Weight.DUE, DUE),
    ]
    if escalation.warn_at:
        percent = min(escalation.warn_at)
        marks.insert(0, Milestone(target.percent(percent), Weight.WARNING, str(percent)))
    return min(marks, key=attrgetter("at"))


def _share_before(told: datetime, target: Target, share: int, since: datetime) -> datetime:
    """Some per cent of the target, or of what is left, before a moment that was told."""
    left = sla.worked(since, told, target.clock)
    if not left:  # in a time in which nobody works
        return max(since, told - (told - since) * share / 100)
    return sla.due(since, left - min(target.span, left) * share / 100, target.clock)


def awake_for(
    zone: ZoneInfo, hours: config.Quiet, since: datetime, *, night: bool
) -> Callable[[datetime, datetime], datetime]:
    """When to say something that is to be said at a moment, and before another: in the morning when that is in
    time, else before the night begins, else, when that is over, at night."""

    def awake(moment: datetime, before: datetime) -> datetime:
        morning = None if night else quiet.next_waking(moment, zone, hours)
        if morning is None:
            return moment
        if morning < before:
            return morning
        evening = last = quiet.last_waking(moment, zone, hours)
        if quiet.next_waking(last - _EVENING, zone, hours) is None:  # else the day is shorter than that
            evening = last - _EVENING
        return evening if evening >= since else moment

    return awake
