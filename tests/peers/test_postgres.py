"""What other tests rely on when they use the private PostgreSQL cluster."""

from __future__ import annotations

import psycopg
import pytest

from tests.peers.postgres import PostgresCluster


def _names(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [str(row[0]) for row in connection.execute("SELECT name FROM person ORDER BY name")]


def _add(url: str, name: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS person (name text)")
        connection.execute("INSERT INTO person VALUES (%s)", (name,))


def test_every_test_gets_an_empty_database_that_commits_synchronously(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        tables = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
        commit = connection.execute("SHOW synchronous_commit").fetchone()
        encoding = connection.execute("SHOW server_encoding").fetchone()
    assert (tables, commit, encoding) == ((0,), ("on",), ("UTF8",))


def test_a_copy_of_a_database_shares_nothing_with_the_original(postgres: PostgresCluster) -> None:
    original = postgres.create_database()
    _add(original, "Ada")
    copy = postgres.create_database(template=original.rpartition("?")[0].rpartition("/")[2])
    _add(copy, "Grace")
    assert _names(original) == ["Ada"]
    assert _names(copy) == ["Ada", "Grace"]
    postgres.drop_database(original)
    postgres.drop_database(copy)


def test_what_was_committed_is_there_after_kill_minus_9_at_the_same_url(
    durable_postgres: PostgresCluster,
) -> None:
    url = durable_postgres.create_database()
    _add(url, "Ada")
    durable_postgres.kill()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)
    durable_postgres.start()
    assert _names(url) == ["Ada"]
    durable_postgres.stop()
    durable_postgres.start()
    assert _names(url) == ["Ada"]
