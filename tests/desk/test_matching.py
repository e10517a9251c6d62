"""Which ticket a message belongs to: only what cannot be forged opens a ticket's door."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.desk.outcome import Reason, Result
from bot.mail.references import References
from bot.message import Automation, Verdict
from bot.store.models import Entry, Event, Outbox, Ticket
from tests.desks import OpenDesk, a_message, open_desk

ANN, EVE = "ann@localhost", "eve@evil.example"


def opened(desk: OpenDesk, sender: str = ANN, subject: str = "Fire") -> tuple[int, str]:
    """A ticket, and the token of its acknowledgement."""
    outcome = desk.receive(a_message(sender=sender, subject=subject))
    assert outcome.ticket
    return outcome.ticket, desk.token()


def answer_to(token: str) -> str:
    return f"help+{token}@localhost"


def kinds(desk: OpenDesk) -> list[str]:
    return [row.kind for row in desk.rows(Entry)]


def test_an_answer_to_our_address_with_the_token_joins_its_ticket(tmp_path: Path) -> None:
    with open_desk(tmp_path) as desk:
        number, token = opened(desk)
        outcome = desk.receive(a_message(to=(answer_to(token),), subject="quite another subject"))
        assert (outcome.result, outcome.reason, outcome.ticket) == (Result.APPENDED, Reason.REFERENCE, number)
        assert kinds(desk) == ["message", "message"]


@pytest.mark.parametrize("place", ["thread", "address", "cc"])
def test_f8_one_surviving_mark_is_enough_wherever_it_stands(tmp_path: Path, place: str) -> None:
    with open_desk(tmp_path) as desk:
        number, token = opened(desk)
        message = {
            "thread": a_message(thread_keys=("lost@x", f"{token}@localhost")),
            "address": a_message(to=(answer_to(token).upper(),)),
            "cc": a_message(to=("bob@localhost", "help@localhost", answer_to(token))),
        }[place]
        assert desk.receive(message).ticket == number


def test_an_answer_gets_no_second_acknowledgement(tmp_path: Path) -> None:
    with open_desk(tmp_path) as desk:
        _, token = opened(desk)
        desk.receive(a_message(to=(answer_to(token),)))
        assert len(desk.rows(Outbox)) == 1


def test_d1_a_strangers_guess_of_a_number_opens_a_ticket_of_their_own(tmp_path: Path) -> None:
    with open_desk(tmp_path) as desk:
        number, _ = opened(desk)
        before = desk.ticket(number)
        outcome = desk.receive(a_message(sender=EVE, subject=f"Re: [HD-{number}] hi"))
        assert (outcome.result, outcome.reason) == (Result.OPENED, Reason.NEW)
        assert outcome.ticket != number
        assert desk.ticket(number) == before
        assert {row.recipient for row in desk.rows(Outbox)[1:]} == {EVE}


def test_the_requesters_tag_joins_when_no_other_mark_is_left(tmp_path: Path) -> None:
    with open_desk(tmp_path) as desk:
        number, _ = opened(desk)
        outcome = desk.receive(a_message(sender="Ann@LOCALHOST", subject=f"AW: [HD-{number}] Fire"))
        assert (outcome.reason, outcome.ticket) == (Reason.SUBJECT_TAG, number)


def test_d5_a_tag_does_not_count_from_a_forged_sender(tmp_path: Path) -> None:
    with open_desk(tmp_path) as desk:
        number, _ = opened(desk)
        outcome = desk.receive(a_message(subject=f"[HD-{number}]", verdict=Verdict.FAIL))
        assert (outcome.reason, outcome.quiet) == (Reason.NEW, Reason.FORGED_SENDER)


def test_d1_those_who_name_no_address_do_not_share_their_tickets(tmp_path: Path) -> None:
    with open_desk(tmp_path) as desk:
        first = desk.receive(a_message(sender=""))
        second = desk.receive(a_message(sender="", subject=f"Re: [HD-{first.ticket}]"))
        assert second.reason is Reason.NEW


@pytest.mark.parametrize(
    "subject", ["[HD-999999999999999]", "[HD-0]", "[HD-٣]", "[XX-1]", "[HD-1", "[HD--1]"]
)
def test_a_tag_that_names_nothing_opens_a_ticket(tmp_path: Path, subject: str) -> None:
    with open_desk(tmp_path) as desk:
        opened(desk)
        assert desk.receive(a_message(subject=subject)).reason is Reason.NEW


def test_d2_a_forged_token_opens_a_ticket(tmp_path: Path) -> None:
    with open_desk(tmp_path) as desk:
        number, _ = opened(desk)
        forged = References(b"not the desk's key").issue(number, EVE)
        message = a_message(sender=EVE, to=(answer_to(forged),), thread_keys=(f"{forged}@localhost",))
        assert desk.receive(message).reason is Reason.NEW
        assert desk.actions(number) == ["opened"]


def test_d2_a_token_cannot_be_moved_to_another_ticket(tmp_path: Path) -> None:
    with open_desk(tmp_path) as desk:
        victims, _ = opened(desk)
        own, token = opened(desk, EVE)
        moved = token.replace(f"hd.{own}.", f"hd.{victims}.")
        assert desk.receive(a_message(sender=EVE, to=(answer_to(moved),))).reason is Reason.NEW


def test_d2_a_genuine_token_of_a_ticket_that_is_not_here_opens_a_ticket(tmp_path: Path) -> None:
    with open_desk(tmp_path) as desk:
        token = desk.desk.references.issue(4711, ANN)
        assert desk.receive(a_message(to=(answer_to(token),))).reason is Reason.NEW


def test_d3_the_token_of_somebody_else_is_kept_as_unverified_and_changes_nothing(tmp_path: Path) -> None:
    with open_desk(tmp_path) as desk:
        number, token = opened(desk)
        desk.set_state(number, "waiting")
        outcome = desk.receive(a_message(sender=EVE, to=(answer_to(token),)))
        assert (outcome.result, outcome.reason) == (Result.APPENDED, Reason.OTHER_SENDER)
        assert kinds(desk)[-1] == "unverified"
        assert desk.ticket(number).state == "waiting"
        assert [row.recipient for row in desk.rows(Outbox)] == [ANN]


def test_d3_one_who_holds_a_strangers_token_does_not_become_a_participant(tmp_path: Path) -> None:
    with open_desk(tmp_path) as desk:
        number, token = opened(desk)
        desk.receive(a_message(sender=EVE, to=(answer_to(token),)))
        outcome = desk.receive(a_message(sender=EVE, subject=f"[HD-{number}] once more"))
        assert outcome.reason is Reason.NEW


def test_d4_a_cc_gives_nobody_a_part_in_the_ticket(tmp_path: Path) -> None:
    with open_desk(tmp_path) as desk:
        number, _ = opened(desk)
        desk.receive(a_message(subject=f"[HD-{number}]", to=("help@localhost", EVE)))
        assert desk.receive(a_message(sender=EVE, subject=f"[HD-{number}] me too")).reason is Reason.NEW
        assert not [row for row in desk.rows(Outbox) if row.recipient == EVE and row.ticket_id == number]


def test_d14_a_persons_answer_to_a_closed_ticket_opens_one_that_names_the_old(tmp_path: Path) -> None:
    with open_desk(tmp_path) as desk:
        number, token = opened(desk)
        desk.set_state(number, "closed")
        outcome = desk.receive(a_message(to=(answer_to(token),)))
        assert (outcome.result, outcome.reason) == (Result.OPENED, Reason.TICKET_CLOSED)
        assert outcome.ticket not in {None, number}
        assert outcome.quiet is None
        assert desk.ticket(number).state == "closed"
        assert desk.rows(Event)[-1].after["follows"] == f"HD-{number}"


def test_what_a_third_person_answers_to_a_closed_ticket_does_not_lie_there_unseen(tmp_path: Path) -> None:
    with open_desk(tmp_path) as desk:
        number, token = opened(desk)
        desk.set_state(number, "closed")
        outcome = desk.receive(a_message(sender=EVE, to=(answer_to(token),)))
        assert outcome.result is Result.OPENED
        assert desk.ticket(outcome.ticket or 0).requester_id != desk.ticket(number).requester_id


@pytest.mark.parametrize("automation", [a for a in Automation if a is not Automation.NONE])
@pytest.mark.parametrize("state", ["new", "open", "waiting", "resolved", "closed"])
def test_e4_what_a_machine_answers_is_kept_in_the_ticket_and_changes_nothing(
    tmp_path: Path, automation: Automation, state: str
) -> None:
    with open_desk(tmp_path) as desk:
        number, token = opened(desk)
        desk.set_state(number, state)
        outcome = desk.receive(a_message(to=(answer_to(token),), automation=automation))
        assert (outcome.result, outcome.ticket) == (Result.APPENDED, number)
        assert (desk.ticket(number).state, len(desk.rows(Ticket)), len(desk.rows(Outbox))) == (state, 1, 1)
        assert kinds(desk)[-1] == "automatic"


def test_e4_fifty_absence_notes_are_one_ticket_and_no_mail(tmp_path: Path) -> None:
    with open_desk(tmp_path) as desk:
        number, token = opened(desk)
        desk.set_state(number, "resolved")
        for _ in range(50):
            desk.receive(a_message(thread_keys=(f"{token}@localhost",), automation=Automation.AUTO_REPLY))
        assert (len(desk.rows(Ticket)), len(desk.rows(Outbox))) == (1, 1)
        assert desk.ticket(number).state == "resolved"


def test_e5_a_delivery_report_of_our_mail_is_kept_in_its_ticket(tmp_path: Path) -> None:
    with open_desk(tmp_path) as desk:
        number, token = opened(desk)
        report = a_message(
            sender="mailer-daemon@relay.example",
            thread_keys=(f"{token}@localhost",),
            automation=Automation.BOUNCE,
        )
        outcome = desk.receive(report)
        assert (outcome.result, outcome.reason, outcome.ticket) == (
            Result.APPENDED,
            Reason.OUR_BOUNCE,
            number,
        )
        assert kinds(desk)[-1] == "automatic"


def test_a_flood_of_references_is_not_looked_through(tmp_path: Path) -> None:
    with open_desk(tmp_path) as desk:
        _, token = opened(desk)
        keys = (*(f"{n}@x" for n in range(10_000)), f"{token}@localhost")
        assert desk.receive(a_message(thread_keys=keys)).reason is Reason.NEW
