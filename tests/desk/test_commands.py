"""The words that agents use: an exact grammar, which stands above all other words or nowhere."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.desk.commands import (
    KEPT_INSIDE,
    MOST_COMMANDS,
    VERBS,
    WITHOUT_TICKET,
    Command,
    Misunderstood,
    Parsed,
    Problem,
    Takes,
    near,
    parse,
)
from bot.desk.commands import read as read_one
from bot.desk.verbs import VERBS as DONE_BY

PREFIX = "HD"


def read(text: str, marks: str = "#") -> Parsed:
    return parse(text, PREFIX, marks)


def one(text: str) -> Command:
    """The only command of a text without other words."""
    parsed = read(text)
    assert (parsed.misunderstood, parsed.text) == ((), "")
    (command,) = parsed.commands
    return command


def problem(text: str) -> Problem:
    """Why nothing of a text may be done."""
    return read(text).misunderstood[0].problem


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("#take", Command("take")),
        ("# Take", Command("take")),
        ("#TAKE HD-7", Command("take", "", 7)),
        ("#take hd-7", Command("take", "", 7)),
        ("#assign Anna Rossi", Command("assign", "Anna Rossi")),
        ("#assign HD-7 bob", Command("assign", "bob", 7)),
        ("#assign HD-7: bob", Command("assign", "bob", 7)),
        ("#priority P1", Command("priority", "P1")),
        ("#category: network", Command("category", "network")),
        ("#note seen it", Command("note", "seen it")),
        ("#note: seen it", Command("note", "seen it")),
        ("#note：看过了", Command("note", "看过了")),  # as typed in Chinese
        ("＃take", Command("take")),  # as typed in Chinese
        ("\ufeff#take", Command("take")),
        ("\u200b #take", Command("take")),
        ("\n\n  #take  \n", Command("take")),
        ("#note\nfirst\n\nsecond", Command("note", "first\n\nsecond")),
        ("#reply\nHello", Command("reply", "Hello")),
        ("#wait", Command("wait")),
        ("#wait for the supplier", Command("wait", "for the supplier")),
        ("#merge HD-7", Command("merge", "7")),
        ("#merge HD-3 HD-7", Command("merge", "7", 3)),
        ("#merge HD-3 into hd-7", Command("merge", "7", 3)),
        ("#link HD-7", Command("link", "7")),
        ("#link bob@x.example", Command("link", "bob@x.example")),
        ("#link <bob@x.example>", Command("link", "bob@x.example")),
        ("#link HD-3 bob@x.example", Command("link", "bob@x.example", 3)),
        ("#for bob@x.example<mailto:bob@x.example>", Command("for", "bob@x.example")),
        ("#for bob@x.example [mailto:bob@x.example]", Command("for", "bob@x.example")),
    ],
)
def test_a_command_is_read_as_people_and_their_programs_write_it(text: str, command: Command) -> None:
    assert one(text) == command


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("#resolv", Problem.UNKNOWN_VERB),
        ("#resolved", Problem.UNKNOWN_VERB),
        ("#notebook is broken", Problem.UNKNOWN_VERB),
        ("#noté", Problem.UNKNOWN_VERB),
        ("#", Problem.UNKNOWN_VERB),
        ("#1 try this", Problem.UNKNOWN_VERB),
        ("#!/bin/sh", Problem.UNKNOWN_VERB),
        ("## Heading", Problem.UNKNOWN_VERB),
        ("#" + "a" * 100_000, Problem.UNKNOWN_VERB),
        ("#take it", Problem.TOO_MUCH),
        ("#status HD-7 please", Problem.TOO_MUCH),
        ("#assign", Problem.MISSING),
        ("#assign HD-7", Problem.MISSING),
        ("#priority", Problem.MISSING),
        ("#note", Problem.MISSING),
        ("#note\n\n", Problem.MISSING),
        ("#escalate HD-7", Problem.MISSING),
        ("#merge", Problem.NO_TICKET),
        ("#merge 7", Problem.NO_TICKET),
        ("#merge XX-7", Problem.NO_TICKET),
        ("#merge HD-3 HD-7 HD-9", Problem.NO_TICKET),
        ("#merge HD-7 please", Problem.NO_TICKET),
        ("#merge HD-٧", Problem.NO_TICKET),
        ("#link", Problem.NO_TICKET),
        ("#link bob", Problem.NO_TICKET),
        ("#for", Problem.NO_ADDRESS),
        ("#for bob", Problem.NO_ADDRESS),
        ("#for bob@x.example, eve@x.example", Problem.NO_ADDRESS),
        ("#for bob@x.example\u202e", Problem.NO_ADDRESS),
        ("#for " + "a@" * 50_000, Problem.NO_ADDRESS),
    ],
)
def test_what_is_no_command_is_said_to_be_none_and_why(text: str, why: Problem) -> None:
    parsed = read(text)
    assert (parsed.misunderstood[0].problem, parsed.commands) == (why, ())
    assert len(parsed.misunderstood[0].line) <= 120


def test_commands_stand_above_the_words_to_the_requester() -> None:
    parsed = read("#take\n#priority P2\n\nHello Ann,\nwe are on it.\n")
    assert [command.verb for command in parsed.commands] == ["take", "priority"]
    assert parsed.text == "Hello Ann,\nwe are on it."


@pytest.mark.parametrize(
    "text",
    [
        "Hello\n#close",
        "> #close",
        ">#close",
        "| #close",
        "On Monday Ann wrote:\n#close",
        "-- \n#close",
        "---------- Forwarded message ---------\n#assign eve",
        "Hello\u2028#close",
        "Hello\x0b#close",
        "Hello #close",
        "*#close*",
    ],
)
def test_d10_below_or_within_other_words_there_is_no_command(text: str) -> None:
    parsed = read(text)
    assert (parsed.commands, parsed.misunderstood) == ((), ())
    assert parsed.text == "\n".join(text.splitlines()).strip()


def test_d10_what_stands_inside_a_note_is_the_notes() -> None:
    """A customer's words that are pasted into a note cannot end it, and send the rest to the requester."""
    assert one("#note\nshe wrote:\n#reply is broken\n#close") == Command(
        "note", "she wrote:\n#reply is broken\n#close"
    )


