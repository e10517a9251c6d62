"""How large a picture is, read from the first octets of its file. Pure; nothing is ever decoded.

PNG (RFC 2083, and the chunk of animated ones), JPEG (ITU T.81, annex B), WebP (RFC 9649).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

_HEADER: Final = 1024 * 1024
"""Octets in which the size must stand: JPEG may have a small picture, colours and places before it."""
_MOST_STEPS: Final = 1_000
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""JPEG's markers behind which width and height stand."""
_BARE: Final = frozenset({0x01, *range(0xD0, 0xD9)})
"""JPEG's markers that nothing belongs to."""
_ENDS: Final = frozenset({0xD9, 0xDA})


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture, as its file says. Sizes are pixels."""

    kind: str
    """"png", "jpeg" or "webp"."""
    width: int
    height: int
    moves: bool = False
    """Whether it has several frames."""


def look(content: bytes) -> Picture | None:
    """What kind of picture a file is, whatever its name says; None: none that is known here, or a broken one."""
    head = content[:_HEADER]
    try:
        if head.startswith(_PNG):
            return _png(head)
        if head.startswith(b"\xff\xd8\xff"):
            return _jpeg(head)
        if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
            return _webp(head)
    except (struct.error, IndexError):
        pass  # it ends too early
    return None


def _png(head: bytes) -> Picture | None:
    if head[12:16] != b"IHDR":
        return None
    width, height = struct.unpack_from(">II", head, 16)
    at = 8
    for _ in range(_MOST_STEPS):
        length, name = struct.unpack_from(">I4s", head, at)
        if name in {b"acTL", b"IDAT"}:
            return Picture("png", width, height, moves=name == b"acTL")
        at += 12 + length
    return None


def _jpeg(head: bytes) -> Picture | None:
    at = 2
    for _ in range(_MOST_STEPS):
        if head[at] != 0xFF:
            return None
        marker = head[at + 1]
        if marker == 0xFF:  # filling
            at += 1
        elif marker in _BARE:
            at += 2
        elif marker in _FRAMES:
            height, width = struct.unpack_from(">HH", head, at + 5)
            return Picture("jpeg", width, height)
        elif marker in _ENDS or (length := struct.unpack_from(">H", head, at + 2)[0]) < 2:
            return None
        else:
            at += 2 + length
    return None


def _webp(head: bytes) -> Picture | None:
    kind = head[12:16]
    if kind == b"VP8X":
        width = int.from_bytes(head[24:27], "little") + 1
        height = int.from_bytes(head[27:30], "little") + 1
        return Picture("webp", width, height, moves=bool(head[20] & 2)) if len(head) >= 30 else None
    if kind == b"VP8L" and head[20] == 0x2F:
        (bits,) = struct.unpack_from("<I", head, 21)
        return Picture("webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if kind == b"VP8 " and head[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", head, 26)
        return Picture("webp", width & 0x3FFF, height & 0x3FFF)
    return None
