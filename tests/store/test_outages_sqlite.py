"""SQLite as it is really run: durable, private, and alive after a lock or a full disk."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.errors import StoreError, StoreUnavailable
from bot.store import inbox, inbox_review, migrate
from bot.store.engine import Store, Tx
from bot.store.models import Inbox
from tests.store.conftest import OpenStore
from tests.store.makers import count, payload


def database(store: Store) -> Path:
    assert store.url.database
    return Path(store.url.database)


def pragmas(tx: Tx) -> dict[str, object]:
    names = ("journal_mode", "synchronous", "foreign_keys", "query_only")
    return {name: tx.driver.execute(f"PRAGMA {name}").fetchone()[0] for name in names}


async def test_x3_every_connection_keeps_what_was_committed_through_a_power_loss(sqlite_store: Store) -> None:
    expected = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "query_only": 0}
    assert await sqlite_store.write(pragmas) == expected
    assert sqlite_store.write_now(pragmas) == expected
    assert await sqlite_store.read(pragmas) == expected | {"query_only": 1}


_TRACED = """
import asyncio, os, sys
from bot.store import inbox
from bot.store.engine import Store
from tests.store.makers import payload
async def main():
    store = Store(sys.argv[1])
    store.open()
    await store.write(lambda tx: None)
    os.write(1, b"asked\\n")
    await store.write(lambda tx: inbox.add(tx, payload()))
    os.write(1, b"answered\\n")
    store.close()
asyncio.run(main())
"""

if shutil.which("strace"):

    def test_x3_the_log_is_synced_before_the_caller_hears(sqlite_url: str, tmp_path: Path) -> None:
        log = tmp_path / "trace"
        trace = ["strace", "-f", "-o", str(log), "-e", "trace=write,fsync,fdatasync", "-s", "16"]
        root = Path(__file__).parents[2]
        subprocess.run(
            [*trace, sys.executable, "-c", _TRACED, sqlite_url],
            check=True,
            cwd=root,
            stdout=subprocess.DEVNULL,
        )
        lines = log.read_text().splitlines()
        asked, answered = (
            next(i for i, line in enumerate(lines) if word in line) for word in ('"asked', '"answered')
        )
        assert any("fdatasync(" in line or "fsync(" in line for line in lines[asked:answered])


def test_l5_the_database_and_its_folder_are_private(tmp_path: Path) -> None:
    path = tmp_path / "new" / "deskbot.db"
    before = os.umask(0o022)
    try:
        store = Store(f"sqlite:///{path}")
        migrate.upgrade(store)
        store.open()
        store.write_now(lambda tx: inbox.add(tx, payload()))
        modes = {
            each.name: stat.S_IMODE(each.stat().st_mode) for each in (path.parent, *path.parent.iterdir())
        }
        store.close()
    finally:
        os.umask(before)
    assert modes == {"new": 0o700, "deskbot.db": 0o600, "deskbot.db-wal": 0o600, "deskbot.db-shm": 0o600}


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    store = Store(f"sqlite:///{tmp_path / 'file' / 'deskbot.db'}")
    with pytest.raises(StoreUnavailable, match="unable to open"):
        migrate.version(store)
    store.close()


async def test_x14_a_lock_that_ends_in_time_is_waited_for(sqlite_store: Store) -> None:
    other = sqlite3.connect(database(sqlite_store), isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    writing = asyncio.create_task(sqlite_store.write(lambda tx: inbox.add(tx, payload())))
    done, _ = await asyncio.wait([writing], timeout=0.5)
    assert not done
    assert (await sqlite_store.read(inbox_review.depth)).waiting == 0
    other.execute("COMMIT")
    assert await writing is True
    other.close()


async def test_x14_a_lock_that_lasts_is_told_and_nothing_is_lost(
    sqlite_url: str, open_store: OpenStore
) -> None:
    store = open_store(sqlite_url, busy=0.1)
    other = sqlite3.connect(database(store), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    results = await asyncio.gather(
        *[store.write(lambda tx: inbox.add(tx, payload())) for _ in range(20)], return_exceptions=True
    )
    assert all(isinstance(result, StoreUnavailable) and not result.full for result in results)
    other.execute("ROLLBACK")
    other.close()
    assert await store.write(lambda tx: inbox.add(tx, payload())) is True
    assert count(store, Inbox) == 1


def sound(path: Path) -> bool:
    connection = sqlite3.connect(path)
    (answer,) = connection.execute("PRAGMA integrity_check").fetchone()
    connection.close()
    return bool(answer == "ok")


async def test_x12_a_full_disk_is_told_as_full_and_survived(sqlite_url: str, open_store: OpenStore) -> None:
    store = open_store(sqlite_url)
    room = {"pages": 200}

    def bound(raw: sqlite3.Connection, _record: object, _proxy: object) -> None:
        raw.execute(f"PRAGMA max_page_count={room['pages']}")

    store.engine.dispose()
    sa.event.listen(store.engine, "checkout", bound)
    kept, errors = 0, list[StoreUnavailable]()
    for _ in range(40):
        try:
            kept += await store.write(lambda tx: inbox.add(tx, payload(raw=b"x" * 50_000)))
        except StoreUnavailable as error:
            errors.append(error)
    assert kept > 3
    assert len(errors) > 3
    assert all(error.full for error in errors)
    assert count(store, Inbox) == kept
    assert (await store.read(inbox_review.depth)).waiting == kept
    room["pages"] = 100_000
    assert await store.write(lambda tx: inbox.add(tx, payload(raw=b"x" * 50_000))) is True
    assert sound(database(store))


_LIMITED = """
import asyncio, resource, signal, sys
from bot.errors import StoreUnavailable
from bot.store import inbox
from bot.store.engine import Store
from tests.store.makers import count, payload
from bot.store.models import Inbox
async def main():
    store = Store(sys.argv[1])
    store.open()
    def add(tx): return inbox.add(tx, payload(raw=b"x" * 50_000))
    kept = failed = 0
    for _ in range(40):
        try:
            kept += await store.write(add)
        except StoreUnavailable:
            failed += 1
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    kept += await store.write(add)
    assert kept > 3 and failed > 3, (kept, failed)
    assert count(store, Inbox) == kept
    store.close()
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, resource.RLIM_INFINITY))
asyncio.run(main())
"""


def test_x13_writes_that_the_system_refuses_are_told_and_survived(sqlite_url: str) -> None:
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", _LIMITED, sqlite_url], check=True, cwd=root)
    assert sound(Path(sqlite_url.removeprefix("sqlite:///")))


async def test_a_unit_that_swallows_a_full_disk_is_not_half_kept(
    sqlite_url: str, open_store: OpenStore
) -> None:
    """SQLite ends the transaction by itself then; what the unit writes afterwards would stand alone."""
    store = open_store(sqlite_url)

    def unit(tx: Tx) -> None:
        (pages,) = tx.driver.execute("PRAGMA page_count").fetchone()
        tx.driver.execute(f"PRAGMA max_page_count={pages + 5}")
        try:
            inbox.add(tx, payload(raw=b"x" * 5_000_000))
        except sqlite3.OperationalError:
            tx.driver.execute("PRAGMA max_page_count=100000")

    with pytest.raises(StoreError, match="had ended"):
        await store.write(unit)
    assert count(store, Inbox) == 0
    assert await store.write(lambda tx: inbox.add(tx, payload())) is True