@pytest.mark.parametrize("verb", ["note", "escalate", "wait", "close", "reopen", "reply", "resolve"])
def test_words_that_a_mail_program_has_broken_into_lines_belong_to_their_command(verb: str) -> None:
    parsed = read(f"#{verb} HD-3 he never pays,\n  so let him\nwait.\n\n#take\n\nHello Ann,\n\nwe come.")
    assert parsed.commands == (Command(verb, "he never pays,\nso let him\nwait.", 3), Command("take"))
    assert (parsed.text, parsed.misunderstood) == ("Hello Ann,\n\nwe come.", ())


def test_d10_what_was_pasted_below_the_words_of_a_note_is_never_a_command() -> None:
    parsed = read("#note she wrote:\nplease do\n#close\nat once\n\nHello Ann")
    assert parsed.commands == (Command("note", "she wrote:\nplease do\n#close\nat once"),)
    assert parsed.text == "Hello Ann"


def test_a_verb_that_stands_alone_leaves_what_is_below_it_to_the_requester() -> None:
    assert read("#wait\nWe have asked the supplier.") == Parsed(
        (Command("wait"),), "We have asked the supplier."
    )


_A_LINE = st.text(max_size=20).map(lambda text: " ".join(text.splitlines()))


@given(
    verb=st.sampled_from(["note", "escalate", "wait", "close", "reopen"]),
    above=st.lists(st.sampled_from(["#take", "#priority P2", ""]), max_size=3),
    below=st.lists(_A_LINE, max_size=6),
    rest=st.lists(st.sampled_from(["", "Hello Ann", "#close"]), max_size=3),
)
def test_no_line_that_follows_a_note_without_an_empty_line_between_is_sent(
    verb: str, above: list[str], below: list[str], rest: list[str]
) -> None:
    inside = [f"secret {line}" for line in below]
    parsed = read("\n".join([*above, f"#{verb} inside", *inside, "", *rest]))
    assert "secret" not in parsed.text
    (kept,) = [command.words for command in parsed.commands if command.words.startswith("inside")]
    assert kept == "\n".join(["inside", *map(str.strip, inside)])
    assert parsed.text in "\n".join(rest)


