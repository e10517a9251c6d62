"""What people wrote is words, in every form, and never markup (H5, G2)."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config import LOCALES
from bot.message import Notice
from bot.render import Rendered, Renderer, markdown
from bot.render.check import offered, sample
from bot.render.environment import Sandbox
from bot.render.samples import SAMPLES
from bot.render.samples.about import HOSTILE
from bot.render.values import CUT, Form, clean, clean_lines, number
from tests.render.jobs import NOW, notice

RENDERER = Renderer()
PAYLOADS = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[click](http://x.example)", "![x](http://x.example)",
    "http://x.example <http://x.example>", "# heading", "**bold** _em_ `code`", "- list\n- list", "> quote", "---",
    "@here @channel <!here> <@U123>", "\n\n# new paragraph", "&lt;b&gt; &amp;", "\" onmouseover=\"x", "' x='", "\\",
    "]: http://x.example", "| a | b |", "~~~", "<!-- -->", "javascript:alert(1)", "\ue0000\ue001", "\ue000", "\u202ex",
)  # fmt: skip


class Tags(HTMLParser):
    """The structure of a page: its tags and their attributes, without words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, Any]] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, attrs))

    def handle_endtag(self, tag: str) -> None:
        self.found.append((tag, None))

    def handle_comment(self, data: str) -> None:
        self.found.append(("comment", data))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def structure(text: str) -> list[tuple[str, Any]]:
    said = RENDERER.render(
        notice(subject=text, desk_name=text, outage=text, questions=[text], articles=[{"title": text, "url": "https://a.example"}]),
        now=NOW,
    )  # fmt: skip
    return Tags(said.html or "").found


PLAIN = structure("plain words")


@pytest.mark.parametrize("payload", PAYLOADS)
def test_h5_a_value_is_never_markup_in_html(payload: str) -> None:
    assert structure(payload) == PLAIN


@given(st.text(min_size=1, max_size=200).filter(lambda text: clean(text).strip()))
def test_h5_no_value_changes_the_structure_of_the_page(text: str) -> None:
    assert structure(text) == PLAIN


@pytest.mark.parametrize("payload", PAYLOADS)
def test_h5_a_value_is_read_as_it_was_written(payload: str) -> None:
    said = RENDERER.render(notice(subject=payload), now=NOW)
    assert f"“{clean(payload)}”" in said.text
    words = "".join(Tags(said.html or "").words)
    assert f"“{clean(payload)}”" in words


@given(st.text(max_size=300))
def test_a_clean_value_is_one_line_without_controls(text: str) -> None:
    said = clean(text)
    assert len(said.splitlines()) <= 1
    assert all(c.isprintable() or c.isspace() for c in said if c.isascii())
    assert clean(said) == said


def test_text_in_scripts_of_the_world_stays_as_it_is() -> None:
    for text in ("打印机着火了", "stampante è guasta", "принтер", "プリンター", "🖨️ burns", "مرحبا"):
        assert clean(text) == text


@pytest.mark.parametrize(
    ("url", "href"),
    [
        ("https://desk.example/kb/7?a=1&b=2", "https://desk.example/kb/7?a=1&b=2"),
        ("mailto:help@example.com", "mailto:help@example.com"),
        ("javascript:alert(1)", "#"),
        ("JAVASCRIPT:alert(1)", "#"),
        ("data:text/html,x", "#"),
        ("https://x.example/\"onclick=\"x", "#"),
        ("//x.example", "#"),
        ("/kb/7", "#"),
    ],
)  # fmt: skip
def test_h5_a_link_leads_to_the_web_or_nowhere(url: str, href: str) -> None:
    said = RENDERER.render(notice(articles=[{"title": "x", "url": url}]), now=NOW)
    (link,) = [dict(attrs) for tag, attrs in Tags(said.html or "").found if tag == "a" and attrs]
    assert link["href"] == href


@pytest.mark.parametrize("name", ["Anna Rossi", "J. R. O’Neil-Smith", "王小明", "María José"])
def test_a_name_is_used_in_the_greeting(name: str) -> None:
    assert name in RENDERER.render(notice(requester_name=name), now=NOW).text


@pytest.mark.parametrize(
    "name", ["", " ", "anna@example.com", "Buy at evil.example", "http://evil", "Win $1000!", "x" * 61, "<b>", None, "a\nb"]
)  # fmt: skip
def test_a_name_that_is_none_is_left_out_of_the_greeting(name: str | None) -> None:
    assert RENDERER.render(notice(requester_name=name), now=NOW).text.startswith("Hello,\n")


# Texts of several lines


def said(text: str, event: str = "reply", **values: Any) -> Rendered:
    told = Notice(event, "en", "UTC", {**sample(event), "text": text, **values})
    return RENDERER.render(told, now=NOW)


def test_the_lines_of_a_person_stay_lines_in_both_forms() -> None:
    reply = said("one\n\n  two\nthree")
    assert reply.text.startswith("one\n\n  two\nthree\n\nAda Lovelace\nHelp desk\n")
    assert "one<br>\n<br>\n&nbsp;&nbsp;two<br>\nthree</p>" in (reply.html or "")


