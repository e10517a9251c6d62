"""The parts of a mail: a linear, bounded reading of the MIME structure (RFC 2046), never recursive beyond 20.

Own code rather than ``email.parser``: measured on CPython 3.11.7, that one raises RecursionError at 1,000
levels (55 kB of mail) and takes 11 s and 374 MB for a million parts, before any limit can be looked at.
Here a boundary is searched for in the bytes, what is too deep or too many stays one opaque attachment, and
nothing is copied until a part's content is asked for.
"""

from __future__ import annotations

import binascii
import re
from typing import Final

from bot.mail import uuencode
from bot.mail.headers import Fields, decode_base64, parameters, read_fields

DEPTH_LIMIT: Final = 20
PART_LIMIT: Final = 500
SEARCH_LIMIT: Final = 20_000
"""How many places that look like a boundary are examined in one mail."""

_GUESSED_BOUNDARY: Final = re.compile(rb"(?:\A|\n)--([^\r\n]{1,200}?)[ \t]*\r*\n(?=Content-)", re.IGNORECASE)
_UUENCODED: Final = frozenset({"x-uuencode", "uuencode", "x-uue", "uue"})
_MESSAGE_TYPES: Final = frozenset({"message/rfc822", "message/global", "message/news"})


class Part:
    """One leaf: its header fields and where its octets lie."""

    __slots__ = (
        "_raw",
        "alternatives",
        "container",
        "disposition",
        "disposition_parameters",
        "end",
        "fields",
        "media_type",
        "parameters",
        "start",
    )

    def __init__(self, raw: bytes, fields: Fields, start: int, end: int, default: str) -> None:
        self._raw = raw
        self.fields = fields
        self.start = start
        self.end = end
        self.media_type, self.parameters = _media_type(fields, default)
        self.disposition, self.disposition_parameters = "", _NONE
        if "content-disposition" in fields:
            self.disposition, self.disposition_parameters = parameters(fields.plain("content-disposition"))
        self.container = ""
        """The media type of the multipart it stands in, or empty."""
        self.alternatives: tuple[tuple[int, int], ...] = ()
        """For each multipart/alternative around it, outermost first: which one, and which branch of it."""

    @property
    def filename(self) -> str:
        """The name that the sender gave it, as it stands: see ``attachments.safe_name``."""
        return self.disposition_parameters.get("filename") or self.parameters.get("name") or ""

    @property
    def charset(self) -> str:
        return self.parameters.get("charset", "")

    def octets(self, limit: int | None = None) -> bytes:
        """The octets as transferred, at most ``limit``."""
        return self._raw[self.start : self.end if limit is None else min(self.end, self.start + limit)]

    def content(self) -> bytes:
        """The octets after the transfer encoding is undone (RFC 2045 section 6). Never raises."""
        if "content-transfer-encoding" not in self.fields:
            return self.octets()
        encoding = self.fields.plain("content-transfer-encoding").strip(" \"';").lower()
        if encoding.startswith("base64"):
            return decode_base64(self.octets())
        if encoding.startswith("quoted"):
            return binascii.a2b_qp(self.octets())
        if encoding in _UUENCODED:
            return uuencode.decode(self.octets())
        return self.octets()


_NONE: Final[dict[str, str]] = {}


