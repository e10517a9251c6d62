"""Only what is nothing but a yes closes a ticket; who says more is heard."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.desk.answers import Said, only_no, read, says_more

NAMES = ["Ann Smith", "Anna Rossi"]
WORKS = [
    "It works", "Yes it works, thanks", "It works now, thank you!", "Hi Anna,\n\nyes works fine now\n\nSent from my iPhone",
    "Everything is working again. Thanks!", "I can print again, thanks", "no problems now", "Works.\nAnn",
    "The problem is solved", "it's fixed", "Fixed!\n\nBest regards,\nAnn Smith\nAccounting",
    "funziona", "Sì, funziona tutto, grazie mille", "Risolto, grazie", "Sì, ora riesco a stampare", "tutto a posto",
    "好了", "是的，好了", "是的，好了，谢谢", "可以了", "没问题了", "谢谢，已经好了", "已经恢复正常，谢谢您！", "打印机好了", "可以打印了",
]  # fmt: skip
YES = [
    "yes",
    "Yes!",
    "Yes, thanks",
    "Yes, Ann",
    "sì",
    "Si, grazie",
    "是的",
    "对",
    "嗯",
    "👍",
    "yes 👍",
    "Yep\n\nRegards\nAnn",
]
NO = [
    "no", "No!", "no thanks", "Still broken", "still not", "Not yet", "It doesn't work", "it still jams",
    "Hi, no it does not", "No, it works for others but not for me", "Unfortunately the printer is dead",
    "Non funziona", "no, ancora rotta", "Purtroppo no", "没有", "还是不行", "不行", "不可以", "没好", "不好意思，还是不行", "没用",
]  # fmt: skip
COURTESY = ["ok", "OK, thanks", "perfect", "Thank you very much", "Perfetto", "va bene", "好的", "收到，谢谢"]
MORE = [
    "", "?", "yes?", "yes, but the scanner", "Yes. However it is slow", "yes please", "Yes works\n\nbut one more thing",
    "is it working again", "It was working", "yes the problem is back", "si blocca ancora", "sì ma è lenta", "1",
    "Yes\n\nCan you also look at the scanner?", "可以帮助我吗", "可以再看看吗", "是的，但是很慢", "好了吗", "是不是好了",
    "Thanks. Which one?", "yes " * 60, "Yes, it fails", "是的\n\n还有一个问题", "I can see it", "open it again",
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (text, said)
        for said, texts in (
            (Said.WORKS, WORKS),
            (Said.YES, YES),
            (Said.NO, NO),
            (Said.COURTESY, COURTESY),
            (Said.MORE, MORE),
        )
        for text in texts
    ],
)
def test_an_answer_is_read_as_what_it_says(text: str, said: Said) -> None:
    assert read(text, NAMES) is said


@pytest.mark.parametrize(
    "text", ["no", "No, thanks!", "no grazie", "不用了，谢谢", "No thanks\n\nRegards\nAnn"]
)
def test_a_no_and_no_more_is_only_a_no(text: str) -> None:
    assert only_no(text)


@pytest.mark.parametrize(
    "text", ["Non funziona", "no, it still burns", "no?", "yes", "", "No.\n\nCall me.", "还是不行"]
)
def test_a_no_with_more_is_more(text: str) -> None:
    assert not only_no(text)


def test_a_signature_is_nothing_more() -> None:
    assert not says_more("Hello,\n\nyes\n\nBest regards\nAnn\nAccounting")
    assert says_more("yes\n\nThe scanner is slow.")


@given(
    st.sampled_from([*WORKS, *YES]),
    st.text(st.characters(categories=["Ll"], max_codepoint=0x24F), min_size=3, max_size=12),
)
def test_one_unknown_word_makes_a_yes_more_than_that(text: str, word: str) -> None:
    if read(f"yes {word}") is Said.MORE and "\n" not in text:
        assert read(f"{text} {word}", NAMES) not in {Said.WORKS, Said.YES}


@given(st.sampled_from([*WORKS, *YES]), st.sampled_from(["but it is slow", "ma è lenta", "但是很慢", "?"]))
def test_yes_but_is_never_a_yes(text: str, more: str) -> None:
    first = text.partition("\n")[0]
    for joined in (f"{first}, {more}", f"{first}\n\n{more}"):
        assert read(joined, NAMES) not in {Said.WORKS, Said.YES}


@given(st.text(max_size=300))
def test_any_text_is_judged_without_a_fault(text: str) -> None:
    assert read(text) in Said
    assert only_no(text) in {True, False}


@pytest.mark.parametrize(
    "text",
    [
        "好了" * 99 + "x",
        "好了" * 100_000,
        "no " * 100_000,
        "hi " * 99_999,
        "i can " * 600,
        "\n" * 99_999,
        "没" * 999,
    ],
)
def test_a_long_text_is_judged_at_once(text: str) -> None:
    started = time.process_time()
    read(text)
    only_no(text)
    assert time.process_time() - started < 0.2
