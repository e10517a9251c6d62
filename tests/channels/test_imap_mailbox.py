"""Mail in a real Dovecot becomes rows of the inbox, and is put out of the way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from time import monotonic

import pytest

from tests.channels.imap_world import World, mail, section
from tests.peers.dovecot import Dovecot


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path)
    yield made
    made.store.close()


async def test_mail_that_is_there_is_taken_and_moved(world: World, dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    dovecot.deliver(user, mail(1), mail(2), mail(3))
    async with world.reading(section(dovecot, user)) as told:
        await told.until("looked")
    assert world.subjects() == ["Request 1", "Request 2", "Request 3"]
    assert dovecot.count(user) == 0
    assert dovecot.count(user, "Processed") == 3
    row = world.rows()[0]
    assert row.channel == "support"
    assert row.envelope["mailbox"] == "support"
    assert row.envelope["folder"] == "INBOX"
    assert row.envelope["uid"] == 1
    assert row.envelope["uidvalidity"] > 0
    assert row.envelope["delivered_to"] == "help@example.org"


async def test_new_mail_is_announced_by_idle_and_taken_at_once(world: World, dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    async with world.reading(section(dovecot, user, poll="10m")) as told:
        await told.until("looked", 2)
        started = monotonic()
        dovecot.deliver(user, mail(1))
        await world.has(1)
        assert monotonic() - started < 2
        await told.again()
    assert dovecot.count(user, "Processed") == 1
