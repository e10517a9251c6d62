"""The conversation of a request that has ended is its requester's: nobody else takes it over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.desk.outcome import Outcome, Reason, Result
from bot.message import Verdict
from bot.store import conversation, threads
from bot.store.models import Event, Outbox, Ticket
from tests.desk.by_chat import Chats, chats
from tests.desks import MONDAY, a_message, open_desk

SLACK: dict[str, Any] = {"door": "acme", "at": "C0HELP"}
GROUP: dict[str, Any] = {"door": "desk_bot", "at": "-100"}
WHERE = pytest.mark.parametrize("where", [SLACK, GROUP], ids=["slack", "telegram"])
AGO = pytest.mark.parametrize("days", [0, 60])
"""Whether it may still be opened again."""
JOE, EVE = "UJOE", "UEVE"


def ended(life: Chats, where: dict[str, Any], days: int = 60) -> str:
    """Joe's request in a place where everybody can write, over since some days; returns its conversation."""
    key = life.says(JOE, "My laptop burns.", **where)
    life.presses(JOE, "close", ticket=1, thread=key, door=where["door"])
    life.pass_time(days=days)
    return key


def last(life: Chats) -> Outcome:
    return life.desk.received[-1]


def owner_of(life: Chats, key: str, door: str) -> int:
    found = life.desk.store.read_now(lambda tx: threads.find(tx, door, [key]))
    assert found
    return found.ticket


@WHERE
@AGO
def test_d3_a_stranger_in_the_thread_of_an_ended_ticket_opens_nothing(
    tmp_path: Path, where: dict[str, Any], days: int
) -> None:
    with chats(tmp_path) as life:
        key = ended(life, where, days)
        life.says(EVE, "Mine too.", thread=key, door=where["door"], addressed=False)
        assert last(life) == Outcome(Result.IGNORED, Reason.NOT_ADDRESSED, 1)
        assert len(life.desk.rows(Ticket)) == 1
        assert owner_of(life, key, where["door"]) == 1
        assert life.said() == [("message", "My laptop burns.")]


@WHERE
@AGO
def test_d3_a_stranger_who_calls_the_desk_there_has_a_ticket_at_their_own_message(
    tmp_path: Path, where: dict[str, Any], days: int
) -> None:
    with chats(tmp_path) as life:
        key = ended(life, where, days)
        theirs = life.says(EVE, "Mine is broken, too.", thread=key, door=where["door"])
        assert last(life) == Outcome(Result.OPENED, Reason.NOT_THEIRS, 2)
        assert (owner_of(life, key, where["door"]), owner_of(life, theirs, where["door"])) == (1, 2)
        received = [m for m in life.to(f"{where['door']}/{EVE}", "received") if m.ticket == 2]
        assert [m.thread.answers for m in received] == [theirs]
        assert received[0].notice.values["follows"] is None
        assert any(row.action == "linked" and row.after == {"to": "HD-1"} for row in life.desk.rows(Event))


@WHERE
def test_d3_the_true_requester_goes_on_in_their_thread_after_a_stranger_was_there(
    tmp_path: Path, where: dict[str, Any]
) -> None:
    with chats(tmp_path) as life:
        key, door = ended(life, where), where["door"]
        life.says(EVE, "Mine is broken, too.", thread=key, door=door)
        life.says(JOE, "It burns again.", thread=key, door=door)
        assert last(life) == Outcome(Result.OPENED, Reason.TICKET_CLOSED, 3)
        assert life.last(f"{door}/{JOE}", "received").thread.answers == key
        life.pass_time(minutes=10)
        life.says(JOE, "And it smells.", thread=key, door=door, addressed=False)
        life.says(EVE, "What of mine?", thread=key, door=door)
        assert owner_of(life, key, door) == 3
        assert life.said(2) == [("message", "Mine is broken, too.")]
        assert life.said(3)[:2] == [("message", "It burns again."), ("message", "And it smells.")]
        opened = [row.after.get("follows") for row in life.desk.rows(Event) if row.action == "opened"]
        assert opened == [None, None, "HD-1"]


