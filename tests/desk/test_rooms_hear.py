"""What clocks and low ratings say to agents: in the team's room to those who read it, by mail to the others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.desk.outcome import Reason, Result
from bot.loops import Pace
from bot.store.models import Event, Person
from bot.timers import Timers
from tests.desk.by_chat import ROOM, SECTIONS, Chats, chats, with_rooms

BEN, MIA, SUE = "ben@house.example", "mia@house.example", "sue@house.example"


def led_by(lead: str, rooms: tuple[str, ...] = (f"acme:{ROOM}",)) -> dict[str, Any]:
    """The teams with a lead, and the first with or without its room."""
    teams = with_rooms({"first-line": list(rooms)})
    return {"teams": {key: {**team, "lead": lead} for key, team in teams.items()}}


def goes_by(life: Chats, hours: int) -> None:
    """Time passes, and what is due in it happens and is sent, each quarter of an hour."""
    timers = Timers(life.desk.store, life.desk.desk, pace=Pace(), now=life.desk.clock)
    for _ in range(4 * hours):
        life.desk.clock.forward(minutes=15)
        while life.desk.store.write_now(timers._fire):
            pass
        life.deliver()


def until_told(life: Chats, event: str, hours: int = 200) -> list[str]:
    """Time passes until somebody hears of an event; to whom it went."""
    for _ in range(hours):
        if heard := [m.to.address for m in life.sent if m.notice.event == event]:
            return heard
        goes_by(life, 1)
    raise AssertionError(f"nobody heard of {event}")


def resolved_and_rated(life: Chats, comment: str = "") -> None:
    """Ben solves the ticket, Ann confirms and gives it one of five."""
    life.mails("ann", "The printer burns.")
    life.presses("UBEN", "take", ticket=1, at=ROOM)
    life.presses("UBEN", "resolve", ticket=1, at=ROOM, words="It is a new one.")
    life.pass_time(seconds=30)  # in which it could be taken back
    life.mails("ann", "Yes", to="resolved")
    until_told(life, "survey")
    life.mails("ann", f"1\n\n{comment}", to="survey")


def test_a_warning_is_read_in_the_room_and_mailed_to_those_who_are_not_there(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        life.mails("ann", "The printer burns.")
        assert sorted(until_told(life, "warning")) == [f"acme/{ROOM}", MIA]
        (said,) = life.in_room("warning")
        assert said.thread.answers == life.room_thread()
        assert (said.notice.values["target"], said.notice.values["percent"]) == ("first-response", 50)


def test_an_owner_who_reads_the_room_is_warned_there_and_by_no_mail(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        life.mails("ann", "The printer burns.")
        life.presses("UBEN", "take", ticket=1, at=ROOM)
        assert until_told(life, "warning") == [f"acme/{ROOM}"]
        assert life.in_room("warning")[0].notice.values["to"] == "Ben Lee"


def test_a_breach_is_told_in_the_room_and_its_next_level_hears_it_where_it_reads(tmp_path: Path) -> None:
    with chats(tmp_path, **led_by("ben")) as life:
        life.mails("ann", "The printer burns.")
        assert sorted(until_told(life, "breached")) == [f"acme/{ROOM}", SUE]
        assert life.in_room("breached")[0].notice.values["to_team"] == "Second line"
        assert not life.to(BEN)


def test_without_a_room_warnings_and_breaches_are_mails_as_ever(tmp_path: Path) -> None:
    with chats(tmp_path, **led_by("ben", rooms=())) as life:
        life.mails("ann", "The printer burns.")
        assert sorted(until_told(life, "warning")) == [BEN, MIA]
        assert sorted(until_told(life, "breached")) == [BEN, SUE]


def test_a_low_rating_is_told_in_the_room_when_the_lead_reads_it(tmp_path: Path) -> None:
    with chats(tmp_path, **led_by("ben")) as life:
        resolved_and_rated(life, "It still smells")
        (said,) = life.in_room("low_rating")
        assert (said.notice.values["rating"], said.notice.values["comment"]) == (1, "It still smells")
        assert not life.to(BEN)
        assert told_on_record(life) == [{"to": "ben"}]


@pytest.mark.parametrize("rooms", [(f"acme:{ROOM}",), ()])
def test_a_low_rating_is_for_the_lead_alone_who_reads_no_room(tmp_path: Path, rooms: tuple[str, ...]) -> None:
    with chats(tmp_path, **led_by("mia", rooms)) as life:
        resolved_and_rated(life)
        assert [m.to.address for m in life.sent if m.notice.event == "low_rating"] == [MIA]
        assert told_on_record(life) == [{"to": "mia"}]


def test_the_question_how_it_stands_is_asked_in_the_room_and_answered_with_a_button(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        life.mails("ann", "The printer burns.")
        life.presses("UBEN", "take", ticket=1, at=ROOM)
        assert until_told(life, "update_due") == [f"acme/{ROOM}"]
        (asked,) = life.in_room("update_due")
        assert [(c.verb, c.value) for c in asked.choices] == [
            ("update", value) for value in ("still", "supplier", "fix", "need")
        ]
        outcome = life.presses("UBEN", "update", "still", ticket=1, at=ROOM)
        assert (outcome.result, outcome.reason) == (Result.COMMANDED, Reason.BY_AGENT)
        life.pass_time(minutes=5)  # in which it could be taken back
        assert life.last("ann@house.example", "progress").notice.values["what"] == "still-working"


def test_the_question_how_it_stands_is_a_mail_where_there_is_no_room(tmp_path: Path) -> None:
    with chats(tmp_path, teams=with_rooms({})) as life:
        life.mails("ann", "The printer burns.")
        life.mails("ben", "!take", to="new_ticket")
        assert until_told(life, "update_due") == [BEN]
        assert len(life.to(BEN, "update_due")[0].choices) == 4


def told_on_record(life: Chats) -> list[Any]:
    """Whom the history names as told of a low rating."""
    return [row.after for row in life.desk.rows(Event) if row.action == "rating.told"]


def test_a_hand_over_is_read_in_the_room_once_and_mailed_to_those_who_are_not_there(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        life.mails("ann", "The printer burns.")
        life.mails("mia", "#assign ben", to="new_ticket")
        (said,) = life.in_room("handed_over")
        assert said.thread.answers == life.room_thread()
        assert (said.notice.values["by"], said.notice.values["to"]) == ("Mia Fox", "Ben Lee")
        assert said.notice.values["story"] == [], "it is read above"
        assert not life.to(BEN)
        life.says("UBEN", "!assign mia", thread=life.room_thread())
        assert len(life.in_room("handed_over")) == 2
        (letter,) = life.to(MIA, "handed_over")
        assert [one["text"] for one in letter.notice.values["story"]] == ["The printer burns."]


def test_a_team_that_gets_a_ticket_has_the_whole_story_in_its_own_room(tmp_path: Path) -> None:
    teams = with_rooms({"first-line": [f"acme:{ROOM}"], "second-line": ["acme:C0SECOND"]})
    agents = {**SECTIONS["agents"]}
    agents["sue"] = {**agents["sue"], "chats": ["acme:USUE"]}
    with chats(tmp_path, teams=teams, agents=agents) as life:
        life.mails("ann", "The printer burns.")
        life.says("UBEN", "!assign second line", thread=life.room_thread())
        (there,) = life.to("acme/C0SECOND", "handed_over")
        assert there.thread.answers == life.room_thread(place="acme/C0SECOND")
        assert there.notice.values["to"] == "Second line"
        assert [one["text"] for one in there.notice.values["story"]] == ["The printer burns."]
        assert len(life.in_room("handed_over")) == 1
        assert not life.to(SUE)


@pytest.mark.parametrize("assign", ["rotation", "least-load"])
def test_who_is_given_a_ticket_by_the_desk_hears_it_in_the_room(tmp_path: Path, assign: str) -> None:
    teams = with_rooms({"first-line": [f"acme:{ROOM}"]})
    teams["first-line"] = {**teams["first-line"], "assign": assign}
    teams["second-line"] = {**teams["second-line"], "rooms": ["acme:C0SECOND"]}
    with chats(tmp_path, teams=teams, tickets={"queue": "second-line"}) as life:
        life.mails("ann", "The printer burns.")
        life.mails("sue", "#assign first line", to="new_ticket")
        owner = life.desk.ticket(1).owner_id
        name = next(row.name for row in life.desk.rows(Person) if row.id == owner)
        assert [m.notice.values["to"] for m in life.in_room("handed_over")] == [name]
        assert len(life.to(MIA, "handed_over")) == (name == "Mia Fox")
        assert not life.to(BEN)


def test_an_escalation_by_an_agent_is_read_in_the_room_and_mailed_to_its_next_level(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        life.mails("ann", "The printer burns.")
        life.presses("UBEN", "take", ticket=1, at=ROOM)
        life.mails("mia", "#escalate It burns.", to="new_ticket")
        (said,) = life.in_room("escalated")
        assert (said.notice.values["by"], said.notice.values["reason"]) == ("Mia Fox", "It burns.")
        (letter,) = life.to(SUE, "escalated")
        assert [one["kind"] for one in letter.notice.values["story"]] == ["message", "note"]
        assert not life.to(BEN)


def test_a_category_that_moves_a_ticket_is_a_hand_over_in_the_room(tmp_path: Path) -> None:
    teams = with_rooms({"first-line": [f"acme:{ROOM}"], "second-line": ["acme:C0SECOND"]})
    categories = {"network": {"team": "second-line"}}
    with chats(tmp_path, teams=teams, categories=categories) as life:
        life.mails("ann", "The printer burns.")
        life.says("UBEN", "!category network", thread=life.room_thread())
        assert len(life.to("acme/C0SECOND", "handed_over")) == 1
        assert len(life.to(SUE, "handed_over")) == 1, "who is not in that chat"
