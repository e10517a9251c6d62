"""What each command does to a ticket: which change, which event, which answer, and when it is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.desk.commands import VERBS
from bot.desk.outcome import Reason
from bot.desk.states import STEPS, State
from bot.message import Kind
from bot.store.models import Event, Person, Timer
from tests.desk.by_mail import (
    ANN,
    ANNA,
    BOB,
    CARLA,
    EVE,
    a_team,
    answers,
    asks,
    done,
    letters,
    problems,
    said,
    whole_of,
    works,
    written,
)
from tests.desks import MONDAY, OpenDesk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[OpenDesk]:
    """A desk with one ticket of Ann's."""
    with a_team(tmp_path) as opened:
        asks(opened)
        yield opened


def owner(desk: OpenDesk) -> str | None:
    owned = desk.ticket(1).owner_id
    return next((row.name for row in desk.rows(Person) if row.id == owned), None)


def last(desk: OpenDesk, action: str) -> Any:
    """The last event of a kind in the ticket."""
    return [row for row in desk.rows(Event) if (row.ticket_id, row.action) == (1, action)][-1]


def refused(desk: OpenDesk, text: str, code: str) -> dict[str, Any]:
    """The command is refused, with this code, and nothing at all has happened; what the answer says."""
    before = desk.ticket(1), desk.actions(1), said(desk, 1), written(desk), desk.rows(Timer)
    assert works(desk, ANNA, text, 1).reason is Reason.REFUSED
    assert (desk.ticket(1), desk.actions(1), said(desk, 1), written(desk) - 1, desk.rows(Timer)) == before
    (problem,) = problems(desk, ANNA)
    assert problem["code"] == code
    return problem


def does(desk: OpenDesk, text: str, code: str, agent: str = ANNA) -> dict[str, Any]:
    """The command is done, and answered with this code; what the answer says."""
    assert works(desk, agent, text, 1).reason is Reason.BY_AGENT
    (one,) = done(desk, agent)
    assert one["code"] == code
    return one


def test_take_makes_the_agent_the_only_owner(desk: OpenDesk) -> None:
    does(desk, "#take", "taken")
    assert (owner(desk), desk.ticket(1).state) == ("Anna Rossi", "open")
    does(desk, "#take", "taken", BOB)
    assert owner(desk) == "Bob"
    assert desk.actions(1).count("assigned") == 2


@pytest.mark.parametrize("words", ["bob", "Bob", "@bob", "bob@desk.example", "BOB@desk.example"])
def test_assign_hands_the_whole_story_to_one_person(desk: OpenDesk, words: str) -> None:
    works(desk, ANNA, "#note\nThe fuse is gone.", 1)
    works(desk, ANNA, "Hello Ann.", 1)
    assert does(desk, f"#assign {words}", "assigned")["to"] == "Bob"
    assert (owner(desk), desk.ticket(1).state) == ("Bob", "open")
    (letter,) = letters(desk, BOB, "handed_over")
    story = [(one["kind"], one["text"]) for one in letter.notice.values["story"]]
    assert story == [("message", "It burns."), ("note", "The fuse is gone."), ("reply", "Hello Ann.")]
    assert letter.notice.values["by"] == "Anna Rossi"
    assert not letters(desk, ANN, "handed_over")


def test_assign_to_a_team_tells_its_members_and_the_owner_stays(desk: OpenDesk) -> None:
    works(desk, ANNA, "#take", 1)
    assert does(desk, "#assign Second line", "assigned")["to"] == "Second line"
    assert (desk.ticket(1).queue, owner(desk)) == ("second-line", "Anna Rossi")
    assert len(letters(desk, CARLA, "handed_over")) == 1
    assert last(desk, "queued").before == {"queue": "first-line"}
    works(desk, CARLA, "#take", 1)
    assert owner(desk) == "Carla"


@pytest.mark.parametrize("words", ["gone", "nobody", "eve@evil.example"])
def test_assign_knows_only_teams_and_those_who_are_there(desk: OpenDesk, words: str) -> None:
    assert refused(desk, f"#assign {words}", "no-such-person")["given"] == words


