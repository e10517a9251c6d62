"""What the desk asks of the store when steps are taken back, breaches collected and rounds counted, on each database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot import clock
from bot.desk import breaches, major
from bot.desk.outcome import Outcome, Reason, Result
from bot.store import said, timers
from bot.store.engine import Tx
from bot.store.models import Outbox, OutboxState, Pause, Timer, TimerState
from bot.store.timers import DueTimer
from tests.desk.by_chat import SECTIONS, Chats
from tests.desk.databases import KINDS, desk_on
from tests.desk.test_undo_steps import ANN, does, stands, takes_back, waiting


@pytest.fixture(params=KINDS)
def life(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Chats]:
    """A desk with chats."""
    with desk_on(request, tmp_path, **SECTIONS) as desk:
        desk.clock.moment = clock.now()  # PostgreSQL has its own
        yield Chats(desk)


@pytest.mark.parametrize(
    "step", ["resolve A new fuser.", "wait requester", "update need Which one?", "close"]
)
def test_a_step_is_taken_back_on_each_database(life: Chats, step: str) -> None:
    life.mails("ann", "The printer burns.")
    was, said_before = stands(life), waiting(life)
    answer = does(life, step)
    assert answer is not None
    assert stands(life) != was
    assert takes_back(life, answer) == Outcome(Result.COMMANDED, Reason.BY_AGENT, 1)
    assert stands(life) == was
    assert waiting(life) == said_before
    assert [m.notice.event for m in life.to(ANN)] == ["received"]


def test_what_a_step_overtook_waits_again_on_each_database(life: Chats) -> None:
    life.mails("ann", "The printer burns.")
    does(life, "take")
    answer = does(life, "wait supplier")
    assert answer is not None
    takes_back(life, answer)
    news = [row for row in life.desk.rows(Outbox) if row.event == "progress"]
    assert [row.state for row in news] == [OutboxState.QUEUED, OutboxState.STALE]
    assert life.desk.rows(Pause) == []


def test_a_digest_takes_all_that_waits_for_its_reader_on_each_database(life: Chats) -> None:
    for number in range(3):
        life.mails("ann", f"The printer burns {number}.")
    now = life.desk.clock()

    def unit(tx: Tx) -> tuple[list[int], list[int]]:
        for ticket, minutes in ((1, 2), (2, 1), (3, 9)):
            timers.start_all(tx, ticket, {f"{breaches.DIGEST}.7": now + timedelta(minutes=minutes)})
        timers.start_all(tx, 1, {f"{breaches.DIGEST}.8": now})
        until = now + timedelta(minutes=5)
        return timers.take(tx, f"{breaches.DIGEST}.7", until), timers.take(tx, f"{breaches.DIGEST}.7", until)

    assert life.desk.store.write_now(unit) == ([2, 1], [])
    rows = [row for row in life.desk.rows(Timer) if row.kind.startswith(breaches.DIGEST)]
    assert [row.state for row in rows].count(TimerState.FIRED) == 2
    last = life.desk.store.read_now(lambda tx: timers.last_for_team(tx, "first-line", f"{breaches.DIGEST}.7"))
    assert last == now + timedelta(minutes=9)


def test_what_is_missed_is_told_once_and_the_rest_collected_on_each_database(life: Chats) -> None:
    for number in range(3):
        life.mails("ann", f"The printer burns {number}.")
    life.desk.clock.forward(days=14)
    now = life.desk.clock()

    def unit(tx: Tx) -> None:
        for ticket in said.seen(tx, [1, 2, 3]):
            breaches.told(tx, ticket, ("first-response", now), {"sue"}, life.desk.desk, now)

    life.desk.store.write_now(unit)
    told = [row for row in life.desk.rows(Outbox) if row.recipient == "sue@house.example"]
    assert [row.event for row in told] == ["breached"]
    waits = [row for row in life.desk.rows(Timer) if row.kind.startswith(f"{breaches.DIGEST}.")]
    assert [row.ticket_id for row in waits] == [2, 3]
    due = DueTimer(waits[0].id, 2, waits[0].kind, max(row.due_at for row in waits))
    life.desk.store.write_now(lambda tx: timers.fired(tx, due))
    life.desk.store.write_now(lambda tx: breaches.digest_is_due(tx, due, life.desk.desk, due.due_at))
    told = [row for row in life.desk.rows(Outbox) if row.recipient == "sue@house.example"]
    assert [row.event for row in told] == ["breached", "breaches"]
    assert '"many":2' in told[-1].message


def test_rounds_and_reasons_are_counted_on_each_database(life: Chats) -> None:
    life.mails("ann", "The printer burns.")
    life.presses("UBEN", "major", ticket=1, thread=life.room_thread(), words="It burns.")
    requester = life.desk.ticket(1).requester_id
    counted = life.desk.store.read_now(
        lambda tx: (said.rounds(tx, 1, requester), said.afters(tx, 1, major.TOLD))
    )
    assert counted[0] == 0
    assert counted[1][0]["reason"] == "It burns."
