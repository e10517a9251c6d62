"""Nobody's words make the reading of a request slow or fail, whatever the administrator's patterns (C14)."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.config.patterns import LARGEST, Pattern
from bot.desk import rules, wording
from tests.desk.test_rules import desk_with, read
from tests.desks import MONDAY, a_config, a_desk, a_message

HOSTILE = {
    "letters": "a" * 65_536,
    "words": "a " * 40_000,
    "lines": "\n" * 70_000,
    "chinese": "工资" * 30_000,
    "accents": "a" + "\u0301\u0327" * 40_000,
    "emoji": "\U0001f525" * 65_536,
    "no-characters": "\ud800" * 65_536,
    "two-letters": "ab" * 40_000,
    "wide": "\uff41" * 65_536,
    "sharp": "ß" * 65_536,
}


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("(", "unclosed group"),
        (r"(?=x)y", "look-around"),
        (r"(a)\1", "backreferences"),
        ("(a{1,100}){1,100}", "repetitions stand for"),
        ("((((a{9}){9}){9}){9}){9}", "repetitions stand for"),
        ("a" * 501, "at most 500"),
    ],
)
def test_c14_a_pattern_that_could_take_for_ever_is_refused_with_the_configuration(
    pattern: str, told: str
) -> None:
    with pytest.raises(ValidationError, match=told):
        a_config(rules=[{"name": "x", "pattern": pattern, "category": "data"}])
    with pytest.raises(ValidationError, match=told):
        a_config(questions={"x": {"en": "x", "known_by": pattern}})


@pytest.mark.parametrize(
    ("pattern", "size"),
    [
        ("abc", 3),
        ("a|b", 2),
        (r"\w{4}", 12),
        ("(ab){3}", 6),
        ("a{2}{3}", 6),
        ("(a(b{5})){2}", 12),
        ("[a-z]{2,5}", 15),
        (r"\p{Han}{8}", 24),
        ("a{5,}", 5),
    ],
)
def test_the_size_of_a_pattern_counts_repetitions_written_out(pattern: str, size: int) -> None:
    assert Pattern.of(pattern).size == size


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_c14_a_hostile_text_is_read_by_a_large_table_in_a_moment(text: str) -> None:
    worst = [
        r"(a+)+$",
        r"(a|a)*b",
        r"(.*)*x",
        r"(\w+\s?)*!",
        r"(a|b)*a(a|b){150}c",
        r"(?:\w{1,5}){1,20}!",
        "(?i)(?:[ab]{1,9}){1,9}!",
    ]
    table: list[dict[str, Any]] = [{"pattern": pattern} for pattern in worst]
    table += [{"words": [f"salary{i}", f"pay slip {i}", f"工资{i}", "a a b", "aaaab"]} for i in range(20)]
    desk = desk_with(*table)
    message = a_message(text, subject=text[:1000])
    took = []
    for _ in range(3):
        started = time.process_time()
        rules.decide(message, "ann@localhost", desk, MONDAY)
        took.append(time.process_time() - started)
    assert min(took) < 0.2


def test_c14_no_pattern_that_is_allowed_takes_more_than_its_share_of_a_long_text() -> None:
    largest = f"(a|b)*a(a|b){{{LARGEST // 2 - 8}}}c"
    text = "abbaababba" * 6_600
    desk = desk_with({"pattern": largest})
    started = time.process_time()
    read(desk, text)
    assert time.process_time() - started < 0.2


def test_a_desk_without_rules_reads_a_request_in_no_time() -> None:
    desk, message = a_desk(), a_message("a" * 60_000)
    started = time.process_time()
    for _ in range(1000):
        rules.decide(message, "ann@localhost", desk, MONDAY)
    assert time.process_time() - started < 0.1  # measured: 4 µs each


@given(st.text(max_size=300), st.text(max_size=300))
def test_no_words_of_a_person_make_the_reading_fail(subject: str, text: str) -> None:
    desk = desk_with(
        {"words": ["a", "工", "a b"], "pattern": r"\w"}, {"pattern": "(?i)x+", "header": {"x-a": "b"}}
    )
    decision = rules.decide(a_message(text, subject=subject, headers=(("x-a", text),)), "", desk, MONDAY)
    assert decision.priority == "P3"


@given(st.text(alphabet="ab \n.工资", max_size=60), st.text(alphabet="ab工资", min_size=1, max_size=4))
def test_a_word_is_found_exactly_where_it_is_written(text: str, word: str) -> None:
    said, wanted = wording.Said(text), wording.Wanted.of(word)
    assert wanted.stands_in(wording.Said(f"{text} {word} {text}"))
    assert not wanted.stands_in(said) or word in wording.fold(text)
