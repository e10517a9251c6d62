"""Questions that nobody was asked are not open questions."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.desk.by_mail import ANN, ANNA, a_team, letters
from tests.desks import a_message


def test_questions_that_a_budget_kept_back_were_never_asked(tmp_path: Path) -> None:
    with a_team(tmp_path, limits={"sender_per_hour": 1}) as desk:
        first = desk.receive(a_message("Help!", subject="")).ticket
        second = desk.receive(a_message("Help me!", subject="")).ticket
        assert first
        assert second
        assert desk.ticket(first).fields
        assert desk.ticket(second).fields is None
        assert len(letters(desk, ANN, "received")) == 1
        told = [letter.notice.values["asked"] for letter in letters(desk, ANNA, "new_ticket")]
        assert bool(told[0]) is True
        assert told[1] == []


@pytest.mark.parametrize(
    "text", ["Help!", "The printer on the second floor has been on fire since nine o'clock."]
)
def test_what_a_budget_kept_back_changes_nothing_else(tmp_path: Path, text: str) -> None:
    with a_team(tmp_path, limits={"sender_per_hour": 0}) as desk:
        number = desk.receive(a_message(text, subject="")).ticket
        assert number
        assert desk.ticket(number).state == "new"
        assert desk.ticket(number).fields is None
