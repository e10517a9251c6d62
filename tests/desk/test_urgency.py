"""The button "it is urgent": the requester's word, once, and the desk's priority."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.desk.outcome import Outcome, Reason, Result
from bot.store.models import Event
from tests.desk.by_chat import Chats, chats

URGENT = Outcome(Result.COMMANDED, Reason.URGENT, 1)
JOE = "acme/UJOE"


def pressed(life: Chats, who: str = "UJOE") -> Outcome:
    return life.presses(who, "urgent", ticket=1)


def events(life: Chats, action: str) -> int:
    return len([row for row in life.desk.rows(Event) if row.action == action])


@pytest.mark.parametrize(("door", "who"), [("acme", "UJOE"), ("desk_bot", "4711")])
def test_the_acknowledgement_in_a_chat_offers_to_say_that_it_is_urgent(
    tmp_path: Path, door: str, who: str
) -> None:
    with chats(tmp_path) as life:
        life.says(who, "The printer is broken", door=door)
        hello = life.last(f"{door}/{who}", "received")
        assert [choice.verb for choice in hello.choices] == ["add", "status", "urgent", "close"]


def test_what_was_said_to_be_urgent_in_the_form_is_not_offered_again(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        life.says("UJOE", "The printer is broken", fields=(("urgency", "high"),))
        assert [choice.verb for choice in life.last(JOE, "received").choices] == ["add", "status", "close"]


def test_the_matrix_makes_the_priority_of_it_and_the_team_hears_of_it_once(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        life.says("UJOE", "The printer is broken")
        assert life.desk.ticket(1).priority == "P3"
        assert pressed(life) == URGENT
        ticket = life.desk.ticket(1)
        assert (ticket.urgency, ticket.priority) == ("high", "P2")
        (told,) = (m for m in life.in_room("said") if m.notice.values.get("standing") == "urgent")
        assert (told.notice.values["who"], told.notice.values["text"]) == ("Ujoe", "")
        card = life.in_room("card")[-1].notice.values
        assert card["priority"] == "P2"
        assert ticket.first_response_due is not None
        assert card["due"] == ticket.first_response_due.isoformat(), "the new one"
        assert pressed(life) == Outcome(Result.IGNORED, Reason.OVER, 1)
        assert (events(life, "urgent.said"), events(life, "urgency")) == (1, 1)
        assert len([m for m in life.in_room("said") if m.notice.values.get("standing") == "urgent"]) == 1


def test_what_an_agent_has_decided_stays_and_they_hear_of_it(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        life.says("UJOE", "The printer is broken")
        life.presses("UBEN", "priority", ticket=1, words="P4", thread=life.room_thread())
        assert pressed(life) == URGENT
        ticket = life.desk.ticket(1)
        assert (ticket.urgency, ticket.priority) == ("high", "P4")
        assert [m for m in life.in_room("said") if m.notice.values.get("standing") == "urgent"]


def test_a_request_that_is_more_urgent_already_is_not_made_less_so(tmp_path: Path) -> None:
    matrix = {"medium": {"high": "P4", "medium": "P2", "low": "P4"}}
    with chats(tmp_path, matrix=matrix) as life:
        life.says("UJOE", "The printer is broken", fields=(("urgency", "medium"),))
        assert life.desk.ticket(1).priority == "P2"
        assert pressed(life) == URGENT
        assert life.desk.ticket(1).priority == "P2"


def test_i13_nobody_else_says_how_urgent_it_is(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        life.says("UJOE", "The printer is broken")
        for who in ("UANN", "UOLD"):
            assert pressed(life, who).reason is Reason.NOT_ALLOWED
        assert (life.desk.ticket(1).urgency, events(life, "urgent.said")) == (None, 0)


def test_what_is_done_is_urgent_no_more(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        key = life.says("UJOE", "The printer is broken")
        life.presses("UJOE", "close", ticket=1, thread=key)
        assert pressed(life) == Outcome(Result.IGNORED, Reason.OVER, 1)
        assert pressed(life, "UJOE").ticket == 1
