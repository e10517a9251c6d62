"""What people wrote, on its way into a text: made harmless once, and never read as markup.

A value enters a template's output inside a *slot*: two private-use characters around it. Markdown and the
mail layout see only empty, numbered slots, so a value has no chance to become a link, a heading or HTML;
it is put in after everything is parsed, escaped for the form at hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any, Final
from urllib.parse import quote

from jinja2 import Undefined

from bot.errors import TemplateError

OPEN: Final = "\ue000"
CLOSE: Final = "\ue001"
MAX_VALUE: Final = 10_000
"""Characters of one value; the rest is cut off with an ellipsis."""
MAX_LINES: Final = 100_000
"""Characters of a text whose lines are kept: some forty pages, which no person writes into a mail."""
CUT: Final = " […]"

_SPACE: Final = "\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u2028\u2029"
_ODD: Final = re.compile(
    # Controls, marks that turn the direction of text, private use, lone surrogates, tags: none is a word.
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ue000-\uf8ff\ud800-\udfff\U000e0000-\U000e007f\U000f0000-\U0010ffff]+"
)
_BREAK: Final = re.compile("\r\n|[\n\v\f\r\x1c-\x1e\x85\u2028\u2029]")
_BLANK: Final = re.compile("\n{4,}")
_INDENT: Final = re.compile("^ +", re.MULTILINE)
_PREFIX: Final = re.compile(r"(?:> ?|- |[0-9]+\. | )*")
_MARK: Final = re.compile(r"- |[0-9]+\. ")
_FILLED: Final = re.compile(f"{OPEN}([^{OPEN}{CLOSE}]*){CLOSE}")
_NUMBERED: Final = re.compile(f"{OPEN}([uco]?)([0-9]+){CLOSE}")
_PLAIN_SLOT: Final = re.compile(f"{OPEN}([0-9]+){CLOSE}")
_SHOWN_IN_ONE_LINE: Final = 300
_WEB: Final = re.compile(r"(?:https?://|mailto:)[^\s<>\"'\\^`{|}]{1,2000}")


def _odd(match: re.Match[str]) -> str:
    return " " if any(c in _SPACE for c in match[0]) else ""


def clean(text: str) -> str:
    """One line of text, without controls, marks of direction and what else is no word."""
    if len(text) > MAX_VALUE:
        text = text[: MAX_VALUE - 1] + "…"
    return text if text.isascii() and text.isprintable() else _ODD.sub(_odd, text)


class Lines(str):
    """A text whose line breaks are kept. Only ``clean_lines`` makes it."""

    __slots__ = ()


def clean_lines(text: str, most: int = MAX_LINES) -> Lines:
    """A text of several lines, each of them clean; at most two empty ones in a row, none at the ends.

    What is longer than ``most`` characters is cut where a line or a word ends.
    """
    lines = (_ODD.sub(_odd, line.replace("\t", "    ")).rstrip() for line in _BREAK.split(text[: most + 1]))
    clear = _BLANK.sub("\n\n\n", "\n".join(lines)).strip("\n").rstrip()
    if len(text) <= most and len(clear) <= most:
        return Lines(clear)
    clear = clear[:most]
    end = max(clear.rfind("\n", most * 3 // 4), clear.rfind(" ", most * 3 // 4))
    return Lines((clear[:end] if end > 0 else clear).rstrip() + CUT)


def slot(value: Any) -> str:
    """What the environment puts into the output for every expression of a template.

    Raises ``TemplateError`` for what is no word: None, a truth value, a list.
    """
    if isinstance(value, Undefined):
        str(value)  # raises UndefinedError, which names the variable
    if isinstance(value, str):
        return f"{OPEN}{value if isinstance(value, Lines) else clean(value)}{CLOSE}"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{OPEN}{value}{CLOSE}"
    kind = "nothing (None)" if value is None else f"a {type(value).__name__}"
    raise TemplateError(f"an expression gives {kind} where words belong; ask with {{% if %}} first")


def number(output: str) -> tuple[str, list[str]]:
    """Split a template's output into its skeleton with numbered slots, and the values."""
    values: list[str] = []

    def take(match: re.Match[str]) -> str:
        values.append(match[1])
        return f"{OPEN}{len(values) - 1}{CLOSE}"

    return _FILLED.sub(take, output), values


def numbered(index: int, kind: str = "") -> str:
    """The mark of slot ``index``: kind "" is words, "u" a whole address of a link, "c" a part of one, "o" the
    beginning of the words, in one line."""
    return f"{OPEN}{kind}{index}{CLOSE}"


def in_one_line(skeleton: str) -> str:
    """The same text, with the beginnings of values only: for a title or a preview."""
    return _PLAIN_SLOT.sub(rf"{OPEN}o\1{CLOSE}", skeleton)


@dataclass(frozen=True, slots=True)
class Form:
    """A finished text with holes: filling it in is one join."""

    pieces: tuple[str, ...]
    """Fixed text; an empty string where a value goes."""
    holes: tuple[tuple[int, str, int, str], ...]
    """Position in ``pieces``, kind of slot, number of the value, what begins each of its further lines in plain
    text: the mark of a quote, the indent of a list."""

    @classmethod
    def of(cls, skeleton: str) -> Form:
        pieces, holes, end = [], [], 0
        for match in _NUMBERED.finditer(skeleton):
            pieces += [skeleton[end : match.start()], ""]
            holes.append((len(pieces) - 1, match[1], int(match[2]), _prefix(skeleton, match.start())))
            end = match.end()
        pieces.append(skeleton[end:].replace(OPEN, "").replace(CLOSE, ""))
        return cls(tuple(pieces), tuple(holes))

    def text(self, values: list[str]) -> str:
        """Filled in for plain text: values stand as they are."""
        pieces = list(self.pieces)
        for position, kind, index, prefix in self.holes:
            value = _one(kind, values[index]) if kind else values[index]
            if prefix and "\n" in value:
                first, *others = value.split("\n")
                value = "\n".join((first, *((prefix + line).rstrip() for line in others)))
            pieces[position] = value
        return "".join(pieces)

    def html(self, values: list[str]) -> str:
        """Filled in for HTML: values are escaped, also for use inside quoted attributes."""
        pieces = list(self.pieces)
        for position, kind, index, _ in self.holes:
            value = escape(_one(kind, values[index]) if kind else values[index])
            if "\n" in value:
                value = _INDENT.sub(lambda match: "&nbsp;" * len(match[0]), value).replace("\n", "<br>\n")
            pieces[position] = value
        return "".join(pieces)

    def filled(self, values: list[str], words: Callable[[str], str], address: Callable[[str], str]) -> str:
        """Filled in for any other form: ``words`` escapes a value, ``address`` one that is a link's."""
        pieces = list(self.pieces)
        for position, kind, index, _ in self.holes:
            value = _one(kind, values[index]) if kind else values[index]
            pieces[position] = address(value) if kind == "u" else words(value)
        return "".join(pieces)


def _prefix(skeleton: str, position: int) -> str:
    """What stands before a slot since the line began, as far as it is marks of quotes and lists."""
    line = skeleton[skeleton.rfind("\n", 0, position) + 1 : position]
    found = _PREFIX.match(line)
    return _MARK.sub(lambda mark: " " * len(mark[0]), found[0]) if found else ""


def _one(kind: str, value: str) -> str:
    """A value in one line, or inside a link: quoted as a part of it, or whole if it is of the web or of mail."""
    if kind == "o":
        return " ".join(value[:_SHOWN_IN_ONE_LINE].split())
    if kind == "c":
        return quote(value, safe="")
    return value if _WEB.fullmatch(value) else "#"
