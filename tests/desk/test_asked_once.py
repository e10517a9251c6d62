"""What a form has asked is not asked once more."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.desk.by_chat import Chats, chats


def asked(life: Chats) -> object:
    return life.last("acme/UJOE", "received").notice.values["questions"]


def test_what_stands_empty_in_a_form_is_not_asked_again_and_what_is_said_is(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        life.says("UJOE", "The screen is black")
        assert asked(life)
        life.pass_time(minutes=10)
        life.desk.receive(replace(life.a_chat("UJOE", "The screen is black"), external_id=""))
        life.deliver()
        assert len(life.to("acme/UJOE", "received")) == 2
        assert not asked(life)
        assert not life.desk.ticket(2).fields
