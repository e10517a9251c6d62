"""One Markdown source as plain text and as HTML."""

from __future__ import annotations

import re

import pytest

from bot.errors import TemplateError
from bot.render import Renderer, markdown
from bot.render.environment import Sandbox
from bot.render.library import BUILT_IN
from bot.render.values import Form, number
from tests.render.jobs import NOW, notice

HTML = Renderer().render(notice(), now=NOW).html or ""


def plain(source: str) -> str:
    return markdown.to_text(markdown.parse(source))


def html(source: str) -> str:
    return re.sub(r' style="[^"]*"', "", markdown.to_html(markdown.parse(source)))


@pytest.mark.parametrize(
    ("source", "text", "page"),
    [
        ("a **b** *c* `d`", "a b c d", "<p>a <strong>b</strong> <em>c</em> <code>d</code></p>\n"),
        ("# T\n\na", "T\n\na", "<h2>T</h2>\n<p>a</p>\n"),
        ("a  \nb", "a\nb", "<p>a<br>\nb</p>\n"),
        ("a\nb", "a b", "<p>a\nb</p>\n"),
        ("- a\n- b", "- a\n- b", "<ul><li>a</li>\n<li>b</li>\n</ul>\n"),
        ("3. a\n4. b", "3. a\n4. b", '<ol start="3"><li>a</li>\n<li>b</li>\n</ol>\n'),
        ("- a\n  - b", "- a\n  - b", "<ul><li>a<ul><li>b</li>\n</ul>\n</li>\n</ul>\n"),
        ("> a\n> b\n>\n> c", "> a b\n>\n> c", '<blockquote class="quote"><p>a\nb</p>\n<p>c</p>\n</blockquote>\n'),
        ("a\n\n---\n\nb", "a\n\n----\n\nb", '<p>a</p>\n<hr class="line">\n<p>b</p>\n'),
        ("[a](https://x.example/?a=1&b=2)", "a: https://x.example/?a=1&b=2",
         '<p><a class="link" href="https://x.example/?a=1&amp;b=2">a</a></p>\n'),
        ("<https://x.example>", "https://x.example", '<p><a class="link" href="https://x.example">https://x.example</a></p>\n'),
        ("```\na < b\n```", "a < b", "<pre>a &lt; b\n</pre>\n"),
        ('a & b < c "d"', 'a & b < c "d"', "<p>a &amp; b &lt; c &quot;d&quot;</p>\n"),
    ],
)  # fmt: skip
def test_a_source_has_its_text_and_its_page(source: str, text: str, page: str) -> None:
    assert plain(source) == text
    assert html(source) == page


@pytest.mark.parametrize("source", ["<b>x</b>", "<div>\nx\n</div>", "![a](https://x.example/i.png)", "[a](javascript:b)",
                                    "[a](file:///etc/passwd)", "[a](/relative)", "[a](data:text/html,x)"])  # fmt: skip
def test_h5_a_source_has_no_html_no_images_and_no_other_links(source: str) -> None:
    with pytest.raises(TemplateError):
        plain(source) + html(source)


def test_a_part_of_a_link_is_quoted() -> None:
    sandbox = Sandbox(markdown=True)
    output = sandbox.write(sandbox.make("[a](https://x.example/?q={{ q }}#{{ q }})"), {"q": 'a b&c=/é"<'})
    skeleton, values = number(output)
    page = Form.of(html(skeleton)).html(values)
    assert 'href="https://x.example/?q=a%20b%26c%3D%2F%C3%A9%22%3C#a%20b%26c%3D%2F%C3%A9%22%3C"' in page


def test_a_tag_alone_on_its_line_leaves_no_line_and_one_in_a_sentence_swallows_none() -> None:
    sandbox = Sandbox(markdown=True)
    source = "{% if x %}\na{% if x %} b{% endif %}\n\n{# remark #}\nc\n{% endif %}\nd"
    assert sandbox.write(sandbox.make(source), {"x": True}) == "a b\n\nc\nd"


def test_the_page_names_its_language_and_both_schemes_of_colour() -> None:
    assert '<html lang="en">' in HTML
    assert '<meta name="color-scheme" content="light dark">' in HTML
    assert "@media (prefers-color-scheme: dark)" in HTML


def test_f14_the_page_asks_for_nothing_from_anywhere() -> None:
    assert not re.search(r"<(?:img|script|link|iframe|object|embed|form)\b|url\(|@import|src=", HTML)


def test_the_preview_line_of_a_mailbox_shows_the_beginning_of_the_text() -> None:
    hidden = re.search(r'<div style="display:none[^>]*>([^<]*)<', HTML)
    assert hidden is not None
    assert hidden[1].startswith("Hello Anna Rossi, Thank you for writing to us. Your request “My printer")


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(
    ("ink", "paper"),
    [("#1f2933", "#ffffff"), ("#5b6675", "#ffffff"), ("#0b57d0", "#ffffff"), ("#e6e9ee", "#1e2229"), ("#a9b1bd", "#1e2229"), ("#9cc2ff", "#1e2229")],
)  # fmt: skip
def test_words_stand_out_as_wcag_aa_asks(ink: str, paper: str) -> None:
    source = (BUILT_IN / "mail.html.j2").read_text(encoding="utf-8") + str(markdown.STYLE)
    assert ink in source
    assert paper in source
    light, dark = sorted((luminance(ink), luminance(paper)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_an_alert_has_no_number_and_no_empty_place_for_one() -> None:
    alert = notice(event="alert", what="The relay is away", advice="Run deskbot check", reference="")
    page = Renderer().render(alert, now=NOW).html or ""
    assert re.search(r'<div class="head"[^>]*>Help desk</div>', page)
    assert "HD-" not in page


def test_the_plain_form_has_no_page() -> None:
    assert Renderer().render(notice(), now=NOW, form="plain").html is None
