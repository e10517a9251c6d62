"""What the bench of a chat shows: rates from the first event on, ratios within a round, and what is missing."""

from __future__ import annotations

from typing import Any

from bench.chat import limit, posted
from bench.chat_rounds import Burst, Said
from bench.table import lines
from tests.peers.slack import SlackHouse


def row(number: int, limit: float, accepted: float, missing: int = 0) -> dict[str, Any]:
    spread = {"median_ms": 40.0, "p95_ms": 90.0}
    rates = {"limit": limit, "accepted": accepted, "answered": accepted / 2}
    return {"round": number, "store": "sqlite", **rates, "cpu_ms": 5.0, "missing": missing,
            "cards_missing": 0, "card": spread, "answer": spread}  # fmt: skip


def test_rates_count_from_the_first_event_until_the_last_word() -> None:
    said = [Said("p0", 10.0, 10.5), Said("p1", 10.5, 12.0)]
    burst = Burst(said, {"p0": 11.0, "p1": 14.0})
    assert burst.rates() == {"accepted": 1.0, "answered": 0.5}
    assert burst.waits() == {"acknowledged": [0.5, 1.5], "answered": [1.0, 3.5]}


def test_a_ratio_of_chats_is_taken_within_its_round_and_a_missing_answer_is_seen() -> None:
    text = list(lines({"chat": [row(1, 1000, 500), row(2, 100, 50), row(3, 400, 200, missing=3)]}))
    assert "200 (0.50)" in text[2]
    assert "100 (0.25)" in text[2]
    assert text[2].endswith(" 3")


def test_no_answer_at_all_is_shown_as_none() -> None:
    silent = {key: value for key, value in row(1, 1000, 500).items() if key != "answered"}
    assert "none" in list(lines({"chat": [silent]}))[2]


def test_the_first_message_about_an_event_counts_in_the_room_and_for_whoever_asked() -> None:
    house = SlackHouse()
    house.calls += [
        ("conversations.open", {"users": "UP1"}, 1.0),
        ("chat.postMessage", {"channel": "DP1", "text": "We have it"}, 2.0),
        ("chat.postMessage", {"channel": "DP1", "text": "Still"}, 3.0),
        ("chat.postMessage", {"channel": "C0TEAM", "blocks": [{"text": "[p1] It burns"}]}, 4.0),
        ("chat.postMessage", {"channel": "C0TEAM", "blocks": [{"text": "[p11] It burns"}]}, 5.0),
    ]
    assert posted(house, {"p1"}, room=False) == {"p1": 2.0}
    assert posted(house, {"p1"}, room=True) == {"p1": 4.0}


async def test_the_bare_client_acknowledges_each_event() -> None:
    burst = await limit(20)
    assert len(burst.said) == 20
    assert len({one.mark for one in burst.said}) == 20
    assert burst.rates()["accepted"] > 0
