"""Mailboxes are read by one process at a time, and their progress is fenced."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.store import mailboxes
from bot.store.engine import Store
from bot.store.mailboxes import LeaseLost, Progress

MINUTE = timedelta(minutes=1)


async def test_b11_a_lease_is_had_by_one_fenced_and_taken_over(store: Store) -> None:
    mine = await store.write(lambda tx: mailboxes.take(tx, "support", "one", MINUTE))
    assert mine is not None
    await store.write(lambda tx: mailboxes.begin(tx, mine, Progress("INBOX", 1, 0, 5)))
    if not store.embedded:
        assert await store.write(lambda tx: mailboxes.take(tx, "support", "two", MINUTE)) is None
        assert await store.write(lambda tx: mailboxes.renew(tx, mine, -MINUTE))
    other = await store.write(lambda tx: mailboxes.take(tx, "support", "two", MINUTE))
    assert other is not None
    assert other.fence > mine.fence
    assert not await store.write(lambda tx: mailboxes.renew(tx, mine, MINUTE))
    assert not await store.write(lambda tx: mailboxes.release(tx, mine))
    with pytest.raises(LeaseLost):
        await store.write(lambda tx: mailboxes.advance(tx, mine, "INBOX", 1, 99))
    with pytest.raises(LeaseLost):
        await store.write(lambda tx: mailboxes.trouble(tx, mine, "INBOX", 1, 7, "no"))
    found = await store.read(lambda tx: mailboxes.progress(tx, "support", "INBOX"))
    assert found is not None
    assert found.done_uid == 5
    assert await store.write(lambda tx: mailboxes.release(tx, other))
    assert await store.write(lambda tx: mailboxes.take(tx, "support", "one", MINUTE)) is not None


async def test_b8_troubles_are_counted_and_forgotten_when_settled(store: Store) -> None:
    lease = await store.write(lambda tx: mailboxes.take(tx, "support", "one", MINUTE))
    assert lease is not None
    await store.write(lambda tx: mailboxes.begin(tx, lease, Progress("INBOX", 1, 0, 0)))
    for tries in (1, 2):
        counted = await store.write(lambda tx: mailboxes.trouble(tx, lease, "INBOX", 1, 7, "no"))
        assert counted == tries
    await store.write(lambda tx: mailboxes.advance(tx, lease, "INBOX", 1, 9))
    await store.write(lambda tx: mailboxes.advance(tx, lease, "INBOX", 1, 3))
    found = await store.read(lambda tx: mailboxes.progress(tx, "support", "INBOX"))
    assert found == Progress("INBOX", 1, 0, 9, None, {7: 2})
    await store.write(lambda tx: mailboxes.advance(tx, lease, "INBOX", 1, 9, [7]))
    found = await store.read(lambda tx: mailboxes.progress(tx, "support", "INBOX"))
    assert found == Progress("INBOX", 1, 0, 9, None, {})
