"""What the requester is told when their ticket changes: what matters, once, and in time."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.message import Automation, OutgoingMessage, Verdict
from bot.store.models import Outbox
from tests.desk.by_mail import ANN, ANNA, BOB, a_team, answers, asks, letters, works
from tests.desks import MONDAY, OpenDesk, a_message


def told(desk: OpenDesk, to: str = ANN) -> list[str]:
    """What of the news has not been taken back, oldest first."""
    rows = [row for row in desk.rows(Outbox) if row.recipient == to and row.event == "progress"]
    kept = {row.token for row in rows if row.state == "queued"}
    return [letter.notice.values["what"] for letter in letters(desk, to, "progress") if letter.token in kept]


def news(desk: OpenDesk) -> OutgoingMessage:
    """The last of it."""
    return letters(desk, ANN, "progress")[-1]


@pytest.mark.parametrize(
    ("orders", "what"),
    [
        (["#take"], "taken"),
        (["#assign anna"], "taken"),
        (["#assign bob"], "taken"),
        (["#take", "#assign bob"], "handed-over"),
        (["#escalate it burns"], "escalated"),
        (["#update still"], "still-working"),
        (["#update supplier"], "waiting-supplier"),
        (["#update fix 15:00"], "fix-expected"),
        (["#close", "#reopen"], "reopened"),
    ],
)
def test_a_change_that_matters_is_told(tmp_path: Path, orders: list[str], what: str) -> None:
    with a_team(tmp_path) as desk:
        asks(desk)
        for order in orders:
            works(desk, ANNA, order, 1)
        assert told(desk) == [what]


@pytest.mark.parametrize("order", ["#note it burns", "#priority P2", "#link bob@desk.example", "#status"])
def test_what_does_not_matter_to_the_requester_is_not_told(tmp_path: Path, order: str) -> None:
    with a_team(tmp_path) as desk:
        asks(desk)
        works(desk, ANNA, order, 1)
        assert told(desk) == []


def test_of_several_changes_within_a_few_minutes_the_last_is_told_and_says_it_all(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        asks(desk)
        works(desk, ANNA, "#update fix 15:00", 1)
        desk.clock.forward(minutes=1)
        works(desk, ANNA, "#assign bob\n#update supplier", 1)
        assert told(desk) == ["waiting-supplier"]
        values = news(desk).notice.values
        assert (values["owner"], values["at"]) == ("Bob", (MONDAY + timedelta(hours=5.5)).isoformat())


def test_the_news_waits_a_few_minutes_for_better_news(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        asks(desk)
        works(desk, ANNA, "#take", 1)
        (row,) = [row for row in desk.rows(Outbox) if row.event == "progress"]
        assert row.not_before == MONDAY + timedelta(minutes=2)


def test_what_would_come_just_when_the_night_begins_waits_for_the_morning(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        asks(desk)
        desk.clock.forward(hours=11, minutes=29)
        works(desk, ANNA, "#take", 1)
        (row,) = [row for row in desk.rows(Outbox) if row.event == "progress"]
        assert row.not_before == datetime(2026, 3, 3, 8, 0, tzinfo=MONDAY.tzinfo)


@pytest.mark.parametrize("order", ["#take\n\nHello Ann.", "Hello Ann.", "#update need\nWhich room is it?"])
def test_an_agents_own_words_say_that_the_ticket_was_taken(tmp_path: Path, order: str) -> None:
    with a_team(tmp_path) as desk:
        asks(desk)
        answers(desk, ANNA, 1, order, verdict=Verdict.PASS)
        rows = [row for row in desk.rows(Outbox) if row.recipient == ANN and row.state == "queued"]
        assert [row.kind for row in rows] == ["acknowledgement", "reply"]


def test_an_agents_words_a_minute_later_take_back_what_they_say_too_and_no_more(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        asks(desk)
        works(desk, ANNA, "#take", 1)
        works(desk, ANNA, "Hello Ann.", 1)
        assert told(desk) == []
        works(desk, ANNA, "#update fix 15:00", 1)
        works(desk, ANNA, "Hello again.", 1)
        assert told(desk) == ["fix-expected"]


def test_a_ticket_that_ends_takes_back_what_it_would_have_told(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        asks(desk)
        works(desk, ANNA, "#take\n#close", 1)
        assert told(desk) == []


def test_nobody_is_told_what_they_did_themselves(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        asks(desk)
        works(desk, ANNA, "#update need Which room is it?", 1)
        answers(desk, ANN, 1, "Room 5.")
        assert desk.ticket(1).state == "open"
        assert [row.event for row in desk.rows(Outbox) if row.recipient == ANN] == ["received", "progress"]
        works(desk, BOB, "My own chair is broken.")
        works(desk, BOB, "#update still HD-2", 2)
        assert told(desk, BOB) == []


def test_who_says_that_it_still_burns_hears_that_somebody_is_on_it_again(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        asks(desk)
        works(desk, ANNA, "#resolve\nThe plug.", 1)
        answers(desk, ANN, 1, "It burns again, in the other room too.")
        assert (desk.ticket(1).state, told(desk)) == ("open", ["reopened"])
        assert news(desk).notice.values["owner"] == "Anna Rossi"


def test_a_moment_that_is_over_is_not_promised_again(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        asks(desk)
        works(desk, ANNA, "#update fix 15:00", 1)
        desk.clock.forward(hours=8)
        works(desk, ANNA, "#update still", 1)
        assert news(desk).notice.values["at"] is None


@pytest.mark.parametrize(
    "facts",
    [
        {"automation": Automation.AUTO_REPLY, "verdict": Verdict.PASS},
        {"automation": Automation.LIST, "verdict": Verdict.PASS},
        {"verdict": Verdict.FAIL},
        {"sender": "no-reply@shop.example"},
    ],
)
def test_e2_e7_who_may_not_be_answered_is_not_told_of_progress_either(
    tmp_path: Path, facts: dict[str, Any]
) -> None:
    with a_team(tmp_path) as desk:
        desk.receive(a_message("It burns.", **facts))
        works(desk, ANNA, "#take\n#update fix 15:00", 1)
        assert {row.recipient for row in desk.rows(Outbox)} == {ANNA, BOB}
        assert desk.actions(1).count("delivery.suppressed") == 2


def test_e3_progress_takes_nothing_away_from_acknowledgements(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        asks(desk)
        for order in ("#take", "#update still", "#update fix 15:00", "#assign bob"):
            works(desk, ANNA, order, 1)
        asks(desk, "And the lift is broken.")
        assert len(letters(desk, ANN, "received")) == 2


def test_who_follows_is_told_as_well(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        asks(desk)
        works(desk, ANNA, "#link dora@localhost\n#take", 1)
        assert told(desk, "dora@localhost") == ["taken"]
