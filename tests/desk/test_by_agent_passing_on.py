"""Agents who write for somebody else, and mails that are passed on."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.desk.outcome import Reason, Result
from bot.message import Forwarded, Party, Verdict
from bot.store.models import Outbox, Ticket
from tests.desk.by_mail import (
    A_FILE,
    ANN,
    ANNA,
    BOB,
    CANARY,
    a_team,
    answers,
    asks,
    done,
    letters,
    said,
    whole_of,
    works,
    written,
)


def test_an_agent_opens_a_ticket_for_somebody_else(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        text = "#for Dora@Localhost\n#priority P1\n\nShe called: no light."
        outcome = works(desk, ANNA, text, subject="No light")
        number = outcome.ticket or 0
        assert (outcome.result, outcome.reason) == (Result.OPENED, Reason.BY_AGENT)
        ticket = desk.ticket(number)
        assert (ticket.subject, ticket.priority, ticket.state) == ("No light", "P1", "new")
        assert said(desk, number) == [("message", "She called: no light.")]
        (received,) = letters(desk, "dora@localhost")
        assert (received.notice.event, received.to.address) == ("received", "Dora@Localhost")
        assert [one["code"] for one in done(desk, ANNA)] == ["opened-for", "priority"]
        assert [letter.notice.event for letter in letters(desk, BOB)] == ["new_ticket"]
        assert [letter.notice.event for letter in letters(desk, ANNA)] == ["commands"]
        answers(desk, "dora@localhost", number, "Still dark.")
        assert said(desk, number)[-1] == ("message", "Still dark.")


@pytest.mark.parametrize("text", ["#for x@localhost\n#priority P9", "#for help@localhost\nfor ourselves"])
def test_a_ticket_for_somebody_else_is_opened_wholly_or_not_at_all(tmp_path: Path, text: str) -> None:
    with a_team(tmp_path) as desk:
        assert works(desk, ANNA, text).reason is Reason.REFUSED
        assert desk.rows(Ticket) == []
        assert [row.recipient for row in desk.rows(Outbox)] == [ANNA]


def test_d20_an_agent_who_passes_on_a_mail_opens_the_ticket_for_its_sender(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        passed_on = Forwarded(Party("email", "dora@localhost", "Dora"), "No light", "It is dark here.")
        outcome = works(desk, ANNA, CANARY, subject="Fwd: No light", forwarded=passed_on)
        number = outcome.ticket or 0
        assert (outcome.result, outcome.reason) == (Result.OPENED, Reason.BY_AGENT)
        assert desk.ticket(number).subject == "No light"
        assert said(desk, number) == [("message", "It is dark here."), ("note", CANARY)]
        (received,) = letters(desk, "dora@localhost")
        assert "canary" not in whole_of(received)
        assert [letter.notice.event for letter in letters(desk, BOB)] == ["new_ticket"]


def test_d20_a_mail_that_is_passed_on_without_a_word_is_no_note(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        passed_on = Forwarded(Party("email", "dora@localhost"), "No light", "It is dark here.")
        whole = "---------- Forwarded message ---------\nFrom: dora@localhost\n\nIt is dark here."
        number = works(desk, ANNA, whole, subject="Fwd: No light", forwarded=passed_on).ticket or 0
        assert said(desk, number) == [("message", "It is dark here.")]


def test_d20_a_customer_who_passes_on_a_mail_stays_the_requester(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        passed_on = Forwarded(Party("email", "victim@localhost"), "x", "pay me")
        for sender, verdict in ((ANN, Verdict.PASS), (ANNA, Verdict.UNKNOWN), (ANNA, Verdict.FAIL)):
            outcome = works(desk, sender, "see below", verdict=verdict, forwarded=passed_on, subject="Fwd: x")
            assert outcome.reason is Reason.NEW
        assert not letters(desk, "victim@localhost")


@pytest.mark.parametrize("address", ["noreply@shop.example", "help@localhost", "help+x@localhost"])
def test_e2_a_machine_whose_mail_is_passed_on_is_sent_nothing(tmp_path: Path, address: str) -> None:
    with a_team(tmp_path) as desk:
        passed_on = Forwarded(Party("email", address), "Your order", "Thank you.")
        works(desk, ANNA, "", subject="Fwd: Your order", forwarded=passed_on)
        assert not letters(desk, address)
        assert len(desk.rows(Ticket)) == 1


def test_what_is_passed_on_into_a_ticket_is_a_note_and_never_an_answer(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        before = written(desk)
        passed_on = Forwarded(Party("email", ANN), "x", "secret of the supplier")
        works(
            desk,
            ANNA,
            CANARY,
            whole_text=f"{CANARY}\nsecret of the supplier",
            subject=f"Fwd: [HD-{number}] Fire",
            forwarded=passed_on,
        )
        assert said(desk, number)[-1] == ("note", f"{CANARY}\nsecret of the supplier")
        assert [letter.to.address for letter in letters(desk, since=before)] == [ANNA]
        assert [one["code"] for one in done(desk, ANNA)] == ["noted"]


@pytest.mark.parametrize(
    ("text", "whole", "kept"),
    [
        ("Look at this", "Look at this\n\n> secret plan", "Look at this\n\n> secret plan"),
        ("secret plan", "secret plan", "secret plan"),
        ("#take\n\nLook", "#take\n\nLook\n\n> secret plan", "Look\n\n> secret plan"),
        ("#resolve\n\nLook: secret", "#resolve\n\nLook: secret", "Look: secret"),
        ("#reply We ask them.\n\nsecret", "#reply We ask them.\n\nsecret\n> plan", "secret\n> plan"),
        ("#take", "> quoted first\n#take\n> secret", "> quoted first\n#take\n> secret"),
    ],
)
@pytest.mark.parametrize("mark", ["Fwd:", "FW:", "WG:", "I:", "转发："])
def test_what_is_passed_on_in_a_shape_that_nobody_knows_is_a_note_too(
    tmp_path: Path, mark: str, text: str, whole: str, kept: str
) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        works(desk, ANNA, text, number, whole_text=whole, subject=f"{mark} [HD-{number}] Fire")
        assert ("note", kept) in said(desk, number)
        assert not [letter for letter in letters(desk, ANN) if "secret" in whole_of(letter)]
        assert len(letters(desk, ANN, "reply")) == text.startswith("#reply")


def test_a_passed_on_mail_without_words_is_no_note_beside_commands_and_refused_without(
    tmp_path: Path,
) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        subject = f"Fwd: [HD-{number}] Fire"
        works(desk, ANNA, "#take", number, subject=subject)
        assert [one["code"] for one in done(desk, ANNA)] == ["taken"]
        assert works(desk, ANNA, "", number, subject=subject).reason is Reason.REFUSED
        works(desk, ANNA, "", number, subject=subject, attachments=(A_FILE,))
        assert said(desk, number)[-1] == ("note", "")
        assert not [letter for letter in letters(desk, ANN) if letter.attachments]
