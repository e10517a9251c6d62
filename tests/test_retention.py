"""What is old goes, with all that belongs to it, however often housekeeping is killed (L3)."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot import housekeeping
from bot.desk.outcome import Outcome, Reason, Result
from bot.errors import StoreUnavailable
from bot.message import Attachment, Verdict
from bot.store import timers
from bot.store.blobs import LocalBlobs
from bot.store.engine import Store, Tx
from bot.store.models import (
    AttachmentRow,
    Base,
    Entry,
    Event,
    Inbox,
    LinkCode,
    Pause,
    PayloadRow,
    Survey,
    Ticket,
    Tombstone,
)
from tests.desk.by_mail import TEAM
from tests.desk.databases import KINDS, desk_on
from tests.desk.test_erasure import mails
from tests.desks import MONDAY, OpenDesk, a_message, open_desk
from tests.store.makers import count

KEPT = {"retention": {"tickets": "365d", "attachments": "30d"}}
OLD, YOUNG = "the old file", "the young file"


@pytest.fixture(params=KINDS)
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenDesk]:
    with desk_on(request, tmp_path, **TEAM, **KEPT) as desk:
        yield desk


def blobs_of(desk: OpenDesk) -> LocalBlobs:
    return LocalBlobs(desk.folder / "blobs")


def path_of(desk: OpenDesk, content: str) -> Path:
    name = blobs_of(desk).put(content.encode())
    return desk.folder / "blobs" / name[:2] / name


def asks(desk: OpenDesk, key: str, content: str) -> int:
    """A ticket with a file, a pause and a survey."""
    path = path_of(desk, content)
    os.utime(path, (MONDAY.timestamp() - 86_400,) * 2)
    file = Attachment("a.txt", "text/plain", len(content), path.name)
    outcome = mails(desk, a_message(f"{key} burns.", attachments=(file,), sent_at=desk.clock()), key)
    assert outcome is not None
    number = outcome.ticket or 0
    person = desk.ticket(number).requester_id

    def more(tx: Tx) -> None:
        now = desk.clock()
        tx.run(sa.insert(Pause).values(ticket_id=number, began_at=now, ended_at=now, reason="waiting"))
        survey = {"ticket_id": number, "person_id": person, "asked_at": now, "comment": "", "alarmed": False}
        tx.run(sa.insert(Survey).values(survey))
        timers.start_all(tx, number, {"old": now})

    desk.store.write_now(more)
    return number


def close(desk: OpenDesk, number: int) -> None:
    values = {"state": "closed", "closed_at": desk.clock()}
    desk.store.write_now(lambda tx: tx.run(sa.update(Ticket).where(Ticket.id == number).values(values)))


def forget(desk: OpenDesk, store: Store | None = None, blobs: Any = None) -> None:
    """One run of housekeeping, as a running desk does it."""
    opened = store or Store(desk.store.url.render_as_string(hide_password=False), now=desk.clock)
    opened.open()
    try:
        asyncio.run(housekeeping.forget(opened, desk.desk, blobs or blobs_of(desk), desk.clock))
    finally:
        opened.close()


def left_of(desk: OpenDesk, number: int) -> dict[str, int]:
    """Rows that belong to a ticket, in every table."""

    def unit(tx: Tx) -> dict[str, int]:
        tables = [table for table in Base.metadata.sorted_tables if "ticket_id" in table.c]
        counts = {
            table.name: tx.run(
                sa.select(sa.func.count()).select_from(table).where(table.c.ticket_id == number)
            ).scalar_one()
            for table in tables
        }
        return {name: rows for name, rows in counts.items() if rows}

    return desk.store.read_now(unit)


def two_tickets(desk: OpenDesk) -> tuple[int, int]:
    """One that ended at once, and one that did a year later."""
    old = asks(desk, "old", OLD)
    close(desk, old)
    desk.clock.forward(days=380)
    young = asks(desk, "young", YOUNG)
    close(desk, young)
    desk.clock.forward(days=20)
    return old, young


def test_l3_after_400_days_an_old_ticket_is_gone_with_all_its_rows_and_files(
    desk: OpenDesk, caplog: pytest.LogCaptureFixture
) -> None:
    old, young = two_tickets(desk)
    with caplog.at_level(logging.INFO, "deskbot.housekeeping"):
        forget(desk)
    assert [row.id for row in desk.rows(Ticket)] == [young]
    assert left_of(desk, old) == {}
    assert set(left_of(desk, young)) >= {"entry", "event", "inbox", "pause", "survey"}
    assert (path_of_if(desk, OLD), path_of_if(desk, YOUNG)) == (False, True)
    (told,) = [vars(record) for record in caplog.records if record.msg == "forgotten"]
    assert (told["action"], told["ticket"], told["inbox"], told["files"]) == (
        "housekeeping.forgotten",
        1,
        1,
        1,
    )
    desk.clock.forward(days=11)
    forget(desk)
    assert not path_of_if(desk, YOUNG)  # its files go before it does
    assert [row.id for row in desk.rows(Ticket)] == [young]


def path_of_if(desk: OpenDesk, content: str) -> bool:
    """Whether content is there; unlike ``path_of`` it does not put it."""
    name = hashlib.sha256(content.encode()).hexdigest()
    return (desk.folder / "blobs" / name[:2] / name).exists()


class DyingStore(Store):
    """Its process dies before its n-th transaction."""

    left = 0

    async def write(self, unit: Any) -> Any:
        self.spend()
        return await super().write(unit)

    def write_now(self, unit: Any) -> Any:
        self.spend()
        return super().write_now(unit)

    def spend(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise StoreUnavailable("killed")


@pytest.mark.parametrize("after", range(12))
def test_l3_a_run_that_is_killed_midway_is_finished_by_the_next(tmp_path: Path, after: int) -> None:
    with open_desk(tmp_path, **TEAM, **KEPT) as desk:
        old, young = two_tickets(desk)
        dying = DyingStore(str(desk.store.url), now=desk.clock)
        dying.left = after
        try:
            forget(desk, dying)
        except StoreUnavailable:
            assert after < 11
        forget(desk)
        assert [row.id for row in desk.rows(Ticket)] == [young]
        assert left_of(desk, old) == {}
        assert count(desk.store, AttachmentRow) == 1
        assert (path_of_if(desk, OLD), path_of_if(desk, YOUNG)) == (False, True)


def test_l3_a_file_that_another_ticket_names_stays(desk: OpenDesk) -> None:
    first, second = asks(desk, "first", OLD), asks(desk, "second", OLD)
    close(desk, first)
    desk.clock.forward(days=400)
    forget(desk)
    assert [row.id for row in desk.rows(Ticket)] == [second]
    assert path_of_if(desk, OLD)
    assert count(desk.store, AttachmentRow) == 1


def test_l3_an_open_ticket_is_kept_however_old_it_is(desk: OpenDesk) -> None:
    number = asks(desk, "open", OLD)
    desk.clock.forward(days=4000)
    forget(desk)
    assert desk.ticket(number).state == "new"
    assert path_of_if(desk, OLD)


def test_l3_a_ticket_that_others_were_merged_into_leaves_them_behind_without_it(desk: OpenDesk) -> None:
    first, second = asks(desk, "first", OLD), asks(desk, "second", YOUNG)
    close(desk, second)
    values = {"merged_into_id": second}
    desk.store.write_now(lambda tx: tx.run(sa.update(Ticket).where(Ticket.id == first).values(values)))
    desk.clock.forward(days=400)
    forget(desk)
    assert desk.ticket(first).merged_into_id is None


def test_l3_what_was_forgotten_is_not_opened_anew_by_a_mailbox_that_is_read_again(desk: OpenDesk) -> None:
    number = asks(desk, "old", OLD)
    close(desk, number)
    sent_at = desk.clock()
    desk.clock.forward(days=400)
    forget(desk)
    assert (count(desk.store, Inbox), count(desk.store, Ticket)) == (0, 0)
    again = a_message("old burns.", sent_at=sent_at)
    assert mails(desk, again, "old") == Outcome(Result.IGNORED, Reason.ERASED)
    assert (count(desk.store, Ticket), count(desk.store, PayloadRow)) == (0, 0)
    new = mails(desk, a_message("Ann writes something new.", sent_at=sent_at), "another")
    assert new is not None
    assert new.result is Result.OPENED  # an old mail of somebody who was not erased
    desk.clock.forward(days=401)
    forget(desk)
    assert count(desk.store, Tombstone) == 0


def test_l3_codes_go_a_day_after_their_end(desk: OpenDesk) -> None:
    desk.receive(a_message("link b@home.example", verdict=Verdict.PASS))
    desk.clock.forward(hours=24)
    forget(desk)
    assert count(desk.store, LinkCode) == 1
    desk.clock.forward(hours=1)
    forget(desk)
    assert count(desk.store, LinkCode) == 0


def test_l3_without_ages_tickets_and_files_are_kept_for_ever(tmp_path: Path) -> None:
    with open_desk(tmp_path, **TEAM) as desk:
        close(desk, asks(desk, "old", OLD))
        desk.clock.forward(days=4000)
        forget(desk)
        assert (count(desk.store, Ticket), count(desk.store, Entry), path_of_if(desk, OLD)) == (1, 1, True)
        assert (count(desk.store, PayloadRow), count(desk.store, Event) > 0) == (0, True)
