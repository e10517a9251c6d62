"""Files written as uuencoded lines, in a transfer encoding or in the middle of a text: older than MIME, still seen."""

from __future__ import annotations

import binascii
import re
from typing import Final

_BEGIN: Final = re.compile(r"^begin [0-7]{3,4} ([^\r\n]{1,200})$", re.MULTILINE)
_LINE: Final = re.compile(r"[ -`]{1,90}\Z")
FILE_LIMIT: Final = 50


def decode(data: bytes) -> bytes:
    """The file between "begin" and "end"; damaged lines are passed over. Never raises."""
    out = bytearray()
    begun = False
    for line in data.replace(b"\r", b"").split(b"\n"):
        if not begun:
            begun = line.startswith(b"begin ")
        elif line.startswith(b"end") and len(line) < 5:
            break
        elif line:
            out += _line(line)
    return bytes(out)


def _line(line: bytes) -> bytes:
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        pass
    # Seen in practice: rubbish behind the end of a line; its first character tells the length.
    length = (((line[0] - 32) & 63) * 4 + 5) // 3
    try:
        return binascii.a2b_uu(line[:length])
    except binascii.Error:
        return b""


def take_out(text: str) -> tuple[str, list[tuple[str, bytes]]]:
    """The text without the files written into it, and these with their names."""
    files: list[tuple[str, bytes]] = []
    kept: list[str] = []
    position = 0
    while len(files) < FILE_LIMIT and (begin := _BEGIN.search(text, position)):
        end = _end(text, begin.end() + 1)
        if end is None:
            kept.append(text[position : begin.end()])
            position = begin.end()
            continue
        kept.append(text[position : begin.start()])
        files.append((begin[1], decode(text[begin.start() : end].encode("ascii", "replace"))))
        position = end
    kept.append(text[position:])
    return "".join(kept), files


def _end(text: str, position: int) -> int | None:
    """Behind the "end" line of the file whose lines begin here; None when they are none."""
    while (line_end := text.find("\n", position)) >= 0:
        line = text[position:line_end].rstrip("\r")
        if line == "end":
            return line_end + 1
        if not _LINE.match(line):
            return None
        position = line_end + 1
    return len(text) if text[position:].strip() == "end" else None
