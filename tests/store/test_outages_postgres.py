"""PostgreSQL that goes away, gives up a transaction, or does not say whether it committed."""

from __future__ import annotations

import asyncio
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from bot.errors import StoreUnavailable
from bot.message import Payload
from bot.store import inbox, inbox_review, migrate
from bot.store.engine import Store, Tx, Unit
from bot.store.faults import CommitLost
from bot.store.models import Inbox, Ticket
from tests.peers.postgres import PostgresCluster
from tests.store.conftest import OpenStore, driver_url
from tests.store.makers import count, new_ticket, payload

_KILL_ALL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


async def add(store: Store, made: Payload) -> bool:
    return await store.write(lambda tx: inbox.add(tx, made))


async def insist(store: Store, made: Payload) -> bool:
    """Ask until the store says yes, as a sender does."""
    while True:
        with suppress(StoreUnavailable):
            return await add(store, made)
        await asyncio.sleep(0.01)


async def test_x10_a_server_that_stops_or_dies_is_told_and_comes_back_by_itself(
    durable_postgres: PostgresCluster, open_store: OpenStore
) -> None:
    url = driver_url(durable_postgres.create_database())
    store = open_store(url)
    await asyncio.to_thread(migrate.upgrade, store)
    assert await add(store, payload())
    assert (await store.read(inbox_review.depth)).waiting == 1
    for kept, end in enumerate((durable_postgres.stop, durable_postgres.kill), start=1):
        await asyncio.to_thread(end)
        with pytest.raises(StoreUnavailable):
            await add(store, payload())
        with pytest.raises(StoreUnavailable):
            await store.read(inbox_review.depth)
        await asyncio.to_thread(durable_postgres.start)
        assert (await store.read(inbox_review.depth)).waiting == kept
        assert await add(store, payload())
    assert count(store, Inbox) == 3


async def test_x15_a_connection_killed_in_the_middle_of_a_unit_costs_nothing(postgres_store: Store) -> None:
    runs: list[int] = []

    def unit(tx: Tx) -> bool:
        runs.append(1)
        new = inbox.add(tx, payload("k"))
        if len(runs) == 1:
            tx.run(sa.text("SELECT pg_terminate_backend(pg_backend_pid())"))
        return new

    assert await postgres_store.write(unit) is True
    assert len(runs) == 2
    assert count(postgres_store, Inbox) == 1


async def test_x15_connections_killed_at_random_lose_and_double_nothing(
    postgres_store: Store, migrated_postgres_url: str
) -> None:
    stop, kills = threading.Event(), 0
    plain = migrated_postgres_url.replace("+psycopg", "")

    def killer() -> None:
        nonlocal kills
        with psycopg.connect(plain, autocommit=True) as connection:
            while not stop.wait(0.02):
                kills += len(connection.execute(_KILL_ALL).fetchall())

    thread = threading.Thread(target=killer)
    thread.start()
    try:
        made = [payload() for _ in range(100)]
        for start in range(0, 100, 10):
            await asyncio.gather(*[insist(postgres_store, each) for each in made[start : start + 10]])
            await asyncio.sleep(0.01)
    finally:
        stop.set()
        thread.join()
    assert kills > 0
    assert count(postgres_store, Inbox) == 100


async def test_a_deadlock_is_run_again(postgres_store: Store) -> None:
    one, two = (postgres_store.write_now(new_ticket) for _ in range(2))
    holds = {one: threading.Event(), two: threading.Event()}
    runs: list[int] = []

    def lock(tx: Tx, ticket: int) -> None:
        tx.run(sa.update(Ticket).where(Ticket.id == ticket).values(priority="high"))

    def crossing(first: int, second: int) -> Unit[str]:
        def unit(tx: Tx) -> str:
            runs.append(first)
            lock(tx, first)
            holds[first].set()
            assert holds[second].wait(20)
            lock(tx, second)
            return "done"

        return unit

    a = asyncio.create_task(postgres_store.write(crossing(one, two)))
    assert await asyncio.to_thread(holds[one].wait, 20)
    b = asyncio.create_task(postgres_store.write(crossing(two, one)))
    assert {await a, await b} == {"done"}
    assert len(runs) > 2


class Proxy:
    """Stands before the server; when armed, it cuts the connection that says COMMIT, before or after the server
    has heard it."""

    def __init__(self, server: Path) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="deskbot-proxy-"))
        self._server = str(server / ".s.PGSQL.5432")
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.folder / ".s.PGSQL.5432"))
        self._listener.listen()
        self.cut: str | None = None
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()
        shutil.rmtree(self.folder)

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._server)
                threading.Thread(target=self._up, args=(client, server), daemon=True).start()

    def _up(self, client: socket.socket, server: socket.socket) -> None:
        down = threading.Thread(target=self._down, args=(server, client), daemon=True)
        down.start()
        with suppress(OSError):
            while data := client.recv(65536):
                if self.cut and b"COMMIT\0" in data:  # BEGIN names READ COMMITTED
                    client.shutdown(socket.SHUT_RDWR)
                    if self.cut == "after":
                        server.sendall(data)
                    self.cut = None
                    break
                server.sendall(data)
        with suppress(OSError):
            server.shutdown(socket.SHUT_WR)
        down.join(5)
        client.close()
        server.close()

    def _down(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(65536):
                with suppress(OSError):
                    client.sendall(data)


@pytest.fixture
def proxy(postgres: PostgresCluster) -> Iterator[Proxy]:
    proxy = Proxy(postgres.folder)
    yield proxy
    proxy.close()


@pytest.mark.parametrize("cut", ["before", "after"])
async def test_x15_a_lost_answer_to_commit_is_told_and_a_repeat_by_key_does_no_harm(
    migrated_postgres_url: str, postgres: PostgresCluster, proxy: Proxy, open_store: OpenStore, cut: str
) -> None:
    store = open_store(migrated_postgres_url.replace(str(postgres.folder), str(proxy.folder)), writers=1)
    await store.read(inbox_review.depth)
    runs: list[int] = []
    made = payload("k")

    def unit(tx: Tx) -> bool:
        runs.append(1)
        return inbox.add(tx, made)

    proxy.cut = cut
    with pytest.raises(CommitLost):
        await store.write(unit)
    assert len(runs) == 1
    committed = await asyncio.to_thread(_settled, migrated_postgres_url)
    assert committed is (cut == "after")
    assert await add(store, made) is not committed
    assert count(store, Inbox) == 1


def _settled(url: str) -> bool:
    """Whether the row is there, once no other transaction is open."""
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        connection.execute("LOCK TABLE inbox IN SHARE MODE")
        row = connection.execute("SELECT count(*) FROM inbox").fetchone()
    assert row is not None
    return bool(row[0])


async def test_x15_a_server_that_only_reads_is_unavailable_not_a_refusal(postgres_store: Store) -> None:
    with pytest.raises(StoreUnavailable):
        await postgres_store.read(lambda tx: inbox.add(tx, payload()))


async def test_x19_a_transaction_that_is_left_open_is_ended_by_the_server(postgres_store: Store) -> None:
    def settings(tx: Tx) -> list[str]:
        names = ("synchronous_commit", "lock_timeout", "idle_in_transaction_session_timeout", "timezone")
        return [str(tx.run(sa.text(f"SHOW {name}")).scalar_one()) for name in names]

    for found in (await postgres_store.write(settings), await postgres_store.read(settings)):
        assert found == ["on", "5s", "15s", "UTC"]
