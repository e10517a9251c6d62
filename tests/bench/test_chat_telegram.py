"""What the bench of Telegram shows: what was confirmed, answered and carded first, and what is missing."""

from __future__ import annotations

from bench.chat_rounds import Burst, Said
from bench.chat_telegram import FIRST, FIRST_UPDATE, TEAM, answered, carded, come, confirmed, limit
from bench.table import lines
from tests.bench.test_chat import row
from tests.peers.telegram import TelegramHouse


def test_an_update_is_confirmed_by_the_first_question_with_an_offset_beyond_it() -> None:
    house = TelegramHouse()
    house.calls += [
        ("getUpdates", {}, 1.0),
        ("getUpdates", {"offset": FIRST_UPDATE + 2}, 2.0),
        ("getUpdates", {"offset": FIRST_UPDATE + 2}, 3.0),
        ("getUpdates", {"offset": FIRST_UPDATE + 3}, 4.0),
    ]
    assert confirmed(house) == {FIRST_UPDATE: 2.0, FIRST_UPDATE + 1: 2.0, FIRST_UPDATE + 2: 4.0}


def test_the_first_message_to_whoever_asked_and_the_card_in_the_group_count() -> None:
    house = TelegramHouse()
    house.calls += [
        ("sendMessage", {"chat_id": FIRST, "text": "We have it"}, 2.0),
        ("sendMessage", {"chat_id": FIRST, "text": "Still"}, 3.0),
        ("createForumTopic", {"chat_id": TEAM, "name": f"[{FIRST}]"}, 3.5),
        ("sendMessage", {"chat_id": TEAM, "text": f"[{FIRST}] It burns"}, 4.0),
        ("sendMessage", {"chat_id": TEAM, "text": f"[{FIRST}1] It burns"}, 5.0),
    ]
    assert answered(house) == {str(FIRST): 2.0}
    assert carded(house, {str(FIRST)}) == {str(FIRST): 4.0}


def test_what_was_never_acknowledged_is_missing_and_not_the_end() -> None:
    burst = Burst([Said("p0", 10.0, 12.0), Said("p1", 10.5, None)], {"p0": 13.0})
    assert burst.rates() == {"accepted": 0.5, "answered": 1 / 3}
    assert burst.waits() == {"acknowledged": [2.0], "answered": [3.0]}
    assert Burst([Said("p0", 10.0, None)], {}).rates() == {}


def test_both_services_have_their_table() -> None:
    text = "\n".join(lines({"chat": [row(1, 100, 50)], "telegram": [row(1, 100, 25, missing=7)]}))
    assert "Events of Slack a second" in text
    assert text.partition("Events of Telegram a second")[2].splitlines()[2].endswith(" 7")


async def test_waiting_ends_when_all_have_come() -> None:
    house = TelegramHouse()
    await come(house, lambda: 3, 3)


async def test_the_bare_poller_confirms_each_update() -> None:
    burst = await limit(20)
    assert len({one.mark for one in burst.said}) == 20
    assert burst.rates()["accepted"] > 0
