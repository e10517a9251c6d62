"""Whose turn it is, and who has how much to do, on both databases."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from bot.message import EMAIL, Party
from bot.store import people, workload
from bot.store.engine import Store, Tx
from bot.store.models import Ticket
from tests.store.makers import new_ticket

MONDAY = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def agents(store: Store, *keys: str) -> list[int]:
    """The persons of some agents."""
    return store.write_now(
        lambda tx: [
            people.agent(tx, key, Party(EMAIL, f"{key}@desk.example"), f"{key}@desk.example", MONDAY).id
            for key in keys
        ]
    )


def give(tx: Tx, among: list[int], now: datetime = MONDAY) -> int:
    """Give something to whoever had their turn longest ago."""
    turns = workload.turns(tx, among)
    chosen = min(among, key=lambda person: turns[person] or MONDAY - timedelta(days=999))
    workload.gave(tx, chosen, now, turns.values())
    return chosen


def test_who_was_never_given_anything_has_had_no_turn(store: Store) -> None:
    anna, bob = agents(store, "anna", "bob")
    store.write_now(lambda tx: workload.gave(tx, bob, MONDAY, [None]))
    assert store.write_now(lambda tx: workload.turns(tx, [anna, bob])) == {anna: None, bob: MONDAY}


def test_all_that_happens_at_one_moment_still_goes_round(store: Store) -> None:
    all_three = agents(store, "anna", "bob", "carla")
    given = [store.write_now(lambda tx: give(tx, all_three)) for _ in range(9)]
    assert given == all_three * 3


def test_a_clock_that_was_set_back_gives_nobody_two_turns(store: Store) -> None:
    both = agents(store, "anna", "bob")
    moments = [MONDAY, MONDAY - timedelta(hours=1), MONDAY - timedelta(hours=2), MONDAY]
    given = [store.write_now(lambda tx, at=at: give(tx, both, at)) for at in moments]  # type: ignore[misc]  # a lambda with a default
    assert given == both * 2


def test_only_tickets_that_are_not_done_are_work(store: Store) -> None:
    anna, bob = agents(store, "anna", "bob")

    def fill(tx: Tx) -> None:
        for state in ("new", "open", "waiting", "resolved", "closed"):
            number = new_ticket(tx)
            tx.run(sa.update(Ticket).where(Ticket.id == number).values(state=state, owner_id=anna))

    store.write_now(fill)
    assert store.write_now(lambda tx: workload.loads(tx, [anna, bob])) == {anna: 3, bob: 0}


def test_two_tickets_at_once_go_to_two_agents(postgres_store: Store) -> None:
    both = agents(postgres_store, "anna", "bob")
    locked, second, given = threading.Event(), threading.Event(), []

    def slow(tx: Tx) -> None:
        given.append(give(tx, both))
        locked.set()
        second.wait(0.3)  # the other one is at the door by then, and must wait for this commit

    def fast(tx: Tx) -> None:
        given.append(give(tx, both))
        second.set()

    first = threading.Thread(target=postgres_store.write_now, args=(slow,))
    first.start()
    assert locked.wait(10)
    postgres_store.write_now(fast)
    first.join()
    assert sorted(given) == sorted(both)


def test_what_only_names_an_agent_does_not_wait_for_their_turn(postgres_store: Store) -> None:
    anna, _ = both = agents(postgres_store, "anna", "bob")
    number = postgres_store.write_now(new_ticket)
    done: list[bool] = []

    def refer(tx: Tx) -> None:
        tx.run(sa.text("SET LOCAL lock_timeout = '2s'"))
        tx.run(sa.update(Ticket).where(Ticket.id == number).values(owner_id=anna))
        done.append(True)

    def holding(tx: Tx) -> None:
        give(tx, both)
        other = threading.Thread(target=postgres_store.write_now, args=(refer,))
        other.start()
        other.join()

    postgres_store.write_now(holding)
    assert done == [True]
