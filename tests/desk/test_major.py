"""A major incident: everybody who is to be told is told at once, through every door they have, once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config import Contact
from bot.desk.desk import Desk
from bot.desk.table import Duty
from bot.errors import CalendarError
from bot.message import Kind, OutgoingMessage
from bot.store.models import Entry, Event, Outbox
from tests.desk.by_mail import ALIAS, ANN, ANNA, BOB, CARLA, TEAM, a_team, answers, asks, done, letters, works
from tests.desks import MONDAY, OpenDesk, a_config

NORA, OTTO, HEAD = "nora@net.example", "otto@home.example", "head@net.example"
TABLE: dict[str, Any] = {
    "words": ["server room"],
    "contacts": [
        {
            "unit": "Network",
            "name": "Nora",
            "addresses": [NORA, HEAD],
            "phone": "+39 02 1",
            "hours": ["08:00-18:00"],
        },
        {"unit": "Night", "name": "Otto", "addresses": [OTTO], "hours": ["18:00-08:00"]},
        {"unit": "First line", "name": "Anna", "agent": "anna", "phone": "12"},
        {"unit": "Second line", "name": "Carla", "agent": "carla", "queues": ["second-line"]},
        {"unit": "Left", "name": "Gone", "agent": "gone"},
    ],
}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[OpenDesk]:
    with a_team(tmp_path, major=TABLE) as opened:
        yield opened


def told(desk: OpenDesk) -> list[str]:
    """Who was told of a major incident, in order."""
    return [one.to.address for one in letters(desk, event="major")]


def notice(desk: OpenDesk, to: str) -> OutgoingMessage:
    (only,) = letters(desk, to, "major")
    return only


def test_a_word_wakes_everybody_on_duty_through_every_address_once(desk: OpenDesk) -> None:
    number = asks(desk, "The server room is very hot.", name="Ann")
    assert sorted(told(desk)) == sorted([NORA, HEAD, ANNA, ALIAS])
    values = notice(desk, NORA).notice.values
    assert (values["reference"], values["priority"], values["by"], values["who"]) == ("HD-1", "P1", "", "Ann")
    assert values["reason"] == 'the word "server room" stands in it'
    assert values["text"] == "The server room is very hot."
    assert values["contacts"][0] == {"unit": "Network", "name": "Nora", "phone": "+39 02 1"}
    assert [one["unit"] for one in values["contacts"]] == ["Network", "First line", "Left"]
    assert notice(desk, NORA).kind is Kind.NOTICE
    ticket = desk.ticket(number)
    assert (ticket.major, ticket.priority, ticket.impact, ticket.urgency) == (True, "P1", "high", "high")


def test_the_requester_is_promised_what_its_priority_promises(desk: OpenDesk) -> None:
    asks(desk, "The server room is very hot.")
    assert letters(desk, ANN, "received")[0].notice.values["promised_at"] == "2026-03-02T09:45:00+00:00"


def test_at_night_those_of_the_night_are_told_and_nothing_waits_for_the_morning(desk: OpenDesk) -> None:
    desk.clock.moment = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)
    asks(desk, "The server room is very hot.")
    assert sorted(told(desk)) == sorted([OTTO, ANNA, ALIAS])
    assert all(row.not_before <= desk.clock() for row in desk.rows(Outbox) if row.recipient in {OTTO, ANNA})


def test_the_hours_are_those_of_the_desk_s_zone(tmp_path: Path) -> None:
    with a_team(tmp_path, major=TABLE, desk={"time_zone": "Asia/Shanghai"}) as desk:
        desk.clock.moment = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)  # 19:00 there
        asks(desk, "The server room is very hot.")
        assert OTTO in told(desk)
        assert NORA not in told(desk)


def test_when_nobody_is_on_duty_everybody_in_the_table_is_told(tmp_path: Path) -> None:
    only = {"words": ["fire"], "contacts": [{**TABLE["contacts"][0], "hours": ["23:00-23:30"]}]}
    with a_team(tmp_path, major=only) as desk:
        asks(desk, "fire")
        assert told(desk) == [NORA, HEAD]


def test_without_any_contact_the_team_is_told(tmp_path: Path) -> None:
    with a_team(tmp_path, major={"words": ["fire"]}) as desk:
        asks(desk, "fire")
        assert sorted(told(desk)) == sorted([ANNA, ALIAS, BOB])


def test_the_lead_of_the_team_is_told_and_nobody_twice(tmp_path: Path) -> None:
    teams = {**TEAM["teams"], "first-line": {"name": "First line", "lead": "anna"}}
    with a_team(tmp_path, major=TABLE, teams=teams) as desk:
        asks(desk, "The server room is very hot.")
        assert sorted(told(desk)) == sorted([NORA, HEAD, ANNA, ALIAS])


def test_e7_a_stranger_wakes_nobody(desk: OpenDesk) -> None:
    number = asks(desk, "The server room is very hot.", sender="eve@evil.example")
    assert told(desk) == []
    assert (desk.ticket(number).major, desk.ticket(number).priority) == (False, "P3")


def test_it_is_told_once_however_often_it_is_said(desk: OpenDesk) -> None:
    number = asks(desk, "The server room is very hot.")
    before = told(desk)
    answers(desk, ANN, number, "The server room is burning now!")
    works(desk, ANNA, "#major it burns", number)
    assert done(desk, ANNA)[0] == {"verb": "major", "code": "major", "ticket": "HD-1", "told": 0}
    assert told(desk) == before
    assert desk.actions(number).count("major.told") == 1


def test_an_agent_declares_one_and_is_not_told_what_they_said(desk: OpenDesk) -> None:
    number = asks(desk, "Nothing works here since this morning, in the whole building.")
    works(desk, BOB, "#major the whole building is down", number)
    assert sorted(told(desk)) == sorted([NORA, HEAD, ANNA, ALIAS])
    assert done(desk, BOB)[0]["told"] == 2
    values = notice(desk, NORA).notice.values
    assert (values["by"], values["reason"]) == ("Bob", "the whole building is down")
    ticket = desk.ticket(number)
    assert (ticket.major, ticket.priority, ticket.impact, ticket.urgency) == (True, "P1", "high", "high")
    event = next(row for row in desk.rows(Event) if row.action == "major")
    assert (event.before["priority"], event.after["priority"]) == ("P3", "P1")
    listed = next(row for row in desk.rows(Event) if row.action == "major.told")
    assert listed.after == {"reason": "the whole building is down", "to": [NORA, ANNA]}


def test_the_promises_of_a_ticket_that_becomes_one_are_those_of_its_new_priority(desk: OpenDesk) -> None:
    number = asks(desk, "Nothing works here since this morning, in the whole building.")
    works(desk, BOB, "#major all down", number)
    assert desk.ticket(number).resolution_due == MONDAY + timedelta(hours=4)


def test_the_reason_is_for_colleagues_alone(desk: OpenDesk) -> None:
    number = asks(desk, "Nothing works here since this morning, in the whole building.")
    works(desk, BOB, "#major it was the director's fault", number)
    assert [row.kind for row in desk.rows(Entry) if "director" in row.text] == ["note"]
    assert not [one for one in letters(desk, ANN) if "director" in str(one.notice.values)]


def test_a_reason_must_be_given(desk: OpenDesk) -> None:
    number = asks(desk, "Nothing works.")
    works(desk, BOB, "#major", number)
    assert told(desk) == []
    assert desk.ticket(number).major is False


@pytest.mark.parametrize("ended", ["#close", "#resolve all is well"])
def test_what_has_ended_is_no_incident(desk: OpenDesk, ended: str) -> None:
    number = asks(desk, "Nothing works.")
    works(desk, BOB, ended, number)
    works(desk, BOB, "#major all down", number)
    assert told(desk) == []
    assert letters(desk, BOB, "commands")[-1].notice.values["problems"][0]["code"] == "is-already"


def test_a_requester_cannot_declare_one(desk: OpenDesk) -> None:
    number = asks(desk, "Nothing works.")
    answers(desk, ANN, number, "#major all down")
    assert told(desk) == []


def test_a_contact_need_not_be_an_agent_and_is_nobody_s_follower(desk: OpenDesk) -> None:
    number = asks(desk, "The server room is very hot.")
    works(desk, BOB, "We are on our way.", number)
    assert letters(desk, NORA, "reply") == []


def test_hours_that_are_none_are_refused_with_the_name_of_their_key() -> None:
    config = a_config(
        major={"contacts": [{"unit": "x", "name": "y", "addresses": ["a@b"], "hours": ["8-25"]}]}
    )
    with pytest.raises(CalendarError, match=r"major\.contacts\.0\.hours"):
        Desk.from_config(config, b"key" * 11)


@given(st.integers(0, 1439), st.integers(0, 1439), st.integers(0, 1439))
def test_somebody_is_on_duty_from_the_first_minute_to_before_the_last(
    opens: int, closes: int, minute: int
) -> None:
    if opens == closes:
        return
    text = f"{opens // 60:02}:{opens % 60:02}-{closes // 60:02}:{closes % 60:02}"
    duty = Duty.of(0, Contact(unit="x", name="y", addresses=("a@b",), hours=(text,)))
    inside = opens <= minute < closes if opens < closes else minute >= opens or minute < closes
    assert duty.is_on_duty(minute) is inside


# The category, said by an agent


def teams_of_categories() -> dict[str, Any]:
    return {
        "categories": {"network": {"team": "second-line"}, "printing": {"en": "Printing", "it": "Stampa"}}
    }


@pytest.mark.parametrize("words", ["network", "NETWORK", "Rete", "网络"])
def test_a_category_is_named_by_its_key_or_in_any_language(tmp_path: Path, words: str) -> None:
    with a_team(tmp_path, **teams_of_categories()) as desk:
        number = asks(desk, "Nothing works.")
        works(desk, ANNA, f"#category {words}", number)
        assert desk.ticket(number).category == "network"


def test_a_category_that_does_not_exist_is_refused_with_those_that_do(tmp_path: Path) -> None:
    with a_team(tmp_path, **teams_of_categories()) as desk:
        number = asks(desk, "Nothing works.")
        works(desk, ANNA, "#category toaster", number)
        (problem,) = letters(desk, ANNA, "commands")[-1].notice.values["problems"]
        assert (problem["code"], problem["given"]) == ("no-such-category", "toaster")
        assert "network" in problem["known"]
        assert desk.ticket(number).category is None


def test_a_ticket_that_nobody_owns_goes_to_the_team_of_its_category_which_gets_the_whole_story(
    tmp_path: Path,
) -> None:
    with a_team(tmp_path, **teams_of_categories()) as desk:
        number = asks(desk, "Nothing works.")
        works(desk, ANNA, "#category network", number)
        assert (desk.ticket(number).queue, desk.ticket(number).priority) == ("second-line", "P3")
        assert done(desk, ANNA)[0]["team"] == "Second line"
        (letter,) = letters(desk, CARLA, "handed_over")
        assert [one["text"] for one in letter.notice.values["story"]] == ["Nothing works."]


def test_a_ticket_that_somebody_owns_stays_where_it_is(tmp_path: Path) -> None:
    with a_team(tmp_path, **teams_of_categories()) as desk:
        number = asks(desk, "Nothing works.")
        works(desk, ANNA, "#take\n#category network", number)
        assert (desk.ticket(number).queue, desk.ticket(number).category) == ("first-line", "network")
        assert letters(desk, CARLA, "handed_over") == []


def test_e12_the_same_category_again_changes_nothing(tmp_path: Path) -> None:
    with a_team(tmp_path, **teams_of_categories()) as desk:
        number = asks(desk, "Nothing works.")
        works(desk, ANNA, "#category network", number)
        works(desk, ANNA, "#category network", number)
        assert desk.actions(number).count("category") == 1
        assert len(letters(desk, CARLA, "handed_over")) == 1


def test_a_contact_who_is_no_agent_is_told_of_no_commands(desk: OpenDesk) -> None:
    asks(desk, "The server room is very hot.")
    assert notice(desk, NORA).notice.values["agent"] is False
    assert notice(desk, ANNA).notice.values.get("agent", True) is True


def test_why_it_is_one_is_told_as_a_code_and_an_agent_s_reason_as_it_is(desk: OpenDesk) -> None:
    asks(desk, "The server room is very hot.")
    values = notice(desk, NORA).notice.values
    assert (values["because"], values["sign"]) == ("word", "server room")
    works(desk, ANNA, "#major It spreads.", asks(desk))
    values = letters(desk, NORA, "major")[-1].notice.values
    assert (values["because"], values["reason"], values["by"]) == ("", "It spreads.", "Anna Rossi")


def test_who_was_told_of_a_major_incident_gets_no_second_notice_of_the_new_ticket(desk: OpenDesk) -> None:
    asks(desk, "The server room is very hot.")
    assert letters(desk, ANNA, "major")
    assert [one.to.address for one in letters(desk, event="new_ticket")] == [BOB]
    asks(desk, "A printer is hot.")
    assert letters(desk, ANNA, "new_ticket")
