"""Header fields: found within bounds, decoded without ever raising (SECURITY.md C3, C4).

Own code rather than ``email.policy.default``, which takes seconds to hours on hostile fields and raises
almost anything while they are read. RFC 5322 section 2.2 for fields, RFC 2047 for encoded words, RFC 2045
section 5.1 and RFC 2231 for parameters; what is seen in practice beside them is marked so.
"""

from __future__ import annotations

import binascii
import re
from typing import Final

from bot.mail.charsets import clean, decode

BLOCK_LIMIT: Final = 65_536
FIELD_LIMIT: Final = 500
VALUE_LIMIT: Final = 8_192
PARAMETER_LIMIT: Final = 64

_FIELD: Final = re.compile(rb"([!-9;-~]{1,200})[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)\n?")
_EMPTY_LINE: Final = re.compile(rb"\r*\n")
_READ: Final = frozenset(
    {"from", "to", "cc", "subject", "date", "message-id", "in-reply-to", "references", "content-type"}
)
"""Fields whose loss is worth a word; of others, programs write very long ones every day."""
_END_OF_BLOCK: Final = re.compile(rb"\n\r*\n")
_BAD_LINE: Final = re.compile(rb"[^\n]*\n?")
_KNOWN: Final = re.compile(
    rb"(?:from|to|cc|bcc|subject|date|message-id|in-reply-to|references|reply-to|sender|received|return-path|"
    rb"mime-version|content-[a-z-]+|delivered-to|dkim-signature|x-[a-z0-9-]+)[ \t]*:",
    re.IGNORECASE,
)
_DROPPED: Final = bytes(octet for octet in range(32) if octet != 9) + b"\x7f"
"""Line ends, which are folds inside a field, and the controls that no field may hold."""
_WORD: Final = re.compile(r"=\?([^?\s*]{1,60})(?:\*[^?\s]{0,30})?\?([bBqQ])\?")
_CONTROLS: Final = re.compile("[\x00-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]+")
_PERCENT: Final = re.compile(rb"%([0-9A-Fa-f]{2})")
_NOT_BASE64: Final = re.compile(rb"[^A-Za-z0-9+/]")


class Fields:
    """The header fields of one entity, by lower-case name, in their order."""

    __slots__ = ("_values", "count", "cut")

    def __init__(self) -> None:
        self._values: dict[str, list[bytes]] = {}
        self.count = 0
        self.cut = ""
        """What was left out, in words, or empty."""

    def add(self, name: str, value: bytes) -> None:
        """One more field; its value is cut at ``VALUE_LIMIT`` octets."""
        if len(value) > VALUE_LIMIT:
            # Of References the end is wanted: the mails that are answered stand there.
            value = value[-VALUE_LIMIT:] if name == "references" else value[:VALUE_LIMIT]
            if name in _READ:
                self.cut = self.cut or f"a {name} field of more than 8 kB"
        self._values.setdefault(name, []).append(value)
        self.count += 1

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def names(self) -> list[str]:
        return list(self._values)

    def number(self, name: str) -> int:
        """How many fields have this name."""
        return len(self._values.get(name, ()))

    def plain(self, name: str) -> str:
        """The first such field, unfolded; encoded words stay as they are. Empty when there is none."""
        values = self._values.get(name)
        return unfold(values[0]) if values else ""

    def all(self, name: str) -> list[str]:
        """Every such field, unfolded."""
        return [unfold(value) for value in self._values.get(name, ())]

    def text(self, name: str) -> str:
        """The first such field as one line for people."""
        return one_line(decode_words(self.plain(name)))


def read_fields(data: bytes, start: int, end: int) -> tuple[Fields, int]:
    """The fields of the header block that begins at ``start``, and where the body begins."""
    fields = Fields()
    limit = min(end, start + BLOCK_LIMIT)
    position = start
    match = _FIELD.match
    while position < limit:
        found = match(data, position, limit)
        if found is not None:
            name, value = found.groups()
            fields.add(name.decode("ascii").lower(), value)
            position = found.end()
            if fields.count >= FIELD_LIMIT:
                break
            continue
        if (empty := _EMPTY_LINE.match(data, position, end)) is not None:
            return fields, empty.end()
        after = _BAD_LINE.match(data, position, limit).end()  # type: ignore[union-attr]  # matches anything
        mbox = position == start and data.startswith((b"From ", b">From "), position)
        if not mbox and _KNOWN.match(data, after, limit) is None and (after < limit or limit == end):
            return fields, position  # seen in practice: the empty line is missing
        position = after
    if position >= end:
        return fields, end
    fields.cut = (
        "more than 500 header fields" if fields.count >= FIELD_LIMIT else "a header block of more than 64 kB"
    )
    rest = _END_OF_BLOCK.search(data, position - 1, end)
    return fields, rest.end() if rest else end


def unfold(value: bytes) -> str:
    """RFC 5322 section 2.2.3; octets beyond ASCII are UTF-8 (RFC 6532) or, seen in practice, windows-1252."""
    value = value.translate(None, _DROPPED)
    text = value.decode("ascii") if value.isascii() else decode(value)
    return text.strip()


