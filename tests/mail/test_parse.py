from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from bot.errors import HeldError
from bot.mail.parse import Unreadable, parse_mail
from bot.message import Automation, IncomingMessage, Party
from tests.mail.letters import RECEIVED, letter, multipart, payload, read

ROOT = Path(__file__).parents[2]
PLAIN = letter(
    "To: Help <help@desk.example>",
    "Cc: bob@example.com",
    "Subject: My printer is on fire",
    "Date: Sat, 21 Nov 2026 13:00:00 +0200",
    "Message-ID: <one@example.com>",
    "Content-Language: it-IT",
    body="It burns.\r\n",
)


def test_a_plain_mail_gives_its_facts() -> None:
    message = read(PLAIN, mail_from="ann@example.com", rcpt_to=["help@desk.example", "blind@desk.example"])
    assert message == IncomingMessage(
        channel="mail",
        external_id="one@example.com",
        sender=Party("email", "ann@example.com", "Ann"),
        recipients=(
            Party("email", "help@desk.example", "Help"),
            Party("email", "bob@example.com"),
            Party("email", "blind@desk.example"),
        ),
        subject="My printer is on fire",
        text="It burns.\n",
        reply_text=message.reply_text,
        received_at=RECEIVED,
        sent_at=datetime(2026, 11, 21, 11, 0, tzinfo=UTC),
        language="it-IT",
    )
    assert message.reply_text.strip() == "It burns."


def test_the_message_survives_the_way_out_of_the_child() -> None:
    message = read(multipart("mixed", "\r\nwords", "Content-Type: image/png\r\n\r\npng"))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(message), type=IncomingMessage) == message


@pytest.mark.parametrize("raw", [b"", b"\r\n", b" \n\t\n"])
def test_an_empty_mail_is_held_with_a_reason_from_the_closed_list(raw: bytes) -> None:
    with pytest.raises(HeldError) as held:
        parse_mail(payload(raw))
    assert held.value.reason == Unreadable.EMPTY


def test_c16_a_mail_without_any_header_is_still_readable() -> None:
    message = read(b"My printer burns\n\nplease help\n")
    assert message.text == "My printer burns\n\nplease help\n"
    assert message.sender == Party("email", "")
    assert message.external_id == ""
    assert message.sent_at is None
    assert "no sender's address" in message.oddities


def test_the_sender_is_never_taken_from_reply_to() -> None:
    assert read(letter("Reply-To: evil@example.net")).sender.address == "ann@example.com"


def test_c13_two_from_headers_are_noted() -> None:
    message = read(letter("From: evil@example.net"))
    assert message.sender.address == "ann@example.com"
    assert "two From headers" in message.oddities


def test_d8_two_addresses_in_from_are_noted() -> None:
    message = read(letter(sender="ann@example.com, evil@example.net"))
    assert "more than one address in From" in message.oddities


def test_thread_keys_are_nearest_first() -> None:
    raw = letter(
        "To: help+t0k@desk.example, other@desk.example",
        "In-Reply-To: <c@x>",
        "References: <a@x> <b@x>\r\n <c@x>",
    )
    message = read(raw, rcpt_to=["help+en.v@desk.example"])
    assert message.thread_keys == ("c@x", "b@x", "a@x")


def test_of_very_long_references_the_nearest_are_kept() -> None:
    ids = [f"{number:05}.{'x' * 80}@example.com" for number in range(300)]
    keys = read(letter("References: " + "\r\n ".join(f"<{name}>" for name in ids))).thread_keys
    assert keys[:3] == (ids[-1], ids[-2], ids[-3])
    assert len(keys) <= 100


def test_ids_without_angle_brackets_or_folded_inside_are_read() -> None:
    message = read(
        letter("Message-ID: bare@example.com", "In-Reply-To: <long-\r\n id@example.com> (of Monday)")
    )
    assert message.external_id == "bare@example.com"
    assert message.thread_keys == ("long-id@example.com",)


def test_a_delivered_to_address_is_a_recipient() -> None:
    raw = letter(
        "To: list@example.com", "Delivered-To: help@desk.example", "X-Original-To: Help@DESK.example"
    )
    assert [party.address for party in read(raw).recipients] == ["list@example.com", "help@desk.example"]


