"""Two addresses become one person's by proof alone, whatever a forger tries."""

from __future__ import annotations

import re
from typing import Any

import pytest

from bot.desk import identities
from bot.desk.outcome import Outcome, Reason, Result
from bot.message import Action, Attachment, Automation, Kind, Verdict
from bot.store import conversation, people, tickets
from bot.store.engine import Tx
from bot.store.models import Address, Entry, LinkCode, Outbox, Participant, Person, Ticket
from tests.desk.by_mail import ANN, ANNA, BOB, EVE, asks, letters, works, written
from tests.desks import MONDAY, OpenDesk, a_message

OTHER = "ann.private@home.example"


def says(
    desk: OpenDesk, text: str, sender: str = ANN, verdict: Verdict = Verdict.PASS, **facts: Any
) -> Outcome:
    return desk.receive(a_message(text, sender=sender, verdict=verdict, **facts))


def code_to(desk: OpenDesk, address: str = OTHER) -> str:
    return str(letters(desk, address, "link_code")[-1].notice.values["code"])


def why_failed(desk: OpenDesk, address: str = ANN) -> str:
    return str(letters(desk, address, "link_failed")[-1].notice.values["reason"])


def person_of(desk: OpenDesk, address: str) -> int | None:
    return next((row.person_id for row in desk.rows(Address) if row.canonical == address), None)


def test_whoever_brings_the_code_back_has_both_addresses_and_all_that_was_the_others(desk: OpenDesk) -> None:
    mine, theirs = asks(desk), asks(desk, "From home.", sender=OTHER, name="Ann at home")
    third = asks(desk, sender=BOB)

    def both_take_part(tx: Tx) -> None:
        conversation.propose(tx, third, person_of(desk, ANN) or 0, MONDAY)
        conversation.follow(tx, third, person_of(desk, OTHER) or 0, MONDAY)

    desk.store.write_now(both_take_part)
    before, other = person_of(desk, ANN), person_of(desk, OTHER)
    assert says(desk, f"link {OTHER}") == Outcome(Result.COMMANDED, Reason.PROOF)
    sent = letters(desk, OTHER, "link_code")[-1]
    assert (sent.notice.values["who"], sent.notice.values["minutes"]) == (ANN, 15)
    assert not letters(desk, ANN, "link_code")
    assert says(desk, f"link {code_to(desk)}") == Outcome(Result.COMMANDED, Reason.PROOF)
    assert person_of(desk, OTHER) == person_of(desk, ANN) == before
    assert [row.requester_id for row in desk.rows(Ticket)][:2] == [before, before]
    assert {row.author_id for row in desk.rows(Entry) if row.ticket_id == theirs} == {before}
    assert [(row.ticket_id, row.person_id, row.role) for row in desk.rows(Participant)] == [
        (third, before, "follower")
    ]
    assert next(row for row in desk.rows(Person) if row.id == other).merged_into_id == before
    assert ("linked" in desk.actions(theirs), "linked" in desk.actions(mine)) == (True, False)
    for address in (ANN, OTHER):
        assert letters(desk, address, "linked")[-1].notice.values["addresses"] == [ANN, OTHER]


def test_an_address_that_the_desk_has_never_seen_can_be_linked_and_writes_as_the_same_person(
    desk: OpenDesk,
) -> None:
    number = asks(desk)
    says(desk, f"#link {OTHER}")
    assert person_of(desk, OTHER) is None
    says(desk, f"#link {code_to(desk).lower().replace('-', ' ')}")
    assert person_of(desk, OTHER) == person_of(desk, ANN)
    outcome = desk.receive(a_message("More.", sender=OTHER, subject=f"Re: [HD-{number}] Fire"))
    assert (outcome.ticket, outcome.reason) == (number, Reason.SUBJECT_TAG)


@pytest.mark.parametrize(
    "line", ["collega {}", "关联 {}", "绑定{}", "LINK  {}", "link {}<mailto:{}>", "link <{}>"]
)
def test_the_same_is_said_in_three_languages_and_by_any_mail_program(small: OpenDesk, line: str) -> None:
    says(small, line.replace("{}", OTHER))
    assert letters(small, OTHER, "link_code")
    says(small, line.partition("<")[0].replace("{}", "").strip() + " " + code_to(small))
    assert person_of(small, OTHER) is not None


