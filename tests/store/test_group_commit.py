"""Writing in groups: what a caller may rely on, and what one unit may do to another."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
import sqlalchemy as sa

from bot.errors import StoreError, StoreUnavailable
from bot.store import inbox, inbox_review
from bot.store.engine import Store, Tx, Unit
from bot.store.models import Inbox
from tests.store.conftest import OpenStore
from tests.store.makers import count, payload


class Gate:
    """A unit that stays in the writer thread until it is let go."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.release = threading.Event()

    def __call__(self, tx: Tx) -> None:
        self.entered.set()
        assert self.release.wait(30)


@pytest.fixture
def single(database_url: str, open_store: OpenStore) -> Store:
    """A store with one writer, so that what waits is one batch."""
    return open_store(database_url, writers=1)


async def entered(gate: Gate) -> None:
    """Until the writer stands in the gate."""
    assert await asyncio.to_thread(gate.entered.wait, 30)


async def behind_a_gate(store: Store, *units: Unit[Any]) -> list[asyncio.Task[Any]]:
    """Queue ``units`` while the writer is busy, so that they come in one batch; returns when they are done."""
    gate = Gate()
    first = asyncio.create_task(store.write(gate))
    await entered(gate)
    tasks: list[asyncio.Task[Any]] = [asyncio.create_task(store.write(unit)) for unit in units]
    await asyncio.sleep(0)
    gate.release.set()
    await first
    await asyncio.wait(tasks)
    return tasks


async def test_a_write_resolves_only_after_commit(single: Store) -> None:
    gate = Gate()

    def unit(tx: Tx) -> None:
        inbox.add(tx, payload())
        gate(tx)

    writing = asyncio.create_task(single.write(unit))
    await entered(gate)
    assert count(single, Inbox) == 0
    assert not writing.done()
    gate.release.set()
    await writing
    assert count(single, Inbox) == 1


async def test_units_that_wait_together_share_one_transaction(single: Store) -> None:
    tasks = await behind_a_gate(single, lambda tx: tx, lambda tx: tx, lambda tx: tx)
    transactions = {id(task.result()) for task in tasks}
    assert len(transactions) == 1
    assert single.counts.batches == 2


async def test_a_batch_is_bounded(database_url: str, open_store: OpenStore) -> None:
    store = open_store(database_url, writers=1, batch=2)
    tasks = await behind_a_gate(store, *[lambda tx: tx for _ in range(5)])
    assert len({id(task.result()) for task in tasks}) == 3


async def test_a_unit_that_raises_harms_no_other_and_leaves_nothing(single: Store) -> None:
    def bad(tx: Tx) -> None:
        inbox.add(tx, payload("bad"))
        raise ValueError("mine alone")

    good, failed, also_good = await behind_a_gate(
        single, lambda tx: inbox.add(tx, payload("one")), bad, lambda tx: inbox.add(tx, payload("two"))
    )
    assert good.result() is True
    assert also_good.result() is True
    with pytest.raises(ValueError, match="mine alone"):
        failed.result()
    assert count(single, Inbox) == 2
    assert count(single, Inbox, Inbox.key == "bad") == 0


async def test_a_statement_that_the_database_refuses_harms_no_other(single: Store) -> None:
    good, failed = await behind_a_gate(
        single, lambda tx: inbox.add(tx, payload()), lambda tx: tx.run(sa.text("SELECT no_such_column"))
    )
    assert good.result() is True
    with pytest.raises(StoreError):
        failed.result()
    assert count(single, Inbox) == 1


async def test_a_unit_may_run_twice_and_counts_once(single: Store) -> None:
    runs: list[str] = []

    def good(tx: Tx) -> bool:
        runs.append("good")
        return inbox.add(tx, payload("once"))

    def bad(tx: Tx) -> None:
        raise ValueError

    first, _ = await behind_a_gate(single, good, bad)
    assert runs == ["good", "good"]
    assert first.result() is True
    assert count(single, Inbox) == 1


async def test_a_unit_that_swallows_an_error_of_the_database_is_refused_and_harms_no_other(
    single: Store,
) -> None:
    """PostgreSQL answers COMMIT of a failed transaction with a friendly ROLLBACK: nobody may take that for yes."""

    def swallows(tx: Tx) -> str:
        inbox.add(tx, payload("swallowed"))
        try:
            tx.run(sa.text("SELECT no_such_column"))
        except sa.exc.SQLAlchemyError:
            return "never mind"
        raise AssertionError

    good, swallowed = await behind_a_gate(single, lambda tx: inbox.add(tx, payload("good")), swallows)
    assert good.result() is True
    assert count(single, Inbox, Inbox.key == "good") == 1
    told_yes = swallowed.exception() is None
    assert count(single, Inbox, Inbox.key == "swallowed") == int(told_yes)


async def test_an_error_that_no_future_may_carry_still_reaches_its_caller(single: Store) -> None:
    def stops(tx: Tx) -> object:
        return next(iter(()))

    good, failed = await behind_a_gate(single, lambda tx: inbox.add(tx, payload()), stops)
    assert good.result() is True
    with pytest.raises(RuntimeError):
        failed.result()


async def test_a_cancelled_waiter_does_not_break_the_batch(single: Store) -> None:
    gate = Gate()
    first = asyncio.create_task(single.write(gate))
    await entered(gate)
    cancelled = asyncio.create_task(single.write(lambda tx: inbox.add(tx, payload("cancelled"))))
    other = asyncio.create_task(single.write(lambda tx: inbox.add(tx, payload("other"))))
    await asyncio.sleep(0)
    cancelled.cancel()
    gate.release.set()
    assert await other is True
    await first
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    assert count(single, Inbox) == 2  # it was asked for, and may happen: the key absorbs a repeat (A3)


async def test_close_finishes_what_is_queued(store: Store) -> None:
    gate = Gate()
    first = asyncio.create_task(store.write(gate))
    await entered(gate)
    tasks = [asyncio.create_task(store.write(lambda tx: inbox.add(tx, payload()))) for _ in range(200)]
    await asyncio.sleep(0)
    closing = asyncio.create_task(asyncio.to_thread(store.close))
    gate.release.set()
    assert all(await asyncio.gather(*tasks))
    await closing
    await first
    assert count(store, Inbox) == 200


async def test_a_closed_store_refuses_instead_of_keeping_callers_waiting(store: Store) -> None:
    store.close()
    with pytest.raises(StoreUnavailable):
        await asyncio.wait_for(store.write(lambda tx: None), 5)
    with pytest.raises(StoreUnavailable):
        await asyncio.wait_for(store.read(lambda tx: None), 5)


async def test_a_loop_that_is_gone_does_not_stop_the_writer(single: Store) -> None:
    gate = Gate()

    def of_another_loop() -> None:
        async def ask_and_leave() -> None:
            task = asyncio.create_task(single.write(gate))
            await entered(gate)
            task.cancel()

        asyncio.run(ask_and_leave())

    await asyncio.to_thread(of_another_loop)
    gate.release.set()
    assert await single.write(lambda tx: inbox.add(tx, payload())) is True


async def test_reading_goes_on_while_a_writer_is_busy_and_cannot_write(single: Store) -> None:
    gate = Gate()
    writing = asyncio.create_task(single.write(gate))
    await entered(gate)
    assert await single.read(inbox_review.depth) == inbox_review.Depth(0, 0, None)
    with pytest.raises(StoreError):
        await single.read(lambda tx: inbox.add(tx, payload()))
    gate.release.set()
    await writing
    assert count(single, Inbox) == 0
