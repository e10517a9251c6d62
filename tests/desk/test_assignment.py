"""Who gets a ticket by itself, and how it goes from hand to hand."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.desk import assignment
from bot.desk.agents import Roster
from bot.errors import CalendarError
from bot.message import Attachment, OutgoingMessage
from bot.store import conversation
from bot.store.engine import Tx
from bot.store.models import Event, Outbox, Person, Ticket
from tests.desk.by_mail import ANN, ANNA, BOB, CARLA, TEAM, a_team, answers, asks, done, letters, works
from tests.desks import MONDAY, OpenDesk, a_config

FILE = Attachment("smoke.jpg", "image/jpeg", 3, "a" * 64)
"""Its content is not needed."""


def teams(how: str = "rotation", **agents: dict[str, Any]) -> dict[str, Any]:
    """The two teams, of which the first gives its tickets out; with more said of some agents."""
    given = {name: {**team, "assign": how} for name, team in TEAM["teams"].items()}
    folk = {key: {**agent, **agents.pop(key, {})} for key, agent in TEAM["agents"].items()}
    return {"teams": given, "agents": {**folk, **agents}}


def owner(desk: OpenDesk, number: int) -> str:
    """Whose a ticket is; empty: nobody's."""
    person = desk.ticket(number).owner_id
    return next((str(row.name) for row in desk.rows(Person) if row.id == person), "")


def owners(desk: OpenDesk, many: int, **facts: Any) -> list[str]:
    """Who gets the next tickets, by first name."""
    return [owner(desk, asks(desk, sender=f"p{n}@localhost", **facts)).split()[0] for n in range(many)]


def events(desk: OpenDesk, to: str, since: int = 0) -> list[str]:
    """What somebody was told."""
    return [letter.notice.event for letter in letters(desk, to, since=since)]


def last(desk: OpenDesk, to: str) -> OutgoingMessage:
    """The last message to somebody."""
    return letters(desk, to)[-1]


def test_each_of_the_team_in_turn(tmp_path: Path) -> None:
    with a_team(tmp_path, **teams()) as desk:
        assert owners(desk, 5) == ["Anna", "Bob", "Anna", "Bob", "Anna"]


def test_whoever_gets_it_is_told_alone_and_that_it_is_theirs(tmp_path: Path) -> None:
    with a_team(tmp_path, **teams()) as desk:
        asks(desk)
        assert (events(desk, ANNA), events(desk, BOB), events(desk, ANN)) == (
            ["new_ticket"],
            [],
            ["received"],
        )
        assert last(desk, ANNA).notice.values["yours"] is True
        assert (desk.ticket(1).state, desk.actions(1)) == ("open", ["opened", "assigned"])


def test_l8_the_history_says_how_and_why_it_was_given(tmp_path: Path) -> None:
    with a_team(tmp_path, **teams()) as desk:
        asks(desk)
        event = desk.rows(Event)[-1]
        assert (event.actor_id, event.after["how"]) == (None, "rotation")
        assert event.after["why"] == ["works now", "answers in en", "had no turn yet"]


