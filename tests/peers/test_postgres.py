"""What other tests rely on when they use the private PostgreSQL cluster."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from pathlib import Path

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


def test_a_killed_test_run_leaves_no_server_behind(postgres: PostgresCluster) -> None:
    del postgres  # asks for the programs to be there
    script = """if True:
        import sys
        from tests.peers.postgres import PostgresCluster
        cluster = PostgresCluster()
        cluster.start()
        print((cluster.data / "postmaster.pid").read_text().split()[0], flush=True)
        sys.stdin.read()
        """
    root = Path(__file__).parent.parent.parent
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=root, stdin=pipe, stdout=pipe, text=True
    ) as run:
        assert run.stdout is not None
        server = os.pidfd_open(int(run.stdout.readline()))
        run.kill()
    ended, _, _ = select.select([server], [], [], 30)
    os.close(server)
    assert ended