class Mail:
    """A mail taken apart: the header fields of its root and its leaves in order."""

    __slots__ = (
        "_boundaries_seen",
        "_groups",
        "fields",
        "leaves",
        "media_type",
        "oddities",
        "parameters",
        "raw",
    )

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.leaves: list[Part] = []
        self.oddities: list[str] = []
        self._groups = 0
        self._boundaries_seen = 0
        start = _first_line(raw)
        self.fields, body = read_fields(raw, start, len(raw))
        root = self._entity(self.fields, body, len(raw), 0, "text/plain", "", ())
        self.media_type = root.media_type
        self.parameters = root.parameters

    def odd(self, what: str) -> None:
        """Note something wrong, once."""
        if what not in self.oddities:
            self.oddities.append(what)

    def _entity(
        self,
        fields: Fields,
        start: int,
        end: int,
        depth: int,
        default: str,
        container: str,
        alternatives: tuple[tuple[int, int], ...],
    ) -> Part:
        if fields.cut:
            self.odd(fields.cut)
        part = Part(self.raw, fields, start, end, default)
        part.container = container
        part.alternatives = alternatives
        if part.media_type.startswith("multipart/"):
            if depth >= DEPTH_LIMIT:
                self.odd(f"more than {DEPTH_LIMIT} levels deep")
            elif children := self._children(part):
                self._descend(part, children, depth, alternatives)
                return part
            else:
                self.odd("a multipart without its boundary")
                part.media_type = "text/plain"
        self.leaves.append(part)
        return part

    def _descend(
        self,
        part: Part,
        children: list[tuple[int, int]],
        depth: int,
        alternatives: tuple[tuple[int, int], ...],
    ) -> None:
        default = "message/rfc822" if part.media_type == "multipart/digest" else "text/plain"
        group = 0
        if part.media_type == "multipart/alternative":
            self._groups += 1
            group = self._groups
        for branch, (start, end) in enumerate(children):
            if len(self.leaves) >= PART_LIMIT:
                self.odd(f"more than {PART_LIMIT} parts")
                return
            fields, body = read_fields(self.raw, start, end)
            around = (*alternatives, (group, branch)) if group else alternatives
            self._entity(fields, body, end, depth + 1, default, part.media_type, around)

    def _children(self, part: Part) -> list[tuple[int, int]]:
        boundary = part.parameters.get("boundary", "").encode("utf-8", "replace")[:200]
        found = self._split(boundary, part.start, part.end) if boundary else []
        if not found and (guess := _GUESSED_BOUNDARY.search(self.raw, part.start, part.end)):
            # Seen in practice: another boundary in the body than the header names.
            self.odd("a multipart whose header names another boundary")
            found = self._split(guess[1], part.start, part.end)
        return found

    def _split(self, boundary: bytes, start: int, end: int) -> list[tuple[int, int]]:
        """Where the parts between the delimiter lines of one multipart begin and end (RFC 2046 section 5.1.1)."""
        raw = self.raw
        delimiter = b"--" + boundary
        found: list[tuple[int, int]] = []
        position = start
        opened = -1
        while (at := raw.find(delimiter, position, end)) >= 0:
            self._boundaries_seen += 1
            if self._boundaries_seen > SEARCH_LIMIT or len(found) > PART_LIMIT:
                self.odd(f"more than {PART_LIMIT} parts")
                break
            position = at + len(delimiter)
            if at != start and raw[at - 1] not in b"\n\r":
                continue
            line_end = raw.find(b"\n", position, min(end, position + 400))
            if line_end < 0:
                line_end = min(end, position + 400)
            tail = raw[position:line_end].strip()
            if tail not in {b"", b"--"}:
                continue
            if opened >= 0:
                found.append((opened, max(opened, _before_line_end(raw, opened, at))))
            if tail == b"--":
                return found
            opened = min(line_end + 1, end)
            position = line_end
        if opened >= 0:
            found.append((opened, end))
        return found


def _before_line_end(raw: bytes, start: int, at: int) -> int:
    """The line end before a delimiter belongs to the delimiter."""
    if at > start and raw[at - 1] == 0x0A:
        at -= 1
    if at > start and raw[at - 1] == 0x0D:
        at -= 1
    return at


def _first_line(raw: bytes) -> int:
    """Seen in practice: a byte order mark or empty lines before the first header field."""
    start = 3 if raw.startswith(b"\xef\xbb\xbf") else 0
    while start < len(raw) and start < 100 and raw[start] in b"\r\n":
        start += 1
    return start


def _media_type(fields: Fields, default: str) -> tuple[str, dict[str, str]]:
    if "content-type" not in fields:
        return default, _NONE
    media_type, found = parameters(fields.plain("content-type"))
    if media_type.count("/") != 1 or media_type.startswith("/") or media_type.endswith("/"):
        media_type = "text/plain" if media_type in {"text", ""} else "application/octet-stream"
    return media_type[:100], found


def is_message(part: Part) -> bool:
    """Whether the part is itself a mail."""
    return part.media_type in _MESSAGE_TYPES
