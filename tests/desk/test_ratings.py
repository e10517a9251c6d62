"""A rating is the digit with which an answer begins; what only looks like one is none."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.desk.ratings import MOST_COMMENT, Rating, read


@pytest.mark.parametrize(
    ("text", "rating"),
    [
        ("4", Rating(4, "")),
        ("5!", Rating(5, "")),
        ("4/5", Rating(4, "")),
        (" 3 / 5, slow", Rating(3, "slow")),
        ("\uff15", Rating(5, "")),
        ("★★★★", Rating(4, "")),
        ("★★★☆☆", Rating(3, "")),
        ("⭐️⭐️ meh", Rating(2, "meh")),
        ("rating: 4", Rating(4, "")),
        ("Voto: 5, grazie", Rating(5, "grazie")),
        ("评分：4", Rating(4, "")),
        ("一", Rating(1, "")),
        ("五", Rating(5, "")),
        ("五分！谢谢", Rating(5, "谢谢")),
        ("5星", Rating(5, "")),
        ("5 stars", Rating(5, "")),
        ("4 stelle", Rating(4, "")),
        ("5️⃣", Rating(5, "")),
        ('"5"', Rating(5, "")),
        ("*4*", Rating(4, "")),
        ("4 - well done", Rating(4, "well done")),
        ("2\n\nThree days.\nNobody called.", Rating(2, "Three days.\nNobody called.")),
        ("1. bad", Rating(1, "bad")),
    ],
)
def test_a_rating_stands_first_and_a_comment_behind_it(text: str, rating: Rating) -> None:
    assert read(text) == rating


@pytest.mark.parametrize(
    "text",
    [
        "", "0", "6", "10", "12", "4th floor", "4.5", "5/10", "2-3 days", "5:30", "1,2", "great 5", "Hi\n5", "★★★★★★", "☆☆☆",
        "三个人还是不行", "一直没好", "五月", "1. the printer\n2. the scanner", "one more thing", "+5", "-5",
    ],
)  # fmt: skip
def test_what_only_looks_like_a_rating_is_none(text: str) -> None:
    assert read(text) is None


@given(st.integers(1, 5), st.text("abc 你好", max_size=40))
def test_a_comment_is_kept_as_it_was_written(value: int, comment: str) -> None:
    assert read(f"{value}\n{comment}") == Rating(value, comment.strip())


@given(st.text(max_size=200))
def test_any_text_is_read_without_a_fault(text: str) -> None:
    rating = read(text)
    assert rating is None or rating.value in range(1, 6)


@pytest.mark.parametrize(
    "text", ["★" * 99_999, "rating " * 50_000, "1. " * 99_999, "5 " + "x" * 500_000, " " * 500_000]
)
def test_a_long_text_is_read_at_once_and_its_comment_has_a_bound(text: str) -> None:
    started = time.process_time()
    rating = read(text)
    assert time.process_time() - started < 0.2
    assert rating is None or len(rating.comment) <= MOST_COMMENT
