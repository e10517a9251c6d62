"""In a chat, somebody leaves out the number of the request that they mean."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.desk.outcome import Outcome, Reason, Result
from bot.intake import receive
from bot.message import Action, Payload
from bot.store import inbox
from bot.store.models import Inbox
from tests.desk.by_chat import Chats, chats

BOB = "4711"
HERE: dict[str, Any] = {"at": BOB, "door": "desk_bot"}
PRINTER = "My printer on the second floor burns, and nobody dares to go near it."
PHONE = "My phone was lost yesterday evening somewhere between the office and the station."


def asks_for(life: Chats, *requests: str) -> None:
    for words in requests:
        message = life.a_chat(BOB, words, **HERE)
        life.desk.receive(replace(message, action=Action("new", None, {"words": words})))
        life.pass_time(minutes=5)


def test_whoever_reopens_without_a_number_means_the_request_that_has_ended(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        asks_for(life, PRINTER, PHONE)
        life.presses(BOB, "close", ticket=1, **HERE)
        outcome = life.presses(BOB, "reopen", words="It smokes again.", **HERE)
        assert (outcome.reason, outcome.ticket) == (Reason.NOT_FIXED, 1)
        assert life.desk.ticket(1).state == "open"
        assert ("message", "It smokes again.") in life.said(1)


def test_what_ended_too_long_ago_or_never_is_not_offered_to_be_reopened(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        asks_for(life, PRINTER)
        assert life.presses(BOB, "reopen", **HERE).reason is Reason.ASKED
        assert life.last(f"desk_bot/{BOB}", "status").notice.values["tickets"][0]["reference"] == "HD-1"
        life.presses(BOB, "close", ticket=1, **HERE)
        life.pass_time(days=60)
        assert life.presses(BOB, "reopen", **HERE).reason is Reason.ASKED
        assert life.desk.ticket(1).state == "closed"


@pytest.mark.parametrize(
    ("verb", "before", "after"), [("reopen", "closed", "open"), ("close", "new", "closed")]
)
def test_with_several_a_button_says_which_one(tmp_path: Path, verb: str, before: str, after: str) -> None:
    with chats(tmp_path) as life:
        asks_for(life, PRINTER, PHONE)
        for number in (1, 2) if verb == "reopen" else ():
            life.presses(BOB, "close", ticket=number, **HERE)
        assert life.presses(BOB, verb, **HERE).reason is Reason.ASKED
        asked = life.last(f"desk_bot/{BOB}", "which_one")
        assert asked.notice.values["what"] == verb
        assert {(c.label, c.verb, c.value, c.url) for c in asked.choices} == {
            ("=HD-1", verb, "1", ""), ("=HD-2", verb, "2", ""),
        }  # fmt: skip
        assert {life.desk.ticket(number).state for number in (1, 2)} == {before}
        life.presses(BOB, verb, "1", **HERE)
        assert (life.desk.ticket(1).state, life.desk.ticket(2).state) == (after, before)


def test_the_number_on_a_button_gives_nobody_a_right(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        asks_for(life, PRINTER)
        for value in ("1", "01", "999999999999999"):
            outcome = life.presses("4712", "close", value, at="4712", door="desk_bot")
            assert outcome.reason is Reason.NOT_ALLOWED
        assert life.desk.ticket(1).state == "new"


def test_words_to_be_added_wait_for_their_number_and_none_is_lost(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        asks_for(life, PRINTER, PHONE)
        asked = added(life, belongs=None)
        assert asked.reason is Reason.WHICH_TICKET
        assert [c.label for c in life.last(f"desk_bot/{BOB}", "which_ticket").choices] == [
            "HD-2",
            "HD-1",
            "new",
        ]
        assert added(life, belongs=1).ticket == 1
        assert ("message", "It smokes.") in life.said(1)
        assert added(life, belongs=0).ticket == 3
        assert ("message", "It smokes.") in life.said(3)


@pytest.mark.parametrize("verb", ["add", "reopen"])
def test_words_for_what_there_is_not_are_a_request_of_their_own(tmp_path: Path, verb: str) -> None:
    with chats(tmp_path) as life:
        assert added(life, None, verb).result is Result.OPENED
        assert life.said(1) == [("message", "It smokes.")]
        assert life.last(f"desk_bot/{BOB}", "received")


def test_words_beside_a_reopen_wait_for_their_number_and_none_is_lost(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        asks_for(life, PRINTER, PHONE)
        for number in (1, 2):
            life.presses(BOB, "close", ticket=number, **HERE)
        asked = added(life, None, "reopen")
        assert (asked.result, asked.reason) == (Result.HELD, Reason.WHICH_TICKET)
        row = life.desk.rows(Inbox)[-1].id
        choices = life.last(f"desk_bot/{BOB}", "which_one").choices
        assert {(c.verb, c.value) for c in choices} == {("belongs", f"{row}-1"), ("belongs", f"{row}-2")}
        assert added(life, 1, "reopen").reason is Reason.NOT_FIXED
        assert life.desk.ticket(1).state == "open"
        assert ("message", "It smokes.") in life.said(1)
        assert added(life, 0, "reopen").ticket == 3, "nobody has said which one"
        assert ("message", "It smokes.") in life.said(3)


def added(life: Chats, belongs: int | None, verb: str = "add") -> Outcome:
    """ "/add It smokes.", as the inbox hands it on."""
    message = life.a_chat(BOB, "It smokes.", **HERE)
    message = replace(message, action=Action(verb, None, {"words": "It smokes.", "text": "It smokes."}))
    payload = Payload("desk_bot", message.external_id, b"x", life.desk.clock())
    life.desk.store.write_now(lambda tx: inbox.add(tx, payload))
    row, desk, now = life.desk.rows(Inbox)[-1].id, life.desk.desk, life.desk.clock()
    outcome = life.desk.store.write_now(
        lambda tx: receive(tx, message, desk, now, inbox_id=row, belongs=belongs)
    )
    life.deliver()
    return outcome
