"""From one Markdown source to Slack's own blocks.

A text is written as ``rich_text``: Slack shows what is in its text elements as it stands, so nothing that a
person wrote can become a mention, a link, bold or code (I10), and a command that an agent quotes can be copied
without invisible marks in it. Only the small print below a text is ``mrkdwn``, where values are escaped.

A page is made once for each skeleton (see ``values``) and then filled in, as for mail.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.errors import TemplateError
from bot.render.markdown import MAX_DEPTH, Node, is_buttons, link
from bot.render.slack_room import LONGEST, ROOM, Block, chunks, fit, length
from bot.render.values import Form

BUTTONS: Final[Block] = {"type": "actions", "elements": []}
"""Where the answers that a text offers stand in it."""

_ACTIVE: Final = re.compile(r"<(?=[!@#/a-z])", re.IGNORECASE)
_MARKERS: Final = re.compile(r"(?<![^\W_])[*_~`]|[*_~`](?![^\W_])")
_INERT: Final = {"*": "\u2217", "_": "\u02cd", "~": "\u223c", "`": "\u02cb"}


def entities(text: str) -> str:
    """The three characters that Slack reads as its own, escaped."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def escaped(value: str) -> str:
    """A value for ``mrkdwn``: no mention, no link, and no marker that would make it bold, slanted or code."""
    return entities(_MARKERS.sub(lambda match: _INERT[match[0]], value))


def literal(text: str) -> str:
    """A value for a text element. Slack reads no markup there; other programs that show it might."""
    return _ACTIVE.sub("<\u200b", text)


@dataclass(frozen=True, slots=True)
class Run:
    """Words in one style; with an address they are a link."""

    words: Form
    style: tuple[str, ...] = ()
    url: Form | None = None

    def fill(self, values: list[str]) -> Iterator[Block]:
        """The elements. There is no empty one: Slack refuses those."""
        style = {"style": dict.fromkeys(self.style, True)} if self.style else {}
        words = literal(self.words.text(values))
        if self.url is not None:
            url = self.url.text(values)
            if url != "#":
                yield {"type": "link", "url": url, "text": words[:LONGEST] or url, **style}
                return
        for part in chunks(words):
            yield {"type": "text", "text": part, **style}


@dataclass(frozen=True, slots=True)
class Part:
    """A paragraph, a quote, code, or the items of a list on one level."""

    kind: str
    items: tuple[tuple[Run, ...], ...]
    facts: tuple[tuple[str, Any], ...] = ()

    def fill(self, values: list[str]) -> Block | None:
        """The element; None: nothing is in it."""
        filled = [[element for run in item for element in run.fill(values)] for item in self.items]
        if self.kind != "rich_text_list":
            return {"type": self.kind, "elements": filled[0]} if filled and filled[0] else None
        items = [{"type": "rich_text_section", "elements": item} for item in filled if item]
        return {"type": self.kind, **dict(self.facts), "elements": items} if items else None


@dataclass(frozen=True, slots=True)
class Page:
    """The blocks of a skeleton: ``body`` is parts, or where the buttons stand; ``foot`` is small print."""

    body: tuple[tuple[Part, ...] | str | None, ...]
    foot: tuple[Form, ...]

    def fill(self, values: list[str]) -> list[Block]:
        """The blocks, as many and as long as one message may have."""
        body = [block for one in self.body if (block := _filled(one, values))]
        foot = [
            {"type": "context", "elements": [{"type": "mrkdwn", "text": text[:LONGEST], "verbatim": True}]}
            for form in self.foot
            if (text := form.filled(values, escaped, entities)).strip()
        ]
        return fit(body, ROOM - length(foot)) + foot


def _filled(one: tuple[Part, ...] | str | None, values: list[str]) -> Block | None:
    if one is None:
        return {"type": "divider"}
    if isinstance(one, str):
        return dict(BUTTONS)
    elements = [element for part in one if (element := part.fill(values))]
    return {"type": "rich_text", "elements": elements} if elements else None


def page(tree: Sequence[Node], foot: Sequence[Node]) -> Page:
    """The page of a tree; its values are still slots. Raises ``TemplateError`` for what Slack cannot show."""
    body: list[tuple[Part, ...] | str | None] = []
    small: list[Form] = []
    for node in tree:
        if node["type"] == "thematic_break":
            body.append(None)
        elif is_buttons(node):
            body.append("buttons")
        elif parts := tuple(_parts(node, 0)):
            body.append(parts)
    for node in foot:
        if node["type"] == "paragraph":
            small.append(Form.of(_mrkdwn(node, 0)))
        elif parts := tuple(_parts(node, 0)):
            body.append(parts)
    return Page(tuple(body), tuple(small))


