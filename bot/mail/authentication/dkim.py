"""DKIM signatures (RFC 6376): which are worth a look, and whether they hold.

Which keys to ask for is read first, DNS is asked elsewhere, and a child process then verifies with dkimpy: no
child ever waits for the network. Measured on dkimpy 1.1.8, and kept from it here: its body canonicalisation
takes time with the square of a run of spaces and anew for each signature, its header parser keeps a list entry
for each line of the body, its number theory takes any modulus and exponent, it does not mind a signature that
leaves From out, and l= leaves the rest of a body to whoever passes it on.
"""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from bot.mail.authentication.names import aligned, domain_of
from bot.mail.headers import BLOCK_LIMIT, Fields

if TYPE_CHECKING:
    import dkim

SIGNATURE_LIMIT: Final = 5
"""Signatures verified in one mail: those that could count, from the top."""
LOOKED_AT: Final = 50
FIELD_LIMIT: Final = 4096
KEY_LIMIT: Final = 2048
MODULUS_LIMIT: Final = 4096
"""Bits. Longer keys exist to keep receivers busy (RFC 8301, section 3.2, wants up to 4096)."""
LEAST_BITS: Final = 1024
"""RFC 8301, section 3.2."""
_KEY_OCTETS: Final = MODULUS_LIMIT // 8 + 64

_TAG: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,15}\Z")
_SELECTOR: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,118}[A-Za-z0-9])?\Z")
_LONG_SPACE: Final = re.compile(rb"\s{40}")
_END: Final = re.compile(rb"\n\r?\n")
_NUMBER: Final = re.compile(r"[0-9]{1,12}\Z")


class Dkim(StrEnum):
    """What came of one signature."""

    PASS = "pass"
    FAIL = "fail"
    UNUSABLE = "unusable"
    """It says nothing: of a kind that is not read here, only in test, or only about a part of the body."""


@dataclass(frozen=True, slots=True)
class Signature:
    """One that could count for the sender: aligned with the domain in From."""

    index: int
    """Among the DKIM-Signature fields, from the top."""
    domain: str
    selector: str

    @property
    def key_name(self) -> str:
        """Where its key is in DNS (section 3.6.2.1)."""
        return f"{self.selector}._domainkey.{self.domain}"


@dataclass(frozen=True, slots=True)
class VerifyJob:
    """For ``verify_signatures``."""

    raw: bytes
    signatures: tuple[Signature, ...]
    keys: tuple[bytes, ...]
    """A key record for each signature; empty when there is none."""
    now: int
    """Seconds since 1970: when the mail arrived."""


def find_signatures(fields: Fields, domain: str) -> tuple[tuple[Signature, ...], bool]:
    """The signatures that could count for mail from ``domain``, and whether there may be more."""
    found: list[Signature] = []
    values = fields.all("dkim-signature")
    for index, value in enumerate(values[:LOOKED_AT]):
        tags = read_tags(value) if len(value) <= FIELD_LIMIT else {}
        signer, selector = domain_of(tags.get("d", "")), tags.get("s", "")
        if aligned(signer, domain) and _SELECTOR.match(selector):
            if len(found) == SIGNATURE_LIMIT:
                return tuple(found), True
            found.append(Signature(index, signer, selector.lower()))
    return tuple(found), len(values) > LOOKED_AT


def verify_signatures(job: VerifyJob) -> list[str]:
    """A ``Dkim`` for each signature of the job. A job for a child process; never raises."""
    import dkim  # 12 MB that most children never need

    head, body = _split(job.raw)
    try:
        message = dkim.DKIM(head, minkey=LEAST_BITS) if head else None
    except Exception:  # noqa: BLE001  (dkimpy raises what it happens to raise on a header block it cannot read)
        message = None
    if message is None or [name.lower() for name, _ in message.headers].count(b"from") != 1:
        return [Dkim.UNUSABLE] * len(job.signatures)
    digests: dict[bool, bytes] = {}
    return [
        _verify(message, body, signature, key, job.now, digests)
        for signature, key in zip(job.signatures, job.keys, strict=True)
    ]


