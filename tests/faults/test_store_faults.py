"""The database goes away, is locked, is full or cuts its connections: senders wait, nothing is lost."""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg

from tests.faults.campaign import campaign
from tests.faults.disk import small_disk
from tests.faults.process import wait_until
from tests.peers.postgres import PostgresCluster


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Another writer has begun a transaction and takes its time."""
    with closing(sqlite3.connect(database, isolation_level=None, timeout=10)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


class Terminator(threading.Thread):
    """Cuts one connection of a database at random, again and again."""

    def __init__(self, url: str, times: int, pause: float = 0.05) -> None:
        super().__init__()
        self._url, self._times, self._pause = url, times, pause
        self._chance = random.Random(1)
        self.cut = 0

    def run(self) -> None:
        others = (
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        with psycopg.connect(self._url, autocommit=True) as connection:
            while self.cut < self._times:
                pids = [row[0] for row in connection.execute(others)]
                if pids:
                    connection.execute("SELECT pg_terminate_backend(%s)", (self._chance.choice(pids),))
                    self.cut += 1
                time.sleep(self._pause)


def test_x10_postgresql_stops_for_some_seconds_under_load(
    tmp_path: Path, durable_postgres: PostgresCluster
) -> None:
    url = durable_postgres.create_database()
    with campaign(tmp_path, url) as running:
        bot = running.bot()
        bot.start()
        bot.await_ready()
        client = running.client(bot, 250, rate=60)
        client.wait(0.7)
        durable_postgres.stop()
        assert wait_until(lambda: bot.web("/readyz")[0] == 503, 10), "it says that it cannot work"
        client.wait(1.5)
        durable_postgres.start()
        report = running.settle(client)
        verdict = running.verdict(bot)
        assert bot.alive, bot.last_words()
        assert len(report.accepted) == 250
        assert any(mail.put_off for mail in report.mails), "senders were asked to come again"
        assert {mail.last[:3] for mail in report.mails} <= {"", "451", "421"}
        assert not verdict.broken
        assert bot.web("/readyz")[0] == 200


def test_x15_connections_to_postgresql_are_cut_at_random(tmp_path: Path, postgres_url: str) -> None:
    with campaign(tmp_path, postgres_url) as running:
        bot = running.bot()
        bot.start()
        bot.await_ready()
        client = running.client(bot, 250, rate=80)
        terminator = Terminator(postgres_url, 40)
        terminator.start()
        report = running.settle(client)
        terminator.join()
        verdict = running.verdict(bot)
        assert bot.alive, bot.last_words()
        assert len(report.accepted) == 250
        assert not verdict.broken


def test_x12_a_full_disk_puts_mail_off_with_452_until_there_is_room(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 24) as disk, campaign(tmp_path) as running:
        bot = running.bot(
            environment={"DESKBOT_DESK__DATA": str(disk.folder), "DESKBOT_SMTP__MIN_FREE_MB": "0"}
        )
        bot.data = disk.folder
        bot.start()
        bot.await_ready()
        first = running.client(bot, 50)
        running.settle(first)
        disk.fill()
        client = running.client(bot, 200, rate=100)
        client.wait(2.5)
        assert client.busy, "nothing can be accepted now"
        disk.free()
        report = running.settle(client)
        verdict = running.verdict(bot)
        assert bot.alive, bot.last_words()
        assert {mail.last[:9] for mail in report.mails if mail.last} == {"452 4.3.1"}
        assert not verdict.broken
        bot.terminate()
        with closing(sqlite3.connect(disk.folder / "deskbot.db")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_x12_little_room_puts_mail_off_before_the_data(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 24) as disk, campaign(tmp_path) as running:
        bot = running.bot(
            environment={"DESKBOT_DESK__DATA": str(disk.folder), "DESKBOT_SMTP__MIN_FREE_MB": "8"}
        )
        bot.data = disk.folder
        bot.start()
        bot.await_ready()
        disk.fill(leave=7 * 2**20)
        client = running.client(bot, 5)
        client.wait(1.0)
        disk.free()
        report = running.settle(client)
        assert {mail.last[:9] for mail in report.mails} == {"452 4.3.1"}
        assert not running.verdict(bot).broken


def test_x14_another_writer_locks_sqlite_for_seconds(tmp_path: Path) -> None:
    with campaign(tmp_path) as running:
        bot = running.bot()
        bot.start()
        bot.await_ready()
        client = running.client(bot, 150, rate=60)
        client.wait(0.5)
        with locked(bot.data / "deskbot.db"):
            client.wait(2.5)
        report = running.settle(client)
        verdict = running.verdict(bot)
        assert bot.alive, bot.last_words()
        assert len(report.accepted) == 150
        assert not verdict.broken
