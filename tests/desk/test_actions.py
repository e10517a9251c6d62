"""What is already structured when it comes in has the power of its proved sender, and no other (rows D6, D12)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.desk import actions
from bot.desk.incoming import Incoming
from bot.desk.outcome import Outcome, Reason, Result
from bot.desk.verbs import VERBS
from bot.mail.addresses import canonical
from bot.message import Action, Party, Verdict
from bot.store import people
from bot.store.engine import Tx
from bot.store.models import Entry, Event, LinkCode, Outbox, Person, Survey, Ticket
from tests.desk.by_mail import ANN, ANNA, BOB, EVE, a_team, asks, works
from tests.desks import OpenDesk, a_message

VALUES = {
    "words": "P1",
    "value": "yes",
    "text": "It burns.",
    "address": "mallory@evil.example",
    "comment": "Bad.",
}
AGENTS_ONLY = sorted({*VERBS, "reply", "list", "mine"} - {*actions.ACTIONS})
EVERY_VERB = sorted({*actions.ACTIONS, *VERBS, "reply", "new", "list", "mine", "help", "nonsense"})


def an_action(verb: str, number: int | None, **values: str) -> Action:
    return Action(verb, number, {**VALUES, **values})


def takes(
    desk: OpenDesk,
    sender: str,
    action: Action,
    *,
    verdict: Verdict = Verdict.PASS,
    channel: str = "mail",
    agent: str | None = None,
) -> Outcome:
    """What ``actions.receive`` alone makes of it; ``agent``: whom the caller takes the sender for."""
    message = replace(a_message("", sender=sender, verdict=verdict, action=action), channel=channel)

    def unit(tx: Tx) -> Outcome:
        key, now = canonical(sender), desk.clock()
        party = Party("email", sender)
        person = people.find(tx, "email", key) or people.add(tx, party, key, now)
        return actions.receive(Incoming(tx, message, key, person, agent, desk.desk, now, None), action)

    return desk.store.write_now(unit)


def all_of(desk: OpenDesk) -> list[Any]:
    """Everything that an action could change."""
    tables = (Ticket, Entry, Event, Outbox, LinkCode, Survey)
    stated = [(row.locale, row.time_zone) for row in desk.rows(Person) if row.locale or row.time_zone]
    return [*(desk.rows(table) for table in tables), stated]


def resolved(desk: OpenDesk) -> int:
    """A ticket of Ann's about which she is asked whether it works."""
    number = asks(desk, verdict=Verdict.PASS)
    works(desk, ANNA, "#take", number)
    works(desk, ANNA, "#resolve\n\nTry it again, please.", number)
    return number


@pytest.mark.parametrize("verdict", [Verdict.UNKNOWN, Verdict.FAIL])
def test_d6_whoever_is_not_proved_has_no_power_whatever_the_verb(tmp_path: Path, verdict: Verdict) -> None:
    with a_team(tmp_path) as desk:
        number = resolved(desk)
        before = all_of(desk)
        for verb in EVERY_VERB:
            for sender, agent in ((ANN, None), (ANNA, None), (ANNA, "anna")):
                got = takes(desk, sender, an_action(verb, number), verdict=verdict, agent=agent)
                assert got == Outcome(Result.IGNORED, Reason.NOT_ALLOWED, number), (verb, sender)
        assert all_of(desk) == before


def test_the_same_presses_do_something_for_whoever_is_proved(tmp_path: Path) -> None:
    """Else the test above would hold of a desk that does nothing at all."""
    with a_team(tmp_path) as desk:
        number = resolved(desk)
        assert takes(desk, ANN, an_action("confirm", number)).reason is Reason.CONFIRMED
        other = asks(desk)
        assert takes(desk, ANNA, Action("take", other), agent="anna").reason is Reason.BY_AGENT


@pytest.mark.parametrize("channel", ["web", "page", "", "MAIL"])
def test_d6_a_page_is_no_agents_door_even_for_a_proved_agent(tmp_path: Path, channel: str) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        before = all_of(desk)
        for verb in AGENTS_ONLY:
            got = takes(desk, ANNA, an_action(verb, number), channel=channel, agent="anna")
            assert got == Outcome(Result.IGNORED, Reason.NOT_ALLOWED, number), verb
        for verb in ("close", "reopen"):  # a requester's verbs too; the ticket is not hers
            got = takes(desk, ANNA, Action(verb, number), channel=channel, agent="anna")
            assert got == Outcome(Result.IGNORED, Reason.NOT_ALLOWED, number), verb
        assert all_of(desk) == before
        assert takes(desk, ANNA, Action("close", number), agent="anna").reason is Reason.BY_AGENT


def test_d6_a_requester_with_an_agents_verb_is_refused(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        before = all_of(desk)
        for verb in (*AGENTS_ONLY, "nonsense", "", "__class__"):
            for about in (number, None):
                got = takes(desk, ANN, an_action(verb, about))
                assert got == Outcome(Result.IGNORED, Reason.NOT_ALLOWED, about), verb
        for verb in ("update", "undo"):  # these have duties of their own, and those look again
            for value in ("still", "1", "2"):
                got = takes(desk, ANN, an_action(verb, number, value=value))
                assert got.reason is Reason.NOT_ALLOWED, verb
        assert all_of(desk) == before


@pytest.mark.parametrize("state", ["open", "resolved", "closed"])
@pytest.mark.parametrize(
    ("verb", "value"),
    [
        ("confirm", "yes"),
        ("confirm", "no"),
        ("rate", "1"),
        ("rate", "5"),
        ("update", "still"),
        ("belongs", "1-1"),
        ("undo", "1"),
        ("add", ""),
        ("close", ""),
        ("reopen", ""),
    ],
)
def test_d12_somebody_elses_number_does_nothing(tmp_path: Path, verb: str, value: str, state: str) -> None:
    with a_team(tmp_path) as desk:
        number = resolved(desk)
        if state == "closed":
            assert takes(desk, ANN, an_action("confirm", number)).reason is Reason.CONFIRMED
        elif state == "open":
            works(desk, ANNA, "#reopen", number)
        asks(desk, "Mine.", sender=EVE, verdict=Verdict.PASS)
        before = all_of(desk)
        for sender in (EVE, "nobody@evil.example"):
            for about in (number, 0, 99, 10**15):
                got = takes(desk, sender, an_action(verb, about, value=value), channel="web")
                assert got.result is Result.IGNORED, about
        assert all_of(desk) == before


def test_d12_the_status_of_somebody_elses_number_is_nobodys(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk, "The secret plan burns.", subject="Secret plan", verdict=Verdict.PASS)
        asks(desk, "Mine.", sender=EVE, subject="Mine", verdict=Verdict.PASS)
        before = len(desk.rows(Outbox))
        takes(desk, EVE, Action("status", number))
        written = desk.rows(Outbox)[before:]
        assert [row.recipient for row in written] == [EVE]
        assert "ecret plan" not in str(written[0].message)


def test_an_owner_of_another_team_cannot_speak_for_a_ticket(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        works(desk, ANNA, "#take", number)
        before = all_of(desk)
        got = takes(desk, "carla@desk.example", an_action("update", number, value="still"), agent="carla")
        assert got.reason is Reason.NOT_ALLOWED
        assert all_of(desk) == before
        assert takes(desk, BOB, an_action("update", number, value="still"), agent="bob").reason is (
            Reason.BY_AGENT
        )
