"""A database of today's version for each test, without waiting for its making each time."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.store import migrate
from bot.store.engine import Store


def migrated(store: Store) -> None:
    """Bring an empty database to today's version: the steps are gone through once in a process, the file that
    they leave is copied. ``tests/store/test_migrations.py`` holds that what ``create`` makes is the same.
    One that is there already stays as it is."""
    file = store.engine.url.database
    if store.engine.dialect.name != "sqlite" or not file:
        migrate.create(store)
    elif not Path(file).exists():
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        Path(file).write_bytes(_after_all_steps())


@lru_cache(maxsize=1)
def _after_all_steps() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "deskbot.db"
        store = Store(f"sqlite:///{path}")
        migrate.upgrade(store)
        store.close()
        return path.read_bytes()
