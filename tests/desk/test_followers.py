"""Those who stand in To or Cc are proposed to the agents, and get nothing before one of them says so."""

from __future__ import annotations

from pathlib import Path

from bot.desk.followers import MOST
from bot.desk.links import Purpose
from bot.desk.outcome import Reason, Result
from bot.message import Verdict
from bot.store.models import Address, Event, Outbox, Participant, Person
from tests.desk.by_mail import (
    ANN,
    ANNA,
    BOB,
    CARLA,
    EVE,
    a_team,
    answers,
    asks,
    letters,
    said,
    whole_of,
    works,
)
from tests.desks import OpenDesk, a_message

DORA = "dora@localhost"


def proposed(desk: OpenDesk) -> list[list[str]]:
    return [row.after["addresses"] for row in desk.rows(Event) if row.action == "followers.proposed"]


def test_d4_a_cc_is_proposed_to_the_agents_and_gets_nothing(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk, to=("help@localhost", DORA, EVE))
        assert proposed(desk) == [[DORA, EVE]]
        assert letters(desk, BOB, "new_ticket")[0].notice.values["proposed"] == [DORA, EVE]
        answers(desk, ANN, number, "More.", to=("help@localhost", EVE, "fay@localhost"))
        assert letters(desk, BOB, "requester_wrote")[0].notice.values["proposed"] == ["fay@localhost"]
        works(desk, ANNA, "Hello Ann.", number)
        works(desk, ANNA, "#resolve\nDone.", number)
        assert not [row for row in desk.rows(Outbox) if row.recipient in {DORA, EVE, "fay@localhost"}]
        assert not [letter for letter in letters(desk, ANN) if EVE in whole_of(letter)]


def test_d4_a_forged_customer_with_an_attacker_in_cc_brings_the_attacker_nothing(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        forged = a_message(
            "me again", to=("help@localhost", EVE), subject=f"[HD-{number}]", verdict=Verdict.FAIL
        )
        outcome = desk.receive(forged)
        assert outcome.ticket != number
        works(desk, ANNA, "Hello Ann.", number)
        assert desk.receive(a_message(sender=EVE, subject=f"[HD-{number}]")).reason is Reason.NEW
        assert not [
            row
            for row in desk.rows(Outbox)
            if row.recipient == EVE and row.ticket_id in {number, outcome.ticket}
        ]


def test_d4_who_is_let_follow_gets_what_comes_from_then_on(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk, "an old secret", to=("help@localhost", DORA))
        works(desk, ANNA, "an old answer", number)
        works(desk, ANNA, f"#link {DORA}", number)
        assert not letters(desk, DORA)
        works(desk, ANNA, "a new answer", number)
        (letter,) = letters(desk, DORA)
        assert letter.notice.values["text"] == "a new answer"
        assert "old" not in whole_of(letter)
        assert letter.thread.earlier == ()
        assert len(letters(desk, ANN, "reply")) == 2


def test_a_follower_answers_in_the_ticket_and_their_words_go_to_its_owner(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        works(desk, ANNA, f"#link {DORA}\nHello.", number)
        outcome = answers(desk, DORA, number, "Me too.")
        assert (outcome.result, outcome.reason) == (Result.APPENDED, Reason.REFERENCE)
        assert said(desk, number)[-1] == ("message", "Me too.")
        assert letters(desk, ANNA, "requester_wrote")[-1].notice.values["address"] == DORA
        assert not letters(desk, ANN, "requester_wrote")


def test_d3_a_followers_token_gives_nobody_else_a_part(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        works(desk, ANNA, f"#link {DORA}\nHello.", number)
        keys = (f"{desk.rows(Outbox)[-2].token}@localhost",)
        assert desk.receive(a_message(sender=EVE, thread_keys=keys)).reason is Reason.OTHER_SENDER
        assert said(desk, number)[-1][0] == "unverified"


def test_the_requester_who_is_linked_as_well_gets_everything_once(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        works(desk, ANNA, f"#link {ANN}\n#link {DORA}", number)
        works(desk, ANNA, f"#for {DORA}", number)
        works(desk, ANNA, "Hello.", number)
        assert (len(letters(desk, DORA, "reply")), len(letters(desk, ANN, "reply"))) == (1, 0)


def test_an_agent_who_follows_is_not_sent_their_own_words(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        works(desk, ANNA, f"#link {CARLA}\n#link {ANNA}", number)
        works(desk, ANNA, "Hello.", number)
        assert [len(letters(desk, who, "reply")) for who in (ANN, CARLA, ANNA)] == [1, 1, 0]


def test_neither_the_desk_nor_agents_nor_the_requester_are_proposed(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk, to=("help@localhost", "HELP+x@localhost", ANN, BOB, "gone@desk.example"))
        works(desk, ANNA, f"#link {DORA}\nHello.", number)
        answers(desk, DORA, number, "Me too.", to=("help@localhost", ANN))
        assert proposed(desk) == []


def test_e9_three_hundred_recipients_are_not_written_to_and_the_ticket_says_so(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        crowd = tuple(f"p{n}@localhost" for n in range(300))
        number = asks(desk, to=("help@localhost", *crowd))
        (event,) = [row for row in desk.rows(Event) if row.action == "followers.proposed"]
        assert (len(event.after["addresses"]), event.after["in_all"]) == (MOST, 301)
        answers(desk, ANN, number, "once more", to=tuple(f"q{n}@localhost" for n in range(300)))
        assert len(desk.rows(Participant)) == MOST
        assert len(desk.rows(Person)) <= MOST + 4
        works(desk, ANNA, "Hello.", number)
        assert {row.recipient for row in desk.rows(Outbox)} == {ANN, ANNA, BOB}


def test_d4_who_is_let_follow_has_a_page_of_their_own(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk, "an old secret", to=("help@localhost", DORA))
        works(desk, ANNA, f"#link {DORA}", number)
        works(desk, ANNA, "a new answer", number)
        (theirs,), (owners,) = letters(desk, DORA, "reply"), letters(desk, ANN, "reply")
        dora = next(row.person_id for row in desk.rows(Address) if row.canonical == DORA)
        token = str(theirs.notice.values["status_url"]).rpartition("/")[2]
        link = desk.desk.links.read(Purpose.STATUS, token, desk.clock())
        assert link is not None
        assert (link.ticket, link.person) == (number, dora)
        assert theirs.notice.values["status_url"] != owners.notice.values["status_url"]
        assert "status_url" not in next(iter(letters(desk, ANNA))).notice.values
