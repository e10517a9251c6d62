"""An agent's words in a chat: a receipt, and for a few seconds a way back."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.desk.outcome import Outcome, Reason, Result
from bot.message import OutgoingMessage
from bot.store import pages
from bot.store.models import Entry, Outbox, OutboxState, Person, Timer, TimerState
from tests.desk.by_chat import Chats, chats

ANN = "ann@house.example"


def answers(life: Chats, text: str = "Leave it off.") -> OutgoingMessage:
    """Ben answers in the thread of Ann's ticket; returns his receipt."""
    life.mails("ann", "The printer burns.")
    life.says("UBEN", text, thread=life.room_thread())
    return life.last("acme/UBEN", "receipt")


def test_an_agent_is_told_to_whom_their_words_go_and_they_go_a_little_later(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        receipt = answers(life)
        assert receipt.thread.answers == life.room_thread()
        told = receipt.notice.values
        assert (told["to"], told["address"], told["seconds"]) == ("Ann", ANN, 20)
        assert not life.to(ANN, "reply")
        life.pass_time(seconds=19)
        assert not life.to(ANN, "reply")
        life.pass_time(seconds=2)
        assert life.last(ANN, "reply").notice.values["text"] == "Leave it off."


def test_i13_a_receipt_names_the_words_and_all_else_stands_in_the_history(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        choice = answers(life).choices[0]
        assert choice.verb == "undo"
        assert choice.value.isdigit()
        assert len(f"{choice.verb}:{choice.value}:1".encode()) < 64


def test_words_that_were_taken_back_reach_nobody_and_nothing_follows_from_them(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        life.mails("ann", "The printer burns.")
        before, due = life.desk.ticket(1), _pending(life)
        life.says("UBEN", "Leave it off.", thread=life.room_thread())
        assert life.desk.ticket(1).first_response_at is not None
        receipt = life.last("acme/UBEN", "receipt")
        done = life.presses("UBEN", "undo", receipt.choices[0].value, ticket=1, thread=life.room_thread())
        assert done == Outcome(Result.COMMANDED, Reason.BY_AGENT, 1)
        life.pass_time(minutes=2)
        assert not life.to(ANN, "reply")
        after = life.desk.ticket(1)
        assert after.first_response_at is None
        assert (after.promised_at, after.told_at) == (before.promised_at, before.told_at)
        assert _pending(life) == due
        assert life.said()[-1] == ("undone", "Leave it off.")
        assert life.last("acme/UBEN", "receipt").notice.values["what"] == "undone"


def _pending(life: Chats) -> set[str]:
    return {row.kind for row in life.desk.rows(Timer) if row.state == TimerState.PENDING}


def test_what_was_taken_back_is_not_on_the_requesters_page(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        value = answers(life).choices[0].value
        life.presses("UBEN", "undo", value, ticket=1)
        kinds = {row.kind for row in life.desk.rows(Entry)}
        assert kinds == {"message", "undone"}
        ann = next(row.id for row in life.desk.rows(Person) if row.name == "Ann")
        query = sa.select(Entry.text).where(pages.may_be_seen(ann))
        assert life.desk.store.read_now(lambda tx: list(tx.run(query).scalars())) == ["The printer burns."]


def test_a_second_answer_that_is_taken_back_leaves_the_first(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        answers(life, "First.")
        life.pass_time(minutes=1)
        first = life.desk.ticket(1).first_response_at
        life.says("UBEN", "Second.", thread=life.room_thread())
        life.presses("UBEN", "undo", life.last("acme/UBEN", "receipt").choices[0].value, ticket=1)
        life.pass_time(minutes=1)
        assert [m.notice.values["text"] for m in life.to(ANN, "reply")] == ["First."]
        assert life.desk.ticket(1).first_response_at == first


def test_what_has_gone_cannot_be_taken_back_and_its_agent_is_told(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        value = answers(life).choices[0].value
        life.pass_time(seconds=30)
        done = life.presses("UBEN", "undo", value, ticket=1)
        assert (done.result, done.reason) == (Result.COMMANDED, Reason.OVER)
        assert life.last("acme/UBEN", "receipt").notice.values["what"] == "late"
        assert life.said()[-1][0] == "reply"
        assert life.desk.ticket(1).first_response_at is not None


def test_i13_two_presses_are_one(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        value = answers(life).choices[0].value
        life.presses("UBEN", "undo", value, ticket=1)
        actions = life.desk.actions(1)
        assert life.presses("UBEN", "undo", value, ticket=1).result is Result.IGNORED
        assert life.desk.actions(1) == actions
        assert actions.count("reply.undone") == 1


@pytest.mark.parametrize("who", ["UEVE", "UOLD", "UJOE"])
def test_i13_nobody_else_takes_an_agents_words_back(tmp_path: Path, who: str) -> None:
    with chats(tmp_path) as life:
        value = answers(life).choices[0].value
        assert life.presses(who, "undo", value, ticket=1).reason is Reason.NOT_ALLOWED
        life.pass_time(seconds=30)
        assert life.to(ANN, "reply")


@pytest.mark.parametrize("value", ["", "0", "999", "x", "1" * 40, "-1", "²"])
def test_a_button_that_names_nothing_does_nothing(tmp_path: Path, value: str) -> None:
    with chats(tmp_path) as life:
        answers(life)
        assert life.presses("UBEN", "undo", value, ticket=1).reason is Reason.NOT_ALLOWED


def test_an_answer_by_a_form_has_a_receipt_too(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        life.mails("ann", "The printer burns.")
        life.presses("UBEN", "reply", ticket=1, thread=life.room_thread(), words="Leave it off.")
        assert life.last("acme/UBEN", "receipt").choices
        assert not life.to("acme/UBEN", "commands")
        life.pass_time(seconds=30)
        assert life.last(ANN, "reply")
        assert life.in_room("said")[-1].notice.values["kind"] == "reply"


def test_an_answer_by_mail_goes_at_once(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        life.mails("ann", "The printer burns.")
        life.mails("mia", "Leave it off.", to="new_ticket")
        assert life.last(ANN, "reply")
        assert not life.to("mia@house.example", "receipt")


def test_words_for_other_rooms_wait_too_and_are_taken_back_with_the_answer(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        life.mails("ann", "The printer burns.")
        life.presses("UBEN", "reply", ticket=1, words="Leave it off.", at="DUBEN")
        assert not life.in_room("said")
        life.presses("UBEN", "undo", life.last("acme/UBEN", "receipt").choices[0].value, ticket=1)
        life.pass_time(minutes=1)
        assert not life.in_room("said")
        states = [row.state for row in life.desk.rows(Outbox) if row.event in {"reply", "said"}]
        assert states == [OutboxState.STALE, OutboxState.STALE]


def test_words_that_are_taken_back_leave_a_colleagues_answer_the_promised_one(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        value = answers(life).choices[0].value
        life.pass_time(seconds=5)
        life.mails("mia", "I am on my way.", to="new_ticket")
        heard = life.desk.clock()
        life.presses("UBEN", "undo", value, ticket=1)
        ticket = life.desk.ticket(1)
        assert (ticket.first_response_at, ticket.told_at) == (heard, heard)
        assert "first-response.50" not in _pending(life)


def test_two_answers_that_are_taken_back_in_either_order_were_never_given(tmp_path: Path) -> None:
    for order in ((0, 1), (1, 0)):
        folder = tmp_path / str(order[0])
        folder.mkdir()
        with chats(folder) as life:
            life.mails("ann", "The printer burns.")
            promised, due = life.desk.ticket(1).promised_at, _pending(life)
            values = []
            for text in ("Leave it off.", "I come at ten."):
                life.says("UBEN", text, thread=life.room_thread())
                values.append(life.last("acme/UBEN", "receipt").choices[0].value)
                life.pass_time(seconds=5)
            for number in order:
                assert life.presses("UBEN", "undo", values[number], ticket=1).reason is Reason.BY_AGENT
            ticket = life.desk.ticket(1)
            assert (ticket.first_response_at, ticket.promised_at) == (None, promised)
            assert _pending(life) == due
            life.pass_time(minutes=1)
            assert not life.to(ANN, "reply")


@pytest.mark.parametrize("ends", ["#resolve A new fuser.", "#resolve"])
def test_words_that_are_taken_back_start_no_clock_of_what_a_colleague_has_resolved(
    tmp_path: Path, ends: str
) -> None:
    with chats(tmp_path) as life:
        life.mails("ann", "The printer burns.")
        life.presses("UBEN", "take", ticket=1, at="C0TEAM")
        life.says("UBEN", "Leave it off.", thread=life.room_thread())
        value = life.last("acme/UBEN", "receipt").choices[0].value
        life.mails("mia", ends, to="new_ticket")
        due = _pending(life)
        life.presses("UBEN", "undo", value, ticket=1)
        ticket = life.desk.ticket(1)
        assert (ticket.state, ticket.first_response_at) == ("resolved", ticket.resolved_at)
        assert _pending(life) == due
        life.pass_time(minutes=5)
        assert not life.to(ANN, "progress"), "nobody hears that it was begun after it has ended"


def test_words_that_are_taken_back_start_no_clock_that_stands_still(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        value = answers(life).choices[0].value
        life.mails("mia", "#wait supplier", to="new_ticket")
        due = _pending(life)
        life.presses("UBEN", "undo", value, ticket=1)
        assert life.desk.ticket(1).first_response_at is None
        assert not {kind for kind in _pending(life) - due if kind.startswith(("first", "resolution"))}
