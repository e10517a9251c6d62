"""A small mail that stands for one that is not taken: its header, and a note for the agent (B8, B9)."""

from __future__ import annotations

import re
from typing import Final

_LONGEST_HEAD: Final = 49_152
_BODY_FIELDS: Final = re.compile(
    rb"^(?:content-[!-9;-~]*|mime-version)[ \t]*:[^\n]*\n(?:[ \t][^\n]*\n)*", re.IGNORECASE | re.MULTILINE
)


def stub(head: bytes, note: str) -> bytes:
    """``head`` without what it says of a body that is not here, and ``note`` as the text. The same for the same
    mail always, so that its key is as well."""
    lines = head.replace(b"\r\n", b"\n").replace(b"\r", b"\n")[:_LONGEST_HEAD]
    lines = lines.partition(b"\n\n")[0].rstrip(b"\n") + b"\n"
    kept = _BODY_FIELDS.sub(b"", lines)
    if not kept.strip():
        kept = b""
    said = b"MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
    return (kept + said + note.encode("utf-8") + b"\n").replace(b"\n", b"\r\n")


def too_large(size: int, most: int, mailbox: str, folder: str) -> str:
    """What the ticket of a mail says that was not fetched because of its size."""
    return (
        f"[This mail has {_mega(size)}, more than the {_mega(most)} that are taken, so it was left in the mailbox. "
        f"It is in the folder {folder} of {mailbox}.]"
    )


def unreadable(mailbox: str, folder: str) -> str:
    """What the ticket of a mail says that could not be taken three times."""
    return (
        "[This mail could not be read, three times over, so it was set aside. "
        f"It is in the folder {folder} of {mailbox}.]"
    )


def _mega(octets: int) -> str:
    return f"{octets / 1_000_000:.1f} MB"
