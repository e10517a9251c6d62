"""The files and the text inside a winmail.dat (TNEF, [MS-OXTNEF]), which Outlook sends when it takes everybody for Outlook.

A bounded reader of our own: the one library for it has had no release since 2021. TNEF is a flat list of
attributes without compression, so nothing that comes out is larger than what went in. The text in compressed
RTF is left out: beside it the mail itself nearly always has its words as plain text.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from struct import Struct
from typing import Final

from bot.mail.charsets import decode

FILE_LIMIT: Final = 100
ATTRIBUTE_LIMIT: Final = 5_000
PROPERTY_LIMIT: Final = 2_000
TEXT_LIMIT: Final = 1_000_000
"""Octets of its text that are read."""

_SIGNATURE: Final = b"\x78\x9f\x3e\x22"
_ATTRIBUTE: Final = Struct("<BHHI")
_WORD: Final = Struct("<I")
_KIND: Final = Struct("<HH")

_BODY, _FILE_BEGINS, _FILE_DATA, _FILE_TITLE = 0x800C, 0x9002, 0x800F, 0x8010
_FILE_PROPERTIES, _MESSAGE_PROPERTIES, _CODE_PAGE = 0x9005, 0x9003, 0x9007

_TEXT, _HTML, _LONG_NAME, _FILE_CONTENT = 0x1000, 0x1013, 0x3707, 0x3701
_STRING8, _UNICODE, _BINARY, _OBJECT = 0x1E, 0x1F, 0x102, 0x0D
_VARIABLE: Final = frozenset({_STRING8, _UNICODE, _BINARY, _OBJECT})
_WANTED: Final = frozenset({_TEXT, _HTML, _LONG_NAME, _FILE_CONTENT})
_SIZES: Final = {2: 4, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 0x0A: 4, 0x0B: 4, 0x14: 8, 0x40: 8, 0x48: 16, 1: 0}
"""Octets that a value of a fixed type takes."""


@dataclass(slots=True)
class Unpacked:
    """What stands in it."""

    text: str = ""
    files: list[tuple[str, bytes]] = field(default_factory=list)


@dataclass(slots=True)
class _File:
    title: str = ""
    long_name: str = ""
    content: bytes = b""


def unpack(data: bytes) -> Unpacked:
    """Read what can be read. Never raises; a broken end is left out."""
    if not data.startswith(_SIGNATURE):
        return Unpacked()
    charset = "cp1252"
    text = html = ""
    files: list[_File] = []
    for name, start, end in _attributes(data):
        if name == _CODE_PAGE and end - start >= 4:
            charset = f"cp{_WORD.unpack_from(data, start)[0]}"
        elif name == _BODY:
            text = text or decode(data[start : min(end, start + TEXT_LIMIT)], charset)
        elif name == _MESSAGE_PROPERTIES:
            found = _properties(data, start, end, charset)
            text = text or _as_text(found.get(_TEXT, b""), charset)
            html = html or _as_text(found.get(_HTML, b""), charset)
        elif name == _FILE_BEGINS:
            if len(files) >= FILE_LIMIT:
                break
            files.append(_File())
        elif files:
            _add(files[-1], name, data, start, end, charset)
    if not text.strip() and html.strip():
        from bot.mail.html_text import html_to_text

        text = html_to_text(html)
    named = [(file.long_name or file.title, file.content) for file in files if file.content]
    return Unpacked(text.replace("\r\n", "\n").strip("\0"), named)


def _attributes(data: bytes) -> list[tuple[int, int, int]]:
    """Name, start and end of each attribute that lies wholly inside."""
    found: list[tuple[int, int, int]] = []
    position = 6
    while position + _ATTRIBUTE.size + 2 <= len(data) and len(found) < ATTRIBUTE_LIMIT:
        level, name, _, length = _ATTRIBUTE.unpack_from(data, position)
        start = position + _ATTRIBUTE.size
        if level not in {1, 2} or start + length > len(data):
            break
        found.append((name, start, start + length))
        position = start + length + 2
    return found


def _add(file: _File, name: int, data: bytes, start: int, end: int, charset: str) -> None:
    if name == _FILE_DATA:
        file.content = data[start:end]
    elif name == _FILE_TITLE:
        file.title = decode(data[start : min(end, start + 1_000)], charset)
    elif name == _FILE_PROPERTIES:
        found = _properties(data, start, end, charset)
        if _LONG_NAME in found:
            file.long_name = found[_LONG_NAME][:2_000].decode("utf-8", "replace")
        file.content = file.content or found.get(_FILE_CONTENT, b"")


class _EndError(Exception):
    """A length points behind the end."""


class _Cursor:
    """Reads forward within the octets of one attribute."""

    def __init__(self, data: bytes, position: int, end: int) -> None:
        self._data = data
        self._position = position
        self._end = end

    def skip(self, octets: int) -> int:
        """Step over these octets; returns where they begin."""
        start = self._position
        if octets > self._end - start:
            raise _EndError
        self._position = start + octets
        return start

    def word(self) -> int:
        return int(_WORD.unpack_from(self._data, self.skip(4))[0])

    def kind(self) -> tuple[int, int]:
        kind, name = _KIND.unpack_from(self._data, self.skip(4))
        return kind, name


def _properties(data: bytes, start: int, end: int, charset: str) -> dict[int, bytes]:
    """The first value of each MAPI property that is wanted; strings as UTF-8."""
    found: dict[int, bytes] = {}
    cursor = _Cursor(data, start, end)
    try:
        for _ in range(min(cursor.word(), PROPERTY_LIMIT)):
            kind, name = cursor.kind()
            if name >= 0x8000:
                _skip_name(cursor)
            value = _first_value(data, cursor, kind)
            if name in _WANTED:
                found.setdefault(name, _as_octets(value, kind & 0xFFF, charset))
    except _EndError:
        pass
    return found


def _skip_name(cursor: _Cursor) -> None:
    """The name of a named property: a GUID, then a number or a string."""
    cursor.skip(16)
    is_string = cursor.word() == 1
    length = cursor.word()
    if is_string:
        cursor.skip(_padded(length))


def _first_value(data: bytes, cursor: _Cursor, kind: int) -> bytes:
    """Step over all values of a property; returns the first when its size is variable, else nothing."""
    base, many = kind & 0xFFF, bool(kind & 0x1000)
    if base not in _VARIABLE:
        if base not in _SIZES:
            raise _EndError
        cursor.skip(_SIZES[base] * (cursor.word() if many else 1))
        return b""
    first = b""
    for number in range(min(cursor.word(), PROPERTY_LIMIT)):
        length = cursor.word()
        start = cursor.skip(_padded(length))
        if number == 0:
            first = data[start + (16 if base == _OBJECT else 0) : start + length]
    return first


def _as_octets(value: bytes, base: int, charset: str) -> bytes:
    if base == _UNICODE:
        return decode(value[: 2 * TEXT_LIMIT], "utf-16-le").rstrip("\0").encode("utf-8", "replace")
    if base == _STRING8:
        return decode(value[:TEXT_LIMIT], charset).rstrip("\0").encode("utf-8", "replace")
    return value


def _padded(length: int) -> int:
    return (length + 3) & ~3


def _as_text(octets: bytes, charset: str) -> str:
    return decode(octets[:TEXT_LIMIT], "utf-8" if _is_utf8(octets) else charset)


def _is_utf8(octets: bytes) -> bool:
    try:
        octets[:TEXT_LIMIT].decode("utf-8")
    except UnicodeError:
        return False
    return True
