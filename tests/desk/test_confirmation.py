""" "Is it working again?": only its requester answers, only a yes ends the ticket, and what else they say is
heard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.desk.outcome import Outcome, Reason, Result
from bot.message import Attachment, Automation, Verdict
from bot.store.models import Event, Ticket
from tests.desk.by_mail import ANN, ANNA, EVE, answers, asks, letters, said, works
from tests.desk.endings import a_closed_ticket, a_resolved_ticket, ended, passes, send, taps, taps_on, waiting
from tests.desks import OpenDesk, a_message

A_FILE = Attachment("log.txt", "text/plain", 3, "0" * 64)


def standings(desk: OpenDesk, to: str = ANNA) -> list[Any]:
    """As what the owner was shown the requester's words."""
    return [letter.notice.values["standing"] for letter in letters(desk, to, "requester_wrote")]


@pytest.mark.parametrize(
    "text", ["Yes", "yes it works, thanks", "sì", "Funziona!", "是的，好了", "It works, thank you"]
)
@pytest.mark.parametrize("event", ["resolved", "confirm_reminder"])
def test_a_yes_ends_the_ticket(tmp_path: Path, text: str, event: str) -> None:
    with a_resolved_ticket(tmp_path) as desk:
        if event == "confirm_reminder":
            passes(desk, days=2)
        assert letters(desk, ANN)[-1].notice.event == event
        assert answers(desk, ANN, 1, text) == Outcome(Result.APPENDED, Reason.CONFIRMED, 1)
        assert ended(desk) == ("closed", "confirmed")
        assert said(desk, 1)[-1] == ("message", text)
        (survey,) = letters(desk, ANN, "survey")
        assert survey.notice.values["how"] == "confirmed"
        assert not standings(desk)


def test_a_yes_anywhere_in_the_thread_is_one_while_the_question_stands(tmp_path: Path) -> None:
    with a_resolved_ticket(tmp_path) as desk:
        first = letters(desk, ANN, "received")[0].token
        outcome = desk.receive(a_message("Yes!", sender=ANN, thread_keys=(f"{first}@localhost",)))
        assert outcome.reason is Reason.CONFIRMED


def test_a_bare_yes_to_an_agents_own_question_may_mean_that(tmp_path: Path) -> None:
    with a_resolved_ticket(tmp_path) as desk:
        works(desk, ANNA, "Shall I order a new one?", 1)
        assert answers(desk, ANN, 1, "Yes").reason is Reason.REFERENCE
        assert ended(desk) == ("open", None)
    with a_resolved_ticket(tmp_path / "again") as desk:
        works(desk, ANNA, "Is it fine now?", 1)
        assert answers(desk, ANN, 1, "Yes, it works").reason is Reason.CONFIRMED


@pytest.mark.parametrize(
    "text",
    [
        "No",
        "still broken",
        "Non funziona",
        "没有",
        "还是不行",
        "yes, but it is slow",
        "Which toner?",
        "Call me",
    ],
)
def test_whatever_is_no_yes_opens_the_ticket_again_with_their_words(tmp_path: Path, text: str) -> None:
    with a_resolved_ticket(tmp_path) as desk:
        assert answers(desk, ANN, 1, text) == Outcome(Result.APPENDED, Reason.NOT_FIXED, 1)
        assert ended(desk) == ("open", None)
        assert desk.ticket(1).resolved_at is None
        assert said(desk, 1)[-1] == ("message", text)
        assert standings(desk) == ["not-fixed"]
        assert letters(desk, ANNA, "requester_wrote")[-1].notice.values["text"] == text


def test_words_to_another_message_of_the_thread_open_it_as_words(tmp_path: Path) -> None:
    with a_resolved_ticket(tmp_path) as desk:
        first = letters(desk, ANN, "received")[0].token
        keys = (f"{first}@localhost",)
        assert desk.receive(a_message("By the way", sender=ANN, thread_keys=keys)).reason is Reason.REFERENCE
        assert standings(desk) == ["reference"]
        works(desk, ANNA, "#resolve", 1)
        outcome = desk.receive(a_message("It still burns", sender=ANN, thread_keys=keys))
        assert outcome.reason is Reason.NOT_FIXED


