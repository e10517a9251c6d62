from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.mail.html_text import html_to_text
from bot.mail.quotes import reply_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("One<br>Two<br/>Three", "One\nTwo\nThree"),
        ("<div>One</div><div>Two</div>", "One\nTwo"),
        ("<ul><li>a</li><li>b</li></ul><ol><li>c<li>d</ol>", "* a\n* b\n\n1. c\n2. d"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("a&nbsp;&amp;&lt;b&gt; &#8364; &euro;", "a\xa0&<b> € €"),
        ("<blockquote>old<br>words</blockquote>new", "> old\n> words\n\nnew"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("<head><title>x</title><style>p{}</style></head><body>b</body>", "b"),
        ("<script>alert('<p>x</p>')</script>b", "b"),
        ("<!-- hidden --><![if x]>b", "b"),
        ("a < b and c <3", "a < b and c <3"),
        ('<a href="http://x.example/?a>b">link</a>', "link <http://x.example/?a%3Eb>"),
        ('<img src="cid:x" alt="a smile">', "a smile"),
        ('<div style="display:none">preheader</div>b', "b"),
        ("  a \n\n b  ", "a b"),
        ("", ""),
    ],
)
def test_html_reads_as_a_person_sees_it(html: str, text: str) -> None:
    assert html_to_text(html) == text


@pytest.mark.parametrize(
    "html", ["<title>never closed <p>words", '<div style="display:none">words', "<!-- words", "<style>words"]
)
def test_what_is_hidden_without_an_end_is_shown_rather_than_lost(html: str) -> None:
    assert "words" in html_to_text(html)


@pytest.mark.parametrize(
    "html",
    [
        '<div>Yes.</div><div class="gmail_quote"><div class="gmail_attr">Kiu skribis je lundo:<br></div>'
        '<blockquote class="gmail_quote">old</blockquote></div>',
        '<div>Yes.</div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>From:</b> Ann</div><div>old</div>',
        '<div>Yes.</div><div class="yahoo_quoted"><div>On Monday, Ann wrote:</div><div>old</div></div>',
        '<p>Yes.</p><div class="moz-cite-prefix">Am 2.11.26 um 9 schrieb Ann:</div><blockquote type="cite">old</blockquote>',
        "<p>Yes.</p><p>On 2 Nov 2026, Ann &lt;ann@x.example&gt; wrote:</p><blockquote>old</blockquote>",
    ],
)
def test_the_marks_of_mail_programs_set_quotes_off(html: str) -> None:
    assert reply_text(html_to_text(html)) == "Yes."


def test_answers_inside_a_gmail_quote_stay() -> None:
    html = (
        '<div class="gmail_quote"><div class="gmail_attr">On Monday Ann wrote:</div><blockquote>which floor?</blockquote>'
        "<div>The second.</div></div>"
    )
    assert reply_text(html_to_text(html)) == "The second."


@pytest.mark.parametrize(
    "piece",
    ["<div>", "</div>", "<a ", "<a '", '<a "', "<!--", "<!", "<", "&amp;", "&", "&#9", "&#99999999999;", "<p>", "<br>",
     "<blockquote>", "<ul><li>", "<table><tr><td>", "<style>", "<title>", "<pre>\n", '<div class="gmail_attr">', "<![CDATA["],
)  # fmt: skip
def test_c15_hostile_html_takes_time_by_its_size_alone(piece: str) -> None:
    start = time.process_time()
    html_to_text(piece * (300_000 // len(piece)))
    assert time.process_time() - start < 1  # measured: under 0.35 s, and 1.1 s for the most that is read


def test_c15_nested_blocks_and_entities_take_bounded_time() -> None:
    start = time.process_time()
    assert "x" in html_to_text("<div>" * 50_000 + "x" + "</div>" * 50_000)
    html_to_text("&amp;" * 500_000)
    assert time.process_time() - start < 3


@given(st.text(max_size=300) | st.text(alphabet="<>/!-\"'&#;adivp=bq ", max_size=200))
def test_any_html_gives_text(html: str) -> None:
    html_to_text(html)


@given(st.lists(st.text(alphabet="abcé中 ", min_size=1, max_size=20), max_size=10))
def test_no_visible_word_is_lost(words: list[str]) -> None:
    html = "".join(f"<div><p>{word}</p></div>" for word in words)
    assert html_to_text(html).split() == " ".join(words).split()


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ('<a href="https://www.x.example/">www.x.example</a>', "www.x.example"),
        (
            '<a href="https://evil.example/login">https://bank.example</a>',
            "https://bank.example <https://evil.example/login>",
        ),
        (
            'See <a href="https://x.example/a?b=1&amp;c=2">the <b>manual</b></a>.',
            "See the manual <https://x.example/a?b=1&c=2>.",
        ),
        ('<a href="mailto:eve@x.example?subject=hi">Eve</a>', "Eve <eve@x.example>"),
        ('<a href="mailto:eve@x.example">&lt;eve@x.example&gt;</a>', "<eve@x.example>"),
        (
            '<a href="javascript:alert(1)">click</a> <a href="#top">up</a> <a>x</a> <a href="https:">y</a>',
            "click up x y",
        ),
        ('<a href="https://x.example/open"><img src="cid:x"></a>b', "b"),
        ('<a href="https://x.example">one<a href="https://y.example">two', "one <https://x.example>two"),
        ("<a href='https://x.example/\n<p>'>z</a>", "z <https://x.example/%3Cp%3E>"),
    ],
)
def test_a_link_says_where_it_leads_unless_its_words_do(html: str, text: str) -> None:
    assert html_to_text(html) == text


def test_a_very_long_link_is_cut() -> None:
    assert len(html_to_text(f'<a href="https://x.example/{"a" * 1_500}">here</a>')) < 320
