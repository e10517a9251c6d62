"""Bringing a database up to date: the steps make what the models say, all or nothing, and once."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from bot.errors import StoreError
from bot.store import migrate
from bot.store.engine import Store
from bot.store.models import Base
from tests.store.conftest import driver_url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        store = Store(f"sqlite:///{tmp_path / 'new' / 'deskbot.db'}")
    else:
        store = Store(driver_url(request.getfixturevalue("postgres_url")))
    yield store
    store.close()


def plain_url(store: Store) -> str:
    return store.url.render_as_string(hide_password=False)


def test_the_steps_make_what_the_models_say(empty: Store) -> None:
    migrate.upgrade(empty)
    with empty.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences: list[Any] = compare_metadata(context, Base.metadata)
    assert differences == []


def test_tables_made_at_once_are_those_that_the_steps_make(empty: Store) -> None:
    migrate.create(empty)
    assert migrate.is_current(empty)
    made = _columns(empty)
    with empty.engine.begin() as connection:
        Base.metadata.drop_all(connection)
        connection.execute(sa.text("DROP TABLE alembic_version"))
    migrate.upgrade(empty)
    assert made == _columns(empty)


def _columns(store: Store) -> dict[str, Any]:
    """Every table's columns with type and null, and its indexes and unique constraints, without their order."""
    found: dict[str, Any] = {}
    inspector = sa.inspect(store.engine)
    for table in inspector.get_table_names():
        columns = {(c["name"], str(c["type"]), c["nullable"]) for c in inspector.get_columns(table)}
        indexes = {
            (i["name"], tuple(i["column_names"]), bool(i["unique"])) for i in inspector.get_indexes(table)
        }
        unique = {tuple(u["column_names"]) for u in inspector.get_unique_constraints(table)}
        found[table] = columns, indexes, unique
    return found


def test_an_empty_database_has_no_version_and_an_upgraded_one_is_current(empty: Store) -> None:
    assert migrate.version(empty) is None
    assert not migrate.is_current(empty)
    migrate.upgrade(empty)
    assert migrate.version(empty) == migrate.known()[-1]
    assert migrate.is_current(empty)
    migrate.upgrade(empty)
    assert migrate.is_current(empty)


def test_h9_a_version_that_is_not_known_is_refused(empty: Store) -> None:
    migrate.upgrade(empty)
    with empty.engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    for use in (migrate.is_current, migrate.upgrade):
        with pytest.raises(StoreError, match="9999"):
            use(empty)


def test_h9_an_upgrade_in_a_process_of_its_own_tells_why_it_failed(tmp_path: Path) -> None:
    path = tmp_path / "deskbot.db"
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(StoreError, match="not a database"):
        migrate.upgrade_elsewhere(f"sqlite:///{path}")


_KILLED = """
import os, signal, sys
import sqlalchemy as sa
from bot.store import migrate
from bot.store.engine import Store
store = Store(sys.argv[1])
@sa.event.listens_for(store.engine, "after_cursor_execute")
def strike(connection, cursor, statement, *rest):
    if "CREATE TABLE outbox" in statement:
        os.kill(os.getpid(), signal.SIGKILL)
migrate.upgrade(store)
"""


def test_h9_an_upgrade_killed_in_the_middle_leaves_the_old_version(empty: Store) -> None:
    done = subprocess.run([sys.executable, "-c", _KILLED, plain_url(empty)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert migrate.version(empty) is None
    with empty.engine.connect() as connection:
        assert sa.inspect(connection).get_table_names() == []
    migrate.upgrade(empty)
    assert migrate.is_current(empty)


def test_h9_two_upgrades_at_once_are_one(empty: Store) -> None:
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(migrate.upgrade_elsewhere, [plain_url(empty)] * 2))
    assert migrate.is_current(empty)
