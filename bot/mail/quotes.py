"""What a person wrote this time: the text without quotes and signature.

Reads lines, never the whole text by one expression; each line is looked at a fixed number of times and only
its first characters, so time is linear (SECURITY.md C14). Only a beginning of ``LINE_LIMIT`` lines is looked
at: a quote that begins later stays. When in doubt the words stay: losing what a person wrote is worse than
showing a quote, so a text that seems to be quote alone is returned whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.mail import quote_words as words
from bot.mail.answer_line import is_answer_line
from bot.mail.quote_signs import COPY, FORWARD, INTRO, QUOTE, WIDTH, first_sign
from bot.mail.signatures import strip_end

LINE_LIMIT: Final = 2_000
_INVISIBLE: Final = dict.fromkeys(
    [0x200B, 0x200E, 0x200F, 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a person wrote, and where the words of others begin."""

    text: str
    kind: str = ""
    """Of the first sign; empty when there is none."""
    start: int = -1
    """The first line of that sign."""
    end: int = -1
    """Its last line."""


def reply_text(text: str) -> str:
    """The visible reply; the whole text when nothing of it is certainly quoted."""
    return read_reply(text).text


def read_reply(text: str, *, passed_on: bool = False) -> Reply:
    """The visible reply and the first sign of other words.

    ``passed_on``: the subject says that a mail is forwarded, so what begins at the sign is that mail, and
    nothing of it is this person's. Without any word above it, the whole text is the reply: it was sent on
    purpose.
    """
    lines = text.split("\n")
    if len(lines) > LINE_LIMIT:
        lines = [*lines[:LINE_LIMIT], "\n".join(lines[LINE_LIMIT:])]
    heads = [line[:WIDTH].strip() for line in lines]
    if not text.isascii():
        heads = [head if head.isascii() else head.translate(_INVISIBLE).strip() for head in heads]
    kind, start, end = first_sign(heads)
    ours = next((position for position, head in enumerate(heads) if is_answer_line(head)), None)
    if ours is not None:
        return Reply(
            _around_ours(lines, heads, ours), kind or QUOTE, start if kind else ours, end if kind else ours
        )
    reply = strip_end(_own_lines(lines, heads, kind, start, end, passed_on=passed_on))
    while reply and not reply[0].strip():
        reply.pop(0)
    found = "\n".join(reply).rstrip()
    if not found and (kind == FORWARD or passed_on or not _is_quote_alone(lines)):
        found = text.strip()
    return Reply(found, kind, start, end)


def _around_ours(lines: list[str], heads: list[str], ours: int) -> str:
    """What an agent wrote in answer to a notification, whose first line is at ``ours``; empty when nothing.

    Nothing of the notification may go out with it, so it is never kept for context. Where it is marked as a
    quote, what stands below or between is the agent's; where it is not, only what stands above.
    """
    above = strip_end(_above(lines, heads, _beginning_of_ours(heads, ours)))
    below: list[str] = []
    if heads[ours].startswith(">"):
        rest = range(ours, len(lines))
        below = [lines[i] for i in rest if not heads[i].startswith(">") and not _is_wrapped(heads, i)]
    return "\n".join((*above, "", *strip_end(below))).strip()


def _beginning_of_ours(heads: list[str], ours: int) -> int:
    """Where the mail program begins to say whose words follow: "On Monday, Help desk wrote:"."""
    at = 0
    while at < ours:
        kind, start, end = first_sign(heads[at:])
        if not kind or at + start >= ours:
            break
        between = heads[at + end + 1 : ours]
        if kind in {COPY, FORWARD, QUOTE} or not any(head.strip("> ") for head in between):
            return at + start
        at += end + 1
    return ours


def _own_lines(
    lines: list[str], heads: list[str], kind: str, start: int, end: int, *, passed_on: bool
) -> list[str]:
    if not kind:
        return lines
    if kind == FORWARD or (passed_on and kind in {COPY, INTRO}):
        return _above(lines, heads, start)
    if kind == COPY:
        return _unless_answered_within(lines, _above(lines, heads, start))
    return _after_intro(lines, heads, start, end)


def _is_quote_alone(lines: list[str]) -> bool:
    """Whether nothing but marked quotes and their introduction stands here: then nobody wrote anything."""
    plain = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith(">")]
    return len(plain) <= 1 and (not plain or words.is_opening(plain[0]))


def _after_intro(lines: list[str], heads: list[str], start: int, end: int) -> list[str]:
    """``start`` to ``end`` say who wrote; decide what of the rest is quoted."""
    above = _above(lines, heads, start)
    rest = end + 1
    while rest < len(heads) and not heads[rest]:
        rest += 1
    if rest >= len(heads):
        return lines if rest - end > 3 or not above else above
    if mark := words.OTHER_MARK.match(heads[rest]):
        sign = mark[0]
        heads = [f">{head[len(sign) :]}" if head.startswith(sign) else head for head in heads]
    if not heads[rest].startswith(">"):
        if not words.is_certain(" ".join(heads[start : end + 1])):
            return lines
        # The program does not mark what it quotes; on top of all, nobody can tell whose the words below are.
        return _unless_answered_within(lines, above) or lines
    block = rest
    while block < len(heads) and (
        not heads[block] or heads[block].startswith(">") or _is_wrapped(heads, block)
    ):
        block += 1
    tail = strip_end(lines[block:])
    if not any(line.strip() for line in tail) or _only_footer(heads[block:]):
        return above
    if not any(head.startswith(">") for head in heads[block:]):
        return [*above, "", *tail] if end >= start else [*lines[:block], *tail] if above else tail
    return [*lines[:block], *_trailing_quotes_cut(tail)]  # answers between the quotes: both stay


def _unless_answered_within(lines: list[str], above: list[str]) -> list[str]:
    """The lines above an unmarked quote, or all lines when they say that answers stand inside it."""
    return lines if words.ANSWERS_WITHIN.search(" ".join(above)[:4_000]) else above


def _trailing_quotes_cut(lines: list[str]) -> list[str]:
    """Without the quoted block that ends the text, and what introduces it."""
    end = len(lines)
    while end and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith(">")):
        end -= 1
    if end and end < len(lines) and words.is_opening(lines[end - 1][:WIDTH].strip()):
        end -= 1
    return lines[:end]


def _is_wrapped(heads: list[str], position: int) -> bool:
    """One line between two quoted ones: a long quoted line that was broken on its way."""
    if position + 1 >= len(heads) or not heads[position + 1].startswith(">"):
        return False
    before = heads[position - 1]
    first_word = heads[position].split(" ", 1)[0]
    return (
        before.startswith(">")
        and len(before) + len(first_word) > 70
        and not before.endswith((".", "?", "!", ":"))
    )


def _only_footer(heads: list[str]) -> bool:
    """Whether nothing follows but the lines that a mailing list or a program adds."""
    shown = [head for head in heads if head]
    return bool(shown) and (
        words.RULE.match(shown[0]) is not None or words.SIGNATURE.match(shown[0]) is not None
    )


def _above(lines: list[str], heads: list[str], position: int) -> list[str]:
    """The lines above ``position`` without the rule that stands between."""
    inline = words.INLINE_INTRO.search(lines[position][:WIDTH])
    kept = lines[:position]
    if inline and inline.start() and lines[position][: inline.start()].strip():
        return [*kept, lines[position][: inline.start()]]
    while kept and (not heads[len(kept) - 1] or words.RULE.match(heads[len(kept) - 1])):
        kept.pop()
    return kept
