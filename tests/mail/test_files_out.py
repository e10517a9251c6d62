"""Files that go out with a mail: the same octets under the same names, and no way for a name to be more."""

from __future__ import annotations

import hashlib
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.mail.attachments import safe_name
from bot.mail.compose import Words, compose
from bot.mail.parse import parse_mail
from bot.message import Attachment, Payload
from tests.mail.test_compose import ALLOWED, DESK, HOSTILE, NOW, WORDS, content, message


def file(name: str, octets: bytes = b"x", media_type: str = "application/pdf") -> Attachment:
    return Attachment(name, media_type, len(octets), hashlib.sha256(octets).hexdigest(), octets)


def sent(*files: Attachment, words: Words = WORDS) -> EmailMessage:
    parsed = message_from_bytes(compose(message(attachments=files), DESK, words).raw, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


@given(st.lists(st.tuples(st.text(max_size=250), st.binary(max_size=3000)), min_size=1, max_size=4))
@example([("report (1).pdf", b"\r\n.\r\n--=_files\n\x00")])
@example([("打印机着火了" * 30 + ".pdf", b"")])
@example([("a\"b\\c;d=e%20'.pdf", b"x" * 58)])
@example([("", b"nameless")])
def test_the_standard_library_reads_back_the_very_same_files(given_files: list[tuple[str, bytes]]) -> None:
    parsed = sent(*(file(name, octets) for name, octets in given_files))
    found = list(parsed.iter_attachments())
    assert [part.get_payload(decode=True) for part in found] == [octets for _, octets in given_files]
    wanted = [safe_name(name) or f"attachment-{number}" for number, (name, _) in enumerate(given_files, 1)]
    assert [part.get_filename() for part in found] == wanted
    assert all(part.get_content_disposition() == "attachment" for part in found)
    assert not parsed.defects


@given(st.text(max_size=250), st.binary(max_size=500))
def test_our_own_reader_finds_what_we_sent(name: str, octets: bytes) -> None:
    mail = compose(message(attachments=(file(name, octets),)), DESK, WORDS)
    (found,) = parse_mail(Payload("mail", "k", mail.raw, NOW)).attachments
    assert (found.name, found.content) == (safe_name(name) or "attachment-1", octets)


@pytest.mark.parametrize("name", HOSTILE)
def test_f1_the_name_of_a_file_makes_no_header(name: str) -> None:
    mail = compose(message(attachments=(file(name, media_type=name),)), DESK, WORDS)
    parsed = message_from_bytes(mail.raw, policy=policy.default)
    assert set(parsed.keys()) <= ALLOWED
    assert isinstance(parsed, EmailMessage)
    (part,) = parsed.iter_attachments()
    assert set(part.keys()) == {"Content-Type", "Content-Disposition", "Content-Transfer-Encoding"}
    assert part.get_content_type() == "application/octet-stream"
    assert max(map(len, mail.raw.split(b"\r\n"))) <= 998
    assert b"\n" not in mail.raw.replace(b"\r\n", b"")


@pytest.mark.parametrize(
    ("given_type", "written"),
    [
        ("image/png", "image/png"),
        ("text/html", "text/html"),
        ("message/rfc822", "application/octet-stream"),
        ("multipart/mixed", "application/octet-stream"),
        ("IMAGE/PNG", "image/png"),
        ("text/html; charset=x", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
def test_a_file_has_its_type_and_is_never_shown_inside_the_text(given_type: str, written: str) -> None:
    parsed = sent(file("x.html", b"<script>alert(1)</script>", given_type))
    (part,) = parsed.iter_attachments()
    assert part.get_content_type() == written
    assert part.get_content_disposition() == "attachment"


def test_the_text_stands_before_the_files_in_both_its_forms() -> None:
    mail = compose(message(attachments=(file("a.pdf"), file("b.pdf"))), DESK, WORDS)
    parsed = message_from_bytes(mail.raw, policy=policy.default)
    assert parsed.get_content_type() == "multipart/mixed"
    assert [part.get_content_type() for part in parsed.get_payload()] == [  # type: ignore[union-attr]  # a list of parts
        "multipart/alternative",
        "application/pdf",
        "application/pdf",
    ]
    assert content(mail) == "Hello\n"
    assert content(mail, "html") == "<p>Hello</p>\n"


def test_a_text_that_speaks_of_boundaries_ends_nothing() -> None:
    token = message().token
    text = f"--=_files.{token[-40:]}--\n--=_{token[-40:]}--\nend\n"
    mail = compose(
        message(attachments=(file("a.pdf", b"octets"),)), DESK, Words("x", text, f"<p>{text}</p>\n")
    )
    assert content(mail) == text
    parsed = message_from_bytes(mail.raw, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    assert [part.get_payload(decode=True) for part in parsed.iter_attachments()] == [b"octets"]