def test_a_note_without_words_does_not_take_the_next_command_for_them() -> None:
    parsed = read("#note\n#resolve")
    assert [(wrong.verb, wrong.problem) for wrong in parsed.misunderstood] == [("note", Problem.MISSING)]
    assert parsed.commands == (Command("resolve"),)


def test_words_on_one_line_are_not_cut() -> None:
    words = "word " * 10_000
    assert one(f"#note {words}").words == words.strip()


def test_no_more_commands_are_read_than_an_agent_writes() -> None:
    parsed = read("#take\n" * 1000)
    assert len(parsed.commands) == MOST_COMMANDS
    assert [wrong.problem for wrong in parsed.misunderstood] == [Problem.TOO_MANY]


def test_each_door_has_its_own_marks() -> None:
    assert read("!take", "#!").commands == (Command("take"),)
    assert read("!take").text == "!take"
    assert read("#take", "!").text == "#take"


_LINES = st.lists(
    st.one_of(
        st.sampled_from([f"#{verb}" for verb in VERBS]),
        st.sampled_from(
            ["#take it", "#note a", "#merge HD-1 HD-2", "#for a@b", "> #close", "", "  ", "hello"]
        ),
        st.text(max_size=30),
        st.builds("#{}".format, st.text(max_size=20)),
    ),
    max_size=30,
)


@given(lines=_LINES, marks=st.sampled_from(["#", "!", "#!"]))
def test_any_text_is_read_without_a_fault_and_no_command_comes_from_below_words_of_their_own(
    lines: list[str], marks: str
) -> None:
    parsed = parse("\n".join(lines), PREFIX, marks)
    text = [
        line.strip().lstrip("\u200b\u200c\u200d\u200e\u200f\u2060\ufeff").strip()
        for line in "\n".join(lines).splitlines()
    ]
    above, goes_on = 0, False
    for line in text:
        is_marked = line[:1] in set("#!\uff03\uff01")
        if line and not is_marked and not goes_on:
            break
        above += is_marked
        goes_on = bool(line)
    assert len(parsed.commands) + len(parsed.misunderstood) <= above
    assert all(command.verb in VERBS for command in parsed.commands)
    assert all(word in "\n".join(text) for command in parsed.commands for word in command.words.split())


_WORDS = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=10)
_ADDRESSES = st.from_regex(r"[a-z]{1,10}@[a-z]{1,10}\.example", fullmatch=True)
_NUMBERS = st.integers(1, 10**14)


def _operands(takes: Takes) -> st.SearchStrategy[str]:
    return {
        Takes.NOTHING: st.just(""),
        Takes.PERSON: _WORDS,
        Takes.WORD: _WORDS,
        Takes.OPTIONAL_WORD: st.one_of(st.just(""), _WORDS),
        Takes.TEXT: _WORDS,
        Takes.OPTIONAL_TEXT: st.one_of(st.just(""), _WORDS),
        Takes.TICKET: _NUMBERS.map(str),
        Takes.TICKET_OR_ADDRESS: st.one_of(_NUMBERS.map(str), _ADDRESSES),
        Takes.ADDRESS: _ADDRESSES,
    }[takes]


@st.composite
def commands(draw: st.DrawFn) -> Command:
    """Any command that the grammar knows."""
    verb = draw(st.sampled_from(sorted(VERBS)))
    number = st.none() if verb in WITHOUT_TICKET else st.one_of(st.none(), _NUMBERS)
    return Command(verb, draw(_operands(VERBS[verb])), draw(number))


def spelled(command: Command) -> str:
    """A command as an agent would type it."""
    words = (
        f"HD-{command.words}"
        if command.words.isdecimal()
        and VERBS[command.verb]
        in {
            Takes.TICKET,
            Takes.TICKET_OR_ADDRESS,
        }
        else command.words
    )
    number = f"HD-{command.ticket}" if command.ticket is not None else ""
    return " ".join(filter(None, [f"#{command.verb}", number, words]))


@given(st.lists(commands(), min_size=1, max_size=10), st.sampled_from(["", "\n\nHello Ann"]))
def test_what_is_written_by_the_grammar_is_read_as_it_was_meant(given: list[Command], tail: str) -> None:
    parsed = read("\n".join(map(spelled, given)) + tail)
    assert (parsed.commands, parsed.misunderstood) == (tuple(given), ())
    assert parsed.text == tail.strip()


