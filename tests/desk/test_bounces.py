"""A delivery report counts only when it carries our signature; then its address is marked and agents are told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.desk.outcome import Outcome, Reason, Result
from bot.mail.references import References
from bot.message import Automation, Bounce, Verdict
from bot.store.models import Address, Outbox, Ticket
from tests.desk.by_mail import (
    ANN,
    ANNA,
    BOB,
    EVE,
    a_team,
    answers,
    asks,
    letters,
    said,
    token_to,
    works,
    written,
)
from tests.desks import OpenDesk, a_message


def comes_back(
    desk: OpenDesk, token: str, *addresses: str, permanent: bool = True, status: str = "5.1.1", **facts: Any
) -> Outcome:
    """A report that what we sent under a token has not arrived."""
    report = Bounce(addresses, permanent, (f"{token}@localhost",), status if permanent else "4.4.7")
    facts.setdefault("sender", "mailer-daemon@relay.example")
    return desk.receive(
        a_message(
            "It did not work.", automation=Automation.BOUNCE, bounce=report, subject="Undelivered", **facts
        )
    )


def bounces(desk: OpenDesk, address: str) -> int:
    return next(int(row.bounces) for row in desk.rows(Address) if row.canonical == address)


def test_e5_a_report_of_ours_marks_the_address_and_tells_the_agents(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        before = written(desk)
        outcome = comes_back(desk, token_to(desk, ANN, number), ANN)
        assert (outcome.result, outcome.reason, outcome.ticket) == (
            Result.APPENDED,
            Reason.OUR_BOUNCE,
            number,
        )
        assert (bounces(desk, ANN), desk.ticket(number).state) == (1, "new")
        assert said(desk, number)[-1][0] == "automatic"
        assert sorted(row.recipient for row in desk.rows(Outbox)[before:]) == [ANNA, BOB]
        values = letters(desk, ANNA, "bounced")[-1].notice.values
        assert (values["address"], values["permanent"], values["status"]) == (ANN, True, "5.1.1")
        assert len(desk.rows(Ticket)) == 1


@pytest.mark.parametrize("where", ["original", "thread", "address"])
def test_e5_our_signature_is_found_wherever_a_report_has_it(tmp_path: Path, where: str) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        token = token_to(desk, ANN, number)
        places: dict[str, dict[str, Any]] = {
            "original": {"bounce": Bounce((ANN,), True, (f"<{token}@localhost>",))},
            "thread": {"bounce": Bounce((ANN,), True), "thread_keys": (f"{token}@localhost",)},
            "address": {"bounce": Bounce((ANN,), True), "to": (f"help+{token}@localhost",)},
        }
        facts = places[where]
        message = a_message(sender="", automation=Automation.BOUNCE, **facts)
        assert desk.receive(message).reason is Reason.OUR_BOUNCE
        assert bounces(desk, ANN) == 1


def test_e5_a_mail_that_is_only_late_marks_nothing(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        comes_back(desk, token_to(desk, ANN, number), ANN, permanent=False)
        assert bounces(desk, ANN) == 0
        assert letters(desk, ANNA, "bounced")[-1].notice.values["permanent"] is False


def test_e6_a_forged_report_changes_nothing(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        before = desk.actions(number), written(desk), said(desk, number)
        forged = References(b"another key").issue(number, ANN)
        outcome = comes_back(desk, forged, ANN)
        assert (outcome.result, outcome.reason) == (Result.IGNORED, Reason.BOUNCE)
        assert (desk.actions(number), written(desk), said(desk, number)) == before
        assert bounces(desk, ANN) == 0


def test_e6_the_token_of_one_address_does_not_mark_another(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        asks(desk)
        hers = asks(desk, sender=EVE)
        comes_back(desk, token_to(desk, EVE, hers), ANN, sender=EVE)
        assert (bounces(desk, ANN), bounces(desk, EVE)) == (0, 0)
        assert letters(desk, ANNA, "bounced")[-1].notice.values["address"] == ""


def test_e6_after_three_reports_nothing_automatic_is_sent_and_a_sign_of_life_ends_that(
    tmp_path: Path,
) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        for ticket in (number, asks(desk), asks(desk)):
            comes_back(desk, token_to(desk, ANN, ticket), ANN)
        assert bounces(desk, ANN) == 3
        before = written(desk)
        works(desk, ANNA, "#resolve", number)
        assert {row.recipient for row in desk.rows(Outbox)[before:]} == {ANNA}
        works(desk, ANNA, "#reply what a person writes is sent all the same", number)
        assert len(letters(desk, ANN, "reply")) == 1
        answers(desk, ANN, number, "I am here.")
        assert bounces(desk, ANN) == 0


@pytest.mark.parametrize(
    ("status", "counted"),
    [("5.1.1", 1), ("5.1.10", 1), ("5.2.1", 1), ("", 1), ("5.7.1", 0), ("5.2.2", 0), ("5.1.8", 0)],
)
def test_e5_only_a_report_about_the_address_itself_marks_it(
    tmp_path: Path, status: str, counted: int
) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        comes_back(desk, token_to(desk, ANN, number), ANN, status=status)
        assert bounces(desk, ANN) == counted
        assert letters(desk, ANNA, "bounced")[-1].notice.values["status"] == status


def test_e5_reports_about_one_message_count_and_are_told_once(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        token = token_to(desk, ANN, number)
        for permanent in (False, True, False, True, True):
            comes_back(desk, token, ANN, permanent=permanent)
        assert bounces(desk, ANN) == 1
        assert [one.notice.values["permanent"] for one in letters(desk, ANNA, "bounced")] == [False, True]
        assert desk.actions(number).count("address.bounced") == 5


def _is_mute(desk: OpenDesk, agent: str, owned: int) -> None:
    """As if three messages to an agent had come back."""
    others = [asks(desk, sender=f"p{n}@localhost") for n in range(2)]
    for number in (owned, *others):
        comes_back(desk, token_to(desk, agent, number), agent)
    assert bounces(desk, agent) == 3


def test_e6_an_agent_who_writes_again_is_written_to_again(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        _is_mute(desk, ANNA, number)
        works(desk, ANNA, "#take", number)
        assert bounces(desk, ANNA) == 0
        assert len(letters(desk, ANNA, "commands")) == 1
        answers(desk, ANN, number, "It still burns.")
        assert len(letters(desk, ANNA, "requester_wrote")) == 1


def test_e5_the_team_is_told_what_its_owner_cannot_be_told(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        works(desk, ANNA, "#take", number)
        _is_mute(desk, ANNA, number)
        answers(desk, ANN, number, "It still burns.")
        assert not letters(desk, ANNA, "requester_wrote")
        assert len(letters(desk, BOB, "requester_wrote")) == 1


def test_e5_when_the_owners_mail_comes_back_the_rest_of_the_team_is_told(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        works(desk, ANNA, "#take", number)
        before = written(desk)
        comes_back(desk, token_to(desk, ANNA, number), ANNA)
        assert [row.recipient for row in desk.rows(Outbox)[before:]] == [BOB]


def test_e5_two_agents_whose_mail_comes_back_do_not_tell_each_other_for_ever(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        answered = 0
        for _ in range(1000):
            waiting = [row for row in desk.rows(Outbox)[answered:] if row.recipient in {ANNA, BOB}]
            answered = written(desk)
            if not waiting:
                break
            for row in waiting:
                comes_back(desk, row.token, row.recipient)
            desk.clock.forward(minutes=20)
        assert not waiting
        assert written(desk) <= 9
        assert "delivery.suppressed" in desk.actions(number)


def test_e5_a_report_without_any_facts_is_kept_out(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        message = a_message(sender="", automation=Automation.BOUNCE, verdict=Verdict.PASS)
        assert desk.receive(message).result is Result.IGNORED
        assert desk.rows(Outbox) == []
