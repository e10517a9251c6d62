"""Several bots on one database, one that is paused, one that is asked to stop, one with few files to open."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from pathlib import Path

from tests.faults.campaign import Campaign, campaign
from tests.faults.ledger import database_of, read_ledger
from tests.faults.process import Bot, wait_until


def paused(bot: Bot) -> bool:
    """Whether the main process is stopped by a signal."""
    return Path(f"/proc/{bot.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def acknowledged(running: Campaign) -> bool:
    """Whether the sink has the acknowledgement of each mail that was answered."""
    copies = running.sink.copies()
    return all(copies.get(mail.message_id) for mail in running.sent)


def test_f7_x19_two_processes_share_the_work_and_repeat_none(tmp_path: Path, postgres_url: str) -> None:
    with campaign(tmp_path, postgres_url) as running:
        bots = [running.bot(), running.bot()]
        for bot in bots:
            bot.start()
            bot.await_ready()
        for client in [running.client(bot, 150, rate=100) for bot in bots]:
            running.settle(client)
        verdict = running.verdict(bots[0])
        assert not verdict.broken
        assert not read_ledger(database_of(bots[0])).uncertain, "nothing went wrong, so nothing is unknown"
        assert all("delivery.sent" in bot.log.read_text() for bot in bots), "both have worked"


def test_x19_a_process_that_was_paused_while_sending_repeats_nothing(
    tmp_path: Path, postgres_url: str
) -> None:
    with campaign(tmp_path, postgres_url) as running:
        stuck, other = running.bot(), running.bot()
        stuck.start(fail_at="after_send_before_record:10:stop")
        stuck.await_ready()
        first = running.client(stuck, 100)
        assert wait_until(lambda: paused(stuck), 20), stuck.last_words()
        other.start()
        other.await_ready()
        running.settle(running.client(other, 40))
        assert wait_until(lambda: acknowledged(running), 15), "whatever the paused one holds, the other works"
        assert wait_until(lambda: "housekeeping.recovered" in other.log.read_text(), 15), "and takes over"
        stuck.resume()
        running.settle(first)
        verdict = running.verdict(other)
        assert stuck.alive, stuck.last_words()
        assert not verdict.broken


def test_l9_sigterm_under_load_finishes_what_is_in_hand(tmp_path: Path) -> None:
    with campaign(tmp_path) as running:
        bot = running.bot()
        bot.start()
        bot.await_ready()
        client = running.client(bot, 200, rate=120)
        client.wait(0.8)
        assert bot.terminate() < 10
        assert bot.process is not None
        assert bot.process.returncode == 0, bot.last_words()
        bot.start()
        assert bot.await_ready() < 15
        report = running.settle(client)
        verdict = running.verdict(bot)
        assert len(report.accepted) == 200
        assert not verdict.broken
        assert not read_ledger(database_of(bot)).uncertain, "what was being sent was finished and recorded"


def test_x24_few_open_files_turn_callers_away_and_do_not_hang(tmp_path: Path) -> None:
    with campaign(tmp_path) as running, ExitStack() as stack:
        bot = running.bot()
        bot.start(files=64)
        bot.await_ready()
        greetings = []
        for _ in range(90):
            caller = stack.enter_context(socket.create_connection(("127.0.0.1", bot.port), timeout=5))
            greetings.append(caller.recv(200)[:3])  # a TimeoutError here is what must not be
        assert greetings.count(b"220") > 3
        assert set(greetings[-20:]) <= {b"421", b""}, (
            "turned away with an answer or at once, not left waiting"
        )
        stack.close()
        client = running.client(bot, 30)
        report = running.settle(client, 40)
        assert bot.alive, bot.last_words()
        assert len(report.accepted) == 30
        assert not running.verdict(bot).broken
