"""What pages read, on both databases (SECURITY.md, rows D15, K5 and K12)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot import clock
from bot.errors import StoreError
from bot.message import EMAIL, Attachment, Party
from bot.store import attachments, conversation, pages, people, tickets
from bot.store.engine import Store, Tx
from bot.store.models import Person, Survey, Ticket
from tests.store.makers import new_ticket

NOW = clock.now()


def said(tx: Tx, ticket: int, kind: str, author: int | None, text: str, *files: str) -> int:
    entry = tickets.NewEntry(ticket, kind, author, "mail", text, NOW)
    kept = tuple(Attachment(name, "text/plain", 1, "0" * 64) for name in files)
    return tickets.add_entry(tx, entry, kept)


def test_d15_only_words_of_those_who_take_part_and_answers_are_read(store: Store) -> None:
    def unit(tx: Tx) -> tuple[list[str], list[str]]:
        number = new_ticket(tx)
        shown = pages.ticket(tx, number)
        assert shown is not None
        ann = shown.requester_id
        carl = people.add(tx, Party(EMAIL, "carl@x.example", "Carl"), "carl@x.example", NOW).id
        eve = people.add(tx, Party(EMAIL, "eve@x.example"), "eve@x.example", NOW).id
        conversation.follow(tx, number, carl, NOW)
        conversation.propose(tx, number, eve, NOW)
        for author in (ann, carl, eve, None):
            for kind in ("message", "reply", "note", "automatic", "unverified", "later"):
                said(tx, number, kind, author, f"{kind} {author}", f"{kind}-{author}.txt")
        seen = pages.said_in(tx, shown)
        files = attachments.of_entries(tx, [one.id for one in seen])
        wanted = [f"message {ann}", f"message {carl}", *(f"reply {a}" for a in (ann, carl, eve, None))]
        assert sorted(one.text for one in seen) == sorted(wanted)
        readable = {f.id for f in files}
        everything = range(1, 40)
        assert {n for n in everything if attachments.seen(tx, shown, n)} == readable
        return [one.text for one in seen], [file.name for file in files]

    texts, files = store.write_now(unit)
    assert [name.removesuffix(".txt") for name in files] == [text.replace(" ", "-") for text in texts]


def test_the_latest_is_read_and_long_words_are_cut(store: Store) -> None:
    def unit(tx: Tx) -> list[pages.Said]:
        number = new_ticket(tx)
        shown = pages.ticket(tx, number)
        assert shown is not None
        for text in ("first", "x" * 30_000, "last"):
            said(tx, number, "message", shown.requester_id, text)
        return pages.said_in(tx, shown, most=2)

    long, last = store.write_now(unit)
    assert (len(long.text), long.length, last.text) == (pages.LONGEST, 30_000, "last")


def test_a_viewer_is_whom_they_have_proved_to_be(store: Store) -> None:
    def person(tx: Tx, number: int, **values: Any) -> None:
        tx.run(sa.update(Person).where(Person.id == number).values(**values))

    def unit(tx: Tx) -> None:
        one, two = (
            people.add(tx, Party(EMAIL, f"{n}@x.example", n), f"{n}@x.example", NOW).id for n in ("a", "b")
        )
        assert pages.viewer(tx, 9_999) is None
        found = pages.viewer(tx, one)
        assert found is not None
        assert (found.id, found.name, found.medium, found.address) == (one, "a", "email", "a@x.example")
        person(tx, one, merged_into_id=two)
        found = pages.viewer(tx, one)
        assert found is not None
        assert found.id == two
        person(tx, two, erased_at=NOW)
        assert pages.viewer(tx, one) is None
        person(tx, two, erased_at=None, merged_into_id=one)  # what must not be, and must not hang
        assert pages.viewer(tx, one) is None

    store.write_now(unit)


def test_a_merged_ticket_is_the_one_that_lives(store: Store) -> None:
    def unit(tx: Tx) -> None:
        one, two = new_ticket(tx), new_ticket(tx)
        tx.run(sa.update(Ticket).where(Ticket.id == one).values(merged_into_id=two))
        found = pages.ticket(tx, one)
        assert found is not None
        assert (found.id, found.owner) == (two, "")
        tx.run(sa.update(Ticket).where(Ticket.id == two).values(merged_into_id=one))
        assert pages.ticket(tx, one) is None
        assert pages.ticket(tx, 9_999) is None

    store.write_now(unit)


def test_a_survey_is_read_as_it_stands(store: Store) -> None:
    def unit(tx: Tx) -> None:
        number = new_ticket(tx)
        assert pages.survey(tx, number) is None
        person = pages.ticket(tx, number)
        assert person is not None
        row = {
            "ticket_id": number,
            "person_id": person.requester_id,
            "asked_at": NOW,
            "comment": "ok",
            "rating": 4,
        }
        tx.run(sa.insert(Survey).values(**row, rated_at=NOW, alarmed=False))
        asked = pages.survey(tx, number)
        assert asked is not None
        assert (asked.rating, asked.comment, asked.person_id) == (4, "ok", person.requester_id)
        assert asked.rated_at is not None
        assert abs(asked.rated_at - NOW) < timedelta(seconds=1)

    store.write_now(unit)


def test_k12_what_a_page_reads_for_too_long_is_given_up(store: Store) -> None:
    endless = {
        "sqlite": "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c",
        "postgresql": "SELECT pg_sleep(60)",
    }

    def unit(tx: Tx) -> None:
        with pages.briefly(tx, 0.2):
            tx.run(sa.text(endless[tx.dialect]))

    with pytest.raises(StoreError):
        store.read_now(unit)
    assert (
        store.read_now(lambda tx: tx.run(sa.text("SELECT 1")).scalar()) == 1
    )  # and the next may take its time