def test_a_note_of_several_lines_is_kept_and_sent_to_nobody(desk: OpenDesk) -> None:
    before = written(desk)
    does(desk, "#note\nfirst\n\nsecond", "noted")
    assert said(desk, 1)[-1] == ("note", "first\n\nsecond")
    assert [letter.to.address for letter in letters(desk, since=before)] == [ANNA]
    assert desk.actions(1)[-1] == "note.added"


def test_a_priority_counts_the_targets_anew_from_the_beginning(desk: OpenDesk) -> None:
    desk.clock.forward(minutes=5)
    assert does(desk, "#priority p1", "priority")["to"] == "P1"
    ticket = desk.ticket(1)
    assert (ticket.first_response_due, ticket.resolution_due) == (
        MONDAY + timedelta(minutes=15),
        MONDAY + timedelta(hours=4),
    )
    pending = {row.kind: row.due_at for row in desk.rows(Timer) if row.state == "pending"}
    assert pending["first-response.50"] == MONDAY + timedelta(minutes=7, seconds=30)
    assert pending["resolution.50"] == MONDAY + timedelta(hours=2)
    assert (last(desk, "priority").before, last(desk, "priority").after) == (
        {"priority": "P3"},
        {"priority": "P1"},
    )


def test_a_priority_leaves_the_promise_alone_that_has_been_kept(desk: OpenDesk) -> None:
    works(desk, ANNA, "Hello Ann.", 1)
    before = desk.ticket(1)
    does(desk, "#priority P1", "priority")
    after = desk.ticket(1)
    assert (after.first_response_at, after.first_response_due) == (
        before.first_response_at,
        before.first_response_due,
    )
    assert after.resolution_due == MONDAY + timedelta(hours=4)
    kinds = [row.kind for row in desk.rows(Timer) if row.state == "pending"]
    assert [kind for kind in kinds if kind.startswith(("first", "resol"))] == ["resolution.50"]


def test_the_same_priority_again_moves_no_timer(desk: OpenDesk) -> None:
    timers = desk.rows(Timer)
    does(desk, "#priority P3", "priority")
    assert (desk.rows(Timer), desk.actions(1)) == (timers, ["opened"])


def test_an_unknown_priority_is_refused_with_those_that_there_are(desk: OpenDesk) -> None:
    assert refused(desk, "#priority urgent", "no-such-priority")["known"] == "P1, P2, P3, P4"


def test_a_category_is_set(desk: OpenDesk) -> None:
    does(desk, "#category Hardware", "category")
    assert desk.ticket(1).category == "hardware"


def test_wait_keeps_what_is_waited_for_as_a_note(desk: OpenDesk) -> None:
    does(desk, "#wait for the supplier", "waiting")
    assert (desk.ticket(1).state, said(desk, 1)[-1]) == ("waiting", ("note", "for the supplier"))
    answers(desk, ANN, 1, "Any news?")
    assert desk.ticket(1).state == "open"


def test_escalate_goes_one_level_up_with_the_reason_and_the_story(desk: OpenDesk) -> None:
    works(desk, BOB, "#take", 1)
    one = does(desk, "#escalate\nthe whole floor\nis dark", "escalated")
    assert (one["to"], one["level"]) == ("Second line", 2)
    assert (desk.ticket(1).queue, desk.ticket(1).level, owner(desk)) == ("second-line", 2, "Bob")
    (letter,) = letters(desk, CARLA, "escalated")
    assert letter.notice.values["reason"] == "the whole floor\nis dark"
    assert [story["kind"] for story in letter.notice.values["story"]] == ["message", "note"]
    assert len(letters(desk, BOB, "escalated")) == 1
    assert not letters(desk, ANN, "escalated")


