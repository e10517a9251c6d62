"""The mail after DATA: taken in whatever pieces the network brings, within its budgets while it arrives.

Only CR LF dot CR LF ends it (RFC 5321, section 4.1.1.4). A dot between bare line feeds or bare carriage
returns is text: a server that took it for the end could be told a second mail that nobody has looked at
(SMTP smuggling, CVE-2023-51764 and its kin). Lines may be as long as the mail.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

END: Final = b"\r\n.\r\n"
LONGEST_LINE_OVER_LIMIT: Final = 65_536
"""Octets without a line end, once the limit is passed, after which nobody can be meant to be served."""


class Verdict(Enum):
    """What became of the octets."""

    ARRIVING = auto()
    WHOLE = auto()
    TOO_BIG = auto()
    """The end has come, but too much before it: nothing was kept."""
    NO_MEMORY = auto()
    """The end has come, but others' mails were in the way: nothing was kept."""
    FLOOD = auto()
    """Far too much, and no end: the connection is to be cut."""


class Memory:
    """Octets of mails that are arriving at this moment, at all connections together."""

    def __init__(self, most: int) -> None:
        self.held = 0
        self.most = most


class Body:
    """Takes octets until the final dot. Holds at most ``max_size`` of them and one network block."""

    def __init__(self, max_size: int, memory: Memory) -> None:
        self.verdict = Verdict.ARRIVING
        self.received = 0
        """Octets so far, kept or not: for the clock."""
        self._max_size = max_size
        self._max_lines = max(400_000, max_size // 64)
        self._lines = 0
        self._octets = bytearray(b"\r\n")  # the line before: a mail may end with its first line
        self._open_line = 0
        self._memory = memory
        self._held = 0
        self._over: Verdict | None = None

    def feed(self, block: bytes) -> bytes:
        """Take a block; returns what lies behind the end of the mail, if the end was in it."""
        octets = self._octets
        before = len(octets)
        octets += block
        self.received += len(block)
        end = octets.find(END, max(0, before - len(END) + 1))
        if end >= 0:
            rest = bytes(octets[end + len(END) :])
            del octets[end + 2 :]
            self._count(before)
            self.verdict = self._over or Verdict.WHOLE
            return rest
        self._count(before)
        if self._over is not None:
            self._let_go(len(block))
        return b""

    def content(self) -> bytes:
        """The mail as it was before its dots were doubled (RFC 5321, section 4.5.2). Call it once."""
        content = bytes(memoryview(self._octets)[2:])
        if self._octets.startswith(b"\r\n."):
            content = content[1:]
        self._octets = bytearray()
        return content.replace(b"\r\n.", b"\r\n") if b"\r\n." in content else content

    def release(self) -> None:
        """The mail is stored, or given up: its memory is free for others."""
        self._memory.held -= self._held
        self._held = 0

    def _count(self, before: int) -> None:
        fresh = len(self._octets) - before
        self._lines += self._octets.count(b"\n", before)
        self._held += fresh
        self._memory.held += fresh
        if len(self._octets) - 2 > self._max_size or self._lines > self._max_lines:
            self._over = Verdict.TOO_BIG
        elif self._memory.held > self._memory.most and self._over is None:
            self._over = Verdict.NO_MEMORY

    def _let_go(self, fresh: int) -> None:
        """Keep only what is needed to see the end, so that the client can be told instead of cut off."""
        at = self._octets.rfind(b"\n")
        self._open_line = len(self._octets) - at if at >= 0 else self._open_line + fresh
        if self._open_line > LONGEST_LINE_OVER_LIMIT or self.received > 2 * self._max_size:
            self.verdict = Verdict.FLOOD
        del self._octets[: -len(END) + 1]
        self.release()
