"""What becomes of a ticket when a message about it does not arrive (F5)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bot.desk import deliveries
from bot.message import Kind
from bot.store.models import Outbox
from tests.desks import OpenDesk, a_message, an_outgoing, open_desk

AGENTS: dict[str, Any] = {
    "agents": {"anna": {"name": "Anna", "addresses": ["anna@localhost"], "teams": ["first-line"]}}
}


def _told(desk: OpenDesk) -> list[str]:
    return [row.recipient for row in desk.rows(Outbox) if '"event":"bounced"' in row.message]


def test_f5_an_answer_that_did_not_arrive_is_told_to_the_agents_and_stands_in_the_ticket(
    tmp_path: Path,
) -> None:
    with open_desk(tmp_path, **AGENTS) as desk:
        number = desk.receive(a_message()).ticket
        reply = an_outgoing(kind=Kind.REPLY, ticket=number)
        desk.store.write_now(
            lambda tx: deliveries.ended(tx, reply, "failed", "550 no such user", desk.desk, desk.clock())
        )
        assert desk.actions(number or 0)[-1] == "delivery.ended"
        assert _told(desk) == ["anna@localhost"]


def test_f5_an_answer_that_waits_is_told_to_the_agents_as_not_final(tmp_path: Path) -> None:
    with open_desk(tmp_path, **AGENTS) as desk:
        number = desk.receive(a_message()).ticket
        reply = an_outgoing(kind=Kind.REPLY, ticket=number)
        desk.store.write_now(lambda tx: deliveries.delayed(tx, reply, "451 later", desk.desk, desk.clock()))
        assert desk.actions(number or 0)[-1] == "delivery.delayed"
        (notice,) = [row.message for row in desk.rows(Outbox) if '"event":"bounced"' in row.message]
        assert '"permanent":false' in notice


def test_an_acknowledgement_that_did_not_arrive_stands_in_the_ticket_and_alarms_nobody(
    tmp_path: Path,
) -> None:
    with open_desk(tmp_path, **AGENTS) as desk:
        number = desk.receive(a_message()).ticket
        answer = an_outgoing(kind=Kind.ACKNOWLEDGEMENT, ticket=number)
        desk.store.write_now(lambda tx: deliveries.ended(tx, answer, "unknown", "", desk.desk, desk.clock()))
        assert desk.actions(number or 0)[-1] == "delivery.ended"
        assert _told(desk) == []
