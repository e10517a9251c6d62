"""Whatever is done to a ticket, in whatever order: its clock stands or runs, and is due when its pauses say."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bot.desk import sla
from bot.desk.states import DONE, RUNNING, STEPS, State
from bot.loops import Pace
from bot.store import pauses
from bot.store.models import Event, Pause, Timer
from bot.timers import Timers
from tests.desk.by_mail import a_team, asks
from tests.desk.test_promises import change, pending
from tests.desks import OpenDesk

HOUR = timedelta(hours=1)


class Clockwork(RuleBasedStateMachine):
    """One ticket; time passes, and people and timers change it."""

    def __init__(self) -> None:
        super().__init__()
        self._held = ExitStack()
        self.desk: OpenDesk
        self.stood = timedelta(0)
        self.level = 1

    @initialize(skip=st.integers(0, 7 * 24))
    def opens(self, skip: int) -> None:
        folder = self._held.enter_context(tempfile.TemporaryDirectory())
        self.desk = self._held.enter_context(a_team(Path(folder)))
        self.desk.clock.forward(hours=skip)
        asks(self.desk)

    def teardown(self) -> None:
        self._held.close()

    @property
    def ticket(self) -> Any:
        return self.desk.ticket(1)

    @rule(minutes=st.integers(1, 60 * 40))
    def time_passes(self, minutes: int) -> None:
        self.desk.clock.forward(minutes=minutes)

    @rule(to=st.sampled_from(list(State)))
    def goes_to(self, to: State) -> None:
        state = State(self.ticket.state)
        if to in STEPS[state]:
            closed_at = self.desk.clock() if to is State.CLOSED else None
            change(self.desk, "moved", state=to, closed_at=closed_at)

    @rule(to=st.sampled_from(["P1", "P2", "P3", "P4"]))
    def gets_a_priority(self, to: str) -> None:
        change(self.desk, "priority", priority=to)

    @precondition(lambda self: self.ticket.first_response_at is None)
    @rule()
    def is_answered(self) -> None:
        change(self.desk, "answered", first_response_at=self.desk.clock())

    @rule(hours=st.integers(1, 60))
    def expects_a_fix(self, hours: int) -> None:
        if self.ticket.state in RUNNING:
            change(self.desk, "fix", fix_expected_at=self.desk.clock() + hours * HOUR)

    @rule()
    def what_is_due_is_done(self) -> None:
        timers = Timers(self.desk.store, self.desk.desk, pace=Pace(), now=self.desk.clock)
        for _ in range(30):
            if not self.desk.store.write_now(timers._fire):
                break
        else:
            raise AssertionError("what is due never ends")
        assert all(due > self.desk.clock() for due in pending(self.desk).values())
        assert "timer.failed" not in self.desk.actions(1)

    @invariant()
    def one_pause_runs_when_the_clock_stands_still(self) -> None:
        rows = self.desk.rows(Pause)
        assert [row.ended_at for row in rows].count(None) == (0 if self.ticket.state in RUNNING else 1)
        for row, later in pairwise(rows):
            assert row.began_at <= row.ended_at <= later.began_at
        stood = sum((row.ended_at - row.began_at for row in rows if row.ended_at), timedelta(0))
        assert stood >= self.stood
        self.stood = stood

    @invariant()
    def each_target_is_due_when_its_pauses_say(self) -> None:
        ticket = self.ticket
        stretches = self.desk.store.read_now(lambda tx: pauses.of(tx, 1))
        ended = [stretch for stretch in stretches if stretch[1]]
        terms = self.desk.desk.config.priorities[ticket.priority]
        clock = sla.ALWAYS if terms.clock == "calendar" else self.desk.desk.calendar
        anew = {row.after["target"] for row in self.desk.rows(Event) if row.action == "target.granted"}
        due = sla.due_with_pauses(ticket.opened_at, terms.resolution, clock, ended)
        assert due is not None
        assert ticket.resolution_due >= due if "resolution" in anew else ticket.resolution_due == due
        if ticket.first_response_at is None:
            due = sla.due_with_pauses(ticket.opened_at, terms.first_response, clock, ended)
            assert due is not None
            first = ticket.first_response_due
            assert first >= due if "first-response" in anew else first == due

    @invariant()
    def one_timer_waits_for_each_target_that_is_not_met(self) -> None:
        ticket = self.ticket
        subjects = [kind.partition(".")[0] for kind in pending(self.desk)]
        assert len(subjects) == len(set(subjects)) == len(self.waiting())
        if ticket.state not in RUNNING:
            assert subjects == []
        elif ticket.first_response_at is not None:
            assert "first-response" not in subjects

    def waiting(self) -> list[str]:
        kinds = [row.kind for row in self.desk.rows(Timer) if row.state == "pending"]
        return [kind for kind in kinds if kind.startswith(("first-response", "resolution", "escalate"))]

    @invariant()
    def it_never_comes_down_and_nothing_is_missed_twice(self) -> None:
        assert self.ticket.level >= self.level
        self.level = self.ticket.level
        missed = [
            (row.after["target"], row.after["due"])
            for row in self.desk.rows(Event)
            if row.action == "target.breached"
        ]
        assert len(missed) == len(set(missed))
        if self.ticket.state in DONE:
            assert self.waiting() == []


TestClockwork = Clockwork.TestCase
TestClockwork.settings = settings(max_examples=15, stateful_step_count=15, deadline=None)
