"""What must be done now and then."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot import housekeeping
from bot.loops import Pace
from bot.message import Kind
from bot.store import inbox, outbox, outbox_review, timers
from bot.store.blobs import LocalBlobs
from bot.store.engine import Store, Tx
from bot.store.models import Inbox, InboxState, Outbox, OutboxState, PayloadRow, Timer
from bot.store.outbox import OutboxClaim
from tests.desks import a_desk
from tests.fresh import migrated
from tests.store.makers import LEASE, Clock, count, message, new_ticket, payload, queue, states


@pytest.fixture
def now() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, now: Clock) -> Store:
    made = Store(f"sqlite:///{tmp_path / 'deskbot.db'}", now=now)
    migrated(made)
    made.open()
    return made


async def test_what_the_dead_held_is_given_back_and_the_loops_are_woken(store: Store) -> None:
    def held_by_the_dead(tx: Tx) -> None:
        inbox.add(tx, payload())
        queue(tx, kind=Kind.REPLY)
        queue(tx, kind=Kind.ACKNOWLEDGEMENT)
        inbox.claim(tx, "dead", 9, LEASE)
        outbox.claim(tx, "dead", 9, LEASE)

    await store.write(held_by_the_dead)
    pace = Pace(poll=30)
    await housekeeping.recover_now(store, "me", (pace,))
    await pace.wait()  # returns at once: it was woken
    assert states(store, Inbox) == [InboxState.WAITING]
    assert states(store, Outbox) == [OutboxState.QUEUED, OutboxState.UNKNOWN]
    assert await store.write(lambda tx: housekeeping.recover(tx, "me")) == {
        "inbox": 0,
        "outbox.unknown": 0,
        "outbox.again": 0,
    }
    store.close()


async def test_l3_everything_past_its_age_is_forgotten_in_small_steps_and_a_stop_is_taken_up_again(
    store: Store, now: Clock, tmp_path: Path
) -> None:
    many = 600

    def old_and_done(tx: Tx) -> None:
        for _ in range(many):
            inbox.add(tx, payload(at=now()))
            queue(tx, at=now())
        for claim in inbox.claim(tx, "me", many, LEASE):
            inbox.finish(tx, claim, outcome="opened", reason="new")
        for sent in outbox.claim(tx, "me", many, LEASE):
            outbox.settle(tx, sent, OutboxState.SENT, "ok")
        timers.start_all(tx, new_ticket(tx), {"old": now() - LEASE})
        assert all(timers.fired(tx, timer) for timer in timers.due(tx, 9))

    desk, blobs = a_desk(), LocalBlobs(tmp_path / "blobs")
    config = desk.config
    await store.write(old_and_done)
    await housekeeping.forget(store, desk, blobs, now)
    assert (count(store, PayloadRow), count(store, Outbox), count(store, Timer)) == (many, many, 1)
    now.forward(max(config.retention.raw, config.retention.outbox) + timedelta(days=1))
    await store.write(
        lambda tx: inbox.forget_raw(tx, now() - config.retention.raw, 50)
    )  # a run that was stopped
    await housekeeping.forget(store, desk, blobs, now)
    assert (count(store, PayloadRow), count(store, Outbox), count(store, Timer)) == (0, 0, 0)
    assert count(store, Inbox) == many  # the keys stay, so that nothing comes back
    store.close()


def alerts(store: Store) -> list[str]:
    rows = store.read_now(lambda tx: list(tx.run(sa.select(Outbox.recipient).where(Outbox.event == "alert"))))
    return [row.recipient for row in rows]


async def test_l10_what_cannot_be_sent_for_ten_minutes_is_told_once_a_day(store: Store, now: Clock) -> None:
    desk, pace = a_desk(desk={"alarms": ["ops@example.org"]}), Pace(poll=30)

    async def look(minutes: float) -> list[str]:
        now.forward(timedelta(minutes=minutes))
        await housekeeping.tell_of_unsent(store, desk, "mail", pace, now)
        return alerts(store)

    await store.write(lambda tx: queue(tx, at=now()))
    claim = (await store.write(lambda tx: outbox.claim(tx, "me", 1, LEASE)))[0]
    await store.write(lambda tx: outbox.put_off(tx, claim, timedelta(hours=1), "refused", ambiguous=False))
    assert await look(9) == []
    assert await look(2) == ["ops@example.org"]
    await pace.wait()  # returns at once: it was woken
    assert await look(60) == ["ops@example.org"]
    assert await look(24 * 60) == ["ops@example.org"] * 2
    store.close()


async def test_l10_what_waits_for_the_morning_is_no_trouble_until_it_could_have_gone(
    store: Store, now: Clock
) -> None:
    desk, morning = a_desk(desk={"alarms": ["ops@example.org"]}), now() + timedelta(hours=8)
    letter = message(0, Kind.PROGRESS, "ann@example.org", now())
    await store.write(lambda tx: outbox.queue(tx, letter, "ann@example.org", not_before=morning))
    for minutes, told in ((7 * 60, 0), (65, 0), (10, 1)):
        now.forward(timedelta(minutes=minutes))
        await housekeeping.tell_of_unsent(store, desk, "mail", Pace(poll=30), now)
        assert len(alerts(store)) == told
    assert store.read_now(outbox_review.depth).oldest == morning
    store.close()


@pytest.mark.parametrize("tried", [0, 1])
async def test_l10_what_the_delivery_puts_off_to_the_morning_raises_no_alarm_at_night(
    store: Store, now: Clock, tried: int
) -> None:
    """It came late, because nothing went out by day, and now its reader sleeps."""
    desk = a_desk(desk={"alarms": ["ops@example.org"]})
    letter = message(0, Kind.PROGRESS, "ann@example.org", now())

    def claim(tx: Tx) -> OutboxClaim:
        (claimed,) = outbox.claim(tx, "me", 1, LEASE)
        return claimed

    await store.write(lambda tx: outbox.queue(tx, letter, "ann@example.org"))
    for _ in range(tried):
        mine = await store.write(claim)
        assert await store.write(
            partial(outbox.put_off, claim=mine, after=timedelta(minutes=1), result="no", ambiguous=False)
        )
        now.forward(timedelta(minutes=2))
    mine = await store.write(claim)
    assert await store.write(lambda tx: outbox.until_morning(tx, mine, timedelta(hours=8)))
    for minutes, told in ((15, 0), (7 * 60, 0), (54, 0), (15, 1)):
        now.forward(timedelta(minutes=minutes))
        await housekeeping.tell_of_unsent(store, desk, "mail", Pace(poll=30), now)
        assert len(alerts(store)) == told
    again = await store.write(lambda tx: outbox.claim(tx, "me", 9, LEASE))
    assert (letter.token, tried + 1) in [(one.message.token, one.attempt) for one in again]
    store.close()


_LATER = (Kind.PROGRESS, Kind.NOTICE)


async def test_what_waits_for_the_morning_keeps_nothing_else_waiting(store: Store, now: Clock) -> None:
    def unit(tx: Tx) -> tuple[list[Kind], list[Kind]]:
        ticket = new_ticket(tx)
        news, answer = (message(ticket, kind, "ann@example.org", now()) for kind in _LATER)
        outbox.queue(tx, news, "ann@example.org")
        (mine,) = outbox.claim(tx, "me", 1, LEASE)
        assert outbox.until_morning(tx, mine, timedelta(hours=8))
        outbox.queue(tx, answer, "ann@example.org")
        at_once, then = ([one.message.kind for one in outbox.claim(tx, "me", 9, LEASE)] for _ in range(2))
        return at_once, then

    assert await store.write(unit) == ([Kind.NOTICE], [])
    store.close()
