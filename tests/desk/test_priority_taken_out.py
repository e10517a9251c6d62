"""A priority that the configuration does not have any more, while tickets still have it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from bot.store.models import Ticket
from tests.desks import a_desk
from tests.lives import HOUSE, Life, a_life

VIP: Final[dict[str, Any]] = {"first_response": "1h", "resolution": "4h", "update_every": "2h"}


def a_ticket_with_none(life: Life) -> None:
    """A ticket with a priority that was taken out after it was given."""
    life.desk.desk = a_desk(**HOUSE, priorities={"VIP": VIP})
    life.writes("ann", "It burns.")
    life.writes("ben", "#priority VIP", to="new_ticket")
    assert life.ticket().priority == "VIP"
    life.desk.desk = a_desk(**HOUSE)


def test_every_timer_of_such_a_ticket_does_its_work(tmp_path: Path) -> None:
    with a_life(tmp_path) as life:
        a_ticket_with_none(life)
        life.until("2026-03-20 18:00")
        assert {"delayed", "late", "still_open"} <= set(life.events_to("ann"))
        assert {"warning", "update_due"} <= set(life.events_to("ben"))
        assert "breached" in life.events_to("sue")
        life.writes("ben", "#resolve Replaced.", to="update_due")
        life.until("2026-04-20 18:00")
        assert "confirm_reminder" in life.events_to("ann")
        assert life.ticket().state == "closed"
        assert life.ticket().priority == "VIP"


@pytest.mark.parametrize(
    "order",
    [
        "#take",
        "#assign sue",
        "#escalate it burns",
        "#wait supplier",
        "#update still",
        "#update fix tomorrow 10:00",
        "#note it burns",
        "#category hardware",
        "#impact high",
        "#urgency low",
        "#status",
        "#resolve",
        "#close",
        "#priority P2",
        "#link bob@house.example",
        "#major it burns",
        "#spam",
    ],
)
def test_every_command_about_such_a_ticket_is_carried_out(tmp_path: Path, order: str) -> None:
    with a_life(tmp_path) as life:
        a_ticket_with_none(life)
        life.writes("ben", order, to="new_ticket")
        answer = life.last("ben", "commands").notice.values
        assert answer["done"]
        assert not answer["problems"]
        life.sleep(days=3)
        life.settle()


def test_mails_to_such_a_ticket_are_taken_in(tmp_path: Path) -> None:
    with a_life(tmp_path) as life:
        a_ticket_with_none(life)
        life.writes("ann", "It burns still.", to="received")
        life.writes("ben", "What colour is the smoke?", to="requester_wrote")
        life.writes("ann", "Black.", to="reply")
        life.writes("ben", "Put out.\n#resolve", to="requester_wrote")
        life.taps("ann", "confirm", "no")
        life.writes("ben", "#close", to="requester_wrote")
        life.until("2026-03-05 12:00")
        assert len(life.desk.rows(Ticket)) == 1
        assert life.ticket().state == "closed"


def test_the_targets_of_such_a_ticket_are_those_of_a_new_one(tmp_path: Path) -> None:
    with a_life(tmp_path) as life:
        a_ticket_with_none(life)
        life.writes("ben", "#resolve", to="new_ticket")
        life.writes("ann", "No, it burns.", to="resolved")
        due = life.ticket().resolution_due
        life.writes("ben", "#priority P3", to="requester_wrote")
        assert life.ticket().resolution_due == due
