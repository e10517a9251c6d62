"""Reading and writing: group commit, on SQLite and on PostgreSQL.

A *unit* is a function of a :class:`Tx`. ``await store.write(unit)`` queues it; a writer thread takes what is
waiting, runs it all in one transaction and commits once, so a hundred messages share one fsync. When a unit
raises, the batch is rolled back and its units run one by one, so a unit may run more than once and must
touch nothing but its ``tx``. The future resolves only after COMMIT.

When the answer to a COMMIT is lost, nobody knows whether it happened: every unit of that batch gets
``StoreUnavailable``, and whoever asks again must be recognised by a key or a fence.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias, TypeVar

import sqlalchemy as sa

from bot.clock import Clock
from bot.clock import now as present
from bot.errors import StoreError, StoreUnavailable
from bot.failpoints import failpoint
from bot.store import connect
from bot.store.faults import CommitLost, Conflict, committing, translated
from bot.store.jobs import Job, Queue, resolve, take
from bot.store.models import Moment

T = TypeVar("T")
log = logging.getLogger("deskbot.store")

AnyRow: TypeAlias = sa.Row[*tuple[Any, ...]]
AnyResult: TypeAlias = sa.CursorResult[*tuple[Any, ...]]

_TRIES: Final = 4
_AWAY_AFTER: Final = 2
"""So many units in a row that could not reach the database mean that the rest cannot either."""


@dataclass(frozen=True, slots=True)
class Tx:
    """An open transaction, as the functions of ``bot.store`` want it."""

    connection: sa.Connection
    clock: Clock
    dialect: str
    driver: Any
    """The driver's own connection, for ``bot.store.prepared``; it is in the same transaction."""

    @classmethod
    def of(cls, connection: sa.Connection, now: Clock) -> Tx:
        """The transaction that ``connection`` has begun."""
        return cls(connection, now, connection.dialect.name, connection.connection.dbapi_connection)

    def now(self) -> sa.ColumnElement[datetime]:
        """The moment by the clock that leases and due times go by: the database's own on PostgreSQL."""
        if self.dialect == "postgresql":
            return sa.func.statement_timestamp(type_=Moment())  # unlike clock_timestamp() it can use an index
        return sa.literal(self.clock(), Moment())

    def later(self, delay: timedelta) -> sa.ColumnElement[datetime]:
        """``delay`` after :meth:`now`."""
        if self.dialect == "postgresql":
            return sa.type_coerce(sa.func.statement_timestamp() + sa.literal(delay, sa.Interval()), Moment())
        return sa.literal(self.clock() + delay, Moment())

    def abandoned(
        self,
        lease_until: sa.SQLColumnExpression[datetime | None],
        holder: sa.SQLColumnExpression[str | None],
        worker: str,
    ) -> sa.ColumnElement[bool]:
        """Claimed by a worker that is gone: on PostgreSQL its lease is over by the database's clock; SQLite is
        held by one process, so everything that is not ours is, whatever the clock says (X18)."""
        if self.dialect == "postgresql":
            return lease_until < self.now()
        return holder != worker

    def run(self, statement: sa.Executable, values: Any = None) -> AnyResult:
        """Execute, with ``values`` for the parameters (a list of them for many rows)."""
        return self.connection.execute(statement, values)


Unit = Callable[[Tx], T]


@dataclass(slots=True)
class _Counts:
    batches: int = 0
    units: int = 0
    alone: int = 0


