"""Files in an agent's mail: with the answer, with the news, or for colleagues alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.desk.outcome import Reason
from bot.message import Kind, Verdict
from bot.store.models import AttachmentRow, Entry
from tests.desk.by_mail import (
    A_FILE,
    A_LOGO,
    ANN,
    ANNA,
    CANARY,
    EVE,
    a_team,
    answers,
    asks,
    letters,
    problems,
    said,
    works,
    written,
)


def test_an_agents_files_go_with_the_answer(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        answers(desk, ANNA, number, "See the file.", verdict=Verdict.PASS, attachments=(A_FILE,))
        assert letters(desk, ANN, "reply")[-1].attachments == (A_FILE,)
        answers(desk, ANNA, number, "#resolve\nSee the file.", verdict=Verdict.PASS, attachments=(A_FILE,))
        assert letters(desk, ANN, "resolved")[-1].attachments == (A_FILE,)
        assert len(desk.rows(AttachmentRow)) == 2


def test_a_file_alone_is_an_answer_and_nothing_at_all_is_none(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        answers(desk, ANNA, number, "", verdict=Verdict.PASS, attachments=(A_FILE,))
        assert letters(desk, ANN, "reply")[-1].attachments == (A_FILE,)
        before = written(desk)
        assert answers(desk, ANNA, number, "", verdict=Verdict.PASS).reason is Reason.REFUSED
        assert [letter.to.address for letter in letters(desk, since=before)] == [ANNA]


@pytest.mark.parametrize("text", ["#note look at this", "#take"])
def test_a_file_with_commands_alone_is_kept_for_colleagues_and_not_sent(tmp_path: Path, text: str) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        works(desk, ANNA, text, number, attachments=(A_FILE,))
        (kept,) = desk.rows(AttachmentRow)
        assert {row.id: row.kind for row in desk.rows(Entry)}[kept.entry_id] == "note"
        assert not [letter for letter in letters(desk) if letter.attachments]


def test_a_file_with_the_bare_news_that_it_is_resolved_goes_with_the_news(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        works(desk, ANNA, "#resolve", number, attachments=(A_FILE, A_LOGO))
        (letter,) = letters(desk, ANN, "resolved")
        assert (letter.kind, letter.attachments) == (Kind.REPLY, (A_FILE, A_LOGO))
        assert {row.id: row.kind for row in desk.rows(Entry)}[desk.rows(AttachmentRow)[0].entry_id] == "reply"
        assert desk.ticket(number).state == "resolved"


def test_a_picture_in_a_signature_makes_no_answer_of_the_bare_news(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        works(desk, ANNA, "#resolve", number, attachments=(A_LOGO,))
        (letter,) = letters(desk, ANN, "resolved")
        assert (letter.kind, letter.attachments) == (Kind.CONFIRMATION, ())
        assert [kind for kind, _ in said(desk, number)] == ["message"]


@pytest.mark.parametrize("text", ["#note for us\n#resolve", "#resolve\n#note for us", "#wait w\n#resolve"])
def test_a_file_beside_a_note_is_the_notes_though_the_ticket_is_resolved(tmp_path: Path, text: str) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        works(desk, ANNA, text, number, attachments=(A_FILE,))
        (kept,) = desk.rows(AttachmentRow)
        assert {row.id: row.kind for row in desk.rows(Entry)}[kept.entry_id] == "note"
        assert letters(desk, ANN, "resolved")[-1].attachments == ()


@pytest.mark.parametrize(
    "text",
    [
        "#reply HD-2 see ours\n#reply here is your payslip",
        "#reply HD-2 see ours\n\nHere is your payslip.",
        "#resolve HD-2\n\nHere is your payslip.",
        "#resolve HD-2\n#resolve",
    ],
)
def test_files_never_go_to_the_requesters_of_two_tickets(tmp_path: Path, text: str) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        asks(desk, sender=EVE)
        before = written(desk)
        assert works(desk, ANNA, text, number, attachments=(A_FILE,)).reason is Reason.REFUSED
        assert problems(desk, ANNA) == [{"code": "files-for-many"}]
        assert [letter.to.address for letter in letters(desk, since=before)] == [ANNA]
        works(desk, ANNA, text, number, attachments=(A_LOGO,))
        assert not [letter for letter in letters(desk, EVE, since=before) if letter.attachments]


def test_files_with_words_to_another_tickets_requester_alone_go_there(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number, other = asks(desk), asks(desk, sender=EVE)
        works(desk, ANNA, f"#reply HD-{other} see the file", number, attachments=(A_FILE,))
        assert letters(desk, EVE, "reply")[-1].attachments == (A_FILE,)
        assert not letters(desk, ANN, "reply")


def test_words_to_the_threads_requester_do_not_go_with_the_resolution_of_another_ticket(
    tmp_path: Path,
) -> None:
    with a_team(tmp_path) as desk:
        number, other = asks(desk), asks(desk, sender=EVE)
        works(desk, ANNA, f"#resolve HD-{other} same cause\n\nDear Ann, {CANARY}", number)
        assert letters(desk, EVE, "resolved")[-1].notice.values["text"] == "same cause"
        assert letters(desk, ANN, "reply")[-1].notice.values["text"] == f"Dear Ann, {CANARY}"
        assert (desk.ticket(number).state, desk.ticket(other).state) == ("open", "resolved")


@pytest.mark.parametrize("named", ["", "HD-1 "])
def test_words_below_several_resolutions_go_with_that_of_the_thread(tmp_path: Path, named: str) -> None:
    with a_team(tmp_path) as desk:
        number, other = asks(desk), asks(desk, sender=EVE)
        works(desk, ANNA, f"#resolve HD-{other}\n#resolve {named}\n\nDear Ann.", number)
        assert letters(desk, EVE, "resolved")[-1].notice.values["text"] == ""
        assert letters(desk, ANN, "resolved")[-1].notice.values["text"] == "Dear Ann."
