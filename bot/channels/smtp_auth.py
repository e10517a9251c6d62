"""Passwords of SMTP AUTH: hashing, checking, and the patience that guessing them meets."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
from dataclasses import dataclass
from typing import Final

_N, _R, _P = 2**14, 8, 1
_MAX_MEMORY: Final = 64 * 1024 * 1024
MAX_PASSWORD: Final = 1024

FREE_FAILURES: Final = 3
"""Wrong passwords that bring no waiting yet."""
LONGEST_PAUSE: Final = 900.0
"""Seconds."""
FORGET_AFTER: Final = 3600.0
"""Seconds without a failure after which all is forgiven."""
MAX_REMEMBERED: Final = 10_000


def hash_password(password: str, salt: bytes | None = None) -> str:
    """A password as the configuration keeps it: ``scrypt$N$r$p$salt$hash`` (RFC 7914)."""
    salt = os.urandom(16) if salt is None else salt
    made = _scrypt(password.encode(), salt, _N, _R, _P)
    return f"scrypt${_N}${_R}${_P}${_text(salt)}${_text(made)}"


def verify_password(password: str, hashed: str) -> bool:
    """Whether the password is the one that was hashed, in a time that tells nothing. Takes about 50 ms of CPU.

    Raises ``ValueError`` when ``hashed`` was not made by ``hash_password``.
    """
    n, r, p, salt, wanted = read_hash(hashed)
    return hmac.compare_digest(_scrypt(password.encode("utf-8", "surrogatepass"), salt, n, r, p), wanted)


def read_hash(hashed: str) -> tuple[int, int, int, bytes, bytes]:
    """The parts of a hash. Raises ``ValueError`` when it is none, or would take more memory than 64 MB."""
    scheme, n, r, p, salt, wanted = hashed.split("$")
    numbers = int(n), int(r), int(p)
    if scheme != "scrypt" or 128 * numbers[0] * numbers[1] > _MAX_MEMORY // 2 or not 0 < numbers[2] <= 16:
        raise ValueError("not a scrypt hash that can be used")
    parts = base64.b64decode(salt, validate=True), base64.b64decode(wanted, validate=True)
    if len(parts[1]) != 32 or len(parts[0]) < 8:
        raise ValueError("not a scrypt hash that can be used")
    return *numbers, *parts


DUMMY: Final = f"scrypt${_N}${_R}${_P}${base64.b64encode(b'no such account!').decode()}${'A' * 43}="
"""Checked when the account does not exist, so that this takes as long as when it does."""


def decode(blob: str) -> str | None:
    """A Base64 answer of the client; None when it is none."""
    try:
        return base64.b64decode(blob.encode("ascii"), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeError):
        return None


def split_plain(answer: str) -> tuple[str, str] | None:
    """Name and password in an answer of the PLAIN mechanism (RFC 4616); None when it is malformed.

    An authorisation identity is allowed only when it is the name itself: nobody acts for others here.
    """
    parts = answer.split("\0")
    if len(parts) != 3 or not parts[1] or parts[0] not in ("", parts[1]) or len(parts[2]) > MAX_PASSWORD:
        return None
    return parts[1], parts[2]


@dataclass(slots=True)
class _Record:
    failures: int
    last: float


class Patience:
    """How long a peer, or an account, has to wait after wrong passwords: twice as long each time."""

    def __init__(self) -> None:
        self._records: dict[str, _Record] = {}

    def pause(self, who: str, now: float) -> float:
        """Seconds that ``who`` still has to wait."""
        record = self._records.get(who)
        if record is None or record.failures < FREE_FAILURES:
            return 0.0
        pause = min(2.0 ** min(record.failures - FREE_FAILURES, 30), LONGEST_PAUSE)
        return max(0.0, record.last + pause - now)

    def failed(self, who: str, now: float) -> None:
        """A wrong password."""
        record = self._records.pop(who, None)
        failures = record.failures if record is not None and now - record.last < FORGET_AFTER else 0
        self._records[who] = _Record(failures + 1, now)
        if len(self._records) > MAX_REMEMBERED:
            del self._records[next(iter(self._records))]

    def succeeded(self, who: str) -> None:
        """The right password."""
        self._records.pop(who, None)


def _scrypt(password: bytes, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(password, salt=salt, n=n, r=r, p=p, maxmem=_MAX_MEMORY, dklen=32)


def _text(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")
