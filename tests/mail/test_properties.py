"""Whatever octets arrive, reading them gives a message that can be stored, or a held mail."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.errors import HeldError
from bot.mail import describe
from bot.mail.parse import Unreadable, parse_mail
from bot.message import IncomingMessage
from tests.mail.letters import letter, multipart, payload

SEEDS = [
    letter(
        "To: help@desk.example", "Subject: =?utf-8?q?caf=C3=A9?=", "Date: Sat, 21 Nov 2026 13:00:00 +0000"
    ),
    multipart(
        "alternative", "\r\nplain", "Content-Type: text/html\r\n\r\n<p>rich</p><blockquote>old</blockquote>"
    ),
    multipart(
        "mixed",
        "\r\nwords\r\n\r\nOn Mon, 2 Nov 2026 Ann <a@x.example> wrote:\r\n> old",
        "Content-Type: image/png; name*0*=utf-8''%C3%A9; name*1=.png\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA",
        "Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nx",
        fields=("References: <a@x> <b@x>", "Auto-Submitted: no", 'Cc: "B, b" <b@x.example>, c@x.example (c)'),
    ),
    multipart(
        "report; report-type=delivery-status",
        "\r\nfailed",
        "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\nFinal-Recipient: rfc822; a@x.example\r\nAction: failed",
    ),
    letter(
        "Content-Type: text/plain; charset=iso-2022-jp; format=flowed", body='\x1b$B$"\x1b(B \r\n> a \r\n> b'
    ),
]

PIECES = st.sampled_from(
    [b"\0", b"\r", b"\n", b"\r\n\r\n", b"--=_b", b"--=_b--", b"=?utf-8?b?", b"?=", b'"', b"<", b">", b"(", b"@", b";", b"=",
     b"\xff\xfe", b"\xed\xa0\x80", b"Content-Type: multipart/mixed; boundary==_b\r\n\r\n", b"charset=utf-7", b"+2AA-",
     b"Content-Transfer-Encoding: base64\r\n", b"%", b"*0*=", b"\x1b$B", b"From: x@y.example\r\n"]
)  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A real-looking mail with pieces cut out, put in and repeated."""
    raw = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(raw)))
        to = draw(st.integers(at, min(len(raw), at + 40)))
        piece = draw(PIECES | st.binary(max_size=8) | st.just(raw[at:to] * 2))
        raw = raw[:at] + piece + raw[to:]
    return raw


def _holds(raw: bytes, **envelope: object) -> None:
    try:
        message = parse_mail(payload(raw, **envelope))
    except HeldError as error:
        assert error.reason == Unreadable.EMPTY  # noqa: PT017  # nothing else has a reason to be held
        return
    packed = msgspec.msgpack.encode(message)
    assert msgspec.msgpack.decode(packed, type=IncomingMessage) == message
    texts = [
        message.subject,
        message.text,
        message.reply_text,
        message.html or "",
        message.sender.name,
        message.loop,
    ]
    texts += [
        message.sender.address,
        message.external_id,
        *message.thread_keys,
        *message.oddities,
        message.automation_sign,
    ]
    texts += [text for party in message.recipients for text in (party.name, party.address)]
    texts += [text for file in message.attachments for text in (file.name, file.media_type)]
    for text in texts:
        text.encode("utf-8")
        assert "\0" not in text
    for line in (message.subject, message.sender.name, message.sender.address, *message.thread_keys):
        assert not set(line) & set("\r\n")
    assert msgspec.json.encode(describe(raw))


@given(st.binary(max_size=400))
@example(b"\0")
@example(b":")
@example(b"Content-Type: multipart/mixed; boundary=\n\n--\n--\n----")
def test_any_octets_give_a_message_that_can_be_stored_or_are_held(raw: bytes) -> None:
    _holds(raw)


@given(mutated())
def test_a_damaged_mail_gives_a_message_that_can_be_stored(raw: bytes) -> None:
    _holds(raw)


@given(st.text(max_size=80), st.lists(st.text(max_size=60), max_size=4))
def test_any_envelope_is_borne(mail_from: str, rcpt_to: list[str]) -> None:
    _holds(SEEDS[0], mail_from=mail_from, rcpt_to=rcpt_to)


@pytest.mark.fuzz
@settings(max_examples=20_000, deadline=None)
@given(mutated())
def test_many_damaged_mails_give_messages_that_can_be_stored(raw: bytes) -> None:
    _holds(raw)


@given(
    st.text(alphabet=st.characters(exclude_categories=["Cc", "Cs"]), max_size=200),
    st.sampled_from(["utf-8", "utf-16", "gb18030", "utf-7"]),
)
def test_what_is_written_in_a_charset_is_read_back(text: str, charset: str) -> None:
    raw = letter(f"Content-Type: text/plain; charset={charset}", body=text.encode(charset))
    if raw.strip():
        assert parse_mail(payload(raw)).text == text.removeprefix("\ufeff")
