"""Our own check of a sender, for mail that comes from the sender's server straight to our door.

Three questions in an order that saves look-ups: what does the domain ask for (DMARC), does a signature of the
domain hold (DKIM), may this host send for it (SPF). Pass and fail are what DMARC says; a domain that has no
DMARC record, or asks for no consequences (p=none), can prove its mail but makes no other mail a forgery.
What DNS does not say in time is not known: it never makes a verdict of FAIL.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.mail.authentication.dkim import Dkim, Signature
from bot.mail.authentication.dmarc import Policy, find_policy
from bot.mail.authentication.names import aligned
from bot.mail.authentication.reported import UNKNOWN, Finding, forged
from bot.mail.authentication.resolving import Resolver, Unresolved
from bot.mail.authentication.spf import Spf, check_spf
from bot.message import Authentication, Verdict

Verify = Callable[[tuple[Signature, ...], tuple[bytes, ...]], Awaitable[list[str]]]
"""Verifies signatures by their keys: a ``Dkim`` for each."""


@dataclass(frozen=True, slots=True)
class Unproved:
    """What is to be checked about the sender of one mail."""

    domain: str
    """Of the address in From."""
    peer: str
    helo: str
    mail_from: str
    signatures: tuple[Signature, ...] = ()
    more: bool = False
    """There are more signatures than are looked at."""


async def check_sender(unproved: Unproved, resolver: Resolver, verify: Verify) -> Finding:
    """Prove the sender, by whatever way holds. Bounded in look-ups; the caller bounds the time."""
    domain = unproved.domain
    try:
        policy: Policy | None = await find_policy(resolver, domain)
        known = True
    except Unresolved:
        policy, known = Policy("none", strict_dkim=True, strict_spf=True), False
    strict_dkim, strict_spf = (policy.strict_dkim, policy.strict_spf) if policy else (False, False)

    signed, sure = await _signed(unproved, resolver, verify, strict=strict_dkim)
    if signed:
        return _proved("dkim", policy if known else None)
    spf, sender = await check_spf(resolver, unproved.peer, unproved.helo, unproved.mail_from)
    if spf is Spf.PASS and aligned(sender, domain, strict=strict_spf):
        return _proved("spf", policy if known else None)
    sure = sure and known and spf not in {Spf.TEMPERROR, Spf.UNDECIDED}
    return forged(domain) if sure and policy and policy.wish != "none" else UNKNOWN


def _proved(by: str, policy: Policy | None) -> Finding:
    return Finding(Authentication(Verdict.PASS, "dmarc" if policy else by))


async def _signed(
    unproved: Unproved, resolver: Resolver, verify: Verify, *, strict: bool
) -> tuple[bool, bool]:
    """Whether a signature of the domain holds, and whether a no would be sure."""
    sure = not unproved.more
    signatures: list[Signature] = []
    keys: list[bytes] = []
    for signature in unproved.signatures:
        if not aligned(signature.domain, unproved.domain, strict=strict):
            continue
        try:
            records = await resolver.txt(signature.key_name)
        except Unresolved:
            sure = False
            continue
        signatures.append(signature)
        keys.append(records[0] if len(records) == 1 else b"")
    results = await verify(tuple(signatures), tuple(keys)) if signatures else []
    return Dkim.PASS in results, sure and Dkim.UNUSABLE not in results
