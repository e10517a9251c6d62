"""What people write in Slack, as plain words: names for mentions, addresses for links, no escapes.

Slack's own marks are ``<@U1>``, ``<@U1|ann>``, ``<#C1|general>``, ``<!here>``, ``<!date^…|words>`` and
``<url|label>``; in them and around them ``&``, ``<`` and ``>`` are written ``&amp;``, ``&lt;`` and ``&gt;``.
What stands in a message is somebody's claim: nothing here is trusted, and all of it is linear in its length.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

LONGEST: Final = 100_000
"""Characters of one message that are read; Slack allows about 40,000."""

_MARK: Final = re.compile(r"<([@#!]?)([^<>|\n]{1,3000})(?:\|([^<>\n]{0,3000}))?>")
_ESCAPES: Final = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))
_MENTION: Final = re.compile(r"<@([A-Z0-9]{1,30})(?:\|[^<>\n]{0,200})?>")


def plain(text: str, names: Mapping[str, str]) -> str:
    """The words of a message. ``names``: of people, by their id."""
    return _unescaped(_MARK.sub(lambda found: _said(found, names), text[:LONGEST]))


def mentioned(text: str, most: int) -> list[str]:
    """Ids of the people whom a message names without saying their name."""
    found: dict[str, None] = {}
    for match in _MENTION.finditer(text[:LONGEST]):
        found.setdefault(match[1])
        if len(found) >= most:
            break
    return list(found)


def without_mention(text: str, user: str) -> str:
    """A message without the mention by which it calls us, where that stands at an end of it."""
    call = re.compile(rf"<@{re.escape(user)}(?:\|[^<>]{{0,200}})?>")
    text = text.strip()
    if found := call.match(text):
        text = text[found.end() :].lstrip(" \t\r\n,:")
    at = text.rfind("<@")  # not searched for with a pattern: spaces before it would cost their square
    return text[:at].rstrip() if at >= 0 and call.fullmatch(text, at) else text


def mentions(text: str, user: str) -> bool:
    """Whether a message names somebody."""
    return f"<@{user}>" in text or f"<@{user}|" in text


def _said(found: re.Match[str], names: Mapping[str, str]) -> str:
    sign, what, label = found[1], found[2], found[3] or ""
    if sign == "@":
        return f"@{label or names.get(what) or what}"
    if sign == "#":
        return f"#{label or what}"
    if sign == "!":
        return label or f"@{what.partition('^')[0]}"
    bare = what.removeprefix("mailto:").removeprefix("tel:")
    return f"{label} ({what})" if label and label not in {what, bare} else bare


def _unescaped(text: str) -> str:
    for escaped, meant in _ESCAPES:
        text = text.replace(escaped, meant)
    return text