@WHERE
def test_what_a_stranger_goes_on_to_say_in_an_ended_thread_is_said_in_their_ticket(
    tmp_path: Path, where: dict[str, Any]
) -> None:
    with chats(tmp_path) as life:
        key, door = ended(life, where), where["door"]
        life.says(EVE, "Mine is broken, too.", thread=key, door=door)
        life.pass_time(minutes=10)
        life.says(EVE, "It is on the second floor.", thread=key, door=door, addressed=False)
        assert last(life) == Outcome(Result.APPENDED, Reason.REFERENCE, 2)
        life.says("UMAX", "Is it?", thread=key, door=door, addressed=False)
        assert last(life).reason is Reason.NOT_ADDRESSED


@WHERE
def test_d3_a_button_or_a_form_in_somebody_elses_thread_takes_nothing_of_it(
    tmp_path: Path, where: dict[str, Any]
) -> None:
    with chats(tmp_path) as life:
        key, door = ended(life, where), where["door"]
        done = life.presses(EVE, "new", words="My phone is lost.", thread=key, door=door)
        assert done.result is Result.OPENED
        assert owner_of(life, key, door) == 1
        assert life.last(f"{door}/{EVE}", "received").thread.answers != key


def test_d3_words_that_no_service_vouches_for_open_nothing_there(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        key = ended(life, SLACK)
        life.says(JOE, "It burns again.", thread=key, verdict=Verdict.UNKNOWN, addressed=False)
        assert last(life).reason is Reason.NOT_ADDRESSED
        assert owner_of(life, key, "acme") == 1


def test_a_followers_late_words_point_to_the_old_ticket_and_leave_the_thread_to_its_requester(
    tmp_path: Path,
) -> None:
    with chats(tmp_path) as life:
        key = ended(life, SLACK)
        life.says(EVE, "A question of my own.")
        eve = life.desk.ticket(2).requester_id
        life.desk.store.write_now(lambda tx: conversation.follow(tx, 1, eve, MONDAY))
        life.pass_time(minutes=10)
        theirs = life.says(EVE, "It burns again, I see.", thread=key, addressed=False)
        assert last(life) == Outcome(Result.OPENED, Reason.TICKET_CLOSED, 3)
        assert (owner_of(life, key, "acme"), owner_of(life, theirs, "acme")) == (1, 3)
        life.says(JOE, "It burns again.", thread=key)
        assert (last(life).ticket, owner_of(life, key, "acme")) == (4, 4)


@pytest.mark.parametrize("days", [0, 60])
def test_d3_by_mail_a_strangers_answer_to_a_closed_ticket_is_a_matter_of_their_own(
    tmp_path: Path, days: int
) -> None:
    with open_desk(tmp_path) as desk:
        desk.receive(a_message(verdict=Verdict.PASS))
        ours = f"{desk.token()}@localhost"
        desk.set_state(1, "closed")
        desk.clock.forward(days=days)
        eve = a_message(sender="eve@localhost", thread_keys=(ours,), verdict=Verdict.PASS)
        assert desk.receive(eve) == Outcome(Result.OPENED, Reason.NOT_THEIRS, 2)
        received = desk.rows(Outbox)[-1]
        assert '"follows":null' in received.message.replace(" ", "")
        assert (
            next(row for row in desk.rows(Event) if row.ticket_id == 2 and row.action == "opened").after.get(
                "follows"
            )
            is None
        )
        # She stands in the thread that the true requester goes on with: theirs is theirs.
        late = a_message("It burns again.", thread_keys=(eve.external_id, ours), verdict=Verdict.PASS)
        outcome = desk.receive(late)
        assert (outcome.result, outcome.reason, outcome.ticket) == (
            Result.OPENED,
            Reason.TICKET_CLOSED,
            3,
        )
        assert desk.ticket(3).requester_id == desk.ticket(1).requester_id
