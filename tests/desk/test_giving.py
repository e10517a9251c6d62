"""A ticket that comes while its whole team is away is given out when somebody is back."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.desk import assignment, giving
from bot.loops import Pace
from bot.store.models import Timer, TimerState
from bot.store.timers import DueTimer
from bot.timers import Timers
from tests.desk.by_mail import ANN, ANNA, BOB, a_team, asks, letters, works
from tests.desk.test_assignment import events, owner
from tests.desk.test_assignment import teams as two_teams
from tests.desks import OpenDesk

AWAY = {"absent": ["2026-03-02/2026-03-03"]}
LONGER = {"absent": ["2026-03-02/2026-03-04"]}
BACK = datetime(2026, 3, 4, 9, tzinfo=UTC)
"""On Wednesday, when the desk opens."""


def teams(how: str = "rotation", **agents: Any) -> dict[str, Any]:
    """Two teams, of which none is above the other: nothing goes up meanwhile."""
    sections = two_teams(how, **agents)
    sections["teams"]["first-line"]["escalates_to"] = ""
    return sections


def until(desk: OpenDesk, moment: datetime) -> None:
    """Time passes, a quarter of an hour at a time, with what is due in it."""
    timers = Timers(desk.store, desk.desk, pace=Pace(), now=desk.clock)
    while desk.clock() < moment:
        desk.clock.moment = min(desk.clock() + timedelta(minutes=15), moment)
        while desk.store.write_now(timers._fire):
            pass


def waits(desk: OpenDesk) -> list[datetime]:
    rows = desk.rows(Timer)
    return [row.due_at for row in rows if row.state == TimerState.PENDING and row.kind.startswith("give")]


def test_the_first_who_is_back_is_given_what_came_meanwhile(tmp_path: Path) -> None:
    with a_team(tmp_path, **teams(anna=LONGER, bob=AWAY)) as desk:
        number = asks(desk)
        assert (owner(desk, number), waits(desk)) == ("", [BACK])
        until(desk, BACK - timedelta(minutes=15))
        assert owner(desk, number) == ""
        until(desk, BACK)
        assert owner(desk, number).startswith("Bob")
        (told,) = [letter for letter in letters(desk, BOB) if letter.notice.event == "handed_over"]
        assert [one["text"] for one in told.notice.values["story"]]
        assert "handed_over" not in events(desk, ANNA)
        assert "progress" in events(desk, ANN)
        assert waits(desk) == []


def test_many_are_given_in_their_order_and_not_all_at_once_to_one(tmp_path: Path) -> None:
    limits = {"tickets_per_sender_hour": 100}
    with a_team(tmp_path, limits=limits, **teams(anna=LONGER, bob=AWAY)) as desk:
        numbers = [asks(desk, sender=f"p{n}@localhost") for n in range(6)]
        until(desk, BACK)
        assert [bool(owner(desk, n)) for n in numbers] == [True] + [False] * 5
        until(desk, BACK + 2 * giving.REST)
        assert [bool(owner(desk, n)) for n in numbers] == [True] * 3 + [False] * 3
        until(desk, BACK + 6 * giving.REST)
        assert all(owner(desk, n).startswith("Bob") for n in numbers)


def test_who_comes_back_together_takes_turns(tmp_path: Path) -> None:
    with a_team(tmp_path, **teams(anna=AWAY, bob=AWAY)) as desk:
        numbers = [asks(desk, sender=f"p{n}@localhost") for n in range(4)]
        until(desk, BACK)
        assert Counter(bool(owner(desk, n)) for n in numbers) == {True: 2, False: 2}
        until(desk, BACK + 3 * giving.REST)
        assert Counter(owner(desk, n).split()[0] for n in numbers) == {"Anna": 2, "Bob": 2}


def test_what_has_been_taken_meanwhile_is_left_alone(tmp_path: Path) -> None:
    with a_team(tmp_path, **teams(anna=AWAY, bob=AWAY)) as desk:
        taken, closed = asks(desk), asks(desk, sender="eve@localhost")
        works(desk, ANNA, "#take", taken)
        works(desk, ANNA, "#spam", closed)
        until(desk, BACK + giving.REST)
        assert owner(desk, taken).startswith("Anna")
        assert owner(desk, closed) == ""


def test_given_twice_is_given_once(tmp_path: Path) -> None:
    with a_team(tmp_path, **teams(anna=LONGER, bob=AWAY)) as desk:
        number = asks(desk)
        until(desk, BACK)
        before = desk.actions(number)
        again = DueTimer(0, number, assignment.GIVE, BACK)
        desk.store.write_now(lambda tx: giving.somebody_is_back(tx, again, desk.desk, desk.clock()))
        assert desk.actions(number) == before


def test_a_team_that_stays_away_longer_is_waited_for_again(tmp_path: Path) -> None:
    with a_team(tmp_path, **teams(anna=LONGER, bob=LONGER)) as desk:
        number = asks(desk)
        early = DueTimer(0, number, assignment.GIVE, BACK - timedelta(days=1))
        desk.store.write_now(lambda tx: giving.somebody_is_back(tx, early, desk.desk, desk.clock()))
        assert waits(desk) == [BACK + timedelta(days=1)]


def test_a_team_that_gives_nothing_out_waits_for_nobody(tmp_path: Path) -> None:
    with a_team(tmp_path, **teams("nobody", anna=AWAY, bob=AWAY)) as desk:
        asks(desk)
        assert waits(desk) == []


def test_a_ticket_that_is_moved_to_a_team_that_is_away_waits_for_it_too(tmp_path: Path) -> None:
    sections = teams(carla=AWAY)
    sections["teams"]["first-line"]["assign"] = "nobody"
    with a_team(tmp_path, **sections) as desk:
        number = asks(desk)
        works(desk, ANNA, "#assign second line", number)
        assert (owner(desk, number), waits(desk)) == ("", [BACK])
        until(desk, BACK)
        assert owner(desk, number) == "Carla"
