"""Statements of the hot path: written in SQLAlchemy's language, compiled once, run on the driver itself.

``Connection.execute`` takes 25 to 50 µs for each small statement, the driver 4. A message needs a dozen, and
all of them run in the one thread that writes, so this is what sets the pace of the whole desk. Everything that
is not on that path goes through ``Tx.run``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import sqlalchemy as sa

from bot.store.engine import Tx
from bot.store.models import Moment

Row = tuple[Any, ...]
_Processor = Callable[[Any], Any]

_NOW: Final = "tx_now"
_DELAY: Final = "tx_delay"


@dataclass(frozen=True, slots=True)
class Words:
    """What a statement can say of time, in the words of a dialect: see ``Tx.now``."""

    dialect: str

    @property
    def now(self) -> sa.ColumnElement[Any]:
        """The moment, by the database's clock on PostgreSQL."""
        if self.dialect == "postgresql":
            return sa.func.statement_timestamp(type_=Moment())
        return sa.bindparam(_NOW, type_=Moment())

    @property
    def later(self) -> sa.ColumnElement[Any]:
        """``delay`` after ``now``: the statement is run with a value named "delay"."""
        if self.dialect == "postgresql":
            return sa.func.statement_timestamp() + sa.bindparam(_DELAY, type_=sa.Interval())
        return sa.bindparam(_DELAY, type_=Moment())


@dataclass(slots=True)
class _Compiled:
    """A statement in the words of one driver."""

    sql: str
    names: tuple[str, ...]
    bind: dict[str, _Processor]
    result: tuple[tuple[int, _Processor], ...]
    positional: bool
    fixed: dict[str, Any]
    wants_now: bool
    wants_delay: bool


class Prepared:
    """One statement. ``make`` builds it for a dialect; ``columns`` are what an INSERT gives."""

    def __init__(self, make: Callable[[Words], sa.Executable], columns: Sequence[str] | None = None) -> None:
        self._make = make
        self._columns = columns
        self._compiled: dict[str, _Compiled] = {}

    def all(self, tx: Tx, **values: Any) -> list[Row]:
        """Every row."""
        compiled = self._for(tx)
        rows = tx.driver.execute(compiled.sql, _values(compiled, tx, values)).fetchall()
        return [_row(compiled, row) for row in rows] if compiled.result else rows

    def one(self, tx: Tx, **values: Any) -> Row | None:
        """The first row, if there is one."""
        compiled = self._for(tx)
        row = tx.driver.execute(compiled.sql, _values(compiled, tx, values)).fetchone()
        return _row(compiled, row) if row is not None and compiled.result else row

    def value(self, tx: Tx, **values: Any) -> Any:
        """The first column of the first row; None when there is none."""
        row = self.one(tx, **values)
        return None if row is None else row[0]

    def run(self, tx: Tx, **values: Any) -> int:
        """How many rows were touched."""
        compiled = self._for(tx)
        return int(tx.driver.execute(compiled.sql, _values(compiled, tx, values)).rowcount)

    def many(self, tx: Tx, rows: Sequence[dict[str, Any]]) -> None:
        """Once for each of ``rows``."""
        compiled = self._for(tx)
        tx.driver.cursor().executemany(compiled.sql, [_values(compiled, tx, row) for row in rows])

    def _for(self, tx: Tx) -> _Compiled:
        found = self._compiled.get(tx.dialect)
        if found is None:
            statement = self._make(Words(tx.dialect))
            found = self._compiled[tx.dialect] = _compile(statement, tx.connection.dialect, self._columns)
        return found


def _compile(statement: Any, dialect: sa.Dialect, columns: Sequence[str] | None) -> _Compiled:
    compiled: Any = statement.compile(
        dialect=dialect,
        column_keys=list(columns) if columns else None,
        compile_kwargs={"render_postcompile": True},
    )
    bind: dict[str, _Processor] = {}
    fixed: dict[str, Any] = {}
    defaults = _defaults(statement)
    for parameter, name in compiled.bind_names.items():
        process = parameter.type.dialect_impl(dialect).bind_processor(dialect)
        if process is not None:
            bind[name] = process
        if not parameter.required:
            value = defaults.get(name) if parameter.value is None else parameter.value
            fixed[name] = process(value) if process else value
    result = []
    if getattr(statement, "_returning", True):
        for index, column in enumerate(statement.exported_columns):
            process = column.type.dialect_impl(dialect).result_processor(dialect, None)
            if process is not None:
                result.append((index, process))
    names = tuple(compiled.positiontup or compiled.bind_names.values())
    return _Compiled(
        sql=str(compiled),
        names=names,
        bind=bind,
        result=tuple(result),
        positional=bool(compiled.positional),
        fixed=fixed,
        wants_now=_NOW in names,
        wants_delay=_DELAY in names,
    )


def _defaults(statement: Any) -> dict[str, Any]:
    """What the model says of columns that an INSERT does not give."""
    if not isinstance(statement, sa.Insert):
        return {}
    defaults = ((column.key, column.default) for column in statement.table.columns)
    return {
        name: default.arg
        for name, default in defaults
        if isinstance(default, sa.ColumnDefault) and default.is_scalar
    }


def _values(compiled: _Compiled, tx: Tx, given: dict[str, Any]) -> Any:
    if compiled.wants_now:
        given[_NOW] = tx.clock()
    if compiled.wants_delay:
        delay: timedelta = given.pop("delay")
        given[_DELAY] = tx.clock() + delay if tx.dialect == "sqlite" else delay
    bind, fixed = compiled.bind, compiled.fixed
    if compiled.positional:
        return [
            (bind[name](given[name]) if name in bind else given[name]) if name in given else fixed[name]
            for name in compiled.names
        ]
    ready = {name: bind[name](value) if name in bind else value for name, value in given.items()}
    return {**fixed, **ready}


def _row(compiled: _Compiled, row: Row) -> Row:
    values = list(row)
    for index, process in compiled.result:
        values[index] = process(values[index])
    return tuple(values)
