"""DNS, as the checks of a sender ask it: bounded answers, bounded time, and a memory.

dnspython does the work: asyncio, truncated answers again by TCP, chains of CNAME followed to a bound, records
read without trusting their lengths. What it raises is translated here and nowhere else.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Final

import dns.asyncresolver
import dns.exception
import dns.name
import dns.resolver
from dns.nameserver import Do53Nameserver
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.TXT import TXT

from bot.errors import ConfigError
from bot.mail.authentication.resolving import Unresolved

ANSWER_LIMIT: Final = 50
"""Records read from one answer."""
TEXT_LIMIT: Final = 8192
"""Octets read from one TXT record."""
MEMORY: Final = 2000
"""Answers that are remembered."""
LONGEST: Final = 3600.0
"""Seconds that an answer is remembered, whatever its own time to live."""
SHORTEST: Final = 5.0
NOTHING: Final = 60.0
"""Seconds for "no such name", and "nothing of that type"."""
AWAY: Final = 30.0
"""Seconds in which a name whose servers did not answer is not asked again: a flood of mail in the name of a
domain with silent servers must not make every mail of it wait."""

Answer = tuple[bytes, ...]


class DnsResolver:
    """A ``Resolver`` that asks name servers. Bound to the event loop that uses it."""

    def __init__(self, nameservers: Sequence[str] = (), *, seconds: float = 5.0) -> None:
        """``nameservers``: addresses, with ":PORT" if it is not 53; empty for the system's. ``seconds``: for one
        question. Raises ``ConfigError``."""
        try:
            self._resolver = dns.asyncresolver.Resolver(configure=not nameservers)
            if nameservers:
                self._resolver.nameservers = [_server(text) for text in nameservers]
        except (OSError, ValueError, dns.exception.DNSException) as error:
            raise ConfigError(
                f"senders.nameservers: {error}; write IP addresses, or see resolv.conf"
            ) from None
        self._resolver.lifetime = seconds
        self._resolver.timeout = max(0.2, seconds / 3)
        self._remembered: OrderedDict[tuple[str, str], tuple[float, Answer | None]] = OrderedDict()

    async def txt(self, name: str) -> tuple[bytes, ...]:
        """See ``resolving.Resolver``."""
        return await self._ask(name, "TXT")

    async def addresses(self, name: str, version: int) -> tuple[str, ...]:
        """See ``resolving.Resolver``."""
        return tuple(a.decode() for a in await self._ask(name, "A" if version == 4 else "AAAA"))

    async def mx(self, name: str) -> tuple[str, ...]:
        """See ``resolving.Resolver``."""
        return tuple(host.decode() for host in await self._ask(name, "MX"))

    async def _ask(self, name: str, kind: str) -> Answer:
        now = asyncio.get_running_loop().time()
        key = (name.lower(), kind)
        known = self._remembered.get(key)
        if known is None or known[0] < now:
            known = await self._fetch(name, kind, now)
            self._remembered[key] = known
            self._remembered.move_to_end(key)
            while len(self._remembered) > MEMORY:
                self._remembered.popitem(last=False)
        if known[1] is None:
            raise Unresolved(f"DNS does not answer for {kind} of {name[:100]}")
        return known[1]

    async def _fetch(self, name: str, kind: str, now: float) -> tuple[float, Answer | None]:
        """Until when it counts, and the answer; None for no answer."""
        try:
            absolute = dns.name.from_text(name)
        except (dns.exception.DNSException, UnicodeError, ValueError):
            return now + NOTHING, ()  # no such name can be
        try:
            found = await self._resolver.resolve(absolute, kind, raise_on_no_answer=False, search=False)
        except dns.resolver.NXDOMAIN:
            return now + NOTHING, ()
        except (dns.exception.DNSException, OSError, EOFError, ValueError):
            return now + AWAY, None
        if found.rrset is None:
            return now + NOTHING, ()
        age = min(LONGEST, max(SHORTEST, float(found.rrset.ttl)))
        records = list(found.rrset)[:ANSWER_LIMIT]
        return now + age, _read(records)


def _read(records: Sequence[object]) -> Answer:
    mail = sorted((record for record in records if isinstance(record, MX)), key=lambda r: r.preference)
    if mail:
        return tuple(record.exchange.to_text(omit_final_dot=True).encode() for record in mail)
    texts = [record for record in records if isinstance(record, TXT)]
    if texts:
        return tuple(b"".join(record.strings)[:TEXT_LIMIT] for record in texts)
    return tuple(str(record).encode() for record in records)


def _server(text: str) -> Do53Nameserver:
    """ "192.0.2.1", "192.0.2.1:5353", "2001:db8::1" or "[2001:db8::1]:5353"."""
    host, colon, port = text.rpartition(":")
    if not colon or (":" in host and not host.endswith("]")):
        host, port = text, "53"
    return Do53Nameserver(str(ip_address(host.strip("[]"))), int(port))
