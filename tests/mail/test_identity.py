"""When two mails are the same mail."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.mail.identity import content_key

NOW = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
HEADERS = (
    b"From: Ann <ann@example.org>\r\nDate: Mon, 2 Mar 2026 09:00:00 +0000\r\nMessage-ID: <1@example.org>\r\n"
)
MAIL = HEADERS + b"Subject: printer\r\n\r\nIt is on fire.\r\n\r\nAnn\r\n"

octets = st.binary(max_size=200)
text = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)


def key(raw: bytes, received_at: datetime = NOW) -> str:
    return content_key(raw, received_at)


def test_what_servers_add_on_the_way_does_not_count() -> None:
    trace = (
        b"Return-Path: <ann@example.org>\r\nDelivered-To: help@localhost\r\n"
        b"Received: from a by b\r\n\tfor <help@localhost>; Mon, 2 Mar 2026 09:00:01 +0000\r\n"
        b"ARC-Seal: i=1; a=rsa-sha256\r\nAuthentication-Results: mx; dkim=pass\r\n"
    )
    assert key(trace + MAIL) == key(MAIL)
    assert key(b"From ann@example.org Mon Mar  2 09:00:00 2026\n" + MAIL) == key(MAIL)


def test_line_ends_and_blank_lines_at_the_end_do_not_count() -> None:
    assert key(MAIL.replace(b"\r\n", b"\n")) == key(MAIL)
    assert key(MAIL + b"\r\n\r\n") == key(MAIL)
    assert key(MAIL.removesuffix(b"\r\n")) == key(MAIL)


def test_folding_does_not_count() -> None:
    folded = MAIL.replace(b"From: Ann <", b"from :  Ann\r\n\t <").replace(
        b"Message-ID: <", b"Message-Id:\r\n <"
    )
    assert key(folded) == key(MAIL)


def test_d21_the_same_message_id_with_other_words_is_another_mail() -> None:
    assert key(MAIL.replace(b"fire", b"ice!")) != key(MAIL)
    assert key(MAIL.replace(b"ann@example.org>\r\nDate", b"eve@example.org>\r\nDate")) != key(MAIL)
    assert key(MAIL.replace(b"09:00:00", b"09:00:01")) != key(MAIL)
    assert key(MAIL.replace(b"<1@", b"<2@")) != key(MAIL)
    assert key(b"From: eve@example.org\r\n" + MAIL) != key(MAIL)


def test_the_day_of_receipt_counts_only_without_message_id_and_date() -> None:
    bare = b"From: scanner@example.org\r\nReceived: from a; now\r\n\r\nScan done.\r\n"
    tomorrow = NOW + timedelta(hours=1)
    assert key(bare, tomorrow) != key(bare)
    assert key(bare, NOW + timedelta(minutes=10)) == key(bare)
    assert key(bare, NOW.astimezone(timezone(timedelta(hours=9)))) == key(bare)
    assert key(bare.replace(b"now", b"then")) != key(bare)
    assert key(b"Date:\r\nMessage-ID: \r\n" + bare, tomorrow) != key(b"Date:\r\nMessage-ID: \r\n" + bare)
    for line in (b"Message-ID: <1@x>\r\n", b"Date: today\r\n"):
        assert key(line + bare, tomorrow) == key(line + bare)


def test_a_field_in_the_body_is_body() -> None:
    quoted = HEADERS + b"\r\nMessage-ID: <2@example.org>\r\nHello\r\n"
    assert key(quoted) != key(quoted.replace(b"<2@", b"<3@"))
    assert key(quoted) != key(HEADERS + b"Message-ID: <2@example.org>\r\n\r\nHello\r\n")


def test_words_straight_after_the_headers_are_body() -> None:
    glued = HEADERS + b"this line is no header field\r\n"
    assert key(glued) != key(HEADERS)
    assert key(glued) != key(glued.replace(b"no header", b"a broken"))


def test_a_header_block_without_end_takes_no_more_than_linear_time() -> None:
    began = time.process_time()
    for raw in (
        b"From: " + b"a " * 5_000_000,
        b"x:\n" * 3_000_000,
        b"Date:" + b"\n " * 5_000_000,
        b"a" * 10_000_000,
    ):
        key(raw)
    assert time.process_time() - began < 5


@settings(deadline=None)
@given(octets, octets)
def test_two_bodies_that_differ_have_two_keys(one: bytes, other: bytes) -> None:
    def plain(body: bytes) -> bytes:
        return body.replace(b"\r\n", b"\n").rstrip(b"\n")

    assert (key(HEADERS + b"\r\n" + one) == key(HEADERS + b"\r\n" + other)) == (plain(one) == plain(other))


def test_a_field_cannot_pretend_to_be_two() -> None:
    one = b"From: a\r\nDate: bdate 1c\r\nMessage-ID: <1>\r\n\r\nbody"
    other = b"From: adate 1b\r\nDate: c\r\nMessage-ID: <1>\r\n\r\nbody"
    assert key(one) != key(other)


@settings(deadline=None)
@given(st.lists(text, min_size=3, max_size=3), st.lists(text, min_size=3, max_size=3))
def test_no_two_sets_of_fields_run_into_one_key(one: list[str], other: list[str]) -> None:
    def mail(values: list[str]) -> bytes:
        return "From: {}\r\nDate: {}\r\nMessage-ID: {}\r\n\r\nbody".format(*values).encode()

    assert (key(mail(one)) == key(mail(other))) == (one == other)


@settings(deadline=None)
@given(st.binary(max_size=2000))
def test_any_octets_have_a_key(raw: bytes) -> None:
    assert len(key(raw)) == 64
    assert key(raw.replace(b"\r\n", b"\n")) == key(raw)
