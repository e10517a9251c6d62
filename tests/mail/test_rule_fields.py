"""The few header fields that rules may look at: chosen, bounded, clean."""

from __future__ import annotations

from bot.mail.parse import RULE_FIELD_LIMIT, RULE_VALUE_LIMIT
from tests.mail.letters import letter, read


def fields(*lines: str) -> dict[str, str]:
    return dict(read(letter(*lines)).headers)


def test_what_says_something_to_rules_is_kept_by_its_name_in_lower_case() -> None:
    kept = fields(
        "Importance: High",
        "X-Monitor: disk full",
        "List-Id: <all.example.com>",
        "Received: from a",
        "User-Agent: b",
    )
    assert kept == {"importance": "High", "x-monitor": "disk full", "list-id": "<all.example.com>"}


def test_of_several_fields_with_one_name_the_topmost_counts() -> None:
    assert fields("X-Priority: 3", "X-Priority: 1") == {"x-priority": "3"}


def test_a_value_is_one_clean_line_and_short() -> None:
    kept = fields("X-A: =?utf-8?q?caf=C3=A9=00=0D=0A_x?=", "X-B: a", " folded", f"X-C: {'c' * 900}")
    assert kept["x-a"] == "café  x"
    assert kept["x-b"] == "a folded"
    assert kept["x-c"] == "c" * RULE_VALUE_LIMIT


def test_many_fields_do_not_crowd_out_those_that_have_a_meaning() -> None:
    kept = fields(*(f"X-Noise-{n}: {n}" for n in range(100)), "Importance: high", "Sensitivity: private")
    assert len(kept) == RULE_FIELD_LIMIT
    assert list(kept)[:2] == ["importance", "sensitivity"]


def test_what_servers_write_for_each_other_and_what_calls_itself_ours_is_left_out() -> None:
    assert (
        fields("X-MS-Exchange-Foo: 1", "X-Google-Smtp: 2", "X-Deskbot-Loop: 3", "X-Deskbot-Priority: P1")
        == {}
    )
