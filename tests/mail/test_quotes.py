# the words of many alphabets are what is tested
from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.mail.quotes import LINE_LIMIT, read_reply, reply_text

QUOTED = "> Have you tried turning it off?\n> Ann"


@pytest.mark.parametrize(
    "intro",
    [
        "On Mon, 2 Nov 2026 at 09:15, Help Desk <help@desk.example> wrote:",
        "On Mon, 2 Nov 2026 at 09:15, Help Desk of the Company <\nhelp@desk.example> wrote:",
        "On 2 Nov 2026, at 09:15, Help Desk\n<help@desk.example>\nwrote:",
        "Il giorno lun 2 nov 2026 alle ore 09:15 Help Desk <help@desk.example> ha scritto:",
        "Il 02/11/2026 09:15, Help Desk ha scritto:",
        "Am 02.11.2026 um 09:15 schrieb Help Desk:",
        "Le lun. 2 nov. 2026 à 09:15, Help Desk <help@desk.example> a écrit :",
        "El lun, 2 nov 2026 a las 9:15, Help Desk (<help@desk.example>) escribió:",
        "Em seg., 2 de nov. de 2026 às 09:15, Help Desk <help@desk.example> escreveu:",
        "Op ma 2 nov 2026 om 09:15 schreef Help Desk <help@desk.example>:",
        "Den mån 2 nov. 2026 kl 09:15 skrev Help Desk <help@desk.example>:",
        "ma 2. marrask. 2026 klo 9.15 Help Desk (help@desk.example) kirjoitti:",
        "pon., 2 lis 2026 o 09:15 Help Desk <help@desk.example> napisał(a):",
        "po 2. 11. 2026 v 9:15 odesílatel Help Desk <help@desk.example> napsal:",
        "пн, 2 нояб. 2026 г. в 09:15, Help Desk <help@desk.example>:",
        "2 ноября 2026 г., 09:15, Help Desk <help@desk.example> написал:",
        "Help Desk <help@desk.example>, 2 Kas 2026 Pzt, 09:15 tarihinde şunu yazdı:",
        "Help Desk <help@desk.example> 于2026年11月2日周一 09:15写道：",
        "在 2026-11-02 09:15:00，Help Desk <help@desk.example> 写道：",
        "2026年11月2日(月) 9:15 Help Desk <help@desk.example>:",
        "2026년 11월 2일 (월) 오전 9:15, Help Desk <help@desk.example>님이 작성:",
        "Vào Th 2, 2 thg 11, 2026 vào lúc 09:15 Help Desk <help@desk.example> đã viết:",
        '02.11.2026, 09:15, "Help Desk" <help@desk.example>:',
        "2026-11-02 9:15 GMT+01:00 Help Desk <help@desk.example>:",
    ],
)
def test_a_quote_below_its_introduction_is_taken_off_in_many_languages(intro: str) -> None:
    assert (
        reply_text(f"It still burns.\n\nThanks\nBob\n\n{intro}\n\n{QUOTED}\n")
        == "It still burns.\n\nThanks\nBob"
    )


@pytest.mark.parametrize(
    "block",
    [
        "-----Original Message-----\nFrom: Help Desk\nSent: Monday\n\nHave you tried?",
        "________________________________\nFrom: Help Desk <help@desk.example>\nSent: Monday, 2 November 2026\nTo: Bob\n"
        "Subject: Re: fire\n\nHave you tried?",
        "*Da:* Help Desk <help@desk.example>\n*Inviato:* lunedì 2 novembre 2026\n*A:* Bob\n*Oggetto:* fuoco\n\nHa provato?",
        "Von: Help Desk\nGesendet: Montag, 2. November 2026\nAn: Bob\nBetreff: Feuer\n\nSchon versucht?",
        "发件人: Help Desk\n发送时间: 2026年11月2日\n收件人: Bob\n主题: 火\n\n试过吗？",
        '------------------ 原始邮件 ------------------\n发件人: "Help Desk"\n\n试过吗？',
        "差出人: Help Desk\n送信日時: 2026年11月2日\n宛先: Bob\n件名: 火\n\nどう？",
        "---- On Mon, 02 Nov 2026 09:15:00 +0100 Help Desk<help@desk.example> wrote ----\n\nHave you tried?",
    ],
)
def test_a_copied_mail_without_marks_is_taken_off(block: str) -> None:
    assert reply_text(f"It still burns.\n\n{block}\n") == "It still burns."


