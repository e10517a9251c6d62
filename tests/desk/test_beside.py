"""What is only said of an earlier message, that it was changed or taken back, begins nothing (I11, J9)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.desk.outcome import Reason, Result
from bot.message import IncomingMessage
from bot.store.models import Ticket
from tests.desk.by_chat import Chats, chats


def changes(life: Chats, who: str, key: str, text: str, door: str) -> tuple[Result, Reason]:
    """Somebody changes, or takes back, what they said under a key."""
    message = life.a_chat(who, text, thread=key, door=door)
    outcome = life.desk.receive(_again(message, key))
    life.deliver()
    return outcome.result, outcome.reason


def _again(message: IncomingMessage, key: str) -> IncomingMessage:
    return replace(message, external_id=key)


@pytest.mark.parametrize(("door", "who"), [("acme", "UJOE"), ("desk_bot", "4711")])
@pytest.mark.parametrize("text", ["edited: hello there", "deleted: hello"])
def test_a_change_of_a_message_that_belongs_to_no_ticket_opens_none(
    tmp_path: Path, door: str, who: str, text: str
) -> None:
    with chats(tmp_path) as life:
        key = life.says(who, "hello", door=door)
        assert changes(life, who, key, text, door) == (Result.IGNORED, Reason.BESIDE_NOTHING)
        assert life.desk.rows(Ticket) == []


@pytest.mark.parametrize(("door", "who"), [("acme", "UJOE"), ("desk_bot", "4711")])
def test_a_change_of_a_request_is_noted_in_it_and_told(tmp_path: Path, door: str, who: str) -> None:
    with chats(tmp_path) as life:
        key = life.says(who, "The printer on floor 2 is broken", door=door)
        assert changes(life, who, key, "edited: floor 3", door) == (Result.APPENDED, Reason.REFERENCE)
        assert life.said()[-1][1] == "edited: floor 3"
        assert life.in_room("said")[-1].notice.values["text"] == "edited: floor 3"


def test_a_change_of_what_was_said_in_a_ticket_that_ended_long_ago_is_kept_there(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        key = life.says("UJOE", "The printer is broken")
        life.presses("UJOE", "close", ticket=1, thread=key)
        life.pass_time(days=60)
        result, _ = changes(life, "UJOE", key, "deleted: The printer is broken", "acme")
        assert result is Result.APPENDED
        assert (life.said()[-1][1], life.desk.ticket(1).state) == ("deleted: The printer is broken", "closed")
        assert len(life.desk.rows(Ticket)) == 1
