"""A request that says too little is asked for more, and the answers become fields of its ticket."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.desk import questions
from bot.message import Attachment, Automation, Forwarded, Kind, Party, Verdict
from bot.store.models import Outbox
from tests.desk.by_mail import ANN, ANNA, a_team, answers, asks, letters, token_to, works
from tests.desks import a_desk, a_message, open_desk

DESK = a_desk()
FOUR = ("what", "since", "doing", "error")
ITALIAN = "1. La stampante stampa tutto nero\n2. da ieri"


def missing(text: str, category: str | None = None, *, subject: str = "", **facts: Any) -> tuple[str, ...]:
    return questions.missing(a_message(text, subject=subject, **facts), category, DESK)


def said(text: str, asked: tuple[str, ...] = FOUR) -> dict[str, str]:
    return questions.answers(text, asked, DESK)


# What is asked


@pytest.mark.parametrize(
    "text",
    ["help!!", "Hi, please help me, it is urgent. Many thanks and best regards", "help help help help help help help help help",
     "您好，请帮忙，急！", "Buongiorno, aiuto per favore! Grazie mille e cordiali saluti", "", "?!", "三楼打印坏了"],
)  # fmt: skip
def test_a_request_that_says_too_little_is_asked_what_happens_since_when_doing_what_and_which_error(
    text: str,
) -> None:
    assert missing(text) == FOUR


@pytest.mark.parametrize(
    "text",
    [
        "The printer on the second floor prints nothing but black pages.",
        "三楼会议室旁边的那台惠普打印机从今天早上开始就打印不出来任何东西了，一直显示缺纸",
        "La stampante del secondo piano non stampa più niente da stamattina",
        "word " * 5_000 + "Our printer on the second floor prints black pages only",
    ],
)
def test_a_request_that_says_enough_is_asked_nothing(text: str) -> None:
    assert missing(text) == ()


def test_the_subject_says_something_too() -> None:
    assert missing("Thanks!", subject="Printer on the second floor prints black pages only") == ()


def test_a_question_whose_answer_stands_in_the_request_is_not_asked() -> None:
    assert missing("Internet broken since yesterday") == ("what", "doing", "error")
    assert missing('It says "Access is denied" today') == ("doing",)
    assert missing("电话 61234567 没声音", "telephone") == ("what", "since")


def test_the_questions_are_those_of_the_category() -> None:
    assert missing("It is broken", "hardware") == ("what", "since", "device")


@pytest.mark.parametrize("category", ["complaint", "question"])
def test_nobody_is_asked_back_about_a_complaint_or_a_question(category: str) -> None:
    assert missing("Bad!", category) == ()


def test_there_are_five_questions_at_most_and_only_those_that_exist() -> None:
    own = {f"q{n}": {"en": f"What about {n}?"} for n in range(9)}
    desk = a_desk(questions=own, categories={"all": {"en": "All", "ask": list(own)}})
    assert questions.missing(a_message("Help", subject=""), "all", desk) == ("q0", "q1", "q2", "q3", "q4")


@pytest.mark.parametrize(
    ("size", "inline", "asked"), [(10, False, False), (40_000, True, False), (2_000, True, True)]
)
def test_a_file_or_a_picture_says_something_and_a_logo_does_not(
    size: int, *, inline: bool, asked: bool
) -> None:
    file = Attachment("a.png", "image/png", size, "0" * 64, inline=inline)
    assert bool(missing("help", attachments=(file,))) is asked


def test_a_machine_is_asked_nothing() -> None:
    assert missing("help", automation=Automation.AUTO_REPLY) == ()


def test_what_a_requester_passes_on_says_something() -> None:
    whole = "see below\n\nThe printer on the second floor prints nothing but black pages."
    passed_on = Forwarded(Party("email", "x@y.example"), "Printer", whole)
    assert missing("see below", whole_text=whole, forwarded=passed_on) == ()


# What is answered


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "1. It prints black\n2. yesterday\n\nThanks\nAnn",
            {"what": "It prints black", "since": "yesterday"},
        ),
        ("Hello,\n\n 2) since Monday\n(4) E 500", {"since": "since Monday", "error": "E 500"}),
        ("1. black\n   pages\n\n   only\n3. nothing", {"what": "black\npages\n\nonly", "doing": "nothing"}),
        ("1. a 2. b 3. c 4. d", {"what": "a", "since": "b", "doing": "c", "error": "d"}),
        (
            "1、黑屏。2、昨天。3、打印。4、没有",
            {"what": "黑屏。", "since": "昨天。", "doing": "打印。", "error": "没有"},
        ),
        ("1. It broke on May 2. Since then nothing.", {"what": "It broke on May 2. Since then nothing."}),
        (
            "4. Error 500\nI did:\n1. restart\n2. update",
            {"error": "Error 500\nI did:\n1. restart\n2. update"},
        ),
        ("1. -\n2. ?", {}),
        ("1.5 hours ago it was 2.0", {}),
        ("7. nothing\n0. nothing", {}),
        ("", {}),
        ("It broke. What happens is strange.", {}),
    ],
)
def test_people_answer_by_the_number_of_the_question(text: str, found: dict[str, str]) -> None:
    assert said(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("> 1. What happens?\nIt prints black\npages\n> 2. Since when?\nyesterday", {"what": "It prints black\npages", "since": "yesterday"}),
        ("> 3. What were you doing when it\n> happened?\nnothing\n> 4. What does the error message say?", {"doing": "nothing"}),
        ("> * 1. What happens? It prints black\n> * 2. Since when? yesterday", {"what": "It prints black", "since": "yesterday"}),
        ("Since when: yesterday\nWHAT HAPPENS - all is black", {"since": "yesterday", "what": "all is black"}),
        ("从什么时候开始的？昨天\n出现了什么情况？\n黑屏", {"since": "昨天", "what": "黑屏"}),
        ("*Da quando?* ieri", {"since": "ieri"}),
        ("Since when?\n\nyesterday\n\nGood bye", {"since": "yesterday"}),
        ("2. What happens? Black", {"what": "Black"}),
        ("> 1. What happens?\n> 2. Since when?\n1. black\n2. today", {"what": "black", "since": "today"}),
        ("What happens?\nBlack\nSince when?\ntoday\nWhat does the error message say?\n\nJust answer this mail.", {"what": "Black", "since": "today"}),
        ("On Monday you wrote:\n> 1. something else\n> 2. more", {}),
    ],
)  # fmt: skip
def test_people_answer_below_the_questions_own_words_in_any_language(
    text: str, found: dict[str, str]
) -> None:
    assert said(text) == found


@given(
    st.dictionaries(
        st.sampled_from(FOUR), st.text(alphabet="abc xyz", min_size=1).filter(str.strip), min_size=1
    )
)
def test_every_answer_by_number_is_found_whichever_questions_are_left_out(given_: dict[str, str]) -> None:
    ordered = {key: given_[key].strip() for key in FOUR if key in given_}
    text = "\n".join(f"{FOUR.index(key) + 1}. {answer}" for key, answer in ordered.items())
    assert said(text) == ordered


@given(
    st.lists(
        st.tuples(st.sampled_from(FOUR), st.sampled_from(["en", "zh", "it"])),
        min_size=1,
        max_size=4,
        unique_by=lambda one: one[0],
    ),
    st.sampled_from(["", "> "]),
)
def test_every_answer_below_its_question_is_found_in_any_order_and_language(
    chosen: list[tuple[str, str]], mark: str
) -> None:
    asked = DESK.config.questions
    text = "\n".join(f"{mark}{asked[key].text(locale)}\nabout {key}" for key, locale in chosen)
    assert said(text) == {key: f"about {key}" for key, _ in chosen}


@given(st.text(alphabet="123.):>\n abWhat happens?Since when出现了什么情况", max_size=200))
def test_nothing_that_is_said_is_more_than_was_written(text: str) -> None:
    for key, answer in said(text).items():
        assert key in FOUR
        assert all(line.strip() in text for line in answer.splitlines())


@pytest.mark.parametrize(
    "text",
    ["1. " * 30_000, "1.\n" * 30_000, "What happens" * 6_000, "What happens?" + " " * 65_000 + "x", "> " * 33_000, "\n" * 70_000,
     "What were you doing when it\n" * 3_000, "*_" * 33_000, "a" * 70_000, "出现了什么情况" * 9_000, "(1" * 30_000, "1" + " " * 65_000],
)  # fmt: skip
def test_c14_a_hostile_answer_is_read_in_a_moment(text: str) -> None:
    took = []
    for _ in range(2):
        started = time.process_time()
        said(text)
        missing(text)
        took.append(time.process_time() - started)
    assert min(took) < 0.2


# In the desk


def test_the_acknowledgement_asks_in_the_language_of_the_ticket_and_the_answers_become_fields(
    tmp_path: Path,
) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk, "Aiuto! Stampante rotta, non funziona.", subject="Aiuto")
        received = letters(desk, ANN, "received")[0].notice.values
        assert received["questions"][0] == "Che cosa succede?"
        assert desk.ticket(number).fields == dict.fromkeys(FOUR, "")
        answers(desk, ANN, number, ITALIAN)
        fields = desk.ticket(number).fields
        assert (fields["what"], fields["since"], fields["doing"]) == (
            "La stampante stampa tutto nero",
            "da ieri",
            "",
        )
        assert "questions.answered" in desk.actions(number)


def test_later_answers_are_read_by_the_numbers_that_were_asked_and_what_is_answered_stays(
    tmp_path: Path,
) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk, "Help!")
        answers(desk, ANN, number, "1. black")
        answers(desk, ANN, number, "1. white\n4. none")
        assert desk.ticket(number).fields == {"what": "black", "since": "", "doing": "", "error": "none"}


def test_an_agent_who_opens_a_ticket_for_somebody_asks_them_nothing(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        works(desk, ANNA, f"#for {ANN}\n\nHelp!", subject="Help")
        (ticket,) = {row.ticket_id for row in desk.rows(Outbox)} - {0, None}
        assert desk.ticket(ticket).fields is None
        assert [one.notice.values["questions"] for one in letters(desk, ANN, "received")] == [[]]


def test_a_complaint_is_recorded_and_its_first_answer_says_so(tmp_path: Path) -> None:
    rule = {"name": "complaint", "words": ["complaint"], "category": "complaint"}
    with open_desk(tmp_path, rules=[rule]) as desk:
        number = asks(desk, "A complaint!")
        received = letters(desk, ANN, "received")[0]
        assert received.kind is Kind.ACKNOWLEDGEMENT
        assert (received.notice.values["complaint"], received.notice.values["questions"]) == (True, [])
        assert (desk.ticket(number).category, desk.ticket(number).state) == ("complaint", "new")
        asks(desk, "Help!")
        assert letters(desk, ANN, "received")[-1].notice.values["complaint"] is False


def test_the_answer_to_a_ticket_that_was_closed_long_ago_is_asked_nothing(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk, "Help!")
        token = token_to(desk, ANN, number)
        works(desk, ANNA, "#close", number)
        desk.clock.forward(days=60)
        again = desk.receive(
            a_message("Broken again", thread_keys=(f"{token}@localhost",), verdict=Verdict.PASS)
        )
        assert again.ticket not in {number, None}
        assert desk.ticket(again.ticket or 0).fields is None


COURTEOUS = [
    "hello", "good", "morning", "please", "thank", "you", "help", "urgent", "gentile", "gentili",
    "cortese", "sir", "sirs", "ho", "bisogno", "di", "per", "favore", "printer", "Printers", "floor",
    "second", "FIRE", "smoke,", "red_box", "it's", "caffè", "您好", "打印机", "请问打印机坏了", "dev/ttyS0",
    "no-one", "ſir",
]  # fmt: skip


@given(st.lists(st.sampled_from(COURTEOUS), max_size=40))
def test_what_says_enough_at_a_glance_says_enough_when_it_is_read(words: list[str]) -> None:
    written = " ".join(words)
    if questions._begins_well(written):
        assert questions._says_enough(questions._COURTESIES.sub(" ", written))
