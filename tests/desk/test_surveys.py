"""How satisfied people are: one answer for each ticket, from whom was asked, changeable for a while."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from bot.desk import surveys
from bot.desk.outcome import Outcome, Reason, Result
from bot.message import Automation, Kind, Verdict
from bot.store.models import Event, Survey
from tests.desk.by_mail import ANN, ANNA, BOB, CARLA, EVE, a_team, answers, asks, letters, said, works
from tests.desk.endings import a_closed_ticket, ended, reasons, send, taps, taps_on, waiting
from tests.desks import OpenDesk, a_message

RATED = Outcome(Result.RATED, Reason.RATING, 1)


def rating(desk: OpenDesk) -> tuple[Any, str]:
    """What the ticket was rated."""
    (row,) = desk.rows(Survey)
    return row.rating, row.comment


def may_not(desk: OpenDesk) -> Reason | None:
    """Why the requester of ticket 1 may not rate it now."""
    person = desk.ticket(1).requester_id
    return desk.store.read_now(lambda tx: surveys.may_rate(tx, 1, person, desk.desk, desk.clock()))


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("4", (4, "")),
        ("5! Thank you.", (5, "Thank you.")),
        ("★★★", (3, "")),
        ("五", (5, "")),
        ("3/5\n\nSlow.", (3, "Slow.")),
    ],
)
def test_a_digit_in_the_answer_rates_the_ticket(tmp_path: Path, text: str, given: tuple[int, str]) -> None:
    with a_closed_ticket(tmp_path) as desk:
        assert answers(desk, ANN, 1, text) == RATED
        assert (rating(desk), ended(desk)) == (given, ("closed", "confirmed"))
        assert said(desk, 1)[-1] == ("rating", text)
        assert reasons(desk, "survey.rated") == [{"rating": given[0], "comment": given[1]}]


def test_the_question_offers_five_answers_to_its_requester_alone(tmp_path: Path) -> None:
    with a_closed_ticket(tmp_path) as desk:
        (letter,) = letters(desk, event="survey")
        assert (letter.kind, letter.to.address) == (Kind.SURVEY, ANN)
        assert [(c.label, c.verb, c.value) for c in letter.choices] == [
            (f"rate-{n}", "rate", str(n)) for n in range(1, 6)
        ]


def test_a_rating_may_be_changed_for_a_while_and_each_change_is_recorded(tmp_path: Path) -> None:
    with a_closed_ticket(tmp_path) as desk:
        assert taps(desk, ANN, "rate", value="4", comment="Fine.") == RATED
        desk.clock.forward(hours=11)
        assert taps(desk, ANN, "rate", value="5") == RATED
        assert rating(desk) == (5, "Fine.")
        desk.clock.forward(hours=1)
        assert taps(desk, ANN, "rate", value="1") == Outcome(Result.IGNORED, Reason.NO_SURVEY, 1)
        assert rating(desk) == (5, "Fine.")
        (row,) = desk.rows(Survey)
        assert (row.changed_at - row.rated_at).total_seconds() == 11 * 3600
        changes = [(one.before, one.after) for one in desk.rows(Event) if one.action == "survey.rated"]
        assert changes == [
            (None, {"rating": 4, "comment": "Fine."}),
            ({"rating": 4, "comment": "Fine."}, {"rating": 5, "comment": "Fine."}),
        ]
        assert reasons(desk, "survey.refused") == [{"reason": "no-survey"}]


def test_the_same_rating_twice_is_once(tmp_path: Path) -> None:
    with a_closed_ticket(tmp_path) as desk:
        assert [taps(desk, ANN, "rate", value="2", comment="Slow.") for _ in range(3)] == [RATED] * 3
        assert len(reasons(desk, "survey.rated")) == 1


def test_words_after_a_rating_are_its_comment_as_long_as_it_may_be_changed(tmp_path: Path) -> None:
    with a_closed_ticket(tmp_path) as desk:
        answers(desk, ANN, 1, "4")
        assert answers(desk, ANN, 1, "Anna was kind.") == RATED
        assert answers(desk, ANN, 1, "And fast.") == RATED
        assert rating(desk) == (4, "Anna was kind.\n\nAnd fast.")
        desk.clock.forward(hours=12)
        assert answers(desk, ANN, 1, "And the toner is new.").result is Result.APPENDED
        assert rating(desk) == (4, "Anna was kind.\n\nAnd fast.")


@pytest.mark.parametrize("text", ["It burns again", "The scanner is dark.", "10 people wait"])
def test_words_without_a_rating_are_words_for_the_ticket(tmp_path: Path, text: str) -> None:
    with a_closed_ticket(tmp_path) as desk:
        assert answers(desk, ANN, 1, text).reason is Reason.REFERENCE
        assert (rating(desk), ended(desk), said(desk, 1)[-1]) == (
            (None, ""),
            ("open", None),
            ("message", text),
        )


@pytest.mark.parametrize("text", ["Still broken!", "Can you call me?", "Non funziona"])
def test_trouble_is_never_taken_for_a_comment(tmp_path: Path, text: str) -> None:
    with a_closed_ticket(tmp_path) as desk:
        answers(desk, ANN, 1, "4")
        assert answers(desk, ANN, 1, text).result is Result.APPENDED
        assert (rating(desk), ended(desk)) == ((4, ""), ("open", None))


def test_a_digit_to_another_letter_is_no_rating(tmp_path: Path) -> None:
    with a_closed_ticket(tmp_path) as desk:
        keys = (f"{letters(desk, ANN, 'received')[0].token}@localhost",)
        assert desk.receive(a_message("5", sender=ANN, thread_keys=keys)).reason is Reason.REFERENCE
        assert rating(desk) == (None, "")


def test_a_question_holds_for_so_long_and_words_beside_a_late_digit_are_heard(tmp_path: Path) -> None:
    with a_closed_ticket(tmp_path) as desk:
        desk.clock.forward(days=29)
        assert may_not(desk) is None
        desk.clock.forward(days=1)
        assert may_not(desk) is Reason.NO_SURVEY
        assert taps(desk, ANN, "rate", value="5").reason is Reason.NO_SURVEY
        assert answers(desk, ANN, 1, "5") == Outcome(Result.IGNORED, Reason.NO_SURVEY, 1)
        assert answers(desk, ANN, 1, "5 thank you").reason is Reason.NO_SURVEY
        outcome = answers(desk, ANN, 1, "5 but the scanner is dark")
        assert (outcome.result, outcome.reason) == (Result.OPENED, Reason.TICKET_CLOSED)
        assert rating(desk) == (None, "")


def test_only_who_was_asked_rates(tmp_path: Path) -> None:
    with a_closed_ticket(tmp_path) as desk:
        token = letters(desk, ANN, "survey")[-1].token
        keys = (f"{token}@localhost",)
        assert desk.receive(a_message("1", sender=EVE, thread_keys=keys)).reason is Reason.NOT_THEIRS
        assert taps(desk, EVE, "rate", value="1").reason is Reason.NO_SURVEY
        assert taps_on(desk, 99, ANN, "rate", {"value": "1"}).reason is Reason.NO_SURVEY
        answers(desk, ANN, 1, "1", automation=Automation.AUTO_REPLY, thread_keys=keys)
        answers(desk, ANN, 1, "1", verdict=Verdict.FAIL, thread_keys=keys)
        assert rating(desk) == (None, "")


@pytest.mark.parametrize("values", [{}, {"value": "0"}, {"value": "6"}, {"value": "x"}, {"comment": "Nice."}])
def test_a_tap_that_is_no_rating_counts_nothing(tmp_path: Path, values: dict[str, str]) -> None:
    with a_closed_ticket(tmp_path) as desk:
        assert taps(desk, ANN, "rate", **values).reason is Reason.NOT_ALLOWED
        assert rating(desk) == (None, "")


def test_a_comment_alone_is_added_to_a_rating_on_the_page(tmp_path: Path) -> None:
    with a_closed_ticket(tmp_path) as desk:
        taps(desk, ANN, "rate", value="5")
        assert taps(desk, ANN, "rate", comment="x" * 9_000) == RATED
        assert (rating(desk)[0], len(rating(desk)[1])) == (5, 4_000)


def test_an_agent_who_has_worked_on_the_ticket_since_cannot_rate_it(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        works(desk, BOB, "My own screen is dark.")
        works(desk, ANNA, "#resolve HD-1 done\n#close HD-1")
        works(desk, BOB, "#note HD-1 it was the plug")
        assert taps(desk, BOB, "rate", value="5") == Outcome(Result.IGNORED, Reason.NOT_ALLOWED, 1)
        assert rating(desk) == (None, "")


def test_an_agent_rates_by_mail_what_others_did_for_them(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        works(desk, BOB, "My own screen is dark.")
        works(desk, ANNA, "#resolve HD-1 done\n#close HD-1")
        assert answers(desk, BOB, 1, "5", verdict=Verdict.PASS) == RATED


def test_a_low_rating_reaches_the_lead_once_and_offers_to_go_on(tmp_path: Path) -> None:
    with a_closed_ticket(tmp_path) as desk:
        answers(desk, ANN, 1, "2 Three days!")
        (alarm,) = letters(desk, CARLA, "low_rating")
        assert alarm.kind is Kind.NOTICE
        values = alarm.notice.values
        assert (values["rating"], values["comment"], values["owner"]) == (2, "Three days!", "Anna Rossi")
        (sorry,) = letters(desk, ANN, "sorry")
        assert (sorry.notice.values["rating"], [c.verb for c in sorry.choices]) == (2, ["reopen"])
        for value in ("1", "5", "1"):
            taps(desk, ANN, "rate", value=value)
        assert rating(desk) == (1, "Three days!")
        assert len(letters(desk, CARLA, "low_rating")) == len(letters(desk, ANN, "sorry")) == 1
        assert reasons(desk, "rating.told") == [{"to": "carla"}]


def test_a_change_to_a_low_rating_reaches_the_lead_too(tmp_path: Path) -> None:
    with a_closed_ticket(tmp_path) as desk:
        taps(desk, ANN, "rate", value="3")
        assert not letters(desk, CARLA, "low_rating")
        taps(desk, ANN, "rate", value="1")
        assert len(letters(desk, CARLA, "low_rating")) == 1


@pytest.mark.parametrize(
    ("teams", "told"),
    [
        ({"first-line": {}, "second-line": {"lead": "carla"}}, []),
        ({"first-line": {"lead": "gone"}, "second-line": {}}, []),
        ({"first-line": {"lead": "bob"}, "second-line": {"lead": "carla"}}, ["bob"]),
    ],
)
def test_the_lead_is_that_of_the_tickets_team_and_must_still_be_there(
    tmp_path: Path, teams: dict[str, Any], told: list[str]
) -> None:
    with a_closed_ticket(tmp_path, teams=teams) as desk:
        taps(desk, ANN, "rate", value="1")
        assert [one["to"] for one in reasons(desk, "rating.told")] == told
        assert len(reasons(desk, "rating.untold")) == 1 - len(told)
        assert waiting(desk, "sorry") == 1


def test_the_lead_of_the_owners_team_is_told_when_the_tickets_team_has_none(tmp_path: Path) -> None:
    teams = {"first-line": {"lead": "bob"}, "second-line": {}}
    with a_team(tmp_path, teams=teams) as desk:
        asks(desk)
        works(desk, ANNA, "#resolve done", 1)
        works(desk, ANNA, "#assign second-line\n#close", 1)
        taps(desk, ANN, "rate", value="1")
        assert [one["to"] for one in reasons(desk, "rating.told")] == ["bob"]


def test_a_low_rating_of_a_ticket_that_goes_on_offers_nothing(tmp_path: Path) -> None:
    with a_closed_ticket(tmp_path) as desk:
        works(desk, ANNA, "#reopen", 1)
        taps(desk, ANN, "rate", value="1")
        assert letters(desk, ANN, "sorry")[-1].choices == ()


def test_what_counts_as_low_is_configured(tmp_path: Path) -> None:
    with a_closed_ticket(tmp_path, surveys={"low": 0}) as desk:
        taps(desk, ANN, "rate", value="1")
        assert (waiting(desk, "sorry"), waiting(desk, "low_rating")) == (0, 0)


def test_k3_two_ratings_at_once_are_one(tmp_path: Path) -> None:
    with a_closed_ticket(tmp_path) as desk, ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda n: taps(desk, ANN, "rate", value=str(n % 2 + 1)), range(16)))
        assert outcomes == [RATED] * 16
        assert len(desk.rows(Survey)) == 1
        assert waiting(desk, "sorry") == waiting(desk, "low_rating") == 1
        steps = [(one.before, one.after) for one in desk.rows(Event) if one.action == "survey.rated"]
        assert [before for before, _ in steps[1:]] == [after for _, after in steps[:-1]]


def test_k3_a_rating_after_the_ticket_ended_again_changes_the_only_one(tmp_path: Path) -> None:
    with a_closed_ticket(tmp_path) as desk:
        taps(desk, ANN, "rate", value="3")
        works(desk, ANNA, "#reopen", 1)
        works(desk, ANNA, "#resolve\n#close", 1)
        send(desk)
        assert taps(desk, ANN, "rate", value="5") == RATED
        assert rating(desk) == (5, "")
