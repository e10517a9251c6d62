"""The inbox: kept once, taken once, settled by whoever has it, forgotten only when done."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta
from functools import partial

import pytest

from bot.store import inbox, inbox_review
from bot.store.engine import Store
from bot.store.models import Inbox, InboxState, PayloadRow
from tests.store.conftest import OpenStore
from tests.store.makers import LEASE, Clock, count, pass_time, payload, states

DAY = timedelta(days=1)


def take(store: Store, worker: str = "one", limit: int = 10) -> list[inbox.Claim]:
    return store.write_now(lambda tx: inbox.claim(tx, worker, limit, LEASE))


def add(store: Store, how_many: int = 1) -> None:
    for _ in range(how_many):
        assert store.write_now(lambda tx: inbox.add(tx, payload()))


def finish(store: Store, claim: inbox.Claim) -> bool:
    return store.write_now(lambda tx: inbox.finish(tx, claim, outcome="opened", reason="new"))


def test_the_same_key_twice_is_one_row_with_the_first_bytes(store: Store) -> None:
    assert store.write_now(lambda tx: inbox.add(tx, payload("k", b"first"))) is True
    assert store.write_now(lambda tx: inbox.add(tx, payload("k", b"second"))) is False
    assert count(store, Inbox) == count(store, PayloadRow) == 1
    row = store.read_now(lambda tx: inbox_review.one(tx, 1))
    assert row is not None
    assert row.raw == b"first"


def test_a_claim_gives_back_what_was_added(store: Store) -> None:
    made = payload(raw=bytes(range(256)) * 40)
    store.write_now(lambda tx: inbox.add(tx, made))
    (claim,) = take(store)
    assert claim.payload == made
    assert claim.attempt == 1
    assert take(store) == []


def test_the_oldest_is_claimed_first(store: Store) -> None:
    add(store, 5)
    assert [claim.id for claim in take(store, limit=3)] == [1, 2, 3]
    assert [claim.id for claim in take(store)] == [4, 5]


def test_a_claim_takes_no_more_than_may_be_in_memory_and_leaves_the_rest_untouched(store: Store) -> None:
    for name in ("a", "b", "c"):
        store.write_now(partial(inbox.add, payload=payload(name, raw=b"x" * 1000)))
    claim = partial(inbox.claim, worker="one", limit=10, lease=LEASE)
    assert len(store.write_now(partial(claim, octets=2500))) == 2
    assert states(store, Inbox) == ["claimed", "claimed", "waiting"]
    (last,) = store.write_now(partial(claim, octets=10))
    assert last.attempt == 1


def test_two_workers_at_once_take_each_row_once(database_url: str, open_store: OpenStore) -> None:
    stores = [open_store(database_url), open_store(database_url)]
    add(stores[0], 200)
    taken: list[int] = []

    def work(store: Store, name: str) -> None:
        while claims := take(store, name, 7):
            taken.extend(claim.id for claim in claims)

    threads = [threading.Thread(target=work, args=(store, f"w{n}")) for n, store in enumerate(stores)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(taken) == Counter(range(1, 201))


def test_x18_a_payload_is_due_at_once_whatever_the_process_clock_said(store: Store, now: Clock) -> None:
    store.write_now(lambda tx: inbox.add(tx, payload(at=now() + timedelta(hours=2))))
    now.forward(-timedelta(hours=2))
    assert len(take(store)) == 1


def test_x19_an_old_claim_cannot_settle(store: Store) -> None:
    add(store)
    (old,) = take(store, "paused")
    pass_time(store, 2 * LEASE)
    assert store.write_now(lambda tx: inbox.recover(tx, "other")) == 1
    (new,) = take(store, "other")
    assert new.attempt == 2
    assert not finish(store, old)
    assert not store.write_now(lambda tx: inbox.hold(tx, old, "unreadable"))
    assert not store.write_now(lambda tx: inbox.put_back(tx, old, timedelta(0)))
    assert finish(store, new)
    assert not finish(store, new)
    assert states(store, Inbox) == [InboxState.DONE]


def test_x19_a_retry_does_not_give_an_old_claim_its_rights_back(store: Store) -> None:
    add(store)
    (old,) = take(store, "paused")
    pass_time(store, 2 * LEASE)
    store.write_now(lambda tx: inbox.recover(tx, "other"))
    (held,) = take(store, "other")
    assert store.write_now(lambda tx: inbox.hold(tx, held, "unreadable"))
    assert store.write_now(lambda tx: inbox_review.retry(tx, held.id))
    (newest,) = take(store, "third")
    assert not finish(store, old)
    assert finish(store, newest)


@pytest.mark.parametrize("jump", [timedelta(hours=3), -timedelta(hours=3)])
def test_x18_recover_takes_nothing_from_a_living_worker_when_the_process_clock_jumps(
    store: Store, now: Clock, jump: timedelta
) -> None:
    add(store)
    (claim,) = take(store, "alive")
    now.forward(jump)
    assert store.write_now(lambda tx: inbox.recover(tx, "alive")) == 0
    assert finish(store, claim)


def test_recover_on_sqlite_gives_back_what_another_worker_held(sqlite_store: Store) -> None:
    add(sqlite_store, 2)
    take(sqlite_store, "dead", 1)
    take(sqlite_store, "alive", 1)
    assert sqlite_store.write_now(lambda tx: inbox.recover(tx, "alive")) == 1
    assert states(sqlite_store, Inbox) == [InboxState.WAITING, InboxState.CLAIMED]


def test_recover_on_postgresql_waits_for_the_end_of_the_lease(postgres_store: Store, now: Clock) -> None:
    add(postgres_store)
    take(postgres_store, "other")
    now.forward(100 * DAY)
    assert postgres_store.write_now(lambda tx: inbox.recover(tx, "me")) == 0
    pass_time(postgres_store, 2 * LEASE)
    assert postgres_store.write_now(lambda tx: inbox.recover(tx, "me")) == 1


def test_what_is_put_back_waits(store: Store) -> None:
    add(store)
    (claim,) = take(store)
    assert store.write_now(lambda tx: inbox.put_back(tx, claim, timedelta(minutes=1)))
    assert take(store) == []
    pass_time(store, timedelta(seconds=61))
    (again,) = take(store)
    assert again.attempt == 2


def test_a_held_payload_is_listed_and_can_be_retried_or_dropped(store: Store) -> None:
    add(store, 2)
    for claim in take(store):
        store.write_now(partial(inbox.hold, claim=claim, reason="unreadable", detail="depth 1000"))
    assert take(store) == []
    listed = store.read_now(lambda tx: inbox_review.listed(tx, (InboxState.HELD,), 10))
    assert [(row.id, row.reason, row.detail) for row in listed] == [
        (2, "unreadable", "depth 1000"),
        (1, "unreadable", "depth 1000"),
    ]
    assert store.read_now(inbox_review.depth).held == 2
    assert store.write_now(lambda tx: inbox_review.retry(tx, 1))
    assert store.write_now(lambda tx: inbox_review.drop(tx, 2))
    assert [claim.id for claim in take(store)] == [1]
    assert states(store, Inbox) == [InboxState.CLAIMED, InboxState.DROPPED]
    for other in (1, 2, 99):
        assert not store.write_now(partial(inbox_review.retry, inbox_id=other))
        assert not store.write_now(partial(inbox_review.drop, inbox_id=other))


def test_a_dropped_payload_does_not_come_back(store: Store) -> None:
    store.write_now(lambda tx: inbox.add(tx, payload("bad")))
    (claim,) = take(store)
    store.write_now(lambda tx: inbox.hold(tx, claim, "unreadable"))
    store.write_now(lambda tx: inbox_review.drop(tx, claim.id))
    assert store.write_now(lambda tx: inbox.add(tx, payload("bad"))) is False


def test_l3_bytes_are_forgotten_by_age_and_only_when_done(store: Store, now: Clock) -> None:
    old = now() - 40 * DAY
    for _ in range(4):
        store.write_now(lambda tx: inbox.add(tx, payload(at=old)))
    done, held, _claimed = take(store, limit=3)
    now.forward(-40 * DAY)
    finish(store, done)
    store.write_now(lambda tx: inbox.hold(tx, held, "unreadable"))
    now.forward(40 * DAY)
    add(store)
    (_, new) = take(store)
    finish(store, new)
    assert store.write_now(lambda tx: inbox.forget_raw(tx, now() - 30 * DAY, 10)) == 1
    kept = [store.read_now(partial(inbox_review.one, inbox_id=n)) for n in range(1, 6)]
    assert [row is not None and row.raw is not None for row in kept] == [False, True, True, True, True]
    assert store.write_now(lambda tx: inbox.add(tx, payload(done.payload.key))) is False


def test_l3_forgetting_goes_in_steps(store: Store, now: Clock) -> None:
    add(store, 5)
    for claim in take(store):
        finish(store, claim)
    later = now() + DAY
    steps = [store.write_now(lambda tx: inbox.forget_raw(tx, later, 2)) for _ in range(4)]
    assert steps == [2, 2, 1, 0]


def test_depth_counts_what_waits_and_since_when(store: Store, now: Clock) -> None:
    first = now() - timedelta(hours=1)
    store.write_now(lambda tx: inbox.add(tx, payload(at=first)))
    add(store)
    take(store, limit=1)
    depth = store.read_now(inbox_review.depth)
    assert (depth.waiting, depth.held, depth.oldest) == (2, 0, first)
