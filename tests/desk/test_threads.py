"""Conversations of chat programs and their tickets, on each database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot import clock
from bot.desk import together
from bot.desk.outcome import Reason, Result
from bot.message import Payload
from bot.store import entries, inbox, outbox, people, said, threads, withdrawal
from bot.store.engine import Tx
from bot.store.models import Inbox, Outbox, OutboxState
from bot.store.threads import FoundThread
from tests.desk.by_chat import SECTIONS, Chats
from tests.desk.databases import KINDS, desk_on
from tests.desks import MONDAY


@pytest.fixture(params=KINDS)
def life(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Chats]:
    """A desk with chats."""
    with desk_on(request, tmp_path, **SECTIONS) as desk:
        desk.clock.moment = clock.now()  # PostgreSQL has its own
        yield Chats(desk)


def test_a_conversation_belongs_to_one_ticket_until_it_is_moved(life: Chats) -> None:
    for text in ("My laptop burns.", "My phone is lost."):
        life.says("UJOE", text)
        life.pass_time(minutes=5)

    def unit(tx: Tx) -> list[FoundThread | None]:
        assert threads.join(tx, "acme", "C1/1", 1, threads.REQUESTER, MONDAY)
        assert not threads.join(tx, "acme", "C1/1", 2, threads.ROOM, MONDAY)
        before = threads.find(tx, "acme", ("C1/9", "C1/1"))
        threads.reassign(tx, "acme", "C1/1", 2, threads.REQUESTER, MONDAY)
        threads.reassign(tx, "acme", "C1/2", 2, threads.PRIVATE, MONDAY)
        after = [threads.find(tx, "acme", (key,)) for key in ("C1/1", "C1/2")]
        return [before, *after, threads.find(tx, "beta", ("C1/1",)), threads.find(tx, "acme", ())]

    assert life.desk.store.write_now(unit) == [
        FoundThread("C1/1", 1, "requester"),
        FoundThread("C1/1", 2, "requester"),
        FoundThread("C1/2", 2, "private"),
        None,
        None,
    ]


def test_whose_conversation_it_is_is_looked_up_by_address(life: Chats) -> None:
    life.says("UJOE", "My laptop burns.")
    found = life.desk.store.read_now(
        lambda tx: [threads.is_requester(tx, 1, "slack", who) for who in ("acme/ujoe", "acme/ueve")]
    )
    assert found == [True, False]


def test_an_answer_waits_and_is_taken_back_on_each_database(life: Chats) -> None:
    life.mails("ann", "The printer burns.")
    life.says("UBEN", "Leave it off.", thread=life.room_thread())
    waiting = [row for row in life.desk.rows(Outbox) if row.event == "reply"]
    assert [row.state for row in waiting] == [OutboxState.QUEUED]
    life.presses("UBEN", "undo", life.last("acme/UBEN", "receipt").choices[0].value, ticket=1)
    assert [row.state for row in life.desk.rows(Outbox) if row.event == "reply"] == [OutboxState.STALE]
    assert life.desk.ticket(1).first_response_at is None


def test_what_is_being_sent_is_not_taken_back(life: Chats) -> None:
    life.mails("ann", "The printer burns.")
    life.says("UBEN", "Leave it off.", thread=life.room_thread())

    def unit(tx: Tx) -> bool:
        ids = [row.id for row in life.desk.rows(Outbox) if row.event == "reply"]
        withdrawal.put_aside(tx, 1, ids[0] - 1, ("reply",), tx.clock() - timedelta(days=400))
        assert outbox.claim(tx, "somebody", 10, timedelta(minutes=1))
        return withdrawal.take_back(tx, ids)

    assert not life.desk.store.write_now(unit)
    assert not life.desk.store.write_now(lambda tx: withdrawal.take_back(tx, []))


def test_what_somebody_was_last_told_is_what_was_sent(life: Chats) -> None:
    life.says("UJOE", "My laptop burns.")
    life.says("UBEN", "Leave it off.", thread=life.room_thread())
    told = life.desk.store.read_now(lambda tx: said.last_event(tx, 1, "acme/ujoe"))
    assert told == "received"


def test_where_a_person_has_just_spoken_is_found_by_place(life: Chats) -> None:
    life.says("UJOE", "My laptop burns.")
    joe = life.desk.ticket(1).requester_id
    since = life.desk.clock() - timedelta(minutes=2)

    def spoken(tx: Tx, place: str, who: int) -> int | None:
        people.lock(tx, who)
        return entries.spoken_in(tx, who, "acme", place, since)

    found = life.desk.store.write_now(
        lambda tx: [
            spoken(tx, "acme/DUJOE", joe),
            spoken(tx, "acme/C1", joe),
            spoken(tx, "acme/DUJOE", joe + 1),
        ]
    )
    assert found == [1, None, None]


def test_pieces_are_one_request_on_each_database(life: Chats) -> None:
    life.says("UJOE", "My laptop")
    life.says("UJOE", "does not start")
    assert [o.reason for o in life.desk.received] == [Reason.NEW, Reason.TOGETHER]


def test_what_waits_for_an_answer_is_found_by_its_sender_alone(life: Chats) -> None:
    def unit(tx: Tx) -> list[list[inbox.AskedAbout]]:
        for key in ("a", "b", "c"):
            inbox.add(tx, Payload("desk_bot", key, b"words", MONDAY, {"kept": 1}))
        for claim in inbox.claim(tx, "test", 2, timedelta(minutes=1)):
            inbox.note(tx, claim.id, asked=7, question=1, belongs=0)
            assert inbox.wait_for_answer(tx, claim, together.ASKS_FOR)
        found = [inbox.asked(tx, *who) for who in (("desk_bot", 7), ("desk_bot", 8), ("other", 7))]
        inbox.at_once(tx, 1)
        return [*found, inbox.asked(tx, "desk_bot", 7)]

    mine, *others, left = life.desk.store.write_now(unit)
    assert mine == [inbox.AskedAbout(1, 1), inbox.AskedAbout(2, 1)]
    assert others == [[], []]
    assert left == [inbox.AskedAbout(2, 1)]
    again = life.desk.store.write_now(lambda tx: inbox.claim(tx, "test", 10, timedelta(minutes=1)))
    assert {claim.payload.key for claim in again} == {"a", "c"}
    assert next(c for c in again if c.payload.key == "a").payload.envelope["kept"] == 1
    assert len(life.desk.rows(Inbox)) == 3


def test_a_requester_is_heard_in_the_thread_of_what_they_were_sent(life: Chats) -> None:
    life.mails("ann", "The printer burns.")
    key = life.says("UJOE", "My laptop burns.")
    life.says("UJOE", "It smells.", thread=key)
    outcome = life.desk.received[-1]
    assert (outcome.result, outcome.reason, outcome.ticket) == (Result.APPENDED, Reason.REFERENCE, 2)
