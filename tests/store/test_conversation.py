"""What every notice asks of the database, on both databases."""

from __future__ import annotations

from bot import clock
from bot.store import budgets, conversation
from bot.store.engine import Store, Tx
from tests.store.makers import new_ticket, queue


def test_a_ticket_its_thread_and_its_budget_are_read_as_they_were_written(store: Store) -> None:
    def unit(tx: Tx) -> None:
        number, now = new_ticket(tx), clock.now()
        queue(tx, number, at=now)
        ticket = conversation.whole(tx, number)
        assert ticket is not None
        assert (ticket.fields, ticket.major) == (None, False)
        assert ticket.opened_at.tzinfo is not None
        assert len(conversation.thread(tx, number, ticket.requester_id, "ann@example.org")) == 1
        here = budgets.automatic_in_thread(tx, number, "ann@example.org", "received", now)
        assert (here.minutes, here.hour, here.day, here.all_hour) == (1, 1, 1, 1)
        elsewhere = budgets.automatic_in_thread(tx, 0, "ann@example.org", "received", now)
        assert (elsewhere.minutes, elsewhere.all_hour) == (0, 1)
        commands = budgets.automatic_in_thread(tx, number, "ann@example.org", budgets.COMMANDS, now)
        assert commands.all_hour == 0

    store.write_now(unit)
