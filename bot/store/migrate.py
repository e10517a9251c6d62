"""Bringing a database up to date.

``python -m bot.store.migrate`` reads a database's URL from standard input and upgrades it: a running bot
does this in a process of its own, because Alembic takes 40 MB that would stay for good.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from bot.errors import StoreError
from bot.store.engine import Store
from bot.store.faults import translated
from bot.store.models import Base

_FOLDER: Final = Path(__file__).parent / "migrations"
_LOCK: Final = 0x6465736B
"""PostgreSQL advisory lock: two processes that upgrade at once do it one after the other."""


def known() -> list[str]:
    """All versions, oldest first."""
    return sorted(path.stem.partition("_")[0] for path in (_FOLDER / "versions").glob("[0-9]*.py"))


def version(store: Store) -> str | None:
    """The version of a database; None: it is empty."""
    with translated(), store.engine.connect() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


def is_current(store: Store) -> bool:
    """Whether nothing is to be done. Raises ``StoreError`` for a database that a newer Deskbot has made."""
    found = version(store)
    if found is not None and found not in known():
        raise StoreError(
            f"the database is at version {found}, which this Deskbot does not know: use a newer one"
        )
    return found == known()[-1]


def upgrade(store: Store) -> None:
    """Run what is missing, in one transaction: a killed upgrade leaves the old version (H9)."""
    from alembic import command
    from alembic.config import Config

    is_current(store)
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    with translated(), store.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def create(store: Store) -> None:
    """Make all tables in an empty database, as the steps would have made them: a first start then need not
    wait for Alembic. ``tests/store/test_migrations.py`` holds that both ways end alike."""
    with translated(), store.engine.begin() as connection:
        Base.metadata.create_all(connection)
        connection.execute(
            sa.text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
        )
        connection.execute(sa.text("INSERT INTO alembic_version VALUES (:head)"), {"head": known()[-1]})


def upgrade_elsewhere(url: str) -> None:
    """As ``upgrade``, in a process of its own. Raises ``StoreError``."""
    done = subprocess.run(
        [sys.executable, "-m", "bot.store.migrate"], input=url, text=True, capture_output=True, check=False
    )
    if done.returncode:
        raise StoreError(done.stderr.strip() or "the database could not be upgraded")


def _main() -> int:
    store = Store(sys.stdin.read().strip())
    try:
        upgrade(store)
    except StoreError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    finally:
        store.close()
    return 0


if __name__ == "__main__":
    sys.exit(_main())
