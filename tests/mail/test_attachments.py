from __future__ import annotations

import base64
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.mail.attachments import NAME_LIMIT, safe_name
from tests.mail.letters import multipart, read


def _file(*fields: str, content: bytes = b"content") -> bytes:
    return "\r\n".join(fields).encode() + b"\r\n\r\n" + content


def test_a_file_has_its_name_type_size_and_content() -> None:
    content = bytes(range(256)) * 10
    part = _file(
        "Content-Type: image/png; name=x.png",
        "Content-Transfer-Encoding: base64",
        "Content-Disposition: attachment; filename=picture.png",
        content=base64.encodebytes(content),
    )
    (file,) = read(multipart("mixed", "\r\nhi", part)).attachments
    assert (file.name, file.media_type, file.size, file.inline) == ("picture.png", "image/png", 2560, False)
    assert file.content == content
    assert file.sha256 == sha256(content).hexdigest()


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ('Content-Disposition: attachment; filename="=?utf-8?q?=C3=A9t=C3=A9.pdf?="', "été.pdf"),
        ("Content-Disposition: attachment; filename*=utf-8''%C3%A9t%C3%A9.pdf", "été.pdf"),
        ("Content-Disposition: attachment; filename*=iso-8859-1'fr'%E9t%E9.pdf", "été.pdf"),
        (
            'Content-Disposition: attachment; filename*0="a very "; filename*1="long name.pdf"',
            "a very long name.pdf",
        ),
        ("Content-Disposition: attachment; filename*1*=%C3%A9.pdf; filename*0*=utf-8''%C3%A9t", "été.pdf"),
        ("Content-Disposition: attachment; filename=my report.pdf", "my report.pdf"),
        ('Content-Disposition: attachment; filename="a\\"b.pdf"', "a_b.pdf"),
        ('Content-Disposition: attachment; filename="a;b.pdf"', "a;b.pdf"),
        ("Content-Disposition: attachment; filename=plain.pdf; filename*=utf-8''better.pdf", "better.pdf"),
        ("Content-Type: application/pdf; name=only.pdf", "only.pdf"),
        ("Content-Type: application/pdf", "attachment-1.pdf"),
    ],
)
def test_names_are_read_in_every_encoding_that_programs_use(field: str, name: str) -> None:
    fields = (field,) if field.startswith("Content-Type") else ("Content-Type: application/pdf", field)
    (file,) = read(multipart("mixed", "\r\nhi", _file(*fields))).attachments
    assert file.name == name


@pytest.mark.parametrize(
    ("given_name", "safe"),
    [
        ("../../etc/passwd\0.png", "passwd.png"),
        ("C:\\Users\\x\\report.doc", "report.doc"),
        ("C:\\x", "x"),
        ("/etc/passwd", "passwd"),
        ("con.txt", "_con.txt"),
        ("LPT1", "_LPT1"),
        ("a\r\nX: y", "a X_ y"),
        ("..", ""),
        (" . ", ""),
        ("invoice\u202egnp.exe", "invoicegnp.exe"),
        ("25/03/2026.pdf", "25_03_2026.pdf"),
        ("x" * 5_000 + ".pdf", "x" * (NAME_LIMIT - 4) + ".pdf"),
        ("报告.pdf", "报告.pdf"),
    ],
)
def test_c7_a_name_can_be_shown_and_saved(given_name: str, safe: str) -> None:
    assert safe_name(given_name) == safe


@given(st.text(max_size=400) | st.text(alphabet="./\\:\0\r\n aC\u202e", max_size=60))
def test_c7_no_name_is_a_path_or_breaks_a_header(name: str) -> None:
    safe = safe_name(name)
    assert len(safe) <= NAME_LIMIT
    assert not set(safe) & set('/\\:"<>|?*\r\n\0')
    assert safe not in {".", ".."}
    assert safe_name(safe) == safe


def test_pictures_inside_the_text_are_marked() -> None:
    picture = _file("Content-Type: image/png", "Content-ID: <p@x>")
    html = _file("Content-Type: text/html", content=b"<img src=cid:p@x>")
    (file,) = read(multipart("related", html, picture)).attachments
    assert file.inline


def test_c8_c9_archives_and_documents_are_kept_as_octets() -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbb">]><a>&b;</a>'
    parts = [
        _file("Content-Type: application/zip", content=b"PK\x03\x04"),
        _file("Content-Type: image/svg+xml", content=bomb),
    ]
    assert [file.content for file in read(multipart("mixed", *parts)).attachments] == [b"PK\x03\x04", bomb]


def test_c12_an_invitation_is_an_attachment() -> None:
    invite = _file("Content-Type: text/calendar; method=REQUEST", content=b"BEGIN:VCALENDAR")
    message = read(multipart("alternative", "\r\nCome", invite))
    assert message.text == "Come"
    assert [file.name for file in message.attachments] == ["attachment-1.ics"]


def test_a_mail_within_the_mail_is_a_file_named_after_its_subject() -> None:
    inner = _file(
        "Content-Type: message/rfc822", content=b"Subject: The old one\r\nFrom: x@y.example\r\n\r\nold words"
    )
    message = read(multipart("mixed", "\r\nsee this", inner))
    assert message.text == "see this"
    assert [file.name for file in message.attachments] == ["The old one.eml"]


def test_a_signature_over_the_mail_is_no_file_of_the_person() -> None:
    signature = _file("Content-Type: application/pgp-signature")
    assert read(multipart("signed", "\r\nwords", signature)).attachments == ()
