"""What is broken is told, to the right people, and not again and again."""

from __future__ import annotations

from pathlib import Path

from bot.desk import alarms
from bot.store.models import Outbox
from tests.desks import OpenDesk, open_desk

AGENTS = {
    "anna": {"name": "Anna", "addresses": ["anna@localhost"], "teams": ["first-line"]},
    "bob": {"name": "Bob", "addresses": ["bob@localhost"], "teams": ["first-line"], "active": False},
}


def ring(desk: OpenDesk, key: str = "imap support") -> int:
    return desk.store.write_now(
        lambda tx: alarms.raise_alarm(tx, key, "It broke", "Mend it", "mail", desk.desk, desk.clock())
    )


def told(desk: OpenDesk) -> list[str]:
    return [row.recipient for row in desk.rows(Outbox)]


def test_an_alarm_goes_to_those_whom_the_configuration_names(tmp_path: Path) -> None:
    with open_desk(tmp_path, desk={"alarms": ["ops@localhost"]}, agents=AGENTS) as desk:
        assert ring(desk) == 1
        assert told(desk) == ["ops@localhost"]


def test_an_alarm_goes_to_the_active_agents_of_the_first_team_when_nobody_is_named(tmp_path: Path) -> None:
    with open_desk(tmp_path, agents=AGENTS) as desk:
        ring(desk)
        assert told(desk) == ["anna@localhost"]


def test_the_same_trouble_is_told_once_a_day_and_another_one_at_once(tmp_path: Path) -> None:
    with open_desk(tmp_path, desk={"alarms": ["ops@localhost"]}) as desk:
        assert [ring(desk), ring(desk), ring(desk, "imap sales")] == [1, 0, 1]
        desk.clock.forward(hours=25)
        assert ring(desk) == 1


def test_e13_an_alarm_never_goes_to_the_desk_itself(tmp_path: Path) -> None:
    with open_desk(tmp_path, desk={"alarms": ["help@localhost"]}) as desk:
        assert ring(desk) == 0
        assert told(desk) == []
