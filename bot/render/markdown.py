"""From one Markdown source to the forms that people read: plain text, and HTML for mail.

It works on skeletons (see ``values``), so whatever a person wrote is never parsed here. mistune reads the
Markdown into a tree; the two writers below know a closed list of its nodes and refuse the rest. Another
form, for Slack or Telegram, is one more writer.

Why mistune and not markdown-it-py: it starts sooner and takes less memory (4.8 MB against 6.1 MB), and as
the result is kept for each skeleton, the speed of parsing does not count.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import escape
from typing import Any, Final
from urllib.parse import quote

import mistune

from bot.errors import TemplateError
from bot.render.choices import BUTTON
from bot.render.values import CLOSE, OPEN

Node = dict[str, Any]

_parse: Final = mistune.create_markdown(renderer="ast")
_QUOTED_SLOT: Final = re.compile(f"{quote(OPEN)}([0-9]+){quote(CLOSE)}")
_SAFE: Final = re.compile(rf"(?:https?://|mailto:)[^\s]+|{OPEN}u[0-9]+{CLOSE}")
_COMMAND: Final = re.compile(rf"^#(?=[a-z{OPEN}]|$)")
MAX_DEPTH: Final = 8

STYLE: Final = {
    "p": "margin:0 0 16px 0",
    "h": "margin:24px 0 8px 0;font-size:18px;line-height:1.35;font-weight:600",
    "ul": "margin:0 0 16px 0;padding:0 0 0 24px",
    "li": "margin:0 0 6px 0",
    "quote": "margin:0 0 16px 0;padding:2px 0 2px 14px;border-left:3px solid #c3cad5",
    "hr": "border:0;border-top:1px solid #dde2ea;margin:20px 0",
    "code": "font-family:ui-monospace,Menlo,Consolas,monospace;font-size:0.93em",
    "a": "color:#0b57d0;text-decoration:underline",
    "choice": "display:inline-table;border-collapse:separate;margin:0 8px 10px 0",
    "cell": "border-radius:8px;background-color:#1d5bd6;mso-padding-alt:12px 22px",
    "button": "display:block;box-sizing:border-box;padding:12px 22px;border-radius:8px;background-color:#1d5bd6;"
    "color:#ffffff;font-size:16px;line-height:24px;font-weight:600;text-align:center;text-decoration:none",
}


def parse(skeleton: str) -> list[Node]:
    """The tree of a skeleton."""
    nodes = _parse(skeleton)
    return nodes if isinstance(nodes, list) else []


def small_print(nodes: list[Node]) -> tuple[list[Node], list[Node]]:
    """The text, and what stands below its last line across: how to answer, what else there is to know."""
    for place in range(len(nodes) - 1, 0, -1):
        if nodes[place]["type"] == "thematic_break":
            return nodes[:place], nodes[place + 1 :]
    return nodes, []


def with_commands(nodes: Sequence[Node], mark: str) -> list[Node]:
    """The same words with the commands of agents as a door has them: code that begins with "#" and a verb, or is
    "#" alone, begins with ``mark``."""
    return [_with_commands(node, mark, 0) for node in nodes]


def _with_commands(node: Node, mark: str, depth: int) -> Node:
    if depth > 4 * MAX_DEPTH:
        raise TemplateError(f"the text is nested more than {MAX_DEPTH} levels deep")
    if node["type"] == "codespan":
        return node | {"raw": _COMMAND.sub(lambda _: mark, str(node["raw"])).rstrip()}
    inner = node.get("children")
    return node | {"children": [_with_commands(one, mark, depth + 1) for one in inner]} if inner else node


def to_html(nodes: Sequence[Node]) -> str:
    """HTML with inline styles, as programs for mail need them; values are still slots."""
    return "".join(_html(node, 0) for node in nodes)


def to_text(nodes: Sequence[Node]) -> str:
    """Plain text, a blank line between blocks; values are still slots."""
    return "\n\n".join(block for node in nodes if (block := _text(node, 0)))


def link(url: str) -> str:
    """The address of a link, if it is one that a text may have.

    Raises ``TemplateError`` for anything but http, https and mailto.
    """
    whole = _QUOTED_SLOT.fullmatch(url)
    url = f"{OPEN}u{whole[1]}{CLOSE}" if whole else _QUOTED_SLOT.sub(rf"{OPEN}c\1{CLOSE}", url)
    if not _SAFE.fullmatch(url):
        raise TemplateError(f"a link must begin with https://, http:// or mailto:, not {url[:60]!r}")
    return url


def _inner(node: Node, depth: int, writer: Callable[[Node, int], str], between: str = "") -> str:
    if depth > MAX_DEPTH:
        raise TemplateError(f"the text is nested more than {MAX_DEPTH} levels deep")
    return between.join(writer(child, depth + 1) for child in node.get("children", ()))


def _html(node: Node, depth: int) -> str:
    write = _HTML.get(node["type"])
    if write is None:
        raise TemplateError(f"{node['type']!r} is not available in texts")
    return write(node, lambda: _inner(node, depth, _html))


_Writer = Callable[[Node, Callable[[], str]], str]


def _html_list(node: Node, inner: Callable[[], str]) -> str:
    if not node["attrs"]["ordered"]:
        return f'<ul style="{STYLE["ul"]}">{inner()}</ul>\n'
    return f'<ol start="{int(node["attrs"].get("start", 1))}" style="{STYLE["ul"]}">{inner()}</ol>\n'


def _html_heading(node: Node, inner: Callable[[], str]) -> str:
    level = min(node["attrs"]["level"] + 1, 6)  # h1 is the mail's own title
    return f'<h{level} style="{STYLE["h"]}">{inner()}</h{level}>\n'


def is_buttons(node: Node) -> bool:
    """Whether a paragraph holds nothing but links with the title of a button, in the lines of the source."""
    inner = node.get("children", ())
    links = [one for one in inner if one["type"] == "link" and one["attrs"].get("title") == BUTTON]
    breaks = [one for one in inner if one["type"] in {"softbreak", "linebreak"}]
    return bool(links) and len(links) + len(breaks) == len(inner)


def _html_paragraph(node: Node, inner: Callable[[], str]) -> str:
    if not is_buttons(node):
        return f'<p style="{STYLE["p"]}">{inner()}</p>\n'
    made = "".join(_html_button(one) for one in node["children"] if one["type"] == "link")
    return f'<div style="padding:0 0 6px 0">\n{made}</div>\n'


def _html_button(node: Node) -> str:
    """A table around the link: Outlook gives room and colour to cells only. Side by side where there is room."""
    words = _inner(node, 0, _html)
    return (
        f'<table class="choice" role="presentation" cellpadding="0" cellspacing="0" border="0" style="{STYLE["choice"]}">'
        f'<tr><td class="button" bgcolor="#1d5bd6" align="center" style="{STYLE["cell"]}">'
        f'<a class="button" style="{STYLE["button"]}" href="{escape(link(node["attrs"]["url"]))}">{words}</a>'
        "</td></tr></table>\n"
    )


def _html_quote(_: Node, inner: Callable[[], str]) -> str:
    before, paragraph, last = inner().rpartition(f'<p style="{STYLE["p"]}">')
    if paragraph and last.endswith("</p>\n"):
        paragraph = '<p style="margin:0">'  # the bar beside it ends where the words end
    return f'<blockquote class="quote" style="{STYLE["quote"]}">{before}{paragraph}{last}</blockquote>\n'


_HTML: Final[dict[str, _Writer]] = {
    "text": lambda node, _: escape(node["raw"]),
    "codespan": lambda node, _: f'<code style="{STYLE["code"]}">{escape(node["raw"])}</code>',
    "block_code": lambda node, _: (
        f'<pre style="{STYLE["p"]};{STYLE["code"]};white-space:pre-wrap">{escape(node["raw"])}</pre>\n'
    ),
    "emphasis": lambda _, inner: f"<em>{inner()}</em>",
    "strong": lambda _, inner: f"<strong>{inner()}</strong>",
    "link": lambda node, inner: (
        f'<a class="link" style="{STYLE["a"]}" href="{escape(link(node["attrs"]["url"]))}">{inner()}</a>'
    ),
    "linebreak": lambda *_: "<br>\n",
    "softbreak": lambda *_: "\n",
    "blank_line": lambda *_: "",
    "thematic_break": lambda *_: f'<hr class="line" style="{STYLE["hr"]}">\n',
    "paragraph": _html_paragraph,
    "block_text": lambda _, inner: inner(),
    "heading": _html_heading,
    "list": _html_list,
    "list_item": lambda _, inner: f'<li style="{STYLE["li"]}">{inner()}</li>\n',
    "block_quote": _html_quote,
}


def _text(node: Node, depth: int) -> str:
    write = _TEXT.get(node["type"])
    if write is None:
        raise TemplateError(f"{node['type']!r} is not available in texts")
    return write(node, depth)


def _text_inner(node: Node, depth: int) -> str:
    return _inner(node, depth, _text)


def _text_quote(node: Node, depth: int) -> str:
    return "\n".join(f"> {line}".rstrip() for line in _inner(node, depth, _text, "\n").split("\n"))


def _text_link(node: Node, depth: int) -> str:
    words, url = _text_inner(node, depth), link(node["attrs"]["url"])
    return url if words == url.replace(f"{OPEN}u", OPEN) else f"{words}: {url}"


def _text_paragraph(node: Node, depth: int) -> str:
    if is_buttons(node):
        return "\n".join(_text(one, depth + 1) for one in node["children"] if one["type"] == "link")
    return _text_inner(node, depth)


def _text_list(node: Node, depth: int) -> str:
    first = node["attrs"].get("start", 1)
    lines = []
    for place, item in enumerate(node["children"]):
        mark = f"{first + place}. " if node["attrs"]["ordered"] else "- "
        indent = "\n" + " " * len(mark)
        lines.append(mark + indent.join(_text(item, depth + 1).split("\n")))
    return "\n".join(lines)


_TEXT: Final[dict[str, Callable[[Node, int], str]]] = {
    "text": lambda node, _: str(node["raw"]),
    "codespan": lambda node, _: str(node["raw"]),
    "block_code": lambda node, _: str(node["raw"]).rstrip("\n"),
    "emphasis": _text_inner,
    "strong": _text_inner,
    "link": _text_link,
    "linebreak": lambda *_: "\n",
    "softbreak": lambda *_: " ",
    "blank_line": lambda *_: "",
    "thematic_break": lambda *_: "----",
    "paragraph": _text_paragraph,
    "block_text": _text_inner,
    "heading": _text_inner,
    "list": _text_list,
    "list_item": lambda node, depth: _inner(node, depth, _text, "\n"),
    "block_quote": _text_quote,
}
