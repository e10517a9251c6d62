"""Where ``deskbot import`` and ``deskbot rehearse`` take mail from: an mbox, a Maildir, a mailbox by IMAP.

Nothing is ever changed there: files are read, a mailbox is opened by EXAMINE and read by BODY.PEEK[].
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol

from bot import clock
from bot.config import Config
from bot.errors import DeskbotError
from bot.mail.identity import content_key
from bot.message import Payload

if TYPE_CHECKING:
    from bot.channels.imap_session import Look, Session

_SEPARATOR: Final = re.compile(rb"From [^\r\n]*\d{4}[^\r\n]*\r?\n")
_QUOTED: Final = re.compile(rb"^>(>*From )", re.MULTILINE)
_DATE: Final = re.compile(rb"^date[ \t]*:[ \t]*([^\r\n]{1,200})", re.IGNORECASE | re.MULTILINE)
_MOMENT: Final = re.compile(
    rb"[A-Z][a-z]{2} ([A-Z][a-z]{2}) +(\d{1,2}) (\d\d):(\d\d):(\d\d)(?: [A-Z+\-0-9]+)? (\d{4})"
)
_MONTHS: Final = b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_BATCH: Final = 50
_OCTETS: Final = 4_194_304


@dataclass(frozen=True, slots=True)
class Found:
    """One mail. ``raw`` is None when it is larger than may be."""

    raw: bytes | None
    arrived: datetime
    step: int
    """How much further it brings us, in the unit of ``MailSource.total``."""

    def payload(self, channel: str, **envelope: object) -> Payload:
        """As a door would accept it."""
        raw = self.raw or b""
        return Payload(channel, content_key(raw, self.arrived), raw, self.arrived, dict(envelope))


class MailSource(Protocol):
    """Mails in their order."""

    channel: str
    total: int

    def __iter__(self) -> Iterator[Found]: ...


@contextmanager
def opened_source(config: Config, what: str, newest: int | None = None) -> Iterator[MailSource]:
    """The mail that ``what`` names: a mailbox of the configuration, an mbox file, a Maildir. ``newest``: only so
    many of a mailbox. Raises ``DeskbotError``."""
    path = Path(what)
    if what in config.imap:
        with _imap(config, what, newest) as source:
            yield source
    elif path.is_dir():
        yield Maildir(path, config.smtp.name, config.smtp.max_size)
    elif path.is_file():
        with path.open("rb") as file:
            yield Mbox(file, path, config.smtp.name, config.smtp.max_size)
    else:
        known = ", ".join(config.imap) or "none"
        raise DeskbotError(
            f"{what}: neither a file, nor a folder, nor a mailbox of the configuration ({known})"
        )


class Mbox:
    """Mails in one file, one after the other; its lines "From ..." separate them (RFC 4155)."""

    def __init__(self, file: BinaryIO, path: Path, channel: str, most: int) -> None:
        self.channel = channel
        self.total = path.stat().st_size
        self._file = file
        self._most = most
        if self.total and not _SEPARATOR.match(file.read(2000)):
            raise DeskbotError(f'{path}: not an mbox: it does not begin with a line "From ..."')
        file.seek(0)

    def __iter__(self) -> Iterator[Found]:
        separator, size, step, blank = b"", 0, 0, True
        lines: list[bytes] = []
        for line in iter(lambda: self._file.readline(1_048_576), b""):
            if blank and _SEPARATOR.match(line):
                if separator:
                    yield self._found(separator, lines, size, step)
                separator, lines, size, step = line, [], 0, 0
            elif (size := size + len(line)) <= self._most:
                lines.append(line)
            step += len(line)
            blank = line in {b"\n", b"\r\n"}
        if separator:
            yield self._found(separator, lines, size, step)

    def _found(self, separator: bytes, lines: list[bytes], size: int, step: int) -> Found:
        if lines and lines[-1] in {b"\n", b"\r\n"}:
            lines.pop()
        raw = _QUOTED.sub(rb"\1", b"".join(lines))
        arrived = _moment(separator) or _written(raw) or clock.now()
        return Found(raw if size <= self._most else None, min(arrived, clock.now()), step)


class Maildir:
    """One file for each mail; when it was written is when the mail came."""

    def __init__(self, path: Path, channel: str, most: int) -> None:
        self.channel = channel
        self._most = most
        folders = [path / name for name in ("cur", "new") if (path / name).is_dir()]
        if not folders:
            raise DeskbotError(f"{path}: not a Maildir: there is neither cur nor new in it")
        files = [file for folder in folders for file in folder.iterdir() if file.is_file()]
        self._files = sorted(files, key=lambda file: (file.stat().st_mtime, file.name))
        self.total = len(self._files)

    def __iter__(self) -> Iterator[Found]:
        for file in self._files:
            about = file.stat()
            arrived = min(datetime.fromtimestamp(about.st_mtime, UTC), clock.now())
            yield Found(file.read_bytes() if about.st_size <= self._most else None, arrived, 1)


@contextmanager
def _imap(config: Config, name: str, newest: int | None) -> Iterator[MailSource]:
    with opened_session(config, name) as session:
        session.select(readonly=True)
        uids = session.uids_after(0)
        yield _Mailbox(session, name, uids[-newest:] if newest else uids, config.imap[name].max_size)


@contextmanager
def opened_session(config: Config, name: str) -> Iterator[Session]:
    """A session with a mailbox, beside a desk that may be running. Raises ``ChannelError``."""
    from bot.channels.imap_login import login_for
    from bot.channels.imap_session import Session
    from bot.premises import open_store, signing_key
    from bot.store import mailboxes

    store = open_store(config)
    known = not store.embedded or (config.desk.data / "deskbot.db").exists()
    section = config.imap[name]
    login = login_for(
        section,
        signing_key(config, embedded=store.embedded) if known else b"",
        # A credential that its service has renewed is kept even here: the old one may not work any more.
        lambda: store.read_now(lambda tx: mailboxes.credential(tx, name)) if known else None,
        lambda sealed: (
            store.write_now(lambda tx: mailboxes.keep_credential(tx, name, sealed)) if known else None
        ),
    )
    try:
        with Session.open(section, login) as session:
            yield session
    finally:
        store.close()


class _Mailbox:
    def __init__(self, session: Session, name: str, uids: list[int], most: int) -> None:
        self.channel = name
        self.total = len(uids)
        self._session = session
        self._uids = uids
        self._most = most

    def __iter__(self) -> Iterator[Found]:
        for start in range(0, len(self._uids), _BATCH):
            looks = self._session.looks(self._uids[start : start + _BATCH])
            batch: list[int] = []
            for uid in sorted(looks):
                if batch and sum(looks[u].size for u in batch) + looks[uid].size > _OCTETS:
                    yield from self._fetched(batch, looks)
                    batch = []
                batch.append(uid)
            yield from self._fetched(batch, looks)

    def _fetched(self, batch: list[int], looks: dict[int, Look]) -> Iterator[Found]:
        wanted = [uid for uid in batch if looks[uid].size <= self._most]
        bodies = self._session.bodies(wanted, sum(looks[uid].size for uid in wanted)) if wanted else {}
        now = clock.now()
        for uid in batch:
            yield Found(bodies.get(uid), min(looks[uid].arrived or now, now), 1)


def _moment(separator: bytes) -> datetime | None:
    """ "From ada@example.com Mon Mar  2 09:00:00 2026", as asctime writes it, in UTC."""
    found = _MOMENT.search(separator)
    if not found or found[1] not in _MONTHS:
        return None
    day, hour, minute, second, year = (int(found[n]) for n in (2, 3, 4, 5, 6))
    try:
        return datetime(year, _MONTHS.index(found[1]) + 1, day, hour, minute, min(second, 59), tzinfo=UTC)
    except ValueError:
        return None


def _written(raw: bytes) -> datetime | None:
    """What the mail itself says."""
    found = _DATE.search(raw.partition(b"\n\n")[0][:65_536])
    try:
        written = parsedate_to_datetime(found[1].decode("ascii", "replace")) if found else None
    except (ValueError, IndexError, TypeError, OverflowError):
        return None
    return written.astimezone(UTC) if written and written.tzinfo and written.year > 1970 else None
