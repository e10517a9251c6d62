"""First sight of a message: what may come in, and what a machine may answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.desk import screening
from bot.desk.outcome import Reason, Result
from bot.mail.addresses import canonical
from bot.message import Automation, IncomingMessage, Party, Verdict
from bot.store.budgets import AutomaticCounts
from bot.store.models import Outbox, Ticket
from tests.desks import a_desk, a_message, open_desk

DESK = a_desk(desk={"also": ["it@desk.example"], "domains": ["staff.example"]})


def facts_of(message: IncomingMessage, hour: int = 0, day: int = 0, domain: int = 0) -> screening.Facts:
    counts = AutomaticCounts(hour, day, domain)
    return screening.Facts(message, canonical(message.sender.address), DESK, counts)


def refused(message: IncomingMessage) -> Reason | None:
    found = screening.refusal(facts_of(message))
    return found.reason if found else None


def silent(message: IncomingMessage, **counts: int) -> Reason | None:
    return screening.silence(facts_of(message, **counts))


def test_a_persons_mail_may_come_in_and_is_answered() -> None:
    assert refused(a_message()) is None
    assert silent(a_message()) is None


def test_e1_our_own_mail_is_known_by_its_message_id_alone() -> None:
    token = DESK.references.issue(1, "ann@localhost")
    found = screening.refusal(facts_of(a_message(external_id=f"{token}@desk.example")))
    assert found == screening.Refusal(Result.IGNORED, Reason.OWN_MAIL)


def test_e1_our_own_mail_is_known_by_its_loop_header_alone() -> None:
    assert refused(a_message(loop=DESK.references.issue(1, "ann@localhost"))) is Reason.OWN_MAIL


def test_e1_a_mark_of_ours_counts_in_capitals_too() -> None:
    token = DESK.references.issue(1, "ann@localhost")
    assert refused(a_message(external_id=f"{token.upper()}@DESK.EXAMPLE")) is Reason.OWN_MAIL


def test_e1_a_forged_mark_of_ours_suppresses_nothing() -> None:
    other = a_desk().references.__class__(b"another desk's key")
    forged = other.issue(1, "ann@localhost")
    message = a_message(external_id=f"{forged}@desk.example", loop=forged)
    assert refused(message) is None


def test_e1_an_answer_that_refers_to_our_mail_is_not_taken_for_our_mail() -> None:
    token = DESK.references.issue(1, "ann@localhost")
    assert refused(a_message(thread_keys=(f"{token}@desk.example",), to=(f"help+{token}@localhost",))) is None


@pytest.mark.parametrize(("hops", "reason"), [(0, None), (50, None), (51, Reason.TOO_MANY_HOPS)])
def test_e10_a_mail_that_passed_too_many_servers_is_held(hops: int, reason: Reason | None) -> None:
    found = screening.refusal(facts_of(a_message(hops=hops)))
    assert found == (screening.Refusal(Result.HELD, reason) if reason else None)


def test_our_own_mail_is_ignored_rather_than_held_however_far_it_has_come() -> None:
    token = DESK.references.issue(1, "ann@localhost")
    assert refused(a_message(external_id=f"{token}@desk.example", hops=99)) is Reason.OWN_MAIL


@pytest.mark.parametrize(
    ("automation", "reason"),
    [
        (Automation.BOUNCE, Reason.BOUNCE),
        (Automation.AUTO_REPLY, Reason.AUTOMATIC),
        (Automation.LIST, Reason.LIST),
        (Automation.OURSELVES, Reason.OWN_MAIL),
    ],
)
def test_e2_a_machine_is_not_answered(automation: Automation, reason: Reason) -> None:
    assert silent(a_message(automation=automation)) is reason


@pytest.mark.parametrize("address", ["", "root", "scanner"])
def test_e2_a_mail_without_an_address_to_write_to_is_not_answered(address: str) -> None:
    assert silent(a_message(sender=address)) is Reason.NO_ADDRESS


def test_an_address_of_another_medium_needs_no_domain() -> None:
    message = replace(a_message(), sender=Party("slack", "U024BE7LH"))
    assert screening.silence(screening.Facts(message, "u024be7lh", DESK)) is None


@pytest.mark.parametrize(
    "address",
    ["help@localhost", "HELP@LOCALHOST", "help+hd.1.abc@localhost", "it@desk.example", "IT+x@Desk.Example"],
)
def test_e2_an_address_of_ours_is_not_answered(address: str) -> None:
    assert silent(a_message(sender=address)) is Reason.OWN_ADDRESS


@pytest.mark.parametrize(
    "address", ["helper@localhost", "x+help@localhost", "it@localhost", "help@other.example"]
)
def test_an_address_that_only_looks_like_ours_is_answered(address: str) -> None:
    assert silent(a_message(sender=address)) is None


@pytest.mark.parametrize(
    "local",
    [
        "mailer-daemon", "MAILER-DAEMON", "postmaster", "abuse", "root", "noreply", "no-reply", "No_Reply",
        "noreply+42", "no-reply-orders", "do-not-reply", "donotreply", "bounces",
    ],
)  # fmt: skip
def test_e2_an_address_that_takes_no_answers_gets_none(local: str) -> None:
    assert silent(a_message(sender=f"{local}@example.org")) is Reason.NO_REPLY_ADDRESS


def test_e7_a_sender_that_is_known_to_be_forged_is_not_answered() -> None:
    assert silent(a_message(verdict=Verdict.FAIL)) is Reason.FORGED_SENDER


@pytest.mark.parametrize(
    ("hour", "day", "reason"), [(2, 9, None), (3, 3, Reason.SENDER_BUDGET), (0, 10, Reason.SENDER_BUDGET)]
)
def test_e3_a_sender_has_a_budget_for_an_hour_and_one_for_a_day(
    hour: int, day: int, reason: Reason | None
) -> None:
    assert silent(a_message(), hour=hour, day=day) is reason


@pytest.mark.parametrize(("sent", "reason"), [(19, None), (20, Reason.DOMAIN_BUDGET)])
def test_e3_a_strange_domain_has_a_budget(sent: int, reason: Reason | None) -> None:
    assert silent(a_message(sender="ann@example.org"), domain=sent) is reason


@pytest.mark.parametrize("address", ["ann@localhost", "ann@staff.example", "ann@STAFF.example"])
def test_e3_a_domain_that_the_desk_serves_has_no_budget(address: str) -> None:
    assert silent(a_message(sender=address), domain=10_000) is None


def test_the_first_check_with_an_opinion_decides() -> None:
    bounce_from_us = a_message(sender="help@localhost", automation=Automation.BOUNCE)
    assert silent(bounce_from_us, hour=99) is Reason.BOUNCE
    assert silent(a_message(sender="help@localhost"), hour=99) is Reason.OWN_ADDRESS
    assert silent(a_message(sender="noreply@example.org", verdict=Verdict.FAIL)) is Reason.NO_REPLY_ADDRESS
    assert silent(a_message(sender="ann@example.org"), hour=99, domain=99) is Reason.SENDER_BUDGET


def test_every_reason_can_be_told() -> None:
    assert all(reason.told for reason in Reason)


@pytest.mark.parametrize("automation", [Automation.AUTO_REPLY, Automation.LIST, Automation.OURSELVES])
def test_e2_a_machines_mail_becomes_a_ticket_and_nothing_goes_out(
    tmp_path: Path, automation: Automation
) -> None:
    with open_desk(tmp_path) as desk:
        outcome = desk.receive(a_message(automation=automation))
        assert (outcome.result, len(desk.rows(Ticket)), desk.rows(Outbox)) == (Result.OPENED, 1, [])
        assert outcome.quiet is not None


def test_e5_a_bounce_that_answers_nothing_of_ours_opens_no_ticket_and_is_not_answered(tmp_path: Path) -> None:
    with open_desk(tmp_path) as desk:
        outcome = desk.receive(a_message(sender="mailer-daemon@example.org", automation=Automation.BOUNCE))
        assert (outcome.result, outcome.reason) == (Result.IGNORED, Reason.BOUNCE)
        assert (desk.rows(Ticket), desk.rows(Outbox)) == ([], [])


def test_e3_a_robot_without_any_mark_gets_three_answers_an_hour_and_ten_a_day(tmp_path: Path) -> None:
    with open_desk(tmp_path) as desk:
        answered = []
        for _hour in range(24):
            for _minute in range(0, 60, 5):
                answered.append(desk.receive(a_message(sender="robot@example.org")).quiet is None)
                desk.clock.forward(minutes=5)
        assert sum(answered[:12]) == 3
        assert sum(answered) == 10
        assert len(desk.rows(Outbox)) == 10
        desk.clock.forward(days=1)
        assert desk.receive(a_message(sender="robot@example.org")).quiet is None


def test_e3_a_robot_that_changes_its_address_is_stopped_by_its_domains_budget(tmp_path: Path) -> None:
    with open_desk(tmp_path) as desk:
        for number in range(40):
            desk.receive(a_message(sender=f"robot{number}@example.org"))
        assert len(desk.rows(Outbox)) == 20
        assert desk.received[-1].quiet is Reason.DOMAIN_BUDGET
        desk.receive(a_message(sender="person@elsewhere.example"))
        assert desk.received[-1].quiet is None


def test_e3_two_desks_that_answer_each_other_fall_silent(tmp_path: Path) -> None:
    """The other side answers each of our mails at once with a new id and no mark at all, for a week."""
    with open_desk(tmp_path) as desk:
        sent = 0
        for _ in range(7 * 24 * 4):
            desk.clock.forward(minutes=15)
            desk.receive(a_message(sender="desk@other.example", subject=f"Re: {sent}"))
        sent = len(desk.rows(Outbox))
        assert 0 < sent <= 7 * 10 + 10
