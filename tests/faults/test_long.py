"""The long forms: ``make faults``. The same rules as in the short forms, under thousands of mails."""

from __future__ import annotations

import random
import signal
from pathlib import Path

import pytest

from tests.faults.campaign import Campaign, campaign, kill_at_random
from tests.faults.process import Bot
from tests.faults.test_kill import ON_THE_WAY
from tests.faults.test_store_faults import Terminator, locked
from tests.peers.postgres import PostgresCluster

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1800)]

KILLS = 100
MAILS_FOR_A_KILL = 50


def started(running: Campaign) -> Bot:
    bot = running.bot()
    bot.start()
    bot.await_ready()
    return bot


def balanced(running: Campaign, bot: Bot, mails: int) -> None:
    """Every mail was answered 250 in the end, and the books balance."""
    sent = running.settle_all()
    verdict = running.verdict(bot)
    assert bot.alive, bot.last_words()
    assert len([mail for mail in sent if mail.ok is not None]) == mails
    assert not verdict.broken


def killed_at_points(running: Campaign, times: int) -> None:
    """At points and counts at random; a life that its point does not end is ended after a while."""
    chance = random.Random(times)
    bot = running.bot()
    reached = 0
    for number in range(times):
        point = ON_THE_WAY[number % len(ON_THE_WAY)]
        bot.start(fail_at=f"{point}:{chance.randint(1, 40)}")
        running.client(bot, 40, rate=40)
        if bot.ended_within(4):
            assert bot.process is not None
            assert bot.process.returncode == -signal.SIGKILL, bot.last_words()
            reached += 1
        else:
            bot.kill()
    bot.start()
    assert reached > times / 2
    balanced(running, bot, 40 * times)


def test_a1_killed_at_random_a_hundred_times_with_sqlite(tmp_path: Path) -> None:
    with campaign(tmp_path) as running:
        bot = started(running)
        kill_at_random(
            running, bot, kills=KILLS, mails=MAILS_FOR_A_KILL, chance=random.Random(1), kind="mixed"
        )
        balanced(running, bot, KILLS * MAILS_FOR_A_KILL)


def test_a1_killed_at_random_a_hundred_times_with_postgresql(tmp_path: Path, postgres_url: str) -> None:
    with campaign(tmp_path, postgres_url) as running:
        bot = started(running)
        kill_at_random(running, bot, kills=KILLS, mails=MAILS_FOR_A_KILL, chance=random.Random(2))
        balanced(running, bot, KILLS * MAILS_FOR_A_KILL)


def test_x1_x2_x4_x5_killed_at_named_points_with_sqlite(tmp_path: Path) -> None:
    with campaign(tmp_path) as running:
        killed_at_points(running, 4 * len(ON_THE_WAY))


def test_x1_x2_x4_x5_killed_at_named_points_with_postgresql(tmp_path: Path, postgres_url: str) -> None:
    with campaign(tmp_path, postgres_url) as running:
        killed_at_points(running, 4 * len(ON_THE_WAY))


def test_x10_postgresql_is_killed_again_and_again_under_load(
    tmp_path: Path, durable_postgres: PostgresCluster
) -> None:
    chance = random.Random(3)
    with campaign(tmp_path, durable_postgres.create_database()) as running:
        bot = started(running)
        client = running.client(bot, 2000, rate=60)
        for _ in range(10):
            client.wait(chance.uniform(0.5, 2))
            durable_postgres.kill()
            client.wait(chance.uniform(0, 2))
            durable_postgres.start()
        balanced(running, bot, 2000)


def test_x10_postgresql_is_away_for_a_minute_under_load(
    tmp_path: Path, durable_postgres: PostgresCluster
) -> None:
    with campaign(tmp_path, durable_postgres.create_database()) as running:
        bot = started(running)
        client = running.client(bot, 1500, rate=25)
        client.wait(2)
        durable_postgres.stop()
        client.wait(60)
        durable_postgres.start()
        balanced(running, bot, 1500)


def test_x14_another_writer_locks_sqlite_longer_than_anybody_waits(tmp_path: Path) -> None:
    with campaign(tmp_path) as running:
        bot = started(running)
        client = running.client(bot, 300, rate=20)
        client.wait(1)
        with locked(bot.data / "deskbot.db"):
            client.wait(30)
        balanced(running, bot, 300)


def test_x15_a_hundred_connections_to_postgresql_are_cut(tmp_path: Path, postgres_url: str) -> None:
    with campaign(tmp_path, postgres_url) as running:
        bot = started(running)
        running.client(bot, 2000, rate=100)
        terminator = Terminator(postgres_url, 100, pause=0.15)
        terminator.start()
        terminator.join()
        balanced(running, bot, 2000)


def test_f7_x19_two_processes_are_killed_in_turns(tmp_path: Path, postgres_url: str) -> None:
    chance = random.Random(4)
    with campaign(tmp_path, postgres_url) as running:
        bots = [started(running), started(running)]
        clients = [running.client(bot, 1000, rate=40) for bot in bots]
        for number in range(30):
            bot = bots[number % 2]
            bot.await_ready()
            clients[0].wait(chance.uniform(0.2, 0.5))
            bot.kill()
            bot.start()
        balanced(running, bots[0], 2000)


def test_l9_stopped_and_started_again_and_again_under_load(tmp_path: Path) -> None:
    with campaign(tmp_path) as running:
        bot = started(running)
        client = running.client(bot, 1500, rate=60)
        for _ in range(12):
            client.wait(1)
            assert bot.terminate() < 10
            assert bot.process is not None
            assert bot.process.returncode == 0
            bot.start()
            bot.await_ready()
        balanced(running, bot, 1500)
