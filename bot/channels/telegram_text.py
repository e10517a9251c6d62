"""Words of Telegram: lengths in UTF-16 units, entities, and long texts in parts (J6)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from html import escape, unescape
from typing import Any, Final

LONGEST: Final = 4096
"""UTF-16 units of one text that people see; markup does not count."""
LONGEST_CAPTION: Final = 1024
MOST_ENTITIES: Final = 100
"""Telegram keeps so many bold words and links of one message, and drops the others."""
_MOST_PARTS: Final = 20
_LONGEST_RAW: Final = 100_000
_TOKEN: Final = re.compile(r"<(/?)([a-z]+)([^<>]*)>|&(?:#[0-9]+|[a-z]+);|[^<&]|[<&]", re.DOTALL)
_TAG: Final = re.compile(r"</?[a-z][^<>]*>")


def units(text: str) -> int:
    """The length of a text as Telegram counts it."""
    return len(text) + sum(c > "\uffff" for c in text)


def cut(text: str, most: int) -> str:
    """The beginning of a text, of so many units at most; never half a character."""
    kept = text[:most]
    while units(kept) > most:
        kept = kept[: most - units(kept)]
    return kept


def plain(html: str) -> str:
    """The same words without markup: for when Telegram does not take the markup (J7). Addresses of links stay."""
    shown = re.sub(r'<a href="([^"]*)">(.*?)</a>', r"\2 (\1)", html, flags=re.DOTALL)
    return unescape(_TAG.sub("", shown))


def parts(html: str, most: int = LONGEST) -> Iterator[str]:
    """A text with markup in pieces that fit, cut where a paragraph, a line or a word ends; what is open at a cut
    is closed there and opened again after it."""
    rest = html[:_LONGEST_RAW]
    for _ in range(_MOST_PARTS):
        piece, rest = _first(rest, most)
        if piece.strip():
            yield piece
        if not rest.strip():
            return


def is_whole(html: str, pieces: Iterable[str]) -> bool:
    """Whether pieces of a text are all of it: of one that is too long for a conversation, there are no more."""
    said, there = (unescape(_TAG.sub("", text)) for text in (html, "".join(pieces)))
    return len("".join(there.split())) >= len("".join(said.split()))


def _first(html: str, most: int) -> tuple[str, str]:
    """The first piece, and the rest."""
    used, entities, at = 0, 0, 0
    opened: list[tuple[str, str]] = []
    best: dict[int, tuple[int, tuple[tuple[str, str], ...]]] = {}
    length = len(html)
    while at < length:
        found = _TOKEN.match(html, at)
        if found is None:  # cannot be: the last branches take anything
            at += 1
            continue
        name = found[2]
        if name is None:
            used += units(unescape(found[0]))
            if used > most:
                return _at(html, best, at, opened)
        elif found[1]:
            if opened and opened[-1][0] == name:
                opened.pop()
        else:
            entities += 1
            if entities > MOST_ENTITIES:
                return _at(html, best, at, opened)
            opened.append((name, found[0]))
        at = found.end()
        if found[0] == "\n":
            best[2 if html.startswith("\n", at) else 1] = (at, tuple(opened))
        elif found[0] == " ":
            best[0] = (at, tuple(opened))
    return html, ""


def _at(
    html: str,
    best: Mapping[int, tuple[int, tuple[tuple[str, str], ...]]],
    at: int,
    opened: list[tuple[str, str]],
) -> tuple[str, str]:
    """Cut at the best place that leaves most of the room used, else right here."""
    place, still = next(
        (best[rank] for rank in (2, 1, 0) if rank in best and best[rank][0] > at // 2), (at, tuple(opened))
    )
    closing = "".join(f"</{name}>" for name, _ in reversed(still))
    opening = "".join(tag for _, tag in still)
    return html[:place].rstrip() + closing, opening + html[place:].lstrip("\n")


def mention(user: int, name: str) -> str:
    """Markup that calls somebody."""
    return f'<a href="tg://user?id={user}">{escape(name, quote=False)}</a>'


def words_of(message: Mapping[str, Any], username: str = "", bot: int = 0) -> tuple[str, bool]:
    """What a message says, with the addresses of its links shown and without the mention of us that it begins
    with; and whether it mentions us."""
    text = message.get("text") or message.get("caption") or ""
    entities = message.get("entities") or message.get("caption_entities") or []
    if not isinstance(text, str) or not isinstance(entities, list):
        return "", False
    encoded = text.encode("utf-16-le", "surrogatepass")
    written: list[str] = []
    mentioned, at = False, 0
    for one in entities[:MOST_ENTITIES]:
        if not isinstance(one, dict) or not _fits(one, at, len(encoded) // 2):
            continue
        start, end = one["offset"], one["offset"] + one["length"]
        words = _decoded(encoded[2 * start : 2 * end])
        if _is_ours(one, words, username, bot):
            mentioned = True
            before = _decoded(encoded[2 * at : 2 * start])
            written = [*written, before, words] if ("".join(written) + before).strip() else []
            at = end
        elif one.get("type") == "text_link" and isinstance(one.get("url"), str) and one["url"] != words:
            written += [_decoded(encoded[2 * at : 2 * end]), f" ({one['url'][:2000]})"]
            at = end
    written.append(_decoded(encoded[2 * at :]))
    return "".join(written).strip(), mentioned


def _fits(one: Mapping[str, Any], at: int, length: int) -> bool:
    start, size = one.get("offset"), one.get("length")
    return isinstance(start, int) and isinstance(size, int) and at <= start and 0 < size <= length - start


def _is_ours(one: Mapping[str, Any], words: str, username: str, bot: int) -> bool:
    if one.get("type") == "mention":
        return bool(username) and words.casefold() == f"@{username.casefold()}"
    user = one.get("user")
    return (
        one.get("type") == "text_mention" and isinstance(user, dict) and bool(bot) and user.get("id") == bot
    )


def _decoded(octets: bytes) -> str:
    return octets.decode("utf-16-le", "replace")
