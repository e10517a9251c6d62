"""What an agent notes for colleagues stays among them."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.desk.outcome import Reason
from tests.desk.by_mail import (
    ANN,
    ANNA,
    BOB,
    CANARY,
    EVE,
    a_team,
    asks,
    letters,
    problems,
    said,
    whole_of,
    works,
    written,
)


def test_a_note_never_reaches_the_requester_whatever_is_done_with_the_ticket(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        works(desk, ANNA, f"#note\nfirst line\n\n{CANARY}\n#reply and more", number)
        works(desk, ANNA, f"#escalate {CANARY}", number)
        works(desk, ANNA, "#link eve@evil.example\n#assign bob", number)
        works(desk, BOB, f"#wait {CANARY}", number)
        works(desk, BOB, "Hello Ann", number)
        works(desk, BOB, "#resolve\nDone.", number)
        works(desk, BOB, f"#reopen {CANARY}", number)
        works(desk, BOB, f"#note {CANARY}\n#close {CANARY}", number)
        told = [letter for letter in letters(desk) if letter.to.address in {ANN, EVE}]
        assert {letter.notice.event for letter in told} >= {"received", "reply", "resolved", "survey"}
        assert not [letter for letter in told if "canary" in whole_of(letter)]
        assert [letter for letter in letters(desk, BOB, "handed_over") if "canary" in whole_of(letter)]


@pytest.mark.parametrize(
    "text",
    [
        f"> {CANARY}\nI will tell them.",
        f"Yes.\n>> {CANARY}",
        f"Anna wrote: {CANARY}.",
        "> the customer is difficult,\n> canary 4711\nYes.",
        f"#resolve\nDone.\n\n> {CANARY}",
        f"#reply {CANARY}",
        "> no!\nreally?",
    ],
)
def test_a_note_that_is_quoted_in_an_answer_stops_the_answer(tmp_path: Path, text: str) -> None:
    """Between the lines of a hand-over nobody can tell what is quoted: it is the notes that give it away."""
    with a_team(tmp_path) as desk:
        number = asks(desk)
        works(desk, ANNA, f"#note\n{CANARY}\nno!", number)
        before = written(desk)
        outcome = works(desk, BOB, text, number)
        assert outcome.reason is Reason.REFUSED
        assert [letter.to.address for letter in letters(desk, since=before)] == [BOB]
        assert problems(desk, BOB)[0]["code"] == "holds-a-note"


@pytest.mark.parametrize("verb", ["note", "escalate", "wait", "close"])
def test_a_note_that_the_mail_program_has_broken_into_lines_stays_inside(tmp_path: Path, verb: str) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        before = written(desk)
        works(desk, ANNA, f"#{verb} She has not paid and\n{CANARY}\nuntil she pays.", number)
        assert "canary" not in "".join(map(whole_of, letters(desk, ANN, since=before)))
        assert said(desk, number)[-1] == ("note", f"She has not paid and\n{CANARY}\nuntil she pays.")
