"""Text that a database cannot hold: it is stripped long before, and costs only its own unit if it is not."""

from __future__ import annotations

import asyncio

import pytest

from bot.message import EMAIL, Party
from bot.store import inbox, inbox_review, people
from bot.store.engine import Store
from bot.store.models import Inbox
from tests.store.makers import Clock, count, payload


async def test_c6_a_lone_surrogate_costs_only_its_own_unit(store: Store, now: Clock) -> None:
    bad = store.write(
        lambda tx: people.add(tx, Party(EMAIL, "ann@example.org", "\ud800"), "ann@example.org", now())
    )
    good = store.write(lambda tx: inbox.add(tx, payload()))
    outcome, kept = await asyncio.gather(bad, good, return_exceptions=True)
    assert isinstance(outcome, Exception)
    assert kept is True
    assert count(store, Inbox) == 1


async def test_c6_a_nul_is_kept_or_costs_only_its_own_unit(store: Store, now: Clock) -> None:
    bad = store.write(
        lambda tx: people.add(tx, Party(EMAIL, "ann@example.org", "a\0b"), "ann@example.org", now())
    )
    good = store.write(lambda tx: inbox.add(tx, payload()))
    outcome, kept = await asyncio.gather(bad, good, return_exceptions=True)
    assert isinstance(outcome, Exception) is not store.embedded
    assert kept is True


@pytest.mark.parametrize("odd", ["a\0b", "\ud800", "\U0001f600", "\u202e"])
async def test_c6_an_envelope_with_any_text_is_accepted(store: Store, odd: str) -> None:
    made = payload()
    made.envelope["helo"] = odd
    assert await store.write(lambda tx: inbox.add(tx, made)) is True
    row = store.read_now(lambda tx: inbox_review.one(tx, 1))
    assert row is not None
    assert row.envelope["helo"] == odd
