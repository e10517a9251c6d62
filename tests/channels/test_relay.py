"""The relay sender against a smarthost that does everything wrong that one can."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.errors import ChannelError
from bot.ports import Sender
from tests.channels.relay_world import RAW, Mail, failure, outgoing, section_for, sender_to
from tests.peers.smarthost import OK, Deed, Smarthost, Step

SOON = timedelta(milliseconds=300)
REFUSED, LATER, UNKNOWN = "permanent", "temporary", "ambiguous"


@pytest.fixture
async def host() -> AsyncIterator[Smarthost]:
    async with Smarthost() as smarthost:
        yield smarthost
    assert smarthost.violations == []


def kind(error: ChannelError) -> str:
    return REFUSED if error.permanent else UNKNOWN if error.ambiguous else LATER


async def test_a_mail_arrives_with_its_envelope_and_the_answer_is_the_receipt(host: Smarthost) -> None:
    sender: Sender = sender_to(
        section_for(host), Mail(mail_from="help@desk.example"), hostname="desk.example"
    )
    receipt = await sender.send(outgoing())
    await sender.close()
    assert receipt.reference == "250 2.0.0 queued as 1"
    (taken,) = host.taken
    assert (taken.mail_from, taken.recipients) == ("help@desk.example", ("ada@example.com",))
    assert taken.content == RAW
    assert host.verbs(1) == ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"]
    assert host.commands[0] == (1, "EHLO desk.example")


async def test_automatic_mail_has_the_null_sender_and_its_size_is_told(host: Smarthost) -> None:
    sender = sender_to(section_for(host))
    await sender.send(outgoing())
    await sender.close()
    assert (host.taken[0].mail_from, host.taken[0].options) == ("", (f"SIZE={len(RAW)}",))


BEFORE = ["CONNECT", "EHLO", "MAIL"]
AFTER = ["RCPT", "DATA", "DOT"]
CASES: list[tuple[str, Step, str]] = [
    *((verb, "451 4.3.0 not now", LATER) for verb in BEFORE + AFTER),
    *((verb, "421 4.3.2 closing", LATER) for verb in BEFORE + AFTER),
    *((verb, "550 5.7.1 no", LATER) for verb in BEFORE),
    *((verb, "550 5.7.1 no", REFUSED) for verb in AFTER),
    *((verb, Deed.DROP_BEFORE, LATER) for verb in BEFORE + AFTER[:-1]),
    *((verb, Deed.DROP_AFTER, LATER) for verb in BEFORE + AFTER[:-1]),
    *((verb, Deed.HANG, LATER) for verb in BEFORE + AFTER[:-1]),
    *((verb, Deed.GARBAGE, LATER) for verb in BEFORE + AFTER[:-1]),
    *((verb, Deed.ANSWER_AND_DROP, LATER) for verb in [*BEFORE, "RCPT"]),
    *(("DOT", deed, UNKNOWN) for deed in (Deed.DROP_BEFORE, Deed.DROP_AFTER, Deed.HANG, Deed.GARBAGE)),
]


@pytest.mark.parametrize(("verb", "step", "expected"), CASES)
async def test_f5_whatever_fails_wherever_has_its_class_and_the_next_mail_goes_through(
    host: Smarthost, verb: str, step: Step, expected: str
) -> None:
    timeout = SOON if step is Deed.HANG else timedelta(seconds=5)
    sender = sender_to(section_for(host, timeout=timeout, data_timeout=timeout, connections=1))
    host.will(verb, step)
    error = await failure(sender)
    assert kind(error) == expected
    before = len(host.taken)
    await sender.send(outgoing())
    assert len(host.taken) == before + 1
    await sender.close()


@pytest.mark.parametrize("deed", [Deed.DROP_AFTER, Deed.DROP_BEFORE])
async def test_f3_a_relay_that_is_gone_after_the_dot_leaves_it_open_whether_it_has_the_mail(
    host: Smarthost, deed: Deed
) -> None:
    sender = sender_to(section_for(host))
    host.will("DOT", deed)
    error = await failure(sender)
    assert (error.ambiguous, error.permanent) == (True, False)
    assert len(host.taken) == (1 if deed is Deed.DROP_AFTER else 0)
    assert host.verbs(1).count("MAIL") == 1, "it must not be sent again by itself"
    await sender.close()


async def test_x6_a_relay_that_is_slow_after_the_dot_is_waited_for_and_gets_one_copy(host: Smarthost) -> None:
    sender = sender_to(section_for(host, timeout=SOON, data_timeout=timedelta(seconds=30)))
    host.will("DOT", Deed.HANG)
    sending = asyncio.create_task(sender.send(outgoing()))
    await host.reached.wait()
    done, _ = await asyncio.wait({sending}, timeout=3 * SOON.total_seconds())
    assert not done, "the command timeout must not end the wait for the final answer"
    host.released.set()
    await sending
    assert len(host.taken) == 1
    await sender.close()


async def test_x6_a_relay_that_is_silent_for_too_long_after_the_dot_is_ambiguous(host: Smarthost) -> None:
    sender = sender_to(section_for(host, data_timeout=SOON))
    host.will("DOT", Deed.HANG)
    error = await failure(sender)
    assert error.ambiguous
    assert "did not answer within 0.3 s, at the final dot" in str(error)
    await sender.close()


async def test_f4_one_recipient_is_refused_and_the_other_has_the_mail_once(host: Smarthost) -> None:
    sender = sender_to(section_for(host), Mail(), Mail(recipient="bob@example.com"))
    host.will("RCPT", OK, "451 4.7.1 greylisted")
    await sender.send(outgoing("ada"))
    error = await failure(sender)
    assert (kind(error), error.retry_after) == (LATER, 300.0)
    await sender.send(outgoing("bob"))
    assert [taken.recipients for taken in host.taken] == [("ada@example.com",), ("bob@example.com",)]
    await sender.close()


@pytest.mark.parametrize("verb", ["RCPT", "DATA", "DOT"])
async def test_after_a_refusal_the_connection_is_reset_and_used_again(host: Smarthost, verb: str) -> None:
    sender = sender_to(section_for(host))
    host.will(verb, "550 5.1.1 no")
    await failure(sender)
    await sender.send(outgoing())
    await sender.close()
    assert host.connections == 1
    assert host.verbs(1)[-5:] == ["RSET", "MAIL", "RCPT", "DATA", "QUIT"]


@pytest.mark.parametrize("step", ["502 5.5.1 no RSET here", Deed.DROP_BEFORE, Deed.HANG])
async def test_a_relay_that_cannot_reset_is_left_and_the_error_stays_what_it_was(
    host: Smarthost, step: Step
) -> None:
    sender = sender_to(section_for(host, timeout=SOON if step is Deed.HANG else timedelta(seconds=5)))
    host.will("RCPT", "550 5.1.1 no such user")
    host.will("RSET", step)
    assert "no such user" in str(await failure(sender))
    await sender.send(outgoing())
    assert host.connections == 2
    await sender.close()


async def test_f12_the_bytes_arrive_as_they_were_composed(host: Smarthost) -> None:
    raw = b".start\r\n\r\n.\r\n..\r\n" + b"x" * 5000 + b"\r\n" + "用户 \r\n".encode() + b".\r\n.end\r\n"
    sender = sender_to(section_for(host), Mail(raw))
    await sender.send(outgoing())
    await sender.close()
    assert host.taken[0].content == raw
    assert "BODY=8BITMIME" in host.taken[0].options


async def test_f12_a_large_mail_arrives_whole(host: Smarthost) -> None:
    raw = b"Subject: big\r\n\r\n" + b".0123456789\r\n" * 60_000
    sender = sender_to(section_for(host), Mail(raw))
    await sender.send(outgoing())
    await sender.close()
    assert host.taken[0].content == raw


async def test_f15_an_address_with_a_shells_signs_is_literal(host: Smarthost) -> None:
    sender = sender_to(section_for(host), Mail(recipient="danger-$USER`id`@example.com"))
    await sender.send(outgoing())
    await sender.close()
    assert host.taken[0].recipients == ("danger-$USER`id`@example.com",)


async def test_an_address_that_would_add_a_parameter_or_a_command_is_never_sent(host: Smarthost) -> None:
    for mail in (Mail(recipient="a@b> NOTIFY=NEVER"), Mail(mail_from="a@b>\r\nRCPT TO:<evil@x")):
        sender = sender_to(section_for(host), mail)
        assert kind(await failure(sender)) == REFUSED
        await sender.close()
    assert {verb for number in (1, 2) for verb in host.verbs(number)} == {"EHLO", "QUIT"}


async def test_a20_an_international_address_is_sent_with_smtputf8(host: Smarthost) -> None:
    sender = sender_to(section_for(host), Mail(recipient="用户@例え.jp", smtputf8=True))
    await sender.send(outgoing())
    await sender.close()
    assert host.taken[0].recipients == ("用户@例え.jp",)
    assert "SMTPUTF8" in host.taken[0].options


@pytest.mark.parametrize(
    ("extensions", "mail", "why"),
    [
        ((), Mail(recipient="用户@例え.jp", smtputf8=True), "SMTPUTF8"),
        ((), Mail(smtputf8=True), "SMTPUTF8"),
        ((), Mail(mail_from="用户@例え.jp"), "SMTPUTF8"),
        ((), Mail("Subject: \u00e9\r\n\r\n".encode()), "8-bit"),
        (("SIZE 20",), Mail(), "20 at most"),
        (("SIZE 1000000",), Mail(b"Subject: a\0b\r\n\r\n"), "NUL"),
    ],
)
async def test_a20_what_this_relay_can_never_take_fails_for_good_and_says_why(
    extensions: tuple[str, ...], mail: Mail, why: str
) -> None:
    async with Smarthost(extensions=extensions) as host:
        sender = sender_to(section_for(host), mail)
        error = await failure(sender)
        assert kind(error) == REFUSED
        assert why in str(error)
        await sender.close()
        assert host.verbs(1) == ["EHLO", "QUIT"]
        assert host.violations == []


@pytest.mark.parametrize("offer", ["SIZE", "SIZE 0", "SIZE lots", "SIZE -1", "SIZE " + "9" * 5000])
async def test_a_size_that_is_no_limit_is_none(offer: str) -> None:
    async with Smarthost(extensions=(offer,)) as host:
        sender = sender_to(section_for(host))
        await sender.send(outgoing())
        await sender.close()
        assert len(host.taken) == 1


async def test_what_compose_raises_goes_through_and_opens_no_connection(host: Smarthost) -> None:
    async def compose(message: object) -> Mail:
        raise LookupError("no such template")

    sender = sender_to(section_for(host))
    sender._compose = compose
    with pytest.raises(LookupError):
        await sender.send(outgoing())
    assert host.connections == 0