def test_a_team_that_gives_nothing_out_asks_nothing_of_the_database(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        asks(desk)
        assert (owner(desk, 1), last(desk, BOB).notice.values["yours"]) == ("", False)

        def asked(tx: Tx) -> list[str]:
            ticket = conversation.whole(tx, 1)
            assert ticket is not None
            said: list[str] = []
            sa.event.listen(tx.connection, "before_cursor_execute", lambda *a: said.append(a[2]))
            assert assignment.choose(tx, ticket, desk.desk, MONDAY) is None
            return said

        assert desk.store.write_now(asked) == []


def test_who_has_the_least_to_do(tmp_path: Path) -> None:
    with a_team(tmp_path, **teams("least-load")) as desk:
        assert owners(desk, 2) == ["Anna", "Bob"]
        works(desk, BOB, "#close", 2)
        assert owners(desk, 3) == ["Bob", "Anna", "Bob"]


@pytest.mark.parametrize(
    ("absent", "expected"),
    [
        (["2026-03-02"], {"Bob": 4}),
        (["2026-02-20/2026-03-02"], {"Bob": 4}),
        (["2026-03-01", "2026-03-03/2026-03-09"], {"Anna": 2, "Bob": 2}),
    ],
)
def test_who_is_away_today_gets_nothing(tmp_path: Path, absent: list[str], expected: dict[str, int]) -> None:
    with a_team(tmp_path, **teams(anna={"absent": absent})) as desk:
        assert Counter(owners(desk, 4)) == expected


def test_a_day_of_absence_is_a_day_where_the_agent_is(tmp_path: Path) -> None:
    away = {"absent": ["2026-03-02"], "time_zone": "Pacific/Auckland"}
    with a_team(tmp_path, **teams(anna=away)) as desk:
        desk.clock.moment = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # there it is the third already
        assert Counter(owners(desk, 4)) == {"Anna": 2, "Bob": 2}


def test_when_all_are_away_the_ticket_is_whoevers_takes_it_and_all_are_told(tmp_path: Path) -> None:
    away = {"absent": ["2026-03-02"]}
    with a_team(tmp_path, **teams(anna=away, bob=away)) as desk:
        asks(desk)
        assert (owner(desk, 1), events(desk, ANNA), events(desk, BOB)) == ("", ["new_ticket"], ["new_ticket"])


def test_who_works_at_this_hour_comes_first(tmp_path: Path) -> None:
    with a_team(tmp_path, **teams(anna={"hours": {"mon": ["13:00-18:00"]}})) as desk:
        assert Counter(owners(desk, 3)) == {"Bob": 3}


def test_outside_everybodys_hours_whoever_works_next_comes_first(tmp_path: Path) -> None:
    early = {"hours": {"tue": ["06:00-10:00"]}}
    with a_team(tmp_path, **teams(bob=early)) as desk:
        desk.clock.moment = datetime(2026, 3, 2, 22, 0, tzinfo=UTC)
        assert Counter(owners(desk, 3)) == {"Bob": 3}


def test_a_day_on_which_somebody_is_away_is_not_their_next(tmp_path: Path) -> None:
    early = {"hours": {"tue": ["06:00-10:00"]}, "absent": ["2026-03-03"]}
    with a_team(tmp_path, **teams(bob=early)) as desk:
        desk.clock.moment = datetime(2026, 3, 2, 22, 0, tzinfo=UTC)
        assert Counter(owners(desk, 3)) == {"Anna": 3}


def test_who_speaks_the_language_comes_first_and_nobody_is_better_than_no_one(tmp_path: Path) -> None:
    spoken = teams(anna={"languages": ["en"]}, bob={"languages": ["it", "en"]})
    with a_team(tmp_path, **spoken) as desk:
        italian = "Buongiorno, la stampante del secondo piano non funziona più da questa mattina. Grazie."
        assert Counter(owners(desk, 2, text=italian)) == {"Bob": 2}
        chinese = "你好，二楼的打印机今天早上坏了，请帮忙看一下。谢谢。"
        assert Counter(owners(desk, 2, text=chinese)) == {"Anna": 1, "Bob": 1}


def test_who_knows_the_category_comes_first(tmp_path: Path) -> None:
    known = teams(anna={"skills": ["network"]}, bob={"skills": ["telephone"]})
    rules = [{"name": "phones", "words": ["phone"], "category": "telephone"}]
    with a_team(tmp_path, **known, rules=rules) as desk:
        assert Counter(owners(desk, 2, text="My phone is dead.")) == {"Bob": 2}


def test_nobody_gets_what_they_have_asked_themselves(tmp_path: Path) -> None:
    with a_team(tmp_path, **teams()) as desk:
        works(desk, ANNA, "My own chair is broken.")
        assert owner(desk, 1) == "Bob"


def test_a_ticket_that_comes_to_a_team_is_given_there_with_the_whole_story(tmp_path: Path) -> None:
    given = teams()
    given["teams"]["first-line"]["assign"] = "nobody"
    with a_team(tmp_path, **given) as desk:
        asks(desk, "It burns.", attachments=(FILE,))
        works(desk, ANNA, "#note She is in room 5.\n#assign second-line", 1)
        assert (owner(desk, 1), desk.ticket(1).state) == ("Carla", "open")
        (story,) = letters(desk, CARLA, "handed_over")
        assert [one["text"] for one in story.notice.values["story"]] == ["It burns.", "She is in room 5."]
        assert story.notice.values["files"] == ["smoke.jpg"]


def test_whoever_owns_it_keeps_it_while_another_team_works_on_it(tmp_path: Path) -> None:
    with a_team(tmp_path, **teams()) as desk:
        asks(desk)
        works(desk, ANNA, "#assign second-line", 1)
        assert (owner(desk, 1), desk.ticket(1).queue) == ("Anna Rossi", "second-line")
        assert events(desk, CARLA) == ["handed_over"]
        works(desk, CARLA, "#take", 1)
        assert owner(desk, 1) == "Carla"


def test_d12_the_ticket_of_somebody_who_has_left_is_given_to_somebody_else(tmp_path: Path) -> None:
    with a_team(tmp_path, **teams()) as desk:
        asks(desk)

        def leave(tx: Tx) -> None:
            gone = desk.desk.roster.load(tx, "gone", MONDAY).person.id
            tx.run(sa.update(Ticket).values(owner_id=gone))

        desk.store.write_now(leave)
        works(desk, CARLA, "#priority P2", 1)
        assert owner(desk, 1) == "Bob"
        assert events(desk, BOB) == ["handed_over"]


def test_the_hand_over_tells_what_was_answered_to_the_desks_questions(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        asks(desk)
        fields = {"what": "smoke", "since": ""}
        desk.store.write_now(lambda tx: tx.run(sa.update(Ticket).values(fields=fields)))
        works(desk, ANNA, "#assign bob", 1)
        (told,) = letters(desk, BOB, "handed_over")
        assert told.notice.values["fields"] == [{"question": "Che cosa succede?", "answer": "smoke"}]


def test_who_assigns_a_ticket_to_themselves_takes_it(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        asks(desk)
        works(desk, ANNA, "#assign anna", 1)
        assert (owner(desk, 1), [one["code"] for one in done(desk, ANNA)]) == ("Anna Rossi", ["taken"])
        assert not letters(desk, ANNA, "handed_over")


def test_somebody_who_is_away_gets_what_is_meant_for_them_and_the_agent_is_told(tmp_path: Path) -> None:
    with a_team(tmp_path, **teams("nobody", bob={"absent": ["2026-03-02"]})) as desk:
        asks(desk)
        works(desk, ANNA, "#assign bob", 1)
        assert owner(desk, 1) == "Bob"
        assert [(one["code"], one.get("who")) for one in done(desk, ANNA)] == [
            ("assigned", None),
            ("away", "Bob"),
        ]


def test_news_of_a_ticket_whose_owner_is_away_go_to_the_team_too(tmp_path: Path) -> None:
    with a_team(tmp_path, **teams("nobody", bob={"absent": ["2026-03-03"]})) as desk:
        asks(desk)
        works(desk, BOB, "#take", 1)
        before = len(desk.rows(Outbox))
        answers(desk, ANN, 1, "It burns more.")
        assert (events(desk, BOB, before), events(desk, ANNA, before)) == (["requester_wrote"], [])
        desk.clock.forward(days=1)
        answers(desk, ANN, 1, "Still.")
        assert (events(desk, BOB, before)[1:], events(desk, ANNA, before)) == (
            ["requester_wrote"],
            ["requester_wrote"],
        )


@pytest.mark.parametrize(
    ("hours", "key"),
    [
        ({"mon": ["9-17"]}, "agents.anna.hours.mon"),
        ({"mon": []}, "agents.anna.hours"),
        ({}, "agents.anna.hours"),
    ],
)
def test_hours_that_are_none_are_said_when_the_desk_starts(hours: dict[str, Any], key: str) -> None:
    agents = {"anna": {"name": "Anna", "addresses": [ANNA], "hours": hours}}
    with pytest.raises(CalendarError, match=key):
        Roster.of(a_config(agents=agents).agents)
