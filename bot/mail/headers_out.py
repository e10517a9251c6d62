"""Header fields as they are written: folded, encoded, and without a way for a value to become two."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from bot.errors import ChannelError

_FOLD_AT: Final = 76
_MAX_TEXT: Final = 900
_UNFIT: Final = re.compile(
    # Controls, line and paragraph separators, marks that turn the direction of text, lone surrogates.
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff\U000e0000-\U000e007f]+"
)
_PLAIN: Final = re.compile(r"[!-~]{1,60}")
_ATOM: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN: Final = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)
_LITERAL: Final = re.compile(r"\[[0-9A-Fa-f.:]{2,45}\]|\[IPv6:[0-9A-Fa-f.:]{2,45}\]")
_LOCAL: Final = re.compile("[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]{1,64}")
_MESSAGE_ID: Final = re.compile(r"<?([!-;=?-~]{1,240})>?")


def clean_header(text: str) -> str:
    """One line without anything that is not to be seen; runs of spaces are one."""
    if len(text) > _MAX_TEXT:
        text = text[:_MAX_TEXT]
    if not (text.isascii() and text.isprintable()):
        text = _UNFIT.sub(" ", text)
    return " ".join(text.split())


def plain_field(name: str, *words: str) -> str:
    """A field of words of our own making, or proven to be plain; nothing is encoded."""
    if not all(word.isascii() and word.isprintable() for word in words):
        raise ChannelError(f"{name} cannot be written", permanent=True)
    return _fold(name, words)


def text_field(name: str, value: str) -> str:
    """An unstructured field, such as the subject."""
    return _fold(name, _words(clean_header(value)))


def address_field(name: str, person: str, address: str) -> str:
    """A field with one address. ``person`` is a claim: quoted or encoded, it can never be read as an address.

    Raises ``ChannelError`` when the address cannot stand in a mail.
    """
    bare = bare_address(address)
    person = clean_header(person)[:200]
    if not person:
        return _fold(name, (bare,))
    if person.isascii() and "=?" not in person and len(person) <= 60:
        quoted = person.replace("\\", "\\\\").replace('"', '\\"')
        return _fold(name, (f'"{quoted}"', f"<{bare}>"))
    return _fold(name, (*_encoded(person), f"<{bare}>"))


def _quoted(local: str) -> str:
    """The local part as it stands before the @, in quotes where it needs them (RFC 5321, 4.1.2)."""
    if _ATOM.fullmatch(local) or (not local.isascii() and not any(c in ' "\\()<>[]:;@,' for c in local)):
        return local
    escaped = local.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@lru_cache(maxsize=256)
def bare_address(address: str) -> str:
    """The address alone, as it stands in the envelope: local part quoted where needed, domain in ASCII (IDNA).

    Raises ``ChannelError`` (permanent) for what is no address.
    """
    local, _, domain = address.rpartition("@")
    if len(local) >= 2 and local[0] == local[-1] == '"':
        local = re.sub(r"\\(.)", r"\1", local[1:-1])
    if not _LOCAL.fullmatch(local):
        raise ChannelError("the address cannot stand in a mail", permanent=True)
    return f"{_quoted(local)}@{ascii_domain(domain)}"


@lru_cache(maxsize=256)
def ascii_domain(domain: str) -> str:
    """A domain in ASCII (IDNA). Raises ``ChannelError`` (permanent) for what is none."""
    if not domain.isascii():
        try:
            domain = domain.encode("idna").decode("ascii")
        except UnicodeError:
            domain = ""
    if len(domain) > 253 or not (_DOMAIN.fullmatch(domain) or _LITERAL.fullmatch(domain)):
        raise ChannelError("the domain cannot stand in a mail", permanent=True)
    return domain


def message_ids(values: Iterable[str]) -> list[str]:
    """Those of foreign message ids that can be repeated in a header, in brackets, each once."""
    found = (_MESSAGE_ID.fullmatch(value.strip()) for value in values)
    return list(dict.fromkeys(f"<{match[1]}>" for match in found if match))


def _words(value: str) -> list[str]:
    """Plain words as they are, from the first that is not plain everything as encoded words (RFC 2047)."""
    words = value.split(" ")
    for place, word in enumerate(words):
        if not _PLAIN.fullmatch(word) or "=?" in word:
            return words[:place] + _encoded(" ".join(words[place:]))
    return words


def _encoded(value: str) -> list[str]:
    """Encoded words of 60 characters, so that one fits on the line of its field's name; none cuts a character
    (RFC 2047, 2 and 5)."""
    chunks, size = [""], 0
    for character in value:
        octets = len(character.encode("utf-8", "replace"))
        if size + octets > 36:
            chunks.append("")
            size = 0
        chunks[-1] += character
        size += octets
    return [f"=?utf-8?b?{b64encode(chunk.encode('utf-8', 'replace')).decode()}?=" for chunk in chunks]


def _fold(name: str, words: Iterable[str]) -> str:
    lines, line = [], f"{name}:"
    for word in words:
        if len(line) + 1 + len(word) > _FOLD_AT and line != f"{name}:":
            lines.append(line)
            line = ""
        line += f" {word}"
    return "\r\n".join((*lines, line))
