"""Whole bots that read mailboxes: killed between two steps, two at once, and fed their own mail."""

from __future__ import annotations

import asyncio
import imaplib
import json
import signal
import smtplib
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.store.engine import Store
from bot.store.models import Inbox, Mailbox, Outbox, Ticket
from tests.channels.imap_world import mail
from tests.faults.process import Bot, running, wait_until
from tests.peers.dovecot import PASSWORD, Dovecot
from tests.peers.imap_server import ImapServer

PATIENCE = 20.0


def mailbox(dovecot: Dovecot, user: str, name: str = "SUPPORT", **keys: str) -> dict[str, str]:
    """The environment of a bot that reads a mailbox."""
    settings = {
        "host": "localhost",
        "port": str(dovecot.imaps),
        "ca_file": str(dovecot.certificate.file),
        "user": user,
        "password": PASSWORD,
        "first_run": "all",
        **keys,
    }
    return {f"DESKBOT_IMAP__{name}__{key.upper()}": value for key, value in settings.items()}


def bot_for(folder: Path, environment: dict[str, str], **options: Any) -> Bot:
    common = {"DESKBOT_STORE__LEASE": "3s", "DESKBOT_WORKERS__PROCESSES": "1"}
    return Bot(folder, environment={**common, **environment}, **options)


def person(number: int) -> bytes:
    """A mail of somebody who writes but once."""
    return mail(number, From=f"person{number}@example.com")


class Desk:
    """Looks into the database of a bot."""

    def __init__(self, url: str) -> None:
        self.store = Store(url)

    def ask(self, query: sa.Executable) -> list[Any]:
        return self.store.read_now(lambda tx: list(tx.run(query)))

    def subjects(self) -> list[str]:
        return sorted(row.subject for row in self.ask(sa.select(Ticket.subject)))

    def reasons(self) -> list[str]:
        return [row.reason for row in self.ask(sa.select(Inbox.reason).order_by(Inbox.id))]

    def settled(self, number: int) -> bool:
        """Whether the inbox holds so many messages, and all are dealt with."""
        states = [row.state for row in self.ask(sa.select(Inbox.state))]
        return len(states) == number and set(states) == {"done"}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    found = Desk(f"sqlite:///{tmp_path / 'data' / 'deskbot.db'}")
    yield found
    found.store.close()


def moved(dovecot: Dovecot, user: str) -> bool:
    return dovecot.count(user, "Processed") == 1


def subjects(numbers: Sequence[int]) -> list[str]:
    return sorted(f"Request {number}" for number in numbers)


@pytest.mark.parametrize("point", ["after_imap_fetch", "after_imap_accept"])
def test_b1_b2_killed_between_two_steps_each_mail_is_one_ticket_and_is_moved(
    tmp_path: Path, desk: Desk, dovecot: Dovecot, point: str
) -> None:
    user = dovecot.new_user()
    dovecot.deliver(user, *(mail(n) for n in range(5)))
    bot = bot_for(tmp_path, mailbox(dovecot, user))
    try:
        bot.start(fail_at=point)
        assert bot.ended_within(PATIENCE), bot.last_words()
        assert bot.process is not None
        assert bot.process.returncode == -signal.SIGKILL
        assert dovecot.count(user) == 5
        bot.start()
        assert wait_until(lambda: dovecot.count(user, "Processed") == 5, PATIENCE), bot.last_words()
        assert wait_until(lambda: desk.settled(5), PATIENCE), bot.last_words()
    finally:
        bot.end()
    assert desk.subjects() == subjects(range(5))
    assert dovecot.count(user) == 0


async def test_b3_x8_killed_after_copy_there_is_one_ticket_and_two_copies_at_most(
    tmp_path: Path, desk: Desk
) -> None:
    async with ImapServer(mail(1), capabilities="IMAP4rev1 IDLE UIDPLUS") as server:
        keys = {"host": "127.0.0.1", "port": str(server.port), "tls": "off", "user": "u", "password": "right"}
        environment = {f"DESKBOT_IMAP__SUPPORT__{k.upper()}": v for k, v in keys.items()}
        environment["DESKBOT_IMAP__SUPPORT__FIRST_RUN"] = "all"
        bot = bot_for(tmp_path, environment)
        try:
            bot.start(fail_at="after_imap_copy")
            assert await asyncio.to_thread(bot.ended_within, PATIENCE), bot.last_words()
            bot.start()
            await server.said("UID EXPUNGE")
            assert await asyncio.to_thread(wait_until, lambda: desk.settled(1), PATIENCE), bot.last_words()
        finally:
            bot.end()
        assert len(server.folders["Processed"]) <= 2
    assert desk.subjects() == ["Request 1"]


def test_l9_a_bot_that_idles_stops_at_once_and_gives_its_mailbox_free(
    tmp_path: Path, desk: Desk, dovecot: Dovecot
) -> None:
    bot = bot_for(tmp_path, mailbox(dovecot, dovecot.new_user()))
    with running(bot):
        assert bot.terminate() < 4
    assert [row.worker for row in desk.ask(sa.select(Mailbox.worker))] == [None]


def test_b10_a_refused_login_shows_on_readyz_and_in_metrics(tmp_path: Path, dovecot: Dovecot) -> None:
    bot = bot_for(tmp_path, mailbox(dovecot, dovecot.new_user(), password="wrong"))
    with running(bot, ready=False):
        assert wait_until(lambda: "login-refused" in bot.web("/metrics")[1], PATIENCE), bot.last_words()
        status, body = bot.web("/readyz")
        assert status == 503
        assert json.loads(body)["checks"]["door imap.support"] == {"ok": False}
        assert 'deskbot_door_up{channel="support"} 0.0' in bot.web("/metrics")[1]
    assert bot.log.read_text().count('"action":"imap.login-refused"') == 1
    assert "wrong" not in bot.log.read_text()


