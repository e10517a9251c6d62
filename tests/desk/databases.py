"""A desk on each database, for the rooms whose SQL is new."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from bot.store.engine import Store
from tests.desks import Clock, OpenDesk, a_desk
from tests.fresh import migrated
from tests.peers.postgres import PostgresCluster

KINDS: Final = ("sqlite", "postgresql")


@contextmanager
def desk_on(request: pytest.FixtureRequest, folder: Path, **sections: Any) -> Iterator[OpenDesk]:
    """A desk on a fresh database of the kind that ``request.param`` names."""
    clock = Clock()
    if request.param == "sqlite":
        url, drop = f"sqlite:///{folder / 'deskbot.db'}", None
    else:
        cluster: PostgresCluster = request.getfixturevalue("postgres")
        drop = cluster.create_database()
        url = "postgresql+psycopg://" + drop.removeprefix("postgresql://")
    store = Store(url, now=clock)
    migrated(store)
    try:
        yield OpenDesk(store, a_desk(**sections), clock, folder)
    finally:
        store.close()
        if drop:
            cluster.drop_database(drop)
