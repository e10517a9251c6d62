"""Texts in parts, codes of buttons, and what is read out of updates."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels import telegram_codes as codes
from bot.channels import telegram_commands as commands
from bot.channels import telegram_text as text
from bot.channels.telegram_codes import Code
from bot.desk.commands import VERBS
from tests.peers.telegram.rules import parse_fault, shown, units

_pieces = st.lists(
    st.one_of(
        st.sampled_from(["word ", "\n", "\n\n", "\U0001f600", "&amp;", "&lt;b&gt; ", "é"]),
        st.builds(
            lambda tag, words: f"<{tag}>{words}</{tag}>", st.sampled_from("bi"), st.just("bold words ")
        ),
    ),
    max_size=60,
)


@given(_pieces, st.integers(20, 80))
def test_j6_every_part_fits_and_has_whole_markup_and_nothing_is_lost(pieces: list[str], most: int) -> None:
    html = "".join(pieces)
    parts = list(text.parts(html, most))
    for part in parts:
        assert parse_fault(part) == ""
        assert units(shown(part)) <= most
    kept = re.sub(r"\s", "", "".join(shown(part) for part in parts))
    wanted = re.sub(r"\s", "", shown(html))
    assert kept == wanted or len(parts) == 20


def test_j6_ten_kilobytes_of_smiles_go_in_parts_of_4096_units() -> None:
    parts = list(text.parts("\U0001f600 smile " * 1100))
    assert len(parts) == 3
    assert all(units(part) <= 4096 for part in parts)


def test_a_cut_prefers_the_end_of_a_paragraph() -> None:
    assert list(text.parts("a" * 15 + "\n\n" + "b c " * 3, 20)) == ["a" * 15, "b c b c b c "]


@given(st.from_regex(r"[a-z][a-z-]{0,15}", fullmatch=True), st.from_regex(r"[A-Za-z0-9_.+-]{0,31}", fullmatch=True),
       st.none() | st.integers(1, 10**15 - 1))  # fmt: skip
def test_a_code_comes_back_as_it_was_and_fits(verb: str, value: str, ticket: int | None) -> None:
    code = Code(verb, value, ticket)
    assert len(code.data.encode()) <= 64
    assert codes.of_button(code.data) == code


@given(st.text(max_size=80))
def test_what_is_no_code_of_ours_means_nothing(data: str) -> None:
    found = codes.of_button(data)
    assert found is None or found.data == data


@pytest.mark.parametrize(
    "data", ["take::0", "take::01", "take::-1", "take:x", "take:x:1:2", "Take::1", None, 7, "take::1\n"]
)
def test_codes_are_read_strictly(data: object) -> None:
    assert codes.of_button(data) is None


def test_a_question_of_ours_says_what_it_asks_for() -> None:
    for code in (Code("note", "", 42), Code("update", "fix", 42), Code("new")):
        assert codes.of_prompt(code.prompt("HD") + "\nBen: answer this") == code
    assert codes.of_prompt("/take HD-42") is None
    assert codes.of_prompt("Hello /note HD-42") is None


def test_a_command_names_a_bot_a_ticket_and_words() -> None:
    assert commands.read("/note@desk_bot HD-7 call them", "HD") == commands.Spoken(
        "note", "desk_bot", 7, "call them"
    )
    assert commands.read("/merge HD-7", "HD") == commands.Spoken("merge", "", None, "HD-7")
    assert commands.read("/etc/hosts is broken", "HD") is None
    assert commands.read("and/or", "HD") is None


def test_every_verb_has_its_words_in_every_language() -> None:
    assert all(set(table) == set(VERBS) for table in commands.AGENTS.values())
    assert len({frozenset(table) for table in commands.REQUESTERS.values()}) == 1
    for menu in commands.menus(frozenset({-1})):
        assert all(re.fullmatch(r"[a-z0-9_]{1,32}", one["command"]) for one in menu["commands"])
        assert all(len(one["description"]) <= 256 for one in menu["commands"])


def test_words_are_read_with_their_links_and_without_the_mention_of_us() -> None:
    said = {
        "text": "\U0001f600 @desk_bot see here",
        "entities": [
            {"type": "mention", "offset": 3, "length": 9},
            {"type": "text_link", "offset": 17, "length": 4, "url": "https://x.example"},
        ],
    }
    assert text.words_of(said, "desk_bot", 4711) == (
        "\U0001f600 @desk_bot see here (https://x.example)",
        True,
    )
    first = {"text": "@desk_bot help", "entities": [{"type": "mention", "offset": 0, "length": 9}]}
    assert text.words_of(first, "desk_bot", 4711) == ("help", True)


@given(st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda n: st.lists(n, max_size=3) |
                    st.dictionaries(st.sampled_from(["text", "entities", "type", "offset", "length", "url", "user"]), n)))  # fmt: skip
def test_no_message_breaks_the_reader(node: object) -> None:
    if isinstance(node, dict):
        words, _ = text.words_of(node, "desk_bot", 4711)
        assert isinstance(words, str)
