"""Who may connect, how many at once, and whether there is room for what they bring."""

from __future__ import annotations

import os
import ssl
from collections import Counter
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Final

from bot.config import Smtp
from bot.errors import ChannelError

MEGABYTE: Final = 1024 * 1024


def client_address(peername: object) -> str:
    """The peer's address as text, an IPv4 address in IPv6 clothes undressed; "" when there is none."""
    host = str(peername[0]) if isinstance(peername, tuple) and peername else ""
    return host if ":" not in host else plain_address(host)


def plain_address(host: str) -> str:
    """An address without zone, and as IPv4 when it is one in IPv6 form."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return ""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)


def household(address: str) -> str:
    """What is counted as one client: an IPv4 address, or the /64 that one IPv6 customer gets at least."""
    return address if ":" not in address else str(IPv6Network((address, 64), strict=False))


class Places:
    """Counts connections, all of them and for each client."""

    def __init__(self, most: int, most_for_one: int) -> None:
        self._most = most
        self._most_for_one = most_for_one
        self._taken: Counter[str] = Counter()

    def full(self, everybody: int) -> bool:
        """Whether there are as many connections as may be."""
        return everybody > self._most

    def enter(self, who: str) -> bool:
        """Take a place for a client; false when it has enough. Each true wants its ``leave``."""
        if self._taken[who] >= self._most_for_one:
            return False
        self._taken[who] += 1
        return True

    def leave(self, who: str) -> None:
        """Give a place back."""
        self._taken[who] -= 1
        if self._taken[who] <= 0:
            del self._taken[who]


class Room:
    """Whether the disk has room for another mail. Asks the system at most once a second."""

    def __init__(self, folder: Path, min_free_mb: int) -> None:
        self._folder = folder
        self._wanted = min_free_mb * MEGABYTE
        self._asked: float | None = None
        self._enough = True

    def enough(self, now: float) -> bool:
        """``now`` in seconds of a clock that never goes back."""
        if self._wanted and (self._asked is None or now - self._asked >= 1.0):
            self._asked = now
            self._enough = self._free() >= self._wanted
        return self._enough

    def _free(self) -> int:
        folder = self._folder.absolute()
        try:
            while not folder.exists() and folder != folder.parent:
                folder = folder.parent
            state = os.statvfs(folder)
        except OSError:
            return self._wanted  # the store will find out, and say so for each mail
        return state.f_bavail * state.f_frsize


class TrustedProxies:
    """The peers whose PROXY protocol header is believed, and required."""

    def __init__(self, words: Iterable[str]) -> None:
        self._networks: list[IPv4Network | IPv6Network] = []
        for word in words:
            try:
                self._networks.append(ip_network(word, strict=False))
            except ValueError:
                raise ChannelError(
                    f'smtp.proxy_from: "{word}" is no address; write one like "10.0.0.5" or "10.0.0.0/24"'
                ) from None

    def __bool__(self) -> bool:
        return bool(self._networks)

    def __contains__(self, address: str) -> bool:
        if not self._networks or not address:
            return False
        parsed = ip_address(address)
        return any(parsed in network for network in self._networks)


def tls_context(section: Smtp) -> ssl.SSLContext | None:
    """The door's TLS, or None when it is off. Raises ``ChannelError`` saying which file is wrong."""
    if section.tls == "off":
        return None
    if section.certificate is None or section.key is None:
        raise ChannelError("smtp.certificate and smtp.key: both are needed when smtp.tls is not off")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(section.certificate, section.key)
    except ssl.SSLError as error:
        raise ChannelError(
            f"smtp.certificate {section.certificate}, smtp.key {section.key}: not a PEM certificate and its key "
            f"({error.reason or 'unreadable'})"
        ) from None
    except OSError as error:
        raise ChannelError(
            f"smtp.certificate {section.certificate}, smtp.key {section.key}: {error.strerror}"
        ) from None
    return context
