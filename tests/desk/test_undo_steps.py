"""What an agent does by mistake is taken back before its requester hears of it: all stands as it stood."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.desk.outcome import Outcome, Reason, Result
from bot.message import OutgoingMessage
from bot.store.models import Outbox, OutboxState, Pause, Survey, Timer, TimerState
from tests.desk.by_chat import ROOM, Chats, chats

ANN = "ann@house.example"
STEPS = [
    "resolve cause: dust\n\nA new fuser.",
    "resolve",
    "close",
    "close It was nothing.",
    "update need Which printer?",
    "update still",
    "update supplier",
    "update fix tomorrow 10:00",
    "wait requester",
    "wait supplier a part",
]
BEFORE = [
    "take",
    "reply Leave it off.",
    "wait supplier",
    "wait requester",
    "update fix 2026-03-05 10:00",
    "priority P1",
    "resolve It is a new one.",
]


def stands(life: Chats) -> dict[str, Any]:
    """All that a step may change: the row, the pauses, what is due, whether there is a survey."""
    ticket = life.desk.ticket(1)._asdict()
    ticket.pop("updated_at")
    due = {(r.id, r.kind, r.due_at) for r in life.desk.rows(Timer) if r.state == TimerState.PENDING}
    pauses = [(r.began_at, r.ended_at, r.reason) for r in life.desk.rows(Pause)]
    return {"ticket": ticket, "due": due, "pauses": pauses, "asked": len(life.desk.rows(Survey))}


def waiting(life: Chats) -> list[tuple[int, str]]:
    """What is to be said to people, besides cards."""
    rows = life.desk.rows(Outbox)
    return [(r.id, r.event) for r in rows if r.state == OutboxState.QUEUED and r.event != "card"]


def does(life: Chats, words: str) -> OutgoingMessage | None:
    """Ben says a command in the room; his answer, when it can be taken back."""
    life.says("UBEN", f"!{words}", thread=life.room_thread())
    answer = life.last("acme/UBEN", "commands" if not words.startswith("reply") else "receipt")
    return answer if answer.choices else None


def takes_back(life: Chats, answer: OutgoingMessage, who: str = "UBEN") -> Outcome:
    choice = answer.choices[0]
    assert choice.verb == "undo"
    return life.presses(who, choice.verb, choice.value, ticket=1, thread=life.room_thread())


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    before=st.lists(st.sampled_from(BEFORE), max_size=3, unique=True),
    step=st.sampled_from(STEPS),
    later=st.integers(0, 600),
)
def test_what_is_done_and_taken_back_was_never_done(before: list[str], step: str, later: int) -> None:
    with tempfile.TemporaryDirectory() as folder, chats(Path(folder)) as life:
        life.mails("ann", "The printer burns.")
        for words in before:
            does(life, words)
            life.pass_time(seconds=30)
        life.pass_time(seconds=later)
        was, said, heard = stands(life), waiting(life), len(life.to(ANN))
        answer = does(life, step)
        if answer is None:  # refused, or nothing that there is to take back
            assert stands(life) == was
            return
        life.pass_time(seconds=10)
        assert takes_back(life, answer) == Outcome(Result.COMMANDED, Reason.BY_AGENT, 1)
        assert stands(life) == was
        assert {event for _, event in waiting(life)} <= {event for _, event in said}
        assert life.last("acme/UBEN", "receipt").notice.values["what"] == "step-undone"
        card = life.in_room("card")[-1].notice.values
        assert (card["state"], card["waiting_for"]) == (
            was["ticket"]["state"],
            was["ticket"]["waiting_for"] or "",
        )
        life.pass_time(minutes=10)
        told = [m.notice.event for m in life.to(ANN)[heard:]]
        assert len(told) <= len(said), "only what waited already"


@pytest.mark.parametrize("step", STEPS)
def test_what_nobody_takes_back_is_told_when_its_time_is_over(tmp_path: Path, step: str) -> None:
    with chats(tmp_path) as life:
        life.mails("ann", "The printer burns.")
        does(life, "reply Leave it off.")
        life.pass_time(seconds=30)
        heard = len(life.to(ANN))
        answer = does(life, step)
        assert answer is not None
        assert answer.notice.values["seconds"] == 20
        assert len(life.to(ANN)) == heard
        life.pass_time(minutes=5)
        assert len(life.to(ANN)) == heard + 1
        done = takes_back(life, answer)
        assert (done.result, done.reason) == (Result.COMMANDED, Reason.OVER)
        assert life.last("acme/UBEN", "receipt").notice.values["what"] == "step-late"


def test_a_step_that_nobody_hears_of_is_taken_back_for_as_long(tmp_path: Path) -> None:
    with chats(tmp_path, surveys={"enabled": False}) as life:
        life.mails("ann", "The printer burns.")
        answer = does(life, "close")
        assert answer is not None
        life.pass_time(seconds=21)
        assert takes_back(life, answer).reason is Reason.OVER
        assert life.desk.ticket(1).state == "closed"


def test_a_ticket_that_has_gone_on_since_is_left_as_it_is(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        life.mails("ann", "The printer burns.")
        answer = does(life, "wait requester")
        assert answer is not None
        life.mails("ann", "It smells now.", to="received")
        assert life.desk.ticket(1).state == "open"
        assert takes_back(life, answer).reason is Reason.OVER
        assert life.desk.ticket(1).state == "open"


def test_i13_a_step_is_taken_back_once_and_by_whoever_did_it(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        life.mails("ann", "The printer burns.")
        answer = does(life, "resolve A new fuser.")
        assert answer is not None
        for who in ("UEVE", "UOLD"):
            assert takes_back(life, answer, who).reason is Reason.NOT_ALLOWED
        assert life.desk.ticket(1).state == "resolved"
        takes_back(life, answer)
        actions = life.desk.actions(1)
        assert takes_back(life, answer) == Outcome(Result.IGNORED, Reason.BY_AGENT, 1)
        assert (life.desk.actions(1), actions.count("step.undone")) == (actions, 1)
        assert life.said()[-1] == ("undone", "A new fuser.")


@pytest.mark.parametrize("value", ["1-9", "9-1", "-", "1-", "-1", "1-1-1", "x-1", "1" * 40 + "-1", "²-1"])
def test_i13_a_button_that_names_no_step_does_nothing(tmp_path: Path, value: str) -> None:
    with chats(tmp_path) as life:
        life.mails("ann", "The printer burns.")
        does(life, "resolve A new fuser.")
        assert life.presses("UBEN", "undo", value, ticket=1).reason is Reason.NOT_ALLOWED
        assert life.desk.ticket(1).state == "resolved"


@pytest.mark.parametrize("value", ["still", "supplier"])
def test_an_update_by_a_button_has_a_way_back_too(tmp_path: Path, value: str) -> None:
    with chats(tmp_path) as life:
        life.mails("ann", "The printer burns.")
        life.presses("UBEN", "take", ticket=1, at=ROOM)
        life.pass_time(minutes=5)
        was = stands(life)
        life.presses("UBEN", "update", value, ticket=1, thread=life.room_thread())
        answer = life.last("acme/UBEN", "commands")
        assert answer.notice.values["done"][0]["what"] == value
        takes_back(life, answer)
        assert stands(life) == was
        heard = len(life.to(ANN))
        life.pass_time(minutes=10)
        assert len(life.to(ANN)) == heard


def test_a_step_by_mail_cannot_be_taken_back_and_goes_at_once(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        life.mails("ann", "The printer burns.")
        life.mails("mia", "#resolve A new fuser.", to="new_ticket")
        assert life.last(ANN, "resolved")
        assert "step.offered" not in life.desk.actions(1)


def test_progress_that_was_overtaken_comes_back_with_the_words_that_are_taken_back(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        life.mails("ann", "The printer burns.")
        life.presses("UBEN", "take", ticket=1, at=ROOM)
        life.says("UBEN", "Leave it off.", thread=life.room_thread())
        takes_back(life, life.last("acme/UBEN", "receipt"))
        life.pass_time(minutes=5)
        assert [m.notice.event for m in life.to(ANN)] == ["received", "progress"]
        assert life.last(ANN, "progress").notice.values["what"] == "taken"


def test_what_was_said_otherwise_meanwhile_does_not_come_back(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        life.mails("ann", "The printer burns.")
        life.presses("UBEN", "take", ticket=1, at=ROOM)
        life.says("UBEN", "Leave it off.", thread=life.room_thread())
        receipt = life.last("acme/UBEN", "receipt")
        does(life, "escalate It burns.")
        takes_back(life, receipt)
        life.pass_time(minutes=5)
        progress = [m.notice.values["what"] for m in life.to(ANN, "progress")]
        assert progress == ["escalated"]
