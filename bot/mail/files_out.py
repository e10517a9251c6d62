"""Files as they go out with a mail: each a part of its own, never shown inside the text (RFC 2183).

A name is a claim of whoever sent the file. It is made safe once more here, and written so that it can be
nothing but a name (SECURITY.md F1).
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

from bot.mail.attachments import safe_name
from bot.message import Attachment

_TYPE: Final = re.compile(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,60}")
_BARE_NAME: Final = re.compile(r"[A-Za-z0-9 ._()+,@!$&=-]{1,60}")
_OPAQUE: Final = "application/octet-stream"
_AT_ONCE: Final = 57 * 1024
"""Octets, in whole lines: a million lines at once would take five times the room."""
_PIECE: Final = 60
"""Octets of a name on one line."""


def file_part(file: Attachment, number: int) -> tuple[bytes, bytes]:
    """One file: its header and its content. ``number`` names a file without a name."""
    lines = [f"Content-Type: {_media_type(file.media_type)}", "Content-Disposition: attachment;"]
    parameters = list(_name(safe_name(file.name) or f"attachment-{number}"))
    lines += [f" {one};" for one in parameters[:-1]] + [f" {parameters[-1]}"]
    head = "\r\n".join((*lines, "Content-Transfer-Encoding: base64", "", ""))
    return head.encode("ascii"), base64_lines(file.content)


def base64_lines(octets: bytes) -> bytes:
    """Base64 in lines of 76 characters (RFC 2045, 6.8)."""
    return b"".join(_some_lines(octets[i : i + _AT_ONCE]) for i in range(0, len(octets), _AT_ONCE)) or b"\r\n"


def _some_lines(octets: bytes) -> bytes:
    encoded = b64encode(octets)
    return b"\r\n".join(encoded[i : i + 76] for i in range(0, len(encoded), 76)) + b"\r\n"


def _media_type(given: str) -> str:
    """What the sender says it is. A whole mail must not be in base64 (RFC 2046, 5.2.1), so it is a file as
    any other; so is what is no type."""
    given = given.lower()
    if not _TYPE.fullmatch(given) or given.startswith(("multipart/", "message/")):
        return _OPAQUE
    return given


def _name(name: str) -> Iterator[str]:
    """The parameter of the name: as it is when it is plain, else by RFC 2231, 3 and 4, in short pieces."""
    if _BARE_NAME.fullmatch(name):
        yield f'filename="{name}"'
        return
    encoded = quote(name, safe="")
    if len(encoded) <= _PIECE:
        yield f"filename*=utf-8''{encoded}"
        return
    start = number = 0
    while start < len(encoded):
        end = start + _PIECE
        end -= next((back for back in (1, 2) if encoded[end - back : end - back + 1] == "%"), 0)
        charset = "" if number else "utf-8''"
        yield f"filename*{number}*={charset}{encoded[start:end]}"
        start, number = end, number + 1