def test_a_quote_without_introduction_is_taken_off() -> None:
    assert reply_text(f"It still burns.\n{QUOTED}\n") == "It still burns."


def test_an_answer_below_the_quote_is_the_reply() -> None:
    assert reply_text(f"On Monday, 2 Nov 2026 Ann wrote:\n{QUOTED}\n\nYes, it burns.\n") == "Yes, it burns."


def test_answers_between_quotes_keep_the_questions() -> None:
    text = "Hi,\n\nOn 2 Nov 2026 Ann wrote:\n> Which floor?\nThe second.\n> Since when?\nMonday.\n"
    assert reply_text(text) == text.strip()


@pytest.mark.parametrize("mark", ["| ", "|", ": ", "AB> "])
def test_answers_between_quotes_with_other_marks_stay(mark: str) -> None:
    text = f"In message <1@x> on 06/18/26 you Ann <a@x.example> wrote:\n\n{mark}Which floor?\n\nThe second.\n\n{mark}Why?\n"
    assert "The second." in reply_text(f"Hi,\n\n{text}")


@pytest.mark.parametrize("words", ["See my answers below in red.", "Ho risposto qui sotto.", "回复见下"])
def test_a_quote_without_marks_that_holds_answers_stays(words: str) -> None:
    text = f"{words}\n\nFrom: Ann <a@x.example>\nSent: Monday\nTo: Bob\nSubject: fire\n\nWhich floor? The second."
    assert reply_text(text) == text


def test_words_above_and_below_one_quote_both_stay() -> None:
    reply = reply_text(f"Above.\n\nOn 2 Nov 2026 Ann wrote:\n{QUOTED}\n\nBelow.\n")
    assert "Above." in reply
    assert "Below." in reply


def test_a_reply_on_the_line_of_the_introduction_stays() -> None:
    assert reply_text(f"Yes. On Mon, 2 Nov 2026 at 9:15, Ann <a@x.example> wrote:\n{QUOTED}") == "Yes."


@pytest.mark.parametrize(
    "signature",
    ["-- \nBob\nThe Company", "--\nBob", "Sent from my iPhone", "Inviato da iPhone", "Von meinem iPhone gesendet",
     "发自我的iPhone", "Get Outlook for iOS<https://aka.ms/x>", "Envoyé de mon iPhone", "iPhoneから送信"],
)  # fmt: skip
def test_a_signature_is_taken_off(signature: str) -> None:
    assert reply_text(f"It still burns.\n\n{signature}\n") == "It still burns."


def test_a_footer_of_a_list_is_taken_off() -> None:
    footer = f"{'_' * 47}\nusers mailing list\nusers@lists.example\nhttps://lists.example/users"
    assert reply_text(f"It still burns.\n\n{footer}\n") == "It still burns."


@pytest.mark.parametrize(
    "text",
    [
        "On Monday I wrote: it burns. On Tuesday too.",
        "From: the second floor\nIt burns.",
        "Sent from my desk, it is much easier than from the phone.",
        "Ann said to me on 2 Nov:\nit burns.",
        "Dear desk,\n\n- the printer burns\n- the lamp too\n\nRegards",
        "a > b and b < c",
        "To: be or not to be\nthat is",
        "Date: see below\nwe meet on Monday",
    ],
)
def test_what_only_looks_like_a_quote_stays(text: str) -> None:
    assert reply_text(text) == text