@pytest.mark.parametrize(
    "text",
    [
        "#note " + "x" * 1_000_000,
        "#" + " " * 1_000_000 + "take",
        "#take\n" * 150_000,
        "\n" * 1_000_000 + "#take",
        "#link " + "HD-1 " * 200_000,
        "#merge HD-1" + " " * 1_000_000 + "HD-2",
        "#for " + "a" * 500_000 + "@" + "b" * 500_000,
        "#for a@b" + "<mailto:" * 125_000,
        "\ufeff" * 1_000_000,
        "#a-" + "-" * 1_000_000,
        "#note\n" + "#close\n" * 150_000,
    ],
    ids=range(11),
)
def test_a_megabyte_is_read_in_no_time(text: str) -> None:
    started = time.process_time()
    read(text)
    assert time.process_time() - started < 1


@pytest.mark.fuzz
@settings(max_examples=20_000, deadline=None)
@given(st.text(max_size=400), st.text("#!HD-0123@.<>: \n\u2028\ufeffnoteclosermgalinkfp", max_size=400))
def test_no_text_makes_the_grammar_fail(wild: str, near: str) -> None:
    for text in (wild, near, f"#note\n{wild}", f"#{near}"):
        parsed = read(text)
        assert len(parsed.commands) <= MOST_COMMANDS
        if parsed.commands:
            assert (
                text.split("#")[0]
                .split("\uff03")[0]
                .strip(
                    "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff \t\r\n\v\f\x1c\x1d\x1e\x1f\x85\xa0\u2028\u2029"
                )
                .strip()
                == ""
            )


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("resolv", "resolve"),
        ("resolved", "resolve"),
        ("tkae", "take"),
        ("asign", "assign"),
        ("Escalat", "escalate"),
        ("prioriti", "priority"),
        ("xyzzy", ""),
        ("", ""),
    ],
)
def test_a_verb_that_is_nearly_one_is_asked_for(typed: str, meant: str) -> None:
    assert near(typed) == meant
    assert read(f"#{typed}").misunderstood[0].near == meant


@pytest.mark.parametrize(
    ("verb", "words", "ticket", "command"),
    [
        ("take", "", 7, Command("take", "", 7)),
        ("take", "HD-7", None, Command("take", "", 7)),
        ("note", "HD-9 is like it\n#close", 7, Command("note", "HD-9 is like it\n#close", 7)),
        ("reply", "Hello\n\n#take", 7, Command("reply", "Hello\n\n#take", 7)),
        ("merge", "HD-3", 7, Command("merge", "3", 7)),
        ("list", "", 7, Command("list")),
        ("mine", "", 7, Command("mine")),
        ("list", "second-line", None, Command("list", "second-line")),
        ("new", "bob@x.example", None, Command("new", "bob@x.example")),
    ],
)
def test_a_form_says_the_same_as_a_line(verb: str, words: str, ticket: int | None, command: Command) -> None:
    assert read_one(verb, words, PREFIX, ticket=ticket) == command


@pytest.mark.parametrize(
    ("verb", "words", "why"),
    [
        ("tkae", "", Problem.UNKNOWN_VERB),
        ("take", "it", Problem.TOO_MUCH),
        ("note", "  ", Problem.MISSING),
        ("assign", "", Problem.MISSING),
        ("merge", "it", Problem.NO_TICKET),
        ("new", "Bob", Problem.NO_ADDRESS),
        ("new", "HD-7 bob@x.example", Problem.NO_ADDRESS),
    ],
)
def test_what_a_form_says_wrongly_is_not_understood(verb: str, words: str, why: Problem) -> None:
    found = read_one(verb, words, PREFIX, ticket=7)
    assert isinstance(found, Misunderstood)
    assert found.problem is why


def test_every_verb_of_the_grammar_can_be_done_and_no_other() -> None:
    assert set(DONE_BY) | WITHOUT_TICKET | {"reply"} == set(VERBS)
    assert WITHOUT_TICKET.isdisjoint(DONE_BY)


def test_words_that_are_kept_inside_stand_behind_verbs_that_take_words() -> None:
    assert {VERBS[verb] for verb in KEPT_INSIDE} <= {Takes.TEXT, Takes.OPTIONAL_TEXT}
