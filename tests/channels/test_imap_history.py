"""``deskbot import`` and ``deskbot rehearse``: the past comes in silently, and a rehearsal changes nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.cli.mail_source import opened_source
from bot.config import Config, load
from bot.errors import DeskbotError
from bot.premises import open_store
from bot.store import stories
from bot.store.engine import Store
from bot.store.models import Event, Inbox, Outbox, Ticket, Timer
from tests.channels.imap_world import mail
from tests.cli.commands import deskbot
from tests.fresh import migrated
from tests.peers.dovecot import PASSWORD, Dovecot

FIRST = mail(1, Subject="Printer on fire")
ANSWER = mail(2, Subject="Re: Printer on fire", In_Reply_To="<1@example.com>", body="It is out.")
AWAY = mail(3, From="bob@example.net", Auto_Submitted="auto-replied", Subject="Away")
BOUNCE = mail(4, From="MAILER-DAEMON@example.net", Subject="Undelivered Mail Returned to Sender")


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """A desk in a folder of its own, with a database."""
    (tmp_path / "var").mkdir()
    found = load(environment={"DESKBOT_DESK__DATA": str(tmp_path / "var")})
    store = open_store(found)
    migrated(store)
    store.close()
    return found


@pytest.fixture
def store(config: Config) -> Iterator[Store]:
    opened = open_store(config)
    yield opened
    opened.close()


def mbox(path: Path, *mails: bytes) -> str:
    separator = b"From ada@example.com Mon Mar  2 09:0%d:00 2026\n"
    text = b"".join(separator % n + raw.replace(b"\r\n", b"\n") + b"\n" for n, raw in enumerate(mails))
    path.write_bytes(text)
    return str(path)


def rows(store: Store, what: Any) -> list[Any]:
    return store.read_now(lambda tx: list(tx.run(sa.select(*what.__table__.c).order_by(what.__table__.c.id))))


def test_a_history_becomes_closed_tickets_with_their_own_dates(store: Store, tmp_path: Path) -> None:
    result = deskbot(tmp_path, "import", mbox(tmp_path / "old.mbox", FIRST, ANSWER, AWAY))
    assert result.status == 0
    first, away = rows(store, Ticket)
    assert (first.subject, first.state) == ("Printer on fire", "closed")
    assert first.opened_at == datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    assert first.closed_at == datetime(2026, 3, 2, 9, 1, tzinfo=UTC)
    assert (away.subject, away.state) == ("Away", "closed")
    story = store.read_now(lambda tx: stories.story(tx, first.id))
    assert story is not None
    assert [entry.text.strip() for entry in story.entries] == ["My printer is on fire.", "It is out."]


def test_e1_a_history_writes_to_nobody_and_nothing_of_it_is_due(store: Store, tmp_path: Path) -> None:
    deskbot(tmp_path, "import", mbox(tmp_path / "old.mbox", FIRST, ANSWER, AWAY, BOUNCE))
    assert rows(store, Outbox) == []
    assert rows(store, Timer) == []
    assert {row.state for row in rows(store, Inbox)} == {"done"}
    assert [row.reason for row in rows(store, Inbox)] == ["history", "history", "history", "bounce"]


def test_a_history_can_be_brought_in_again_and_grows(store: Store, tmp_path: Path) -> None:
    deskbot(tmp_path, "import", mbox(tmp_path / "old.mbox", FIRST))
    result = deskbot(tmp_path, "import", mbox(tmp_path / "more.mbox", FIRST, ANSWER))
    assert "1 answers, joined" in result.out
    assert "1 were known already" in result.out
    assert len(rows(store, Ticket)) == 1
    assert len([row for row in rows(store, Event) if row.action == "imported"]) == 1


def test_a_maildir_is_brought_in_in_the_order_of_its_dates(store: Store, tmp_path: Path) -> None:
    for name, raw, when in (("b", FIRST, 1_772_000_000), ("a", ANSWER, 1_772_000_600)):
        file = tmp_path / "Maildir" / "cur" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(raw)
        os.utime(file, (when, when))
    assert deskbot(tmp_path, "import", str(tmp_path / "Maildir")).status == 0
    [ticket] = rows(store, Ticket)
    assert ticket.opened_at.timestamp() == 1_772_000_000


def test_what_cannot_be_read_or_is_too_large_is_left_out_and_counted(store: Store, tmp_path: Path) -> None:
    large = mail(5, body="x" * 70 + "\r\n" + "y" * 70_000)
    result = deskbot(
        tmp_path, "import", mbox(tmp_path / "old.mbox", large, FIRST, b"\n\n"), SMTP__MAX_SIZE="65536"
    )
    assert "1 are larger" in result.out
    assert "1 could not be read" in result.out
    assert len(rows(store, Ticket)) == 1


def test_lines_that_look_like_separators_do_not_split_a_mail(config: Config, tmp_path: Path) -> None:
    tricky = mail(1, body="one\r\nFrom here it is 2026\r\n\r\n>From ada Mon Mar  2 09:00:00 2026\r\nend")
    with opened_source(config, mbox(tmp_path / "old.mbox", tricky, FIRST)) as source:
        found = list(source)
    assert len(found) == 2
    assert found[0].raw is not None
    assert b"\nFrom ada Mon" in found[0].raw
    assert sum(each.step for each in found) == source.total


def test_a_file_that_is_no_mbox_is_refused_with_words(config: Config, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("Dear diary")
    for what in ("notes.txt", "nowhere", "var"):
        with pytest.raises(DeskbotError, match=what), opened_source(config, what) as source:
            list(source)


def test_a_mailbox_is_rehearsed_and_imported_without_a_change(
    store: Store, dovecot: Dovecot, tmp_path: Path
) -> None:
    user = dovecot.new_user()
    dovecot.deliver(user, FIRST, ANSWER, AWAY)
    box = {
        "IMAP__SUPPORT__PORT": str(dovecot.imaps),
        "IMAP__SUPPORT__CA_FILE": str(dovecot.certificate.file),
        "IMAP__SUPPORT__USER": user,
        "IMAP__SUPPORT__PASSWORD": PASSWORD,
    }
    result = deskbot(tmp_path, "rehearse", "support", "--limit", "2", **box)
    assert "2 mails" in result.out
    assert rows(store, Ticket) == []
    assert rows(store, Inbox) == []
    assert "2 tickets" in deskbot(tmp_path, "import", "support", **box).out
    with dovecot.client(user) as client:
        client.select("INBOX", readonly=True)
        assert client.search(None, "UNSEEN")[1][0].split() == [b"1", b"2", b"3"]
    assert rows(store, Outbox) == []


def test_a_rehearsal_tells_each_acknowledgement_and_changes_nothing(store: Store, tmp_path: Path) -> None:
    box = mbox(tmp_path / "live.mbox", FIRST, AWAY)
    before = sorted((path, path.read_bytes()) for path in tmp_path.rglob("*") if path.is_file())
    result = deskbot(tmp_path, "rehearse", box, "--json")
    told = json.loads(result.out)
    assert [each["result"] for each in told] == ["opened", "opened"]
    [answer] = told[0]["sent"]
    assert answer["to"] == "ada@example.com"
    assert answer["kind"] == "acknowledgement"
    assert "HD-1" in answer["subject"]
    assert answer["promised_at"] == "2026-03-02T13:00:00+00:00"  # four hours of work after it came
    assert told[1]["sent"] == []
    assert told[1]["quiet"] == "automatic"
    store.close()
    after = sorted((path, path.read_bytes()) for path in tmp_path.rglob("*") if path.is_file())
    assert [(p, b) for p, b in after if "deskbot.db" not in p.name] == [
        (p, b) for p, b in before if "deskbot.db" not in p.name
    ]
    assert not (tmp_path / "var" / "outbox").exists()


def test_a_rehearsal_knows_the_tickets_that_there_are(store: Store, tmp_path: Path) -> None:
    deskbot(tmp_path, "import", mbox(tmp_path / "old.mbox", FIRST))
    known = deskbot(tmp_path, "rehearse", mbox(tmp_path / "live.mbox", FIRST))
    assert "1 are known already" in known.out
    assert "HD-2" in deskbot(tmp_path, "rehearse", mbox(tmp_path / "next.mbox", AWAY)).out
    assert len(rows(store, Ticket)) == 1


def test_check_tries_each_mailbox_and_says_what_to_do(store: Store, dovecot: Dovecot, tmp_path: Path) -> None:
    user = dovecot.new_user()
    dovecot.deliver(user, FIRST)
    box = {
        "IMAP__SUPPORT__PORT": str(dovecot.imaps),
        "IMAP__SUPPORT__CA_FILE": str(dovecot.certificate.file),
        "IMAP__SUPPORT__USER": user,
    }
    good = deskbot(tmp_path, "check", **box, IMAP__SUPPORT__PASSWORD=PASSWORD)
    assert "lets us in; 1 mails in INBOX; mail is announced, and moved" in good.out
    bad = deskbot(tmp_path, "check", **box, IMAP__SUPPORT__PASSWORD="canary")
    assert bad.status == 1
    assert f"the server does not let {user} in" in bad.out
    assert "canary" not in bad.out + bad.err
