"""The hot questions stay cheap when nearly everything is done: their plans name the indexes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from bot import clock
from bot.store import budgets, inbox, outbox, timers
from bot.store.engine import Store, Tx
from tests.store.makers import LEASE, new_ticket

_DONE = 50_000
_MOMENT = "'2026-01-01 00:00:00.000000'"
_FILL = {
    "inbox": f"""INSERT INTO inbox (key, channel, received_at, size, state, not_before, attempts)
        SELECT 'k' || n, 'mail', {_MOMENT}, 2000, CASE WHEN n % 1000 = 0 THEN 'waiting' ELSE 'done' END, {_MOMENT}, 1""",
    "outbox": f"""INSERT INTO outbox (ticket_id, channel, kind, automatic, medium, recipient, domain, token, message,
            created_at, state, not_before, attempts, ambiguous)
        SELECT 1, 'mail', 'acknowledgement', 1=1, 'email', 'p' || n || '@example.org', 'd' || (n % 500), 't' || n, '',
            {_MOMENT}, CASE WHEN n % 1000 = 0 THEN 'queued' ELSE 'sent' END, {_MOMENT}, 1, 0""",
    "timer": f"""INSERT INTO timer (ticket_id, kind, due_at, state)
        SELECT 1, 'k', {_MOMENT}, CASE WHEN n % 1000 = 0 THEN 'pending' ELSE 'fired' END""",
}
_SERIES = {
    "sqlite": f" FROM (WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {_DONE}) SELECT n FROM s)",
    "postgresql": f" FROM generate_series(1, {_DONE}) AS n",
}
_QUESTIONS: dict[str, tuple[Callable[[Tx], object], list[str]]] = {
    "inbox.claim": (lambda tx: inbox.claim(tx, "w", 1, LEASE), ["inbox_waiting"]),
    "outbox.claim": (lambda tx: outbox.claim(tx, "w", 0, LEASE), ["outbox_queued", "outbox_order"]),
    "timers.due": (lambda tx: timers.due(tx, 10), ["timer_pending"]),
    "automatic_counts": (
        lambda tx: budgets.automatic_counts(tx, "p7@example.org", "d7", clock.now()),
        ["outbox_recipient", "outbox_domain"],
    ),
    "inbox.recover": (lambda tx: inbox.recover(tx, "w"), ["inbox_claimed"]),
    "outbox.recover": (lambda tx: outbox.recover(tx, "w"), ["outbox_sending"]),
}


def _fill(store: Store) -> None:
    def unit(tx: Tx) -> None:
        new_ticket(tx)
        for insert in _FILL.values():
            tx.run(sa.text(insert + _SERIES[tx.dialect]))

    if store.embedded:
        store.write_now(unit)
        return
    cast = {name: text.replace(_MOMENT, f"CAST({_MOMENT} AS timestamptz)") for name, text in _FILL.items()}

    def with_casts(tx: Tx) -> None:
        new_ticket(tx)
        for insert in cast.values():
            tx.run(sa.text(insert + _SERIES[tx.dialect]))

    store.write_now(with_casts)


class Recorder:
    """Stands before the driver's connection and keeps what is asked of it."""

    def __init__(self, driver: Any, asked: list[tuple[str, Any]]) -> None:
        self._driver = driver
        self._asked = asked

    def execute(self, statement: str, values: Any) -> Any:
        self._asked.append((statement, values))
        return self._driver.execute(statement, values)


@pytest.fixture
def asked(store: Store) -> Callable[[Callable[[Tx], object]], list[tuple[str, Any]]]:
    """Every statement of a unit, by either way, as the driver gets it."""

    def record(unit: Callable[[Tx], object]) -> list[tuple[str, Any]]:
        found: list[tuple[str, Any]] = []

        def listen(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
            if not statement.startswith("BEGIN"):
                found.append((statement, values))

        sa.event.listen(store.engine, "before_cursor_execute", listen)
        try:
            store.write_now(lambda tx: unit(replace(tx, driver=Recorder(tx.driver, found))))
        finally:
            sa.event.remove(store.engine, "before_cursor_execute", listen)
        return found

    return record


def _plan(tx: Tx, statement: str, values: Any) -> str:
    """As it is made once for all values on PostgreSQL: the worst that a prepared statement can get."""
    if tx.dialect == "sqlite":
        rows = tx.driver.execute(f"EXPLAIN QUERY PLAN {statement}", values).fetchall()
        return "\n".join(str(row[3]) for row in rows)
    names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", statement)))
    numbered = re.sub(r"%\((\w+)\)s", lambda found: f"${names.index(found[1]) + 1}", statement)
    tx.driver.execute("SET LOCAL plan_cache_mode = force_generic_plan")
    tx.driver.execute(f"PREPARE asked AS {numbered}")
    nulls = ", ".join(["NULL"] * len(names))
    rows = tx.driver.execute("EXPLAIN EXECUTE asked" + (f"({nulls})" if names else "")).fetchall()
    tx.driver.execute("DEALLOCATE asked")
    return "\n".join(row[0] for row in rows)


def test_with_many_rows_done_the_hot_questions_use_their_indexes(store: Store, asked: Any) -> None:
    _fill(store)
    if not store.embedded:
        with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text("ANALYZE"))
    for name, (unit, indexes) in _QUESTIONS.items():
        plans = [store.write_now(partial(_plan, statement=s, values=v)) for s, v in asked(unit)]
        everything = "\n".join(plans)
        for index in indexes:
            assert re.search(rf"\b{index}\b", everything), f"{name} without {index}:\n{everything}"
        assert not re.search(
            r"(Seq Scan on (inbox|outbox|timer)\b|SCAN (inbox|outbox|timer)( outbox_1)?$)",
            everything,
            re.MULTILINE,
        ), f"{name} reads a whole table:\n{everything}"


def test_claiming_stays_quick_among_rows_that_were_put_off(sqlite_store: Store) -> None:
    """A relay that was away for days leaves thousands of rows that are not due yet."""
    _fill(sqlite_store)
    late = sa.text("UPDATE outbox SET state = 'queued', not_before = '2999-01-01 00:00:00.000000'")
    sqlite_store.write_now(lambda tx: tx.run(late))
    steps = 0

    def count(*_: object) -> int:
        nonlocal steps
        steps += 1
        return 0

    def unit(tx: Tx) -> list[Any]:
        tx.driver.set_progress_handler(count, 100)
        try:
            return outbox.claim(tx, "w", 32, timedelta(minutes=1))
        finally:
            tx.driver.set_progress_handler(None, 0)

    assert sqlite_store.write_now(unit) == []
    assert steps < 100
