"""What requesters do on the page of a ticket, or by a button (SECURITY.md, rows D12 and E12)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.desk.outcome import Outcome, Reason, Result
from bot.desk.states import Ended
from bot.message import EMAIL, Action, Party, Verdict
from bot.store import conversation, people
from bot.store.engine import Tx
from bot.store.models import Entry, Ticket
from tests.desk.by_mail import ANN, ANNA, BOB, EVE, a_team, asks, letters
from tests.desks import OpenDesk, a_message


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[OpenDesk]:
    """A team to which Ann has written."""
    with a_team(tmp_path) as desk:
        asks(desk)
        yield desk


def taps(
    desk: OpenDesk,
    verb: str,
    text: str = "",
    *,
    sender: str = ANN,
    ticket: int | None = 1,
    proved: bool = True,
) -> Outcome:
    """Somebody presses a button of a page."""
    verdict = Verdict.PASS if proved else Verdict.UNKNOWN
    message = a_message(text, sender=sender, subject="", to=(), verdict=verdict, external_id="")
    return desk.receive(replace(message, channel="web", action=Action(verb, ticket, {})))


def standings(desk: OpenDesk) -> list[tuple[str, str]]:
    """Who was told of what a requester wrote, and as what."""
    told = letters(desk, event="requester_wrote")
    return [(letter.to.address, letter.notice.values["standing"]) for letter in told]


def test_words_are_added_as_if_they_had_come_by_mail(desk: OpenDesk) -> None:
    desk.set_state(1, "waiting")
    assert taps(desk, "add", "The blue one.") == Outcome(Result.APPENDED, Reason.REFERENCE, 1)
    assert desk.ticket(1).state == "open"
    assert (desk.rows(Entry)[-1].text, desk.rows(Entry)[-1].kind) == ("The blue one.", "message")
    assert standings(desk) == [(ANNA, "reference"), (BOB, "reference")]


def test_words_open_a_resolved_ticket_again_and_thanks_do_not(desk: OpenDesk) -> None:
    desk.set_state(1, "resolved")
    assert taps(desk, "add", "Thank you!").reason is Reason.THANKS
    assert desk.ticket(1).state == "resolved"
    assert taps(desk, "add", "It is still dark.").reason is Reason.REFERENCE
    assert desk.ticket(1).state == "open"


def test_nothing_said_is_nothing_added(desk: OpenDesk) -> None:
    assert taps(desk, "add", " ") == Outcome(Result.IGNORED, Reason.EMPTY, 1)
    assert len(desk.rows(Entry)) == 1


def test_a_requester_closes_what_they_no_longer_need_once(desk: OpenDesk) -> None:
    assert taps(desk, "close") == Outcome(Result.COMMANDED, Reason.CLOSED_BY_REQUESTER, 1)
    ticket = desk.ticket(1)
    assert (ticket.state, ticket.closed_as, ticket.closed_at) == ("closed", Ended.SELF, desk.clock())
    assert standings(desk) == [(ANNA, "closed-by-requester"), (BOB, "closed-by-requester")]
    events = desk.actions(1)
    assert taps(desk, "close") == Outcome(Result.IGNORED, Reason.OVER, 1)
    assert desk.actions(1) == events


def test_a_requester_opens_a_ticket_again_with_or_without_words(desk: OpenDesk) -> None:
    assert taps(desk, "reopen") == Outcome(Result.IGNORED, Reason.OVER, 1)
    for state, words in (("resolved", ""), ("closed", "No!"), ("closed", "Thanks"), ("resolved", "No!")):
        if state == "closed":
            taps(desk, "close")
        desk.set_state(1, state)
        assert taps(desk, "reopen", words).reason is Reason.NOT_FIXED
        ticket = desk.ticket(1)
        assert (ticket.state, ticket.closed_at, ticket.closed_as) == ("open", None, None)
        assert taps(desk, "reopen", words) == Outcome(Result.IGNORED, Reason.OVER, 1)
    assert ("anna@desk.example", "not-fixed") in standings(desk)


@pytest.mark.parametrize("verb", ["add", "close", "reopen"])
def test_what_has_ended_for_good_stays_so_and_words_are_kept_all_the_same(verb: str, desk: OpenDesk) -> None:
    taps(desk, "close")
    desk.clock.forward(days=15)
    assert taps(desk, verb, "Hello?") == Outcome(Result.IGNORED, Reason.OVER, 1)
    assert desk.ticket(1).state == "closed"
    assert (desk.rows(Entry)[-1].text == "Hello?") is (verb != "close")


@pytest.mark.parametrize("verb", ["add", "close", "reopen"])
def test_d12_nobody_acts_on_a_ticket_that_they_do_not_take_part_in(verb: str, desk: OpenDesk) -> None:
    desk.set_state(1, "resolved")
    refused = Outcome(Result.IGNORED, Reason.NOT_ALLOWED, 1)
    assert taps(desk, verb, "Hello", sender=EVE) == refused
    assert taps(desk, verb, "Hello", proved=False) == refused
    assert taps(desk, verb, "Hello", ticket=99) == Outcome(Result.IGNORED, Reason.NOT_ALLOWED, None)
    assert taps(desk, verb, "Hello", ticket=None) == Outcome(Result.IGNORED, Reason.NOT_ALLOWED, None)
    assert desk.ticket(1).state == "resolved"
    assert len(desk.rows(Entry)) == 1


def test_d12_who_follows_may_say_something_and_end_nothing(desk: OpenDesk) -> None:
    def unit(tx: Tx) -> None:
        carl = people.add(tx, Party(EMAIL, "carl@localhost"), "carl@localhost", desk.clock())
        conversation.follow(tx, 1, carl.id, desk.clock())

    desk.store.write_now(unit)
    assert taps(desk, "add", "Me too.", sender="carl@localhost").result is Result.APPENDED
    for verb in ("close", "reopen"):
        assert taps(desk, verb, sender="carl@localhost").reason is Reason.NOT_ALLOWED
    assert desk.ticket(1).state != "closed"


def test_what_is_said_of_a_merged_ticket_goes_to_the_one_that_lives(desk: OpenDesk) -> None:
    asks(desk, "It burns more.")
    merged = sa.update(Ticket).where(Ticket.id == 1).values(merged_into_id=2, state="closed")
    desk.store.write_now(lambda tx: tx.run(merged))
    assert taps(desk, "add", "Here.") == Outcome(Result.APPENDED, Reason.REFERENCE, 2)
    assert taps(desk, "close").ticket == 2
