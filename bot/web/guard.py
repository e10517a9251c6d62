"""Who may ask how often, and from which page (K2, K4). No cookie is ever set: the signed link is all there is."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from time import monotonic
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request

GUESSES: Final = 30
"""Wrong links from one address within ``WINDOW``, before the answer is 429."""
FORMS: Final = 30
"""Forms sent with one link within ``WINDOW``."""
WINDOW: Final = 600.0
MOST_KEPT: Final = 10_000
"""Addresses, or links, that are counted at a time; beyond them the one seen longest ago is forgotten."""
_PORTS: Final = {"http": 80, "https": 443}


class Throttle:
    """Counts by name; each count begins anew after a window. Bounded in memory."""

    def __init__(
        self,
        most: int,
        *,
        window: float = WINDOW,
        kept: int = MOST_KEPT,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._most = most
        self._window = window
        self._kept = kept
        self._clock = clock
        self._counts: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def over(self, name: str) -> bool:
        """Count once more; true: that was too often."""
        now = self._clock()
        began, count = self._counts.pop(name, (now, 0))
        if now - began > self._window:
            began, count = now, 0
        count = min(count + 1, self._most + 1)
        self._counts[name] = (began, count)
        if len(self._counts) > self._kept:
            self._counts.popitem(last=False)
        return count > self._most

    def __len__(self) -> int:
        return len(self._counts)


def address_of(request: Request) -> str:
    """Whose guesses are counted together: an address, or a network of IPv6 as one customer has it."""
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host[:64]
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or address.exploded[:19])
    return str(address)


def is_from_our_page(request: Request, base_url: str) -> bool:
    """Whether a form was sent from a page of ours, as far as the browser says.

    A browser tells by ``Sec-Fetch-Site``, or by ``Origin``, which our ``no-referrer`` turns into "null" in some.
    What says neither is no browser that somebody could have been lured with.
    """
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin", "null")
    return site == "same-origin" and (origin == "null" or _origin(origin) == _origin(base_url))


def _origin(url: str) -> tuple[str, str, int | None]:
    try:
        parts = urlsplit(url)
        return parts.scheme, (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return "", "", None
