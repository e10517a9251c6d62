"""What must never be, of all the tickets of a desk: looked at after every step of a life.

Some of it is true of every moment (legal states, one survey a ticket, the timers that must and must not wait),
some only of how a moment follows another (an owner is never lost, a pause that is over never grows).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from bot.desk import intervals
from bot.desk.states import DONE, RUNNING, STEPS, Ended, State
from bot.message import Kind, OutgoingMessage
from bot.store import said
from bot.store.models import Event, Outbox, Pause, Person, Survey, Ticket, Timer, TimerState
from tests.desks import OpenDesk

_TARGETS: Final = ("first-response", "resolution")
_OF_RUNNING: Final = (*_TARGETS, "escalate")
_UNHEARD: Final = frozenset({Ended.SPAM, Ended.MERGED})
"""Endings after which no machine writes to the requester about the ticket."""
_AFTER_THE_END: Final = frozenset({"received", "survey", "sorry", "closed"})
"""What a machine may still say of a closed ticket to its requester."""
_MOST_IN_A_DAY: Final = 60


@dataclass
class Laws:
    """Remembers what it has seen, so that it can tell when something goes backwards."""

    owned: set[int] = field(default_factory=set)
    told: dict[int, datetime] = field(default_factory=dict)
    over: dict[int, tuple[datetime, datetime]] = field(default_factory=dict)
    """Pauses that have ended."""
    state: dict[int, str] = field(default_factory=dict)
    """Of each ticket, as its history tells it."""
    events: int = 0
    surveys: Counter[int] = field(default_factory=Counter)
    """Questions that were sent, by ticket."""

    def hold(self, desk: OpenDesk) -> None:
        """Look at everything."""
        tickets = {row.id: row for row in desk.rows(Ticket)}
        agents = {row.id for row in desk.rows(Person) if row.agent}
        self._pauses(desk, tickets)
        asked = Counter(row.ticket_id for row in desk.rows(Survey))
        assert not [ticket for ticket, times in asked.items() if times > 1], "a second survey"
        waiting: dict[int, list[Any]] = defaultdict(list)
        for timer in desk.rows(Timer):
            if timer.state == TimerState.PENDING:
                waiting[timer.ticket_id].append(timer)
        for row in tickets.values():
            self._ticket(row, agents)
            _no_timer_too_many(row, waiting[row.id])
            _no_timer_missing(desk, row, waiting[row.id])
        self._history(desk)
        _budgets(desk)

    def letter(self, desk: OpenDesk, message: OutgoingMessage) -> None:
        """Of a letter that is sent now."""
        event, address = message.notice.event, message.to.address
        assert not desk.desk.is_own(address), f"{event} to the desk itself"
        if not message.ticket:
            return
        ticket = desk.ticket(message.ticket)
        requester = message.kind not in {Kind.NOTICE, Kind.REPLY}
        if event == "survey":
            self.surveys[message.ticket] += 1
            assert self.surveys[message.ticket] == 1, f"ticket {message.ticket} is rated a second time"
            assert ticket.state == State.CLOSED, f"a survey about a ticket that is {ticket.state}"
            assert ticket.closed_as not in _UNHEARD | {Ended.SELF}, ticket.closed_as
        if requester and ticket.state == State.CLOSED:
            assert event in _AFTER_THE_END, f"{event} about a closed ticket"
            assert ticket.closed_as not in _UNHEARD or event == "received", f"{event}: {ticket.closed_as}"

    def _ticket(self, row: Any, agents: set[int]) -> None:
        assert row.state in set(State), row.state
        assert row.owner_id is None or row.owner_id in agents, f"ticket {row.id} is owned by no agent"
        if row.owner_id is not None:
            self.owned.add(row.id)
        assert row.owner_id is not None or row.id not in self.owned, f"ticket {row.id} has lost its owner"
        closed = row.state == State.CLOSED
        assert closed == (row.closed_at is not None) == (row.closed_as is not None), f"ticket {row.id}"
        assert row.waiting_for is None or row.state == State.WAITING, f"{row.state}, for {row.waiting_for}"
        assert row.merged_into_id is None or closed, f"ticket {row.id} is merged and {row.state}"
        assert row.resolved_at is None or row.state in DONE, f"resolved at {row.resolved_at}, {row.state}"
        assert row.state != State.RESOLVED or row.resolved_at is not None, f"ticket {row.id}"
        assert row.opened_at <= (row.told_at or row.opened_at), f"ticket {row.id}"
        before = self.told.get(row.id)
        assert before is None or (row.told_at is not None and row.told_at >= before), f"told before {before}"
        if row.told_at is not None:
            self.told[row.id] = row.told_at

    def _pauses(self, desk: OpenDesk, tickets: dict[int, Any]) -> None:
        now = desk.clock()
        stood: dict[int, list[Any]] = defaultdict(list)
        for pause in desk.rows(Pause):
            stood[pause.ticket_id].append(pause)
            if pause.ended_at is not None:
                ended = self.over.setdefault(pause.id, (pause.began_at, pause.ended_at))
                assert ended == (pause.began_at, pause.ended_at), "a pause that was over has changed"
                assert pause.began_at <= pause.ended_at, "a negative pause"
        for number, row in tickets.items():
            pauses = stood[number]
            running = [p for p in pauses if p.ended_at is None]
            assert len(running) == (0 if row.state in RUNNING else 1), f"{number}: {row.state}, {running}"
            end = row.opened_at
            for pause in pauses:
                assert pause.began_at >= end, f"ticket {number}: pauses overlap, or began before it"
                end = pause.ended_at or now
            total = sum(((p.ended_at or now) - p.began_at for p in pauses), timedelta(0))
            assert total <= now - row.opened_at, f"ticket {number} stood still for longer than it lives"

    def _history(self, desk: OpenDesk) -> None:
        events = desk.rows(Event)
        for event in events[self.events :]:
            assert event.action != "timer.failed", f"a timer failed: {event.after}"
            after = (event.after or {}).get("state")
            if after is None or event.action == "message.added":
                continue
            before = self.state.get(event.ticket_id)
            if before is not None and before != after:
                assert State(after) in STEPS[State(before)], f"{event.action}: {before} to {after}"
            self.state[event.ticket_id] = after
        self.events = len(events)


def _no_timer_too_many(row: Any, waiting: list[Any]) -> None:
    """What is overtaken does not wait, and nothing waits twice; word of breaches waits once for each reader."""
    others = [timer.kind for timer in waiting if not timer.kind.startswith("confirm")]
    kinds = Counter(kind if kind.startswith("breaches.") else kind.partition(".")[0] for kind in others)
    assert not [kind for kind, times in kinds.items() if times > 1], f"ticket {row.id}: {kinds}"
    for timer in waiting:
        about, what = timer.kind.partition(".")[0], f"ticket {row.id}, {row.state}: {timer.kind} waits"
        if about in _OF_RUNNING:
            assert row.state in RUNNING, what
        if about == "first-response":
            assert row.first_response_at is None, what
        if about == "confirm":
            assert row.state == State.RESOLVED, what
        if about == "update":
            assert intervals.is_counting(row), what
        assert row.state != State.CLOSED, what


def _no_timer_missing(desk: OpenDesk, row: Any, waiting: list[Any]) -> None:
    """No ticket lies there forgotten."""
    now, kinds = desk.clock(), [timer.kind for timer in waiting]
    late = [timer.kind for timer in waiting if timer.due_at < now]
    assert not late, f"ticket {row.id}: {late} was not done"
    if row.state == State.RESOLVED:
        assert "confirm.close" in kinds, f"ticket {row.id} would stay resolved for ever"
    if row.state in RUNNING:
        dues = {"resolution": row.resolution_due}
        if row.first_response_at is None:
            dues["first-response"] = row.first_response_due
        for name, due in dues.items():
            watched = name in {kind.partition(".")[0] for kind in kinds}
            assert watched or due <= now, f"ticket {row.id}: nothing watches its {name}, due {due}"
    if intervals.is_counting(row) and desk.store.read_now(lambda tx: said.may_be_told(tx, row.id)):
        assert {"update.ask", "update.tell"} & set(kinds), f"ticket {row.id}, {row.state}: silence"


def _budgets(desk: OpenDesk) -> None:
    """No machine writes to one person about one ticket without end."""
    now = desk.clock()
    day = Counter(
        (row.ticket_id, row.recipient)
        for row in desk.rows(Outbox)
        if row.automatic and row.created_at > now - timedelta(days=1) and row.event != "commands"
    )
    assert not [one for one, times in day.items() if times > _MOST_IN_A_DAY], "too many letters in a day"
