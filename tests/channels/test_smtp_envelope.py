"""Who may be written to, and what an address may look like."""

from __future__ import annotations

import logging
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.smtp_address import OwnAddresses, hides_something, read_path
from tests.channels.smtp_peer import MAIL, Inbox, client, open_door

OWN = ("help@localhost", "Support@Desk.example", "me+desk@desk.example", "帮助@例え.jp")


@pytest.mark.parametrize(
    "recipient",
    [
        "help@localhost",
        "HELP@LocalHost",
        "help+token-123.=/@localhost",
        "help+a+b@localhost",
        "support@desk.example",
        "me+desk@desk.example",
        "me+desk+token@desk.example",
        "帮助@例え.jp",
        "帮助@xn--r8jz45g.jp",
        "帮助+x@例え.JP",
    ],
)
def test_a9_our_own_addresses_are_taken(recipient: str) -> None:
    path = read_path(f"<{recipient}>")
    assert path is not None
    assert OwnAddresses(OWN).refusal(path) is None


@pytest.mark.parametrize(
    "recipient",
    [
        "x@gmail.com",
        "help@gmail.com",
        '"a@gmail.com"@localhost',
        '"help"@localhost',
        "a%gmail.com@localhost",
        "help%gmail.com@localhost",
        "gmail.com!help@localhost",
        "@localhost:a@gmail.com",
        "@gmail.com:help@localhost",
        "help@[127.0.0.1]",
        "help@sub.localhost",
        "help@localhost.example",
        "help@xn--zzzzzz",
    ],
)
async def test_a9_nobody_elses_mail_is_relayed(recipient: str) -> None:
    inbox = Inbox()
    async with open_door(inbox.accept, addresses=OWN) as door, client(door.port) as peer:
        await peer.say(b"MAIL FROM:<ann@example.org>")
        assert (await peer.say(f"RCPT TO:<{recipient}>".encode())).startswith(b"550 5.7.1 ")
        assert (await peer.say(b"DATA")).startswith(b"503")
    assert inbox.payloads == []


@pytest.mark.parametrize(
    "recipient", ["nosuch@localhost", "help-token@localhost", "+help@localhost", "me@desk.example"]
)
async def test_a10_an_unknown_recipient_is_refused_at_once(recipient: str) -> None:
    async with open_door(Inbox().accept, addresses=OWN) as door, client(door.port) as peer:
        await peer.say(b"MAIL FROM:<ann@example.org>")
        assert (await peer.say(f"RCPT TO:<{recipient}>".encode())).startswith(b"550 5.1.1 ")


async def test_a10_the_other_recipients_of_a_mail_still_count() -> None:
    inbox = Inbox()
    async with open_door(inbox.accept) as door, client(door.port) as peer:
        await peer.say(b"MAIL FROM:<ann@example.org>")
        await peer.say(b"RCPT TO:<nosuch@localhost>")
        await peer.say(b"RCPT TO:<help@localhost>")
        await peer.say(b"DATA")
        assert (await peer.say(MAIL + b".")).startswith(b"250")
    assert inbox.payloads[0].envelope["rcpt_to"] == ["help@localhost"]


