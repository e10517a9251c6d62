"""From the outbox to the world: what is tried again, what is given up, and that nobody blocks anybody."""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from bot.delivery import Delivery, Fuse, GiveUp, TryAgain, next_step
from bot.errors import ChannelError, HeldError, TemplateError, WorkerFailed
from bot.loops import Pace
from bot.message import EMAIL, Kind, OutgoingMessage, Party, Receipt
from bot.metrics import Metrics
from bot.ports import Sender
from bot.store import outbox, outbox_review
from bot.store.engine import Store
from bot.store.models import Event, Outbox, OutboxState
from bot.store.outbox import OutboxClaim
from tests.desks import MONDAY, Clock, a_desk, a_message, an_outgoing, make_store, open_desk

DAYS_5 = timedelta(days=5)


# What to do after a failed attempt


def a_claim(kind: Kind = Kind.REPLY, attempt: int = 1, ambiguous: int = 0) -> OutboxClaim:
    return OutboxClaim(1, attempt, ambiguous, an_outgoing(kind=kind), None)


AUTOMATIC = st.sampled_from([kind for kind in Kind if kind.automatic])
ERRORS = st.builds(
    ChannelError,
    st.text(max_size=10),
    permanent=st.booleans(),
    retry_after=st.none() | st.floats(),
    ambiguous=st.booleans(),
)
CLAIMS = st.builds(a_claim, st.sampled_from(Kind), st.integers(1, 10_000), st.integers(0, 50))
AGES = st.timedeltas(timedelta(days=-1), timedelta(days=400))


@given(AUTOMATIC, AGES, st.integers(1, 99))
def test_f3_what_a_machine_wrote_is_never_sent_again_when_it_may_have_arrived(
    kind: Kind, age: timedelta, attempt: int
) -> None:
    error = ChannelError("gone after the dot", ambiguous=True)
    assert next_step(error, a_claim(kind, attempt), MONDAY + age) == GiveUp(OutboxState.UNKNOWN)


def test_x6_what_a_person_wrote_is_sent_once_more_when_it_may_have_arrived_and_then_no_more() -> None:
    error = ChannelError("gone after the dot", ambiguous=True)
    first = next_step(error, a_claim(), MONDAY)
    assert isinstance(first, TryAgain)
    assert first.ambiguous
    assert next_step(error, a_claim(attempt=2, ambiguous=1), MONDAY) == GiveUp(OutboxState.UNKNOWN)


@given(CLAIMS, AGES)
def test_f5_what_is_refused_for_good_is_not_tried_again(claim: OutboxClaim, age: timedelta) -> None:
    step = next_step(ChannelError("550", permanent=True), claim, MONDAY + age)
    assert step == GiveUp(OutboxState.FAILED)


@given(ERRORS, CLAIMS, AGES)
def test_f5_every_failure_has_an_answer_and_no_attempt_lies_beyond_five_days(
    error: ChannelError, claim: OutboxClaim, age: timedelta
) -> None:
    step = next_step(error, claim, MONDAY + age)
    if isinstance(step, GiveUp):
        assert step.state in {OutboxState.FAILED, OutboxState.UNKNOWN}
        return
    assert not error.permanent
    assert timedelta(minutes=1) <= step.after
    assert age + step.after <= DAYS_5
    assert step.ambiguous == error.ambiguous


@given(st.floats(min_value=0, max_value=4 * 86400), st.integers(1, 99))
def test_i7_the_wait_that_a_service_asks_for_is_the_least_that_it_gets(asked: float, attempt: int) -> None:
    step = next_step(ChannelError("429", retry_after=asked), a_claim(attempt=attempt), MONDAY)
    assert isinstance(step, TryAgain)
    assert step.after >= timedelta(seconds=asked)
    assert step.after >= timedelta(minutes=1)


@pytest.mark.parametrize("asked", [math.inf, 1e300, 6 * 86400, math.nan])
def test_a_wait_without_end_is_a_refusal(asked: float) -> None:
    assert next_step(ChannelError("429", retry_after=asked), a_claim(), MONDAY) == GiveUp(OutboxState.FAILED)


def test_x7_waits_grow_to_an_hour_and_end_after_five_days() -> None:
    now, attempt, waits = MONDAY, 1, []
    error = ChannelError("451")
    while isinstance(step := next_step(error, a_claim(attempt=attempt), now), TryAgain):
        waits.append(step.after)
        now, attempt = now + step.after, attempt + 1
    assert [w.total_seconds() / 60 for w in waits[:6]] == [1, 5, 15, 30, 60, 60]
    assert timedelta(days=4, hours=23) <= now - MONDAY <= DAYS_5


# On a store


