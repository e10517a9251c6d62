"""What becomes of messages when the process that sends them dies, sleeps or stops."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from bot.message import Kind
from bot.store import outbox, outbox_review
from bot.store.models import OutboxState
from tests.delivery_rig import a_rig


async def test_l9_a_stop_finishes_what_is_being_sent_and_leaves_the_rest(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:
        rig.sink.gate = asyncio.Event()
        for number in range(40):
            rig.queue(Kind.REPLY, f"p{number}@localhost")
        running = asyncio.create_task(rig.delivery.run())
        await rig.sink.reached.wait()
        running.cancel()
        rig.sink.gate.set()
        with pytest.raises(asyncio.CancelledError):
            await running
        states = Counter(rig.states())
        assert states["sending"] == 0, "nothing is given away half"
        assert states["sent"] == len(rig.sink.taken) == 12
        assert states["queued"] == 28


@pytest.mark.parametrize(
    ("kind", "state"), [(Kind.ACKNOWLEDGEMENT, "unknown"), (Kind.REPLY, "queued")], ids=str
)
async def test_x5_what_a_dead_process_was_sending_is_sent_again_only_when_a_person_wrote_it(
    tmp_path: Path, kind: Kind, state: str
) -> None:
    async with a_rig(tmp_path) as rig:
        rig.queue(kind)
        await rig.delivery._claim(32)
        await rig.store.write(lambda tx: outbox.recover(tx, "the next process"))
        assert rig.states() == [state]


async def test_x5_x16_a_sender_is_told_that_an_attempt_before_may_have_done_it(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:
        rig.queue(Kind.REPLY)
        rig.queue(Kind.ACKNOWLEDGEMENT, to="ben@localhost")
        await rig.delivery._claim(32)
        await rig.store.write(lambda tx: outbox.recover(tx, "the next process"))
        unknown = next(row.id for row in rig.rows() if row.state == "unknown")
        assert await rig.store.write(lambda tx: outbox_review.retry(tx, unknown))
        rig.queue(Kind.REPLY, to="eve@localhost")
        rig.clock.forward(seconds=1)
        await rig.round()
        told = {message.to.address: message.again for message in rig.sink.taken}
        assert told == {"ann@localhost": True, "ben@localhost": True, "eve@localhost": False}


async def test_x19_what_was_taken_over_by_others_is_not_recorded_twice(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:
        rig.queue(Kind.REPLY)
        (slow,) = await rig.delivery._claim(32)
        await rig.store.write(lambda tx: outbox.recover(tx, "w2"))
        rig.clock.forward(seconds=1)
        (mine,) = await rig.delivery._claim(32)
        await rig.delivery._settle(slow, OutboxState.FAILED, "too late")
        assert rig.states() == ["sending"]
        await rig.delivery._settle(mine, OutboxState.SENT, "250")
        assert rig.states() == ["sent"]


async def test_x19_what_was_claimed_before_a_long_sleep_is_given_back_untried(tmp_path: Path) -> None:
    """As on PostgreSQL, where others may have taken it over meanwhile; and where nobody has, it must not stay."""
    async with a_rig(tmp_path) as rig:
        made = rig.queue(Kind.ACKNOWLEDGEMENT)
        rig.store.embedded = False
        (claim,) = await rig.delivery._claim(32)
        rig.delivery._held_until = time.monotonic() - 1
        await rig.delivery._handle(claim)
        assert (rig.states(), rig.sink.given) == (["queued"], [])
        rig.clock.forward(seconds=1)
        await rig.round()
        assert (rig.states(), rig.sink.taken) == (["sent"], [made])


async def test_x19_leases_are_kept_as_long_as_the_loop_that_renews_them_runs(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:
        rig.queue(Kind.REPLY)
        (claim,) = await rig.delivery._claim(32)
        before = rig.rows()[0].lease_until
        rig.clock.forward(seconds=30)
        await rig.delivery.keep_leases()
        assert rig.rows()[0].lease_until == before + timedelta(seconds=30)
        await rig.delivery._handle(claim)
        assert rig.states() == ["sent"]