class Store:
    """The database. ``open`` before use; ``close`` waits for what is queued."""

    def __init__(
        self, url: str, *, writers: int = 2, batch: int = 64, now: Clock = present, busy: float = 20.0
    ) -> None:
        self.url = sa.make_url(url)
        self.embedded = self.url.get_backend_name() == "sqlite"
        self.clock = now
        self.counts = _Counts()
        self._busy = busy
        self._batch = batch
        self._writers = 1 if self.embedded else writers
        self._queue: Queue = Queue()
        self._threads: list[threading.Thread] = []
        self._readers = ThreadPoolExecutor(max_workers=3, thread_name_prefix="reader")
        self._closing = threading.Lock()
        self._closed = False
        self._engine: sa.Engine | None = None
        self._reading: sa.Engine | None = None

    @property
    def engine(self) -> sa.Engine:
        """For migrations and tests; everything else goes through units."""
        if self._engine is None:
            self._engine = connect.writing(self.url, self._busy)
        return self._engine

    @property
    def _reader(self) -> sa.Engine:
        if self._reading is None:
            self._reading = connect.reading(self.url, self._busy, self.engine)
        return self._reading

    def open(self) -> None:
        """Start the writer threads."""
        self._reading = self._reader  # both engines are made before any thread could make them twice
        for number in range(self._writers):
            thread = threading.Thread(target=self._serve, name=f"writer-{number}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def close(self) -> None:
        """Finish what is queued, and let go of every connection; later callers get ``StoreUnavailable``."""
        with self._closing:
            self._closed = True
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()
        self._threads.clear()
        self._readers.shutdown()
        for engine in (self._engine, self._reading):
            if engine is not None:
                engine.dispose()

    async def write(self, unit: Unit[T]) -> T:
        """Run ``unit`` in a transaction shared with others; returns after COMMIT."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        with self._closing:
            self._refuse_when_closed()
            self._queue.put(Job(unit, loop, future))
        return await future

    async def read(self, unit: Unit[T]) -> T:
        """Run ``unit`` in a read-only transaction of its own, away from the writers."""
        with self._closing:
            self._refuse_when_closed()
            reading = asyncio.get_running_loop().run_in_executor(self._readers, self.read_now, unit)
        return await reading

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise StoreUnavailable("the store is closed")

    def read_now(self, unit: Unit[T]) -> T:
        """As ``read``, for a caller without an event loop."""
        with translated(), self._reader.connect() as connection, connection.begin():
            return unit(Tx.of(connection, self.clock))

    def write_now(self, unit: Unit[T]) -> T:
        """As ``write``, alone, for a caller without an event loop (the command line)."""
        with translated(), self.engine.connect() as connection, connection.begin():
            tx = Tx.of(connection, self.clock)
            result = unit(tx)
            _insist_on_open(tx)
            return result

    def _serve(self) -> None:
        connection: sa.Connection | None = None
        try:
            while batch := take(self._queue, self._batch):
                connection = self._run_batch(batch, connection)
                resolve(batch)
        finally:
            if connection is not None:
                connection.close()

    def _run_batch(self, jobs: list[Job], connection: sa.Connection | None) -> sa.Connection | None:
        self.counts.batches += 1
        self.counts.units += len(jobs)
        connection = self._run_together(jobs, connection)
        if all(job.error is None for job in jobs):
            return connection
        if isinstance(jobs[0].error, CommitLost):
            return connection
        if len(jobs) == 1 and not isinstance(jobs[0].error, StoreUnavailable):
            return connection  # its own fault: it would only fail again
        away = 0
        for job in jobs:
            if away >= _AWAY_AFTER:
                continue  # the database is away: the error that the batch met stands
            self.counts.alone += 1
            for _ in range(_TRIES):
                connection = self._run_together([job], connection)
                if not isinstance(job.error, Conflict):
                    break
            away = away + 1 if isinstance(job.error, StoreUnavailable) else 0
        return connection

    def _run_together(self, jobs: Sequence[Job], connection: sa.Connection | None) -> sa.Connection | None:
        """One transaction for all ``jobs``; on an error every job carries it. Returns the connection to go on."""
        try:
            with translated():
                connection = connection or self.engine.connect()
                with connection.begin() as transaction:
                    tx = Tx.of(connection, self.clock)
                    for job in jobs:
                        job.error = None
                        job.result = job.unit(tx)
                    _insist_on_open(tx)
                    failpoint("before_commit")
                    with committing():
                        transaction.commit()
                    failpoint("after_commit")
        except BaseException as error:  # noqa: BLE001  # every waiting caller must hear of it, whatever it is
            for job in jobs:
                job.error = error
            if isinstance(error, StoreUnavailable) and connection is not None:
                _discard(connection)
                connection = None
        return connection


def _insist_on_open(tx: Tx) -> None:
    """A unit that swallowed an error of the database may have left a transaction that is over: PostgreSQL
    answers its COMMIT with a friendly ROLLBACK, SQLite keeps what came after. Neither may pass for a yes."""
    if tx.dialect == "sqlite":
        ended = not tx.driver.in_transaction
    else:
        ended = tx.driver.info.transaction_status.name == "INERROR"
    if ended:
        raise StoreError("the transaction had ended before its COMMIT: a unit kept an error to itself")


def _discard(connection: sa.Connection) -> None:
    """Let go of a connection that may be broken in any way."""
    with contextlib.suppress(Exception):
        connection.invalidate()
    with contextlib.suppress(Exception):
        connection.close()