class Sink:
    """A sender that does what the test says, and remembers what it was given."""

    def __init__(self) -> None:
        self.given: list[OutgoingMessage] = []
        self.taken: list[OutgoingMessage] = []
        self.obey: Callable[[OutgoingMessage], object] = lambda _: None
        self.gate: asyncio.Event | None = None
        self.reached = asyncio.Event()

    async def send(self, message: OutgoingMessage) -> Receipt:
        """Raises what ``obey`` raises."""
        self.given.append(message)
        self.reached.set()
        if self.gate:
            await self.gate.wait()
        self.obey(message)
        self.taken.append(message)
        return Receipt("250 ok")

    async def check(self) -> None:
        """Always there."""

    async def close(self) -> None:
        """Nothing is kept open."""


class Rig:
    """A delivery whose rounds the test makes itself."""

    def __init__(self, store: Store, clock: Clock, **limits: Any) -> None:
        self.store, self.clock, self.sink = store, clock, Sink()
        senders: dict[str, Sender] = {"mail": self.sink}
        self.delivery = Delivery(
            store, senders, a_desk(limits=limits), Metrics(), worker="w1", pace=Pace(), now=clock
        )

    def queue(self, kind: Kind = Kind.REPLY, to: str = "ann@localhost", **values: Any) -> OutgoingMessage:
        """Put a message into the outbox."""
        made = an_outgoing(kind=kind, to=Party(EMAIL, to), created_at=self.clock(), **values)
        self.store.write_now(lambda tx: outbox.queue(tx, made, to))
        return made

    async def round(self) -> int:
        """Claim what is due and handle it, as the loop does; how many there were."""
        claims = await self.delivery._claim(32)
        await asyncio.gather(*(self.delivery._handle(claim) for claim in claims))
        return len(claims)

    def rows(self, table: Any = Outbox) -> list[Any]:
        return self.store.read_now(lambda tx: list(tx.run(sa.select(*table.__table__.c).order_by(table.id))))

    def states(self) -> list[str]:
        return [row.state for row in self.rows()]


@asynccontextmanager
async def a_rig(folder: Path, **limits: Any) -> AsyncIterator[Rig]:
    clock = Clock()
    store = make_store(folder, clock)
    store.open()
    try:
        yield Rig(store, clock, **limits)
    finally:
        await asyncio.to_thread(store.close)


def refuse(error: Exception) -> Callable[[OutgoingMessage], object]:
    def obey(_: OutgoingMessage) -> object:
        raise error

    return obey