@pytest.mark.parametrize("verdict", [Verdict.UNKNOWN, Verdict.FAIL])
def test_who_is_not_proved_neither_asks_nor_brings(small: OpenDesk, verdict: Verdict) -> None:
    outcome = says(small, f"link {EVE}", verdict=verdict)  # Eve forges Ann
    assert outcome.result is Result.OPENED
    assert not letters(small, EVE, "link_code")
    says(small, f"link {OTHER}")
    assert says(small, f"link {code_to(small)}", verdict=verdict).result is Result.OPENED
    assert person_of(small, OTHER) is None
    action = Action("link", values={"address": EVE})
    assert says(small, "", verdict=verdict, action=action).reason is Reason.NOT_ALLOWED


def test_a_code_that_comes_back_in_answer_to_our_own_mail_from_an_unproved_sender_is_words(
    small: OpenDesk,
) -> None:
    says(small, f"link {OTHER}")
    token = letters(small, OTHER, "link_code")[-1].token
    outcome = says(
        small, f"link {code_to(small)}", verdict=Verdict.UNKNOWN, thread_keys=(f"{token}@localhost",)
    )
    assert outcome.result is Result.OPENED
    assert person_of(small, OTHER) is None


def test_the_code_is_worth_nothing_in_the_hands_of_anybody_else(small: OpenDesk) -> None:
    says(small, f"link {OTHER}")
    code = code_to(small)
    for thief in (EVE, OTHER):
        assert says(small, f"link {code}", sender=thief).reason is Reason.NO_PROOF
        assert why_failed(small, thief) == "wrong"
    assert person_of(small, ANN) != person_of(small, OTHER)


def test_a_code_is_good_once_and_for_a_quarter_of_an_hour(small: OpenDesk) -> None:
    says(small, f"link {OTHER}")
    used = code_to(small)
    says(small, f"link {used}")
    assert says(small, f"link {used}").reason is Reason.NO_PROOF
    assert why_failed(small) == "used"
    says(small, f"link {EVE}")
    small.clock.forward(minutes=15)
    says(small, f"link {code_to(small, EVE)}")
    assert why_failed(small) == "expired"
    assert person_of(small, EVE) is None


def test_after_five_wrong_codes_the_right_one_is_worth_nothing(small: OpenDesk) -> None:
    says(small, f"link {OTHER}")
    for _ in range(5):
        says(small, "link ABCDE-FGHJK")
        assert why_failed(small) == "wrong"
    says(small, f"link {code_to(small)}")
    assert why_failed(small) == "too-many"
    assert person_of(small, OTHER) is None


def test_nobody_sends_a_stranger_more_than_three_codes_an_hour_nor_asks_for_more(desk: OpenDesk) -> None:
    for sender in ("a@x.example", "b@x.example", "c@x.example", "d@x.example"):
        says(desk, f"link {OTHER}", sender=sender)
    assert len(letters(desk, OTHER, "link_code")) == 3
    assert why_failed(desk, "d@x.example") == "too-many"
    for number in range(4):
        says(desk, f"link stranger{number}@home.example")
    assert why_failed(desk) == "too-many"
    desk.clock.forward(minutes=61)
    assert says(desk, f"link {OTHER}").reason is Reason.PROOF


def test_the_answer_is_the_same_whether_the_address_is_known_or_not(small: OpenDesk) -> None:
    asks(small, sender=OTHER)
    before = written(small)
    known = says(small, f"link {OTHER}")
    between = written(small)
    unknown = says(small, "link nobody@home.example")
    assert known == unknown
    assert (between - before, written(small) - between) == (1, 1)
    assert not letters(small, ANN)


@pytest.mark.parametrize("address", [ANNA, "help@localhost", "slack:U1", "telegram:42"])
def test_what_is_not_a_requesters_is_never_taken(small: OpenDesk, address: str) -> None:
    number = asks(small)
    works(small, ANNA, "#take", number)
    says(small, f"link {address}")
    if address == ANNA:  # who reads an agent's mailbox may bring the code, and has nothing from it
        says(small, f"link {code_to(small, ANNA)}")
    assert why_failed(small) == "unknown-address"
    assert person_of(small, ANNA) != person_of(small, ANN)
    assert small.ticket(number).owner_id == person_of(small, ANNA)


def test_an_agent_may_take_their_private_address_and_stays_an_agent(small: OpenDesk) -> None:
    number = asks(small, sender=OTHER)
    works(small, ANNA, "#take", number)
    says(small, f"link {OTHER}", sender=ANNA)
    says(small, f"link {code_to(small)}", sender=ANNA)
    assert person_of(small, OTHER) == person_of(small, ANNA)
    assert says(small, f"#close HD-{number}", sender=OTHER).result is not Result.COMMANDED