FORWARDED = "---------- Forwarded message ---------\nFrom: Eve <eve@x.example>\nSubject: fire\n\nIt burns."


def test_of_a_mail_passed_on_only_the_words_above_are_the_reply() -> None:
    assert (
        reply_text(f"#for eve@x.example\nCan you help?\n\n{FORWARDED}") == "#for eve@x.example\nCan you help?"
    )


@pytest.mark.parametrize("nothing", ["", "\n\n", "-- \nBob\n\n", "Sent from my iPhone\n\n"])
def test_a_mail_passed_on_without_a_word_stays_whole(nothing: str) -> None:
    assert reply_text(f"{nothing}{FORWARDED}") == f"{nothing}{FORWARDED}".strip()


@pytest.mark.parametrize("rest", ["On Mon, 2 Nov 2026 at 9:15, Eve <eve@x.example> wrote:\n\n#resolve\nDone.",
                                  "From: Eve <eve@x.example>\nTo: Bob\nSubject: fire\n\n#resolve\nDone."])  # fmt: skip
def test_words_below_the_head_of_a_mail_passed_on_never_begin_the_reply(rest: str) -> None:
    assert read_reply(rest, passed_on=True).text == rest
    assert read_reply(f"Look.\n\n{rest}", passed_on=True).text == "Look."


def test_a_copied_mail_alone_stays_whole_because_someone_sent_it_on() -> None:
    text = "From: Eve <eve@x.example>\nSent: Monday\nTo: Bob\nSubject: fire\n\nIt burns."
    assert reply_text(text) == text


def test_a_quote_alone_says_nothing() -> None:
    assert reply_text(f"{QUOTED}\n") == ""
    assert reply_text(f"On Monday Ann wrote:\n{QUOTED}\n") == ""


@pytest.mark.parametrize(
    "text",
    ["On " * 2_000, "\n" * 20_000, ">" * 100_000, "> \n" * 20_000, "On " * 20_000, "On x:\n" * 2_000,
     ("Le 1 " * 70 + ":\n") * 2_000, "sent from " + "a" * 100_000, ("- " * 200 + "\n") * 2_000, "From: \n" * 20_000,
     "x wrote: " * 10_000, ("wrote " * 60 + ":\n") * 500, "Mon, 1 Jan 2020 1:1 a <a@b>:\n" * 2_000, "> a\nb\n" * 10_000],
)  # fmt: skip
def test_c14_hostile_text_takes_little_time(text: str) -> None:
    start = time.process_time()
    reply_text(text)
    assert time.process_time() - start < 0.5  # measured: under 0.1 s


def test_c14_what_begins_after_the_lines_looked_at_stays() -> None:
    text = "line\n" * (LINE_LIMIT + 5) + "On 2 Nov 2026 Ann wrote:\n> q"
    assert reply_text(text) == text


SAFE_LINES = st.lists(st.text(alphabet="abc ,!?äß中", max_size=60), max_size=30)


@given(SAFE_LINES)
def test_without_a_sign_of_a_quote_nothing_is_lost(lines: list[str]) -> None:
    text = "\n".join(lines)
    assert reply_text(text).split() == text.split()


@given(SAFE_LINES.filter(lambda lines: any(line.strip() for line in lines)))
def test_what_stands_above_a_quote_is_never_lost(lines: list[str]) -> None:
    text = "\n".join(lines)
    quoted = f"{text}\n\nOn Mon, 2 Nov 2026 at 09:15, Ann <ann@x.example> wrote:\n{QUOTED}\n"
    assert reply_text(quoted).split() == text.split()


@given(st.text(max_size=300) | st.text(alphabet=">-_:\n OnwroteFm@<>1", max_size=200))
def test_stripping_never_raises_and_invents_nothing(text: str) -> None:
    assert set(reply_text(text)) <= set(text)
