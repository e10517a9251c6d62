"""HTML to readable text: one linear pass with a small tokeniser of its own (SECURITY.md C15).

``html.parser`` of CPython 3.11 takes quadratic time on unclosed tags and comments, and tree builders take
seconds on deep nesting; here nothing is ever looked at twice, and no tree is built. The result keeps what a
reader sees: paragraphs, list marks, quoted blocks as "> " lines, so that ``quotes`` can find them.
"""

from __future__ import annotations

import re
from html import unescape
from typing import Final

from bot.mail.html_tags import (
    LINES,
    PARAGRAPHS,
    SKIPPED,
    TARGET_LIMIT,
    VOID,
    first_quote,
    link_target,
    read_attributes,
)

HTML_LIMIT: Final = 1_000_000
"""Characters of HTML that are read."""

_NAME: Final = re.compile(r"/?([a-zA-Z][a-zA-Z0-9:]{0,30})")
_SPACES: Final = re.compile(r"[ \t\r\n\f\v]+")
_HUGE_NUMBER: Final = re.compile(r"&#(?:[0-9]{8,}|[xX][0-9a-fA-F]{8,});?")
_HIDDEN_STYLE: Final = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all", re.IGNORECASE)

_QUOTED_CLASS: Final = re.compile(r"gmail_attr\b|yahoo_quoted\b|moz-cite-prefix|protonmail_quote\b")
LABEL_LIMIT: Final = 50
"""Pieces of a link's words that are compared with its address."""
QUOTE_LIMIT: Final = 8
"""Levels of quoting that are shown."""


def html_to_text(html: str) -> str:
    """What a person would read. Never raises; time is linear in the size."""
    writer = _Writer(html[:HTML_LIMIT], SKIPPED, hide=True)
    text = writer.run()
    if writer.skipping:  # what was to be hidden has no end: then nothing of it may be lost
        text = _Writer(
            html[:HTML_LIMIT], frozenset({"script", "style"}) - {writer.skipping}, hide=False
        ).run()
    return text


