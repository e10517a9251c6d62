"""What happens when a promised moment comes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.desk import promises
from bot.store.models import Event, Ticket
from bot.store.timers import DueTimer
from tests.desks import MONDAY, OpenDesk, a_message, open_desk

DUTIES = {
    promises.FIRST_RESPONSE: promises.first_response_is_due,
    promises.RESOLUTION: promises.resolution_is_due,
}


def fire(desk: OpenDesk, kind: str, ticket: int | None = 1) -> list[dict[str, str]]:
    """What the moment of a timer adds to the history."""
    timer = DueTimer(1, ticket, kind, MONDAY + timedelta(hours=4))
    desk.store.write_now(lambda tx: DUTIES[kind](tx, timer, desk.desk, desk.clock()))
    return [row.after for row in desk.rows(Event) if row.action == "target.breached"]


@pytest.mark.parametrize("kind", DUTIES)
@pytest.mark.parametrize(
    ("state", "breached"),
    [("new", 1), ("open", 1), ("waiting", 1), ("resolved", 0), ("closed", 0)],
)
def test_a_moment_that_passes_is_a_breach_unless_the_ticket_is_done(
    tmp_path: Path, kind: str, state: str, breached: int
) -> None:
    with open_desk(tmp_path) as desk:
        desk.receive(a_message())
        desk.set_state(1, state)
        due = (MONDAY + timedelta(hours=4)).isoformat()
        assert fire(desk, kind) == [{"target": kind, "due": due}] * breached


def test_the_first_answer_keeps_the_first_promise_but_not_the_second(tmp_path: Path) -> None:
    with open_desk(tmp_path) as desk:
        desk.receive(a_message())
        desk.store.write_now(lambda tx: tx.run(sa.update(Ticket).values(first_response_at=MONDAY)))
        assert fire(desk, promises.FIRST_RESPONSE) == []
        assert len(fire(desk, promises.RESOLUTION)) == 1


@pytest.mark.parametrize("kind", DUTIES)
@pytest.mark.parametrize("ticket", [None, 4711])
def test_a_timer_whose_ticket_is_gone_does_nothing(tmp_path: Path, kind: str, ticket: int | None) -> None:
    with open_desk(tmp_path) as desk:
        assert fire(desk, kind, ticket) == []


def test_l8_a_breach_is_in_the_history_with_its_moment_and_by_nobody(tmp_path: Path) -> None:
    with open_desk(tmp_path) as desk:
        desk.receive(a_message())
        desk.clock.forward(hours=5)
        fire(desk, promises.FIRST_RESPONSE)
        event = desk.rows(Event)[-1]
        assert (event.at, event.actor_id, event.channel) == (MONDAY + timedelta(hours=5), None, None)
