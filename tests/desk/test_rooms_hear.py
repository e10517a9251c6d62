"""What clocks and low ratings say to agents: in the team's room to those who read it, by mail to the others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.desk.outcome import Reason, Result
from bot.loops import Pace
from bot.store.models import Event
from bot.timers import Timers
from tests.desk.by_chat import ROOM, Chats, chats, with_rooms

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
