"""What one message to Slack has room for (I9): blocks are joined, and the text is cut where a word ends and says so."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from bot.render.values import CUT

Block = dict[str, Any]

MOST_BLOCKS: Final = 45
"""Of a message's 50: the rest is for what is put around a text."""
ROOM: Final = 11_000
"""Characters of all blocks of a message as JSON; Slack refuses some 13,000 (I9)."""
LONGEST: Final = 3_000
"""Characters of one text."""


def chunks(text: str, most: int = LONGEST) -> Iterator[str]:
    """A text in pieces that are not too long, cut where a line or a word ends when there is such a place."""
    while len(text) > most:
        at = max(text.rfind("\n", most // 2, most), text.rfind(" ", most // 2, most)) + 1 or most
        yield text[:at]
        text = text[at:]
    if text:
        yield text


def length(value: Any) -> int:
    """Characters of something as JSON."""
    return len(json.dumps(value, ensure_ascii=False))


def fit(blocks: Sequence[Block], room: int = ROOM, most: int = MOST_BLOCKS) -> list[Block]:
    """As many blocks as there is room for; the last one is cut where a word ends, and says so."""
    kept: list[Block] = []
    for block in _fewer(blocks, most):
        room -= length(block) + 2
        if room >= 0:
            kept.append(block)
            continue
        if block["type"] == "rich_text" and (part := _cut(block, room + length(block))):
            kept.append(part)
        else:
            kept.append({"type": "rich_text", "elements": [_note()]})
        kept += [one for one in blocks if one["type"] == "actions" and one not in kept]
        break
    return kept


def is_cut(blocks: Sequence[Block]) -> bool:
    """Whether something was left out for want of room."""
    return any(block["type"] == "rich_text" and block["elements"][-1] == _note() for block in blocks)


def _note() -> Block:
    return {"type": "rich_text_section", "elements": [{"type": "text", "text": CUT.strip()}]}


def _fewer(blocks: Sequence[Block], most: int) -> list[Block]:
    """Neighbouring texts in one block, when there would be too many; an empty line stays between them."""
    if len(blocks) <= most:
        return list(blocks)
    joined: list[Block] = []
    for block in blocks:
        if joined and block["type"] == joined[-1]["type"] == "rich_text":
            space = {"type": "rich_text_section", "elements": [{"type": "text", "text": "\n"}]}
            joined[-1] = {
                "type": "rich_text",
                "elements": [*joined[-1]["elements"], space, *block["elements"]],
            }
        elif block["type"] != "divider":
            joined.append(block)
    return joined[:most]


def _cut(block: Block, room: int) -> Block | None:
    """The beginning of a text, with the mark that says that it goes on; None: not even that has room."""
    room -= length({"type": "rich_text", "elements": [_note()]})
    elements: list[Block] = []
    for element in block["elements"]:
        if (size := length(element) + 2) <= room:
            elements.append(element)
            room -= size
            continue
        if element["type"] != "rich_text_list" and (runs := _cut_runs(element["elements"], room - 60)):
            elements.append({**element, "elements": runs})
        elif element["type"] == "rich_text_list" and (items := _cut_items(element["elements"], room - 90)):
            elements.append({**element, "elements": items})
        break
    return {"type": "rich_text", "elements": [*elements, _note()]} if elements else None


def _cut_items(items: Sequence[Block], room: int) -> list[Block]:
    kept = []
    for item in items:
        room -= length(item) + 2
        if room < 0:
            break
        kept.append(item)
    return kept


def _cut_runs(runs: Sequence[Block], room: int) -> list[Block]:
    kept: list[Block] = []
    for run in runs:
        size = length(run) + 2
        if size <= room:
            kept.append(run)
            room -= size
            continue
        left = room - length({**run, "text": ""}) - 2
        if run["type"] == "text" and left > 40:
            # A character may be two in JSON, a line's end or a quotation mark, so the piece is found by trying.
            piece = next(chunks(run["text"], left))
            while piece and length({**run, "text": piece}) + 2 > room:
                piece = piece[: len(piece) * 3 // 4]
            if piece.strip():
                kept.append({**run, "text": piece.rstrip()})
        break
    return kept


def with_buttons(blocks: Sequence[Block], actions: Sequence[Block]) -> list[Block]:
    """The answers where the text has a place for them, else below it and above the small print."""
    there = [place for place, block in enumerate(blocks) if block["type"] == "actions"]
    if there:
        at, blocks = there[0], [block for block in blocks if block["type"] != "actions"]
    else:
        small = [place for place, block in enumerate(blocks) if block["type"] == "context"]
        at = small[0] if small else len(blocks)
    return [*blocks[:at], *actions, *blocks[at:]]
