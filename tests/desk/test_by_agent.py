"""Agents work by mail: what they write goes where they mean it to go, and nobody can write in their name."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.desk.letters import MOST_IN_TEN_MINUTES
from bot.desk.outcome import Reason, Result
from bot.message import Kind, Verdict
from bot.store.models import Outbox, Ticket
from tests.desk.by_mail import (
    ALIAS,
    ANN,
    ANNA,
    BOB,
    CANARY,
    CARLA,
    GONE,
    TEAM,
    a_team,
    answers,
    asks,
    done,
    letters,
    owner,
    problems,
    said,
    token_to,
    whole_of,
    works,
    written,
)


def test_a_new_ticket_is_told_to_each_active_agent_of_its_team_once(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk, "The printer burns.", name="Ann")
        (to_anna,), (to_bob,) = letters(desk, ANNA), letters(desk, BOB)
        assert (to_anna.kind, to_anna.notice.event, to_anna.ticket) == (Kind.NOTICE, "new_ticket", number)
        assert to_anna.notice.values["text"] == "The printer burns."
        assert (to_anna.notice.values["who"], to_anna.notice.values["address"]) == ("Ann", ANN)
        assert to_anna.notice.values["due"] == desk.ticket(number).first_response_due.isoformat()
        assert (to_anna.notice.locale, to_bob.notice.locale) == ("en", "it")
        assert not letters(desk, CARLA)
        assert not letters(desk, GONE)


def test_an_agent_who_asks_for_help_is_a_requester_and_is_not_told_of_it(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        outcome = works(desk, ANNA, "My own screen is dark.")
        assert (outcome.result, outcome.reason) == (Result.OPENED, Reason.NEW)
        assert [letter.notice.event for letter in letters(desk, ANNA)] == ["received"]
        assert [letter.notice.event for letter in letters(desk, BOB)] == ["new_ticket"]


@pytest.mark.parametrize("address", [ANNA, ALIAS])
def test_what_an_agent_answers_in_a_matter_of_their_own_is_the_requesters_word(
    tmp_path: Path, address: str
) -> None:
    with a_team(tmp_path) as desk:
        number = works(desk, address, "My own screen is dark.").ticket or 0
        works(desk, BOB, "Is it plugged in?", number)
        before = written(desk)
        outcome = answers(desk, address, number, "It is.", verdict=Verdict.PASS)
        assert (outcome.result, outcome.reason) == (Result.APPENDED, Reason.REFERENCE)
        assert said(desk, number)[-1] == ("message", "It is.")
        assert owner(desk, number) == "Bob"
        assert [row.recipient for row in desk.rows(Outbox)[before:]] == [BOB]


def test_an_agents_answer_goes_to_the_requester_with_its_words_alone(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        before = written(desk)
        whole = f"Use the other one.\n\nOn Monday the desk wrote:\n> {CANARY}\n-- \nAnna, room 5"
        outcome = answers(desk, ANNA, number, "Use the other one.", whole_text=whole, verdict=Verdict.PASS)
        assert (outcome.result, outcome.reason, outcome.ticket) == (Result.COMMANDED, Reason.BY_AGENT, number)
        (letter,) = letters(desk, since=before)
        assert (letter.kind, letter.notice.event, letter.to.address) == (Kind.REPLY, "reply", ANN)
        assert letter.notice.values["text"] == "Use the other one."
        assert "canary" not in whole_of(letter)
        assert ANNA not in whole_of(letter)
        assert said(desk, number)[-1] == ("reply", "Use the other one.")


def test_the_first_answer_takes_the_ticket_and_keeps_the_promise(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        desk.clock.forward(minutes=10)
        answers(desk, ANNA, number, "Use the other one.", verdict=Verdict.PASS)
        ticket = desk.ticket(number)
        assert (ticket.state, ticket.first_response_at, owner(desk, number)) == (
            "open",
            desk.clock(),
            "Anna Rossi",
        )
        desk.clock.forward(minutes=10)
        answers(desk, BOB, number, "And this.", verdict=Verdict.PASS)
        assert owner(desk, number) == "Anna Rossi"
        assert desk.ticket(number).first_response_at == ticket.first_response_at
        assert desk.actions(number).count("answered") == 1


def test_the_requesters_answer_goes_to_the_owner_and_else_to_the_team(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        answers(desk, ANN, number, "More.")
        assert [len(letters(desk, agent, "requester_wrote")) for agent in (ANNA, BOB)] == [1, 1]
        works(desk, BOB, "#take", number)
        answers(desk, ANN, number, "Still more.")
        assert [len(letters(desk, agent, "requester_wrote")) for agent in (ANNA, BOB)] == [1, 2]
        assert letters(desk, BOB, "requester_wrote")[-1].notice.values["text"] == "Still more."


def test_when_the_owner_has_left_the_team_is_told(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        works(desk, BOB, "#take", number)
        left = {key: {**agent, "active": key != "bob"} for key, agent in TEAM["agents"].items()}
        with a_team(tmp_path / "unused", agents=left) as later:
            desk.desk = later.desk
        answers(desk, ANN, number, "Hello?")
        assert [len(letters(desk, agent, "requester_wrote")) for agent in (ANNA, BOB)] == [1, 0]


def test_a_mail_of_commands_alone_is_never_forwarded(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        before = written(desk)
        works(desk, ANNA, "#take\n#priority P2\n#category hardware\n", number)
        (told,) = letters(desk, ANN, since=before)
        assert told.notice.event == "progress"
        assert "#take" not in whole_of(told)
        assert [one["code"] for one in done(desk, ANNA)] == ["taken", "priority", "category"]


def test_commands_above_words_are_done_and_only_the_words_are_sent(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        answers(desk, ANNA, number, "#priority P1\n\nHello Ann,\nwe come.", verdict=Verdict.PASS)
        (letter,) = letters(desk, ANN, "reply")
        assert letter.notice.values["text"] == "Hello Ann,\nwe come."
        assert "priority P1" not in whole_of(letter)
        assert desk.ticket(number).priority == "P1"
        assert [one["code"] for one in done(desk, ANNA)] == ["priority", "replied"]


def test_a_misunderstood_command_does_nothing_and_gives_the_agent_their_words_back(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        events, before, entries = desk.actions(number), written(desk), said(desk, number)
        ticket = desk.ticket(number)
        text = "#take\n#resolv\n\nHello Ann, it works."
        outcome = works(desk, ANNA, text, number)
        assert (outcome.result, outcome.reason) == (Result.COMMANDED, Reason.NOT_UNDERSTOOD)
        assert (desk.ticket(number), desk.actions(number), said(desk, number)) == (ticket, events, entries)
        (letter,) = letters(desk, since=before)
        assert letter.to.address == ANNA
        assert letter.notice.values["text"] == text
        assert problems(desk, ANNA) == [
            {"code": "unknown-verb", "line": "#resolv", "verb": "resolv", "near": "resolve"}
        ]
        assert "resolve" in letter.notice.values["known"]


@pytest.mark.parametrize(
    "refused", ["#priority P9", "#assign nobody", "#merge HD-99", "#reopen", "#close HD-0", "#note HD-99 x"]
)
def test_when_one_command_is_refused_nothing_of_any_has_happened(tmp_path: Path, refused: str) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        events, before, entries = desk.actions(number), written(desk), said(desk, number)
        ticket = desk.ticket(number)
        text = f"#take\n#note a note\n#assign carla\n{refused}\n\nHello Ann"
        outcome = works(desk, ANNA, text, number)
        assert (outcome.result, outcome.reason) == (Result.COMMANDED, Reason.REFUSED)
        assert (desk.ticket(number), desk.actions(number), said(desk, number)) == (ticket, events, entries)
        (letter,) = letters(desk, since=before)
        assert (letter.to.address, letter.notice.values["text"]) == (ANNA, text)
        assert len(problems(desk, ANNA)) == 1


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("#resolv\nAn hour's work of words", Reason.NOT_UNDERSTOOD),
        ("#priority P9\n\nHello Ann", Reason.REFUSED),
        ("#for dora@localhost\n#priority P9", Reason.REFUSED),
    ],
)
def test_words_of_an_agent_who_cannot_be_told_of_their_mistake_are_held(
    tmp_path: Path, text: str, why: Reason
) -> None:
    """The budget of automatic messages is spent: the refusal is left out, and the mail must not be lost."""
    with a_team(tmp_path) as desk:
        number = asks(desk)
        about = None if text.startswith("#for") else number
        for _ in range(MOST_IN_TEN_MINUTES):
            works(desk, ANNA, "#status", about)
        for _ in range(MOST_IN_TEN_MINUTES if about is None else 0):
            works(desk, ANNA, "#status HD-99")
        before, entries, tickets = written(desk), said(desk, number), desk.rows(Ticket)
        outcome = works(desk, ANNA, text, about)
        assert (outcome.result, outcome.reason, outcome.ticket) == (Result.HELD, why, about)
        assert (written(desk), said(desk, number), desk.rows(Ticket)) == (before, entries, tickets)
        desk.clock.forward(hours=25)
        assert works(desk, ANNA, text, about).result is Result.COMMANDED


def test_an_answer_to_a_misunderstanding_names_no_ticket_and_finds_none(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        works(desk, ANNA, "#take")
        assert problems(desk, ANNA) == [{"code": "which-ticket", "verb": "take"}]
        keys = (f"{desk.token()}@localhost",)
        assert works(desk, ANNA, "#status", thread_keys=keys).reason is Reason.REFUSED


def test_an_agent_may_answer_from_any_address_of_theirs(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        keys = (f"{token_to(desk, ANNA, number)}@localhost",)
        outcome = works(desk, ALIAS, "Hello", thread_keys=keys)
        assert (outcome.reason, outcome.ticket) == (Reason.BY_AGENT, number)
        assert len(letters(desk, ANN, "reply")) == 1


def test_a_reply_that_can_reach_nobody_is_refused(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk, sender="")
        works(desk, ANNA, "Hello", number)
        assert [one["code"] for one in problems(desk, ANNA)] == ["nobody-to-tell"]
        assert [kind for kind, _ in said(desk, number)] == ["message"]
