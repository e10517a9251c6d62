"""What people wrote is words, in every form, and never markup (H5, G2)."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.render import Renderer
from bot.render.values import clean
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
