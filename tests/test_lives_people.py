"""Lives of several: who gets a ticket, who leaves, who is told of a fire, and a bot that was down."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest

from bot.message import Verdict
from bot.store import people
from bot.store.models import Ticket
from tests.desks import a_desk, a_message
from tests.lives import HOUSE, Life, a_life, told

GREY = "The printer prints only grey."
_LINE: Final = {
    key: {"name": key.title(), "addresses": [f"{key}@house.example"], "teams": ["first-line"]}
    for key in ("ben", "cai", "dan")
}


def a_house(how: str, **agents: Any) -> dict[str, Any]:
    """A first line of three that gives its tickets out."""
    first = {**HOUSE["teams"]["first-line"], "assign": how}
    return {
        "teams": {**HOUSE["teams"], "first-line": first},
        "agents": {**HOUSE["agents"], **_LINE, **agents},
    }


def owner(life: Life, number: int) -> str:
    """Who owns a ticket."""
    person = life.ticket(number).owner_id
    found = life.desk.store.read_now(lambda tx: people.by_id(tx, person)) if person else None
    return found.name if found else ""


@pytest.mark.parametrize(
    ("how", "given"),
    [
        ("rotation", ["Ben", "Cai", "Dan", "Ben", "Dan", "Cai"]),
        ("least-load", ["Ben", "Cai", "Dan", "Ben", "Dan", "Cai"]),
    ],
)
def test_each_in_turn_but_who_is_absent(tmp_path: Path, how: str, given: list[str]) -> None:
    """Cai is away on Tuesday, and has the first of Wednesday."""
    away = {**_LINE["cai"], "absent": ["2026-03-03"]}
    with a_life(tmp_path, **a_house(how, cai=away)) as life:
        for number, at in enumerate(
            ("02 10:00", "02 11:00", "02 12:00", "03 10:00", "03 11:00", "04 09:10"), 1
        ):
            life.until(f"2026-03-{at}")
            life.writes("ann", GREY, subject=f"Printer {number}")
            life.writes(owner(life, number), "I look at it.", subject=f"[HD-{number}] Printer")
        assert [owner(life, number) for number in range(1, 7)] == given


def test_a_hand_over_carries_the_story_and_who_has_left_is_followed(tmp_path: Path) -> None:
    """Ben leaves the company with a ticket in his hands: what comes next finds another owner."""
    with a_life(tmp_path, **a_house("rotation")) as life:
        life.writes("ann", GREY)
        life.until("2026-03-02 10:00")
        life.writes("ben", "#note The fuser, I think.", to="new_ticket")
        life.writes("ben", "#assign sue", to="new_ticket")
        story = life.last("sue", "handed_over").notice.values["story"]
        assert [(line["who"], line["text"]) for line in story] == [
            ("Ann", GREY),
            ("Ben", "The fuser, I think."),
        ]
        life.until("2026-03-02 11:00")
        life.writes("sue", "#assign ben", to="handed_over")
        life.until("2026-03-02 12:00")
        gone = a_house("rotation", ben={**_LINE["ben"], "active": False})
        life.desk.desk = a_desk(**{**HOUSE, **gone})
        life.say("Ben has left")
        life.writes("ann", "Is anybody there?", to="received")
        life.until("2026-03-02 12:30")
        life.writes("lea", "#priority P2", subject="[HD-1] Printer")
        life.until("2026-03-02 13:00")
        assert owner(life, 1) == "Cai"
        assert life.timeline() == told("""
            Mon 02 Mar 09:30  ann: The printer prints only grey.  -> ann: received  -> ben: new_ticket
            Mon 02 Mar 10:00  ben: #note The fuser, I think.  -> ben: commands
            Mon 02 Mar 10:00  ben: #assign sue  -> sue: handed_over  -> ben: commands
            Mon 02 Mar 10:02  -> ann: progress handed-over
            Mon 02 Mar 11:00  sue: #assign ben  -> ben: handed_over  -> sue: commands
            Mon 02 Mar 11:02  -> ann: progress handed-over
            Mon 02 Mar 11:30  -> ben: warning first-response 50
            Mon 02 Mar 12:00  Ben has left
            Mon 02 Mar 12:00  ann: Is anybody there?  -> cai: requester_wrote reference
                              -> dan: requester_wrote reference
            Mon 02 Mar 12:30  -> cai: warning first-response 75  -> dan: warning first-response 75
            Mon 02 Mar 12:30  lea: #priority P2  -> cai: handed_over  -> lea: commands
                              -> sue: breached first-response Second line
                              -> cai: breached first-response Second line
                              -> lea: breached first-response Second line
            Mon 02 Mar 12:32  -> ann: progress handed-over
        """)


def test_a_fire_at_night_is_told_to_everybody_concerned(tmp_path: Path) -> None:
    contacts = (
        {"unit": "Plant", "name": "Pia", "addresses": ["pia@plant.example"], "phone": "112"},
        {"unit": "Office", "name": "Dora", "addresses": ["dora@plant.example"], "hours": ["08:00-18:00"]},
        {"unit": "Desk", "name": "Lea", "agent": "lea"},
    )
    with a_life(tmp_path, "2026-03-02 22:30", major={"words": ["fire"], "contacts": contacts}) as life:
        life.writes("ann", "Fire in the server room.")
        life.until("2026-03-02 23:00")
        life.writes("ben", "#take\n\nI am on my way.", to="new_ticket")
        life.until("2026-03-03 00:10")
        life.writes("ben", "#resolve The fire is out.", subject="[HD-1] Printer")
        life.until("2026-03-03 09:00")
        life.writes("ann", "yes", to="resolved")
        life.until("2026-03-12 10:00")
        assert life.timeline() == told("""
            Mon 02 Mar 22:30  ann: Fire in the server room.  -> pia: major  -> lea: major
                              -> ann: received  -> ben: new_ticket
            Mon 02 Mar 22:37  -> ben: warning first-response 50
            Mon 02 Mar 22:41  -> ben: warning first-response 75
            Mon 02 Mar 22:43  -> ann: delayed first-response
            Mon 02 Mar 22:45  -> ann: late first-response  -> lea: breached first-response Second line
                              -> sue: breached first-response Second line
            Mon 02 Mar 23:00  ben: #take / I am on my way.  -> ann: reply  -> ben: commands
            Mon 02 Mar 23:48  -> ben: update_due
            Tue 03 Mar 00:00  -> ann: still_open
            Tue 03 Mar 00:10  ben: #resolve The fire is out.  -> ann: resolved  -> ben: commands
            Tue 03 Mar 09:00  ann: yes  -> ann: survey confirmed
        """)


def three_requests(life: Life) -> None:
    """One that nobody has taken, one in Ben's hands, one that is resolved."""
    for who in ("ann", "eve", "joe"):
        life.writes(who, GREY)
    life.writes("ben", "#take", subject="[HD-2] Printer")
    life.writes("ben", "#resolve New toner.", subject="[HD-3] Printer")
    life.until("2026-03-02 11:00")
    life.lines.clear()