def test_what_stands_beside_a_yes_is_shown_to_the_owner(tmp_path: Path) -> None:
    with a_resolved_ticket(tmp_path) as desk:
        outcome = answers(desk, ANN, 1, "Yes!\n\nThe new toner smells nice.", attachments=(A_FILE,))
        assert outcome.reason is Reason.CONFIRMED
        assert standings(desk) == ["answered"]


@pytest.mark.parametrize("text", ["ok", "Perfetto", "好的"])
def test_a_courtesy_decides_nothing(tmp_path: Path, text: str) -> None:
    with a_resolved_ticket(tmp_path) as desk:
        assert answers(desk, ANN, 1, text).reason is Reason.THANKS
        assert (ended(desk), said(desk, 1)[-1]) == (("resolved", None), ("message", text))


def test_only_the_requester_confirms(tmp_path: Path) -> None:
    with a_resolved_ticket(tmp_path) as desk:
        works(desk, ANNA, "#link dora@localhost", 1)
        works(desk, ANNA, "#reply Dora, see above.", 1)
        token = letters(desk, ANN, "resolved")[-1].token
        stolen = a_message("Yes, it works", sender=EVE, thread_keys=(f"{token}@localhost",))
        assert desk.receive(stolen).reason is Reason.OTHER_SENDER
        assert taps(desk, EVE, "confirm", value="yes").reason is Reason.NOT_ALLOWED
        assert taps(desk, "dora@localhost", "confirm", value="yes").reason is Reason.NOT_ALLOWED
        assert ended(desk) == ("resolved", None)
        assert answers(desk, "dora@localhost", 1, "Yes, it works").reason is Reason.REFERENCE
        assert ended(desk)[1] != "confirmed"


def test_a_yes_needs_a_proof(tmp_path: Path) -> None:
    """The token of a letter to them, or a sender who is proved."""
    with a_resolved_ticket(tmp_path) as desk:
        forged = a_message("Yes, it works", sender=ANN, subject="[HD-1]", verdict=Verdict.FAIL)
        assert desk.receive(forged).result is Result.OPENED
        machine = answers(desk, ANN, 1, "Yes", automation=Automation.AUTO_REPLY)
        assert (machine.result, ended(desk)) == (Result.APPENDED, ("resolved", None))
        assert answers(desk, ANN, 1, "Yes, it works", verdict=Verdict.FAIL).reason is Reason.REFERENCE
        assert ended(desk) == ("open", None)
        works(desk, ANNA, "#resolve", 1)
        proved = a_message("Yes, it works", sender=ANN, subject="[HD-1]", verdict=Verdict.PASS)
        assert desk.receive(proved).reason is Reason.CONFIRMED


@pytest.mark.parametrize("event", ["resolved", "survey"])
def test_a_late_yes_changes_nothing(tmp_path: Path, event: str) -> None:
    with a_closed_ticket(tmp_path) as desk:
        keys = (f"{letters(desk, ANN, event)[-1].token}@localhost",)
        for days in (1, 100):
            desk.clock.forward(days=days)
            outcome = desk.receive(a_message("Yes, it works", sender=ANN, thread_keys=keys))
            assert outcome == Outcome(Result.APPENDED, Reason.THANKS, 1)
        assert (ended(desk), len(desk.rows(Ticket))) == (("closed", "confirmed"), 1)


def test_a_late_no_opens_the_ticket_again(tmp_path: Path) -> None:
    with a_closed_ticket(tmp_path) as desk:
        keys = (f"{letters(desk, ANN, 'resolved')[-1].token}@localhost",)
        desk.receive(a_message("No, it burns again", sender=ANN, thread_keys=keys))
        assert ended(desk) == ("open", None)


