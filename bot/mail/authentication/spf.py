"""SPF (RFC 7208): may this host send mail for that domain?

Own code: pyspf, the library for it, has had no release since January 2020, keeps its resolver in a global,
and counts an A-only host as a failed look-up of every IPv6 client. This one asks through an interface, holds
no state, and ends: the number of look-ups is bounded, and a record's text is read in linear time.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import ClassVar, Final

from bot.mail.authentication.names import NAME_LIMIT, domain_of
from bot.mail.authentication.resolving import Resolver, Unresolved

LOOKUP_LIMIT: Final = 10
"""RFC 7208, section 4.6.4: terms that ask DNS, through all includes."""
VOID_LIMIT: Final = 5
"""Look-ups that find nothing. The RFC says two; that punishes IPv6 clients of hosts that have no AAAA."""
HOST_LIMIT: Final = 10
"""Names of one mx."""
RECORD_LIMIT: Final = 4096
TERM_LIMIT: Final = 200

_TERM: Final = re.compile(
    r"([+?~-]?)([a-z][a-z0-9_.-]{0,30})(?:([:=])(.*)|(/.*))?\Z", re.IGNORECASE | re.DOTALL
)
_PREFIXES: Final = re.compile(r"(.*?)(?:/([0-9]{1,2}))?(?://([0-9]{1,3}))?\Z", re.DOTALL)
_MACRO: Final = re.compile(r"%(?:\{([slodiphv])([0-9]{0,3})(r?)([.+,/_=-]{0,8})\}|([%_-]))|%", re.IGNORECASE)


class Spf(StrEnum):
    """RFC 7208, section 2.6."""

    PASS = "pass"
    FAIL = "fail"
    SOFTFAIL = "softfail"
    NEUTRAL = "neutral"
    NONE = "none"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"
    UNDECIDED = "undecided"
    """It hangs on ``ptr``, which nobody should publish and which is not asked here."""


_QUALIFIERS: Final = {"+": Spf.PASS, "": Spf.PASS, "-": Spf.FAIL, "~": Spf.SOFTFAIL, "?": Spf.NEUTRAL}


class _Broken(Exception):
    """The record cannot be used."""


class _Undecided(Exception):
    """The record asks for what is not done here."""


async def check_spf(resolver: Resolver, peer: str, helo: str, mail_from: str) -> tuple[Spf, str]:
    """The result, and the domain it is about: that of MAIL FROM, or of HELO for a null sender (section 2.4)."""
    domain = domain_of(mail_from) or ("" if mail_from.strip("<> ") else domain_of(helo))
    sender = mail_from.strip("<> ") if "@" in mail_from else f"postmaster@{domain}"
    try:
        address = ip_address(peer)
    except ValueError:
        return Spf.NONE, domain
    if not domain:
        return Spf.NONE, ""
    check = _Check(resolver, address, sender, helo)
    try:
        return await check.host(domain), domain
    except Unresolved:
        return Spf.TEMPERROR, domain
    except _Undecided:
        return Spf.UNDECIDED, domain
    except (_Broken, ValueError):
        return Spf.PERMERROR, domain


@dataclass
class _Check:
    """One evaluation, with what it has used up."""

    resolver: Resolver
    address: IPv4Address | IPv6Address
    sender: str
    helo: str
    lookups: int = 0
    voids: int = 0

    async def host(self, domain: str) -> Spf:
        """check_host(), section 4."""
        records = [t for text in await self.resolver.txt(domain) if (t := _record(text))]
        if not records:
            return Spf.NONE
        if len(records) > 1 or len(records[0]) > RECORD_LIMIT:
            raise _Broken
        terms = [self._term(word) for word in records[0].split(" ")[1:] if word]
        if len(terms) > TERM_LIMIT:
            raise _Broken
        redirect = [value for sign, name, mark, value in terms if name == "redirect" and mark == "="]
        for sign, name, mark, value in terms:
            if mark != "=" and await self._matches(name, value, domain):
                return _QUALIFIERS[sign]
        if len(redirect) > 1:
            raise _Broken
        if redirect:
            self._count()
            result = await self.host(self._expand(redirect[0], domain))
            return Spf.PERMERROR if result is Spf.NONE else result
        return Spf.NEUTRAL

    def _term(self, word: str) -> tuple[str, str, str, str]:
        found = _TERM.match(word)
        if found is None:
            raise _Broken
        sign, name, mark, value, prefix = found.groups()
        name = name.lower()
        if mark == "=":
            if sign:
                raise _Broken
        elif name not in self._MECHANISMS:
            raise _Broken
        return sign, name, mark or "", value if value is not None else prefix or ""

    async def _matches(self, name: str, value: str, domain: str) -> bool:
        return await self._MECHANISMS[name](self, value, domain)

    async def _all(self, value: str, _domain: str) -> bool:
        if value:
            raise _Broken
        return True

    async def _include(self, value: str, domain: str) -> bool:
        """Section 5.2."""
        self._count()
        result = await self.host(self._expand(value, domain))
        if result in {Spf.NONE, Spf.PERMERROR}:
            raise _Broken
        return result is Spf.PASS

    async def _a(self, value: str, domain: str) -> bool:
        self._count()
        target, four, six = self._target(value, domain)
        return await self._is_one_of(target, four, six)

    async def _mx(self, value: str, domain: str) -> bool:
        self._count()
        target, four, six = self._target(value, domain)
        hosts = await self.resolver.mx(target)
        self._found(hosts)
        if len(hosts) > HOST_LIMIT:
            raise _Broken
        for host in hosts:
            if await self._is_one_of(host, four, six):
                return True
        return False

    async def _ptr(self, _value: str, _domain: str) -> bool:
        raise _Undecided

    async def _ip4(self, value: str, _domain: str) -> bool:
        network = ip_network(value, strict=False)
        if network.version != 4:
            raise _Broken
        return self.address in network

    async def _ip6(self, value: str, _domain: str) -> bool:
        network = ip_network(value, strict=False)
        if network.version != 6:
            raise _Broken
        return self.address in network

    async def _exists(self, value: str, domain: str) -> bool:
        self._count()
        found = await self.resolver.addresses(self._expand(value, domain), 4)
        self._found(found)
        return bool(found)

    async def _is_one_of(self, name: str, four: int, six: int) -> bool:
        found = await self.resolver.addresses(name, self.address.version)
        self._found(found)
        prefix = four if self.address.version == 4 else six
        return any(self.address in ip_network(f"{text}/{prefix}", strict=False) for text in found)

    def _target(self, value: str, domain: str) -> tuple[str, int, int]:
        """The domain-spec and the lengths of prefixes in "a:host/24//64"."""
        found = _PREFIXES.match(value)
        spec, four, six = found.groups() if found else (value, None, None)
        if (four and int(four) > 32) or (six and int(six) > 128):
            raise _Broken
        return (self._expand(spec, domain) if spec else domain), int(four or 32), int(six or 128)

    def _count(self) -> None:
        self.lookups += 1
        if self.lookups > LOOKUP_LIMIT:
            raise _Broken

    def _found(self, what: tuple[str, ...]) -> None:
        self.voids += not what
        if self.voids > VOID_LIMIT:
            raise _Broken

    def _expand(self, spec: str, domain: str) -> str:
        """Macros, section 7; names that are too long lose labels on the left."""
        if not spec or len(spec) > 1000:
            raise _Broken
        name = _MACRO.sub(lambda found: self._macro(found, domain), spec) if "%" in spec else spec
        name = name.rstrip(".").lower()
        while len(name) > NAME_LIMIT and "." in name:
            name = name.partition(".")[2]
        return name

    def _macro(self, found: re.Match[str], domain: str) -> str:
        letter, digits, reverse, marks, literal = found.groups()
        if literal:
            return {"%": "%", "_": " ", "-": "%20"}[literal]
        if not letter:
            raise _Broken
        local, _, sender_domain = self.sender.rpartition("@")
        value = {
            "s": self.sender,
            "l": local,
            "o": sender_domain,
            "d": domain,
            "i": _dotted(self.address),
            "p": "unknown",
            "h": self.helo,
            "v": "in-addr" if self.address.version == 4 else "ip6",
        }[letter.lower()][:500]
        parts = re.split("[" + re.escape(marks or ".") + "]", value)
        if reverse:
            parts.reverse()
        if digits:
            if int(digits) == 0:
                raise _Broken
            parts = parts[-int(digits) :]
        return ".".join(parts)

    _MECHANISMS: ClassVar[dict[str, Callable[[_Check, str, str], Awaitable[bool]]]] = {
        "all": _all,
        "include": _include,
        "a": _a,
        "mx": _mx,
        "ptr": _ptr,
        "ip4": _ip4,
        "ip6": _ip6,
        "exists": _exists,
    }


def _record(text: bytes) -> str:
    """The record when it is one of SPF, else empty (section 4.5)."""
    try:
        record = text[: RECORD_LIMIT + 1].decode("ascii")
    except UnicodeDecodeError:
        return ""
    return record if record.lower() == "v=spf1" or record[:7].lower() == "v=spf1 " else ""


def _dotted(address: IPv4Address | IPv6Address) -> str:
    """Section 7.3: IPv6 addresses as nibbles."""
    return str(address) if address.version == 4 else ".".join(address.exploded.replace(":", ""))