def _verify(
    message: dkim.DKIM, body: bytes, signature: Signature, key: bytes, now: int, digests: dict[bool, bytes]
) -> Dkim:
    from hashlib import sha256  # 4 MB that most children never need

    own = [value for name, value in message.headers if name.lower() == b"dkim-signature"]
    if signature.index >= len(own) or len(own[signature.index]) > FIELD_LIMIT:
        return Dkim.UNUSABLE
    field = own[signature.index]
    tags = read_tags(field.decode("latin-1"))
    same = (
        domain_of(tags.get("d", "")) == signature.domain and tags.get("s", "").lower() == signature.selector
    )
    if _LONG_SPACE.search(field) or not same or "l" in tags:
        return Dkim.UNUSABLE  # dkimpy is slow on such white space; not the field that was meant; only a part
    if problem := _problem_of_field(tags, now) or _problem_of_key(tags, key):
        return problem
    relaxed = tags.get("c", "").partition("/")[2] == "relaxed"
    if relaxed not in digests:
        digests[relaxed] = b64encode(sha256(_canonical(body, relaxed=relaxed)).digest())
    if "".join(tags.get("bh", "").split()).encode() != digests[relaxed]:
        return Dkim.FAIL
    return Dkim.PASS if _holds(message, signature.index, key) else Dkim.FAIL


def _holds(message: dkim.DKIM, index: int, key: bytes) -> bool:
    """Whether the signature over the header fields holds; that over the body is looked at already, and left out
    here as dkimpy itself does for ARC seals, because it would do the work again for each signature."""
    try:
        tags, names, fields = message.verify_headerprep(index)
        del tags[b"bh"]
        return bool(message.verify_sig(tags, names, fields[index], lambda _name, timeout=0: key))  # noqa: ARG005 (dkimpy's)
    except Exception:  # noqa: BLE001  (dkimpy raises what it happens to raise; of what cannot be read the answer is no)
        return False


def _problem_of_field(tags: dict[str, str], now: int) -> Dkim | None:
    """What can be said of a signature without its key."""
    signed = [name.strip().lower() for name in tags.get("h", "").split(":")]
    expires = tags.get("x", "")
    if tags.get("a") == "rsa-sha1" or "from" not in signed:
        return Dkim.FAIL  # RFC 8301 section 3.1; RFC 6376 section 5.4, where dkimpy does not look
    if expires and (not _NUMBER.match(expires) or int(expires) < now):
        return Dkim.FAIL
    return Dkim.UNUSABLE if tags.get("a") != "rsa-sha256" else None


def _problem_of_key(tags: dict[str, str], key: bytes) -> Dkim | None:
    """What can be said of a key record without its arithmetic (section 3.6.1)."""
    record = read_tags(key.decode("latin-1")) if len(key) <= KEY_LIMIT else {}
    number = record.get("p", "")
    flags = record.get("t", "").replace(" ", "").split(":")
    hashes = record.get("h", "sha256").replace(" ", "").split(":")
    identity = tags.get("i", "").rpartition("@")[2] or tags["d"]
    if not number or "sha256" not in hashes:
        return Dkim.FAIL  # none, withdrawn, or not for this
    if "s" in flags and identity.lower() != tags["d"].lower():
        return Dkim.FAIL
    unusable = "y" in flags or record.get("k", "rsa") != "rsa" or len(number) > _KEY_OCTETS * 4 // 3
    return Dkim.UNUSABLE if unusable else None


def read_tags(text: str) -> dict[str, str]:
    """A list of tags (section 3.2) without white space at their ends; empty when it is not well formed."""
    tags: dict[str, str] = {}
    for piece in text.split(";"):
        name, equals, value = piece.partition("=")
        name = name.strip()
        if not name and not equals:
            continue  # the last semicolon
        if not equals or not _TAG.match(name) or name in tags:
            return {}
        tags[name] = value.strip()
    return tags


def _split(raw: bytes) -> tuple[bytes, bytes]:
    """Header block and body, as dkimpy splits them; no header block when it is over our bounds."""
    end = _END.search(raw, 0, BLOCK_LIMIT)
    if end is None:
        return b"", b""
    body = raw[end.end() :].replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return raw[: end.end()], body


def _canonical(body: bytes, *, relaxed: bool) -> bytes:
    """RFC 6376, sections 3.4.3 and 3.4.4, for a body in which every line ends with CR LF.

    Only whole replacements, each linear: a run of spaces is halved until it is one.
    """
    if relaxed:
        body = body.replace(b"\t", b" ")
        while b"  " in body:
            body = body.replace(b"  ", b" ")
        body = body.replace(b" \r\n", b"\r\n")
    text = len(body.rstrip(b"\r\n"))
    # Every LF stands behind a CR, so what is no pair in the tail is a CR alone: it belongs to the text.
    text += body[text:].replace(b"\r\n", b"\n\n").rfind(b"\r") + 1
    return b"" if relaxed and not text else body[:text] + b"\r\n"