def test_a_tap_on_yes_ends_the_ticket_once(tmp_path: Path) -> None:
    with a_resolved_ticket(tmp_path) as desk:
        assert taps(desk, ANN, "confirm", value="yes") == Outcome(Result.COMMANDED, Reason.CONFIRMED, 1)
        rows = len(desk.rows(Event))
        assert taps(desk, ANN, "confirm", value="yes") == Outcome(Result.IGNORED, Reason.CONFIRMED, 1)
        assert (ended(desk), len(desk.rows(Event))) == (("closed", "confirmed"), rows)
        assert waiting(desk, "survey") == 1


def test_a_tap_on_no_opens_it_with_the_words_if_there_are_any(tmp_path: Path) -> None:
    with a_resolved_ticket(tmp_path) as desk:
        outcome = taps(desk, ANN, "confirm", value="no", text="It burns.")
        assert outcome == Outcome(Result.APPENDED, Reason.NOT_FIXED, 1)
        assert (ended(desk), said(desk, 1)[-1]) == (("open", None), ("message", "It burns."))
        works(desk, ANNA, "#resolve", 1)
        entries = len(said(desk, 1))
        assert taps(desk, ANN, "confirm", value="no") == Outcome(Result.COMMANDED, Reason.NOT_FIXED, 1)
        assert (ended(desk), len(said(desk, 1))) == (("open", None), entries)
        assert standings(desk) == ["not-fixed", "not-fixed"]
        assert taps(desk, ANN, "confirm", value="no") == Outcome(Result.IGNORED, Reason.OVER, 1)


def test_words_beside_a_tap_are_kept_also_when_it_comes_too_late(tmp_path: Path) -> None:
    with a_resolved_ticket(tmp_path) as desk:
        taps(desk, ANN, "confirm", value="yes", text="You were fast.")
        assert said(desk, 1)[-1] == ("message", "You were fast.")
        desk.clock.forward(days=100)
        assert taps(desk, ANN, "confirm", value="no", text="It burns.").reason is Reason.OVER
        assert (ended(desk), said(desk, 1)[-1]) == (("closed", "confirmed"), ("message", "It burns."))
        assert standings(desk)[-1] == "reference"


@pytest.mark.parametrize("values", [{}, {"value": ""}, {"value": "maybe"}, {"value": "YES"}])
def test_a_tap_that_says_neither_yes_nor_no_does_nothing(tmp_path: Path, values: dict[str, str]) -> None:
    with a_resolved_ticket(tmp_path) as desk:
        assert taps(desk, ANN, "confirm", **values).reason is Reason.NOT_ALLOWED
        assert taps_on(desk, 99, ANN, "confirm", {"value": "yes"}).reason is Reason.NOT_ALLOWED
        assert ended(desk) == ("resolved", None)


def test_a_tap_after_the_ticket_went_on_is_over(tmp_path: Path) -> None:
    with a_resolved_ticket(tmp_path) as desk:
        works(desk, ANNA, "#reopen", 1)
        assert taps(desk, ANN, "confirm", value="yes") == Outcome(Result.IGNORED, Reason.OVER, 1)
        works(desk, ANNA, "#close", 1)
        assert taps(desk, ANN, "confirm", value="yes") == Outcome(Result.IGNORED, Reason.OVER, 1)
        assert ended(desk) == ("closed", "agent")


def test_what_is_part_of_another_ticket_is_not_opened_again(tmp_path: Path) -> None:
    with a_resolved_ticket(tmp_path) as desk:
        other = asks(desk)
        works(desk, ANNA, f"#merge HD-1 HD-{other}")
        assert taps(desk, ANN, "confirm", value="no").reason is Reason.OVER
        assert ended(desk) == ("closed", "merged")


def test_no_to_the_offer_to_go_on_leaves_the_ticket_closed_and_yes_opens_it(tmp_path: Path) -> None:
    with a_closed_ticket(tmp_path) as desk:
        taps(desk, ANN, "rate", value="1")
        send(desk)
        assert letters(desk, ANN)[-1].notice.event == "sorry"
        assert answers(desk, ANN, 1, "No, thanks.").reason is Reason.THANKS
        assert ended(desk) == ("closed", "confirmed")
        answers(desk, ANN, 1, "Yes")
        assert ended(desk) == ("open", None)
