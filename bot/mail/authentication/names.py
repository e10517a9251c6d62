"""Domain names: how they are compared, and when two of them speak for the same owner (alignment)."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

from bot.mail.addresses import canonical

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

NAME_LIMIT: Final = 253
"""RFC 1035, section 2.3.4, without the root's dot."""

_HOST: Final = re.compile(
    r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z"
)


def domain_of(text: str) -> str:
    """The domain of an address, or of what already is one, for comparing (SECURITY.md D17).

    Empty when there is none that DNS could know: no dot, a label that is too long, foreign characters.
    """
    domain = text.strip().strip("<>").rpartition("@")[2].rstrip(".")
    if not domain or len(domain) > NAME_LIMIT:
        return ""
    domain = canonical(f"x@{domain}").rpartition("@")[2]
    return domain if len(domain) <= NAME_LIMIT and _HOST.match(domain) else ""


def organisational(domain: str) -> str:
    """The registered domain that a name belongs to (RFC 7489, section 3.2); empty for a public suffix.

    By the Public Suffix List as the package ``publicsuffixlist`` carries it, with its private part: who has a
    page at a host of many has no say over his neighbour's. The first call takes 0.15 s and 2.5 MB.
    """
    return _suffixes().privatesuffix(domain) or ""


def aligned(one: str, other: str, *, strict: bool = False) -> bool:
    """Whether what is proved of one domain counts for the other (RFC 7489, section 3.1)."""
    if not one or not other:
        return False
    if one == other:
        return True
    return not strict and bool(owner := organisational(one)) and owner == organisational(other)


@cache
def _suffixes() -> PublicSuffixList:
    # Imported when first needed: most desks never ask, and each child would pay.
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList()
