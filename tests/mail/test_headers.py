from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.mail.charsets import CODECS, decode
from bot.mail.dates import parse_date
from bot.mail.headers import decode_base64, decode_words, one_line, parameters, read_fields
from bot.mail.parts import Mail
from tests.mail.letters import letter, read


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("plain", "plain"),
        ("=?utf-8?q?caf=C3=A9?=", "café"),
        ("=?UTF-8?B?Y2Fmw6k=?=", "café"),
        ("=?iso-8859-1?Q?caf=E9_au_lait?=", "café au lait"),
        ("a =?utf-8?q?b?= c", "a b c"),
        ("=?utf-8?q?a?= =?utf-8?q?b?=", "ab"),
        ("=?utf-8?q?a?=\r\n =?utf-8?q?b?=", "ab"),
        ("=?utf-8?b?4oI=?= =?utf-8?b?rA==?=", "€"),
        ("=?utf-8*en?q?a?=", "a"),
        ("=?utf-8?q?a b?=", "a b"),
        ("=?x-none?q?a?=", "a"),
        ("=?utf-8?x?a?=", "=?utf-8?x?a?="),
        ("=?utf-8?q?never closed", "=?utf-8?q?never closed"),
        ("=?utf-8?q?a=0d=0aBcc:_x?=", "a Bcc: x"),
        ("=?utf-8?b?!!!?=", ""),
        ("Grüße", "Grüße"),
        ("=?iso-2022-jp?b?GyRCJUYlOSVIGyhC?=", "テスト"),
    ],
)
def test_encoded_words_are_decoded(field: str, text: str) -> None:
    assert read(letter(f"Subject: {field}")).subject == text


def test_raw_windows_octets_in_a_header_are_read() -> None:
    assert read(letter(body="x").replace(b"\r\n\r\n", b"\r\nSubject: caf\xe9\r\n\r\n", 1)).subject == "café"


@pytest.mark.parametrize(
    ("raw", "subject", "text"),
    [
        (b"Subject: a\n\nb", "a", "b"),
        (b"Subject: a\r\r\n\r\r\nb", "a", "b"),
        (b"Subject : a\n\nb", "a", "b"),
        (b"SUBJECT:a\n\nb", "a", "b"),
        (b"\r\n\nSubject: a\n\nb", "a", "b"),
        (b"\xef\xbb\xbfSubject: a\n\nb", "a", "b"),
        (b"From ann@x Mon Jan 1\nSubject: a\n\nb", "a", "b"),
        (b"Subject: a\n\tfolded\n\nb", "a\tfolded", "b"),
        (b"X-Broken line\nSubject: a\n\nb", "a", "b"),
        (b"Subject: a\nno empty line here", "a", "no empty line here"),
        (b"Subject: a", "a", ""),
        (b"Subject: a\r\n\r\n", "a", ""),
    ],
)
def test_header_blocks_are_read_as_they_are_found(raw: bytes, subject: str, text: str) -> None:
    message = read(raw)
    assert (message.subject.replace(" ", "\t"), message.text) == (subject.replace(" ", "\t"), text)


@pytest.mark.parametrize(
    ("value", "head", "found"),
    [
        ("text/plain; charset=utf-8", "text/plain", {"charset": "utf-8"}),
        (
            'TEXT/Plain;CHARSET="UTF-8" ; format=flowed',
            "text/plain",
            {"charset": "UTF-8", "format": "flowed"},
        ),
        ("text/plain charset=us-ascii", "text/plain", {"charset": "us-ascii"}),
        ('text/plain; charset="utf-8" format=flowed', "text/plain", {"charset": "utf-8", "format": "flowed"}),
        ("text/plain; charset", "text/plain", {}),
        ("text/plain;;; a=b", "text/plain", {"a": "b"}),
        ('x/y; name="a;b=c.txt"; d=e', "x/y", {"name": "a;b=c.txt", "d": "e"}),
        ('x/y; name="never closed', "x/y", {"name": "never closed"}),
        ('x/y; name="a "quoted" b.txt"', "x/y", {"name": 'a "quoted'}),
        ("", "", {}),
    ],
)
def test_parameters_are_read(value: str, head: str, found: dict[str, str]) -> None:
    assert parameters(value) == (head, found)


@pytest.mark.parametrize(
    ("value", "iso"),
    [
        ("Sat, 21 Nov 2026 13:00:00 +0200", "2026-11-21T11:00:00+00:00"),
        ("21 Nov 2026 13:00 GMT", "2026-11-21T13:00:00+00:00"),
        ("Sat, 21-Nov-26 13:00:00 EST", "2026-11-21T18:00:00+00:00"),
        ("Sat, 21 Nov 2026 23:59:60 -0000", "2026-11-21T23:59:59+00:00"),
        ("Sat, 21 Nov 2026 13.00.00 +0100 (CET)", "2026-11-21T12:00:00+00:00"),
        ("2026-11-21T13:00:00Z", "2026-11-21T13:00:00+00:00"),
        ("2026-11-21 13:00:00", "2026-11-21T13:00:00+00:00"),
        ("Thu, 1 Jan 70 00:00:00 UT", "1970-01-01T00:00:00+00:00"),
    ],
)
def test_dates_are_read(value: str, iso: str) -> None:
    moment = parse_date(value)
    assert moment is not None
    assert moment.isoformat() == iso


@given(st.text(max_size=80) | st.text(alphabet="0123456789:+- JanT,", max_size=40))
def test_reading_a_date_never_raises(value: str) -> None:
    moment = parse_date(value)
    assert moment is None or moment.utcoffset() is not None


@given(st.binary(max_size=200), st.sampled_from(sorted(CODECS)) | st.text(max_size=20), st.booleans())
def test_decoding_never_raises_and_gives_what_can_be_stored(data: bytes, charset: str, html: bool) -> None:  # noqa: FBT001  # drawn
    text = decode(data, charset, html=html)
    text.encode("utf-8")
    assert "\0" not in text


@given(st.binary(max_size=100))
def test_base64_never_raises(data: bytes) -> None:
    decode_base64(data)


@given(st.text(max_size=200) | st.text(alphabet="=?utf-8qQbB_ \r\n4", max_size=100))
def test_decoding_words_never_raises_and_gives_one_line(value: str) -> None:
    text = one_line(decode_words(value))
    assert not set(text) & set("\r\n\0")


@given(st.text(max_size=200) | st.text(alphabet="ab=;\"\\*01'% ", max_size=100))
def test_reading_parameters_never_raises(value: str) -> None:
    _, found = parameters(value)
    assert len(found) <= 64


@given(st.binary(max_size=300))
def test_a_header_block_ends_inside_the_mail(data: bytes) -> None:
    _, body = read_fields(data, 0, len(data))
    assert 0 <= body <= len(data)
    assert all(0 <= part.start <= part.end <= len(data) for part in Mail(data).leaves)


@pytest.mark.parametrize("junk", ["=?", "=?a?q?", "=?utf-8?q?=41?= ", "=?utf-8?b?QQ", "?="])
def test_c3_decoding_a_header_takes_linear_time(junk: str) -> None:
    start = time.process_time()
    decode_words(junk * (8_192 // len(junk)))
    assert time.process_time() - start < 0.1