def test_b13_the_same_mail_in_two_mailboxes_and_by_smtp_is_one_ticket(
    tmp_path: Path, desk: Desk, dovecot: Dovecot
) -> None:
    support, sales = dovecot.new_user(), dovecot.new_user()
    same = mail(1, To="help@localhost, sales@example.org")
    bot = bot_for(tmp_path, mailbox(dovecot, support) | mailbox(dovecot, sales, "SALES"))
    with running(bot):
        with smtplib.SMTP("127.0.0.1", bot.port) as client:
            client.sendmail("ada@example.com", ["help@localhost"], same)
        dovecot.deliver(support, b"Received: from here\r\n" + same)
        dovecot.deliver(sales, b"Received: from there\r\nX-Spam: no\r\n" + same)
        for user in (support, sales):
            assert wait_until(partial(moved, dovecot, user), PATIENCE), bot.last_words()
        assert wait_until(lambda: desk.settled(1), PATIENCE), bot.last_words()
    assert desk.subjects() == ["Request 1"]


def test_b14_our_own_mail_in_the_mailbox_opens_nothing_and_is_not_answered(
    tmp_path: Path, desk: Desk, dovecot: Dovecot
) -> None:
    user = dovecot.new_user()
    dovecot.deliver(user, mail(1))
    outbox = tmp_path / "data" / "outbox" / "new"
    bot = bot_for(tmp_path, mailbox(dovecot, user))
    with running(bot):
        assert wait_until(lambda: outbox.is_dir() and any(outbox.iterdir()), PATIENCE), bot.last_words()
        [answer] = outbox.iterdir()
        raw = answer.read_bytes()
        dovecot.deliver(user, raw)
        assert wait_until(lambda: desk.settled(2), PATIENCE), bot.last_words()
    assert desk.reasons() == ["new", "own-mail"]
    assert desk.subjects() == ["Request 1"]
    assert len(list(outbox.iterdir())) == 1


@pytest.mark.parametrize("number", [60, pytest.param(500, marks=pytest.mark.faults)])
def test_b11_two_bots_on_one_mailbox_make_one_ticket_of_each_mail_and_take_over(
    tmp_path: Path, postgres_url: str, dovecot: Dovecot, number: int
) -> None:
    user = dovecot.new_user()
    first, second = tmp_path / "first", tmp_path / "second"
    desk = Desk("postgresql+psycopg://" + postgres_url.removeprefix("postgresql://"))
    with ExitStack() as stack:
        stack.callback(desk.store.close)
        bots = []
        for folder in (first, second):
            folder.mkdir()
            bots.append(bot_for(folder, mailbox(dovecot, user), store_url=postgres_url))
        bots[0].upgrade()
        for bot in bots:
            stack.enter_context(running(bot))
        dovecot.deliver(user, *(person(n) for n in range(number)))
        assert wait_until(lambda: desk.settled(number), 60), bots[0].last_words()
        [holder] = [bot for bot in bots if 'deskbot_door_up{channel="support"} 1.0' in bot.web("/metrics")[1]]
        holder.kill()
        began = time.monotonic()
        dovecot.deliver(user, *(person(n) for n in range(number, number + 5)))
        assert wait_until(lambda: desk.settled(number + 5), 30)
        assert time.monotonic() - began < 15
        assert desk.subjects() == subjects(range(number + 5))


def test_b11_a_bot_that_was_paused_has_lost_its_mailbox_and_reads_nothing_twice(
    tmp_path: Path, postgres_url: str, dovecot: Dovecot
) -> None:
    user = dovecot.new_user()
    first, second = tmp_path / "first", tmp_path / "second"
    desk = Desk("postgresql+psycopg://" + postgres_url.removeprefix("postgresql://"))
    with ExitStack() as stack:
        stack.callback(desk.store.close)
        for folder in (first, second):
            folder.mkdir()
        paused = bot_for(first, mailbox(dovecot, user), store_url=postgres_url)
        paused.upgrade()
        stack.enter_context(running(paused))
        paused.pause()
        other = bot_for(second, mailbox(dovecot, user), store_url=postgres_url)
        stack.enter_context(running(other))
        dovecot.deliver(user, *(mail(n) for n in range(5)))
        assert wait_until(lambda: desk.settled(5), PATIENCE), other.last_words()
        paused.resume()
        dovecot.deliver(user, *(mail(n) for n in range(5, 10)))
        assert wait_until(lambda: desk.settled(10), PATIENCE), other.last_words()
        up = [
            bot.web("/metrics")[1].count('deskbot_door_up{channel="support"} 1.0') for bot in (paused, other)
        ]
        assert up == [0, 1]
        assert desk.subjects() == subjects(range(10))


def test_x21_old_mail_of_a_first_run_is_taken_and_not_acknowledged(
    tmp_path: Path, desk: Desk, dovecot: Dovecot
) -> None:
    user = dovecot.new_user()
    long_ago = imaplib.Time2Internaldate(time.time() - 3 * 86_400)
    with dovecot.client(user) as client:
        client.append("INBOX", "", long_ago, mail(1))
    dovecot.deliver(user, mail(2, From="new@example.com"))
    bot = bot_for(tmp_path, mailbox(dovecot, user))
    with running(bot):
        assert wait_until(lambda: desk.settled(2), PATIENCE), bot.last_words()
    assert desk.subjects() == subjects([1, 2])
    quiet = {
        row.reason: row.detail for row in desk.ask(sa.select(Inbox.reason, Inbox.detail).where(Inbox.id == 1))
    }
    assert quiet == {"new": "too-old"}
    to = [row.recipient for row in desk.ask(sa.select(Outbox.recipient))]
    assert to == ["new@example.com"]
