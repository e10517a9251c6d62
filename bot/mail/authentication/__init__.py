"""Is a mail from whom it says? Three ways to know, each in its own file (SECURITY.md D5 to D8).

* ``reported``: our own mail server has looked, and wrote what it found into Authentication-Results;
* the sender logged in at our own door under the very address that stands in From;
* ``checked``: Deskbot looks itself, at SPF, DKIM and DMARC.

What is proved is the address in From that ``mail.parse`` reads, and no other: a mail with two From fields, or
with several addresses in one, proves nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from bot.mail.addresses import canonical
from bot.mail.authentication.checked import Unproved
from bot.mail.authentication.dkim import find_signatures
from bot.mail.authentication.names import domain_of
from bot.mail.authentication.reported import UNKNOWN, Finding, reported
from bot.mail.headers import Fields
from bot.message import Authentication, Payload, Verdict

__all__ = ["UNKNOWN", "Believed", "Finding", "Unproved", "first_look"]


@dataclass(frozen=True, slots=True)
class Believed:
    """Whom to believe, from the configuration."""

    servers: tuple[str, ...] = ()
    """Authserv-ids of our own mail servers."""
    front: tuple[str, ...] = ()
    """Addresses and networks from which they hand mail to our door."""
    check: bool = False
    """Whether to look ourselves."""


def first_look(
    payload: Payload, fields: Fields, sender: str, believed: Believed
) -> tuple[Finding, Unproved | None]:
    """What is known about the sender's address without asking anybody, and what is left to be asked.

    ``sender``: the only address in From, or empty when it cannot be told whose claim the mail makes.
    """
    domain = domain_of(sender)
    envelope = payload.envelope
    user = str(envelope.get("user") or "")
    if user:
        # A client of ours: neither its server nor its signature is there to be looked at.
        proved = bool(sender) and canonical(user) == canonical(sender)
        return (Finding(Authentication(Verdict.PASS, "smtp-auth")) if proved else UNKNOWN), None
    if not domain:
        return UNKNOWN, None
    at_our_door = "peer" in envelope
    peer = str(envelope.get("peer") or "")
    if not at_our_door or _is_one_of(peer, believed.front):
        if not believed.servers:
            return UNKNOWN, None
        return reported(payload.raw, sender, believed.servers, handed_over=at_our_door), None
    if not believed.check or not peer:
        return UNKNOWN, None
    signatures, more = find_signatures(fields, domain)
    helo, mail_from = (str(envelope.get(key) or "") for key in ("helo", "mail_from"))
    return UNKNOWN, Unproved(domain, peer, helo, mail_from, signatures, more or bool(fields.cut))


def _is_one_of(peer: str, networks: Sequence[str]) -> bool:
    try:
        address = ip_address(peer)
        return any(address in ip_network(network, strict=False) for network in networks)
    except ValueError:
        return False
