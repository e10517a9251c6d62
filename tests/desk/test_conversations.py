"""Who joins a conversation, who is kept out of it, and what each of them is ever sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.desk.outcome import Reason, Result
from bot.mail.references import References
from bot.message import Verdict
from bot.store.models import Entry, Event, Outbox, Person, Ticket
from tests.desk.by_mail import (
    ANN,
    ANNA,
    BOB,
    EVE,
    a_team,
    an_answer,
    answers,
    asks,
    letters,
    said,
    token_to,
    whole_of,
    works,
    written,
)
from tests.desks import a_message


@pytest.mark.parametrize("number", range(1, 6))
def test_d1_guessing_numbers_joins_nothing_and_tells_nothing(tmp_path: Path, number: int) -> None:
    with a_team(tmp_path) as desk:
        theirs = asks(desk, "a secret", subject="Secret matter", name="Ann")
        entries, actions = said(desk, theirs), desk.actions(theirs)
        outcome = desk.receive(a_message("hi", sender=EVE, subject=f"Re: [HD-{number}] hi"))
        assert (outcome.result, outcome.ticket) == (Result.OPENED, theirs + 1)
        assert (said(desk, theirs), desk.actions(theirs)) == (entries, actions)
        assert not any("ecret" in whole_of(letter) for letter in letters(desk, EVE))


def test_d2_a_forged_id_under_every_header_is_worth_nothing(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        forged = References(b"another key").issue(number, EVE)
        old = f"t{number}.1@localhost"
        for keys, to in (((f"{forged}@localhost",), "help@localhost"), ((old,), f"help+{forged}@localhost")):
            outcome = desk.receive(a_message(sender=EVE, thread_keys=keys, to=(to,)))
            assert outcome.reason is Reason.NEW
        assert desk.actions(number) == ["opened"]


def test_d3_the_token_of_another_posts_as_nobody_and_is_sent_nothing(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk, "a secret", subject="Secret matter")
        keys = (f"{token_to(desk, ANN, number)}@localhost",)
        outcome = desk.receive(a_message("let me in", sender=EVE, thread_keys=keys, verdict=Verdict.PASS))
        assert (outcome.reason, said(desk, number)[-1]) == (Reason.OTHER_SENDER, ("unverified", "let me in"))
        works(desk, ANNA, "Hello Ann.", number)
        assert not letters(desk, EVE)
        assert letters(desk, BOB, "requester_wrote")[-1].notice.values["standing"] == "other-sender"


def test_d3_the_token_of_an_agent_gives_a_stranger_no_power(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        mail = an_answer(desk, ANNA, number, "#close", verdict=Verdict.PASS)
        keys = mail.thread_keys
        outcome = desk.receive(a_message("#close", sender=EVE, thread_keys=keys, verdict=Verdict.PASS))
        assert (outcome.reason, desk.ticket(number).state) == (Reason.OTHER_SENDER, "new")


def test_d5_a_forged_customer_joins_by_no_tag_is_flagged_and_answered_by_nobody(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        before = written(desk)
        forged = a_message("close it", subject=f"[HD-{number}]", verdict=Verdict.FAIL)
        outcome = desk.receive(forged)
        assert (outcome.result, outcome.quiet) == (Result.OPENED, Reason.FORGED_SENDER)
        assert outcome.ticket != number
        assert "forged" in str(desk.rows(Entry)[-1].oddities)
        assert {row.recipient for row in desk.rows(Outbox)[before:]} == {ANNA, BOB}
        told = letters(desk, ANNA, "new_ticket")[-1].notice.values
        assert told["oddities"] == ["its sender is known to be forged"]


def test_d14_a_reply_within_the_window_opens_the_ticket_again(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        works(desk, ANNA, "#close", number)
        desk.clock.forward(days=13)
        outcome = answers(desk, ANN, number, "It burns again.")
        assert (outcome.reason, desk.ticket(number).state, desk.ticket(number).closed_at) == (
            Reason.REFERENCE,
            "open",
            None,
        )


@pytest.mark.parametrize("by", ["token", "tag"])
def test_d14_a_reply_after_400_days_opens_a_ticket_that_names_the_old(tmp_path: Path, by: str) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        works(desk, ANNA, "#close", number)
        desk.clock.forward(days=400)
        keys = () if by == "tag" else (f"{token_to(desk, ANN, number)}@localhost",)
        outcome = answers(desk, ANN, number, "It burns again.", thread_keys=keys)
        assert (outcome.result, outcome.reason) == (Result.OPENED, Reason.TICKET_CLOSED)
        assert desk.ticket(number).state == "closed"
        opened = [row for row in desk.rows(Event) if row.action == "opened"][-1]
        assert (opened.ticket_id, opened.after["follows"]) == (outcome.ticket, f"HD-{number}")
        assert letters(desk, ANN, "received")[-1].ticket == outcome.ticket


def test_d14_a_reply_to_a_merged_ticket_goes_to_the_one_that_lives(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        first, second, third = (asks(desk) for _ in range(3))
        works(desk, ANNA, f"#merge HD-{first} HD-{second}\n#merge HD-{second} HD-{third}")
        outcome = answers(desk, ANN, first, "and this")
        assert (outcome.ticket, said(desk, third)[-1]) == (third, ("message", "and this"))


def test_thanks_open_nothing_again_and_are_kept(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        works(desk, ANNA, "#resolve\nDone.", number)
        outcome = answers(desk, ANN, number, "Thank you very much!")
        assert (outcome.reason, desk.ticket(number).state) == (Reason.THANKS, "resolved")
        assert said(desk, number)[-1] == ("message", "Thank you very much!")
        outcome = answers(desk, ANN, number, "Thanks, but it still does not work")
        assert (outcome.reason, desk.ticket(number).state) == (Reason.NOT_FIXED, "open")


def test_thanks_long_after_open_no_ticket_either(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        works(desk, ANNA, "#close", number)
        desk.clock.forward(days=400)
        assert answers(desk, ANN, number, "Grazie mille!").reason is Reason.THANKS
        assert len(desk.rows(Ticket)) == 1


def test_d16_a_stranger_is_known_by_their_address_alone_and_sees_their_own_ticket(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        asks(desk, "a secret", subject="Secret matter")
        number = asks(desk, sender="new@elsewhere.example", name="Ann")
        (received,) = letters(desk, "new@elsewhere.example")
        assert received.ticket == number
        assert "HD-1" not in whole_of(received).replace(f"HD-{number}", "")
        person = desk.rows(Person)[-1]
        assert (person.agent, person.locale, person.time_zone) == (None, None, None)


def test_d17_an_address_is_one_however_its_letters_are_written_and_no_other(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        for address in ("User@Ex.example", "user@ex.EXAMPLE", "u.ser@ex.example", "user+x@ex.example"):
            desk.receive(a_message(sender=address))
        assert len({row.requester_id for row in desk.rows(Ticket)}) == 3


def test_d19_answers_go_to_from_and_to_nobody_else(tmp_path: Path) -> None:
    """Nothing of a Reply-To ever reaches the desk: the language of messages has no word for it."""
    with a_team(tmp_path) as desk:
        number = asks(desk)
        works(desk, ANNA, "Hello Ann.", number)
        assert {row.recipient for row in desk.rows(Outbox)} == {ANN, ANNA, BOB}
        assert "reply_to" not in type(a_message()).__dataclass_fields__


def test_d21_the_same_message_id_with_other_words_is_another_message(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        first = desk.receive(a_message("nothing", sender=EVE, external_id="guessed@victim.example"))
        second = desk.receive(a_message("help me", external_id="guessed@victim.example"))
        assert (first.result, second.result) == (Result.OPENED, Result.OPENED)
        assert [row.text for row in desk.rows(Entry)] == ["nothing", "help me"]


def test_d22_no_message_names_what_its_reader_has_no_part_in(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        secret = asks(desk, "the password is 1234", subject="Secret matter", sender="dora@localhost")
        number = asks(desk, "hello", subject=f"[HD-{secret}] Secret")
        works(desk, ANNA, f"#note HD-{secret} also 1234", secret)
        works(desk, ANNA, f"#link HD-{secret}\nHello.", number)
        works(desk, ANNA, "#resolve", number)
        shown = [whole_of(letter) for letter in letters(desk, ANN)]
        assert len(shown) == 3
        assert not [text for text in shown if "1234" in text or "Secret matter" in text or "dora" in text]


def test_each_reader_has_one_thread_of_their_own_messages(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk, external_id="first@ann")
        answers(desk, ANNA, number, "Hello.", verdict=Verdict.PASS, external_id="one@anna")
        desk.clock.forward(minutes=1)
        answers(desk, ANN, number, "More.", external_id="second@ann")
        desk.clock.forward(minutes=1)
        answers(desk, ANNA, number, "Better?", verdict=Verdict.PASS, external_id="two@anna")
        to_ann = letters(desk, ANN)[-1].thread
        assert to_ann.answers == "second@ann"
        assert {"first@ann", "second@ann"} < set(to_ann.earlier)
        assert not {"one@anna", "two@anna"} & set(to_ann.earlier)
        ours = {row.token for row in desk.rows(Outbox) if row.recipient == ANN}
        assert set(to_ann.earlier) <= ours | {"first@ann", "second@ann"}
        to_anna = letters(desk, ANNA, "requester_wrote")[-1].thread
        assert not {"first@ann", "second@ann"} & set(to_anna.earlier)
