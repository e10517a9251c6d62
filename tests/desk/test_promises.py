"""What a ticket is promised: counted from its opening, with all its pauses, whatever has changed since."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot.desk import changes, promises, renewals
from bot.desk.changed import DESK
from bot.desk.desk import Desk
from bot.desk.states import State
from bot.store import conversation
from bot.store.conversation import WholeTicket
from bot.store.engine import Tx
from bot.store.models import Event, Pause, Timer
from tests.desk.by_mail import a_team, asks
from tests.desks import KEY, MONDAY, OpenDesk, a_config

HOUR = timedelta(hours=1)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[OpenDesk]:
    """A desk with one ticket, opened at half past nine on a Monday with the promises of P3: 4 and 27 hours."""
    with a_team(tmp_path) as opened:
        asks(opened)
        yield opened


def change(desk: OpenDesk, action: str = "test", number: int = 1, **values: Any) -> WholeTicket:
    """The desk changes a ticket now."""

    def unit(tx: Tx) -> WholeTicket:
        ticket = conversation.whole(tx, number)
        assert ticket is not None
        return changes.apply(tx, desk.desk, ticket, action, desk.clock(), actor=DESK, **values)

    return desk.store.write_now(unit)


def waits(desk: OpenDesk) -> None:
    change(desk, "waiting", state=State.WAITING)


def goes_on(desk: OpenDesk) -> None:
    change(desk, "taken.up", state=State.OPEN, resolved_at=None, closed_at=None)


def ends(desk: OpenDesk, state: State) -> None:
    change(desk, str(state), state=state, closed_at=desk.clock() if state is State.CLOSED else None)


def pending(desk: OpenDesk) -> dict[str, datetime]:
    """The clock's timers that wait."""
    clocks = ("first-response", "resolution", "escalate")
    return {
        row.kind: row.due_at
        for row in desk.rows(Timer)
        if row.state == "pending" and row.kind.startswith(clocks)
    }


def dues(desk: OpenDesk) -> tuple[datetime | None, datetime | None]:
    row = desk.ticket(1)
    return row.first_response_due, row.resolution_due


def test_each_target_begins_with_one_timer_at_its_first_milestone(desk: OpenDesk) -> None:
    assert pending(desk) == {
        "first-response.50": MONDAY + 2 * HOUR,
        "resolution.50": datetime(2026, 3, 3, 14, tzinfo=MONDAY.tzinfo),
    }


def test_a_target_without_warnings_begins_with_the_word_to_the_requester(tmp_path: Path) -> None:
    with a_team(tmp_path, escalation={"warn_at": [], "tell_at": 80}) as desk:
        asks(desk)
        assert pending(desk)["first-response.tell"] == MONDAY + 3.2 * HOUR


@pytest.mark.parametrize("state", [State.WAITING, State.RESOLVED, State.CLOSED])
def test_while_a_ticket_waits_or_is_done_its_clock_stands_still(desk: OpenDesk, state: State) -> None:
    desk.clock.forward(hours=1)
    ends(desk, state)
    assert pending(desk) == {}
    (pause,) = desk.rows(Pause)
    assert (pause.began_at, pause.ended_at, pause.reason) == (MONDAY + HOUR, None, state)


def test_from_one_state_that_stands_still_to_another_is_one_pause(desk: OpenDesk) -> None:
    waits(desk)
    desk.clock.forward(hours=1)
    ends(desk, State.RESOLVED)
    desk.clock.forward(hours=1)
    ends(desk, State.CLOSED)
    assert [(row.began_at, row.ended_at) for row in desk.rows(Pause)] == [(MONDAY, None)]


def test_a_pause_moves_every_moment_that_is_still_ahead(desk: OpenDesk) -> None:
    desk.clock.forward(hours=1)
    waits(desk)
    desk.clock.forward(hours=2)
    goes_on(desk)
    assert dues(desk) == (MONDAY + 6 * HOUR, datetime(2026, 3, 5, 11, 30, tzinfo=MONDAY.tzinfo))
    assert pending(desk)["first-response.50"] == MONDAY + 4 * HOUR
    assert desk.ticket(1).promised_at == MONDAY + 6 * HOUR


def test_a_priority_is_counted_from_the_opening_with_the_pauses_kept(desk: OpenDesk) -> None:
    waits(desk)
    desk.clock.forward(hours=1)
    goes_on(desk)
    desk.clock.forward(minutes=5)
    change(desk, "priority", priority="P1")
    assert dues(desk) == (MONDAY + timedelta(hours=1, minutes=15), MONDAY + 5 * HOUR)
    assert desk.ticket(1).promised_at == MONDAY + 5 * HOUR, "what the requester was told stays"


def test_a_priority_that_changes_during_a_pause_starts_no_timer(desk: OpenDesk) -> None:
    waits(desk)
    change(desk, "priority", priority="P1")
    assert pending(desk) == {}
    desk.clock.forward(hours=1)
    goes_on(desk)
    assert dues(desk) == (MONDAY + timedelta(hours=1, minutes=15), MONDAY + 5 * HOUR)


def test_a_first_response_that_was_given_has_no_timer_and_the_next_promise_is_a_solution(
    desk: OpenDesk,
) -> None:
    desk.clock.forward(hours=1)
    change(desk, "answered", first_response_at=desk.clock())
    assert list(pending(desk)) == ["resolution.50"]
    assert desk.ticket(1).promised_at == desk.ticket(1).resolution_due
    first = desk.ticket(1).first_response_due
    change(desk, "priority", priority="P1")
    assert desk.ticket(1).first_response_due == first, "what was kept stays as it was promised"