class _Writer:
    def __init__(self, html: str, skipped: frozenset[str], *, hide: bool) -> None:
        self._html = html
        self._skipped = skipped
        self._hide = hide
        self._comments = True
        """False once a comment without an end was seen: then no later one has an end."""
        self._out: list[str] = []
        self._line: list[str] = []
        self._blank = True
        """Whether the last line written is empty, or nothing was written yet."""
        self._paragraph = False
        self._quotes = 0
        self._pre = 0
        self._href = ""
        """Where the link that is open leads, or empty."""
        self._label: list[str] = []
        """What can be read of it so far."""
        self._lists: list[int] = []
        self._divs = 0
        self._quoted_divs: list[int] = []
        self.skipping = ""
        self._skip_level = 0

    def run(self) -> str:
        html = self._html
        position, length = 0, len(html)
        while position < length:
            start = html.find("<", position)
            if start < 0:
                self._text(html[position:])
                break
            if start > position:
                self._text(html[position:start])
            position = self._markup(start)
        self._end_line()
        return "\n".join(self._out).strip("\n")

    def _markup(self, start: int) -> int:
        """Handle what begins with the "<" at ``start``; returns where to go on."""
        html = self._html
        if html.startswith("<!--", start):
            end = html.find("-->", start + 2) if self._comments else -1
            self._comments = end >= 0
            return end + 3 if end >= 0 else start + 4
        if html.startswith(("<!", "<?"), start):
            end = html.find(">", start)
            return len(html) if end < 0 else end + 1
        name = _NAME.match(html, start + 1)
        if name is None:
            self._text("<")
            return start + 1
        end = self._end_of_tag(name.end())
        tag = name[1].lower()
        if self.skipping:
            self._while_skipping(tag, closing=html[start + 1] == "/")
        elif html[start + 1] == "/":
            self._close(tag)
        else:
            self._open(tag, html[name.end() : end])
        return end + 1

    def _end_of_tag(self, position: int) -> int:
        """Where the ">" of a tag stands, quoted values passed over as browsers do."""
        html = self._html
        while True:
            end = html.find(">", position)
            if end < 0:
                return len(html)
            quote = first_quote(html, position, end)
            if quote < 0:
                return end
            closing = html.find(html[quote], quote + 1)
            if closing < 0:
                return end
            position = closing + 1

    def _while_skipping(self, tag: str, *, closing: bool) -> None:
        if tag == self.skipping and tag not in VOID:
            self._skip_level += -1 if closing else 1
            if self._skip_level == 0:
                self.skipping = ""
        elif tag == "body" and self.skipping in {"head", "title", "style"}:
            self.skipping = ""

    def _open(self, tag: str, inside: str) -> None:
        if tag in self._skipped:
            if not inside.endswith("/"):
                self.skipping, self._skip_level = tag, 1
            return
        attributes = read_attributes(inside) if inside else {}
        if (
            self._hide
            and tag not in VOID
            and ("hidden" in attributes or _HIDDEN_STYLE.search(attributes.get("style", "")))
        ):
            self.skipping, self._skip_level = tag, 1
            return
        self._lay_out(tag)
        if tag == "pre":
            self._pre += 1
        elif tag == "a":
            self._end_link()
            self._href = attributes.get("href", "")
        elif tag in {"ul", "ol"}:
            self._lists.append(1 if tag == "ol" else 0)
        elif tag == "img" and attributes.get("alt"):
            self._text(attributes["alt"])
        elif tag == "blockquote":
            self._quotes += 1
        elif tag in {"div", "span"}:
            self._open_block(tag, attributes)

    def _open_block(self, tag: str, attributes: dict[str, str]) -> None:
        """The marks by which mail programs set off what they quote."""
        if attributes.get("id") == "OLK_SRC_BODY_SECTION":  # Outlook for the Mac
            self._end_line()
            self._write("-----Original Message-----")
        if tag != "div":
            return
        self._divs += 1
        if _QUOTED_CLASS.search(attributes.get("class", "")):
            self._quoted_divs.append(self._divs)
            self._quotes += 1
        elif attributes.get("id", "").endswith("divRplyFwdMsg") or "OutlookMessageHeader" in attributes.get(
            "class", ""
        ):
            self._write("-----Original Message-----")

    def _lay_out(self, tag: str) -> None:
        if tag in PARAGRAPHS:
            self._break(paragraph=True)
        elif tag == "br":
            self._new_line()
        elif tag in LINES:
            self._break()
        elif tag in {"td", "th"} and self._line:
            self._line.append(" ")
        if tag == "li":
            self._mark()
        elif tag == "hr":
            self._line.append("-" * 20)
            self._break()

    def _close(self, tag: str) -> None:
        if tag in PARAGRAPHS:
            self._break(paragraph=True)
        elif tag in LINES:
            self._break()
        if tag == "pre" and self._pre:
            self._pre -= 1
        elif tag == "a":
            self._end_link()
        elif tag in {"ul", "ol"} and self._lists:
            self._lists.pop()
        elif tag == "blockquote" and self._quotes > len(self._quoted_divs):
            self._quotes -= 1
        elif tag == "div" and self._divs:
            if self._quoted_divs and self._quoted_divs[-1] == self._divs:
                self._quoted_divs.pop()
                self._quotes -= 1
            self._divs -= 1

    def _end_link(self) -> None:
        """Behind a link stands where it leads, when its words do not say that themselves."""
        if self._href and (target := link_target(unescape(self._href), "".join(self._label))):
            self._line.append(f" <{target}>")
        self._href = ""
        self._label.clear()

    def _mark(self) -> None:
        """The sign before an item of a list."""
        if self._lists and self._lists[-1]:
            self._line.append(f"{self._lists[-1]}. ")
            self._lists[-1] += 1
        else:
            self._line.append("* ")

    def _text(self, text: str) -> None:
        if self.skipping:
            return
        if "&" in text:
            text = unescape(_HUGE_NUMBER.sub("\ufffd", text))
        if self._href and len(self._label) < LABEL_LIMIT:
            self._label.append(text[:TARGET_LIMIT])
        if self._pre:
            first, *rest = text.split("\n")
            self._line.append(first)
            for line in rest:
                self._new_line()
                self._line.append(line)
            return
        text = _SPACES.sub(" ", text)
        if text == " " and not self._line:
            return
        self._line.append(text if self._line else text.lstrip(" "))

    def _break(self, *, paragraph: bool = False) -> None:
        """End the line if anything stands in it; ask for an empty line before the next when wanted."""
        self._end_line()
        self._paragraph = self._paragraph or paragraph

    def _end_line(self) -> None:
        if not self._line:
            return
        line = "".join(self._line)
        self._line.clear()
        line = line.rstrip() if self._pre else re.sub(r" {2,}", " ", line).strip(" ")
        if line:
            self._write(line)

    def _new_line(self) -> None:
        if self._line:
            line = "".join(self._line)
            self._line.clear()
            self._write(line.rstrip() if self._pre else re.sub(r" {2,}", " ", line).strip(" "))
        else:
            self._write("")

    def _write(self, line: str) -> None:
        mark = "> " * min(self._quotes, QUOTE_LIMIT)
        if self._paragraph and not self._blank:
            self._out.append(mark.rstrip())
        self._paragraph = False
        if not line and len(self._out) > 1 and self._out[-1] == self._out[-2] == mark.rstrip():
            return  # never more than two empty lines together
        self._out.append((mark + line).rstrip())
        self._blank = not line