@pytest.mark.parametrize(
    "text",
    [
        "link broken",
        "link dashboards",
        f"link {OTHER}\nMy printer burns.",
        f"Please link {OTHER}",
        "link",
        "language please",
        "time zone of the server is wrong",
        "link " + "x" * 1000,
    ],
)
def test_what_only_looks_like_it_is_words_for_a_ticket(small: OpenDesk, text: str) -> None:
    assert says(small, text).result is Result.OPENED


def test_a_line_with_a_file_and_a_line_of_a_machine_are_words(small: OpenDesk) -> None:
    file = Attachment("a.txt", "text/plain", 1, "0" * 64)
    assert says(small, f"link {OTHER}", attachments=(file,)).result is Result.OPENED
    says(small, f"link {OTHER}", automation=Automation.AUTO_REPLY)
    assert not small.rows(LinkCode)


def test_codes_are_hard_to_misread_and_kept_hashed(small: OpenDesk) -> None:
    says(small, f"link {OTHER}")
    code = code_to(small)
    assert re.fullmatch("[A-HJKMNP-Z2-9]{5}-[A-HJKMNP-Z2-9]{5}", code)
    (row,) = small.rows(LinkCode)
    assert len(row.code_hash) == 32
    assert code.replace("-", "") not in str(row)


@pytest.mark.parametrize(
    ("text", "locale", "zone"),
    [
        ("language it", "it", None),
        ("#lingua: cinese", "zh", None),
        ("语言：英语", "en", None),
        ("time zone Europe/Rome", None, "Europe/Rome"),
        ("fuso orario europe/rome", None, "Europe/Rome"),
        ("时区 Asia/Shanghai", None, "Asia/Shanghai"),
    ],
)
def test_a_proved_person_states_their_language_and_zone(
    small: OpenDesk, text: str, locale: str | None, zone: str | None
) -> None:
    assert says(small, text) == Outcome(Result.COMMANDED, Reason.STATED)
    (person,) = small.rows(Person)
    assert (person.locale, person.time_zone) == (locale, zone)
    (answer,) = letters(small, ANN, "stated")
    assert (answer.kind, answer.notice.values["language"]) == (Kind.NOTICE, locale or "")
    assert answer.notice.values["time_zone"] == (zone or "")
    assert answer.notice.locale == (locale or ("zh" if "时区" in text else "en"))
    assert says(small, text, verdict=Verdict.UNKNOWN).result is Result.OPENED


def test_a_button_does_the_same_and_nothing_without_values(small: OpenDesk) -> None:
    assert says(small, "", action=Action("link", values={"address": OTHER})).reason is Reason.PROOF
    assert says(small, "", action=Action("link", values={"code": code_to(small)})).reason is Reason.PROOF
    assert person_of(small, OTHER) == person_of(small, ANN)
    assert says(small, "", action=Action("link")).reason is Reason.NOT_ALLOWED
    says(small, "", action=Action("link", values={"address": "nobody"}))
    assert why_failed(small) == "unknown-address"


def test_what_is_known_of_the_kept_person_stands_and_gaps_are_filled(small: OpenDesk) -> None:
    says(small, "language it")
    asks(small, sender=OTHER, name="Ann at home")

    def more(tx: Tx) -> None:
        people.change(tx, person_of(small, OTHER) or 0, locale="zh", phone="+39 1")

    small.store.write_now(more)
    says(small, f"link {OTHER}")
    says(small, f"link {code_to(small)}")
    kept = next(row for row in small.rows(Person) if row.id == person_of(small, ANN))
    assert (kept.locale, kept.phone, kept.name) == ("it", "+39 1", "Ann at home")


def test_reading_a_line_never_fails_and_takes_no_time() -> None:
    for text in ("link " * 140, "关联" * 300, "time zone " + " " * 600, "link <" * 100):
        assert identities.read(text) is None


def test_who_was_merged_is_found_by_nothing_that_is_theirs_alone(small: OpenDesk) -> None:
    number = asks(small, sender=OTHER)
    says(small, f"link {OTHER}")
    says(small, f"link {code_to(small)}")
    facts = small.store.write_now(lambda tx: tickets.facts(tx, number))
    assert facts is not None
    assert facts.requester_id == person_of(small, ANN)
    assert [row.name for row in small.store.read_now(lambda tx: people.found(tx, OTHER, 9))] == [""]
    assert small.rows(Outbox)[-1].recipient == OTHER
