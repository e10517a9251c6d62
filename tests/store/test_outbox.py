"""The outbox: in order, at most once or at least once, and never held up by one row."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta
from functools import partial

import pytest
import sqlalchemy as sa

from bot.message import EMAIL, Kind
from bot.store import budgets, outbox, outbox_review
from bot.store.engine import Store
from bot.store.models import Outbox, OutboxState
from tests.store.conftest import OpenStore
from tests.store.makers import LEASE, Clock, count, message, new_ticket, pass_time, queue, states

SOON = timedelta(minutes=1)


def take(
    store: Store, worker: str = "one", limit: int = 10, *, automatic: bool = True
) -> list[outbox.OutboxClaim]:
    return store.write_now(lambda tx: outbox.claim(tx, worker, limit, LEASE, automatic=automatic))


def sent(store: Store, claim: outbox.OutboxClaim) -> bool:
    return store.write_now(lambda tx: outbox.settle(tx, claim, OutboxState.SENT, "250 ok"))


def put_off(store: Store, claim: outbox.OutboxClaim, *, ambiguous: bool = False) -> bool:
    return store.write_now(lambda tx: outbox.put_off(tx, claim, SOON, "451", ambiguous=ambiguous))


@pytest.fixture
def ticket(store: Store) -> int:
    return store.write_now(new_ticket)


def test_a_claim_gives_back_what_was_queued(store: Store, ticket: int, now: Clock) -> None:
    made = message(ticket)
    store.write_now(lambda tx: outbox.queue(tx, made, "ann@example.org", now()))
    (claim,) = take(store)
    assert (claim.message, claim.attempt, claim.ambiguous, claim.accepted_at) == (made, 1, 0, now())
    assert take(store) == []


def test_one_recipient_of_one_ticket_is_written_to_in_order(store: Store, ticket: int) -> None:
    tokens = [store.write_now(lambda tx: queue(tx, ticket, Kind.REPLY)) for _ in range(3)]
    seen = []
    while claims := take(store):
        assert len(claims) == 1
        seen.append(claims[0].message.token)
        assert sent(store, claims[0])
    assert seen == tokens


def test_a_persons_words_wait_for_a_machines_first_attempt_and_not_for_its_next(
    store: Store, ticket: int
) -> None:
    automatic = store.write_now(lambda tx: queue(tx, ticket))
    reply = store.write_now(lambda tx: queue(tx, ticket, Kind.REPLY))
    (claim,) = take(store)
    assert claim.message.token == automatic
    assert take(store) == []
    assert put_off(store, claim)
    assert [claim.message.token for claim in take(store)] == [reply]


def test_a_message_that_is_put_off_holds_back_only_its_own_ticket_and_recipient(
    store: Store, ticket: int
) -> None:
    other = store.write_now(new_ticket)
    first = store.write_now(lambda tx: queue(tx, ticket))
    store.write_now(lambda tx: queue(tx, ticket))
    (claim,) = take(store)
    assert claim.message.token == first
    assert put_off(store, claim)
    free = {
        store.write_now(lambda tx: queue(tx, ticket, to="ben@example.org")),
        store.write_now(lambda tx: queue(tx, other)),
        store.write_now(queue),
        store.write_now(queue),
    }
    assert {claim.message.token for claim in take(store)} == free
    pass_time(store, 2 * SOON)
    assert [claim.message.token for claim in take(store)] == [first]


def test_f7_two_workers_at_once_never_share_a_row(database_url: str, open_store: OpenStore) -> None:
    stores = [open_store(database_url), open_store(database_url)]
    tickets = [stores[0].write_now(new_ticket) for _ in range(20)]
    for number in range(120):
        stores[0].write_now(partial(queue, ticket=tickets[number % 20], to=f"p{number % 2}@example.org"))
    taken: list[int] = []

    def work(store: Store, name: str) -> None:
        while claims := take(store, name, 5):
            taken.extend(claim.id for claim in claims)
            for claim in claims:
                assert sent(store, claim)

    threads = [threading.Thread(target=work, args=(store, f"w{n}")) for n, store in enumerate(stores)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    work(stores[0], "last")  # what the other had in hand when both saw nothing
    assert Counter(taken) == Counter(range(1, 121))


def test_x5_recover_gives_up_what_a_machine_wrote_and_queues_what_a_person_wrote(store: Store) -> None:
    store.write_now(lambda tx: queue(tx, kind=Kind.ACKNOWLEDGEMENT))
    reply = store.write_now(lambda tx: queue(tx, kind=Kind.REPLY))
    old = take(store, "dead")
    pass_time(store, 2 * LEASE)
    assert store.write_now(lambda tx: outbox.recover(tx, "me")) == (1, 1)
    assert states(store, Outbox) == [OutboxState.UNKNOWN, OutboxState.QUEUED]
    (again,) = take(store, "me")
    assert (again.message.token, again.ambiguous, again.attempt) == (reply, 1, 2)
    assert not any(sent(store, claim) for claim in old)
    assert not any(put_off(store, claim) for claim in old)
    assert sent(store, again)


@pytest.mark.parametrize("jump", [timedelta(hours=3), -timedelta(hours=3)])
def test_x18_recover_takes_nothing_from_a_living_worker_when_the_process_clock_jumps(
    store: Store, now: Clock, jump: timedelta
) -> None:
    store.write_now(queue)
    (claim,) = take(store, "alive")
    now.forward(jump)
    assert store.write_now(lambda tx: outbox.recover(tx, "alive")) == (0, 0)
    assert sent(store, claim)


def test_x18_a_message_is_due_at_once_whatever_the_process_clock_said(store: Store, now: Clock) -> None:
    store.write_now(lambda tx: queue(tx, at=now() + timedelta(hours=2)))
    now.forward(-timedelta(hours=2))
    assert len(take(store)) == 1


def test_a_renewed_lease_is_not_taken(postgres_store: Store) -> None:
    postgres_store.write_now(queue)
    (claim,) = take(postgres_store, "slow")
    pass_time(postgres_store, 2 * LEASE)
    postgres_store.write_now(lambda tx: outbox.renew(tx, "slow", LEASE))
    assert postgres_store.write_now(lambda tx: outbox.recover(tx, "other")) == (0, 0)
    assert sent(postgres_store, claim)


def test_an_unclear_end_is_counted(store: Store) -> None:
    store.write_now(lambda tx: queue(tx, kind=Kind.REPLY))
    (first,) = take(store)
    put_off(store, first, ambiguous=True)
    pass_time(store, 2 * SOON)
    (second,) = take(store)
    assert second.ambiguous == 1
    put_off(store, second, ambiguous=False)
    pass_time(store, 2 * SOON)
    assert take(store)[0].ambiguous == 1


def test_x22_after_a_restore_nothing_goes_out_before_somebody_has_looked(store: Store) -> None:
    store.write_now(lambda tx: queue(tx, kind=Kind.REPLY))
    store.write_now(queue)
    (in_hand,) = take(store, limit=1)
    assert store.write_now(outbox_review.hold_all) == 2
    assert take(store) == []
    assert not sent(store, in_hand)
    assert store.write_now(lambda tx: outbox.recover(tx, "me")) == (0, 0)
    assert store.read_now(outbox_review.depth).held == 2
    assert store.write_now(lambda tx: outbox_review.retry(tx, in_hand.id))
    (again,) = take(store)
    assert again.attempt > in_hand.attempt
    assert not sent(store, in_hand)
    assert sent(store, again)
    assert not store.write_now(lambda tx: outbox_review.retry(tx, in_hand.id))


def test_f6_a_row_that_cannot_be_read_is_told_and_holds_up_no_other(store: Store) -> None:
    store.write_now(queue)
    good = store.write_now(queue)
    spoil = sa.update(Outbox).where(Outbox.id == 1).values(message='{"channel": 7')
    store.write_now(lambda tx: tx.run(spoil))
    assert [claim.message.token for claim in take(store)] == [good]
    (row,) = store.read_now(lambda tx: outbox_review.listed(tx, (OutboxState.FAILED,), 10))
    assert row.id == 1
    assert row.result.startswith("cannot be read")


def test_with_the_fuse_blown_only_a_persons_words_go_out(store: Store) -> None:
    store.write_now(queue)
    reply = store.write_now(lambda tx: queue(tx, kind=Kind.REPLY))
    assert [claim.message.token for claim in take(store, automatic=False)] == [reply]


def test_the_same_token_twice_is_refused(store: Store) -> None:
    made = message()
    store.write_now(lambda tx: outbox.queue(tx, made, "ann@example.org"))
    with pytest.raises(Exception, match=r"(?i)unique"):
        store.write_now(lambda tx: outbox.queue(tx, made, "ann@example.org"))
    assert count(store, Outbox) == 1


def test_budgets_count_automatic_messages_to_a_recipient_and_to_a_domain(store: Store, now: Clock) -> None:
    ages = [
        timedelta(minutes=5),
        timedelta(minutes=59),
        timedelta(minutes=61),
        timedelta(hours=23),
        timedelta(hours=25),
    ]
    for age in ages:
        store.write_now(partial(queue, to="ann@example.org", at=now() - age))
    store.write_now(lambda tx: queue(tx, kind=Kind.REPLY, to="ann@example.org", at=now()))
    store.write_now(lambda tx: queue(tx, to="ben@example.org", at=now()))
    store.write_now(lambda tx: queue(tx, to="ben@other.example", at=now()))
    counts = store.read_now(lambda tx: budgets.automatic_counts(tx, "ann@example.org", "example.org", now()))
    assert counts == budgets.AutomaticCounts(recipient_hour=2, recipient_day=4, domain_hour=3)
    own = store.read_now(lambda tx: budgets.automatic_counts(tx, "ann@example.org", None, now()))
    assert own == budgets.AutomaticCounts(2, 4, 0)
    nobody = store.read_now(lambda tx: budgets.automatic_counts(tx, "x@y.example", "y.example", now()))
    assert nobody == budgets.AutomaticCounts(0, 0, 0)


def test_l3_what_ended_is_forgotten_by_age_in_steps_and_what_waits_never(store: Store, now: Clock) -> None:
    for _ in range(6):
        store.write_now(queue)
    *ended, _waiting, held = take(store)
    for claim in ended:
        assert sent(store, claim)
    store.write_now(lambda tx: outbox.put_off(tx, held, SOON, "451", ambiguous=False))
    store.write_now(outbox_review.hold_all)
    later = now() + timedelta(days=100)
    assert store.write_now(lambda tx: outbox.forget(tx, now() - SOON, 10)) == 0
    assert [store.write_now(lambda tx: outbox.forget(tx, later, 3)) for _ in range(3)] == [3, 1, 0]
    assert states(store, Outbox) == [OutboxState.HELD, OutboxState.HELD]


def test_the_medium_and_the_kind_stand_in_columns_of_their_own(store: Store) -> None:
    store.write_now(lambda tx: queue(tx, kind=Kind.SURVEY))
    query = sa.select(Outbox.medium, Outbox.kind, Outbox.automatic, Outbox.domain)
    row = store.read_now(lambda tx: tx.run(query).one())
    assert tuple(row) == (EMAIL, "survey", True, "example.org")
