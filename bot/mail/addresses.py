"""Addresses in header fields: read as people and hostile senders really write them (SECURITY.md D8, D9, D17, D18).

The last address in angle brackets wins: ``From: agent@corp.com <evil@x.com>`` is evil@x.com, which is what
mail servers check, and ``user@c.com <user@c.com>``, which strict parsers drop, is user@c.com. One pass,
linear in time, whatever the quotes and parentheses.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from bot.mail.headers import decode_words, one_line

LIST_LIMIT: Final = 200
"""Addresses read from one field."""
ADDRESS_LIMIT: Final = 320
NAME_LIMIT: Final = 200

_SIMPLE: Final = re.compile(
    r'(?:"([^"\\<>@]*)"|([^"\\<>@(),:;=?]*))[ \t]*<([^\s<>"(),:;\\@=]+@[^\s<>"(),:;\\@=]+)>\Z'
)
_BARE: Final = re.compile(r'[^\s<>"(),:;\\@=]+@[^\s<>"(),:;\\@=]+\Z')
_SPECIAL: Final = re.compile(r'["(<,;:]')
_QUOTED: Final = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"')
_ESCAPE: Final = re.compile(r"\\(.)")
_HIDDEN: Final = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_SPACES: Final = re.compile(r"\s+")
_UNFIT: Final = re.compile("[\\s\x00-\x1f\x7f-\x9f<>,;]")

_UNFIT_QUOTED: Final = re.compile("[\x00-\x1f\x7f-\x9f<>]")
"""Not even quoted: no header is to be broken by an address that is written into it."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One address and the name that stands with it."""

    name: str
    address: str
    """Empty when there is none that could be written to."""
    doubtful: bool = False
    """More than one address stands where one should: whose claim it is cannot be told."""


def parse_addresses(value: str) -> list[Mailbox]:
    """The mailboxes in an unfolded address field, groups flattened (RFC 5322 section 3.4). Never raises."""
    if simple := _SIMPLE.match(value):
        return [Mailbox(clean_name(simple[1] or simple[2] or ""), _tidy(simple[3]))]
    if _BARE.match(value):
        return [Mailbox("", _tidy(value))]
    return _Reader(value).read()


def canonical(address: str) -> str:
    """An address for comparing: case folded, the domain in its ASCII form.

    Plus tags and dots stay, because only the receiving server knows what they mean.
    """
    local, at, domain = unicodedata.normalize("NFC", address.strip()).rpartition("@")
    return f"{local.casefold()}@{_ascii_domain(domain.casefold())}" if at else domain.casefold()


def clean_name(text: str) -> str:
    """A display name without what hides or reorders letters (SECURITY.md D18)."""
    if not text.isascii() or not text.isprintable() or "=?" in text:
        text = _HIDDEN.sub("", one_line(decode_words(text)))
    text = _SPACES.sub(" ", text).strip().strip("\"'").strip() if text else ""
    return text[:NAME_LIMIT]


def local_part(address: str) -> str:
    """What stands before the last @, in lower case."""
    return address.rpartition("@")[0].casefold()


def _tidy(text: str) -> str:
    """A bare address that can be written to, or empty."""
    text = one_line(decode_words(text) if "=?" in text else text).strip()
    if text.startswith("@") and ":" in text:  # an obsolete route, RFC 5322 section 4.4
        text = text.rpartition(":")[2]
    text = text.removeprefix("mailto:").strip("'\" ") if not text.startswith('"') else text
    text = _HIDDEN.sub("", text) if not text.isascii() else text
    local, at, domain = text.rpartition("@")
    local, domain = local.strip(), domain.strip().rstrip(".")
    quoted = len(local) > 1 and local.startswith('"') and local.endswith('"')
    if not at or not local or not domain or len(text) > ADDRESS_LIMIT:
        return ""
    if not quoted:
        local = _SPACES.sub("", local)
    if (
        _UNFIT.search(domain)
        or _UNFIT_QUOTED.search(local)
        or '"' in domain
        or (not quoted and _UNFIT.search(local))
    ):
        return ""
    return f"{local}@{_ascii_domain(domain)}"


def _ascii_domain(domain: str) -> str:
    """Internationalised domains in their ASCII form, so that look-alike letters show (RFC 5891)."""
    if domain.isascii() or len(domain) > 255:
        return domain
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return domain