def _parts(node: Node, depth: int) -> Iterator[Part]:
    kind = node["type"]
    if depth > MAX_DEPTH:
        raise TemplateError(f"the text is nested more than {MAX_DEPTH} levels deep")
    if kind in {"blank_line", "thematic_break"}:
        return
    if kind in {"paragraph", "block_text"}:
        yield Part("rich_text_section", (tuple(_runs(node, (), 0)),))
    elif kind == "heading":
        yield Part("rich_text_section", (tuple(_runs(node, ("bold",), 0)),))
    elif kind == "block_code":
        yield Part("rich_text_preformatted", ((Run(Form.of(str(node["raw"]).rstrip("\n"))),),))
    elif kind == "block_quote":
        yield Part("rich_text_quote", (tuple(_lines(node.get("children", ()), (), depth + 1)),))
    elif kind == "list":
        yield from _list(node, depth)
    else:
        raise TemplateError(f"{kind!r} is not available in texts")


def _list(node: Node, depth: int) -> Iterator[Part]:
    """A list on one level; one inside it is a list of its own, after which the first goes on. Numbers that do
    not begin with one are words: a list of Slack's always begins anew."""
    ordered = bool(node["attrs"]["ordered"])
    number = int(node["attrs"].get("start") or 1) if ordered else 1
    facts = (("style", "ordered" if ordered else "bullet"), ("indent", min(depth, 8)))
    items: list[tuple[Run, ...]] = []
    for item in node["children"]:
        inner = [one for one in item["children"] if one["type"] == "list"]
        words = tuple(_lines([one for one in item["children"] if one["type"] != "list"], (), depth + 1))
        if number + len(items) > 1 and ordered and not items:
            yield Part("rich_text_section", ((Run(Form.of(f"{number}. ")), *words),))
            number += 1
        else:
            items.append(words)
        if inner and items:
            yield Part("rich_text_list", tuple(items), facts)
            number += len(items)
            items = []
        for one in inner:
            yield from _parts(one, depth + 1)
    if items:
        yield Part("rich_text_list", tuple(items), facts)


def _lines(nodes: Sequence[Node], style: tuple[str, ...], depth: int) -> Iterator[Run]:
    """Several paragraphs in a place that holds only words."""
    between = False
    for node in nodes:
        if node["type"] == "blank_line":
            continue
        if between:
            yield Run(Form.of("\n"))
        between = True
        if node["type"] in {"list", "list_item", "block_quote"}:
            if depth > MAX_DEPTH:
                raise TemplateError(f"the text is nested more than {MAX_DEPTH} levels deep")
            yield from _lines(node.get("children", ()), style, depth + 1)
        elif node["type"] == "block_code":
            yield Run(Form.of(str(node["raw"]).rstrip("\n")), (*style, "code"))
        else:
            yield from _runs(node, style, depth)


_STYLES: Final = {"strong": "bold", "emphasis": "italic"}
_BREAKS: Final = {"softbreak": " ", "linebreak": "\n"}


def _runs(node: Node, style: tuple[str, ...], depth: int) -> Iterator[Run]:
    """The words of a paragraph, neighbours of one style together."""
    held: list[str] = []
    for text, of, url in _pieces(node, style, depth):
        if url is None and of == style:
            held.append(text)
            continue
        if held:
            yield Run(Form.of("".join(held)), style)
            held = []
        yield Run(Form.of(text), of, Form.of(url) if url else None)
    if held:
        yield Run(Form.of("".join(held)), style)


def _pieces(
    node: Node, style: tuple[str, ...], depth: int
) -> Iterator[tuple[str, tuple[str, ...], str | None]]:
    if depth > MAX_DEPTH:
        raise TemplateError(f"the text is nested more than {MAX_DEPTH} levels deep")
    for child in node.get("children", ()):
        kind = child["type"]
        if kind == "text":
            yield str(child["raw"]), style, None
        elif kind in _BREAKS:
            yield _BREAKS[kind], style, None
        elif kind == "codespan":
            yield str(child["raw"]), (*style, "code"), None
        elif kind in _STYLES:
            yield from _pieces(child, tuple(dict.fromkeys((*style, _STYLES[kind]))), depth + 1)
        elif kind == "link":
            words = "".join(text for text, _, _ in _pieces(child, style, depth + 1))
            yield words, style, link(child["attrs"]["url"])
        else:
            raise TemplateError(f"{kind!r} is not available in texts")


def _mrkdwn(node: Node, depth: int) -> str:
    """A paragraph of small print; its values are still slots."""
    marks = {"bold": "*", "italic": "_", "code": "`"}
    written = []
    for text, style, url in _pieces(node, (), depth):
        words = entities(text)
        if url:
            words = f"<{entities(url)}|{words}>"
        around = "".join(marks[one] for one in style)
        written.append(f"{around}{words}{around[::-1]}")
    return "".join(written)


def plain(text: str) -> list[Block]:
    """A text without any form, for when Slack refuses the blocks of its own."""
    whole = Part("rich_text_section", ((Run(Form((text,), ())),),)).fill([])
    return fit([{"type": "rich_text", "elements": [whole]}]) if whole else []
