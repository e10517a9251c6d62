"""What people write for an address, a language or a time zone, wherever they write it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from zoneinfo import available_timezones

from bot.config import LOCALES
from bot.mail.addresses import canonical, parse_addresses
from bot.message import EMAIL

_LONGEST: Final = 320
"""Characters of an address."""
_LANGUAGES: Final[Mapping[str, str]] = {
    **{code: code for code in LOCALES},
    **dict.fromkeys(("english", "inglese", "英语", "英文"), "en"),
    **dict.fromkeys(("italian", "italiano", "意大利语", "意大利文"), "it"),
    **dict.fromkeys(("chinese", "cinese", "中文", "汉语", "普通话"), "zh"),
}
_MEDIUM: Final = re.compile(r"(email|slack|telegram):(\S+)", re.IGNORECASE)
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ZONES: Final = {zone.casefold(): zone for zone in available_timezones()}


@dataclass(frozen=True, slots=True)
class KnownAddress:
    """An address as a file or a person writes it."""

    medium: str
    shown: str
    canonical: str


def read_address(text: str) -> KnownAddress | None:
    """An address as people write it: a mail address, or "slack:U123", "telegram:42"; None: it is none."""
    text = unicodedata.normalize("NFC", text.strip())
    if len(text) > _LONGEST:
        return None
    if found := _MEDIUM.fullmatch(text):
        medium, text = found[1].lower(), found[2]
        if medium != EMAIL:
            return KnownAddress(medium, text, canonical(text)) if _ID.fullmatch(text) else None
    boxes = parse_addresses(text) if text.count("@") == 1 else []
    if len(boxes) != 1 or boxes[0].name or boxes[0].doubtful or not boxes[0].address.isprintable():
        return None
    address = boxes[0].address
    local, at, domain = address.rpartition("@")
    whole = bool(at and local and domain) and not any(c.isspace() for c in address)
    return KnownAddress(EMAIL, address, canonical(address)) if whole else None


def read_language(text: str) -> str | None:
    """The code of a language by its code or its name in any of the desk's languages; "it-IT" is "it"."""
    word = unicodedata.normalize("NFC", text).strip().casefold()
    return _LANGUAGES.get(word) or _LANGUAGES.get(re.split("[-_]", word)[0])


def read_zone(text: str) -> str | None:
    """A time zone by its name; capitals and spaces for underscores do not matter."""
    return _ZONES.get("_".join(text.split()).casefold())
