"""A link is good for one purpose, one ticket, one person and one time, and leads nowhere else (rows K2, K6)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.desk.links import Link, Links, Purpose
from tests.desks import KEY, MONDAY

LINKS = Links(KEY, "https://desk.example/help/")
NUMBERS = st.integers(0, 10**15 - 1)
ENDS = st.datetimes(datetime(2020, 1, 2), datetime(2120, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001  # hypothesis wants naive bounds
EXTRAS = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", max_size=40)
ANY_LINK = st.builds(Link, st.sampled_from(Purpose), NUMBERS, NUMBERS, ENDS, EXTRAS)
A_LINK = Link(Purpose.ANSWER, 42, 7, MONDAY + timedelta(days=1), "confirm-yes")
FIELDS = ("ticket", "person", "minutes", "extra", "signature")


@given(ANY_LINK)
def test_what_a_link_says_is_read_again_until_it_ends_and_never_after(link: Link) -> None:
    token = LINKS.token(link)
    read = LINKS.read(link.purpose, token, link.expires_at - timedelta(microseconds=1))
    assume(len(token) <= 120)
    assert read is not None
    assert (read.purpose, read.ticket, read.person, read.extra) == (
        link.purpose,
        link.ticket,
        link.person,
        link.extra,
    )
    assert timedelta() <= read.expires_at - link.expires_at < timedelta(minutes=1)
    assert LINKS.read(link.purpose, token, read.expires_at) is None
    assert LINKS.read(link.purpose, token, read.expires_at + timedelta(days=4000)) is None


@given(ANY_LINK)
def test_k2_a_link_for_one_purpose_is_worth_nothing_for_another(link: Link) -> None:
    token = LINKS.token(link)
    for other in set(Purpose) - {link.purpose}:
        assert LINKS.read(other, token, MONDAY - timedelta(days=3000)) is None


@given(ANY_LINK, ANY_LINK)
def test_k2_no_field_of_one_link_can_be_put_into_another(one: Link, two: Link) -> None:
    parts, others = LINKS.token(one).split("."), LINKS.token(two).split(".")
    before = datetime(2020, 1, 1, tzinfo=UTC)
    for at in range(len(FIELDS)):
        mixed = [*parts[:at], others[at], *parts[at + 1 :]]
        if mixed != parts:
            assert LINKS.read(one.purpose, ".".join(mixed), before) is None, FIELDS[at]


@given(st.sampled_from(range(5)), st.text("0123456789abcdefz-", max_size=8))
def test_k2_a_field_that_was_tampered_with_makes_a_link_worth_nothing(at: int, put: str) -> None:
    parts = LINKS.token(A_LINK).split(".")
    assume(parts[at] != put)
    parts[at] = put
    assert LINKS.read(A_LINK.purpose, ".".join(parts), MONDAY) is None


@given(st.data())
def test_k2_one_letter_more_less_or_other_makes_a_link_worth_nothing(data: st.DataObject) -> None:
    token = LINKS.token(A_LINK)
    at = data.draw(st.integers(0, len(token) - 1))
    new = data.draw(st.sampled_from(["", "0", "a", "A", ".", " ", "\n", "\u0661", token[at] * 2]))
    changed = token[:at] + new + token[at + 1 :]
    assume(changed != token)
    assert LINKS.read(A_LINK.purpose, changed, MONDAY) is None


@given(st.text(max_size=200))
def test_k2_whatever_is_sent_as_a_token_is_refused_and_never_fails(text: str) -> None:
    assert all(LINKS.read(purpose, text, MONDAY) is None for purpose in Purpose)


@given(st.binary(min_size=1, max_size=64).filter(lambda key: key != KEY), ANY_LINK)
def test_k2_a_link_of_another_key_is_worth_nothing(key: bytes, link: Link) -> None:
    token = Links(key, "https://desk.example").token(link)
    assert LINKS.read(link.purpose, token, datetime(2020, 1, 1, tzinfo=UTC)) is None


@given(ANY_LINK)
def test_k6_every_link_begins_with_the_configured_address_and_nothing_else(link: Link) -> None:
    url = LINKS.url(link)
    token = LINKS.token(link)
    assert url == f"https://desk.example/help/{link.purpose}/{token}"
    parts = urlsplit(url)
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("https", "desk.example", "", "")


@pytest.mark.parametrize("base", ["https://desk.example/help", "https://desk.example/help/"])
def test_k6_a_slash_at_the_end_of_the_address_changes_nothing(base: str) -> None:
    assert Links(KEY, base).url(A_LINK) == LINKS.url(A_LINK)


def test_what_two_desks_of_one_key_sign_is_the_same_whatever_their_address() -> None:
    token = Links(KEY, "https://new.example").token(A_LINK)
    assert LINKS.read(A_LINK.purpose, token, MONDAY) == A_LINK
