"""Buttons and forms of agents do what their mails do; nobody else's do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.desk.outcome import Outcome, Reason, Result
from bot.desk.verbs import VERBS
from bot.intake import receive
from bot.message import Action, Attachment, Authentication, Automation, Party, Verdict
from bot.store.models import AttachmentRow
from tests.desk.by_mail import ANN, ANNA, BOB, GONE, a_team, asks, done, letters, problems, said, written
from tests.desks import OpenDesk, a_message

A_FILE = Attachment("log.txt", "text/plain", 3, "ab" * 32)
CHAT = "chat"


def presses(
    desk: OpenDesk, agent: str, verb: str, number: int | None = None, words: str | None = None, **facts: Any
) -> Outcome:
    """A proved sender presses a button, or sends a form with words."""
    values = {} if words is None else {"words": words}
    facts.setdefault("verdict", Verdict.PASS)
    return desk.receive(a_message("", sender=agent, subject="", action=Action(verb, number, values), **facts))


def test_a_button_takes_a_ticket_and_the_agent_is_told(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        before = written(desk)
        outcome = presses(desk, ANNA, "take", number)
        assert outcome == Outcome(Result.COMMANDED, Reason.BY_AGENT, number)
        assert desk.ticket(number).owner_id is not None
        assert done(desk, ANNA) == [{"verb": "take", "code": "taken", "ticket": f"HD-{number}"}]
        to_agents = [letter.to.address for letter in letters(desk, event="commands", since=before)]
        assert to_agents == [ANNA]


@pytest.mark.parametrize("verb", sorted({*VERBS, "reply", "help", "list", "mine", "new"}))
def test_every_verb_is_understood_from_a_button_as_from_a_mail(tmp_path: Path, verb: str) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        outcome = presses(desk, ANNA, verb, number, "")
        assert outcome.result is Result.COMMANDED
        assert outcome.reason in {Reason.BY_AGENT, Reason.NOT_UNDERSTOOD, Reason.REFUSED}
        assert letters(desk, ANNA)[-1].notice.event == "commands"


def test_a_form_replies_and_its_files_go_with_it(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        presses(desk, ANNA, "reply", number, "Hello Ann.\n#close", attachments=(A_FILE,))
        letter = letters(desk, ANN, "reply")[-1]
        assert letter.notice.values["text"] == "Hello Ann.\n#close"
        assert [file.name for file in letter.attachments] == ["log.txt"]
        assert done(desk, ANNA)[0]["code"] == "replied"
        assert len(desk.rows(AttachmentRow)) == 1


def test_a_form_notes_for_agents_only(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        before = written(desk)
        presses(desk, ANNA, "note", number, "HD-3 was the same.")
        assert said(desk, number)[-1] == ("note", "HD-3 was the same.")
        assert not [letter for letter in letters(desk, since=before) if letter.to.address == ANN]


def test_a_form_opens_a_ticket_for_somebody(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        action = Action("new", None, {"words": "dora@localhost"})
        message = a_message("Her screen is dark.", sender=ANNA, verdict=Verdict.PASS, action=action)
        outcome = desk.receive(message)
        assert (outcome.result, outcome.reason) == (Result.OPENED, Reason.BY_AGENT)
        assert said(desk, 1) == [("message", "Her screen is dark.")]


def test_what_a_form_says_wrongly_changes_nothing_and_is_told(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        before = desk.ticket(number)
        outcome = presses(desk, ANNA, "priority", number, "P9")
        assert (outcome.result, outcome.reason) == (Result.COMMANDED, Reason.REFUSED)
        assert problems(desk, ANNA)[0]["code"] == "no-such-priority"
        outcome = presses(desk, ANNA, "tkae", number)
        assert outcome.reason is Reason.NOT_UNDERSTOOD
        assert problems(desk, ANNA)[0]["near"] == "take"
        assert desk.ticket(number) == before


@pytest.mark.parametrize(
    "verb", sorted({*VERBS, "reply", "new", "list", "mine"} - {"close", "reopen", "link"})
)
@pytest.mark.parametrize(
    "facts",
    [
        {"agent": ANN},
        {"agent": GONE},
        {"agent": ANNA, "verdict": Verdict.UNKNOWN},
        {"agent": ANNA, "verdict": Verdict.FAIL},
        {"agent": ANNA, "automation": Automation.AUTO_REPLY},
    ],
)
def test_d6_an_agents_button_does_nothing_in_any_other_hands(
    tmp_path: Path, verb: str, facts: dict[str, Any]
) -> None:
    if verb == "status" and facts["agent"] in {ANN, GONE}:
        facts = {"agent": GONE, "verdict": Verdict.UNKNOWN}  # a requester's verb too
    with a_team(tmp_path) as desk:
        number = asks(desk)
        before, ticket = written(desk), desk.ticket(number)
        presses(desk, **facts, verb=verb, number=number, words="P1")
        assert (desk.ticket(number), written(desk)) == (ticket, before)
        assert desk.actions(number) == ["opened"]


def test_d6_an_agents_verb_from_a_requester_is_not_allowed(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        assert presses(desk, ANN, "take", number) == Outcome(Result.IGNORED, Reason.NOT_ALLOWED, number)


def test_a_page_is_no_agents_door(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        message = a_message("", sender=ANNA, verdict=Verdict.PASS, action=Action("take", number))
        outcome = desk.receive(replace(message, channel="page"))
        assert (outcome.result, outcome.reason) == (Result.IGNORED, Reason.NOT_ALLOWED)
        assert desk.ticket(number).owner_id is None


def test_the_answer_goes_to_the_door_that_the_agent_used(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        roster = replace(desk.desk.roster, elsewhere={("chat", "u7"): "anna"})
        chatty = replace(desk.desk, channels={**desk.desk.channels, CHAT: "chat"}, roster=roster)
        message = replace(
            a_message("", action=Action("take", number)),
            channel=CHAT,
            sender=Party("chat", "U7", "Anna"),
            authentication=Authentication(Verdict.PASS, "chat"),
        )
        outcome = desk.store.write_now(lambda tx: receive(tx, message, chatty, desk.clock()))
        assert outcome == Outcome(Result.COMMANDED, Reason.BY_AGENT, number)
        letter = letters(desk, event="commands")[-1]
        assert (letter.channel, letter.to) == (CHAT, Party("chat", "U7", "Anna"))
        assert not letters(desk, ANNA, "commands")


def test_an_agent_who_asked_themselves_closes_as_a_requester(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk, sender=ANNA, verdict=Verdict.PASS)
        presses(desk, ANNA, "close", number)
        assert not letters(desk, ANNA, "commands")
        other = asks(desk)
        presses(desk, BOB, "close", other)
        assert done(desk, BOB)[0]["code"] == "closed"
