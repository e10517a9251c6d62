"""One pause runs at a time; none overlaps, none is negative, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.store import pauses, tickets, timers
from bot.store.engine import Store, Tx
from bot.store.models import Pause, Timer
from tests.store.makers import Clock, new_ticket

HOUR = timedelta(hours=1)


def test_a_clock_stops_once_and_goes_on_once(store: Store, now: Clock) -> None:
    start = now()

    def unit(tx: Tx) -> list[bool]:
        number = new_ticket(tx)
        return [
            pauses.end(tx, number, start),
            pauses.begin(tx, number, start, "waiting"),
            pauses.begin(tx, number, start + HOUR, "resolved"),
            pauses.end(tx, number, start + 2 * HOUR),
            pauses.end(tx, number, start + 3 * HOUR),
            pauses.begin(tx, number, start + 4 * HOUR, "closed"),
        ]

    assert store.write_now(unit) == [False, True, False, True, False, True]
    stretches = store.read_now(lambda tx: pauses.of(tx, 1))
    assert stretches == [(start, start + 2 * HOUR), (start + 4 * HOUR, None)]


def test_the_database_itself_holds_that_one_pause_runs(store: Store, now: Clock) -> None:
    number = store.write_now(new_ticket)
    row = {"ticket_id": number, "began_at": now(), "reason": "waiting"}
    store.write_now(lambda tx: tx.run(sa.insert(Pause).values(row)))
    with pytest.raises(Exception, match=r"(?i)unique|duplicate"):
        store.write_now(lambda tx: tx.run(sa.insert(Pause).values(row)))


def test_x18_a_clock_that_is_set_back_makes_no_negative_and_no_overlapping_pause(
    store: Store, now: Clock
) -> None:
    start = now()

    def unit(tx: Tx) -> None:
        number = new_ticket(tx)
        pauses.begin(tx, number, start, "waiting")
        pauses.end(tx, number, start - HOUR)
        pauses.begin(tx, number, start - 2 * HOUR, "waiting")
        pauses.end(tx, number, start + HOUR)

    store.write_now(unit)
    assert store.read_now(lambda tx: pauses.of(tx, 1)) == [(start, start), (start, start + HOUR)]


def test_pauses_of_many_tickets_come_together(store: Store, now: Clock) -> None:
    def unit(tx: Tx) -> None:
        for number in [new_ticket(tx) for _ in range(3)][:2]:
            pauses.begin(tx, number, now(), "waiting")

    store.write_now(unit)
    found = store.read_now(lambda tx: pauses.of_all(tx, (1, 2, 3)))
    assert found == {1: [(now(), None)], 2: [(now(), None)]}


def test_timers_about_a_subject_are_cancelled_and_no_others(store: Store, now: Clock) -> None:
    kinds = ["resolution", "resolution.50", "resolution_50", "resolutions.50", "escalate", "a%.b"]

    def unit(tx: Tx) -> None:
        timers.start_all(tx, new_ticket(tx), {kind: now() + HOUR for kind in kinds})
        timers.start_all(tx, new_ticket(tx), {"resolution.50": now() + HOUR})
        assert timers.cancel_about(tx, 1, "resolution", "a%") == 3

    store.write_now(unit)
    left = store.read_now(
        lambda tx: tx.run(
            sa.select(Timer.ticket_id, Timer.kind).where(Timer.state == "pending").order_by(Timer.id)
        ).all()
    )
    assert [tuple(row) for row in left] == [
        (1, "resolution_50"),
        (1, "resolutions.50"),
        (1, "escalate"),
        (2, "resolution.50"),
    ]
    assert store.read_now(lambda tx: timers.pending(tx, 1, "escalate"))
    assert store.write_now(lambda tx: timers.cancel_all(tx, 1)) == 3
    assert not store.read_now(lambda tx: timers.pending(tx, 1, "escalate"))


def test_tickets_are_gone_through_in_steps_with_what_their_targets_are_counted_from(
    store: Store, now: Clock
) -> None:
    def unit(tx: Tx) -> None:
        for _ in range(4):
            new_ticket(tx, now=now())
        assert tickets.change(tx, 2, now(), expected_state="new", state="closed")
        tickets.set_targets(tx, 3, now() + HOUR, now() + 2 * HOUR, now() + 3 * HOUR)

    store.write_now(unit)
    first = store.read_now(lambda tx: tickets.counted(tx, ("new", "open"), 0, 2))
    rest = store.read_now(lambda tx: tickets.counted(tx, ("new", "open"), first[-1].id, 2))
    assert ([row.id for row in first], [row.id for row in rest]) == ([1, 3], [4])
    assert (first[1].first_response_due, first[1].resolution_due) == (now() + HOUR, now() + 2 * HOUR)
    assert (first[1].opened_at, first[1].first_response_at) == (now(), None)
