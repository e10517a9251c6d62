"""How a ticket begins, and how words are added to it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.desk.tickets import first_line, language_of
from bot.message import Attachment, Automation
from bot.store.models import AttachmentRow, Entry, Event, Timer
from bot.store.people import KnownPerson
from tests.desks import MONDAY, a_desk, a_message, open_desk

ITALIAN = "Buongiorno, la stampante del secondo piano non funziona più da questa mattina. Grazie."
CHINESE = "你好，二楼的打印机今天早上坏了，请帮忙看一下。谢谢。"


def test_a_ticket_begins_new_with_the_promise_of_its_priority(tmp_path: Path) -> None:
    with open_desk(tmp_path, tickets={"priority": "P2"}) as desk:
        ticket = desk.ticket(desk.receive(a_message()).ticket or 0)
        assert (ticket.state, ticket.priority, ticket.queue) == ("new", "P2", "first-line")
        assert ticket.first_response_due == MONDAY + timedelta(hours=1)
        assert ticket.resolution_due == MONDAY + timedelta(hours=8)
        timers = {row.kind: row.due_at for row in desk.rows(Timer)}
        assert timers["first-response.50"] == MONDAY + timedelta(minutes=30)
        assert timers["resolution.50"] == MONDAY + timedelta(hours=4)


def test_l8_an_opened_ticket_says_who_by_which_door_and_how_it_began(tmp_path: Path) -> None:
    with open_desk(tmp_path) as desk:
        desk.receive(a_message())
        (event,) = desk.rows(Event)
        assert (event.action, event.channel, event.at) == ("opened", "mail", MONDAY)
        why = event.after.pop("why")
        assert event.after == {"state": "new", "priority": "P3", "queue": "first-line"}
        assert why == [
            {"code": "priority-of-new", "priority": "P3"},
            {"code": "team-of-new", "team": "first-line"},
        ]
        assert event.actor_id == desk.ticket(1).requester_id


@pytest.mark.parametrize(
    ("subject", "text", "title"),
    [("Fire", "x", "Fire"), ("", "\n  \nIt burns.\nMuch.", "It burns."), ("", "", "")],
)
def test_a_ticket_without_a_subject_is_named_after_its_first_line(
    tmp_path: Path, subject: str, text: str, title: str
) -> None:
    with open_desk(tmp_path) as desk:
        desk.receive(a_message(text, subject=subject))
        assert desk.ticket(1).subject == title


def test_what_was_said_is_kept_once_and_with_its_quotes_when_there_are_some(tmp_path: Path) -> None:
    with open_desk(tmp_path) as desk:
        desk.receive(a_message("new words"))
        desk.receive(a_message("new words", whole_text="new words\n> old words"))
        desk.receive(a_message("", whole_text="> only a quote"))
        entries = [(row.text, row.quoted) for row in desk.rows(Entry)]
        assert entries == [
            ("new words", None),
            ("new words", "new words\n> old words"),
            ("> only a quote", None),
        ]


def test_files_and_oddities_are_kept_with_the_words(tmp_path: Path) -> None:
    with open_desk(tmp_path) as desk:
        file = Attachment("fire.jpg", "image/jpeg", 3, "a" * 64)
        desk.receive(a_message(attachments=(file,), oddities=("two From headers", "no Date")))
        (row,) = desk.rows(AttachmentRow)
        assert (row.name, row.size, row.sha256) == ("fire.jpg", 3, "a" * 64)
        assert desk.rows(Entry)[0].oddities == "two From headers\nno Date"


def test_a_machines_first_words_are_marked_as_such(tmp_path: Path) -> None:
    with open_desk(tmp_path) as desk:
        desk.receive(a_message(automation=Automation.LIST))
        assert desk.rows(Entry)[0].kind == "automatic"


def test_a_reopened_ticket_is_no_longer_resolved(tmp_path: Path) -> None:
    with open_desk(tmp_path) as desk:
        desk.receive(a_message())
        desk.set_state(1, "resolved")
        desk.clock.forward(hours=1)
        desk.receive(a_message(subject="[HD-1] it burns again"))
        ticket = desk.ticket(1)
        assert (ticket.state, ticket.resolved_at, ticket.updated_at) == ("open", None, desk.clock())


@pytest.mark.parametrize(
    ("stated", "named", "words", "expected"),
    [
        ("it", "zh", "Good morning, it does not work", "it"),
        (None, "zh", "Good morning, it does not work", "zh"),
        (None, "tlh", ITALIAN, "it"),
        ("tlh", None, CHINESE, "zh"),
        (None, None, "???", "it"),
    ],
)
def test_the_language_is_the_stated_one_then_the_named_one_then_that_of_the_words_then_the_desks(
    stated: str | None, named: str | None, words: str, expected: str
) -> None:
    desk = a_desk(desk={"locale": "it"})
    person = KnownPerson(1, "Ann", stated, None)
    assert language_of(a_message(words, subject="", language=named), person, desk) == expected


def test_one_person_is_known_again_however_the_address_is_written(tmp_path: Path) -> None:
    with open_desk(tmp_path) as desk:
        first = desk.receive(a_message(sender="Ann@LOCALHOST")).ticket or 0
        second = desk.receive(a_message(sender="ann@localhost")).ticket or 0
        third = desk.receive(a_message(sender="a.nn@localhost")).ticket or 0
        assert desk.ticket(first).requester_id == desk.ticket(second).requester_id
        assert desk.ticket(third).requester_id != desk.ticket(first).requester_id


@given(st.text(), st.integers(min_value=2, max_value=200))
def test_a_first_line_is_one_line_of_bounded_length(text: str, longest: int) -> None:
    line = first_line(text, longest)
    assert len(line) <= longest
    assert len(line.splitlines()) <= 1
    assert bool(line) == bool(text.strip())
