"""Signed references: how an answer finds its ticket, and nobody else's does.

A token names a ticket and, hashed, the one recipient to whom it was sent; its HMAC makes it impossible to
guess. It stands in our Message-ID, in Reply-To (``help+TOKEN@…``) and in the loop header. Letters are lower
case and digits only, because servers on the way may change the case of an address.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from typing import Final

_TOKEN: Final = re.compile(r"(?:^|\+|<)hd\.(\d{1,15})\.([a-z2-7]{6})([a-z2-7]{5})([a-z2-7]{26})(?=@|>|$)")
"""Short, because it must fit behind the desk's name into the 64 octets that a local part may have."""
_LONGEST: Final = 998
"""A line of mail has no more (RFC 5322, 2.1.1)."""


@dataclass(frozen=True, slots=True)
class Reference:
    """What a genuine token says."""

    ticket: int
    recipient_hash: str
    token: str = field(default="", compare=False)
    """The whole of it: one for each message."""


class References:
    """Makes and reads tokens with the desk's key."""

    def __init__(self, key: bytes) -> None:
        self._key = hashlib.blake2b(key, person=b"deskbot-ref", digest_size=32).digest()

    def issue(self, ticket: int, recipient: str) -> str:
        """A new token for a message about ``ticket`` to ``recipient`` (canonical address)."""
        nonce = base64.b32encode(secrets.token_bytes(4)).decode().lower()[:5]
        body = f"hd.{ticket}.{self._who(recipient)}{nonce}"
        return f"{body}{self._sign(body)}"

    def read(self, text: str) -> Reference | None:
        """The genuine token in a message id, an address or a header; None when there is none (D2)."""
        found = _TOKEN.search(text.lower()) if len(text) <= _LONGEST else None
        if found is None:
            return None
        ticket, who, nonce, signature = found.groups()
        if not hmac.compare_digest(self._sign(f"hd.{ticket}.{who}{nonce}"), signature):
            return None
        return Reference(int(ticket), who, f"hd.{ticket}.{who}{nonce}{signature}")

    def is_for(self, reference: Reference, address: str) -> bool:
        """Whether the token was sent to this canonical address (D3)."""
        return hmac.compare_digest(reference.recipient_hash, self._who(address))

    def blinded(self, text: str) -> str:
        """A name for ``text`` that tells nobody without the key what it was: 64 hexadecimal digits."""
        return hmac.digest(self._key, b"blind\0" + text.encode("utf-8", "replace"), "sha256").hex()

    def _who(self, address: str) -> str:
        return self._mac(b"who", address, 4)[:6]

    def _sign(self, body: str) -> str:
        return self._mac(b"sig", body, 16)

    def _mac(self, purpose: bytes, text: str, octets: int) -> str:
        digest = hmac.digest(self._key, purpose + b"\0" + text.encode("utf-8", "replace"), "sha256")
        return base64.b32encode(digest[:octets]).decode().rstrip("=").lower()