async def test_what_is_due_is_sent_once_and_recorded(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:
        made = rig.queue()
        assert [await rig.round(), await rig.round()] == [1, 0]
        (row,) = rig.rows()
        assert rig.sink.taken == [made]
        assert (row.state, row.result, row.attempts, row.finished_at) == ("sent", "250 ok", 1, MONDAY)


async def test_x7_a_relay_that_is_away_for_hours_gets_the_message_once_it_is_back(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:
        made = rig.queue()
        rig.sink.obey = refuse(ChannelError("451 4.3.0 later"))
        for _ in range(12 * 60):
            await rig.round()
            rig.clock.forward(minutes=1)
        assert len(rig.sink.given) < 20
        assert (rig.states(), rig.rows()[0].result) == (["queued"], "451 4.3.0 later")
        rig.sink.obey = lambda _: None
        rig.clock.forward(hours=1)
        await rig.round()
        assert rig.sink.taken == [made]
        assert {m.token for m in rig.sink.given} == {made.token}, "each attempt bears the same Message-ID"


POISON = [
    UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"),
    ChannelError("550 5.1.1 \x00\ud800\r\nno such user", permanent=True),
    ChannelError("4" * 100_000),
    ChannelError("429", retry_after=math.inf),
    HeldError("too-big", "limit 512 MB"),
    WorkerFailed("died", "exit status 9"),
    TemplateError("broken"),
    RecursionError(),
    MemoryError(),
    KeyError("x"),
]


@pytest.mark.parametrize("error", POISON, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("kind", [Kind.REPLY, Kind.ACKNOWLEDGEMENT])
async def test_f6_a_message_that_fails_in_any_way_blocks_nobody(
    tmp_path: Path, error: Exception, kind: Kind
) -> None:
    async with a_rig(tmp_path) as rig:

        def obey(message: OutgoingMessage) -> object:
            if message.to.address == "poison@localhost":
                raise error
            return None

        rig.sink.obey = obey
        rig.queue(kind, "poison@localhost")
        for number in range(9):
            rig.queue(kind, f"p{number}@localhost")
        await rig.round()
        assert Counter(rig.states()[1:]) == {"sent": 9}
        assert rig.states()[0] in {"queued", "failed", "unknown"}
        assert rig.rows()[0].result
        assert len(rig.rows()[0].result) <= 500


async def test_f6_what_fails_for_good_is_told_in_its_ticket(tmp_path: Path) -> None:
    with open_desk(tmp_path) as desk:
        desk.receive(a_message())
        desk.store.open()
        rig = Rig(desk.store, desk.clock)
        rig.sink.obey = refuse(ChannelError("550 5.1.1 no such user", permanent=True))
        await rig.round()
        event = rig.rows(Event)[-1]
        assert (rig.states(), event.ticket_id, event.action) == (["failed"], 1, "delivery.ended")
        assert event.after == {
            "kind": "acknowledgement",
            "state": "failed",
            "result": "550 5.1.1 no such user",
        }


async def test_x21_an_automatic_message_that_is_too_old_is_not_sent_but_a_persons_is(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:
        rig.queue(Kind.ACKNOWLEDGEMENT, "a@localhost")
        reply = rig.queue(Kind.REPLY, "b@localhost")
        rig.clock.forward(hours=25)
        await rig.round()
        assert rig.states() == ["stale", "sent"]
        assert rig.sink.given == [reply]


async def test_x21_an_automatic_message_of_yesterday_is_still_sent(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:
        rig.queue(Kind.ACKNOWLEDGEMENT)
        rig.clock.forward(hours=23, minutes=59)
        await rig.round()
        assert rig.states() == ["sent"]


@pytest.mark.parametrize(("kind", "sent"), [(Kind.PROGRESS, []), (Kind.REPLY, [1]), (Kind.NOTICE, [1])])
async def test_what_waited_while_the_desk_was_down_by_day_does_not_come_at_night(
    tmp_path: Path, kind: Kind, sent: list[int]
) -> None:
    async with a_rig(tmp_path) as rig:
        rig.queue(kind)
        rig.clock.moment = MONDAY.replace(hour=23)
        await rig.round()
        assert [1 for _ in rig.sink.taken] == sent
        rig.clock.moment = MONDAY.replace(hour=7, minute=59) + timedelta(days=1)
        await rig.round()
        assert [1 for _ in rig.sink.taken] == sent
        rig.clock.forward(minutes=1)
        await rig.round()
        assert [row.state for row in rig.rows()] == ["sent"]


async def test_e3_when_the_fuse_blows_automatic_messages_wait_and_replies_go(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with a_rig(tmp_path, all_per_hour=5) as rig:
        for number in range(5):
            rig.queue(Kind.ACKNOWLEDGEMENT, f"a{number}@localhost")
        await rig.round()
        rig.queue(Kind.ACKNOWLEDGEMENT, "late@localhost")
        rig.queue(Kind.REPLY, "person@localhost")
        for _ in range(3):
            await rig.round()
        assert rig.states() == ["sent"] * 5 + ["queued", "sent"]
        actions = [getattr(record, "action", "") for record in caplog.records]
        assert actions.count("delivery.fuse-blown") == 1, "once, and not each second"


def test_the_fuse_counts_what_was_sent_in_the_last_hour() -> None:
    fuse = Fuse(2)
    fuse.count()
    assert not fuse.blown
    fuse.count()
    assert fuse.blown
    fuse._sent[0] = fuse._sent[1] = time.monotonic() - 3601
    assert not fuse.blown


async def test_a_message_whose_channel_was_renamed_waits_for_it(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:
        for kind in (Kind.ACKNOWLEDGEMENT, Kind.REPLY):
            rig.queue(kind, f"{kind}@localhost", channel="old-mail")
        await rig.round()
        assert rig.states() == ["queued", "queued"]
        assert "old-mail" in rig.rows()[0].result


async def test_the_order_within_a_ticket_is_kept_while_the_first_message_waits(tmp_path: Path) -> None:
    with open_desk(tmp_path) as desk:
        desk.receive(a_message())
        desk.store.open()
        rig = Rig(desk.store, desk.clock)
        desk.store.write_now(lambda tx: tx.run(sa.delete(Outbox)))
        first, second = (rig.queue(Kind.REPLY, ticket=1) for _ in range(2))
        rig.sink.obey = refuse(ChannelError("451"))
        await rig.round()
        rig.sink.obey = lambda _: None
        assert await rig.round() == 0
        rig.clock.forward(minutes=1)
        await rig.round()
        await rig.round()
        assert rig.sink.taken == [first, second]


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


async def test_the_time_from_acceptance_to_acknowledgement_is_measured(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:
        made = an_outgoing(kind=Kind.ACKNOWLEDGEMENT)
        await rig.store.write(lambda tx: outbox.queue(tx, made, "ann@localhost", MONDAY))
        rig.clock.forward(seconds=3)
        await rig.round()
        assert b"deskbot_acknowledged_seconds_sum 3.0" in rig.delivery._metrics.render()


async def test_a_message_without_a_ticket_can_fail_too(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:
        rig.queue(Kind.NOTICE)
        rig.sink.obey = refuse(ChannelError("550", permanent=True))
        await rig.round()
        assert (rig.states(), rig.rows(Event)) == (["failed"], [])


async def test_h4_a_message_for_which_there_are_no_words_waits_because_it_has_surely_not_gone_out(
    tmp_path: Path,
) -> None:
    async with a_rig(tmp_path) as rig:
        rig.sink.obey = refuse(TemplateError("received: no template can speak"))
        rig.queue(Kind.ACKNOWLEDGEMENT)
        await rig.round()
        assert (rig.states(), rig.rows()[0].result) == (["queued"], "received: no template can speak")
