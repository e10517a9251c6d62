"""How Deskbot connects to each database, and what it insists on there."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

_PRAGMAS: Final = (
    "journal_mode=WAL",
    "synchronous=FULL",  # X3: with WAL, this keeps every commit through a power loss
    "foreign_keys=ON",
    "temp_store=MEMORY",
    "wal_autocheckpoint=4000",
    "journal_size_limit=67108864",
)
_POSTGRESQL: Final[dict[str, Any]] = {
    "connect_timeout": 5,
    # X15: a server that is gone without a word is noticed in half a minute, not in a quarter of an hour
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
    "options": (
        "-c synchronous_commit=on -c timezone=UTC"
        # X19: a process that was paused in the middle of a transaction holds its locks. Others wait for them no
        # longer than this, and after a while the server ends the transaction.
        " -c lock_timeout=5s -c idle_in_transaction_session_timeout=15s"
    ),
}


def writing(url: sa.URL, busy: float) -> sa.Engine:
    """Connections that may write. ``busy``: seconds to wait for another process that writes (SQLite)."""
    if url.get_backend_name() == "sqlite":
        return _sqlite(url, busy, begin="BEGIN IMMEDIATE")
    return sa.create_engine(
        url,
        pool_size=8,
        max_overflow=8,
        pool_timeout=5,
        pool_recycle=1800,
        pool_pre_ping=True,  # a connection from before a restart of the server is never handed out
        isolation_level="READ COMMITTED",
        connect_args=_POSTGRESQL,
    )


def reading(url: sa.URL, busy: float, writer: sa.Engine) -> sa.Engine:
    """Connections that cannot write, and on SQLite do not wait for who does."""
    if url.get_backend_name() == "sqlite":
        return _sqlite(url, busy, begin="BEGIN", extra=("query_only=ON",))
    return writer.execution_options(postgresql_readonly=True)


def _sqlite(url: sa.URL, busy: float, *, begin: str, extra: tuple[str, ...] = ()) -> sa.Engine:
    def prepare(raw: sqlite3.Connection, _record: object) -> None:
        raw.isolation_level = None  # SQLAlchemy says BEGIN itself, see the "begin" event
        for pragma in (*_PRAGMAS, *extra):
            raw.execute(f"PRAGMA {pragma}")

    def create(*_: object) -> None:
        _create_private(url.database)

    engine = sa.create_engine(url, connect_args={"timeout": busy, "check_same_thread": False})
    sa.event.listen(engine, "do_connect", create)
    sa.event.listen(engine, "connect", prepare)
    sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


def _create_private(database: str | None) -> None:
    """L5: SQLite would make the file with the umask's rights; its side files take the rights of the first."""
    if not database or database == ":memory:" or database.startswith("file:"):
        return
    path = Path(database)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError:
        return  # it is there, as it should be; or SQLite finds the same fault, and says so
