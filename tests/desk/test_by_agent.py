"""Agents work by mail: what they write goes where they mean it to go, and nobody can write in their name."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from bot.desk.letters import MOST_IN_TEN_MINUTES
from bot.desk.outcome import Reason, Result
from bot.errors import StoreUnavailable
from bot.intake import receive
from bot.message import Attachment, Automation, Bounce, Forwarded, IncomingMessage, Kind, Party, Verdict
from bot.store.engine import Store, Tx
from bot.store.models import AttachmentRow, Entry, Outbox, Person, Ticket
from tests.desk.by_mail import (
    ALIAS,
    ANN,
    ANNA,
    BOB,
    CARLA,
    EVE,
    GONE,
    TEAM,
    a_team,
    an_answer,
    answers,
    asks,
    done,
    letters,
    problems,
    said,
    token_to,
    whole_of,
    works,
    written,
)
from tests.desks import Clock, OpenDesk
from tests.fresh import migrated

CANARY = "the customer is difficult, canary 4711"
A_LOGO = Attachment("logo.png", "image/png", 3, "cd" * 32, inline=True)
A_FILE = Attachment("log.txt", "text/plain", 3, "ab" * 32)


def owner(desk: OpenDesk, number: int) -> str | None:
    """The name of a ticket's owner."""
    owned = desk.ticket(number).owner_id
    return next((row.name for row in desk.rows(Person) if row.id == owned), None)


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


def both_at_once(desk: OpenDesk, mails: list[IncomingMessage]) -> None:
    """Each mail in a transaction of its own, begun before any of them goes on."""
    ready = threading.Barrier(len(mails))

    def unit(tx: Tx, mail: IncomingMessage) -> None:
        ready.wait(10)
        receive(tx, mail, desk.desk, desk.clock())

    with ThreadPoolExecutor(len(mails)) as pool:
        list(pool.map(lambda mail: desk.store.write_now(lambda tx: unit(tx, mail)), mails))


@contextmanager
def on_postgres(folder: Path, url: str) -> Iterator[OpenDesk]:
    """The same team on PostgreSQL."""
    clock = Clock()
    store = Store(url.replace("postgresql://", "postgresql+psycopg://"), now=clock)
    migrated(store)
    try:
        with a_team(folder) as unused:
            yield OpenDesk(store, unused.desk, clock, folder)
    finally:
        store.close()


def test_two_agents_who_answer_at_once_are_both_heard_and_one_owns_the_ticket(
    tmp_path: Path, postgres_url: str
) -> None:
    with on_postgres(tmp_path, postgres_url) as desk:
        for _ in range(5):
            number = asks(desk)
            both_at_once(
                desk,
                [an_answer(desk, who, number, f"I, {who}", verdict=Verdict.PASS) for who in (ANNA, BOB)],
            )
            assert sorted(kind for kind, _ in said(desk, number)) == ["message", "reply", "reply"]
            assert [desk.actions(number).count(a) for a in ("assigned", "answered")] == [1, 1]
            assert owner(desk, number) in {"Anna Rossi", "Bob"}
            desk.clock.forward(hours=2)


def test_every_command_does_on_postgres_what_it_does_on_sqlite(tmp_path: Path, postgres_url: str) -> None:
    every = (
        "#take\n#assign bob\n#note n\n#priority P1\n#category network\n#wait w\n#escalate e\n#link HD-{other}\n"
        "#link dora@localhost\n#status\n#why\n#help\n#resolve\n#reopen\n#merge HD-{other}"
    )

    def all_of_it(desk: OpenDesk) -> list[object]:
        number, other = asks(desk, sender="ann+a@localhost"), asks(desk, sender="ann+b@localhost")
        own = asks(desk, sender="ann+a@localhost")
        works(desk, ANNA, every.format(other=own), number)
        works(desk, ANNA, "#close HD-999999999999999", other)
        works(desk, BOB, "#for fay@localhost\nno light")
        quiet = [outcome.quiet for outcome in desk.received]
        shown = [(letter.to.address, letter.notice.event) for letter in letters(desk)]
        return [quiet, shown, [desk.actions(n) for n in (number, other, own)], desk.ticket(number).state]

    with on_postgres(tmp_path, postgres_url) as postgres, a_team(tmp_path / "sqlite") as sqlite:
        assert all_of_it(postgres) == all_of_it(sqlite)
        assert "merged" in sqlite.actions(1)


def test_two_agents_who_merge_crosswise_at_once_end_with_one_living_ticket(
    tmp_path: Path, postgres_url: str
) -> None:
    with on_postgres(tmp_path, postgres_url) as desk:
        first, second = asks(desk), asks(desk)
        mails = [
            an_answer(desk, who, one, f"#merge HD-{other}", verdict=Verdict.PASS)
            for who, one, other in ((ANNA, first, second), (BOB, second, first))
        ]
        with suppress(StoreUnavailable):  # a deadlock ends one of the two, and its payload is tried again
            both_at_once(desk, mails)
        for mail in mails:
            desk.receive(mail)
        merged = [desk.ticket(number).merged_into_id for number in (first, second)]
        assert sorted(merged, key=str) in ([first, None], [second, None])
