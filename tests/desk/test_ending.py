"""What happens when a ticket is resolved, closed and opened again."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.desk.outcome import Reason
from bot.message import Kind
from bot.store.models import Timer
from tests.desk.by_mail import (
    ANN,
    ANNA,
    BOB,
    TEAM,
    a_team,
    answers,
    asks,
    done,
    letters,
    said,
    whole_of,
    works,
)
from tests.desk.endings import a_closed_ticket, a_resolved_ticket, ended, passes, reasons, send, waiting
from tests.desks import OpenDesk

WEDNESDAY = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)
FRIDAY = datetime(2026, 3, 6, 9, 30, tzinfo=UTC)


def pending(desk: OpenDesk) -> dict[str, datetime]:
    """The timers of the end that are not yet due."""
    rows = [row for row in desk.rows(Timer) if row.state == "pending" and row.kind.startswith("confirm.")]
    assert len({row.kind for row in rows}) == len(rows)
    return {row.kind: row.due_at for row in rows}


def test_resolve_asks_whether_it_works_and_says_until_when(tmp_path: Path) -> None:
    words = "cause: old toner\nsolution: new toner\nsteps:\n1. open\n2. change\n\nworkaround: print upstairs"
    with a_resolved_ticket(tmp_path, words) as desk:
        (letter,) = letters(desk, ANN, "resolved")
        told = letter.notice.values
        assert (letter.kind, told["text"], told["cause"], told["steps"], told["workaround"]) == (
            Kind.REPLY,
            "new toner\nprint upstairs",
            "old toner",
            ["open", "change"],
            True,
        )
        assert (told["asks"], told["by"], told["close_on"]) == (True, "Anna Rossi", FRIDAY.isoformat())
        assert [(c.label, c.verb, c.value) for c in letter.choices] == [
            ("yes", "confirm", "yes"),
            ("no", "confirm", "no"),
        ]
        assert desk.ticket(1).resolution == {
            "solution": "new toner\nprint upstairs",
            "cause": "old toner",
            "steps": ["open", "change"],
            "workaround": True,
        }
        assert said(desk, 1)[-1] == ("reply", words)
        assert done(desk, ANNA)[0]["asked"] is True


def test_resolving_starts_the_reminder_and_the_end_and_going_on_stops_them(tmp_path: Path) -> None:
    with a_resolved_ticket(tmp_path) as desk:
        assert pending(desk) == {"confirm.remind": WEDNESDAY, "confirm.close": FRIDAY}
        works(desk, ANNA, "#reopen", 1)
        assert pending(desk) == {}
        desk.clock.forward(hours=1)
        works(desk, ANNA, "#resolve", 1)
        assert set(pending(desk)) == {"confirm.remind", "confirm.close"}
        works(desk, ANNA, "#close", 1)
        assert pending(desk) == {}


def test_a_question_and_a_reminder_that_wait_for_the_morning_are_taken_back(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        asks(desk)
        desk.clock.forward(hours=13)  # half past ten at night
        works(desk, ANNA, "#resolve", 1)
        assert waiting(desk, "resolved") == 1
        works(desk, ANNA, "#reopen", 1)
        assert waiting(desk, "resolved") == 0
        works(desk, ANNA, "#resolve New toner.", 1)
        works(desk, ANNA, "#reopen", 1)
        assert waiting(desk, "resolved") == 1  # a person's words arrive


def test_who_answers_nothing_is_reminded_once_and_then_the_ticket_ends(tmp_path: Path) -> None:
    with a_resolved_ticket(tmp_path) as desk:
        passes(desk, days=1)
        assert not letters(desk, ANN, "confirm_reminder")
        passes(desk, days=1)
        (letter,) = letters(desk, ANN, "confirm_reminder")
        values = letter.notice.values
        assert (letter.kind, values["text"], values["close_on"]) == (
            Kind.CONFIRMATION,
            "New toner.",
            FRIDAY.isoformat(),
        )
        assert [choice.value for choice in letter.choices] == ["yes", "no"]
        passes(desk, days=1)
        assert ended(desk) == ("resolved", None)
        passes(desk, days=1)
        assert ended(desk) == ("closed", "silence")
        assert desk.ticket(1).closed_at == FRIDAY
        assert len(letters(desk, ANN, "confirm_reminder")) == 1
        (survey,) = letters(desk, ANN, "survey")
        assert survey.notice.values["how"] == "silence"
        assert not letters(desk, ANN, "closed")


def test_who_is_not_asked_how_satisfied_they_are_is_told_of_the_end_by_silence(tmp_path: Path) -> None:
    with a_resolved_ticket(tmp_path, surveys={"enabled": False}) as desk:
        passes(desk, days=2)
        passes(desk, days=2)
        (letter,) = letters(desk, ANN, "closed")
        assert (letter.kind, letter.notice.values["how"]) == (Kind.PROGRESS, "silence")
        assert reasons(desk, "survey.left-out") == [{"reason": "off"}]


def test_x21_after_days_without_the_bot_only_the_last_word_is_said(tmp_path: Path) -> None:
    with a_resolved_ticket(tmp_path) as desk:
        passes(desk, days=9)
        assert ended(desk) == ("closed", "silence")
        assert not letters(desk, ANN, "confirm_reminder")
        assert [one["told"] for one in reasons(desk, "reminded")] == [False]
        assert len(letters(desk, ANN, "survey")) == 1


def test_x21_a_reminder_that_comes_late_says_the_true_end(tmp_path: Path) -> None:
    with a_resolved_ticket(tmp_path) as desk:
        passes(desk, days=3)
        assert letters(desk, ANN, "confirm_reminder")[-1].notice.values["close_on"] == FRIDAY.isoformat()
        assert ended(desk) == ("resolved", None)


def test_the_question_is_asked_anew_after_the_ticket_was_resolved_again(tmp_path: Path) -> None:
    with a_resolved_ticket(tmp_path) as desk:
        passes(desk, days=2)
        answers(desk, ANN, 1, "No, it burns.")
        works(desk, BOB, "#resolve Another printer.", 1)
        passes(desk, days=2)
        texts = [letter.notice.values["text"] for letter in letters(desk, ANN, "confirm_reminder")]
        assert texts == ["New toner.", "Another printer."]


def test_a_ticket_that_nobody_answered_is_closed_without_a_word(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        asks(desk)
        works(desk, ANNA, "#close a newsletter", 1)
        assert ended(desk) == ("closed", "agent")
        assert [letter.notice.event for letter in letters(desk, ANN)] == ["received"]
        assert reasons(desk, "survey.left-out") == [{"reason": "unanswered"}]


def test_an_answered_ticket_that_an_agent_closes_asks_how_satisfied_they_are(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        asks(desk)
        works(desk, ANNA, "Have you tried another one?", 1)
        works(desk, ANNA, "#close secret remark", 1)
        (survey,) = letters(desk, ANN, "survey")
        assert (survey.notice.values["how"], survey.notice.values["owner"]) == ("agent", "Anna Rossi")
        assert said(desk, 1)[-1] == ("note", "secret remark")
        assert not [one for one in letters(desk, ANN) if "secret" in whole_of(one)]


@pytest.mark.parametrize("before", ["", "#reply hello\n", "#resolve done\n", "#reply hello\n\n#close\n"])
def test_spam_ends_without_a_word_whatever_was_said_before(tmp_path: Path, before: str) -> None:
    with a_team(tmp_path) as desk:
        asks(desk)
        for line in filter(None, before.split("\n")):
            works(desk, ANNA, line, 1)
        works(desk, ANNA, "#spam phishing", 1)
        assert done(desk, ANNA)[0]["code"] == "spam"
        assert ended(desk) == ("closed", "spam")
        for event in ("received", "survey", "closed", "progress"):
            assert waiting(desk, event) == 0
        assert said(desk, 1)[-1] == ("note", "phishing")
        assert pending(desk) == {}


def test_a_merged_ticket_asks_nothing(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        asks(desk)
        other = asks(desk)
        works(desk, ANNA, "Hello.", 1)
        works(desk, ANNA, f"#merge HD-{other}", 1)
        assert reasons(desk, "survey.left-out") == [{"reason": "merged"}]
        assert not letters(desk, ANN, "survey")


def test_an_unsent_survey_is_taken_back_when_the_ticket_goes_on_and_asked_when_it_ends(
    tmp_path: Path,
) -> None:
    with a_resolved_ticket(tmp_path) as desk:
        answers(desk, ANN, 1, "Yes, it works.")
        assert waiting(desk, "survey") == 1
        works(desk, ANNA, "#reopen", 1)
        assert waiting(desk, "survey") == 0
        assert "survey.taken-back" in desk.actions(1)
        works(desk, ANNA, "#close", 1)
        assert waiting(desk, "survey") == 1


def test_f13_a_ticket_that_ends_five_times_asks_once(tmp_path: Path) -> None:
    with a_closed_ticket(tmp_path, surveys={"every_days": 0}) as desk:
        for _ in range(4):
            works(desk, ANNA, "#reopen", 1)
            works(desk, ANNA, "#resolve\n#close", 1)
            send(desk)
            desk.clock.forward(days=40)
        assert waiting(desk, "survey") == 1
        assert reasons(desk, "survey.left-out") == [{"reason": "asked-before"}] * 4


def test_one_person_is_asked_once_in_so_many_days(tmp_path: Path) -> None:
    with a_closed_ticket(tmp_path) as desk:
        for number, days in ((2, 6), (3, 2)):
            desk.clock.forward(days=days)
            assert asks(desk) == number
            works(desk, ANNA, "#resolve\n#close", number)
        assert reasons(desk, "survey.left-out", 2) == [{"reason": "asked-lately"}]
        assert reasons(desk, "survey.asked", 3) == [{"how": "agent"}]


@pytest.mark.parametrize("requester", [ANNA, BOB])
def test_an_agent_is_not_asked_about_what_they_did_themselves(tmp_path: Path, requester: str) -> None:
    """Anna owns the ticket; Bob has once owned it."""
    with a_team(tmp_path) as desk:
        works(desk, requester, "My own screen is dark.")
        works(desk, BOB, "#take HD-1")
        works(desk, ANNA, "#take HD-1")
        works(desk, ANNA, "#resolve HD-1 done\n#close HD-1")
        assert reasons(desk, "survey.left-out") == [{"reason": "own-work"}]


def test_an_agent_is_asked_about_what_others_did_for_them(tmp_path: Path) -> None:
    with a_team(tmp_path, agents={**TEAM["agents"]}) as desk:
        works(desk, BOB, "My own screen is dark.")
        works(desk, ANNA, "#resolve HD-1 done\n#close HD-1")
        assert reasons(desk, "survey.asked") == [{"how": "agent"}]


@pytest.mark.parametrize("sender", ["noreply@shop.example", ""])
def test_e2_nobody_to_write_to_is_not_asked(tmp_path: Path, sender: str) -> None:
    with a_team(tmp_path) as desk:
        asks(desk, sender=sender)
        works(desk, ANNA, "#resolve\n#close", 1)
        assert reasons(desk, "survey.left-out") == [{"reason": "nobody-to-ask"}]
        assert not [one for one in letters(desk) if one.notice.event == "survey"]


def test_mere_thanks_end_nothing_and_open_nothing(tmp_path: Path) -> None:
    with a_resolved_ticket(tmp_path) as desk:
        assert answers(desk, ANN, 1, "Thank you very much!").reason is Reason.THANKS
        assert (ended(desk), len(pending(desk))) == (("resolved", None), 2)
