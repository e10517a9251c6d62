"""The first sign that somebody else's words follow; ``quotes`` decides what of them is kept."""

from __future__ import annotations

from typing import Final

from bot.mail import quote_words as words
from bot.mail.field_words import DATE, FROM, SUBJECT, TO, field

WIDTH: Final = 400
"""Characters of a line that are looked at."""
_INTRO_LINES: Final = 4
_FIRST_FIELDS: Final = frozenset({FROM, DATE, SUBJECT, TO})
FORWARD, COPY, INTRO, QUOTE = "forward", "copy", "intro", "quote"
"""What the first sign is that somebody else's words follow: a mark of forwarding, a copied header or the mark
of one, a sentence like "On Monday, X wrote:", or the ">" of a quote."""


def first_sign(heads: list[str]) -> tuple[str, int, int]:
    """The first sign that the rest is quoted: its kind, its first line and its last."""
    for position, head in enumerate(heads):
        if not head or not words.may_begin_quote(head):
            continue
        if words.FORWARD.match(head.lstrip("> ")):
            return FORWARD, position, position
        if words.ORIGINAL.match(head) or _is_header_block(heads, position):
            return COPY, position, position
        if (start := _intro(heads, position)) is not None:
            return INTRO, start, position
        if head.startswith(">"):
            return QUOTE, position, position - 1
    return "", -1, -1


def _intro(heads: list[str], position: int) -> int | None:
    """The first line of "On Monday, X wrote:" if that ends at ``position``; in the languages of quote_words."""
    head = heads[position]
    if words.DATED.match(head):
        return position
    if not head.endswith(words.INTRO_ENDS):
        return None
    joined = ""
    for start in range(position, max(-1, position - _INTRO_LINES), -1):
        if not heads[start] or (heads[start].startswith(">") and start != position):
            break
        joined = f"{heads[start]} {joined}".strip()
        if words.is_intro(joined):
            return _widest(heads, start, joined)
    return position if words.is_opening(head) and _next_is_quote(heads, position) else None


def _next_is_quote(heads: list[str], position: int) -> bool:
    return any(head.startswith(">") for head in heads[position + 1 : position + 3])


def _widest(heads: list[str], start: int, joined: str) -> int:
    """Seen in practice: the date stands in the line above the name."""
    if words.begins_intro(joined):
        return start
    for earlier in range(start - 1, max(-1, start - 3), -1):
        if not heads[earlier] or heads[earlier].startswith(">"):
            break
        if words.begins_intro(heads[earlier]):
            return earlier
    return start


def _is_header_block(heads: list[str], position: int) -> bool:
    """Whether a copied mail header ("From: ... Sent: ... To: ...") begins here."""
    kind, value = field(heads[position])
    if kind not in _FIRST_FIELDS or not value:
        return False
    seen, kinds, before = 1, {kind}, kind
    for head in heads[position + 1 : position + 12]:
        kind, _ = field(head)
        again = kind == FROM and kind in kinds and not before
        before = kind
        if again:
            break
        if kind:
            seen += 1
            kinds.add(kind)
            if seen >= 3 and _names_a_mail(kinds):
                return True
        elif not head and seen > 1:
            break
    return seen >= 2 and FROM in kinds and not kinds.isdisjoint({DATE, TO}) and "@" in heads[position]


def _names_a_mail(kinds: set[str]) -> bool:
    """Whether these fields are a mail's: a person who writes "Date: ... Time: ... Where: ..." copies no header."""
    if len(kinds) > 2:
        return FROM in kinds or SUBJECT in kinds
    return FROM in kinds and not kinds.isdisjoint({DATE, TO})
