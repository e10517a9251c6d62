"""What must balance after every fault: the client's 250s, the database and the relay's sink.

``balance`` compares the three and returns a ``Verdict``, whose ``broken`` names every rule that does not hold.
The harness never asks the bot itself: it reads the database file, or PostgreSQL, directly.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from bot.store.models import AttachmentRow, Entry, Inbox, InboxState, Outbox, OutboxState, Ticket
from tests.faults.process import Bot, wait_until
from tests.peers.load import Sent
from tests.peers.sink import Record


@dataclass(frozen=True, slots=True)
class Verdict:
    """How many times each rule was broken. All rules are about mails, named by their Message-ID."""

    lost: tuple[str, ...] = ()
    """Answered 250, and neither a ticket nor a held payload has it."""
    doubled: tuple[str, ...] = ()
    """In more than one ticket, or twice in one."""
    copies: tuple[str, ...] = ()
    """Acknowledged more than once at the sink."""
    silent: tuple[str, ...] = ()
    """A ticket whose acknowledgement never arrived, and no row says that it is unknown or failed."""
    stuck: tuple[str, ...] = ()
    """Rows that are still being worked on, although the bot is at rest."""
    refused: tuple[str, ...] = ()
    """Answered 5xx: no fault of ours may look permanent to a sender."""
    without_file: tuple[str, ...] = ()
    """Attachments that a row names and that do not lie in the folder, whole (L6)."""

    @property
    def broken(self) -> dict[str, tuple[str, ...]]:
        """Only the rules that do not hold, with examples."""
        return {f.name: getattr(self, f.name)[:5] for f in fields(self) if getattr(self, f.name)}


@dataclass(slots=True)
class Ledger:
    """What the database holds."""

    entries: Counter[str] = field(default_factory=Counter)
    """Message-ID -> entries with it."""
    tickets: int = 0
    inbox: Counter[str] = field(default_factory=Counter)
    """State -> rows."""
    outbox: Counter[str] = field(default_factory=Counter)
    uncertain: set[str] = field(default_factory=set)
    """Message-IDs of mails whose acknowledgement is honestly on record as unknown, failed or stale."""
    files: set[str] = field(default_factory=set)
    """Hashes of the attachments that rows name."""

    @property
    def at_work(self) -> list[str]:
        """What still waits or is being worked on."""
        inbox = [f"inbox {s}: {self.inbox[s]}" for s in (InboxState.WAITING, InboxState.CLAIMED)]
        outbox = [f"outbox {s}: {self.outbox[s]}" for s in (OutboxState.QUEUED, OutboxState.SENDING)]
        return [line for line in inbox + outbox if not line.endswith(" 0")]


def database_of(bot: Bot) -> str:
    """The SQLAlchemy URL of the bot's database."""
    url = bot.environment.get("DESKBOT_STORE__URL", "")
    if not url:
        return f"sqlite:///{bot.data / 'deskbot.db'}"
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


def read_ledger(url: str) -> Ledger:
    """Read what the database holds now."""
    engine = sa.create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        ledger = Ledger()
        ledger.entries.update(bare(row[0]) for row in connection.execute(sa.select(Entry.external_id)))
        ledger.tickets = connection.execute(sa.select(sa.func.count()).select_from(Ticket)).scalar_one()
        for counts, state in ((ledger.inbox, Inbox.state), (ledger.outbox, Outbox.state)):
            rows = connection.execute(sa.select(state, sa.func.count()).group_by(state))
            counts.update({str(row[0]): int(row[1]) for row in rows})
        ledger.files.update(row[0] for row in connection.execute(sa.select(AttachmentRow.sha256)))
        ended = (OutboxState.UNKNOWN, OutboxState.FAILED, OutboxState.STALE, OutboxState.HELD)
        uncertain = sa.select(Entry.external_id).join(Outbox, Outbox.ticket_id == Entry.ticket_id)
        rows = connection.execute(uncertain.where(Outbox.state.in_(ended)))
        ledger.uncertain.update(bare(row[0]) for row in rows)
    return ledger


def states(url: str) -> Ledger:
    """As ``read_ledger``, without reading every entry: for asking again and again."""
    engine = sa.create_engine(url, poolclass=NullPool)
    ledger = Ledger()
    with engine.connect() as connection:
        for counts, state in ((ledger.inbox, Inbox.state), (ledger.outbox, Outbox.state)):
            rows = connection.execute(sa.select(state, sa.func.count()).group_by(state))
            counts.update({str(row[0]): int(row[1]) for row in rows})
    return ledger


def drained(bot: Bot, timeout: float) -> bool:
    """Whether the bot came to rest in time: nothing waits, nothing is being worked on."""
    url = database_of(bot)

    def at_rest() -> bool:
        try:
            return not states(url).at_work
        except sa.exc.OperationalError:
            return False  # locked or away just now: not at rest

    return wait_until(at_rest, timeout, pause=0.1)


def balance(
    sent: Iterable[Sent], ledger: Ledger, arrived: Iterable[Record], blobs: Path = Path("/nonexistent")
) -> Verdict:
    """Compare what the client was told, what the database and the folder of attachments hold, and what the
    sink got."""
    sent = list(sent)
    copies = Counter(bare(record.answers) for record in arrived)
    accepted = [bare(mail.message_id) for mail in sent if mail.ok is not None]
    held = ledger.inbox[InboxState.HELD]
    missing = [name for name in accepted if not ledger.entries[name]]
    return Verdict(
        lost=tuple(missing[: max(0, len(missing) - held)]),
        doubled=tuple(name for name, count in ledger.entries.items() if count > 1),
        copies=tuple(name for name, count in copies.items() if count > 1),
        silent=tuple(n for n in ledger.entries if not copies[n] and n not in ledger.uncertain),
        stuck=tuple(ledger.at_work),
        refused=tuple(mail.refused for mail in sent if mail.refused),
        without_file=tuple(name for name in sorted(ledger.files) if not is_whole(blobs / name[:2] / name)),
    )


def is_whole(file: Path) -> bool:
    """Whether a file is there and has the content that its name promises."""
    return file.exists() and hashlib.sha256(file.read_bytes()).hexdigest() == file.name


def bare(message_id: str) -> str:
    """Without angle brackets."""
    return message_id.strip().removeprefix("<").removesuffix(">")
