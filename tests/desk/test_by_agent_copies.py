"""An agent's words reach nobody whom they were not meant for, whoever else has a copy."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.desk.outcome import Reason, Result
from bot.message import Verdict
from tests.desk.by_mail import (
    A_FILE,
    ALIAS,
    ANN,
    ANNA,
    BOB,
    CANARY,
    EVE,
    GONE,
    a_team,
    answers,
    asks,
    done,
    letters,
    problems,
    said,
    works,
    written,
)


@pytest.mark.parametrize("verb", ["reply", "resolve"])
@pytest.mark.parametrize("noted_in", [1, 2])
def test_a_note_of_the_thread_or_of_the_named_ticket_stops_words_to_another_requester(
    tmp_path: Path, verb: str, noted_in: int
) -> None:
    with a_team(tmp_path) as desk:
        asks(desk)
        asks(desk, sender=EVE)
        works(desk, ANNA, f"#note HD-{noted_in} {CANARY}", 1)
        before = written(desk)
        assert works(desk, ANNA, f"#{verb} HD-2 > {CANARY}", 1).reason is Reason.REFUSED
        assert problems(desk, ANNA)[0]["code"] == "holds-a-note"
        assert not letters(desk, EVE, since=before)


@pytest.mark.parametrize("text", ["Dear Eve, the door code is 4711.", "#take\n\nDear Eve, 4711.", ""])
def test_bare_words_to_a_stranger_too_go_to_no_requester_whom_the_subject_alone_names(
    tmp_path: Path, text: str
) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        before, events, entries = written(desk), desk.actions(number), said(desk, number)
        outcome = works(
            desk, ANNA, text, number, to=(EVE, "help@localhost", BOB), attachments=(A_FILE,) * (not text)
        )
        assert (outcome.result, outcome.reason) == (Result.COMMANDED, Reason.REFUSED)
        assert problems(desk, ANNA) == [{"code": "by-tag-alone", "ticket": f"HD-{number}"}]
        assert [letter.to.address for letter in letters(desk, since=before)] == [ANNA]
        assert (desk.actions(number), said(desk, number)) == (events, entries)


@pytest.mark.parametrize("verb", ["#reply", "#reply HD-1", "#resolve\n"])
def test_words_that_are_said_to_be_for_the_requester_are_sent_whoever_has_a_copy(
    tmp_path: Path, verb: str
) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        works(desk, ANNA, f"{verb}\nHello Ann.", number, to=(EVE, "help@localhost"))
        assert letters(desk, ANN)[-1].notice.values["text"] == "Hello Ann."
        assert not letters(desk, EVE)


def test_commands_alone_are_done_whoever_has_a_copy(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        works(desk, ANNA, "#take\n#note x", number, to=(EVE, "help@localhost"))
        assert [one["code"] for one in done(desk, ANNA)] == ["taken", "noted"]


def test_bare_words_to_those_whom_the_ticket_concerns_are_an_answer(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        works(desk, ANNA, "#link dora@localhost", number)
        to = ("help+x@localhost", "Ann@Localhost", "dora@localhost", BOB, ALIAS)
        assert works(desk, ANNA, "Hello Ann.", number, to=to).reason is Reason.BY_AGENT
        assert letters(desk, ANN, "reply")[-1].notice.values["text"] == "Hello Ann."


@pytest.mark.parametrize("other", [GONE, "dora@localhost"])
def test_who_has_left_and_who_is_only_proposed_are_strangers_to_bare_words(
    tmp_path: Path, other: str
) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk, to=("help@localhost", "dora@localhost"))
        assert works(desk, ANNA, "Hello.", number, to=("help@localhost", other)).reason is Reason.REFUSED


def test_a_genuine_reference_is_an_answer_whoever_has_a_copy(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        outcome = answers(desk, ANNA, number, "Hello.", verdict=Verdict.PASS, to=("help@localhost", EVE))
        assert outcome.reason is Reason.BY_AGENT
        assert len(letters(desk, ANN, "reply")) == 1
