"""What all tables share: moments in UTC, numbers, the registry."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    DateTime,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    Text,
    TypeDecorator,
    text,
)
from sqlalchemy.orm import DeclarativeBase


class Moment(TypeDecorator[datetime]):
    """An aware moment; SQLite, which knows no zones, keeps it as UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002  # SQLAlchemy's signature
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


NUMBER = BigInteger().with_variant(Integer, "sqlite")
"""Of a row. SQLite counts by itself only in a plain INTEGER."""


class Base(DeclarativeBase):
    """Base of all tables."""

    type_annotation_map: ClassVar = {
        datetime: Moment,
        dict[str, Any]: JSON,
        int: BigInteger,
        str: Text,
        bytes: LargeBinary,
        bool: Boolean,
    }


def partial(name: str, *columns: str, where: str) -> Index:
    """An index over the few rows that somebody waits for."""
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))
