"""Agents who write at the same time, and what each database makes of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from bot.errors import StoreUnavailable
from bot.intake import receive
from bot.message import IncomingMessage, Verdict
from bot.store.engine import Store, Tx
from tests.desk.by_mail import (
    ANNA,
    BOB,
    a_team,
    an_answer,
    asks,
    letters,
    owner,
    said,
    works,
)
from tests.desks import Clock, OpenDesk
from tests.fresh import migrated


def both_at_once(desk: OpenDesk, mails: list[IncomingMessage]) -> None:
    """Each mail in a transaction of its own, begun before any of them goes on."""
    ready = threading.Barrier(len(mails))

    def unit(tx: Tx, mail: IncomingMessage) -> None:
        ready.wait(10)
        receive(tx, mail, desk.desk, desk.clock())

    with ThreadPoolExecutor(len(mails)) as pool:
        list(pool.map(lambda mail: desk.store.write_now(lambda tx: unit(tx, mail)), mails))


@contextmanager
def on_postgres(folder: Path, url: str) -> Iterator[OpenDesk]:
    """The same team on PostgreSQL."""
    clock = Clock()
    store = Store(url.replace("postgresql://", "postgresql+psycopg://"), now=clock)
    migrated(store)
    try:
        with a_team(folder) as unused:
            yield OpenDesk(store, unused.desk, clock, folder)
    finally:
        store.close()


def test_two_agents_who_answer_at_once_are_both_heard_and_one_owns_the_ticket(
    tmp_path: Path, postgres_url: str
) -> None:
    with on_postgres(tmp_path, postgres_url) as desk:
        for _ in range(5):
            number = asks(desk)
            both_at_once(
                desk,
                [an_answer(desk, who, number, f"I, {who}", verdict=Verdict.PASS) for who in (ANNA, BOB)],
            )
            assert sorted(kind for kind, _ in said(desk, number)) == ["message", "reply", "reply"]
            assert [desk.actions(number).count(a) for a in ("assigned", "answered")] == [1, 1]
            assert owner(desk, number) in {"Anna Rossi", "Bob"}
            desk.clock.forward(hours=2)


def test_every_command_does_on_postgres_what_it_does_on_sqlite(tmp_path: Path, postgres_url: str) -> None:
    every = (
        "#take\n#assign bob\n#note n\n#priority P1\n#category network\n#wait w\n#escalate e\n#link HD-{other}\n"
        "#link dora@localhost\n#status\n#why\n#help\n#resolve\n#reopen\n#merge HD-{other}"
    )

    def all_of_it(desk: OpenDesk) -> list[object]:
        number, other = asks(desk, sender="ann+a@localhost"), asks(desk, sender="ann+b@localhost")
        own = asks(desk, sender="ann+a@localhost")
        works(desk, ANNA, every.format(other=own), number)
        works(desk, ANNA, "#close HD-999999999999999", other)
        works(desk, BOB, "#for fay@localhost\nno light")
        quiet = [outcome.quiet for outcome in desk.received]
        shown = [(letter.to.address, letter.notice.event) for letter in letters(desk)]
        return [quiet, shown, [desk.actions(n) for n in (number, other, own)], desk.ticket(number).state]

    with on_postgres(tmp_path, postgres_url) as postgres, a_team(tmp_path / "sqlite") as sqlite:
        assert all_of_it(postgres) == all_of_it(sqlite)
        assert "merged" in sqlite.actions(1)


def test_two_agents_who_merge_crosswise_at_once_end_with_one_living_ticket(
    tmp_path: Path, postgres_url: str
) -> None:
    with on_postgres(tmp_path, postgres_url) as desk:
        first, second = asks(desk), asks(desk)
        mails = [
            an_answer(desk, who, one, f"#merge HD-{other}", verdict=Verdict.PASS)
            for who, one, other in ((ANNA, first, second), (BOB, second, first))
        ]
        with suppress(StoreUnavailable):  # a deadlock ends one of the two, and its payload is tried again
            both_at_once(desk, mails)
        for mail in mails:
            desk.receive(mail)
        merged = [desk.ticket(number).merged_into_id for number in (first, second)]
        assert sorted(merged, key=str) in ([first, None], [second, None])
