"""The few places where SQLite and PostgreSQL want other words."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import Any, Final, TypeVarTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

Ts = TypeVarTuple("Ts")

AT_ONCE: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""The ``not_before`` of what need not wait: due whatever any clock says (X18), and before all that was put off."""


def word(state: StrEnum) -> sa.ColumnElement[str]:
    """A state written out in the statement: a plan that is made once for all values can then use an index over
    the rows in that state alone."""
    return sa.literal_column(f"'{state}'", sa.Text())


@cache
def insert_new(dialect: str, table: type[Any], *key: str) -> Any:
    """An INSERT that does nothing, and returns nothing, when a row with the same ``key`` is there."""
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return make(table.__table__).on_conflict_do_nothing(index_elements=list(key))


def skip_locked(dialect: str, query: sa.Select[*Ts]) -> sa.Select[*Ts]:
    """Rows that no other worker is taking at this moment. SQLite has one writer, so none is."""
    return query.with_for_update(skip_locked=True) if dialect == "postgresql" else query