def test_x21_after_a_day_without_the_bot_each_hears_one_word_of_a_ticket(tmp_path: Path) -> None:
    with a_life(tmp_path) as life:
        three_requests(life)
        life.sleep(days=1)
        life.settle()
        life.until("2026-03-03 23:00")
        assert life.timeline() == told("""
            Tue 03 Mar 11:00  -> ann: late first-response  -> lea: breached first-response Second line
                              -> sue: breached first-response Second line  -> eve: late first-response
                              -> ben: breached first-response Second line
            Tue 03 Mar 11:05  -> lea: breaches  -> sue: breaches
            Tue 03 Mar 14:00  -> sue: warning resolution 50  -> ben: warning resolution 50
        """)


def test_x21_after_a_week_without_the_bot_each_hears_one_word_of_a_ticket(tmp_path: Path) -> None:
    """Both targets were missed meanwhile, and the reminder and the end of the third ticket were due: the last
    word alone is said."""
    with a_life(tmp_path) as life:
        three_requests(life)
        life.sleep(days=7)
        life.settle()
        life.until("2026-03-09 18:00")
        assert life.timeline() == told("""
            Mon 09 Mar 11:00  -> ann: late first-response  -> eve: late first-response
                              -> lea: breached resolution Second line
                              -> sue: breached resolution Second line
                              -> ben: breached resolution Second line  -> joe: survey silence
            Mon 09 Mar 11:05  -> lea: breaches  -> sue: breaches
            Mon 09 Mar 12:48  -> ann: delayed resolution  -> eve: delayed resolution
        """)


