"""Priority, impact and urgency, waiting: what agents say to a ticket's clock."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.desk.outcome import Reason
from bot.store.models import Pause
from tests.desk.by_mail import ANN, ANNA, BOB, CARLA, a_team, asks, done, letters, problems, said, works
from tests.desks import OpenDesk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[OpenDesk]:
    """A desk with one ticket of Ann's."""
    with a_team(tmp_path) as opened:
        asks(opened)
        yield opened


def does(desk: OpenDesk, text: str) -> dict[str, Any]:
    """The command is done; what the answer says."""
    assert works(desk, ANNA, text, 1).reason is Reason.BY_AGENT
    return done(desk, ANNA)[-1]


def test_impact_and_urgency_make_the_priority_by_the_matrix(desk: OpenDesk) -> None:
    one = does(desk, "#impact high")
    assert (one["code"], one["to"], one["priority"]) == ("impact", "high", "P2"), "urgency unknown: medium"
    two = does(desk, "#urgency High")
    assert (two["code"], two["to"], two["priority"]) == ("urgency", "high", "P1")
    ticket = desk.ticket(1)
    assert (ticket.impact, ticket.urgency, ticket.priority) == ("high", "high", "P1")
    assert desk.actions(1)[1:] == ["impact", "urgency"]


@pytest.mark.parametrize("text", ["#impact huge", "#urgency P1"])
def test_an_unknown_degree_is_refused_with_those_that_there_are(desk: OpenDesk, text: str) -> None:
    assert works(desk, ANNA, text, 1).reason is Reason.REFUSED
    (problem,) = problems(desk, ANNA)
    assert (problem["code"], problem["known"]) == ("no-such-degree", "high, medium, low")
    assert desk.actions(1) == ["opened"]


def test_e12_the_same_degree_again_changes_nothing(desk: OpenDesk) -> None:
    does(desk, "#impact low")
    before = desk.actions(1)
    does(desk, "#impact low")
    assert desk.actions(1) == before


def test_a_priority_of_ones_own_name_is_found_whatever_its_capitals(tmp_path: Path) -> None:
    own = {"Urgent": {"first_response": "1h", "resolution": "2h"}}
    with a_team(tmp_path, priorities=own) as desk:
        asks(desk)
        assert does(desk, "#priority urgent")["to"] == "Urgent"
        assert desk.ticket(1).priority == "Urgent"


@pytest.mark.parametrize(
    ("text", "whom", "note"),
    [
        ("#wait", None, None),
        ("#wait requester", "requester", None),
        ("#wait Supplier: order 4711\nis late", "supplier", "order 4711\nis late"),
        ("#wait for the supplier", None, "for the supplier"),
    ],
)
def test_whom_a_ticket_waits_for_is_said_by_the_first_word(
    desk: OpenDesk, text: str, whom: str | None, note: str | None
) -> None:
    one = does(desk, text)
    assert (one["code"], one.get("what")) == ("waiting", whom)
    assert (desk.ticket(1).state, desk.ticket(1).waiting_for) == ("waiting", whom)
    assert [words for kind, words in said(desk, 1) if kind == "note"] == ([note] if note else [])
    assert len(desk.rows(Pause)) == 1


def test_a_ticket_that_waits_can_wait_for_somebody_else_but_not_twice_for_the_same(desk: OpenDesk) -> None:
    does(desk, "#wait requester")
    does(desk, "#wait supplier")
    assert desk.ticket(1).waiting_for == "supplier"
    assert works(desk, ANNA, "#wait supplier", 1).reason is Reason.REFUSED
    assert problems(desk, ANNA)[0]["code"] == "is-already"
    assert len(desk.rows(Pause)) == 1, "it is one pause"


def test_an_escalation_tells_the_owner_and_both_teams_people_with_the_story(desk: OpenDesk) -> None:
    works(desk, BOB, "#take", 1)
    one = does(desk, "#escalate the whole floor is dark")
    assert (one["to"], one["level"]) == ("Second line", 2)
    for agent in (BOB, CARLA):
        (letter,) = letters(desk, agent, "escalated")
        values = letter.notice.values
        assert (values["reason"], values["by"]) == ("the whole floor is dark", "Anna Rossi")
        assert (values["files"], values["fields"]) == ([], [])
    assert not letters(desk, ANN, "escalated")
    assert not letters(desk, ANNA, "escalated")
