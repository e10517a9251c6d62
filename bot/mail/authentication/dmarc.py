"""DMARC (RFC 7489): what the owner of a domain wants to be thought of mail that is not proved to be theirs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.mail.authentication.dkim import read_tags
from bot.mail.authentication.names import organisational
from bot.mail.authentication.resolving import Resolver

RECORD_LIMIT: Final = 4096


@dataclass(frozen=True, slots=True)
class Policy:
    """What a domain publishes."""

    wish: str
    """ "none", "quarantine" or "reject"."""
    strict_dkim: bool = False
    strict_spf: bool = False


async def find_policy(resolver: Resolver, domain: str) -> Policy | None:
    """The policy for mail from a domain: its own, or that of the registered domain above it (section 6.6.3).

    Raises ``Unresolved``.
    """
    owner = organisational(domain)
    for place in dict.fromkeys((domain, owner)):
        records = (
            [r for text in await resolver.txt(f"_dmarc.{place}") if (r := _record(text))] if place else []
        )
        if len(records) == 1:
            return _policy(records[0], below=place != domain)
        if records:
            return None  # several cancel each other
    return None


def _policy(tags: dict[str, str], *, below: bool) -> Policy | None:
    wish = tags.get("p", "").lower()
    if below:
        wish = tags.get("sp", wish).lower()
    if wish not in {"none", "quarantine", "reject"}:
        wish = "none"
    return Policy(wish, tags.get("adkim", "").lower() == "s", tags.get("aspf", "").lower() == "s")


def _record(text: bytes) -> dict[str, str]:
    """The tags of a DMARC record, or empty: v=DMARC1 must come first (section 6.4)."""
    tags = read_tags(text[:RECORD_LIMIT].decode("latin-1"))
    return tags if next(iter(tags.items()), ("", "")) == ("v", "DMARC1") else {}
