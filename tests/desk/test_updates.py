"""What the owner says with one tap, and who may."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.desk import moments
from bot.desk.outcome import Outcome, Reason, Result
from bot.message import Action, Kind, Verdict
from bot.store.models import Person
from tests.desk.by_mail import ANN, ANNA, BOB, CARLA, GONE, a_team, asks, done, letters, problems, said, works
from tests.desks import MONDAY, OpenDesk, a_message

ROME = ZoneInfo("Europe/Rome")
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=ROME)
"""A Monday."""


def taps(
    desk: OpenDesk,
    who: str,
    value: str,
    verdict: Verdict = Verdict.PASS,
    ticket: int = 1,
    at: str = "",
    text: str = "",
) -> Outcome:
    """Somebody presses a button, in any door."""
    action = Action("update", ticket, {"value": value, "at": at, "text": text})
    message = a_message("", sender=who, subject="", to=(), verdict=verdict)
    return desk.receive(replace(message, action=action))


def what(desk: OpenDesk) -> str:
    """The last news that the requester was told."""
    return str(letters(desk, ANN, "progress")[-1].notice.values["what"])


def owner(desk: OpenDesk) -> str:
    """Whose the ticket is."""
    return next((str(row.name) for row in desk.rows(Person) if row.id == desk.ticket(1).owner_id), "")


def test_still_is_told_and_changes_nothing_but_whose_it_is(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        asks(desk)
        assert taps(desk, ANNA, "still") == Outcome(Result.COMMANDED, Reason.BY_AGENT, 1)
        assert (what(desk), owner(desk), desk.ticket(1).state) == ("still-working", "Anna Rossi", "open")


def test_supplier_waits_and_says_so_each_time(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        asks(desk)
        taps(desk, ANNA, "supplier")
        assert (desk.ticket(1).state, desk.ticket(1).waiting_for) == ("waiting", "supplier")
        taps(desk, ANNA, "supplier")
        assert [letter.notice.values["what"] for letter in letters(desk, ANN, "progress")] == [
            "waiting-supplier"
        ] * 2


def test_fix_promises_the_moment_in_the_agents_zone(tmp_path: Path) -> None:
    with a_team(tmp_path, desk={"time_zone": "Europe/Rome"}) as desk:
        asks(desk)
        taps(desk, ANNA, "fix", at="tomorrow 15:00")
        at = datetime(2026, 3, 3, 14, 0, tzinfo=UTC)
        assert (what(desk), desk.ticket(1).fix_expected_at) == ("fix-expected", at)
        assert letters(desk, ANN, "progress")[-1].notice.values["at"] == at.isoformat()


def test_need_brings_the_agents_words_to_the_requester_and_waits(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        asks(desk)
        taps(desk, ANNA, "need", text="Which room is it?")
        letter = letters(desk, ANN, "progress")[-1]
        assert (letter.kind, letter.notice.values["text"]) == (Kind.REPLY, "Which room is it?")
        ticket = desk.ticket(1)
        assert (ticket.state, ticket.waiting_for, ticket.first_response_at) == (
            "waiting",
            "requester",
            MONDAY,
        )
        assert said(desk, 1)[-1] == ("reply", "Which room is it?")


@pytest.mark.parametrize(
    ("value", "at"),
    [("fix", ""), ("fix", "soon"), ("fix", "08:00"), ("need", ""), ("x" * 500, ""), ("", "")],
)
def test_what_makes_no_sense_does_nothing(tmp_path: Path, value: str, at: str) -> None:
    with a_team(tmp_path) as desk:
        asks(desk)
        before, events = desk.ticket(1), desk.actions(1)
        assert taps(desk, ANNA, value, at=at).reason is Reason.NOT_UNDERSTOOD
        assert (desk.ticket(1), desk.actions(1), letters(desk, ANN, "progress")) == (before, events, [])


@pytest.mark.parametrize(
    ("who", "verdict"),
    [
        (ANN, Verdict.PASS),
        (CARLA, Verdict.PASS),
        (GONE, Verdict.PASS),
        (ANNA, Verdict.UNKNOWN),
        (ANNA, Verdict.FAIL),
    ],
)
def test_d6_d12_only_the_owner_and_the_team_may_and_only_when_proved(
    tmp_path: Path, who: str, verdict: Verdict
) -> None:
    with a_team(tmp_path) as desk:
        asks(desk)
        before = desk.ticket(1)
        assert taps(desk, who, "still", verdict) == Outcome(Result.IGNORED, Reason.NOT_ALLOWED, 1)
        assert (desk.ticket(1), letters(desk, ANN, "progress")) == (before, [])


def test_the_owner_may_whichever_team_has_the_ticket(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        asks(desk)
        works(desk, ANNA, "#take\n#assign second-line", 1)
        assert taps(desk, ANNA, "still").reason is Reason.BY_AGENT
        assert taps(desk, BOB, "still").reason is Reason.NOT_ALLOWED
        assert taps(desk, CARLA, "still").reason is Reason.BY_AGENT
        assert owner(desk) == "Anna Rossi"


def test_of_a_ticket_that_is_done_or_is_not_there_nothing_is_said(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        asks(desk)
        assert taps(desk, ANNA, "still", ticket=77).reason is Reason.NOT_ALLOWED
        works(desk, ANNA, "#close", 1)
        assert taps(desk, ANNA, "still").reason is Reason.OVER
        assert letters(desk, ANN, "progress") == []


def test_the_same_is_said_in_a_mail(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        asks(desk)
        works(desk, ANNA, "#update fix tomorrow 10:00", 1)
        (told,) = done(desk, ANNA)
        at = datetime(2026, 3, 3, 10, 0, tzinfo=UTC)
        assert (told["code"], told["what"], told["at"]) == ("updated", "fix", at.isoformat())
        works(desk, ANNA, "#update need\nWhich room\nis it?", 1)
        assert letters(desk, ANN, "progress")[-1].notice.values["text"] == "Which room\nis it?"


@pytest.mark.parametrize(
    ("order", "code"),
    [
        ("#update later", "no-such-update"),
        ("#update need", "no-such-update"),
        ("#update fix soon", "no-such-moment"),
        ("#update", "missing"),
    ],
)
def test_a_mail_that_is_not_understood_is_answered_to_the_agent_alone(
    tmp_path: Path, order: str, code: str
) -> None:
    with a_team(tmp_path) as desk:
        asks(desk)
        works(desk, ANNA, order, 1)
        assert [one["code"] for one in problems(desk, ANNA)] == [code]
        assert letters(desk, ANN, "progress") == []


def test_a_line_of_a_note_is_not_asked_of_the_requester(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        asks(desk)
        works(desk, ANNA, "#note the customer is difficult", 1)
        works(desk, ANNA, "#update need the customer is difficult", 1)
        assert [one["code"] for one in problems(desk, ANNA)] == ["holds-a-note"]


@pytest.mark.parametrize(
    ("words", "wall"),
    [
        ("15:00", "2026-03-02 15:00"),
        ("at 15.30", "2026-03-02 15:30"),
        ("today 15:00", "2026-03-02 15:00"),
        ("Tomorrow, 9:05.", "2026-03-03 09:05"),
        ("domani alle 10:00", "2026-03-03 10:00"),
        ("oggi alle ore 18:00", "2026-03-02 18:00"),
        ("明天 10:00", "2026-03-03 10:00"),
        ("明天10点", "2026-03-03 10:00"),
        ("今天15点30分", "2026-03-02 15:30"),
        ("friday 15:00", "2026-03-06 15:00"),
        ("venerdì alle 15:00", "2026-03-06 15:00"),
        ("2026-12-01 15:00", "2026-12-01 15:00"),
        ("2026-12-01T15:00", "2026-12-01 15:00"),
    ],
)
def test_a_moment_is_read_as_people_write_it(words: str, wall: str) -> None:
    expected = datetime.strptime(wall, "%Y-%m-%d %H:%M").replace(tzinfo=ROME)
    assert moments.read(words, NOON, ROME) == expected


def test_a_moment_with_an_offset_is_that_moment() -> None:
    assert moments.read("2026-03-02T15:00:00Z", NOON, ROME) == datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "words",
    ["", "soon", "15", "tomorrow", "11:59", "yesterday 10:00", "25:00", "12:60", "2025-12-01 15:00",
     "2028-01-01 10:00", "9999-12-31 23:59", "2026-02-30 10:00", "99999-01-01 10:00", "x" * 61 + " 15:00"],
)  # fmt: skip
def test_what_is_no_moment_to_come_is_none(words: str) -> None:
    assert moments.read(words, NOON, ROME) is None


@given(st.text(max_size=80), st.sampled_from(["Europe/Rome", "Pacific/Apia", "UTC"]))
def test_whatever_is_written_a_moment_lies_ahead_within_a_year(words: str, zone: str) -> None:
    found = moments.read(words, NOON, ZoneInfo(zone))
    assert found is None or 0 < (found - NOON).total_seconds() <= 366 * 86400


@given(st.datetimes(datetime(2026, 3, 2, 13), datetime(2027, 2, 1)))  # noqa: DTZ001  # the wall's, by its name
def test_what_is_written_as_on_the_wall_is_read_back(wall: datetime) -> None:
    read = moments.read(f"{wall:%Y-%m-%d %H:%M}", NOON, ROME)
    assert read == wall.replace(second=0, microsecond=0, tzinfo=ROME).astimezone(UTC)
