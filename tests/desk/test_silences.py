"""A request in which nobody does anything is not told the same for ever as often as at first."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bot.store.models import Event
from tests.desk.by_mail import ANN, ANNA, BOB, CARLA, TEAM, a_team, answers, asks, letters, works
from tests.desk.test_intervals import TOLD, pending, wait
from tests.desks import OpenDesk

LED: dict[str, Any] = {
    key: {**team, "lead": "carla", "escalates_to": ""} for key, team in TEAM["teams"].items()
}
FIRES: dict[str, Any] = {"tickets": {"priority": "P1"}, "teams": LED}


def rounds(desk: OpenDesk, days: int) -> list[datetime]:
    """When the requester was told that it is still open."""
    end = desk.clock() + timedelta(days=days)
    while (due := min(pending(desk).values(), default=end)) < end:
        wait(desk, seconds=max((due - desk.clock()).total_seconds(), 0))
    desk.clock.moment = end
    return [letter.created_at for letter in letters(desk, ANN, TOLD)]


def hours(told: list[datetime]) -> list[float]:
    return [(later - earlier) / timedelta(hours=1) for earlier, later in pairwise(told)]


def test_after_some_rounds_each_is_twice_as_long_up_to_a_day(tmp_path: Path) -> None:
    with a_team(tmp_path, **FIRES) as desk:
        asks(desk)
        told = rounds(desk, 5)
        assert hours(told)[:12] == [1, 1, 1, 1, 1, 1, 2, 4, 8, 16, 24, 24]
        (lead,) = letters(desk, CARLA, "silent")
        assert lead.notice.values["rounds"] == 7
        assert lead.created_at == told[6]
        assert lead.notice.values["tells_at"] == told[7].isoformat()


@pytest.mark.parametrize("act", ["#note I look at it.", "#take", "#update still"])
def test_what_an_agent_does_begins_it_anew(tmp_path: Path, act: str) -> None:
    with a_team(tmp_path, **FIRES) as desk:
        asks(desk)
        before = len(rounds(desk, 1))
        works(desk, ANNA, act, 1)
        told = rounds(desk, 2)[before:]
        assert hours(told)[:5] == [1] * 5
        assert len([row for row in desk.rows(Event) if row.action == "update.less"]) == 2


def test_what_the_requester_writes_is_no_act_of_the_desk(tmp_path: Path) -> None:
    with a_team(tmp_path, **FIRES) as desk:
        asks(desk)
        before = len(rounds(desk, 1))
        answers(desk, ANN, 1, "And now?")
        told = rounds(desk, 3)[before:]
        assert hours(told)[-1] == 24
        assert len(letters(desk, CARLA, "silent")) == 1


def test_without_a_lead_the_team_is_told(tmp_path: Path) -> None:
    teams = {key: {**team, "escalates_to": ""} for key, team in TEAM["teams"].items()}
    with a_team(tmp_path, tickets={"priority": "P1"}, teams=teams) as desk:
        asks(desk)
        rounds(desk, 1)
        assert [len(letters(desk, who, "silent")) for who in (ANNA, BOB, CARLA)] == [1, 1, 0]


def test_the_number_of_rounds_is_the_administrators(tmp_path: Path) -> None:
    with a_team(tmp_path, **FIRES, escalation={"rounds": 2}) as desk:
        asks(desk)
        assert hours(rounds(desk, 1))[:5] == [1, 1, 2, 4, 8]
    with a_team(tmp_path / "never", **FIRES, escalation={"rounds": 0}) as desk:
        asks(desk)
        assert set(hours(rounds(desk, 1))) == {1}


def test_who_is_told_daily_anyway_is_told_as_ever(tmp_path: Path) -> None:
    with a_team(tmp_path, tickets={"priority": "P2"}, teams=LED, escalation={"rounds": 1}) as desk:
        asks(desk)
        for _ in range(20):
            wait(desk, hours=12)
        assert letters(desk, CARLA, "silent") == []