class _Reader:
    """One pass over an address field."""

    def __init__(self, value: str) -> None:
        self._value = value
        self._found: list[Mailbox] = []
        self._clear()

    def _clear(self) -> None:
        self._phrase: list[str] = []
        self._comments: list[str] = []
        self._angles: list[str] = []
        self._at = False
        """Whether an address stands in the phrase."""

    def read(self) -> list[Mailbox]:
        """All mailboxes, at most ``LIST_LIMIT``."""
        value, position = self._value, 0
        quotes = comments = True  # false once an opening one has no end: then none further on has
        while (special := _SPECIAL.search(value, position)) and len(self._found) < LIST_LIMIT:
            start = special.start()
            self._say(value[position:start])
            position = start + 1
            sign = value[start]
            if sign == '"':
                quoted = _QUOTED.match(value, start) if quotes else None
                quotes = quoted is not None
                if quoted:
                    self._quoted(quoted)
                    position = quoted.end()
            elif sign == "(":
                end = end_of_comment(value, start) if comments else 0
                comments = end > 0
                if comments:
                    self._comments.append(value[start + 1 : end - 1])
                    position = end
            elif sign == "<":
                end = value.find(">", start)
                end = len(value) if end < 0 else end
                inside = value[start + 1 : end]
                self._angles.append(_COMMENT.sub("", inside) if "(" in inside else inside)
                position = end + 1
            else:
                self._separator(sign)
        self._say(value[position:])
        self._finish()
        return self._found[:LIST_LIMIT]

    def _say(self, words: str) -> None:
        self._phrase.append(words)
        self._at = self._at or "@" in words

    def _quoted(self, quoted: re.Match[str]) -> None:
        # `"a b"@x` is an address whose quotes count; elsewhere they only hold a name together.
        if self._value.startswith("@", quoted.end()):
            self._phrase.append(quoted[0].replace(" ", _KEPT_SPACE))
        else:
            self._phrase.append(_ESCAPE.sub(r"\1", quoted[1]).replace("@", _KEPT_AT))

    def _separator(self, sign: str) -> None:
        has_address = self._at or bool(self._angles)
        if sign == ":":  # the name of a group
            if not has_address:
                self._phrase.clear()
            else:
                self._phrase.append(sign)
        elif sign == "," and not has_address:
            self._phrase.append(", ")  # seen in practice: "Doe, John <john@example.com>" without quotes
        elif sign in ",;":
            self._finish()

    def _finish(self) -> None:
        phrase = "".join(self._phrase)
        addresses = [tidy for text in self._angles if (tidy := _tidy(text))]
        words: list[str] = []
        if not addresses:
            words = [word for word in phrase.split() if "@" in word]
            if not words and "@" in phrase:
                words = ["".join(phrase.split())]
            addresses = [tidy for word in words if (tidy := _tidy(word.replace(_KEPT_SPACE, " ")))]
            for word in words:
                phrase = phrase.replace(word, "", 1)
            # A name of the sending machine alone, as root and mailer-daemon are written there.
            local = [text.strip() for text in (*self._angles, phrase) if _LOCAL.match(text.strip())]
            if not addresses and local and (self._angles or not words):
                addresses = local[:1]
                phrase = "" if phrase.strip() == local[0] and not self._angles else phrase
        phrase = phrase.replace(_KEPT_AT, "@").replace(_KEPT_SPACE, " ").strip(" \t,;")
        if (
            not addresses
            and "=?" in phrase
            and "@" in (hidden := decode_words(phrase))
            and "=?" not in hidden
        ):
            # Seen in practice: the whole mailbox inside an encoded word.
            self._clear()
            self._found += _Reader(hidden).read()[:1]
            return
        name = clean_name(phrase) or clean_name(" ".join(self._comments))
        if addresses or name:
            several = len({canonical(address) for address in addresses}) > 1
            self._found.append(Mailbox(name, addresses[-1] if addresses else "", several))
        self._clear()


_KEPT_AT, _KEPT_SPACE = "\ue000", "\ue001"
"""Stand for an @ or a space inside quotes while a phrase is taken apart."""
_COMMENT: Final = re.compile(r"\([^()]*\)")
_LOCAL: Final = re.compile(r"[A-Za-z0-9._=-]{1,64}\Z")
_PARENTHESIS: Final = re.compile(r"[()\\]")


def end_of_comment(value: str, start: int) -> int:
    """Behind the parenthesis that closes the comment at ``start``; 0 when none does."""
    depth, position = 0, start
    while mark := _PARENTHESIS.search(value, position):
        position = mark.end()
        if mark[0] == "\\":
            position += 1
        else:
            depth += 1 if mark[0] == "(" else -1
            if depth == 0:
                return position
    return 0
