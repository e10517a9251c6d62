"""One Markdown source as Telegram's HTML."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.chat_words import ChatJob
from bot.channels.telegram_words import write_telegram
from bot.errors import TemplateError
from bot.message import Choice, Kind
from bot.render import Renderer, markdown, telegram
from tests.render.jobs import NOW, message, notice

_KNOWN = re.compile(
    r"</?(?:b|i|code|pre|blockquote)>|<a href=\"[^\"<>]*\">|</a>|&(?:amp|lt|gt|quot|#x27);|[^<>&]"
)


def written(source: str) -> str:
    return telegram.form(markdown.parse(source), ()).filled([], telegram.escaped, telegram.address)


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("a **b** *c* `d`", "a <b>b</b> <i>c</i> <code>d</code>"),
        ("# T\n\na", "<b>T</b>\n\na"),
        ("a  \nb\nc", "a\nb c"),
        ("- a\n- b", "• a\n• b"),
        ("3. a\n4. b", "3. a\n4. b"),
        ("- a\n  - b", "• a\n\u2003• b"),
        ("> a\n>\n> > b", "<blockquote>a\nb</blockquote>"),
        ("[a](https://x.example/?a=1&b=2)", '<a href="https://x.example/?a=1&amp;b=2">a</a>'),
        ("[help@x.example](mailto:help@x.example)", "help@x.example"),
        ("```\na < b\n```", "<pre>a &lt; b</pre>"),
    ],
)
def test_a_source_has_its_form(source: str, shown: str) -> None:
    assert written(source) == shown


def test_answers_are_left_to_the_buttons() -> None:
    assert written('a\n\n[Yes](https://x.example "button")') == "a"


def test_what_telegram_cannot_show_is_refused() -> None:
    with pytest.raises(TemplateError):
        written("<b>x</b>")


@given(st.text(st.sampled_from("<>&\"'@/abtake_*[](). \n"), max_size=60))
def test_j7_no_value_becomes_markup(value: str) -> None:
    shown = telegram.escaped(value)
    assert "".join(_KNOWN.findall(shown)) == shown
    assert not re.search(r"<(?!/?(?:b|i)>)", shown)
    assert not re.search(r"(?<!\w)@[a-z]", shown)


def test_i10_a_value_calls_nobody_and_is_no_command_to_tap() -> None:
    assert telegram.escaped("@ben /close HD-7, a@b.example, /etc/hosts") == (
        "@\u2060ben /\u2060close HD-7, a@b.example, /etc/hosts"
    )


def test_every_notice_has_a_form_with_known_tags_only() -> None:
    said = Renderer().render(notice(), now=NOW, form="telegram")
    assert said.html
    assert "".join(_KNOWN.findall(said.html)) == said.html


def test_choices_become_buttons_with_words_and_short_data() -> None:
    asked = replace(
        message(), kind=Kind.SURVEY, choices=tuple(Choice(f"rate-{n}", "rate", str(n)) for n in range(1, 6))
    )
    said = write_telegram(ChatJob(asked, "Desk", "help@house.example", now=NOW))
    assert [button.data for button in said.buttons] == [f"rate:{n}:{asked.ticket or ''}" for n in range(1, 6)]
    assert said.buttons[0].label.startswith("1 ")