@pytest.mark.parametrize(
    "sender",
    [
        b'"a\rb"@x.example',
        b"a\0b@x.example",
        b"a\x1bb@x.example",
        b"a\x7fb@x.example",
        "a\u202eb@x.example".encode(),
        "a\u2066b@x.example".encode(),
        "a\u0085b@x.example".encode(),
        "a\u200bb@x.example".encode(),
        "a@x\ufeff.example".encode(),
        b'"a\nb"@x.example',
        b"a\xffb@x.example",
    ],
)
@pytest.mark.parametrize("parameters", [b"", b" SMTPUTF8"])
async def test_a18_control_and_hidden_characters_in_addresses_are_refused(
    sender: bytes, parameters: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with open_door(Inbox().accept) as door, client(door.port) as peer:
        for command in (b"MAIL FROM:", b"RCPT TO:"):
            answer = await peer.say(command + b"<" + sender + b">" + parameters)
            assert answer[:3] in (b"553", b"501", b"500", b"503")
    assert all(text.isprintable() for record in caplog.records for text in map(str, vars(record).values()))


async def test_a18_a_refused_sender_leaves_nothing_behind() -> None:
    inbox = Inbox()
    async with open_door(inbox.accept) as door, client(door.port) as peer:
        assert (await peer.say("MAIL FROM:<a\u202e@x>".encode())).startswith(b"553 5.1.7 ")
        assert (await peer.say(b"RCPT TO:<help@localhost>")).startswith(b"503")
        assert (await peer.mail()).startswith(b"250")
    assert inbox.payloads[0].envelope["mail_from"] == "ann@example.org"


async def test_a19_the_null_sender_is_taken_and_told_apart() -> None:
    inbox = Inbox()
    async with open_door(inbox.accept) as door, client(door.port) as peer:
        await peer.envelope(sender=b"<>")
        await peer.say(b"DATA")
        assert (await peer.say(MAIL + b".")).startswith(b"250")
        assert (await peer.say(b"MAIL FROM:<> BODY=8BITMIME SIZE=100")).startswith(b"250")
        assert (await peer.say(b"RCPT TO:<>")).startswith(b"501")
    assert inbox.payloads[0].envelope["mail_from"] == ""


async def test_a20_addresses_beyond_ascii_need_smtputf8() -> None:
    inbox = Inbox()
    async with open_door(inbox.accept, addresses=OWN) as door, client(door.port) as peer:
        assert b"250-SMTPUTF8\r\n" in await peer.hello()
        assert (await peer.say("MAIL FROM:<用户@例え.jp>".encode())).startswith(b"553 5.6.7 ")
        await peer.say(b"MAIL FROM:<ann@example.org>")
        assert (await peer.say("RCPT TO:<帮助@例え.jp>".encode())).startswith(b"553 5.6.7 ")
        await peer.say(b"RSET")
        await peer.envelope("<用户@例え.jp> SMTPUTF8".encode(), "<帮助@例え.jp>".encode())
        await peer.say(b"DATA")
        assert (await peer.say(MAIL + b".")).startswith(b"250")
    envelope = inbox.payloads[0].envelope
    assert (envelope["mail_from"], envelope["rcpt_to"]) == ("用户@例え.jp", ["帮助@例え.jp"])
    assert envelope["smtputf8"] is True


@pytest.mark.parametrize(
    ("command", "status"),
    [
        (b"MAIL", b"501 5.5.4"),
        (b"MAIL FROM:", b"501 5.5.4"),
        (b"MAIL FROM:ann@example.org", b"501 5.5.4"),
        (b"MAIL FROM:<ann>", b"501 5.5.4"),
        (b"MAIL FROM:<ann@>", b"501 5.5.4"),
        (b"MAIL FROM:<@example.org>", b"501 5.5.4"),
        (b"MAIL FROM:<ann@-example..org>", b"501 5.5.4"),
        (b"MAIL FROM:<ann@example.org", b"501 5.5.4"),
        (b"MAIL FROM:<ann@example.org>x", b"501 5.5.4"),
        (b"MAIL FROM:<a b@example.org>", b"501 5.5.4"),
        (b"MAIL FROM:<@relay:ann@example.org>", b"553 5.1.7"),
        (b"MAIL FROM:<" + b"a" * 600 + b"@example.org>", b"501 5.5.4"),
        (b"MAIL FROM:<ann@example.org> FOO=1", b"555 5.5.4"),
        (b"MAIL FROM:<ann@example.org> BODY=BINARYMIME", b"501 5.5.4"),
        (b"MAIL FROM:<ann@example.org> SIZE=-1", b"501 5.5.4"),
        (b"MAIL FROM:<ann@example.org> SIZE=1 SIZE=2", b"501 5.5.4"),
        (b"MAIL FROM:<ann@example.org> BODY=", b"501 5.5.4"),
        (b"MAIL FROM:<ann@example.org> AUTH=<>", b"555 5.5.4"),
        (b"RCPT TO:<help@localhost>", b"503 5.5.1"),
        (b"DATA", b"503 5.5.1"),
        (b"STARTTLS", b"503 5.5.1"),
        (b"AUTH PLAIN", b"502 5.5.1"),
        (b"EHLO", b"501 5.5.4"),
        (b"EHLO a\x1bb", b"501 5.5.4"),
        (b"", b"500 5.5.1"),
        (b"ETRN x", b"500 5.5.1"),
        (b"NOOP\nNOOP", b"500 5.5.2"),
        (b"NOOP " + b"a" * 3000, b"500 5.5.2"),
        (b"mail from: <ann@example.org> size=10 body=8bitmime", b"250 2.1.0"),
        (b'MAIL FROM:<"an \\" n"@[IPv6:::1]>', b"250 2.1.0"),
        (b"MAIL FROM:<a..b@docomo.example>", b"250 2.1.0"),
    ],
)
async def test_commands_are_read_strictly(command: bytes, status: bytes) -> None:
    async with open_door(Inbox().accept) as door, client(door.port) as peer:
        assert (await peer.say(command)).startswith(status)


async def test_commands_have_their_order() -> None:
    async with open_door(Inbox().accept) as door, client(door.port, greet=False) as peer:
        await peer.answer()
        assert (await peer.say(b"MAIL FROM:<a@x>")).startswith(b"503")
        assert (await peer.say(b"HELO client")).startswith(b"250 localhost")
        assert (await peer.say(b"MAIL FROM:<a@x> SIZE=1")).startswith(b"555")
        assert (await peer.say(b"MAIL FROM:<a@x>")).startswith(b"250")
        assert (await peer.say(b"MAIL FROM:<a@x>")).startswith(b"503")
        assert (await peer.say(b"RCPT TO:<help@localhost> NOTIFY=NEVER")).startswith(b"555")
        assert (await peer.say(b"RCPT TO:<help@localhost>")).startswith(b"250")
        assert (await peer.say(b"DATA now")).startswith(b"501")
        assert (await peer.say(b"HELO again")).startswith(b"250")
        assert (await peer.say(b"DATA")).startswith(b"503")  # a greeting starts anew


@settings(deadline=None, max_examples=300)
@given(st.text(max_size=300) | st.builds("<{}@{}>{}".format, *[st.text(max_size=60)] * 3))
def test_a18_any_text_is_read_or_refused(text: str) -> None:
    path = read_path(text)
    if path is not None and path.address:
        assert path.address == f"{path.local}@{path.domain}"
        assert not any(c in path.domain for c in "<> \r\n\0")
        OwnAddresses(OWN).refusal(path)
    hides_something(text)


@pytest.mark.parametrize(
    "text",
    [
        '<"' + "\\a" * 6000,
        "<" + "a" * 6000 + "@" + "b" * 6000,
        "<" + "@a" * 6000,
        "<a@" + "b." * 6000,
        "<" + "+" * 6000,
    ],
)
def test_no_address_takes_long_to_read(text: str) -> None:
    began = time.process_time()
    assert read_path(text) is None
    assert time.process_time() - began < 0.1
