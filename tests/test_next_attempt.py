"""What to do after a failed attempt: pure arithmetic."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.delivery import GiveUp, TryAgain, next_step
from bot.errors import ChannelError
from bot.message import Kind
from bot.store.models import OutboxState
from bot.store.outbox import OutboxClaim
from tests.desks import MONDAY, an_outgoing

DAYS_5 = timedelta(days=5)


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