def one_line(text: str) -> str:
    """Control characters become one space, so that nothing encoded can start a line of its own."""
    return text if text.isprintable() else _CONTROLS.sub(" ", text).strip()


def decode_words(text: str) -> str:
    """Encoded words to text (RFC 2047). Linear, lenient; what cannot be decoded stays as it stands."""
    if "=?" not in text:
        return text
    out: list[str] = []
    position = 0
    charset, octets = "", bytearray()
    while (start := text.find("=?", position)) >= 0:
        head = _WORD.match(text, start)
        end = text.find("?=", head.end()) if head else -1
        gap = text[position:start]
        if head is None or end < 0:
            if octets:
                out.append(decode(bytes(octets), charset))
                octets.clear()
            out.append(text[position : start + 2])
            position = start + 2
            continue
        # Words of one charset are decoded together: seen in practice, a character split between two words.
        if octets and (gap.strip() or head[1].lower() != charset):
            out.append(decode(bytes(octets), charset))
            octets.clear()
            gap = gap if gap.strip() else ""
        elif octets:
            gap = ""
        if gap:
            out.append(gap)
        charset = head[1].lower()
        octets += _word_octets(head[2], text[head.end() : end])
        position = end + 2
    if octets:
        out.append(decode(bytes(octets), charset))
    out.append(text[position:])
    return clean("".join(out))


def _word_octets(encoding: str, payload: str) -> bytes:
    data = payload.encode("utf-8", "replace")
    if encoding in "qQ":
        return binascii.a2b_qp(data.replace(b"_", b" "), header=False)
    return decode_base64(data)


def decode_base64(data: bytes) -> bytes:
    """What base64 can be read; foreign characters are passed over, a missing end is made up."""
    try:
        return binascii.a2b_base64(data)
    except binascii.Error:
        letters = _NOT_BASE64.sub(b"", data)
        letters = letters[: -1 if len(letters) % 4 == 1 else None]
        return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))


def parameters(value: str) -> tuple[str, dict[str, str]]:
    """A value with parameters, as in Content-Type: the value in lower case, and the decoded parameters."""
    head, _, rest = value.partition(";")
    head = head.strip().lower()
    if " " in head:  # seen in practice: "text/plain charset=utf-8", without a semicolon
        head, _, missing = head.partition(" ")
        rest = f"{value[len(head) + 1 : len(head) + 1 + len(missing)]};{rest}" if "=" in missing else rest
    found: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[bool, str]]] = {}
    for name, text in _pairs(rest):
        if "*" in name:
            base, number, extended = _piece_name(name)
            pieces.setdefault(base, {}).setdefault(number, (extended, text))
        elif name not in found:
            found[name] = one_line(decode_words(text))
    for base, numbered in pieces.items():
        found[base] = one_line(_join_pieces(numbered))
    return head, found


def _pairs(text: str) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    position, length = 0, len(text)
    while position < length and len(pairs) < PARAMETER_LIMIT:
        equals = text.find("=", position)
        if equals < 0:
            break
        name = text[position:equals].rpartition(";")[2].strip().lower()
        start = equals + 1
        while start < length and text[start] in " \t":
            start += 1
        if start < length and text[start] == '"':
            end = _closing_quote(text, start)
            value = text[start + 1 : end]
            if "\\" in value:
                value = re.sub(r"\\(.)", r"\1", value)
            position = end + 1
        else:
            end = text.find(";", start)
            end = length if end < 0 else end
            value = text[start:end].strip()
            if " " in value and name in {"charset", "boundary", "format", "type"}:
                value, _, after = value.partition(" ")
                end = end - len(after) if "=" in after else end
            position = end
        if name:
            pairs.append((name, value))
    return pairs


def _closing_quote(text: str, start: int) -> int:
    """Where the quoted string that opens at ``start`` ends; seen in practice: unescaped quotes inside."""
    position = start
    first = -1
    while (position := text.find('"', position + 1)) >= 0:
        if text[position - 1] == "\\" and text[position - 2] != "\\":
            continue
        first = position if first < 0 else first
        if position + 1 == len(text) or text[position + 1] in "; \t":
            return position
    return first if first >= 0 else len(text)


def _piece_name(name: str) -> tuple[str, int, bool]:
    """ "filename*1*" -> ("filename", 1, True): RFC 2231 sections 3 and 4."""
    extended = name.endswith("*")
    base, _, number = name.rstrip("*").partition("*")
    return base, int(number) if number.isascii() and number.isdigit() and len(number) < 4 else 0, extended


def _join_pieces(numbered: dict[int, tuple[bool, str]]) -> str:
    charset = ""
    octets = bytearray()
    encoded = False
    for position, number in enumerate(sorted(numbered)):
        extended, text = numbered[number]
        if extended:
            encoded = True
            if position == 0 and text.count("'") >= 2:
                charset, _, text = text.split("'", 2)
            octets += _PERCENT.sub(lambda hexed: bytes((int(hexed[1], 16),)), text.encode("utf-8", "replace"))
        else:
            octets += text.encode("utf-8", "replace")
    text = decode(bytes(octets), charset)
    return text if encoded else decode_words(text)
