"""Whether a call is one that Telegram would take: the published definitions, and the limits in its manual."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from html import unescape
from pathlib import Path
from typing import Any, Final

SPECS: Final = Path(
    os.environ.get("DESKBOT_SPECS") or Path(__file__).resolve().parents[4] / "shared" / "specs"
)
"""Where the machine-readable definitions lie, when they are there."""
_NAMED: Final = {
    "Integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "Float": lambda v: isinstance(v, int | float) and not isinstance(v, bool),
    "String": lambda v: isinstance(v, str),
    "Boolean": lambda v: isinstance(v, bool),
    "True": lambda v: v is True,
    "InputFile": lambda v: isinstance(v, bytes | str),
}
_TAGS: Final = {"b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "a", "code", "pre", "blockquote"}
_TAG: Final = re.compile(r"<(/?)([a-z-]+)([^<>]*)>")


@lru_cache(maxsize=1)
def definitions() -> dict[str, Any] | None:
    """The definitions of the Bot API; None: they are not here."""
    path = SPECS / "telegram_bot_api.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def faults_of(method: str, values: Mapping[str, Any]) -> list[str]:
    """What is wrong with a call by the definitions."""
    known = definitions()
    if known is None:
        return []
    found = known["methods"].get(method)
    return ["there is no such method"] if found is None else list(_fields(values, found.get("fields", [])))


def update_faults(update: Mapping[str, Any]) -> list[str]:
    """What is wrong with an update that a test makes up."""
    known = definitions()
    return list(_fields(update, known["types"]["Update"]["fields"])) if known else []


def _fields(values: Mapping[str, Any], fields: list[dict[str, Any]]) -> Iterator[str]:
    named = {field["name"]: field for field in fields}
    for name, value in values.items():
        if name not in named:
            yield f"unknown field {name}"
        elif not any(_is(value, kind) for kind in named[name]["types"]):
            yield f"{name} is no {named[name]['types']}: {str(value)[:80]}"
    yield from (
        f"{field['name']} is missing" for field in fields if field["required"] and field["name"] not in values
    )


def _is(value: Any, kind: str) -> bool:
    if kind.startswith("Array of "):
        return isinstance(value, list) and all(_is(one, kind[9:]) for one in value)
    if kind in _NAMED:
        return _NAMED[kind](value)
    known = definitions()
    found = known["types"].get(kind) if known else None
    if found is None:
        return True
    if found.get("subtypes"):
        return any(_is(value, one) for one in found["subtypes"])
    return isinstance(value, dict) and not list(_fields(value, found.get("fields", [])))


def units(text: str) -> int:
    """The length that Telegram counts."""
    return len(text.encode("utf-16-le")) // 2


def parse_fault(html: str) -> str:
    """Why Telegram could not read a text with markup; empty: it could."""
    opened: list[str] = []
    for found in _TAG.finditer(html):
        if found[2] not in _TAGS:
            return f'Unsupported start tag "{found[2]}"'
        if not found[1]:
            opened.append(found[2])
        elif not opened or opened.pop() != found[2]:
            return "Unmatched end tag"
    if opened:
        return f'Can\'t find end tag corresponding to start tag "{opened[-1]}"'
    rest = _TAG.sub("", html)
    return "Unexpected character" if "<" in rest or ">" in rest else ""


def photo_fault(content: bytes) -> str:
    """Why Telegram would not show a file as a photo; empty: it would. Of JPEG only the plainest is understood."""
    if len(content) > 10_000_000:
        return "too big for a photo"
    sizes = {
        content.startswith(b"\x89PNG"): (content[16:20], content[20:24], "big"),
        content.startswith(b"\xff\xd8\xff\xc0"): (content[9:11], content[7:9], "big"),
        content.startswith(b"RIFF") and content[12:16] == b"VP8 ": (content[26:28], content[28:30], "little"),
    }
    if True not in sizes:
        return "IMAGE_PROCESS_FAILED"
    wide, high, order = sizes[True]
    width, height = (int.from_bytes(one, "big" if order == "big" else "little") for one in (wide, high))
    short, long = min(width, height), max(width, height)
    return "PHOTO_INVALID_DIMENSIONS" if short < 1 or short + long > 10_000 or long > 20 * short else ""


def shown(html: str) -> str:
    """A text as people see it."""
    return unescape(_TAG.sub("", html))
