"""Where somebody's requests stand, told when they ask, and to nobody else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.desk.outcome import Outcome, Reason, Result
from bot.message import Action, Attachment, Automation, Verdict
from bot.store.models import Entry, Outbox, Ticket
from tests.desk.by_mail import ANN, ANNA, EVE, a_team, an_answer, asks, done, letters, whole_of, works
from tests.desks import OpenDesk, a_message


def told(desk: OpenDesk, to: str = ANN) -> list[dict[str, Any]]:
    """What the last answer shows."""
    return list(letters(desk, to, "status")[-1].notice.values["tickets"])


def wants(desk: OpenDesk, text: str = "status", *, sender: str = ANN, **facts: Any) -> Outcome:
    """Somebody asks."""
    facts.setdefault("subject", "")
    return desk.receive(a_message(text, sender=sender, **facts))


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("", "status"),
        ("", "#status"),
        ("", "Status?"),
        ("", "STATO"),
        ("", "状态"),
        ("", "进度？"),
        ("status", ""),
        ("Re: Status", ""),
        ("Status", "Thank you!"),
        ("Help", "status\n\nAnn"),
        ("Help", "status HD-1"),
        ("", "Status\n\nThanks,\nAnn Smith"),
    ],
)
def test_the_word_alone_asks_and_nothing_else_changes(tmp_path: Path, subject: str, text: str) -> None:
    with a_team(tmp_path) as desk:
        asks(desk, name="Ann Smith")
        before, entries, events = desk.rows(Ticket), desk.rows(Entry), desk.actions(1)
        outcome = wants(desk, text, subject=subject, name="Ann Smith")
        assert (outcome.result, outcome.reason, outcome.quiet) == (Result.COMMANDED, Reason.ASKED, None)
        assert [one["reference"] for one in told(desk)] == ["HD-1"]
        assert (desk.rows(Ticket), desk.rows(Entry), desk.actions(1)) == (before, entries, events)


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Status", "My printer burns."),
        ("Help", "status\n\nIt burns still."),
        ("", "the status of my printer is bad"),
        ("status of the lift", ""),
        ("", "status\n\nIs Ann there?"),
    ],
)
def test_a_message_that_says_more_is_words(tmp_path: Path, subject: str, text: str) -> None:
    with a_team(tmp_path) as desk:
        assert wants(desk, text, subject=subject).result is Result.OPENED


def test_a_file_beside_the_word_is_not_lost(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        file = Attachment("smoke.jpg", "image/jpeg", 3, "a" * 64)
        assert wants(desk, attachments=(file,)).result is Result.OPENED


def test_the_answer_has_the_state_the_owner_the_promise_and_the_page(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        asks(desk)
        works(desk, ANNA, "#take", 1)
        wants(desk)
        (one,) = told(desk)
        ticket = desk.ticket(1)
        assert (one["subject"], one["state"], one["owner"]) == ("Fire", "open", "Anna Rossi")
        assert (one["promised_at"], one["opened_at"]) == (
            ticket.promised_at.isoformat(),
            ticket.opened_at.isoformat(),
        )
        assert one["url"].startswith("http://127.0.0.1:8080/status/")


def test_what_is_closed_is_not_told_unless_it_is_named(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        asks(desk)
        asks(desk, "And the lift.")
        works(desk, ANNA, "#close", 1)
        wants(desk)
        assert [one["reference"] for one in told(desk)] == ["HD-2"]
        wants(desk, "status HD-1")
        assert [(one["reference"], one["state"]) for one in told(desk)] == [("HD-1", "closed")]


def test_in_a_thread_it_is_about_the_ticket_of_the_thread(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        asks(desk)
        asks(desk, "And the lift.")
        outcome = desk.receive(an_answer(desk, ANN, 1, "status"))
        assert (outcome.ticket, [one["reference"] for one in told(desk)]) == (1, ["HD-1"])


def test_d22_nobody_is_told_of_the_requests_of_others(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        asks(desk, "secret", subject="Secret matter")
        wants(desk, "status HD-1", sender=EVE, verdict=Verdict.PASS)
        assert told(desk, EVE) == []
        assert "Secret matter" not in whole_of(letters(desk, EVE, "status")[-1])


def test_who_follows_is_told_and_gets_a_page_of_their_own(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        asks(desk)
        works(desk, ANNA, "#link dora@localhost", 1)
        wants(desk, sender="dora@localhost")
        (one,) = told(desk, "dora@localhost")
        assert (one["reference"], one["subject"]) == ("HD-1", "Fire")
        wants(desk)
        (owners,) = told(desk, "ann@localhost")
        assert one["url"].startswith("http://127.0.0.1:8080/status/1.")
        assert one["url"] != owners["url"]


def test_e7_to_a_stranger_whom_nothing_proves_no_word_of_anybodys_is_told(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        asks(desk, sender=EVE, subject="Buy pills", name="Pills")
        works(desk, ANNA, "#take", 1)
        wants(desk, sender=EVE, name="Pills")
        (one,) = told(desk, EVE)
        assert (one["reference"], one["state"]) == ("HD-1", "open")
        letter = whole_of(letters(desk, EVE, "status")[-1])
        assert not [word for word in ("pills", "Anna", "/status/") if word.lower() in letter.lower()]


def test_e7_a_forged_sender_asks_for_nobody(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        before = len(desk.rows(Outbox))
        assert wants(desk, verdict=Verdict.FAIL) == Outcome(Result.IGNORED, Reason.FORGED_SENDER)
        assert len(desk.rows(Outbox)) == before


def test_e2_a_machine_is_told_nothing(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        wants(desk, automation=Automation.AUTO_REPLY)
        assert letters(desk, event="status") == []


def test_e3_a_few_answers_an_hour_whatever_stands_behind_the_plus(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        for n in range(10):
            wants(desk, sender=f"ann+{n}@localhost" if n % 2 else ANN)
        assert len(letters(desk, event="status")) == 4
        assert desk.received[-1] == Outcome(Result.COMMANDED, Reason.ASKED, None, Reason.SENDER_BUDGET)
        desk.clock.forward(hours=2)
        wants(desk)
        assert len(letters(desk, event="status")) == 5


def test_e7_a_domain_that_the_desk_does_not_serve_has_a_budget_of_its_own(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        for n in range(30):
            wants(desk, sender=f"p{n}@bank.example")
        assert len(letters(desk, event="status")) == 20


def test_who_has_many_requests_is_told_of_the_newest_and_how_many_more(tmp_path: Path) -> None:
    with a_team(tmp_path, limits={"tickets_per_sender_hour": 100}) as desk:
        for _ in range(22):
            asks(desk)
        wants(desk)
        assert (len(told(desk)), told(desk)[0]["reference"]) == (20, "HD-22")
        assert letters(desk, ANN, "status")[-1].notice.values["more"] == 2


def test_it_is_told_in_the_language_of_the_word(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        asks(desk)
        wants(desk, "stato")
        assert letters(desk, ANN, "status")[-1].notice.locale == "it"


def test_agents_keep_their_own_status(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        asks(desk)
        works(desk, ANNA, "#status", 1)
        assert [one["code"] for one in done(desk, ANNA)] == ["status"]
        assert letters(desk, event="status") == []


def test_a_button_asks_too(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        asks(desk)
        message = a_message("", sender=ANN, subject="", verdict=Verdict.PASS)
        outcome = desk.receive(replace(message, action=Action("status", 1)))
        assert (outcome, [one["reference"] for one in told(desk)]) == (
            Outcome(Result.COMMANDED, Reason.ASKED, 1),
            ["HD-1"],
        )
