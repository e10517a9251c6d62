"""The small mail that stands for one that was not taken."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from bot.channels.imap_stub import stub, too_large, unreadable
from bot.mail.identity import content_key
from bot.mail.parse import parse_mail
from bot.message import Payload
from tests.channels.imap_world import mail

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
NOTE = unreadable("support", "Failed")
LINES = st.lists(
    st.sampled_from(
        [
            b"Subject: hello",
            b"Content-Type: multipart/mixed;",
            b' boundary="x"',
            b"Content-Transfer-Encoding: base64",
            b"MIME-Version: 1.0",
            b"From: ada@example.com",
            b"no header at all",
            b"",
            b"\xff\x00",
        ]
    )
)


def read(raw: bytes) -> tuple[str, str, str]:
    message = parse_mail(Payload("support", "key", raw, NOW))
    return message.sender.address, message.subject, message.text


def test_it_keeps_who_wrote_and_about_what_and_says_why() -> None:
    head = mail(1, Content_Type="multipart/mixed; boundary=x", Content_Transfer_Encoding="base64")
    sender, subject, text = read(stub(head, too_large(40_000_000, 26_214_400, "support", "Processed")))
    assert (sender, subject) == ("ada@example.com", "Request 1")
    assert "40.0 MB" in text
    assert "Processed" in text


def test_a_mail_without_a_header_has_the_note_alone() -> None:
    assert read(stub(b"", NOTE))[2].strip() == NOTE


def test_the_same_mail_has_the_same_stand_in_and_another_has_another() -> None:
    keys = {content_key(stub(mail(n), NOTE), NOW) for n in (1, 1, 2)}
    assert len(keys) == 2


@given(LINES, st.sampled_from([b"\r\n", b"\n", b"\r"]))
def test_whatever_the_header_the_note_can_be_read(lines: list[bytes], end: bytes) -> None:
    assert NOTE in read(stub(end.join(lines) + end, NOTE))[2]


@given(st.binary(max_size=2000))
def test_whatever_the_octets_a_stand_in_is_made(head: bytes) -> None:
    assert NOTE.encode() in stub(head, NOTE)
