"""The addresses of an SMTP envelope: read strictly, and told apart into ours and others'.

Only the path of RFC 5321, section 4.1.2, is read: no display names, no comments, no folding. What a mail
program would show in a misleading way (control, invisible and bidirectional characters) is refused.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final, NamedTuple

MAX_PATH: Final = 512
"""Characters. RFC 5321, 4.5.3.1.3, says 256; bounce addresses seen in practice are longer."""
MAX_DOMAIN: Final = 255

_ATEXT: Final = r"A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-"
_PATH: Final = re.compile(
    rf"""[ ]?<
    (?P<route>@[^<>\s:]++:)?+
    (?P<local>[.{_ATEXT}]++|"(?:[^"\\\x00-\x1f\x7f]|\\[\x20-\x7e])*+")
    @(?P<domain>\[[A-Za-z0-9:.-]{{1,80}}+\]|[A-Za-z0-9_\u0080-\U0010ffff](?:[A-Za-z0-9_.\u0080-\U0010ffff-]*+))
    >(?:[ ]++(?P<rest>.*))?+""",
    re.VERBOSE | re.DOTALL,
)
_NULL: Final = re.compile(r" ?<>(?: +(?P<rest>.*))?+", re.DOTALL)
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


class Path(NamedTuple):
    """A reverse or forward path as it stands in a command."""

    address: str
    """Empty for the null sender ``<>``."""
    local: str
    domain: str
    rest: str
    """What follows the path: the parameters."""
    routed: bool = False
    """It names a way to go (``@a,@b:c@d``)."""

    @property
    def quoted(self) -> bool:
        return self.local.startswith('"')


def read_path(text: str) -> Path | None:
    """Read ``<local@domain> PARAMETERS``; None when it is not one. Bounded by the caller's line length."""
    match = _PATH.fullmatch(text)
    if match is None:
        null = _NULL.fullmatch(text)
        return Path("", "", "", null["rest"] or "") if null else None
    local, domain = match["local"], match["domain"]
    if (
        len(local) + len(domain) >= MAX_PATH
        or len(domain) > MAX_DOMAIN
        or ".." in domain
        or domain[-1] == "."
    ):
        return None
    return Path(f"{local}@{domain}", local, domain, match["rest"] or "", match["route"] is not None)


def hides_something(text: str) -> bool:
    """Whether the text holds control, invisible, bidirectional or unassigned characters."""
    if text.isascii():
        return not text.isprintable()
    return any(unicodedata.category(character) in _HIDDEN for character in text)


def canonical_domain(domain: str) -> str | None:
    """The domain in lower case and ASCII (RFC 5891 A-labels), for comparing; None when it cannot be one."""
    if domain.isascii():
        return domain.lower()
    try:
        return domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return None


def canonical_local(local: str) -> str:
    """The local part for comparing: our own addresses do not depend on case."""
    return local.lower() if local.isascii() else unicodedata.normalize("NFC", local).casefold()


class OwnAddresses:
    """The addresses at which the desk receives. Everything else is somebody else's, and refused."""

    def __init__(self, addresses: Iterable[str]) -> None:
        self._own: set[tuple[str, str]] = set()
        for address in addresses:
            local, _, domain = address.strip().rpartition("@")
            self._own.add((canonical_local(local), canonical_domain(domain) or domain.lower()))
        self._domains = {domain for _, domain in self._own}

    def refusal(self, path: Path) -> bytes | None:
        """Why a recipient is refused, as an SMTP answer; None when it is ours."""
        domain = canonical_domain(path.domain)
        if path.routed or path.quoted or domain not in self._domains or any(c in path.local for c in "%!"):
            return b"550 5.7.1 This server takes mail only for its own addresses"
        local = canonical_local(path.local)
        while (local, domain) not in self._own:
            local, plus, _ = local.rpartition("+")
            if not plus:
                return b"550 5.1.1 No such recipient here"
        return None
