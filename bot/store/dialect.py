"""The few places where SQLite and PostgreSQL want other words."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVarTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

Ts = TypeVarTuple("Ts")


@cache
def insert_new(dialect: str, table: type[Any], *key: str) -> Any:
    """An INSERT that does nothing, and returns nothing, when a row with the same ``key`` is there."""
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return make(table.__table__).on_conflict_do_nothing(index_elements=list(key))


def skip_locked(dialect: str, query: sa.Select[*Ts]) -> sa.Select[*Ts]:
    """Rows that no other worker is taking at this moment. SQLite has one writer, so none is."""
    return query.with_for_update(skip_locked=True) if dialect == "postgresql" else query
