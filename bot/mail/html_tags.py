"""HTML tags: how each is laid out, their attributes, and where a link leads."""

from __future__ import annotations

import re
from typing import Final

TARGET_LIMIT: Final = 300
"""Characters of a link's address that are shown; the HTML keeps the rest."""
PARAGRAPHS: Final = frozenset(
    (
        "p",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "ul",
        "ol",
        "dl",
        "table",
        "pre",
        "hr",
        "blockquote",
        "center",
        "form",
        "fieldset",
    )
)
"""An empty line stands before and behind them."""
LINES: Final = frozenset(
    (
        "div",
        "br",
        "tr",
        "li",
        "dt",
        "dd",
        "section",
        "article",
        "header",
        "footer",
        "address",
        "main",
        "nav",
        "aside",
        "figure",
        "caption",
        "thead",
        "tbody",
        "option",
        "body",
        "html",
        "legend",
    )
)
"""They begin a line, and end it."""
SKIPPED: Final = frozenset(
    ("script", "style", "head", "title", "noscript", "template", "svg", "math", "object", "iframe")
)
"""What stands in them is not for people to read."""
VOID: Final = frozenset(
    ("br", "hr", "img", "input", "meta", "link", "area", "base", "col", "embed", "source", "track", "wbr")
)
"""They have no end."""
_SCHEMES: Final = frozenset({"http", "https", "ftp", "mailto"})
_ATTRIBUTE: Final = re.compile(
    r"""\b(class|id|style|href|type|alt|start|hidden)\b(?:\s*=\s*(?:"([^"]{0,2000})"|'([^']{0,2000})'|([^\s"'>]{1,2000})))?""",
    re.IGNORECASE,
)


def first_quote(html: str, start: int, end: int) -> int:
    """Where the first quote of either kind stands between the two positions; -1 when there is none."""
    double, single = html.find('"', start, end), html.find("'", start, end)
    if double < 0 or single < 0:
        return max(double, single)
    return min(double, single)


def read_attributes(inside: str) -> dict[str, str]:
    """The attributes that matter, by lower-case name; bounded."""
    return {
        found[1].lower(): found[2] or found[3] or found[4] or ""
        for found in _ATTRIBUTE.finditer(inside[:4000])
    }


def link_target(href: str, label: str) -> str:
    """The address of a link as it is shown behind the words, or empty when they show it or nothing can be read."""
    href = "".join(href.split()).replace("<", "%3C").replace(">", "%3E")
    scheme, _, rest = href.partition(":")
    label = label.strip()
    if scheme.lower() not in _SCHEMES or not rest.strip("/") or not label:
        return ""
    shown = rest.partition("?")[0] if scheme.lower() == "mailto" else href
    if _bare(shown) == _bare(label):
        return ""
    return shown if len(shown) <= TARGET_LIMIT else f"{shown[:TARGET_LIMIT]}…"


def _bare(text: str) -> str:
    text = text.strip(" \t\n<>[]()\"'.,").casefold()
    for prefix in ("mailto:", "tel:", "https://", "http://", "ftp://", "www."):
        text = text.removeprefix(prefix)
    return text.rstrip("/")