def test_resolve_with_words_is_one_letter_that_a_person_wrote(desk: OpenDesk) -> None:
    before = written(desk)
    does(desk, "#resolve\n\nNew toner.\nTry again.", "resolved")
    told = [letter for letter in letters(desk, since=before) if letter.to.address == ANN]
    (letter,) = told
    assert (letter.kind, letter.notice.event) == (Kind.REPLY, "resolved")
    assert letter.notice.values["text"] == "New toner.\nTry again."
    ticket = desk.ticket(1)
    assert (ticket.state, ticket.resolved_at, ticket.first_response_at) == ("resolved", MONDAY, MONDAY)
    assert owner(desk) == "Anna Rossi"
    assert said(desk, 1)[-1] == ("reply", "New toner.\nTry again.")


def test_resolve_takes_the_words_beside_it_and_below_it_together(desk: OpenDesk) -> None:
    before = written(desk)
    works(desk, ANNA, "#resolve New toner.\n\nTry again.", 1)
    (letter,) = [one for one in letters(desk, since=before) if one.to.address == ANN]
    assert letter.notice.values["text"] == "New toner.\n\nTry again."


def test_resolve_without_words_is_a_question_of_a_machine(desk: OpenDesk) -> None:
    assert does(desk, "#resolve", "resolved")["asked"] is True
    letter = letters(desk, ANN, "resolved")[-1]
    assert (letter.kind, letter.notice.values["text"]) == (Kind.CONFIRMATION, "")


@pytest.mark.parametrize("sender", ["noreply@shop.example", ""])
def test_e2_the_news_of_a_resolution_is_not_sent_to_a_machine(tmp_path: Path, sender: str) -> None:
    with a_team(tmp_path) as desk:
        asks(desk, sender=sender)
        before = written(desk)
        does(desk, "#resolve", "resolved")
        assert [letter.to.address for letter in letters(desk, since=before)] == [ANNA]


def test_close_says_nothing_to_a_requester_whom_nobody_has_answered(desk: OpenDesk) -> None:
    before = written(desk)
    does(desk, "#close spam", "closed")
    assert (desk.ticket(1).state, desk.ticket(1).closed_at) == ("closed", MONDAY)
    does(desk, "#reopen it is none", "reopened")
    assert (desk.ticket(1).state, desk.ticket(1).closed_at) == ("open", None)
    assert said(desk, 1)[1:] == [("note", "spam"), ("note", "it is none")]
    assert not letters(desk, ANN, "survey") + letters(desk, ANN, "closed")
    assert not [one for one in letters(desk, ANN, since=before) if "spam" in whole_of(one)]


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize(
    ("text", "to"),
    [
        ("#wait", State.WAITING),
        ("#resolve", State.RESOLVED),
        ("#close", State.CLOSED),
        ("#reopen", State.OPEN),
    ],
)
def test_only_legal_steps_are_taken(desk: OpenDesk, state: State, text: str, to: State) -> None:
    desk.set_state(1, state)
    between = State.OPEN if (state, to) == (State.NEW, State.RESOLVED) else state
    if to in STEPS[between] and (state, to) != (State.NEW, State.OPEN):
        works(desk, ANNA, text, 1)
        assert desk.ticket(1).state == to
    elif (state, to) == (State.NEW, State.OPEN):
        works(desk, ANNA, text, 1)
        assert desk.ticket(1).state == "open"
    else:
        refused(desk, text, "is-already" if state is to else "no-way")


def test_merge_closes_the_ticket_and_its_thread_goes_on_in_the_other(desk: OpenDesk) -> None:
    other = asks(desk, "It burns again.")
    assert does(desk, f"#merge HD-{other}", "merged")["into"] == f"HD-{other}"
    assert (desk.ticket(1).state, desk.ticket(1).merged_into_id) == ("closed", other)
    assert desk.actions(other)[-1] == "merged.from"
    outcome = answers(desk, ANN, 1, "And again.")
    assert (outcome.ticket, said(desk, other)[-1]) == (other, ("message", "And again."))
    works(desk, ANNA, f"#merge HD-1 HD-{other}")
    assert problems(desk, ANNA)[0]["code"] == "is-merged"
    works(desk, ANNA, f"#merge HD-{other} HD-1")
    assert problems(desk, ANNA)[0]["code"] == "is-merged"
    works(desk, ANNA, "#reopen HD-1")
    assert problems(desk, ANNA)[0]["code"] == "is-merged"
    works(desk, ANNA, "#reply HD-1 hello")
    assert problems(desk, ANNA)[0]["code"] == "is-merged"


