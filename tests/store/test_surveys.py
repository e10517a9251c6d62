"""The question how satisfied people were, on each database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.desk.outcome import Reason, Result
from bot.message import EMAIL, Party
from bot.store import people, surveys, tickets
from bot.store.engine import Store, Tx
from bot.store.models import Survey
from tests.desk.by_mail import ANN, ANNA, TEAM, an_answer, asks, works
from tests.desk.endings import reasons, send, taps
from tests.desks import Clock as DeskClock
from tests.desks import OpenDesk, a_desk
from tests.store.makers import Clock, new_ticket

DAY = timedelta(days=1)


def a_survey(tx: Tx, now: datetime) -> tuple[int, int]:
    """A ticket whose requester is asked: its number, and the person."""
    number = new_ticket(tx, now=now)
    facts = tickets.facts(tx, number)
    assert facts is not None
    assert surveys.add(tx, number, facts.requester_id, now)
    return number, facts.requester_id


def test_f13_a_ticket_is_asked_about_once(store: Store, now: Clock) -> None:
    def unit(tx: Tx) -> list[bool]:
        number, person = a_survey(tx, now())
        return [surveys.add(tx, number, person, now() + n * DAY) for n in range(5)]

    assert store.write_now(unit) == [False] * 5


def test_what_was_asked_and_said_is_read_back(store: Store, now: Clock) -> None:
    def unit(tx: Tx) -> None:
        number, person = a_survey(tx, now())
        asked = surveys.of_ticket(tx, number)
        assert asked == surveys.Asked(
            number, person, now(), None, "", None, None, alarmed=False, owner_id=None
        )
        surveys.rate(tx, number, 4, "Fine. 很好", now() + DAY)
        surveys.rate(tx, number, 2, "Bad.", now() + 2 * DAY)
        asked = surveys.of_ticket(tx, number)
        assert asked is not None
        assert (asked.rating, asked.comment) == (2, "Bad.")
        assert (asked.rated_at, asked.changed_at) == (now() + DAY, now() + 2 * DAY)
        assert surveys.of_ticket(tx, number + 1) is None

    store.write_now(unit)


def test_the_alarm_is_raised_once(store: Store, now: Clock) -> None:
    def unit(tx: Tx) -> list[bool]:
        number, _ = a_survey(tx, now())
        return [surveys.alarm(tx, number) for _ in range(3)]

    assert store.write_now(unit) == [True, False, False]


def test_only_a_question_without_an_answer_is_taken_back(store: Store, now: Clock) -> None:
    def unit(tx: Tx) -> list[bool]:
        number, person = a_survey(tx, now())
        taken = [surveys.take_back(tx, number), surveys.take_back(tx, number)]
        surveys.add(tx, number, person, now())
        surveys.rate(tx, number, 5, "", now())
        return [*taken, surveys.take_back(tx, number)]

    assert store.write_now(unit) == [True, False, False]


def test_whom_we_asked_of_late_is_known(store: Store, now: Clock) -> None:
    def unit(tx: Tx) -> list[bool]:
        _, person = a_survey(tx, now())
        return [
            surveys.asked_since(tx, person, now() - DAY),
            surveys.asked_since(tx, person, now()),
            surveys.asked_since(tx, person + 1, now() - DAY),
        ]

    assert store.write_now(unit) == [True, False, False]


@pytest.mark.parametrize("how", ["reply", "note", "event", "owned", "nothing"])
def test_who_has_worked_on_a_ticket_is_known(store: Store, now: Clock, how: str) -> None:
    def unit(tx: Tx) -> bool:
        number = new_ticket(tx)
        who = people.add(tx, Party(EMAIL, ANNA), ANNA, now()).id
        other = people.add(tx, Party(EMAIL, ANN), ANN, now()).id
        for kind in ("message", "rating", *([how] if how in {"reply", "note"} else [])):
            tickets.add_entry(tx, tickets.NewEntry(number, kind, who, "mail", "words", now()))
        tickets.record(tx, number, "opened", now(), actor=who, after={"state": "new"})
        tickets.record(tx, number, "assigned", now(), actor=other, after={"owner_id": None})
        if how == "event":
            tickets.record(tx, number, "priority", now(), actor=who, after={"priority": "P1"})
        if how == "owned":
            tickets.record(tx, number, "assigned", now(), actor=other, after={"owner_id": who})
        assert surveys.has_worked(tx, number, [other, who]) is True
        return surveys.has_worked(tx, number, [who])

    assert store.write_now(unit) is (how != "nothing")


def test_k3_two_ratings_at_once_are_one(store: Store, tmp_path: Path) -> None:
    desk = OpenDesk(store, a_desk(**TEAM), DeskClock(), tmp_path)
    asks(desk)
    works(desk, ANNA, "#resolve done\n#close", 1)
    send(desk)
    mail = an_answer(desk, ANN, 1, "1 very slow")
    with ThreadPoolExecutor(8) as pool:
        given = [*(pool.submit(taps, desk, ANN, "rate", value=str(n % 5 + 1)) for n in range(10))]
        given.append(pool.submit(desk.receive, mail))
        outcomes = {(one.result().result, one.result().reason) for one in given}
    assert outcomes == {(Result.RATED, Reason.RATING)}
    (row,) = desk.rows(Survey)
    said = reasons(desk, "survey.rated")
    assert said[-1] == {"rating": row.rating, "comment": row.comment}
    assert row.comment == "very slow"
    assert len(reasons(desk, "rating.untold")) == 1
