"""What counts against whose share, on each database."""

from __future__ import annotations

from datetime import timedelta

from bot.message import Kind
from bot.store import budgets, outbox, tickets
from bot.store.engine import Store, Tx
from tests.store.makers import Clock, message, new_ticket

HOUR = timedelta(hours=1)


def test_e7_what_was_added_by_a_proved_sender_is_counted_apart(store: Store, now: Clock) -> None:
    def unit(tx: Tx) -> tuple[int, int, int]:
        number = new_ticket(tx)
        person = tickets.facts(tx, number)
        assert person is not None
        who = person.requester_id
        for action, after in (
            ("message.added", {"proved": True}),
            ("message.added", {"proved": False}),
            ("unverified.added", {"state": "new"}),
            ("automatic.added", {"proved": False}),
            ("opened", {"proved": True}),
        ):
            tickets.record(tx, number, action, now(), actor=who, after=after)
        tickets.record(tx, number, "message.added", now() - 2 * HOUR, actor=who, after={"proved": True})
        since = now() - HOUR
        return (
            tickets.added_since(tx, who, since, 9, proved=True),
            tickets.added_since(tx, who, since, 9, proved=False),
            tickets.added_since(tx, who, since, 1, proved=False),
        )

    assert store.write_now(unit) == (1, 2, 1)


def test_e7_tickets_in_somebodys_name_are_counted_by_whether_it_was_proved(store: Store, now: Clock) -> None:
    def unit(tx: Tx) -> tuple[int, int]:
        facts = tickets.facts(tx, new_ticket(tx, now=now()))
        assert facts is not None
        since = now() - HOUR
        return (
            tickets.opened_since(tx, facts.requester_id, since, proved=True),
            tickets.opened_since(tx, facts.requester_id, since, proved=False),
        )

    assert store.write_now(unit) == (0, 1)


def test_e5_events_are_found_by_what_they_say(store: Store, now: Clock) -> None:
    def unit(tx: Tx) -> list[dict[str, str]]:
        number = new_ticket(tx)
        for value in ("one", "two"):
            tickets.record(tx, number, "address.bounced", now(), after={"original": value})
        tickets.record(tx, number, "address.bounced", now())
        return tickets.marked(tx, number, "address.bounced", "original", "two")

    assert store.write_now(unit) == [{"original": "two"}]


def test_e8_answers_to_commands_are_counted_apart(store: Store, now: Clock) -> None:
    def unit(tx: Tx) -> list[int]:
        number = new_ticket(tx)
        outbox.queue(tx, message(number, Kind.NOTICE, "anna@example.org", now()), "anna@example.org")
        return [
            budgets.automatic_in_thread(tx, number, "anna@example.org", event, now()).all_hour
            for event in ("requester_wrote", budgets.COMMANDS)
        ]

    assert store.write_now(unit) == [1, 0]