def test_a_fix_that_is_expected_is_what_the_requester_expects(desk: OpenDesk) -> None:
    change(desk, "answered", first_response_at=desk.clock())
    change(desk, "fix", fix_expected_at=MONDAY + 5 * HOUR)
    assert desk.ticket(1).promised_at == MONDAY + 5 * HOUR
    assert pending(desk) == {"resolution.tell": MONDAY + 4.5 * HOUR}, "before that moment is over"


def test_a_ticket_that_is_opened_again_goes_on_where_it_stood(desk: OpenDesk) -> None:
    change(desk, "answered", first_response_at=desk.clock())
    desk.clock.forward(hours=1)
    ends(desk, State.RESOLVED)
    desk.clock.forward(days=1)
    goes_on(desk)
    assert desk.ticket(1).resolution_due == datetime(2026, 3, 6, 9, 30, tzinfo=MONDAY.tzinfo)


def test_a_target_that_is_over_when_a_ticket_is_opened_again_is_promised_anew(desk: OpenDesk) -> None:
    change(desk, "answered", first_response_at=desk.clock())
    desk.clock.forward(days=7)
    ends(desk, State.RESOLVED)
    desk.clock.forward(hours=1)
    goes_on(desk)
    fresh = datetime(2026, 3, 10, 15, tzinfo=MONDAY.tzinfo)  # half of 27 hours, from half past ten on
    assert (desk.ticket(1).resolution_due, desk.ticket(1).promised_at) == (fresh, fresh)
    assert pending(desk) == {"resolution.50": datetime(2026, 3, 9, 17, 15, tzinfo=MONDAY.tzinfo)}
    waits(desk)
    desk.clock.forward(hours=2)
    goes_on(desk)
    assert desk.ticket(1).resolution_due == fresh + 2 * HOUR, "and it keeps its pauses too"


def test_a_ticket_that_waited_too_late_is_promised_nothing_anew(desk: OpenDesk) -> None:
    before = dues(desk)
    desk.clock.forward(days=7)
    waits(desk)
    goes_on(desk)
    assert dues(desk) == before
    assert pending(desk) == {"first-response.due": before[0], "resolution.due": before[1]}


def test_a_closed_ticket_has_no_timer_at_all(desk: OpenDesk) -> None:
    ends(desk, State.CLOSED)
    assert [row.kind for row in desk.rows(Timer) if row.state == "pending"] == []


# -- a configuration that has changed ----------------------------------------------------------------------------


def renew(desk: OpenDesk, limit: int = 100, closed: tuple[str, ...] = ()) -> int:
    """The bot starts again, with more closed days; how many tickets have other targets now."""
    sections = {**desk.desk.config.model_dump(), "calendar": {"closed": closed}}
    again = Desk.from_config(a_config(**sections), KEY)
    last, changed = 0, 0
    while True:
        step = partial(renewals.renew_all, desk=again, now=desk.clock(), after=last, limit=limit)
        at, some = desk.store.write_now(step)
        if at is None:
            return changed
        last, changed = at, changed + some


def test_a_calendar_that_has_changed_moves_what_is_open_and_says_so_once(desk: OpenDesk) -> None:
    before = dues(desk)
    assert renew(desk) == 0
    assert renew(desk, closed=("2026-03-03",)) == 1
    assert dues(desk) == (before[0], datetime(2026, 3, 6, 9, 30, tzinfo=MONDAY.tzinfo))
    assert renew(desk, closed=("2026-03-03",)) == 0
    (event,) = [row for row in desk.rows(Event) if row.action == "targets.renewed"]
    assert event.before["resolution"] == before[1].isoformat() if before[1] else False
    assert event.after["resolution"] == desk.ticket(1).resolution_due.isoformat()
    assert pending(desk)["resolution.50"] == datetime(2026, 3, 4, 14, tzinfo=MONDAY.tzinfo)


def test_targets_are_renewed_in_steps_of_any_size_and_what_waits_starts_no_timer(desk: OpenDesk) -> None:
    for _ in range(4):
        asks(desk)
    change(desk, "waiting", 2, state=State.WAITING)
    change(desk, "closed", 3, state=State.CLOSED, closed_at=desk.clock())
    assert renew(desk, limit=2, closed=("2026-03-03",)) == 4
    waiting = [row for row in desk.rows(Timer) if row.state == "pending" and row.kind.startswith("resol")]
    assert {row.ticket_id for row in waiting} == {1, 4, 5}


def test_what_was_promised_anew_is_not_taken_back_by_the_next_start(desk: OpenDesk) -> None:
    desk.clock.forward(days=7)
    ends(desk, State.RESOLVED)
    goes_on(desk)
    before = dues(desk)
    assert before[0] is not None
    assert before[0] > desk.clock()
    assert renew(desk) == 0
    assert dues(desk) == before


def test_a_priority_that_is_gone_from_the_configuration_counts_as_that_of_a_new_ticket(
    desk: OpenDesk,
) -> None:
    change(desk, "priority", priority="P3")
    row = desk.ticket(1)
    assert promises.priority_of("P9", desk.desk) is desk.desk.config.priorities["P3"]
    assert row.priority == "P3"