def test_a_text_inside_a_quote_is_marked_on_every_line() -> None:
    told = said("one\n\n> two\nthree", "new_ticket")
    assert "\n\n> one\n>\n> > two\n> three\n\n" in told.text


@pytest.mark.parametrize("source", ["- {{ x | lines }}", "- a\n  - b {{ x | lines }}", "12. {{ x | lines }}", "> - {{ x | lines }}"])  # fmt: skip
def test_further_lines_stand_below_the_first(source: str) -> None:
    sandbox = Sandbox(markdown=True)
    skeleton, values = number(sandbox.write(sandbox.make(source), {"x": "one\ntwo"}))
    text = Form.of(markdown.to_text(markdown.parse(skeleton))).text(values)
    first, second = text.split("\n")[-2:]
    indent = first.index("one") - (2 if "b " in first else 0)
    assert second == first[:1].replace("-", " ").replace("1", " ") + " " * (indent - 1) + "two"


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("event", ["reply", "new_ticket"])
def test_h5_a_text_of_several_lines_is_never_markup(payload: str, event: str) -> None:
    def tags(text: str) -> list[tuple[str, Any]]:
        found = Tags(said(text, event).html or "").found
        return [one for one in found if one[0] != "br"]

    assert tags(f"{payload}\n{payload}\n\n{payload}") == tags("plain\nwords")


@given(st.text(max_size=300))
def test_a_clean_text_keeps_its_lines_and_no_controls(text: str) -> None:
    clear = clean_lines(text)
    assert clean_lines(clear) == clear
    assert all(c == "\n" or c.isprintable() or not c.isascii() for c in clear)
    assert "\n\n\n\n" not in clear
    assert clear == clear.strip("\n").rstrip()
    lines = [clean(line).strip() for line in text.splitlines()]
    assert "".join("".join(lines).split()) == "".join(clear.split())


@given(st.text(alphabet="ab \n", max_size=400), st.integers(1, 100))
def test_a_text_that_is_too_long_ends_where_a_word_ends(text: str, most: int) -> None:
    clear = clean_lines(text, most)
    assert len(clear) <= most + len(CUT)
    whole = clean_lines(text)
    if len(text) <= most and len(whole) <= most:
        assert clear == whole
    else:
        assert clear.endswith(CUT)


def test_what_an_agent_writes_and_what_a_person_asks_is_whole() -> None:
    text = "\n".join(f"Line {number} of a long story, with words." for number in range(2500))
    assert len(text) > 96_000
    assert text in said(text).text
    assert text in said(text, "new_ticket").text.replace("\n> ", "\n")


def calm(value: Any) -> Any:
    """The same values, with plain words in place of hostile ones."""
    if isinstance(value, dict):
        return {key: calm(one) for key, one in value.items()}
    if isinstance(value, list):
        return [calm(one) for one in value]
    return "plain" if isinstance(value, str) and HOSTILE in value else value


@pytest.mark.parametrize(
    ("event", "name"),
    [
        (event, name)
        for event, all_of_it in SAMPLES.items()
        for name, _ in all_of_it
        if name.startswith("hostile")
    ],
)
@pytest.mark.parametrize("locale", LOCALES)
def test_h5_hostile_words_leave_every_page_as_it_is(event: str, name: str, locale: str) -> None:
    def tags(values: dict[str, Any]) -> list[tuple[str, Any]]:
        told = Notice(event, locale, "UTC", values)
        page = RENDERER.render(told, now=NOW, choices=offered(told)).html
        return [one for one in Tags(page or "").found if one[0] != "br"]

    values = sample(event, name)
    assert calm(values) != values
    assert tags(values) == tags(calm(values))


def test_every_event_with_words_of_people_has_a_hostile_sample() -> None:
    own_words = {"alert", "bounced", "closed", "link_failed"}
    assert {
        event for event, found in SAMPLES.items() if not any(n.startswith("hostile") for n, _ in found)
    } <= own_words


def test_no_text_is_too_long_to_be_said() -> None:
    for text in ("\t" * 1_000_000, "word " * 200_000, "\n" * 1_000_000, "好" * 1_000_000, "<&>\n" * 250_000):
        told = said(text, "requester_wrote", standing="reference", who=text, address=text, files=[text] * 100,
                    oddities=[text] * 100, left_out=[text] * 100, proposed=[text] * 100)  # fmt: skip
        assert told.warnings == ()
        assert len(told.text) < 400_000
        story = [{"who": text, "at": NOW.isoformat(), "kind": "note", "text": text}] * 50
        assert said(text, "escalated", reason=text, level=2, by="Ada", story=story).warnings == ()


def test_a_title_and_the_preview_are_one_line() -> None:
    page = said("one\ntwo", "new_ticket").html or ""
    hidden = re.search(r'<div style="display:none[^>]*>([^<]*)<', page)
    assert hidden is not None
    assert "Anna Rossi (anna@example.com) asks for help. Answer" in hidden[1]
