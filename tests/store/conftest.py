"""An opened, migrated store on each database, with a clock that tests can set."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.store import migrate
from bot.store.engine import Store
from tests.peers.postgres import PostgresCluster
from tests.store.makers import Clock

OpenStore = Callable[..., Store]


def driver_url(url: str) -> str:
    """The URL by which SQLAlchemy takes psycopg 3."""
    return "postgresql+psycopg://" + url.removeprefix("postgresql://")


def _migrated(url: str) -> None:
    store = Store(url)
    try:
        migrate.upgrade(store)
    finally:
        store.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite database to copy."""
    path = tmp_path_factory.mktemp("template") / "deskbot.db"
    _migrated(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres: PostgresCluster) -> str:
    """The name of a migrated PostgreSQL database to copy."""
    url = postgres.create_database()
    _migrated(driver_url(url))
    return url.rpartition("?")[0].rpartition("/")[2]


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A migrated SQLite database of this test's own."""
    path = tmp_path / "deskbot.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def migrated_postgres_url(postgres: PostgresCluster, postgres_template: str) -> Iterator[str]:
    """A migrated PostgreSQL database of this test's own."""
    url = postgres.create_database(postgres_template)
    yield driver_url(url)
    postgres.drop_database(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated database of this test's own, of each kind."""
    name = "sqlite_url" if request.param == "sqlite" else "migrated_postgres_url"
    url: str = request.getfixturevalue(name)
    return url


@pytest.fixture
def now() -> Clock:
    """The process's clock."""
    return Clock()


@pytest.fixture
def open_store(now: Clock) -> Iterator[OpenStore]:
    """Opens stores, and closes them at the end."""
    opened: list[Store] = []

    def opener(url: str, **options: Any) -> Store:
        store = Store(url, now=now, **options)
        store.open()
        opened.append(store)
        return store

    yield opener
    for store in opened:
        store.close()


@pytest.fixture
def store(database_url: str, open_store: OpenStore) -> Store:
    """An opened store on each database."""
    return open_store(database_url)


@pytest.fixture
def sqlite_store(sqlite_url: str, open_store: OpenStore) -> Store:
    """An opened store on SQLite."""
    return open_store(sqlite_url)


@pytest.fixture
def postgres_store(migrated_postgres_url: str, open_store: OpenStore) -> Store:
    """An opened store on PostgreSQL."""
    return open_store(migrated_postgres_url)
