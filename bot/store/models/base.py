"""What all tables share: moments in UTC, numbers, the registry."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, ClassVar, Final

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

_WITHOUT_ZONE: Final = len("2026-03-02 09:30:00.000000")


class Moment(TypeDecorator[datetime]):
    """An aware moment; SQLite, which knows no zones, keeps it as UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any] | None:
        """On SQLite the text that SQLAlchemy's own DATETIME makes, in one step: a mail writes 18 moments, and two
        nested processors and a format with seven values take four times as long."""
        return _written if dialect.name == "sqlite" else super().bind_processor(dialect)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        moment = None if value is None else _in_utc(value)
        return moment.replace(tzinfo=None) if moment and dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002  # SQLAlchemy's signature
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


def _in_utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a moment without a time zone")
    return value if value.tzinfo is UTC else value.astimezone(UTC)


def _written(value: datetime | None) -> str | None:
    return None if value is None else _text(_in_utc(value))


@lru_cache(maxsize=64)
def _text(moment: datetime) -> str:
    """Most moments of a transaction are its own. Only for UTC: elsewhere the two readings of a repeated hour are
    equal."""
    return moment.isoformat(" ", "microseconds")[:_WITHOUT_ZONE]


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
