"""Signed references: genuine ones survive the mail, and nothing else is one."""

from __future__ import annotations

import string
import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.mail.addresses import canonical
from bot.mail.references import References

OURS = References(b"one key")
OTHERS = References(b"another key")
TICKETS = st.integers(min_value=1, max_value=10**15 - 1)
ADDRESSES = st.emails().map(canonical) | st.text(min_size=1, max_size=60)


@given(TICKETS, ADDRESSES)
def test_a_token_says_its_ticket_and_knows_its_recipient(ticket: int, address: str) -> None:
    reference = OURS.read(OURS.issue(ticket, address))
    assert reference is not None
    assert reference.ticket == ticket
    assert OURS.is_for(reference, address)


@given(TICKETS, ADDRESSES)
def test_a_token_is_read_wherever_mail_carries_it(ticket: int, address: str) -> None:
    token = OURS.issue(ticket, address)
    for text in (token, f"{token}@desk.example", f"<{token}@desk.example>", f"help+{token}@desk.example"):
        reference = OURS.read(text)
        assert reference is not None
        assert reference.ticket == ticket


@given(TICKETS, ADDRESSES, st.data())
def test_a_token_survives_any_change_of_case(ticket: int, address: str, data: st.DataObject) -> None:
    token = f"help+{OURS.issue(ticket, address)}@desk.example"
    upper = data.draw(st.lists(st.booleans(), min_size=len(token), max_size=len(token)))
    mixed = "".join(c.upper() if up else c for c, up in zip(token, upper, strict=True))
    assert OURS.read(mixed) == OURS.read(token)


@given(TICKETS, ADDRESSES, ADDRESSES)
def test_d3_a_token_is_for_nobody_else(ticket: int, address: str, other: str) -> None:
    assume(address.encode("utf-8", "replace") != other.encode("utf-8", "replace"))
    reference = OURS.read(OURS.issue(ticket, address))
    assert reference is not None
    assert not OURS.is_for(reference, other)


@given(TICKETS, ADDRESSES, st.data())
def test_d2_any_changed_character_is_refused(ticket: int, address: str, data: st.DataObject) -> None:
    token = OURS.issue(ticket, address)
    place = data.draw(st.integers(min_value=0, max_value=len(token) - 1))
    letter = data.draw(st.sampled_from(string.ascii_lowercase + string.digits + ".+@٣ ß"))
    changed = token[:place] + letter + token[place + 1 :]
    assume(changed != token)
    assert OURS.read(changed) is None


@given(TICKETS, ADDRESSES, st.integers(min_value=0, max_value=80))
def test_d2_no_part_of_a_token_is_one(ticket: int, address: str, length: int) -> None:
    token = OURS.issue(ticket, address)
    assume(length < len(token))
    assert OURS.read(token[:length]) is None
    assert OURS.read(token[len(token) - length :]) is None


@given(TICKETS, TICKETS, ADDRESSES)
def test_d2_a_token_cannot_be_moved_to_another_ticket(ticket: int, other: int, address: str) -> None:
    assume(ticket != other)
    assert OURS.read(OURS.issue(ticket, address).replace(f"hd.{ticket}.", f"hd.{other}.")) is None


@given(TICKETS, ADDRESSES)
def test_d2_the_token_of_another_desk_is_none_of_ours(ticket: int, address: str) -> None:
    assert OURS.read(OTHERS.issue(ticket, address)) is None


@given(st.text(max_size=2000))
def test_d2_no_text_is_a_token_by_chance_and_none_makes_an_error(text: str) -> None:
    assert OURS.read(text) is None


def test_two_tokens_for_the_same_person_and_ticket_differ() -> None:
    assert len({OURS.issue(1, "ann@example.org") for _ in range(100)}) == 100


def test_a_token_fits_into_a_local_part_beside_the_desks_name() -> None:
    """RFC 5321, 4.5.3.1.1: 64 octets."""
    assert len(f"help+{OURS.issue(999_999_999, 'ann@example.org')}") <= 64


def test_a_token_tells_nothing_of_its_recipient() -> None:
    token = OURS.issue(1, "ann@example.org")
    assert not any(part in token for part in ("ann", "example", "org"))


@pytest.mark.parametrize(
    "text",
    [
        "hd." * 300_000,
        "+" * 1_000_000,
        "<hd.1." * 150_000,
        "hd." + "1" * 1_000_000,
        "+hd.111111111111111." * 49,
        "hd.1." + "a" * 990,
    ],
    ids=["prefixes", "plusses", "openings", "digits", "within the limit", "long signature"],
)
def test_d2_hostile_text_costs_nothing(text: str) -> None:
    started = time.perf_counter()
    assert OURS.read(text) is None
    assert time.perf_counter() - started < 0.05
