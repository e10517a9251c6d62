"""Turns: whatever is asked for in whatever order, no service hears more than it allows, and nobody waits in vain."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.turns import LONGEST, Rates, Turns
from bot.errors import ChannelBusy
from tests.channels.virtual_time import run

RATES = Rates(every=1.0, group_most=4, group_seconds=20.0, all_most=3, all_seconds=2.0)


@dataclass(frozen=True)
class Wish:
    """Somebody wants to say something."""

    at: float
    conversation: str
    lasts: float = 0.0
    asked: float | None = None
    """Instead of taking the first try, the service asks to wait so long."""

    @property
    def group(self) -> bool:
        return self.conversation.startswith("-")


@dataclass(frozen=True)
class Said:
    """What the service saw."""

    conversation: str
    began: float
    ended: float


@dataclass
class Service:
    """A service that remembers, behind turns on a clock that leaps."""

    rates: Rates = RATES
    said: list[Said] = field(default_factory=list)
    order: list[Wish] = field(default_factory=list)
    holds: list[tuple[str, float, float]] = field(default_factory=list)
    """Conversation, from, until."""
    refused: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.turns = Turns(self.rates, clock=self.now)

    @staticmethod
    def now() -> float:
        return asyncio.get_running_loop().time()

    async def say(self, wish: Wish) -> None:
        """Say it, however often it must come back."""
        await asyncio.sleep(wish.at)
        tries = 0
        while (wait := await self._try(wish)) is not None:
            tries += 1
            assert tries < 200, "it comes back for ever"
            assert 0 <= wait <= LONGEST + 200
            await asyncio.sleep(wait)
        self.order.append(wish)

    async def _try(self, wish: Wish) -> float | None:
        """Seconds after which to come back; None: it is said."""
        try:
            async with self.turns.turn(wish.conversation, group=wish.group):
                async with self.turns.message(wish.conversation):
                    began = self.now()
                    await asyncio.sleep(wish.lasts)
                    self.said.append(Said(wish.conversation, began, self.now()))
                if wish.asked is None or id(wish) in self.refused:
                    return None
                self.refused.add(id(wish))
                self.holds.append((wish.conversation, self.now(), self.now() + wish.asked))
                return self.turns.hold(wish.conversation, wish.asked).seconds
        except ChannelBusy as busy:
            return busy.seconds

    async def say_all(self, wishes: list[Wish]) -> None:
        await asyncio.gather(*(self.say(wish) for wish in wishes))

    def in_one(self, conversation: str) -> list[Said]:
        return [one for one in self.said if one.conversation == conversation]


def go(work: Coroutine[Any, Any, None]) -> None:
    run(work)


def seconds(low: int, high: int) -> st.SearchStrategy[float]:
    """Moments that can be added without rounding."""
    return st.integers(low * 64, high * 64).map(lambda number: number / 64)


PLACES = ("5", "6", "-7", "-8")
WISHES = st.lists(
    st.builds(
        Wish,
        at=seconds(0, 30),
        conversation=st.sampled_from(PLACES),
        lasts=st.sampled_from([0.0, 0.125, 1.5]),
        asked=st.none() | seconds(0, 90),
    ),
    max_size=25,
)


@settings(max_examples=80, deadline=None)
@given(WISHES)
def test_i7_j5_never_more_than_allowed_in_any_window_and_all_is_said(wishes: list[Wish]) -> None:
    service = Service()
    go(service.say_all(wishes))
    assert sorted(w.at for w in service.order) == sorted(w.at for w in wishes)
    for place in PLACES:
        said = service.in_one(place)
        assert all(b.began - a.ended >= RATES.every for a, b in itertools.pairwise(said))
        if place.startswith("-"):
            last = zip(said, said[RATES.group_most :], strict=False)
            assert all(b.began - a.ended >= RATES.group_seconds for a, b in last)
    began = sorted(one.began for one in service.said)
    together = zip(began, began[RATES.all_most :], strict=False)
    assert all(later - earlier >= RATES.all_seconds for earlier, later in together)
    for place, since, until in service.holds:
        assert not [one for one in service.in_one(place) if since < one.began < until]


@settings(max_examples=40, deadline=None)
@given(st.lists(seconds(0, 5), min_size=1, max_size=12), seconds(1, 30))
def test_who_waits_here_is_let_in_in_the_order_of_coming(arrivals: list[float], lasts: float) -> None:
    service = Service(Rates(patience=10_000.0))
    wishes = [Wish(at, "5", lasts) for at in sorted(arrivals)]
    go(service.say_all(wishes))
    assert service.order == wishes


@settings(max_examples=40, deadline=None)
@given(st.lists(seconds(0, 20), max_size=8), seconds(0, 20), seconds(0, 20), seconds(0, 100))
def test_i7_j5_one_slow_conversation_delays_no_other(
    slow: list[float], at: float, lasts: float, asked: float
) -> None:
    service = Service(Rates())
    other = Wish(at, "6")
    go(service.say_all([*(Wish(when, "5", lasts, asked) for when in slow), other]))
    assert service.in_one("6") == [Said("6", at, at)]


async def _takes(service: Service, conversation: str) -> float:
    """Seconds until something is said."""
    began = service.now()
    await service.say(Wish(0, conversation))
    return service.now() - began


def test_who_is_sent_away_first_comes_back_first() -> None:
    async def story() -> None:
        service = Service(Rates())
        await service.say(Wish(0, "5", asked=30.0))
        assert service.now() == 30.0
        wishes = [Wish(number / 100, "5") for number in range(8)]
        await service.say_all(wishes)
        assert service.order[1:] == wishes

    run(story())


def test_j5_a_service_that_asks_three_conversations_at_once_means_all() -> None:
    async def story() -> None:
        service = Service(Rates())
        for place in "123":
            async with service.turns.turn(place):
                service.turns.hold(place, 40)
        assert await _takes(service, "4") == 40

    run(story())


def test_j5_a_service_that_asks_one_after_the_other_means_each() -> None:
    async def story() -> None:
        service = Service(Rates())
        for place in "12345":
            async with service.turns.turn(place):
                service.turns.hold(place, 40)
            await asyncio.sleep(3)
        assert await _takes(service, "6") == 0

    run(story())


@pytest.mark.parametrize("asked", [-5.0, 0.0, 7.0, 1e9])
def test_a_wait_that_is_asked_for_is_bounded(asked: float) -> None:
    async def story() -> None:
        service = Service(Rates())
        async with service.turns.turn("5"):
            busy = service.turns.hold("5", asked)
        assert busy.seconds == min(max(asked, 0.0), LONGEST)

    run(story())


def test_a_group_hears_a_few_and_then_nothing_for_a_while() -> None:
    async def story() -> None:
        service = Service(Rates(every=0.0, group_most=20, group_seconds=60.0))
        await service.say_all([Wish(0, "-7") for _ in range(21)])
        assert [one.began for one in service.said][19:] == [0.0, 60.0]

    run(story())


def test_idle_conversations_are_forgotten() -> None:
    async def story() -> None:
        service = Service(Rates(group_most=4, group_seconds=20.0))
        await service.say_all([Wish(0, f"{number}") for number in range(300)])
        assert service.turns.remembered == 300
        await asyncio.sleep(21)
        await service.say(Wish(0, "new"))
        assert service.turns.remembered == 1

    run(story())


def test_conversations_that_must_wait_are_bounded_too() -> None:
    async def story() -> None:
        service = Service(Rates())
        for number in range(9_000):
            async with service.turns.turn(f"{number}"):
                service.turns._lines[f"{number}"].held_until = 3_000.0
        assert service.turns.remembered <= 4_000

    run(story())


def test_a_message_that_is_broken_off_has_counted() -> None:
    async def story() -> None:
        service = Service(Rates())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5):
                await service.say(Wish(0, "5", lasts=60))
        assert await _takes(service, "5") == 1

    run(story())
