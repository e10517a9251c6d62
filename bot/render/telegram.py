"""From one Markdown source to the HTML that Telegram reads: a handful of tags, and line breaks as they stand.

Values are escaped, so nothing that a person wrote can become bold or a hidden link. What Telegram would make of
plain words is taken from values too: a name behind "@" that would call somebody, and a word behind "/" that
whoever taps it would send as a command of their own (J7, I10).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import escape
from typing import Final

from bot.errors import TemplateError
from bot.render.markdown import MAX_DEPTH, Node, is_buttons, link
from bot.render.values import Form

_CALLS: Final = re.compile(r"(?<!\w)@(?=[A-Za-z])|(?<![\w/<>])/(?=[A-Za-z0-9_]{1,64}(?![\w/<>]))")
"""As Telegram's own programs find them: "/close" also before a comma, but not the steps of "/etc/hosts"."""
_SEPARATOR: Final = "\u2060"


def escaped(value: str) -> str:
    """A value, as words and nothing else."""
    return escape(_CALLS.sub(lambda found: found[0] + _SEPARATOR, value), quote=False)


def address(value: str) -> str:
    """A value that is the address of a link."""
    return escape(value)


def form(tree: Sequence[Node], foot: Sequence[Node]) -> Form:
    """The text of a tree; its values are still slots. Answers become buttons, and are left out here.

    Raises ``TemplateError`` for what Telegram cannot show.
    """
    said = [block for node in tree if not is_buttons(node) and (block := _block(node, 0, quoted=False))]
    small = [f"<i>{block}</i>" for node in foot if (block := _block(node, 0, quoted=False))]
    return Form.of("\n\n".join([*said, *small]))


def _block(node: Node, depth: int, *, quoted: bool) -> str:
    """A paragraph, or what stands like one."""
    kind = node["type"]
    if depth > MAX_DEPTH:
        raise TemplateError(f"the text is nested more than {MAX_DEPTH} levels deep")
    if kind == "list":
        return _list(node, depth, quoted=quoted)
    if kind == "block_quote":
        inner = _blocks(node, depth, "\n", quoted=True)
        return inner if quoted else f"<blockquote>{inner}</blockquote>"  # one inside another is refused
    write = _LINES.get(kind)
    if write is None:
        raise TemplateError(f"{kind!r} is not available in texts")
    return write(node)


def _blocks(node: Node, depth: int, between: str, *, quoted: bool) -> str:
    inner = (_block(child, depth + 1, quoted=quoted) for child in node.get("children", ()))
    return between.join(block for block in inner if block)


def _list(node: Node, depth: int, *, quoted: bool) -> str:
    first = int(node["attrs"].get("start") or 1)
    lines = []
    for place, item in enumerate(node["children"]):
        mark = f"{first + place}. " if node["attrs"]["ordered"] else "\u2022 "
        lines.append("\u2003" * min(depth, 4) + mark + _blocks(item, depth, "\n", quoted=quoted))
    return "\n".join(lines)


def _line(node: Node, depth: int) -> str:
    """Words in a line."""
    if depth > MAX_DEPTH:
        raise TemplateError(f"the text is nested more than {MAX_DEPTH} levels deep")
    written = []
    for child in node.get("children", ()):
        write = _WORDS.get(child["type"])
        if write is None:
            raise TemplateError(f"{child['type']!r} is not available in texts")
        written.append(write(child, depth))
    return "".join(written)


def _link(node: Node, depth: int) -> str:
    """Telegram asks before it opens an address that the words do not show. It has no links to mailboxes."""
    url, words = link(node["attrs"]["url"]), _line(node, depth + 1)
    return words if url.startswith("mailto:") else f'<a href="{escape(url)}">{words}</a>'


_WORDS: Final[dict[str, Callable[[Node, int], str]]] = {
    "text": lambda node, _: escape(str(node["raw"]), quote=False),
    "codespan": lambda node, _: f"<code>{escape(str(node['raw']), quote=False)}</code>",
    "emphasis": lambda node, depth: f"<i>{_line(node, depth + 1)}</i>",
    "strong": lambda node, depth: f"<b>{_line(node, depth + 1)}</b>",
    "link": _link,
    "linebreak": lambda *_: "\n",
    "softbreak": lambda *_: " ",
}

_LINES: Final[dict[str, Callable[[Node], str]]] = {
    "blank_line": lambda _: "",
    "thematic_break": lambda _: "\u2014",
    "paragraph": lambda node: _line(node, 0),
    "block_text": lambda node: _line(node, 0),
    "heading": lambda node: f"<b>{_line(node, 0)}</b>",
    "block_code": lambda node: f"<pre>{escape(str(node['raw']).rstrip(), quote=False)}</pre>",
}
