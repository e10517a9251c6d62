"""One session with a mailbox: what Deskbot wants of an IMAP server, in its own words.

Mail is only ever fetched by ``BODY.PEEK[]``, which changes nothing (B1); it is put away by MOVE (RFC 6851),
else by COPY and an UID EXPUNGE (RFC 4315) of that mail alone, else it is marked as seen where it is (B3).
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Final, Self

from bot.channels.imap_faults import Lost, Refused, translated
from bot.channels.imap_wire import SMALL_ANSWER, Client, Stop, Way, Wire
from bot.config import Imap
from bot.failpoints import failpoint

SEEN: Final = b"\\Seen"
FLAGGED: Final = b"\\Flagged"
_DELETED: Final = b"\\Deleted"
_HEAD: Final = 65_536
"""Octets of a header that are fetched of a mail that is not."""
_SPARE: Final = 1_048_576
"""Octets that may come beside the mail that was asked for."""
_GOODBYE_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Look:
    """What is known of a mail before it is fetched. ``arrived``: by the server's clock, when it is one."""

    size: int
    arrived: datetime | None


class Session:
    """A logged-in connection; a context manager that says goodbye."""

    def __init__(self, client: Client, section: Imap) -> None:
        self._client = client
        self._wire = client.wire
        self._section = section
        self._folders: dict[str, str] = {}

    @classmethod
    def open(
        cls, section: Imap, login: Callable[[Client], None], opened: Callable[[Wire], None] = lambda _: None
    ) -> Session:
        """Connect, make sure of TLS, log in. Raises ``Lost`` or ``LoginRefused``."""
        context = _trust(section)
        implicit = context if section.tls == "implicit" else None
        way = Way(section.host, section.port, section.timeout.total_seconds(), implicit, opened)
        with translated():
            client = Client(way)
        try:
            if section.tls == "starttls":
                _encrypt(client, context)
            login(client)
            with translated():
                client.capabilities()
        except BaseException:
            client.wire.shutdown()
            raise
        return cls(client, section)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(politely=error is None)

    def close(self, *, politely: bool = True) -> None:
        """Log out when there is somebody to say it to; let go of the connection in any case."""
        if politely:
            self._wire.hurry(_GOODBYE_SECONDS)
            with suppress(Exception):
                self._client.logout()
        self._wire.shutdown()

    # What the server can do

    @property
    def moves(self) -> bool:
        """Whether mail can be put into another folder without touching any other mail."""
        return self._can("MOVE") or self._can("UIDPLUS")

    @property
    def idles(self) -> bool:
        return self._section.idle and self._can("IDLE")

    def _can(self, name: str) -> bool:
        with translated():
            return bool(self._client.has_capability(name))

    # Folders

    def select(self, *, readonly: bool = False) -> int:
        """Go to the folder that is read; returns its UIDVALIDITY, or 0 when the server says none (B5)."""
        self._wire.allow()
        with translated():
            answer = self._client.select_folder(self._section.folder, readonly=readonly)
        valid = answer.get(b"UIDVALIDITY")
        return valid if isinstance(valid, int) and 0 < valid < 2**32 else 0

    def folder(self, name: str) -> str:
        """The folder of this name as the server calls it; it is made when it is missing. Raises ``Refused``."""
        if name not in self._folders:
            self._folders[name] = self._find_or_make(name)
        return self._folders[name]

    def _find_or_make(self, name: str) -> str:
        """Seen in practice: every folder must lie below "INBOX." (Courier, cPanel)."""
        names = [name, *(prefix + name for prefix in self._prefixes() if not name.startswith(prefix))]
        self._wire.allow()
        with translated():
            for candidate in names:
                if self._client.folder_exists(candidate):
                    return candidate
        for candidate in names:
            with suppress(Refused), translated():
                self._client.create_folder(candidate)
                return candidate
        raise Refused(f'there is no folder "{name}", and the server lets us make none')

    def _prefixes(self) -> list[str]:
        if not self._can("NAMESPACE"):
            return []
        self._wire.allow()
        with suppress(Refused), translated():
            return [str(prefix) for prefix, _ in self._client.namespace().personal or () if prefix]
        return []

    # Mail

    def uids_after(self, uid: int) -> list[int]:
        """Every mail with a higher UID, in order. What the server has said of new mail counts as looked at."""
        self._wire.allow()
        self._wire.forget_news()
        with translated():
            found = self._client.search(["UID", f"{uid + 1}:*"])  # "*" alone matches the last mail always
            return sorted({n for n in found if uid < n < 2**32})

    def looks(self, uids: Sequence[int]) -> dict[int, Look]:
        """Size and arrival of each mail that is still there (B9)."""
        self._wire.allow()
        with translated():
            found = self._client.fetch(uids, ["RFC822.SIZE", "INTERNALDATE"])
            return {uid: _look(items) for uid, items in found.items() if b"RFC822.SIZE" in items}

    def bodies(self, uids: Sequence[int], octets: int) -> dict[int, bytes]:
        """The mails themselves, as they are. ``octets``: what their sizes add up to; much more is refused (B15)."""
        self._wire.allow(octets + octets // 8 + _SPARE)
        with translated():
            found = self._client.fetch(uids, ["BODY.PEEK[]"])
            return {
                uid: body for uid, items in found.items() if isinstance(body := items.get(b"BODY[]"), bytes)
            }

    def head(self, uid: int) -> bytes:
        """The beginning of a mail's header; empty when the server does not give it."""
        self._wire.allow(_HEAD + _SPARE)
        with suppress(Refused), translated():
            items = self._client.fetch([uid], [f"BODY.PEEK[HEADER]<0.{_HEAD}>"]).get(uid, {})
            found = [value for key, value in items.items() if key.startswith(b"BODY[HEADER]")]
            return found[0] if found and isinstance(found[0], bytes) else b""
        return b""

    def put_away(self, uids: Sequence[int], name: str) -> None:
        """Into another folder, these mails and no other. Raises ``Refused``."""
        if not uids:
            return
        target = self.folder(name)
        self._wire.allow()
        with translated():
            if self._client.has_capability("MOVE"):
                self._client.move(uids, target)
                return
            self._client.copy(uids, target)
            failpoint("after_imap_copy")
            self._client.add_flags(uids, [_DELETED], silent=True)
            self._client.uid_expunge(uids)

    def mark(self, uids: Sequence[int], flag: bytes = SEEN) -> None:
        """Flag mails where they are: a hint for people, nothing more."""
        if uids:
            self._wire.allow()
            with translated():
                self._client.add_flags(uids, [flag], silent=True)

    # Waiting

    def idle(self, stop: Stop, seconds: float) -> None:
        """Until the server says something, it is time to go, or ``seconds`` have passed. Raises ``Lost`` when
        nobody is there any more: the end of IDLE is where that shows (B6)."""
        self._wire.allow()
        with translated():
            tag = self._wire.idle_begin()
            self._wire.wait(stop, seconds)
            self._wire.idle_end(tag)

    def pause(self, stop: Stop, seconds: float) -> None:
        """For a server without IDLE: wait, then ask."""
        stop.sleep(seconds)
        self._wire.allow()
        if not stop.is_set:
            with translated():
                self._client.noop()


def _trust(section: Imap) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=section.ca_file)
    except (OSError, ssl.SSLError):
        raise Lost(f"ca_file: {section.ca_file} holds no certificate that can be read") from None


def _encrypt(client: Client, context: ssl.SSLContext) -> None:
    """Never go on without: whoever takes STARTTLS out of the server's offers gets no password."""
    try:
        with translated():
            client.starttls(context)
    except Refused as error:
        raise Lost(f'it offers no STARTTLS ({error}): is tls = "implicit" with port 993 meant?') from error


def _look(items: dict[bytes, object]) -> Look:
    size, arrived = items[b"RFC822.SIZE"], items.get(b"INTERNALDATE")
    known = isinstance(arrived, datetime) and arrived.tzinfo is not None
    return Look(
        size if isinstance(size, int) else SMALL_ANSWER * 100,
        arrived if known and isinstance(arrived, datetime) else None,
    )
