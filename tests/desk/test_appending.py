"""What a requester adds is kept and told alike, whichever way it came."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.desk.shares import ADDITIONS_TOLD
from bot.message import Action, IncomingMessage, Verdict
from tests.desk.by_mail import ANN, ANNA, a_team, an_answer, asks, letters, said
from tests.desks import OpenDesk, a_message


def by_mail(desk: OpenDesk, number: int, text: str) -> IncomingMessage:
    return an_answer(desk, ANN, number, text, verdict=Verdict.PASS)


def by_page(_: OpenDesk, number: int, text: str) -> IncomingMessage:
    message = a_message(text, sender=ANN, to=(), subject="", verdict=Verdict.PASS)
    return replace(message, action=Action("add", number, {}))


@pytest.mark.parametrize("way", [by_mail, by_page])
def test_e8_every_word_is_kept_and_agents_are_told_of_so_many_an_hour(tmp_path: Path, way: object) -> None:
    assert callable(way)
    with a_team(tmp_path) as desk:
        number = asks(desk, verdict=Verdict.PASS)
        for count in range(ADDITIONS_TOLD + 3):
            desk.clock.forward(minutes=2)
            desk.receive(way(desk, number, f"It burns {count}."))
        told = letters(desk, ANNA, "requester_wrote")
        assert 0 < len(told) <= ADDITIONS_TOLD
        assert {letter.notice.values["standing"] for letter in told} == {"reference"}
        assert len(said(desk, number)) == 1 + ADDITIONS_TOLD + 3
