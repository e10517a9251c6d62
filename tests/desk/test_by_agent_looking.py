"""What agents ask of the desk is answered to them alone; what was wrong in a mail is told at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.desk.lists import MOST
from bot.desk.outcome import Reason, Result
from bot.message import Forwarded, Party
from tests.desk.by_mail import (
    ANN,
    ANNA,
    BOB,
    CARLA,
    TEAM,
    a_team,
    answers,
    asks,
    done,
    letters,
    problems,
    works,
    written,
)
from tests.desks import OpenDesk

DORA = "dora@localhost"


def listed(desk: OpenDesk, agent: str, text: str) -> dict[str, Any]:
    """What an agent is told of the tickets."""
    outcome = works(desk, agent, text)
    assert (outcome.result, outcome.reason, outcome.ticket) == (Result.COMMANDED, Reason.BY_AGENT, None)
    (one,) = done(desk, agent)
    assert one["code"] == "listed"
    return one


def numbers(told: dict[str, Any]) -> list[str]:
    return [ticket["reference"] for ticket in told["tickets"]]


def test_an_agent_is_listed_the_open_tickets_of_their_teams_oldest_due_first(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        for _ in range(4):
            asks(desk)
            desk.clock.forward(minutes=5)
        works(desk, ANNA, "#assign HD-1 second-line\n#close HD-2\n#priority HD-4 P1")
        told = listed(desk, BOB, "#list")
        assert (told["which"], numbers(told), told["more"]) == ("team", ["HD-4", "HD-3"], 0)
        (first, _) = told["tickets"]
        assert first == {
            "reference": "HD-4",
            "subject": "Fire",
            "state": "new",
            "priority": "P1",
            "owner": "",
            "due": desk.ticket(4).first_response_due.isoformat(),
            "who": ANN,
        }
        assert numbers(listed(desk, CARLA, "#list")) == ["HD-1"]
        assert numbers(listed(desk, CARLA, "#list First line")) == ["HD-4", "HD-3"]
        assert numbers(listed(desk, CARLA, "#list all")) == ["HD-4", "HD-1", "HD-3"]


def test_an_agent_is_listed_what_is_their_own(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        for _ in range(3):
            asks(desk)
        works(desk, ANNA, "#take HD-3")
        told = listed(desk, ANNA, "#mine")
        assert (told["which"], numbers(told)) == ("mine", ["HD-3"])
        assert numbers(listed(desk, ANNA, "#list mine")) == ["HD-3"]
        assert numbers(listed(desk, BOB, "#mine")) == []


def test_an_agent_is_listed_the_open_requests_of_a_person(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        asks(desk)
        asks(desk, sender=DORA)
        told = listed(desk, ANNA, f"#list {DORA}")
        assert (told["which"], numbers(told)) == ("requester", ["HD-2"])
        works(desk, ANNA, "#list nobody@localhost")
        assert problems(desk, ANNA) == [{"code": "no-such-person", "given": "nobody@localhost"}]


def test_a_long_list_says_how_many_more_there_are(tmp_path: Path) -> None:
    limits = {"tickets_per_sender_hour": 1000}
    with a_team(tmp_path, limits=limits) as desk:
        for _ in range(MOST + 3):
            asks(desk)
        told = listed(desk, ANNA, "#list")
        assert (len(told["tickets"]), told["more"]) == (MOST, 3)


def test_what_an_agent_asks_is_answered_to_nobody_else(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        before, events = written(desk), desk.actions(number)
        for asked in ("#show", "#status", "#why", "#list", "#mine", "#help"):
            works(desk, ANNA, asked, number)
        assert {letter.to.address for letter in letters(desk, since=before)} == {ANNA}
        assert desk.actions(number) == events


def test_a_ticket_is_shown_whole(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk, "The network is down.", name="Ann")
        works(desk, ANNA, "#take\n#note canary of a note", number)
        works(desk, ANNA, f"#show HD-{number}")
        (one,) = done(desk, ANNA)
        ticket = desk.ticket(number)
        assert (one["code"], one["ticket"]) == ("shown", f"HD-{number}")
        assert (one["who"], one["address"], one["owner"]) == ("Ann", ANN, "Anna Rossi")
        assert (one["state"], one["queue"], one["priority"]) == ("open", "First line", ticket.priority)
        assert one["due"] == ticket.first_response_due.isoformat()
        assert [entry["text"] for entry in one["story"]] == ["The network is down.", "canary of a note"]
        assert {"department", "phone", "category", "impact", "urgency", "fields", "opened_at"} <= set(one)


@pytest.mark.parametrize("asked", ["#show", "#status", "#why"])
def test_what_is_about_a_ticket_asks_which_one(tmp_path: Path, asked: str) -> None:
    with a_team(tmp_path) as desk:
        works(desk, ANNA, asked)
        assert problems(desk, ANNA) == [{"code": "which-ticket", "verb": asked[1:]}]
        works(desk, ANNA, f"{asked} HD-99")
        assert problems(desk, ANNA) == [{"code": "no-such-ticket", "given": "HD-99"}]


def test_an_agent_opens_a_ticket_for_somebody(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        outcome = works(desk, ANNA, f"#new {DORA}\n#take\n\nHer screen is dark.", subject="A screen")
        assert (outcome.result, outcome.reason, outcome.ticket) == (Result.OPENED, Reason.BY_AGENT, 1)
        assert [one["code"] for one in done(desk, ANNA)] == ["opened-for", "taken"]
        assert done(desk, ANNA)[0]["who"] == DORA
        assert letters(desk, DORA)[0].notice.event == "received"
        assert desk.ticket(1).subject == "A screen"


def test_a_new_ticket_can_be_opened_from_the_thread_of_another(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        outcome = works(desk, ANNA, f"#new {DORA}\n\nHer screen is dark.", number)
        assert (outcome.result, outcome.ticket) == (Result.OPENED, number + 1)
        assert desk.ticket(number).state == "new"


def test_one_mail_opens_one_ticket(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        works(desk, ANNA, f"#new {DORA}\n#new {ANN}\n\nTheir screens are dark.")
        assert problems(desk, ANNA) == [{"code": "too-many", "line": f"#new {ANN}", "verb": "new"}]
        assert not letters(desk, DORA)


def test_all_that_is_wrong_in_a_mail_is_told_at_once_and_nothing_of_it_is_done(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        ticket, before = desk.ticket(number), written(desk)
        text = "#take\n#assign nobody\n#priority P9\n#show HD-99\n#assign nobody\n\nHello."
        outcome = works(desk, ANNA, text, number)
        assert (outcome.result, outcome.reason) == (Result.COMMANDED, Reason.REFUSED)
        codes = [one["code"] for one in problems(desk, ANNA)]
        assert codes == ["no-such-person", "no-such-priority", "no-such-ticket"]
        assert (desk.ticket(number), desk.actions(number)) == (ticket, ["opened"])
        assert len(letters(desk, since=before)) == 1


def test_what_is_not_understood_is_told_with_what_cannot_be_done(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        ticket, before = desk.ticket(number), written(desk)
        outcome = works(desk, ANNA, "#take\n#resolv\n#priority P9\n#merge it\n\nHello.", number)
        assert outcome.reason is Reason.NOT_UNDERSTOOD
        codes = [one["code"] for one in problems(desk, ANNA)]
        assert codes == ["unknown-verb", "no-ticket", "no-such-priority"]
        assert desk.ticket(number) == ticket
        assert len(letters(desk, since=before)) == 1


def test_a_faulty_mail_that_would_open_a_ticket_opens_none(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        works(desk, ANNA, f"#new {DORA}\n#tkae\n#assign nobody\n\nHer screen is dark.")
        assert [one["code"] for one in problems(desk, ANNA)] == ["unknown-verb", "no-such-person"]
        assert not letters(desk, DORA)
        passed_on = Forwarded(Party("email", DORA), "Screen", "It is dark.")
        works(desk, ANNA, "#tkae", forwarded=passed_on)
        assert not letters(desk, DORA)


def test_the_second_of_two_commands_meets_nothing_of_a_first_that_failed(tmp_path: Path) -> None:
    with a_team(tmp_path, agents={**TEAM["agents"]}) as desk:
        number = asks(desk, sender=DORA)
        asks(desk)
        works(desk, ANNA, "#merge HD-2\n#wait", number)
        assert [one["code"] for one in problems(desk, ANNA)] == ["other-requester"]
        works(desk, ANNA, "#wait", number)
        assert done(desk, ANNA)[0]["code"] == "waiting"
        assert answers(desk, DORA, number, "More.").reason is Reason.REFERENCE