def test_e10_hops_are_counted() -> None:
    assert read(letter(*["Received: from a by b; now"] * 60)).hops == 60


def test_e1_our_own_loop_header_is_told_as_it_stands() -> None:
    message = read(letter("X-Deskbot-Loop: abc.def"))
    assert message.loop == "abc.def"
    assert message.automation is Automation.OURSELVES


def test_d13_other_headers_of_ours_from_outside_change_nothing() -> None:
    spoofed = read(letter("X-Deskbot-Ticket: 7", "X-Deskbot-Role: agent", "X-Deskbot-Authenticated: pass"))
    assert spoofed == read(letter())


@pytest.mark.parametrize(
    "field",
    [
        "Message-ID: <>",
        'To: "',
        "Cc: <",
        "Date: Mon, 1 Jan 99999999999999999999 00:00:00 +0000",
        "Date: Sat, 31 Feb 2026 99:99:99 +9999",
        "Content-Type: text/plain; charset=\0utf-8",
        "Content-Type: text/plain; charset=zlib",
        "Content-Type: ;;;=",
        "Content-Transfer-Encoding: \0",
        "Subject: =?utf-8?q?a=0d=0aBcc:_evil@example.net?=",
        "References: <<<>>>",
        "Content-Disposition: attachment; filename*0*=%zz; filename*9999999999999=x",
    ],
)
def test_c4_a_header_that_breaks_its_reader_still_gives_a_message(field: str) -> None:
    message = read(letter(field))
    assert message.sender.address == "ann@example.com"
    assert "\n" not in message.subject
    assert message.text.strip() == "Hello"


@pytest.mark.parametrize(
    "sender", ["<", '"', "=?utf-8?q?a=0d=0aBcc:_evil@example.net?= <a@example.com>", "\0"]
)
def test_c4_a_from_that_breaks_its_reader_still_gives_a_message(sender: str) -> None:
    message = read(letter(sender=sender))
    assert "\n" not in message.sender.name
    assert "\r" not in message.sender.name


def test_c6_what_no_database_takes_is_removed_everywhere() -> None:
    raw = multipart(
        "mixed",
        b"Content-Type: text/plain\r\n\r\nbo\0dy \xff\xed\xa0\x80",
        b'Content-Type: image/png; name="a\0\xff.png"\r\n\r\npng',
        fields=("Subject: a\0b \udcff", "Message-ID: <a\0b@x>"),
    )
    message = read(raw)
    written = [
        message.subject,
        message.text,
        message.external_id,
        *(file.name for file in message.attachments),
    ]
    for text in written:
        text.encode("utf-8")
        assert not any(ord(letter) < 32 and letter not in "\n\t" for letter in text)


@pytest.mark.parametrize(
    ("date", "year"), [("1 Jan 2099 00:00:00 +0000", 2099), ("Thu, 1 Jan 70 00:00:00 GMT", 1970)]
)
def test_c20_a_strange_date_is_shown_and_does_not_move_the_receipt(date: str, year: int) -> None:
    message = read(letter(f"Date: {date}"))
    assert message.sent_at is not None
    assert message.sent_at.year == year
    assert message.received_at == RECEIVED


def test_a_plain_mail_is_read_in_well_under_half_a_millisecond() -> None:
    raw = PLAIN + b"The printer on the second floor is on fire, please send help soon.\r\n" * 25
    taken = []
    for _ in range(50):
        start = time.process_time()
        read(raw, mail_from="ann@example.com", rcpt_to=["help@desk.example"])
        taken.append(time.process_time() - start)
    assert min(taken) < 0.0005  # measured: 0.12 ms


def test_a_child_that_reads_plain_mail_carries_no_heavy_library() -> None:
    code = (
        "import sys\nfrom tests.mail.letters import letter, read\nread(letter('Subject: x'))\n"
        "print(sorted({'email', 'html', 'html.parser', 'hashlib', 'ssl', 'socket', 'bot.mail.html_text'} & set(sys.modules)))"
    )
    child = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True, timeout=60
    )
    assert child.stdout.strip() == "[]"
