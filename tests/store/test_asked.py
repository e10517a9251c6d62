"""What somebody was last told in a chat, and which of their requests have ended, on each database."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.message import Kind, Notice, OutgoingMessage, Party, ThreadRef
from bot.store import asked, outbox, tickets
from bot.store.engine import Store, Tx
from bot.store.models import OutboxState
from tests.store.makers import Clock, new_ticket

HERE = "tg/501"
HOUR = timedelta(hours=1)


def tell(tx: Tx, ticket: int, event: str, now: datetime, *, to: str = HERE, **values: str) -> None:
    message = OutgoingMessage(
        "tg", Party("telegram", to), ticket, Kind.NOTICE, f"{event}-{to}-{now.isoformat()}",
        Notice(event, "en", "UTC", dict(values)), now, ThreadRef(),
    )  # fmt: skip
    outbox.queue(tx, message, to)


def arrive(tx: Tx, reference: str) -> None:
    for claim in outbox.claim(tx, "w", 10, HOUR):
        assert outbox.settle(tx, claim, OutboxState.SENT, reference)


def test_the_last_that_somebody_was_told_leaves_out_what_says_nothing(store: Store, now: Clock) -> None:
    def unit(tx: Tx) -> list[object]:
        number = new_ticket(tx, now=now())
        tell(tx, number, "question", now(), key="what")
        before = asked.last_told(tx, HERE, now() - HOUR)
        arrive(tx, "501/7")
        tell(tx, number, "status", now())
        tell(tx, number, "question", now(), to="tg/601", key="since")
        after = asked.last_told(tx, HERE, now() - HOUR, {"status"})
        last = asked.last_told(tx, HERE, now() - HOUR)
        assert before is not None
        assert after is not None
        assert last is not None
        return [
            before.arrived_at, after.event, after.values["key"], after.ticket == number,
            after.arrived_at is not None, last.event, asked.last_told(tx, HERE, now() + HOUR),
        ]  # fmt: skip

    assert store.write_now(unit) == [None, "question", "what", True, True, "status", None]


def test_a_message_of_ours_is_known_by_what_its_service_calls_it(store: Store, now: Clock) -> None:
    def unit(tx: Tx) -> list[object]:
        number, other = new_ticket(tx, now=now()), new_ticket(tx, now=now())
        tell(tx, number, "question", now(), key="what")
        arrive(tx, "501/7")
        found = asked.told_by(tx, number, "question", "501/7")
        return [
            found and found["key"], asked.told_by(tx, number, "question", "501/8"),
            asked.told_by(tx, other, "question", "501/7"), asked.told_by(tx, number, "status", "501/7"),
        ]  # fmt: skip

    assert store.write_now(unit) == ["what", None, None, None]


def test_what_has_ended_stands_in_the_order_in_which_it_did(store: Store, now: Clock) -> None:
    def unit(tx: Tx) -> tuple[list[int], list[int]]:
        numbers = [new_ticket(tx, now=now()) for _ in range(6)]
        facts = tickets.facts(tx, numbers[0])
        assert facts is not None
        ends = [
            {"state": "closed", "closed_at": now() - HOUR, "closed_as": "self"},
            {"state": "resolved", "resolved_at": now()},
            {"state": "closed", "closed_at": now() - 30 * HOUR, "closed_as": "self"},
            {"state": "closed", "closed_at": now(), "closed_as": "spam"},
            {"state": "closed", "closed_at": now(), "closed_as": "merged", "merged_into_id": numbers[0]},
        ]
        for number, end in zip(numbers, ends, strict=False):
            assert tickets.change(tx, number, now(), expected_state="new", **end)
        mine = asked.ended(tx, facts.requester_id, now() - 24 * HOUR, 10)
        nobodys = asked.ended(tx, facts.requester_id + 99, now() - 24 * HOUR, 10)
        assert not nobodys
        return [number for number, _ in mine], [numbers[1], numbers[0]]

    found, wanted = store.write_now(unit)
    assert found == wanted
