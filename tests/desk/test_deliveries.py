"""What becomes of a ticket when a message about it does not arrive (F5)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from bot.desk import deliveries
from bot.message import Attachment, Kind, OutgoingMessage
from bot.store.models import Event, Outbox
from tests.desk.by_mail import ANN, ANNA, BOB, a_team, answers, asks, letters, works, written
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


def _fails(desk: OpenDesk, row: Any, state: str = "failed", result: str = "552 5.7.0 blocked") -> None:
    """What the delivery says of a message that a server refused."""
    message = msgspec.json.decode(row.message, type=OutgoingMessage)
    desk.store.write_now(lambda tx: deliveries.ended(tx, message, state, result, desk.desk, desk.clock()))


def _notices(desk: OpenDesk, since: int = 0) -> list[Any]:
    return [row for row in desk.rows(Outbox)[since:] if row.kind == "notice"]


def test_f5_a_notice_whose_files_are_refused_goes_once_more_without_them(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk, attachments=(Attachment("setup.exe", "application/x-dosexec", 3, "a" * 64),))
        before = written(desk)
        for row in _notices(desk):
            _fails(desk, row)
        again = [letter for letter in letters(desk, since=before) if letter.kind is Kind.NOTICE]
        assert sorted(letter.to.address for letter in again) == [ANNA, BOB]
        assert [letter.attachments for letter in again] == [(), ()]
        assert {tuple(letter.notice.values["files"]) for letter in again} == {("setup.exe",)}
        assert len({row.token for row in desk.rows(Outbox)}) == written(desk)
        notes = [e.after.get("again") for e in desk.rows(Event) if e.action == "delivery.ended"]
        assert notes == ["without files"] * 2
        assert desk.actions(number).count("delivery.ended") == 2


def test_f5_a_notice_that_its_owner_cannot_have_is_told_to_the_colleagues(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        works(desk, ANNA, "#take", number)
        answers(desk, ANN, number, "It still burns.")
        before = written(desk)
        _fails(desk, desk.rows(Outbox)[-1], result="550 no such user")
        (told,) = letters(desk, since=before)
        assert (told.to.address, told.notice.event, told.notice.values["address"]) == (BOB, "bounced", ANNA)


def test_f5_the_loss_of_one_event_is_told_once_and_the_loss_of_that_word_to_nobody(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        asks(desk)
        seen, rounds = 0, 0
        while lost := _notices(desk, seen):
            seen, rounds = written(desk), rounds + 1
            for row in lost:
                _fails(desk, row, result="550 no such user")
        assert rounds == 2
        assert [letter.to.address for letter in letters(desk, event="bounced")] == [BOB]


def test_x5_a_notice_of_which_nobody_knows_whether_it_arrived_is_not_sent_again(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk, attachments=(Attachment("a.txt", "text/plain", 3, "a" * 64),))
        before = written(desk)
        _fails(desk, _notices(desk)[0], state="unknown")
        assert written(desk) == before
        assert desk.actions(number)[-1] == "delivery.ended"