def test_x21_many_tickets_that_waited_for_a_week_are_one_letter_each(tmp_path: Path) -> None:
    """To each requester, and two to each of those who must know: one of the first, and one that lists the others;
    what was overtaken uses up nobody's budget."""
    with a_life(tmp_path) as life:
        for number in range(110):
            sender = f"r{number}@house.example"
            life.desk.receive(a_message(GREY, sender=sender, subject=str(number), verdict=Verdict.PASS))
        life.settle()
        before = len(life.sent)
        life.sleep(days=7)
        life.settle()
        life.desk.clock.forward(minutes=5)
        life.settle()
        sent = Counter((m.to.address.partition("@")[0], m.ticket) for m in life.sent[before:])
        assert max(sent.values()) == 1
        to_whom = Counter(who for who, _ in sent)
        assert {to_whom.pop("lea"), to_whom.pop("sue")} == {2}
        for who in ("lea", "sue"):
            values = life.last(who, "breaches").notice.values
            assert (values["many"], len(values["tickets"]), values["more"]) == (109, 50, 59)
        assert to_whom == {f"r{number}": 1 for number in range(110)}


def test_questions_asked_back_become_fields(tmp_path: Path) -> None:
    rules = ({"name": "phones", "words": ["telephone"], "category": "telephone"},)
    with a_life(tmp_path, rules=rules) as life:
        life.writes("ann", "My telephone is dead")
        assert life.ticket().fields == {"what": "", "since": "", "line": ""}
        life.until("2026-03-02 10:00")
        life.writes("ann", "What happens? No tone.\nSince when? Yesterday.", to="received")
        life.until("2026-03-02 11:00")
        life.writes("ben", "Which line is it?", to="requester_wrote")
        life.until("2026-03-02 11:30")
        life.writes("ann", "Which telephone line is it? 55 12", to="reply")
        assert life.ticket().fields == {"what": "No tone.", "since": "Yesterday.", "line": "55 12"}
        assert life.timeline() == told("""
            Mon 02 Mar 09:30  ann: My telephone is dead  -> ann: received  -> ben: new_ticket
            Mon 02 Mar 10:00  ann: What happens? No tone. / Since when? Yesterday.
                              -> ben: requester_wrote reference
            Mon 02 Mar 11:00  ben: Which line is it?  -> ann: reply
            Mon 02 Mar 11:30  ann: Which telephone line is it? 55 12  -> ben: requester_wrote reference
        """)


def test_a_status_is_told_at_any_hour_to_whom_asks_for_it(tmp_path: Path) -> None:
    """It answers what they have just done, and the interval of the ticket goes on."""
    with a_life(tmp_path, "2026-03-02 17:30") as life:
        life.writes("ann", GREY)
        life.until("2026-03-02 23:00")
        life.writes("ann", "", subject="status")
        (shown,) = life.last("ann", "status").notice.values["tickets"]
        assert (shown["reference"], shown["state"], shown["owner"]) == ("HD-1", "new", "")
        life.until("2026-03-03 09:00")
        assert len(life.desk.rows(Ticket)) == 1
        assert life.timeline() == told("""
            Mon 02 Mar 17:30  ann: The printer prints only grey.  -> ann: received  -> ben: new_ticket
            Mon 02 Mar 23:00  ann: (nothing)  -> ann: status
        """)
