from __future__ import annotations

import base64
import quopri

import pytest

from bot.mail.bodies import unflow
from tests.mail.letters import letter, multipart, read

HTML = "Content-Type: text/html; charset=utf-8\r\n\r\n<p>Hello <b>there</b></p>"


def test_the_plain_alternative_is_the_text_and_the_html_is_kept() -> None:
    message = read(multipart("alternative", "Content-Type: text/plain\r\n\r\nHello there", HTML))
    assert message.text == "Hello there"
    assert message.html == "<p>Hello <b>there</b></p>"
    assert message.attachments == ()


def test_html_becomes_readable_text_when_there_is_no_plain_part() -> None:
    assert read(multipart("alternative", "Content-Type: text/plain\r\n\r\n \r\n", HTML)).text == "Hello there"
    assert read(multipart("mixed", HTML)).text == "Hello there"


def test_all_text_parts_are_joined_in_their_order() -> None:
    message = read(multipart("mixed", "\r\nfirst", "Content-Type: image/png\r\n\r\npng", "\r\nsecond", HTML))
    assert message.text.split() == ["first", "second", "Hello", "there"]
    assert [file.media_type for file in message.attachments] == ["image/png"]


def test_text_under_a_name_is_a_file() -> None:
    message = read(multipart("mixed", "\r\nwords", 'Content-Type: text/plain; name="log.txt"\r\n\r\nline'))
    assert message.text == "words"
    assert [file.name for file in message.attachments] == ["log.txt"]


@pytest.mark.parametrize(
    ("encoding", "octets"),
    [
        ("base64", base64.encodebytes("Grüße\n".encode())),
        ("BASE64", b"R3LDvMOfZQo"),
        ("quoted-printable", quopri.encodestring("Grüße\n".encode())),
        ("8bit", "Grüße\n".encode()),
        ("binary", "Grüße\n".encode()),
        ("x-unknown", "Grüße\n".encode()),
    ],
)
def test_transfer_encodings_are_undone(encoding: str, octets: bytes) -> None:
    raw = letter(
        "Content-Type: text/plain; charset=utf-8", f"Content-Transfer-Encoding: {encoding}", body=octets
    )
    assert read(raw).text.strip() == "Grüße"


@pytest.mark.parametrize(
    ("charset", "octets", "text"),
    [
        ("gb2312", "镕".encode("gb18030"), "镕"),
        ("ks_c_5601-1987", "똠".encode("cp949"), "똠"),
        ("iso-8859-1", b"\x80 100", "€ 100"),
        ("iso-2022-jp", "日本".encode("iso-2022-jp"), "日本"),
        ("iso-2022-jp", b"\x1b$B-b\x1b(B", "№"),
        ("x-unknown", "é".encode(), "é"),
        ("x-unknown", b"\xe9", "é"),
        ("", "é".encode(), "é"),
        ("us-ascii", b"\xe9", "é"),
        ("iso-8859-1", "é".encode(), "é"),
        ("utf-8", b"caf\xe9", "café"),
        ("utf-7", b"Fr+APY-sche", "Frösche"),
        ("windows-1251", "Привет".encode("cp1251"), "Привет"),
        ("shift_jis", "①".encode("cp932"), "①"),
    ],
)
def test_c17_charsets_are_read_as_they_are_meant(charset: str, octets: bytes, text: str) -> None:
    kind = f"Content-Type: text/plain; charset={charset}" if charset else "Content-Type: text/plain"
    assert read(letter(kind, body=octets)).text == text


def test_c17_utf_7_is_not_believed_in_html() -> None:
    raw = letter("Content-Type: text/html; charset=utf-7", body="+ADw-script+AD4-")
    assert read(raw).html == "+ADw-script+AD4-"


@pytest.mark.parametrize(
    "charset", ["zlib", "undefined", "idna", "punycode", "rot13", "hex", "unicode_escape", "utf-32"]
)
def test_c5_a_charset_that_is_none_still_gives_text(charset: str) -> None:
    message = read(letter(f"Content-Type: text/plain; charset={charset}", body=b"\xff\xfe garbage" * 10_000))
    assert message.text


def test_c17_flowed_text_is_joined_and_quotes_and_signature_kept_apart() -> None:
    flowed = "A long \nline\n> a quoted \n> line\n>> deeper \nnot the same\n-- \nAnn"
    assert unflow(flowed) == "A long line\n> a quoted line\n>> deeper \nnot the same\n-- \nAnn"
    assert unflow("\u65e5 \n\u672c", delsp=True) == "\u65e5\u672c"


def test_c19_external_and_partial_bodies_are_kept_as_they_are() -> None:
    part = 'Content-Type: message/external-body; access-type=URL; URL="http://127.0.0.1:9/"\r\n\r\nContent-Type: x/y\r\n'
    assert [file.media_type for file in read(multipart("mixed", "\r\nhi", part)).attachments] == [
        "message/external-body"
    ]


def test_c18_text_and_html_that_differ_are_both_kept() -> None:
    message = read(multipart("alternative", "\r\n#close", "Content-Type: text/html\r\n\r\n<p>other</p>"))
    assert (message.text, message.html) == ("#close", "<p>other</p>")


@pytest.mark.parametrize(
    ("label", "text", "encoding"),
    [("csISOLatin2", "zażółć", "iso8859-2"), ("windows1251", "огонь", "cp1251"), ("x-iso-8859-7", "φωτιά", "iso8859-7"), ("thai", "ไฟ", "cp874"),
     ("cp20866", "огонь", "koi8-r"), ("x-mac-japanese", "火事", "cp932"), ("iso-ir-149", "불", "cp949"), ("gb18030-2000", "火", "gb18030"),
     ("visual", "אש", "iso8859-8"), ("ISO_8859-1:1987", "über", "latin-1"), ("roman8", "über", "hp-roman8")],
)  # fmt: skip
def test_c17_charsets_are_known_by_the_names_that_programs_give_them(
    label: str, text: str, encoding: str
) -> None:
    raw = letter(f"Content-Type: text/plain; charset={label}", body=text.encode(encoding))
    assert read(raw).text == text
