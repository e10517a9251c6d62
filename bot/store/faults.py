"""The one place where the database libraries' errors become Deskbot's."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from bot.errors import StoreError, StoreUnavailable

_GIVEN_UP: Final = frozenset({"40001", "40P01"})
"""PostgreSQL: serialization failure, deadlock. The transaction is gone, and running it again is right."""
_FULL: Final = frozenset({"SQLITE_FULL", "53100"})
_READ_ONLY: Final = "25006"
"""PostgreSQL: this server is a replica at the moment; the next connection may find the one that writes (X15)."""


class CommitLost(StoreUnavailable):
    """The database went away while it committed: it may have happened."""


class Conflict(StoreUnavailable):
    """The database gave up this transaction in favour of another one."""


@contextmanager
def committing() -> Iterator[None]:
    """Around COMMIT: a server that is gone without an answer leaves us not knowing."""
    try:
        yield
    except DBAPIError as error:
        if error.connection_invalidated:
            raise CommitLost(_text(error)) from error
        raise


@contextmanager
def translated() -> Iterator[None]:
    """Around everything that talks to the database, through SQLAlchemy or through the driver itself."""
    try:
        yield
    except Exception as error:
        if not isinstance(error, SQLAlchemyError | sqlite3.Error) and not _is_psycopg(error):
            raise
        orig = error.orig if isinstance(error, DBAPIError) else error
        if getattr(orig, "sqlstate", None) in _GIVEN_UP:
            raise Conflict(_text(error)) from error
        if _is_away(error, orig):
            raise StoreUnavailable(_text(error), full=_is_full(orig)) from error
        raise StoreError(_text(error)) from error


def _is_psycopg(error: Exception) -> bool:
    """Told by its name, so that a desk on SQLite need not load psycopg."""
    return type(error).__module__.partition(".")[0] == "psycopg"


def _is_away(error: Exception, orig: BaseException | None) -> bool:
    """The kinds of error that PEP 249 keeps for what is not the statement's fault; ``QueuePool`` at its end.

    sqlite3 calls a wrong statement operational too, and psycopg a server that only reads an internal error.
    """
    if getattr(orig, "sqlite_errorname", None) == "SQLITE_ERROR":
        return False
    if getattr(orig, "sqlstate", None) == _READ_ONLY:
        return True
    kinds = {kind.__name__ for kind in type(orig).__mro__} | {type(error).__name__}
    return not kinds.isdisjoint({"OperationalError", "InterfaceError", "TimeoutError"})


def _text(error: Exception) -> str:
    """What an administrator needs: the kind and the database's own words, without statement and values."""
    orig = error.orig if isinstance(error, DBAPIError) else error
    lines = str(orig).strip().splitlines()
    return f"{type(orig).__name__}: {lines[0] if lines else ''}"


def _is_full(orig: BaseException | None) -> bool:
    name = getattr(orig, "sqlite_errorname", None) or getattr(orig, "sqlstate", None)
    return name in _FULL
