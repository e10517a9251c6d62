"""The one place where the database libraries' errors become Deskbot's."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError

from bot.errors import StoreError, StoreUnavailable

_GIVEN_UP: Final = frozenset({"40001", "40P01"})
"""PostgreSQL: serialization failure, deadlock. The transaction is gone, and running it again is right."""
_FULL: Final = frozenset({"SQLITE_FULL", "53100"})


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
    """Around everything that talks to the database."""
    try:
        yield
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) in _GIVEN_UP:
            raise Conflict(_text(error)) from error
        if isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated:
            raise StoreUnavailable(_text(error), full=_is_full(error)) from error
        raise StoreError(_text(error)) from error
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise StoreUnavailable(type(error).__name__) from error


def _text(error: DBAPIError) -> str:
    """What an administrator needs: the kind and the database's own words, without statement and values."""
    lines = str(error.orig).strip().splitlines()
    return f"{type(error.orig).__name__}: {lines[0] if lines else ''}"


def _is_full(error: DBAPIError) -> bool:
    name = getattr(error.orig, "sqlite_errorname", None) or getattr(error.orig, "sqlstate", None)
    return name in _FULL
