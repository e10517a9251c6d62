"""Whatever people, agents and time do to the tickets of a desk, what must never be never is."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bot.message import Automation, Bounce, OutgoingMessage, Verdict
from tests.lives import HOUSE, Life, a_life

_ZONES: Final = {"ann": "Europe/Rome", "eve": "Asia/Shanghai", "joe": "America/New_York"}
"""Those who ask, and where they live."""
_AGENTS: Final = {
    "ben": {"name": "Ben Lee", "addresses": ["ben@house.example"], "teams": ["first-line"]},
    "cai": {
        "name": "Cai Wu",
        "addresses": ["cai@house.example"],
        "teams": ["first-line"],
        "absent": ["2026-03-05/2026-03-11"],
    },
    "sue": {"name": "Sue Kay", "addresses": ["sue@house.example"], "teams": ["second-line"]},
    "lea": {"name": "Lea Rossi", "addresses": ["lea@house.example"], "teams": []},
}
_REQUESTS: Final = (
    "help!!",
    "The printer on the second floor prints only grey pages since this morning, when I open Word. Error 404.",
    "My telephone 55 12 is dead since yesterday, and nobody can call me any more. Why is that?",
    "Non riesco ad accedere alla posta da ieri, dice: password errata. Uso Windows.",
    "我的电脑今天早上打不开了，屏幕是黑的，请帮我看一下。",
    "urgent: the whole office is without network",
)
_ANSWERS: Final = (
    "yes", "yes, it works again, thanks!", "no", "No, it is still broken.", "thanks", "Thank you very much!", "5", "1",
    "2 it took too long", "4/5", "status", "The room is 12.", "it works", "What about tomorrow?", "ok", "", "sì", "不行",
    "What happens: it is dead\nSince when: monday",
)  # fmt: skip
_ORDERS: Final = (
    "#take", "#assign sue", "#assign cai", "#assign second-line", "#assign first line", "#assign nobody", "#wait",
    "#wait requester", "#wait supplier the part comes on Friday", "#resolve", "#resolve New toner.\nworkaround: yes",
    "#close", "#close it is over", "#spam", "#reopen", "#reopen too early", "#priority P1", "#priority P2",
    "#priority P4", "#priority P9", "#impact high", "#urgency low", "#category telephone", "#category soup",
    "#escalate it burns", "#escalate", "#major the whole house", "#note between us", "#update still", "#update supplier",
    "#update fix tomorrow 15:00", "#update fix in 3 hours", "#update need your telephone number", "#update soup",
    "#merge HD-1", "#merge HD-2", "#link HD-1", "#link zoe@house.example", "#for joe@house.example", "#list", "#mine",
    "#show", "#why", "#status", "#help", "#dance", "#take\n\nI look at it now.", "#take\n#resolve\n\nIt was the cable.",
    "#wait requester\n\nWhich room is it?", "Which printer is it?", "#priority P1\n#dance", "",
)  # fmt: skip
_TAPS: Final = (
    ("confirm", "yes"), ("confirm", "no"), ("rate", "1"), ("rate", "5"), ("rate", "9"), ("update", "still"),
    ("update", "supplier"), ("update", "fix"), ("update", "need"), ("reopen", ""), ("close", ""), ("add", ""),
    ("status", ""), ("take", ""), ("resolve", "done"), ("soup", "x"),
)  # fmt: skip
_PEOPLE: Final = (*_ZONES, *_AGENTS)


class Desk(RuleBasedStateMachine):
    """A house with requesters on three continents, two teams and a lead."""

    def __init__(self) -> None:
        super().__init__()
        self._held = ExitStack()
        self.life: Life

    @initialize(
        assign=st.sampled_from(["nobody", "rotation", "least-load"]),
        begins=st.sampled_from(
            ["2026-03-02 09:30", "2026-03-27 17:50", "2026-04-24 23:10", "2026-10-23 12:00"]
        ),
    )
    def begins(self, assign: str, begins: str) -> None:
        folder = Path(self._held.enter_context(tempfile.TemporaryDirectory()))
        first = {**HOUSE["teams"]["first-line"], "assign": assign}
        teams = {**HOUSE["teams"], "first-line": first}
        self.life = self._held.enter_context(a_life(folder, begins, teams=teams, agents=_AGENTS))
        for who, zone in _ZONES.items():
            self.life.lives_in(who, zone)
        self.asks("ann", _REQUESTS[1])

    def teardown(self) -> None:
        self._held.close()

    def _got(self, who: str, pick: int) -> OutgoingMessage | None:
        """One of the last messages that somebody has had."""
        had = [m for m in self.life.sent if m.to.address == f"{who}@house.example"][-8:]
        return had[pick % len(had)] if had else None

    def _writes(self, who: str, text: str, answered: OutgoingMessage | None, **facts: Any) -> None:
        keys = (f"{answered.token}@house.example",) if answered else ()
        self.life.writes(who, text, thread_keys=keys, **facts)

    @rule(who=st.sampled_from(list(_ZONES)), text=st.sampled_from(_REQUESTS))
    def asks(self, who: str, text: str) -> None:
        self._writes(who, text, None)

    @rule(
        who=st.sampled_from(list(_ZONES)),
        text=st.sampled_from((*_ANSWERS, *_REQUESTS)),
        pick=st.integers(0, 7),
    )
    def answers(self, who: str, text: str, pick: int) -> None:
        if answered := self._got(who, pick):
            self._writes(who, text, answered)

    @rule(
        who=st.sampled_from(_PEOPLE),
        text=st.sampled_from((*_ANSWERS, *_ORDERS)),
        whose=st.sampled_from(_PEOPLE),
        pick=st.integers(0, 7),
        verdict=st.sampled_from(list(Verdict)),
    )
    def answers_what_may_be_another_s(
        self, who: str, text: str, whose: str, pick: int, verdict: Verdict
    ) -> None:
        self._writes(who, text, self._got(whose, pick), verdict=verdict)

    @rule(who=st.sampled_from(list(_AGENTS)), text=st.sampled_from(_ORDERS), pick=st.integers(0, 7))
    def orders(self, who: str, text: str, pick: int) -> None:
        if answered := self._got(who, pick):
            self._writes(who, text, answered)

    @rule(who=st.sampled_from(list(_AGENTS)), text=st.sampled_from(_ORDERS), number=st.integers(1, 4))
    def orders_by_number(self, who: str, text: str, number: int) -> None:
        self._writes(who, text, None, subject=f"[HD-{number}] Printer")

    @rule(
        who=st.sampled_from(_PEOPLE),
        tap=st.sampled_from(_TAPS),
        ticket=st.integers(1, 4),
        text=st.sampled_from(["", "It still does not work."]),
    )
    def taps(self, who: str, tap: tuple[str, str], ticket: int, text: str) -> None:
        words = {"text": text, "at": "tomorrow 11:00"} if text else {}
        self.life.taps(who, tap[0], tap[1], ticket=ticket, **words)

    @rule(who=st.sampled_from(list(_ZONES)), pick=st.integers(0, 7), sort=st.sampled_from(list(Automation)))
    def a_machine_answers(self, who: str, pick: int, sort: Automation) -> None:
        if (answered := self._got(who, pick)) is None:
            return
        if sort is not Automation.BOUNCE:
            self._writes(who, "I am away until Monday.", answered, automation=sort)
            return
        report = Bounce((answered.to.address,), True, (f"{answered.token}@house.example",), "5.1.1")
        self._writes(
            "mailer-daemon", "No such user.", None, automation=sort, bounce=report, verdict=Verdict.UNKNOWN
        )

    @rule(minutes=st.integers(1, 180))
    def minutes_pass(self, minutes: int) -> None:
        self.life.until(self.life.now + timedelta(minutes=minutes))

    @rule(hours=st.integers(4, 72))
    def days_pass(self, hours: int) -> None:
        self.life.until(self.life.now + timedelta(hours=hours))

    @rule(days=st.integers(7, 21))
    def weeks_pass(self, days: int) -> None:
        self.life.until(self.life.now + timedelta(days=days))

    @precondition(lambda self: self.life is not None)
    @rule(hours=st.integers(1, 240))
    def the_bot_is_down(self, hours: int) -> None:
        self.life.sleep(hours=hours)
        self.life.settle()


_ALWAYS: Final = settings(
    deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def test_whatever_happens_no_law_of_a_ticket_is_broken() -> None:
    run_state_machine_as_test(
        Desk, settings=settings(_ALWAYS, max_examples=3, stateful_step_count=15, derandomize=True)
    )


@pytest.mark.fuzz
@pytest.mark.timeout(0)
def test_whatever_happens_for_long_no_law_of_a_ticket_is_broken() -> None:
    run_state_machine_as_test(Desk, settings=settings(_ALWAYS, max_examples=300, stateful_step_count=50))
