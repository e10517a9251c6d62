"""Authentication-Results (RFC 8601): what a mail server found out about a mail, as it wrote it down.

Own code, because it reads hostile text: one pass, linear, never raises, and a field that is not well formed
is no field. ``authres``, the one library for it, backtracks and stopped in 2019.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from bot.mail.addresses import end_of_comment
from bot.mail.headers import BLOCK_LIMIT, FIELD_LIMIT, VALUE_LIMIT, unfold

SIGN_LIMIT: Final = 1000
"""Spaces, semicolons, quotes and comments in one field; real ones have a tenth of it."""
NAMELESS: Final = "protection.outlook.com"
"""Seen in practice: Exchange Online writes no authserv-id. Its fields are known by this name instead."""

_FIELD: Final = re.compile(rb"([!-9;-~]{1,200})[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)\n?")
_TOP: Final = re.compile(rb"(?:\xef\xbb\xbf)?[\r\n]{0,100}(?:>?From [^\n]{0,1000}\n)?")
"""Seen in practice: what stands before the first field."""
_SPECIAL: Final = re.compile(r'[\s;()"\\]')
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*+)"')
_ESCAPE: Final = re.compile(r"\\(.)")
_METHOD: Final = re.compile(r"([a-z][a-z0-9-]{0,30})(?:/[0-9]{1,3})?\Z")
_VERSION: Final = re.compile(r"[0-9]{1,3}\Z")


@dataclass(frozen=True, slots=True)
class Result:
    """One thing that was looked at: "dkim=pass header.d=example.com"."""

    method: str
    value: str
    """ "pass", "fail", "none", ...: lower case."""
    properties: dict[str, str] = field(default_factory=dict)
    """By "header.d", "smtp.mailfrom", ... in lower case; values as they stand, the first of each."""


@dataclass(frozen=True, slots=True)
class Results:
    """One Authentication-Results field."""

    server: str
    """The authserv-id, in lower case."""
    results: tuple[Result, ...]


def leading_fields(raw: bytes) -> Iterator[tuple[str, str]]:
    """Header fields from the top, in order, with their unfolded values; ends at what is no field."""
    start = _TOP.match(raw).end()  # type: ignore[union-attr]  # matches anything
    end = min(len(raw), start + BLOCK_LIMIT)
    for _ in range(FIELD_LIMIT):
        found = _FIELD.match(raw, start, end)
        if found is None:
            return
        name, value = found.groups()
        yield name.decode("ascii").lower(), unfold(value) if len(value) <= VALUE_LIMIT else ""
        start = found.end()


def parse_results(value: str) -> Results | None:
    """An unfolded field's value; None when it is not well formed, or of a version that is not known."""
    segments = _segments(value) if len(value) <= VALUE_LIMIT else None
    if not segments:
        return None
    server, segments = _server(segments)
    if server is None:
        return None
    results = tuple(result for words in segments if (result := _result(words)))
    return Results(server, results)


def _server(segments: list[list[str]]) -> tuple[str | None, list[list[str]]]:
    """The authserv-id, and what follows it. RFC 8601, section 2.2: an id, perhaps a version, which is 1."""
    head = segments[0]
    if head and "=" in head[0]:
        return NAMELESS, segments
    if not head or len(head) > 2 or (len(head) == 2 and (not _VERSION.match(head[1]) or int(head[1]) != 1)):
        return None, []
    return head[0].lower().rstrip("."), segments[1:]


def _result(words: list[str]) -> Result | None:
    if not words:
        return None
    method, equals, value = words[0].partition("=")
    known = _METHOD.match(method.lower())
    if known is None or not equals or not value:
        return None
    properties: dict[str, str] = {}
    for word in words[1:]:
        name, equals, text = word.partition("=")
        if equals and text:
            properties.setdefault(name.lower(), text)
    return Result(known[1], value.lower(), properties)


def _segments(text: str) -> list[list[str]] | None:
    """The words between semicolons, without comments; what was quoted is part of its word."""
    segments: list[list[str]] = [[]]
    word = ""
    position = signs = 0
    while special := _SPECIAL.search(text, position):
        signs += 1
        if signs > SIGN_LIMIT:
            return None
        word += text[position : special.start()]
        sign, position = special[0], special.end()
        if sign == '"':
            quoted = _QUOTED.match(text, special.start())
            if quoted is None:
                return None
            word += _ESCAPE.sub(r"\1", quoted[1])
            position = quoted.end()
            continue
        if sign == "(":
            position = end_of_comment(text, special.start())
        if sign in ")\\" or not position:
            return None  # no beginning, or no end
        if word:
            segments[-1].append(word)
            word = ""
        if sign == ";":
            segments.append([])
    word += text[position:]
    if word:
        segments[-1].append(word)
    return [_joined(words) for words in segments]


def _joined(words: list[str]) -> list[str]:
    """White space may stand around an equals sign; "header.b=abc=" is a whole word all the same."""
    joined: list[str] = []
    for word in words:
        last = joined[-1] if joined else ""
        opens = last.endswith("=") and last.count("=") == 1
        if joined and (opens or (word.startswith("=") and "=" not in last)):
            joined[-1] = last + word
        else:
            joined.append(word)
    return joined