def test_d14_tickets_of_two_people_are_never_merged(desk: OpenDesk) -> None:
    other = asks(desk, sender=EVE)
    assert refused(desk, f"#merge HD-{other}", "other-requester")["into"] == f"HD-{other}"
    assert refused(desk, "#merge HD-1", "no-such-ticket")["given"] == "HD-1"


def test_link_names_each_ticket_in_the_other(desk: OpenDesk) -> None:
    other = asks(desk, sender=EVE)
    does(desk, f"#link HD-{other}", "linked")
    assert last(desk, "linked").after == {"to": f"HD-{other}"}
    assert desk.actions(other)[-1] == "linked"
    refused(desk, "#link HD-99", "no-such-ticket")


@pytest.mark.parametrize("verb", ["link", "for"])
def test_e13_none_of_our_own_addresses_follows_or_asks(desk: OpenDesk, verb: str) -> None:
    refused(desk, f"#{verb} Help+x@LOCALHOST", "own-address")


def test_for_gives_the_ticket_to_another_person_who_gets_only_what_comes(desk: OpenDesk) -> None:
    before = written(desk)
    does(desk, "#for dora@localhost", "for")
    works(desk, ANNA, "Hello Dora.", 1)
    assert [letter.notice.event for letter in letters(desk, "dora@localhost")] == ["reply"]
    assert not letters(desk, ANN, since=before)


def test_status_and_why_tell_and_change_nothing(desk: OpenDesk) -> None:
    ticket = desk.ticket(1)
    one = does(desk, "#status", "status")
    assert (one["state"], one["owner"], one["due"]) == ("new", "", ticket.first_response_due.isoformat())
    assert any("opened" in step for step in does(desk, "#why", "why")["steps"])
    assert (desk.ticket(1), desk.actions(1)) == (ticket, ["opened"])


def test_help_names_every_verb_without_any_ticket(desk: OpenDesk) -> None:
    works(desk, ANNA, "#help")
    assert done(desk, ANNA)[0]["verbs"] == list(VERBS)


def test_a_number_in_a_command_means_that_ticket_and_not_the_threads(desk: OpenDesk) -> None:
    other = asks(desk, sender=EVE)
    assert does(desk, f"#close HD-{other}", "closed")["ticket"] == f"HD-{other}"
    assert (desk.ticket(1).state, desk.ticket(other).state) == ("new", "closed")


@pytest.mark.parametrize("number", ["HD-0", "HD-99", "HD-999999999999999"])
def test_a_number_that_is_not_there_is_never_taken_for_the_threads(desk: OpenDesk, number: str) -> None:
    refused(desk, f"#close {number}", "no-such-ticket")


def test_every_change_stands_in_the_history_in_the_agents_name(desk: OpenDesk) -> None:
    works(desk, ANNA, "#take\n#priority P2\n#category data\n#wait\n#reopen\n#note n\n#resolve\n#close", 1)
    rows = [row for row in desk.rows(Event) if row.ticket_id == 1][1:]
    events = [row for row in rows if row.actor_id is not None]  # what the desk does by itself is the desk's
    assert [row.action for row in events] == [
        "assigned",
        "priority",
        "category",
        "waiting",
        "reopened",
        "note.added",
        "resolved",
        "answered",
        "closed",
    ]
    anna = next(row.id for row in desk.rows(Person) if row.name == "Anna Rossi")
    assert {row.actor_id for row in events} == {anna}
    assert {row.channel for row in events} == {"mail"}
