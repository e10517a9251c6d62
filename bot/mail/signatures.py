"""What ends a mail and is no part of what was said: signatures, "Sent from my phone", a list's footer."""

from __future__ import annotations

from typing import Final

from bot.mail import quote_words as words
from bot.mail.quote_signs import WIDTH

_SIGNATURE_LINES: Final = 12
"""A signature may have these many lines below a mark that people also write between words ..."""
_LONG_SIGNATURE: Final = 40
"""... and these many below the mark of RFC 3676 section 4.3, which only programs write."""


def strip_end(lines: list[str]) -> list[str]:
    """Without signature, "Sent from my phone", a list's footer and the rules that end a text."""
    lines = list(lines)
    for position in range(max(1, len(lines) - 8), len(lines)):
        if words.LIST_FOOTER.match(lines[position].strip()) and words.OF_A_LIST.search(
            " ".join(lines[position:])[:1_000]
        ):
            del lines[position:]
            break
    _drop_empty(lines)
    for position in range(max(0, len(lines) - _LONG_SIGNATURE - 1), len(lines)):
        near = len(lines) - position <= _SIGNATURE_LINES + 1
        if lines[position] == "-- " or (near and words.SIGNATURE.match(lines[position])):
            del lines[position:]
            break
    _drop_empty(lines)
    while (mark := _sent_from(lines)) is not None:
        del lines[mark:]
        _drop_empty(lines)
    while lines and (not lines[-1].strip() or words.RULE.match(lines[-1][:WIDTH].strip())):
        lines.pop()
    return lines


def _sent_from(lines: list[str]) -> int | None:
    """Where "Sent from my phone" stands among the last lines."""
    for position in range(max(0, len(lines) - 4), len(lines)):
        head = lines[position][:WIDTH].strip()
        if head and words.is_sent_from(head):
            return position
    return None


def _drop_empty(lines: list[str]) -> None:
    while lines and not lines[-1].strip():
        lines.pop()
