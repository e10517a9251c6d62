"""Floods: who writes too much, or in others' names, silences nobody else."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from bot.desk.letters import MOST_TO_ONE
from bot.desk.outcome import Reason, Result
from bot.intake import receive
from bot.message import Automation, Verdict
from bot.store.engine import Tx
from bot.store.models import Entry, Event, Outbox
from tests.budgets import within_budgets
from tests.desk.by_mail import ANN, ANNA, BOB, EVE, a_team, answers, asks, letters, whole_of, works
from tests.desks import a_message


def test_e7_a_mail_bomb_in_a_victims_name_brings_three_mails_and_no_word_of_the_attackers(
    tmp_path: Path,
) -> None:
    with a_team(tmp_path) as desk:
        victim, words = "victim@bank.example", "Buy pills at evil.example"
        held = Counter[str]()

        def bomb(tx: Tx) -> None:
            for _ in range(1000):
                mail = a_message(words, sender=victim, name=words, subject=words, received_at=desk.clock())
                held[receive(tx, mail, desk.desk, desk.clock()).reason] += 1
                desk.clock.forward(seconds=0.6)

        desk.store.write_now(bomb)
        sent = letters(desk, victim)
        assert len(sent) == 3
        assert not [letter for letter in sent if "pills" in whole_of(letter)]
        assert held[Reason.SENDER_FLOOD] == 980
        assert len(letters(desk, ANNA)) == 20
        within_budgets(desk)


def test_e7_nobody_is_answered_whose_name_is_known_to_be_forged(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        for _ in range(10):
            desk.receive(a_message(sender="victim@bank.example", verdict=Verdict.FAIL))
        assert not letters(desk, "victim@bank.example")


@pytest.mark.parametrize("forged", [Verdict.FAIL, Verdict.UNKNOWN])
def test_e7_mails_in_somebodys_name_do_not_use_up_what_they_may_ask_themselves(
    tmp_path: Path, forged: Verdict
) -> None:
    with a_team(tmp_path) as desk:
        for number in range(30):
            outcome = desk.receive(a_message(sender=ANN, verdict=forged))
            assert (outcome.result is Result.HELD) == (number >= 20)
        for number in range(21):
            outcome = desk.receive(a_message(sender=ANN, verdict=Verdict.PASS))
            assert (outcome.result is Result.HELD) == (number >= 20)


def test_e7_mails_in_an_agents_name_do_not_keep_the_team_from_hearing_what_the_agent_asks(
    tmp_path: Path,
) -> None:
    with a_team(tmp_path) as desk:
        for _ in range(15):
            desk.receive(a_message(sender=ANNA, verdict=Verdict.FAIL))
        desk.clock.forward(hours=20)
        number = asks(desk, "My laptop was stolen.", sender=ANNA, verdict=Verdict.PASS)
        assert [row.recipient for row in desk.rows(Outbox) if row.ticket_id == number] == [ANNA, BOB]


def test_e8_a_flood_of_one_is_held_and_the_others_are_served(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        for number in range(100):
            outcome = desk.receive(a_message(sender="flood@shop.example"))
            assert (outcome.result is Result.HELD) == (number >= 20)
        assert desk.receive(a_message()).result is Result.OPENED
        assert len(letters(desk, ANN)) == 1
        desk.clock.forward(hours=1)
        assert desk.receive(a_message(sender="flood@shop.example")).result is Result.OPENED


def test_e8_a_flood_of_words_in_one_ticket_does_not_bury_its_agents(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        works(desk, ANNA, "#take", number)
        for _ in range(30):
            answers(desk, ANN, number, "more")
        assert len(letters(desk, ANNA, "requester_wrote")) < 10
        assert len([row for row in desk.rows(Entry) if row.text == "more"]) == 30
        assert [row.after["reason"] for row in desk.rows(Event) if row.action == "delivery.suppressed"]


def test_e8_one_sender_does_not_silence_the_team_for_all_others(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        flood = [asks(desk, sender=EVE) for _ in range(20)]
        for number in flood:
            for _ in range(5):
                desk.receive(a_message("more", sender=EVE, subject=f"[HD-{number}] Fire"))
        assert len(letters(desk, ANNA)) == 40
        assert len([row for row in desk.rows(Entry) if row.text == "more"]) == 100
        assert "delivery.suppressed" in desk.actions(flood[-1])
        assert len(letters(desk, ANNA, "new_ticket")) == 20
        asks(desk)
        assert len(letters(desk, ANNA, "new_ticket")) == 21
        desk.clock.forward(hours=1)
        desk.receive(a_message("later", sender=EVE, subject=f"[HD-{flood[0]}] Fire"))
        assert letters(desk, ANNA)[-1].notice.values["text"] == "later"


def test_e8_of_more_tickets_than_one_person_opens_by_hand_agents_are_not_told(tmp_path: Path) -> None:
    with a_team(tmp_path, limits={"tickets_per_sender_hour": 100}) as desk:
        numbers = [asks(desk) for _ in range(25)]
        assert len(letters(desk, ANNA, "new_ticket")) == 20
        assert ["delivery.suppressed" in desk.actions(number) for number in numbers] == [False] * 20 + [
            True
        ] * 5


def test_e7_words_in_somebodys_name_do_not_keep_their_own_from_the_agents(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk, verdict=Verdict.PASS)
        works(desk, ANNA, "#take", number)
        for _ in range(30):
            desk.receive(a_message("forged", subject=f"[HD-{number}]", verdict=Verdict.FAIL))
        desk.clock.forward(minutes=20)
        answers(desk, ANN, number, "It is really me.", verdict=Verdict.PASS)
        assert letters(desk, ANNA)[-1].notice.values["text"] == "It is really me."


def test_e8_what_others_write_takes_no_answer_to_a_command_away(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        for _ in range(15):
            answers(desk, ANN, number, "more")
        works(desk, ANNA, "#resovle\nAn hour's work", number)
        (answer,) = letters(desk, ANNA, "commands")
        assert answer.notice.values["problems"]


def test_e8_a_recipient_beyond_whom_nothing_is_written_is_an_error_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with a_team(tmp_path) as desk:
        for number in range(MOST_TO_ONE + 1):
            asks(desk, sender=f"p{number}@localhost")
        assert len(letters(desk, ANNA)) == MOST_TO_ONE
        (error,) = {r.levelname for r in caplog.records if getattr(r, "action", "") == "letter.flood"}
        assert error == "ERROR"
        works(desk, ANNA, "#take", 1)
        assert len(letters(desk, ANNA, "commands")) == 1


def test_e11_mail_from_a_list_is_answered_by_nothing(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        outcome = desk.receive(a_message(sender="news@list.example", automation=Automation.LIST))
        assert outcome.quiet is Reason.LIST
        assert not letters(desk, "news@list.example")


def test_a_busy_agent_is_answered_as_well_as_anybody(tmp_path: Path) -> None:
    """Notices are for work; the budget is for answers to what somebody asked."""
    with a_team(tmp_path) as desk:
        for number in range(15):
            asks(desk, sender=f"p{number}@localhost")
        works(desk, ANNA, "My own screen is dark.")
        assert len(letters(desk, ANNA, "received")) == 1
