"""Timers fire in order and once; an address belongs to one person; a ticket tells its whole story."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta
from functools import partial

import pytest

from bot.message import EMAIL, Attachment, Party
from bot.store import inbox, outbox, people, stories, tickets, timers
from bot.store.engine import Store, Tx
from bot.store.models import Address, Event, OutboxState, Person, Timer, TimerState
from tests.store.conftest import OpenStore
from tests.store.makers import LEASE, Clock, count, message, new_ticket, pass_time, payload, queue, states

HOUR = timedelta(hours=1)


def fire(store: Store, limit: int = 10) -> list[str]:
    """Fire what is due; returns the kinds in order."""

    def unit(tx: Tx) -> list[str]:
        return [timer.kind for timer in timers.due(tx, limit) if timers.fired(tx, timer)]

    return store.write_now(unit)


def test_timers_fire_when_due_in_order_and_once(store: Store, now: Clock) -> None:
    due = {
        "late": now() + 2 * HOUR,
        "soon": now() + HOUR,
        "past": now() - HOUR,
        "long past": now() - 2 * HOUR,
    }
    store.write_now(lambda tx: timers.start_all(tx, new_ticket(tx), due))
    assert fire(store) == ["long past", "past"]
    assert fire(store) == []
    pass_time(store, 3 * HOUR)
    assert fire(store, limit=1) == ["soon"]
    assert fire(store) == ["late"]
    assert set(states(store, Timer)) == {TimerState.FIRED}


def test_a_timer_that_its_duty_could_not_serve_stays_due(store: Store, now: Clock) -> None:
    store.write_now(lambda tx: timers.start_all(tx, new_ticket(tx), {"one": now() - HOUR}))

    def broken(tx: Tx) -> None:
        assert timers.fired(tx, timers.due(tx, 1)[0])
        raise RuntimeError("duty")

    with pytest.raises(RuntimeError, match="duty"):
        store.write_now(broken)
    assert fire(store) == ["one"]


def test_a_cancelled_timer_does_not_fire(store: Store, now: Clock) -> None:
    number = store.write_now(new_ticket)
    due = {"a": now() - HOUR, "b": now() - HOUR, "c": now() - HOUR}
    store.write_now(lambda tx: timers.start_all(tx, number, due))
    assert store.write_now(lambda tx: timers.cancel(tx, number, "a", "b")) == 2
    assert store.write_now(lambda tx: timers.cancel(tx, number, "a", "b")) == 0
    assert store.write_now(lambda tx: timers.cancel(tx, number + 1, "c")) == 0
    assert fire(store) == ["c"]


def test_two_workers_fire_each_timer_once(database_url: str, open_store: OpenStore, now: Clock) -> None:
    stores = [open_store(database_url), open_store(database_url)]
    due = {f"t{number}": now() - HOUR for number in range(100)}
    stores[0].write_now(lambda tx: timers.start_all(tx, new_ticket(tx), due))
    fired: list[str] = []

    def work(store: Store) -> None:
        while kinds := fire(store, 7):
            fired.extend(kinds)

    threads = [threading.Thread(target=work, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(fired) == sorted(due)


def test_l3_old_timers_are_forgotten_and_pending_ones_never(store: Store, now: Clock) -> None:
    due = {"old": now() - 3 * HOUR, "new": now() - HOUR}
    store.write_now(lambda tx: timers.start_all(tx, new_ticket(tx), due))
    assert store.write_now(lambda tx: timers.forget(tx, now(), 10)) == 0
    fire(store)
    assert store.write_now(lambda tx: timers.forget(tx, now() - 2 * HOUR, 10)) == 1
    assert count(store, Timer) == 1


async def test_a_new_address_in_two_transactions_at_once_is_one_person(
    postgres_store: Store, now: Clock
) -> None:
    both = threading.Barrier(2, timeout=20)
    party = Party(EMAIL, "Ann@Example.org", "Ann")

    def unit(tx: Tx) -> people.KnownPerson:
        assert people.find(tx, EMAIL, "ann@example.org") is None or both.broken
        if not both.broken:
            both.wait()
        return people.add(tx, party, "ann@example.org", now())

    waiting = threading.Event()

    def first(tx: Tx) -> people.KnownPerson:
        waiting.set()
        return unit(tx)

    one = asyncio.create_task(postgres_store.write(first))
    assert await asyncio.to_thread(waiting.wait, 20)
    two = await postgres_store.write(unit)
    assert await one == two
    assert count(postgres_store, Person) == count(postgres_store, Address) == 1


def test_a_known_address_keeps_its_person_and_the_way_it_was_first_written(store: Store, now: Clock) -> None:
    first = store.write_now(
        lambda tx: people.add(tx, Party(EMAIL, "Ann@Example.org", "Ann"), "ann@example.org", now())
    )
    again = store.write_now(
        lambda tx: people.add(tx, Party(EMAIL, "ann@example.org", "Eve"), "ann@example.org", now())
    )
    other = store.write_now(lambda tx: people.add(tx, Party("slack", "U1", "Ann"), "ann@example.org", now()))
    assert first == again
    assert other.id != first.id
    assert store.read_now(lambda tx: people.find(tx, EMAIL, "ann@example.org")) == first
    assert store.read_now(lambda tx: people.find(tx, EMAIL, "ben@example.org")) is None
    assert count(store, Person) == 2


def test_a_ticket_tells_its_whole_story(store: Store, now: Clock) -> None:
    file = Attachment("a.txt", "text/plain", 3, "0" * 64)

    def unit(tx: Tx) -> int:
        inbox.add(tx, payload("k"))
        (claim,) = inbox.claim(tx, "w", 1, LEASE)
        number = new_ticket(tx)
        entry = tickets.NewEntry(
            number, "message", 1, "mail", "No light", now(), external_id="m1@x", inbox_id=claim.id
        )
        tickets.add_entry(tx, entry, (file,))
        tickets.record(tx, number, "opened", now(), actor=1, channel="mail", after={"state": "new"})
        timers.start_all(tx, number, {"first-response": now() + HOUR})
        outbox.queue(tx, message(number), "ann@example.org", now())
        assert inbox.finish(tx, claim, outcome="opened", reason="new", ticket=number)
        return number

    number = store.write_now(unit)
    story = store.read_now(lambda tx: stories.story(tx, number))
    assert story is not None
    assert (story.ticket.subject, story.ticket.requester, story.addresses) == (
        "No light",
        "Ann",
        ["ann@example.org"],
    )
    assert [(row.text, row.author, row.created_at) for row in story.entries] == [("No light", "Ann", now())]
    assert [(row.name, row.sha256) for row in story.attachments] == [("a.txt", "0" * 64)]
    assert [(row.action, row.before, row.after) for row in story.events] == [
        ("opened", None, {"state": "new"})
    ]
    assert [(row.key, row.reason) for row in story.inbox] == [("k", "new")]
    assert [row.state for row in story.outbox] == [OutboxState.QUEUED]
    assert [row.kind for row in story.timers] == ["first-response"]
    assert store.read_now(lambda tx: stories.story(tx, number + 1)) is None
    answer = store.read_now(lambda tx: stories.answer_to(tx, "m1@x"))
    assert answer == stories.Answer(number, OutboxState.QUEUED, None)
    assert store.read_now(lambda tx: stories.answer_to(tx, "nobody@x")) is None
    assert [row.id for row in store.read_now(lambda tx: stories.listed(tx, ("new",), 5))] == [number]
    assert store.read_now(lambda tx: stories.listed(tx, ("closed",), 5)) == []


def test_a_ticket_number_is_never_given_twice(store: Store) -> None:
    import sqlalchemy as sa

    from bot.store.models import Ticket

    first = store.write_now(new_ticket)
    store.write_now(lambda tx: tx.run(sa.delete(Ticket).where(Ticket.id == first)))
    assert store.write_now(new_ticket) > first


def test_a_change_from_a_state_that_is_gone_is_refused(store: Store, now: Clock) -> None:
    number = store.write_now(new_ticket)
    change = partial(tickets.change, ticket=number, now=now(), expected_state="new", state="open")
    assert store.write_now(change) is True
    assert store.write_now(change) is False
    facts = store.write_now(lambda tx: tickets.facts(tx, number))
    assert facts is not None
    assert facts.state == "open"


async def test_facts_lock_the_ticket_until_the_transaction_ends(postgres_store: Store, now: Clock) -> None:
    number = postgres_store.write_now(new_ticket)
    locked, release = threading.Event(), threading.Event()
    order: list[str] = []

    def first(tx: Tx) -> None:
        tickets.facts(tx, number)
        locked.set()
        assert release.wait(20)
        order.append("first")
        tickets.change(tx, number, now(), expected_state="new", state="open")

    def second(tx: Tx) -> str:
        facts = tickets.facts(tx, number)
        order.append("second")
        assert facts is not None
        return facts.state

    one = asyncio.create_task(postgres_store.write(first))
    assert await asyncio.to_thread(locked.wait, 20)
    two = asyncio.create_task(postgres_store.write(second))
    done, _ = await asyncio.wait([two], timeout=0.2)
    assert not done
    release.set()
    await one
    assert await two == "open"
    assert order == ["first", "second"]


def test_a_moment_without_a_zone_is_refused_as_a_fault_of_ours(store: Store, now: Clock) -> None:
    naive = now().replace(tzinfo=None)
    with pytest.raises(Exception, match="without a time zone"):
        store.write_now(lambda tx: tickets.record(tx, new_ticket(tx), "opened", naive))
    assert count(store, Event) == 0


def test_events_are_appended_for_each_write(store: Store, now: Clock) -> None:
    number = store.write_now(new_ticket)
    for action in ("opened", "note"):
        store.write_now(partial(tickets.record, ticket=number, action=action, at=now(), before={"a": 1}))
    store.write_now(lambda tx: queue(tx, number))
    assert count(store, Event) == 2
