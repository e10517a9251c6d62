"""Who has an agent's power: a mail that is proved to be theirs, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.desk.outcome import Reason, Result
from bot.message import Automation, Bounce, Forwarded, Party, Verdict
from bot.store.models import Entry, Outbox, Ticket
from tests.desk.by_mail import (
    ANN,
    ANNA,
    BOB,
    CARLA,
    EVE,
    TEAM,
    a_team,
    an_answer,
    answers,
    asks,
    letters,
    said,
    works,
    written,
)


@pytest.mark.parametrize("verdict", [Verdict.UNKNOWN, Verdict.FAIL])
@pytest.mark.parametrize("text", ["#close", "#assign bob\nI own you", "Hello Ann, call 0900-123"])
def test_d6_nothing_is_done_in_the_name_of_an_agent_whose_mail_nothing_proves(
    tmp_path: Path, verdict: Verdict, text: str
) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        before, ticket = written(desk), desk.ticket(number)
        outcome = answers(desk, ANNA, number, text, verdict=verdict)
        assert (outcome.result, outcome.reason) == (Result.APPENDED, Reason.UNPROVED_AGENT)
        after = desk.ticket(number)
        assert (after.state, after.owner_id, after.first_response_at) == ("new", None, None)
        assert after.requester_id == ticket.requester_id
        assert said(desk, number)[-1] == ("unverified", text)
        assert not [row for row in desk.rows(Outbox)[before:] if row.recipient == ANN]
        told = letters(desk, BOB, "requester_wrote")[-1].notice.values
        assert told["standing"] == "unproved-agent"
        assert told["oddities"]


@pytest.mark.parametrize("verdict", [Verdict.UNKNOWN, Verdict.FAIL])
def test_d6_a_tag_in_an_unproved_agents_mail_opens_a_flagged_request(
    tmp_path: Path, verdict: Verdict
) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        outcome = works(desk, ANNA, "#close", number, verdict=verdict)
        assert (outcome.result, outcome.reason) == (Result.OPENED, Reason.NEW)
        assert desk.ticket(number).state == "new"
        assert desk.rows(Entry)[-1].oddities
        assert letters(desk, ANNA, "new_ticket")[-1].notice.values["oddities"]


def test_d6_a_strangers_proved_mail_has_no_power_over_tickets(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        assert works(desk, EVE, "#close", number).reason is Reason.NEW
        assert works(desk, ANN, "#close", number).reason is Reason.SUBJECT_TAG
        assert desk.ticket(number).state == "new"
        assert said(desk, number)[-1] == ("message", "#close")


@pytest.mark.parametrize(
    ("reply", "whole"),
    [
        ("Hello.", "Hello.\n\nOn Monday Ann wrote:\n> #close"),
        ("Hello.\n#close", "Hello.\n#close"),
        ("Hello.", "Hello.\n-- \n#close"),
        ("> #close\nNo.", "> #close\nNo."),
    ],
)
def test_d10_no_command_is_taken_from_quotes_signatures_or_below_words(
    tmp_path: Path, reply: str, whole: str
) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        answers(desk, ANNA, number, reply, whole_text=whole, verdict=Verdict.PASS)
        assert desk.ticket(number).state == "open"
        assert letters(desk, ANN, "reply")[-1].notice.values["text"] == reply


def test_d10_what_a_passed_on_mail_says_is_no_command(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        passed_on = Forwarded(Party("email", EVE), "x", "#close HD-1\n#assign gone")
        number = asks(desk)
        works(desk, ANNA, "see below", subject="Fwd: x", forwarded=passed_on)
        assert desk.ticket(number).state == "new"


@pytest.mark.parametrize(
    "automation", [Automation.AUTO_REPLY, Automation.BOUNCE, Automation.LIST, Automation.OURSELVES]
)
def test_d11_a_machine_in_an_agents_name_does_nothing_and_answers_nobody(
    tmp_path: Path, automation: Automation
) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        before = written(desk)
        answers(
            desk, ANNA, number, "#close\nI am away until Monday.", verdict=Verdict.PASS, automation=automation
        )
        assert (desk.ticket(number).state, desk.ticket(number).owner_id) == ("new", None)
        assert not letters(desk, ANN, since=before)
        assert said(desk, number)[-1][0] == "automatic"


def test_d11_the_absence_note_of_an_agent_about_nothing_opens_nothing(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        outcome = works(desk, ANNA, "I am away.", automation=Automation.AUTO_REPLY)
        assert (outcome.result, outcome.reason) == (Result.IGNORED, Reason.AUTOMATIC)
        assert (desk.rows(Ticket), desk.rows(Outbox)) == ([], [])


def test_d12_who_has_left_has_no_power_though_their_token_is_genuine(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        mail = an_answer(desk, BOB, number, "#close", verdict=Verdict.PASS)
        left = {key: {**agent, "active": key != "bob"} for key, agent in TEAM["agents"].items()}
        with a_team(tmp_path / "unused", agents=left) as later:
            desk.desk = later.desk
        assert desk.receive(mail).reason is Reason.UNPROVED_AGENT
        assert works(desk, BOB, f"#close HD-{number}").reason is Reason.NEW
        assert desk.ticket(number).state == "new"


def test_d12_who_is_no_longer_in_the_configuration_is_a_stranger(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        mail = an_answer(desk, BOB, number, "#close", verdict=Verdict.PASS)
        left = {key: agent for key, agent in TEAM["agents"].items() if key != "bob"}
        with a_team(tmp_path / "unused", agents=left) as later:
            desk.desk = later.desk
        outcome = desk.receive(mail)
        assert (outcome.result, outcome.reason) == (Result.APPENDED, Reason.NOT_PARTICIPANT)
        assert (desk.ticket(number).state, said(desk, number)[-1][0]) == ("new", "unverified")


def test_e13_a_notification_to_one_of_our_own_addresses_is_left_out_and_noted(tmp_path: Path) -> None:
    looped = {"anna": {"name": "Anna", "addresses": ["help+anna@localhost"], "teams": ["first-line"]}}
    with a_team(tmp_path, agents=looped) as desk:
        number = asks(desk)
        assert [row.recipient for row in desk.rows(Outbox)] == [ANN]
        assert desk.actions(number) == ["opened", "delivery.suppressed"]


def test_e12_a_command_that_changes_nothing_writes_no_event(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        text = "#take\n#priority P2\n#category hardware\n#link eve@evil.example\n#assign anna\n#assign second-line\n#for ann@localhost"
        works(desk, ANNA, text, number)
        events, told = desk.actions(number), len(letters(desk, CARLA))
        timers = [row for row in desk.rows(Outbox) if row.recipient == CARLA]
        works(desk, ANNA, text, number)
        assert desk.actions(number) == events
        assert len(letters(desk, CARLA)) == told == len(timers) == 1


def test_bounces_of_an_unknown_mail_in_an_agents_name_change_nothing(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        report = Bounce((ANN,), permanent=True, originals=("unknown@localhost",))
        outcome = works(desk, ANNA, "#close", automation=Automation.BOUNCE, bounce=report)
        assert (outcome.result, outcome.reason) == (Result.IGNORED, Reason.BOUNCE)
