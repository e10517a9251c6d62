"""No silence: the owner is asked, the requester is told, and never more than once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.desk import intervals, silences
from bot.loops import Pace
from bot.message import Automation, Verdict
from bot.store.models import Outbox, Timer
from bot.timers import Timers
from tests.desk.by_mail import ANN, ANNA, BOB, a_team, answers, asks, letters, works
from tests.desks import MONDAY, OpenDesk, a_message, open_desk

ASKED, TOLD = "update_due", "still_open"


def pending(desk: OpenDesk, number: int = 1) -> dict[str, datetime]:
    """What the interval waits for."""
    return {
        row.kind: row.due_at
        for row in desk.rows(Timer)
        if row.ticket_id == number and row.state == "pending" and row.kind.startswith("update.")
    }


def wait(desk: OpenDesk, **by: float) -> None:
    """Time passes in one leap; then all of the intervals that is due happens."""
    desk.clock.forward(**by)
    duties = {intervals.ASK: silences.ask_is_due, intervals.TELL: silences.tell_is_due}
    loop = Timers(desk.store, desk.desk, pace=Pace(), now=desk.clock, duties=duties)
    while desk.store.write_now(loop._fire):
        pass


def count(desk: OpenDesk, event: str, to: str = "") -> int:
    """How many of these were written."""
    return len(letters(desk, to, event))


def test_the_owner_is_asked_before_the_requester_must_hear_something(tmp_path: Path) -> None:
    with a_team(tmp_path, tickets={"priority": "P1"}) as desk:
        asks(desk)
        works(desk, ANNA, "#take", 1)
        assert pending(desk) == {intervals.ASK: MONDAY + timedelta(minutes=48)}
        wait(desk, minutes=48)
        (asked,) = letters(desk, event=ASKED)
        assert asked.to.address == ANNA
        assert [(choice.label, choice.verb, choice.value) for choice in asked.choices] == [
            (word, "update", word) for word in ("still", "supplier", "fix", "need")
        ]
        values = asked.notice.values
        assert values["tells_at"] == (MONDAY + timedelta(hours=1)).isoformat()
        assert pending(desk) == {intervals.TELL: MONDAY + timedelta(hours=1)}


def test_when_nobody_owns_it_the_team_is_asked(tmp_path: Path) -> None:
    with a_team(tmp_path, tickets={"priority": "P1"}) as desk:
        asks(desk)
        wait(desk, minutes=48)
        assert {letter.to.address for letter in letters(desk, event=ASKED)} == {ANNA, BOB}


def test_when_nobody_says_anything_the_requester_hears_the_honest_line(tmp_path: Path) -> None:
    with a_team(tmp_path, tickets={"priority": "P1"}) as desk:
        asks(desk)
        works(desk, ANNA, "#take", 1)
        wait(desk, minutes=48)
        wait(desk, minutes=12)
        (told,) = letters(desk, ANN, TOLD)
        values = told.notice.values
        assert (values["owner"], values["opened_at"]) == ("Anna Rossi", MONDAY.isoformat())
        assert pending(desk) == {intervals.ASK: desk.clock() + timedelta(minutes=48)}
        assert desk.ticket(1).told_at == desk.clock()


def test_a_ticket_that_nobody_has_taken_says_so(tmp_path: Path) -> None:
    with open_desk(tmp_path, tickets={"priority": "P1"}) as desk:
        desk.receive(a_message())
        wait(desk, minutes=48)
        wait(desk, minutes=12)
        (told,) = letters(desk, ANN, TOLD)
        assert told.notice.values["owner"] == ""


def test_the_interval_is_counted_on_the_clock_of_the_priority(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        asks(desk)
        # 80 % of 18 hours of work are 14 hours and 24 minutes: 8:30 today, 5:54 tomorrow
        assert pending(desk) == {intervals.ASK: datetime(2026, 3, 3, 14, 54, tzinfo=UTC)}


@pytest.mark.parametrize("order", ["Hello Ann.", "#update still", "#update supplier", "#update fix 17:00"])
def test_every_word_to_the_requester_begins_the_interval_anew(tmp_path: Path, order: str) -> None:
    with a_team(tmp_path, tickets={"priority": "P1"}) as desk:
        asks(desk)
        wait(desk, minutes=50)
        works(desk, ANNA, order, 1)
        assert pending(desk) == {intervals.ASK: desk.clock() + timedelta(minutes=48)}
        wait(desk, minutes=20)
        assert count(desk, TOLD) == 0


def test_waiting_for_the_requester_stops_it_and_their_answer_begins_it_anew(tmp_path: Path) -> None:
    with a_team(tmp_path, tickets={"priority": "P1"}) as desk:
        asks(desk)
        works(desk, ANNA, "#update need Which room is it?", 1)
        assert pending(desk) == {}
        wait(desk, days=1)
        assert (count(desk, ASKED), count(desk, TOLD)) == (0, 0)
        answers(desk, ANN, 1, "Room 5.")
        assert pending(desk) == {intervals.ASK: desk.clock() + timedelta(minutes=48)}


def test_waiting_for_a_supplier_is_no_reason_for_silence(tmp_path: Path) -> None:
    with a_team(tmp_path, tickets={"priority": "P1"}) as desk:
        asks(desk)
        works(desk, ANNA, "#update supplier", 1)
        wait(desk, minutes=48)
        assert count(desk, ASKED, ANNA) == 1


@pytest.mark.parametrize("order", ["#resolve", "#close"])
def test_what_is_done_owes_no_word_and_opened_again_it_does(tmp_path: Path, order: str) -> None:
    with a_team(tmp_path, tickets={"priority": "P1"}) as desk:
        asks(desk)
        works(desk, ANNA, order, 1)
        assert pending(desk) == {}
        works(desk, ANNA, "#reopen", 1)
        assert pending(desk) == {intervals.ASK: MONDAY + timedelta(minutes=48)}


def test_another_priority_counts_from_the_last_word(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        asks(desk)
        desk.clock.forward(minutes=30)
        works(desk, ANNA, "#priority P1", 1)
        assert pending(desk) == {intervals.ASK: MONDAY + timedelta(minutes=48)}


def test_the_owner_is_asked_at_the_moment_for_which_they_expected_a_fix(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        asks(desk)
        works(desk, ANNA, "#update fix 15:00", 1)
        at = MONDAY + timedelta(hours=5, minutes=30)
        assert pending(desk) == {intervals.ASK: at}
        wait(desk, hours=5, minutes=30)
        assert count(desk, ASKED, ANNA) == 1
        assert pending(desk) == {intervals.TELL: datetime(2026, 3, 4, 9, 30, tzinfo=UTC)}


def test_x21_after_a_day_without_the_bot_there_is_one_honest_line_and_no_stale_question(
    tmp_path: Path,
) -> None:
    with a_team(tmp_path, tickets={"priority": "P1"}) as desk:
        asks(desk)
        wait(desk, days=3)
        assert (count(desk, ASKED), count(desk, TOLD)) == (0, 1)
        assert pending(desk) == {intervals.ASK: desk.clock() + timedelta(minutes=48)}


def test_x21_who_was_asked_before_the_bot_went_away_is_not_asked_again_by_it(tmp_path: Path) -> None:
    with a_team(tmp_path, tickets={"priority": "P1"}) as desk:
        asks(desk)
        works(desk, ANNA, "#take", 1)
        wait(desk, minutes=50)
        wait(desk, days=3)
        assert (count(desk, ASKED), count(desk, TOLD)) == (1, 1)


def test_there_is_never_more_than_one_of_its_timers(tmp_path: Path) -> None:
    with a_team(tmp_path, tickets={"priority": "P1"}) as desk:
        asks(desk)
        for n in range(12):
            wait(desk, minutes=17)
            if n % 3 == 0:
                works(desk, ANNA, "#update still", 1)
            assert len(pending(desk)) == 1


def test_a_question_that_waits_for_the_morning_is_taken_back_when_it_is_answered(tmp_path: Path) -> None:
    with a_team(tmp_path, priorities={"P3": {"clock": "calendar", "update_every": "12h"}}) as desk:
        desk.clock.moment = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
        asks(desk)
        works(desk, ANNA, "#take", 1)
        wait(desk, hours=10)
        (row,) = [row for row in desk.rows(Outbox) if row.event == ASKED]
        assert (row.state, row.not_before) == ("queued", datetime(2026, 3, 3, 8, 0, tzinfo=UTC))
        works(desk, ANNA, "Hello Ann.", 1)
        assert [row.state for row in desk.rows(Outbox) if row.event == ASKED] == ["stale"]


@pytest.mark.parametrize(
    "facts",
    [{"automation": Automation.LIST, "verdict": Verdict.PASS}, {"verdict": Verdict.FAIL}],
)
def test_e2_e7_who_may_not_be_answered_is_never_told_and_nobody_is_asked(
    tmp_path: Path, facts: dict[str, Any]
) -> None:
    with a_team(tmp_path, tickets={"priority": "P1"}) as desk:
        desk.receive(a_message("It burns.", **facts))
        wait(desk, minutes=50)
        wait(desk, days=1)
        assert (count(desk, ASKED), count(desk, TOLD)) == (0, 0)
        assert "delivery.suppressed" in desk.actions(1)
        works(desk, ANNA, "Hello Ann.", 1)
        wait(desk, minutes=48)
        assert count(desk, ASKED) == 1
