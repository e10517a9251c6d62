"""Questions that are asked one at a time, with buttons, where a door asks so."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.desk.outcome import Reason, Result
from bot.message import OutgoingMessage
from bot.store.models import AttachmentRow, Entry, Outbox, Ticket
from tests.desk.by_chat import Chats, a_file, as_action, chats

BOB = "4711"
HERE: dict[str, Any] = {"at": BOB, "door": "desk_bot"}
ADDRESS = f"desk_bot/{BOB}"


def says(life: Chats, text: str, **facts: Any) -> str:
    return life.says(BOB, text, **HERE, **facts)


def presses(life: Chats, value: str, **facts: Any) -> Any:
    return life.presses(BOB, "answer", value, ticket=1, **HERE, **facts)


def asked(life: Chats) -> list[str]:
    return [str(m.notice.values["key"]) for m in life.to(ADDRESS, "question")]


def fields(life: Chats, ticket: int = 1) -> dict[str, str]:
    return dict(life.desk.ticket(ticket).fields)


def key_of(message: OutgoingMessage, life: Chats) -> str:
    """As the service calls it: what somebody answers when they answer it."""
    rows = [row for row in life.desk.rows(Outbox) if row.token == message.token]
    return str(rows[0].result)


def test_a_request_is_a_ticket_and_acknowledged_before_the_first_question(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        says(life, "help!!")
        assert [m.notice.event for m in life.to(ADDRESS)] == ["received", "question"]
        received = life.last(ADDRESS, "received")
        assert received.notice.values["questions"] == []
        assert received.notice.values["asks_next"]
        assert fields(life) == dict.fromkeys(("what", "since", "doing", "error"), "")
        assert asked(life) == ["what"]


def test_where_a_door_has_forms_all_is_asked_in_the_acknowledgement(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        life.says("UJOE", "help!!")
        assert len(life.last("acme/UJOE", "received").notice.values["questions"]) == 4
        assert not life.to("acme/UJOE", "question")


def test_each_question_has_its_answers_as_buttons_and_can_always_be_skipped(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        says(life, "help!!")
        assert [c.value for c in life.last(ADDRESS, "question").choices] == ["1-skip"]
        says(life, "The screen is black.")
        values = [c.value for c in life.last(ADDRESS, "question").choices]
        assert values == ["2-1", "2-2", "2-3", "2-4", "2-skip"]
        assert all(not c.url for c in life.last(ADDRESS, "question").choices)


def test_answers_typed_and_pressed_become_fields_one_after_the_other(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        says(life, "help!!")
        says(life, "The screen is black.")
        assert presses(life, "2-3").reason is Reason.ANSWERED
        assert life.last(ADDRESS, "question").notice.values["before"] == "Since yesterday"
        assert presses(life, "3-skip").reason is Reason.ANSWERED
        says(life, "There is none")
        assert fields(life) == {
            "what": "The screen is black.", "since": "Since yesterday", "doing": "-", "error": "There is none",
        }  # fmt: skip
        assert asked(life) == ["what", "since", "doing", "error"]
        assert life.last(ADDRESS, "questions_done").notice.values["answered"] == 3
        assert ("message", "Since when?\nSince yesterday") in life.said()
        assert len(life.desk.rows(Ticket)) == 1


def test_the_same_button_twice_counts_once_and_an_old_one_does_nothing(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        says(life, "help!!")
        presses(life, "1-skip")
        presses(life, "2-1")
        before = (life.said(), life.desk.actions(1), asked(life))
        for value in ("2-1", "2-4", "1-skip", "2-skip", "2-99", "9-1", "0-1", "x", "", "-", "2-0"):
            assert presses(life, value).result is Result.IGNORED
        assert (life.said(), life.desk.actions(1), asked(life)) == before


def test_nobody_else_answers_for_them(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        says(life, "help!!")
        eve = life.presses("666", "answer", "1-skip", ticket=1, at="666", door="desk_bot")
        assert eve.reason is Reason.NOT_ALLOWED
        assert fields(life)["what"] == ""


def test_a_skipped_question_is_neither_open_nor_answered(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        says(life, "help!!")
        says(life, "skip")
        assert fields(life)["what"] == "-"
        assert asked(life) == ["what", "since"]
        life.presses("UBEN", "show", ticket=1, at="C0TEAM")
        assert "-" in str(life.last("acme/UBEN", "commands").notice.values["done"])


def test_an_answer_to_the_question_itself_counts_however_late(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        says(life, "help!!")
        key = key_of(life.last(ADDRESS, "question"), life)
        life.pass_time(hours=5)
        says(life, "No sound at all", thread=key)
        assert fields(life)["what"] == "No sound at all"
        assert asked(life) == ["what", "since"]


@pytest.mark.parametrize(
    "text", ["hello?", "Any news?", "还没好吗？", "thank you!", "?!", "x" * 1_001, "status", "/"], ids=["hi", "question", "Chinese", "thanks", "signs", "long", "status", "slash"]
)  # fmt: skip
def test_what_is_plainly_something_else_is_no_answer(tmp_path: Path, text: str) -> None:
    with chats(tmp_path) as life:
        says(life, "help!!")
        says(life, text)
        assert fields(life)["what"] == ""
        assert asked(life) == ["what"]


def test_words_that_answer_something_else_are_no_answer(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        first = says(life, "help!!")
        says(life, "It burns", thread=first)
        assert fields(life)["what"] == ""
        assert ("message", "It burns") in life.said()


def test_what_they_say_alone_does_not_answer_what_was_asked_among_others(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        life.says(BOB, "help!!", at="-100", door="desk_bot", addressed=True)
        assert life.last(ADDRESS, "question").thread.answers.startswith("-100/")
        says(life, "My password is hunter2")
        assert fields(life)["what"] == ""
        assert ("message", "My password is hunter2") in life.said()
        key = key_of(life.last(ADDRESS, "question"), life)
        life.says(BOB, "The screen is black.", at="-100", door="desk_bot", thread=key)
        assert fields(life)["what"] == "The screen is black."


def test_what_was_written_before_the_question_arrived_is_no_answer(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        says(life, "help!!")
        says(life, "My laptop", sent_at=life.desk.clock() - timedelta(seconds=5))
        assert fields(life)["what"] == ""
        assert ("message", "My laptop") in life.said()


def test_an_hour_later_words_are_no_answer_and_still_belong_to_the_request(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        says(life, "help!!")
        life.pass_time(minutes=61)
        says(life, "Is anybody working on it?")
        assert fields(life)["what"] == ""
        assert ("message", "Is anybody working on it?") in life.said()


def test_once_an_agent_has_answered_words_are_for_the_agent(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        says(life, "help!!")
        life.presses("UBEN", "reply", ticket=1, words="Is it switched on?")
        says(life, "yes it is")
        assert fields(life)["what"] == ""
        assert ("message", "yes it is") in life.said()
        assert presses(life, "1-skip").reason is Reason.ANSWERED
        assert asked(life) == ["what"], "a person has answered: the desk asks nothing more by itself"


def test_the_answer_to_a_command_in_between_leaves_the_question_open(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        says(life, "help!!")
        life.presses(BOB, "status", **HERE)
        says(life, "The screen is black.")
        assert fields(life)["what"] == "The screen is black."


def test_a_picture_with_words_is_an_answer_and_the_agents_have_it_at_once(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        says(life, "help!!")
        says(life, "", attachments=(a_file("error.jpg"),))
        assert fields(life)["what"] == "error.jpg"
        assert "error.jpg" in str([m.notice.values for m in life.in_room("said")])


def test_a_picture_beside_a_skip_is_not_lost(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        says(life, "help!!")
        says(life, "skip", attachments=(a_file("error.jpg"),))
        assert [row.name for row in life.desk.rows(AttachmentRow)] == ["error.jpg"]
        assert "error.jpg" in str([m.notice.values for m in life.in_room("said")])


def test_nothing_is_asked_about_what_has_ended(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        says(life, "help!!")
        life.presses(BOB, "close", ticket=1, **HERE)
        assert presses(life, "1-skip").reason is Reason.OVER
        assert asked(life) == ["what"]


def test_agents_hear_all_answers_at_once(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        says(life, "help!!")
        says(life, "The screen is black.")
        presses(life, "2-1")
        presses(life, "3-skip")
        assert not life.in_room("answered")
        presses(life, "4-1")
        told = [m for m in life.sent if m.notice.event == "answered"]
        assert {m.to.address for m in told} == {"mia@house.example", "acme/C0TEAM"}
        assert len(told) == 2
        assert [one["answer"] for one in told[0].notice.values["answers"]] == [
            "The screen is black.", "Just now", "There is none",
        ]  # fmt: skip


def test_agents_hear_of_the_answers_too_when_no_more_come(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        says(life, "help!!")
        says(life, "The screen is black.")
        assert not life.in_room("answered")
        life.pass_time(minutes=3)
        assert len(life.in_room("answered")) == 1
        presses(life, "2-skip")
        presses(life, "3-skip")
        presses(life, "4-skip")
        life.pass_time(minutes=3)
        assert len(life.in_room("answered")) == 1, "there was no other answer"


def test_questions_are_in_the_language_of_the_request(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        says(life, "aiuto per favore!!", language="it")
        says(life, "Non va la stampante")
        question = life.last(ADDRESS, "question")
        assert question.notice.values["question"] == "Da quando?"
        assert [c.label for c in question.choices][:2] == ["=Da poco", "=Da oggi"]
        presses(life, "2-1")
        assert fields(life)["since"] == "Da poco"


def test_two_requests_are_asked_about_each_by_its_own_questions(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        says(life, "help!!")
        first = life.last(ADDRESS, "question")
        life.desk.receive(as_action(life.a_chat(BOB, "help again!", **HERE), "new", words="help again!"))
        life.deliver()
        assert [m.ticket for m in life.to(ADDRESS, "question")] == [1, 2]
        says(life, "The phone is dead")
        assert fields(life, 2)["what"] == "The phone is dead"
        says(life, "The screen is black.", thread=key_of(first, life))
        assert fields(life, 1)["what"] == "The screen is black."


steps = st.lists(
    st.one_of(
        st.sampled_from(["1-skip", "2-1", "2-skip", "3-skip", "4-1", "4-skip", "5-1"]).map(lambda v: ("press", v)),
        st.sampled_from(["It burns", "skip", "since ever", "hi", "status"]).map(lambda v: ("say", v)),
        st.sampled_from([30, 4_000]).map(lambda v: ("wait", v)),
    ),
    max_size=12,
)  # fmt: skip


@settings(max_examples=15, deadline=None)
@given(steps)
def test_whatever_is_pressed_and_said_each_question_is_asked_once_and_no_answer_is_lost(
    tmp_path_factory: pytest.TempPathFactory, order: list[tuple[str, Any]]
) -> None:
    with chats(tmp_path_factory.mktemp("steps")) as life:
        says(life, "help!!")
        known: dict[str, str] = fields(life)
        for what, value in order:
            if what == "wait":
                life.pass_time(seconds=value)
            elif what == "press":
                presses(life, value)
            else:
                says(life, value)
            now = fields(life)
            assert {key: answer for key, answer in known.items() if answer}.items() <= now.items()
            known = now
        assert len(asked(life)) == len(set(asked(life)))
        words = " ".join(row.text for row in life.desk.rows(Entry))
        assert all(answer in words for answer in known.values() if answer not in {"", "-"})
