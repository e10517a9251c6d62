"""Requests in pieces, greetings, and words of which nobody knows where they belong."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.desk import together
from bot.desk.outcome import Reason, Result
from bot.intake import receive
from bot.message import Action, Payload
from bot.store import inbox
from bot.store.engine import Tx
from bot.store.models import Inbox, InboxState, Ticket
from tests.desk.by_chat import Chats, a_file, as_action, chats

BOB = "4711"
PRINTER = "My printer on the second floor burns, and nobody dares to go near it."
PHONE = "My phone was lost yesterday evening somewhere between the office and the station."
"""They say enough: nothing is asked back."""


@pytest.mark.parametrize(
    "text",
    [
        "hi", "Hi!", "Hello", "hello there", "Good morning", "hey team", "hello?", "ciao", "Ciao a tutti", "Buongiorno!",
        "salve", "你好", "您好！", "你好，在吗？", "早上好", "hola", "guten Tag", "bonjour", "hi 👋", "anyone here? hello",
    ],
)  # fmt: skip
def test_a_greeting_is_no_request(text: str) -> None:
    assert together.only_greets(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "hi, my printer burns", "printer", "help!", "你好，打印机坏了", "ciao, non funziona", "good", "day",
        "hello 42", "👋", "hi " * 40, "打印机", "thanks", "HD-7",
    ],
)  # fmt: skip
def test_whoever_says_more_than_hello_asks_for_something(text: str) -> None:
    assert not together.only_greets(text)


@given(st.text(max_size=300))
def test_any_words_can_be_looked_at(text: str) -> None:
    assert together.only_greets(text) in {True, False}


def test_short_messages_within_two_minutes_are_one_request_acknowledged_once(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        life.says("UJOE", "My laptop")
        life.pass_time(seconds=50)
        key = life.says("UJOE", "does not start")
        life.pass_time(seconds=100)
        life.says("UJOE", "it beeps")
        assert [text for _, text in life.said()] == ["My laptop", "does not start", "it beeps"]
        assert len(life.to("acme/UJOE", "received")) == 1
        life.pass_time(minutes=10)
        life.says("UJOE", "since this morning", thread=key)
        assert len(life.said()) == 4
        assert len(life.desk.rows(Ticket)) == 1


def test_after_two_minutes_it_is_another_request(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        life.says("UJOE", "My laptop burns")
        life.pass_time(seconds=130)
        life.says("UJOE", PHONE)
        assert len(life.desk.rows(Ticket)) == 2


def test_what_others_say_or_in_another_place_is_another_request(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        life.says("UJOE", "My laptop burns", at="C0HELP")
        life.says("UANN", PHONE, at="C0HELP")
        life.says("UJOE", "Something private")
        assert len(life.desk.rows(Ticket)) == 3


def test_a_long_message_is_a_request_of_its_own(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        life.says("UJOE", "My laptop burns")
        life.says("UJOE", "And then, quite apart from that, " + "there is the phone. " * 40)
        assert len(life.desk.rows(Ticket)) == 2


def test_what_was_said_hours_apart_is_not_one_request_because_it_was_read_together(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        now = life.desk.clock()
        life.says("UJOE", "My laptop burns", sent_at=now - timedelta(hours=3))
        life.says("UJOE", PHONE, sent_at=now - timedelta(hours=1))
        assert len(life.desk.rows(Ticket)) == 2


def test_a_greeting_is_answered_once_and_the_next_message_is_the_request(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        life.says("UJOE", "hi")
        life.says("UJOE", "hello?")
        assert [o.reason for o in life.desk.received] == [Reason.GREETED] * 2
        assert len(life.to("acme/UJOE", "greeted")) == 1
        assert not life.desk.rows(Ticket)
        life.says("UJOE", "My laptop burns")
        assert [text for _, text in life.said()] == ["My laptop burns"]
        life.says("UJOE", "hello?")
        assert len(life.said()) == 2


@pytest.mark.parametrize(("door", "who"), [("acme", "UJOE"), ("desk_bot", BOB)])
def test_whoever_asks_what_can_be_done_is_told_each_time_also_after_a_greeting(
    tmp_path: Path, door: str, who: str
) -> None:
    with chats(tmp_path) as life:
        life.says(who, "hi", door=door)
        life.presses(who, "help", door=door)
        life.presses(who, "help", door=door)
        hello, *told = [m.notice.values["can"] for m in life.to(f"{door}/{who}", "greeted")]
        assert (hello, told) == ("", ["slack" if door == "acme" else "telegram"] * 2)
        for _ in range(20):
            life.presses(who, "help", door=door)
        assert len(life.to(f"{door}/{who}", "greeted")) == together.MOST_ASKED


@pytest.mark.parametrize("verb", ["foo", "take"])
def test_a_command_that_does_nothing_for_a_requester_is_answered_by_what_they_can_do(
    tmp_path: Path, verb: str
) -> None:
    with chats(tmp_path) as life:
        typed = Action(verb, 7, {"words": "it", "line": f"{verb} it"})
        life.desk.receive(replace(life.a_chat("UJOE", "it"), action=typed, external_id=""))
        alone = Action(verb, 7, {"words": "it", "text": "it"})
        life.desk.receive(replace(life.a_chat(BOB, "it", door="desk_bot"), action=alone))
        in_the_room = life.a_chat(BOB, "it", door="desk_bot", at="-1001")
        life.desk.receive(replace(in_the_room, action=typed))
        life.deliver()
        assert [len(life.to(one, "greeted")) for one in ("acme/UJOE", f"desk_bot/{BOB}")] == [1, 1]
        assert [one.ticket for one in life.desk.received] == [None] * 3, "no ticket has this number"


def test_a_link_to_nothing_is_answered_by_what_to_type(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        typed = Action("link", None, {"words": "", "text": "", "line": "link"})
        life.desk.receive(replace(life.a_chat(BOB, "", door="desk_bot"), action=typed))
        life.deliver()
        assert life.last(f"desk_bot/{BOB}", "greeted").notice.values["can"] == "telegram"


def test_a_greeting_with_a_picture_is_a_request(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        life.says("UJOE", "hi", attachments=(a_file(),))
        assert len(life.desk.rows(Ticket)) == 1


def test_a_greeting_by_mail_is_a_ticket_as_ever(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        assert life.mails("ann", "Hello").result is Result.OPENED


def test_whoever_asks_often_in_a_chat_is_answered_each_time(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        for number in range(5):
            life.says("UJOE", f"Problem {number}")
            life.pass_time(minutes=5)
        assert len(life.to("acme/UJOE", "received")) == 5


# Words of which nobody knows where they belong


def says(life: Chats, text: str, *, reply_to: str = "") -> int:
    """Bob says something in Telegram, through the inbox; returns its row."""
    message = life.a_chat(BOB, text, at=BOB, thread=reply_to, door="desk_bot")
    payload = Payload("desk_bot", message.external_id, text.encode(), life.desk.clock())
    life.desk.store.write_now(lambda tx: inbox.add(tx, payload))
    take(life)
    return int(life.desk.rows(Inbox)[-1].id)


def take(life: Chats) -> None:
    """All that waits in the inbox is handled as ``Intake`` does it."""

    def unit(tx: Tx) -> None:
        for claim in inbox.claim(tx, "test", 10, timedelta(minutes=1)):
            message = life.a_chat(BOB, claim.payload.raw.decode(), at=BOB, door="desk_bot")
            message = replace(message, external_id=claim.payload.key)
            belongs = claim.payload.envelope.get("belongs")
            outcome = receive(
                tx, message, life.desk.desk, life.desk.clock(), inbox_id=claim.id, belongs=belongs
            )
            life.desk.received.append(outcome)
            if outcome.reason is Reason.WHICH_TICKET:
                assert inbox.wait_for_answer(tx, claim, together.ASKS_FOR)
            else:
                assert inbox.finish(tx, claim, outcome=outcome.result, reason=outcome.reason)

    life.desk.store.write_now(unit)
    life.deliver()


def two_open(life: Chats) -> None:
    """Bob has two open requests."""
    life.presses(BOB, "new", at=BOB, door="desk_bot")  # says nothing, so it is nothing
    for text in (PRINTER, PHONE):
        message = as_action(life.a_chat(BOB, text, at=BOB, door="desk_bot"), "new", words=text)
        life.desk.receive(message)
        life.pass_time(minutes=5)
    assert len(life.desk.rows(Ticket)) == 2


def test_with_one_open_request_it_is_about_that_one(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        says(life, PRINTER)
        life.pass_time(minutes=30)
        says(life, "Any news?")
        assert [text for _, text in life.said()] == [PRINTER, "Any news?"]
        assert life.desk.received[-1].reason is Reason.ONLY_OPEN


def test_with_several_the_words_wait_and_their_sender_is_asked(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        two_open(life)
        row = says(life, "Any news?")
        asked = life.last(f"desk_bot/{BOB}", "which_ticket")
        assert [c.label for c in asked.choices] == ["HD-2", "HD-1", "new"]
        assert all(len(f"{c.verb}:{c.value}".encode()) < 64 for c in asked.choices)
        assert life.desk.rows(Inbox)[-1].state == InboxState.WAITING
        assert len(life.said(1)) == len(life.said(2)) == 1
        life.presses(BOB, "belongs", f"{row}-1", at=BOB, door="desk_bot")
        take(life)
        assert [text for _, text in life.said(1)] == [PRINTER, "Any news?"]
        assert life.desk.rows(Inbox)[-1].state == InboxState.DONE


def test_whoever_says_new_has_a_new_request(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        two_open(life)
        row = says(life, "The lift is stuck")
        life.presses(BOB, "belongs", f"{row}-0", at=BOB, door="desk_bot")
        take(life)
        assert [text for _, text in life.said(3)] == ["The lift is stuck"]


def test_whoever_does_not_answer_has_a_new_request_too_and_no_word_is_lost(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        two_open(life)
        says(life, "The lift is stuck")
        life.pass_time(minutes=9)
        take(life)
        assert len(life.desk.rows(Ticket)) == 2
        life.pass_time(minutes=2)
        take(life)
        assert [text for _, text in life.said(3)] == ["The lift is stuck"]
        assert len(life.to(f"desk_bot/{BOB}", "which_ticket")) == 1


def test_words_in_a_row_have_one_question(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        two_open(life)
        row = says(life, "It is")
        says(life, "the second floor")
        assert len(life.to(f"desk_bot/{BOB}", "which_ticket")) == 1
        life.presses(BOB, "belongs", f"{row}-2", at=BOB, door="desk_bot")
        take(life)
        assert [text for _, text in life.said(2)] == [PHONE, "It is", "the second floor"]


def test_i13_nobody_else_says_where_words_belong_nor_names_a_ticket_of_others(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        two_open(life)
        life.says("UJOE", "Joe has a request")
        row = says(life, "Any news?")
        assert life.presses("4712", "belongs", f"{row}-1", at=BOB, door="desk_bot").reason is Reason.OVER
        assert life.presses(BOB, "belongs", f"{row}-3", at=BOB, door="desk_bot").reason is Reason.NOT_ALLOWED
        for value in ("", "x-1", f"{row}-", f"{row}", "1" * 30 + "-1"):
            outcome = life.presses(BOB, "belongs", value, at=BOB, door="desk_bot")
            assert outcome.reason is Reason.NOT_ALLOWED
        take(life)
        assert len(life.desk.rows(Ticket)) == 3
        assert life.presses(BOB, "belongs", f"{row}-1", at=BOB, door="desk_bot").reason is Reason.ANSWERED
        take(life)
        assert life.presses(BOB, "belongs", f"{row}-2", at=BOB, door="desk_bot").reason is Reason.OVER


def test_thanks_for_what_was_resolved_opens_nothing(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        says(life, PRINTER)
        life.presses("UBEN", "resolve", ticket=1, words="A new fuser.")
        life.pass_time(minutes=30)
        says(life, "thank you!")
        assert life.desk.received[-1].reason is Reason.THANKS
        assert life.desk.ticket(1).state == "resolved"


def test_an_answer_to_what_was_said_about_a_ticket_belongs_to_it(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        two_open(life)
        received = life.to(f"desk_bot/{BOB}", "received")[0]
        assert received.ticket == 1
        life.says(BOB, "It smokes.", at=BOB, thread=received.thread.answers, door="desk_bot")
        assert [text for _, text in life.said(1)] == [PRINTER, "It smokes."]
