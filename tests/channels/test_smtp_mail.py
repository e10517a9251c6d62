"""A mail comes in: what is kept of it, and what its sender is told."""

from __future__ import annotations

import asyncio
import logging
from typing import ClassVar

import pytest

from bot.channels.smtp_commands import Session
from bot.errors import StoreUnavailable
from bot.log import JsonLine
from bot.message import Payload
from tests.channels.smtp_peer import MAIL, NOW, Inbox, client, open_door, place_free


class OperationalError(Exception):
    """What a database driver raises."""


async def test_a_mail_is_kept_as_it_came_with_its_envelope() -> None:
    inbox = Inbox()
    async with open_door(inbox.accept) as door, client(door.port) as peer:
        answer = await peer.mail()
        assert (await peer.say(b"QUIT")).startswith(b"221")
    (payload,) = inbox.payloads
    assert answer == b"250 2.0.0 Kept as " + payload.key[:12].encode() + b"\r\n"
    assert payload.raw == MAIL
    assert payload.received_at == NOW
    assert payload.channel == "mail"
    assert payload.envelope == {
        "mail_from": "ann@example.org",
        "rcpt_to": ["help@localhost"],
        "peer": "127.0.0.1",
        "helo": "client.example",
        "tls": False,
        "user": "",
        "protocol": "smtp",
        "smtputf8": False,
    }


async def test_a1_a_mail_is_answered_250_only_after_accept_has_returned() -> None:
    called, committed = asyncio.Event(), asyncio.Event()

    async def accept(_: Payload, /) -> bool:
        called.set()
        await committed.wait()
        return True

    async with open_door(accept) as door, client(door.port) as peer:
        mail = asyncio.create_task(peer.mail())
        await called.wait()
        async with client(door.port) as other:  # a whole dialogue of somebody else passes meanwhile
            await other.say(b"NOOP")
        assert not mail.done()
        committed.set()
        assert (await mail).startswith(b"250")


async def test_a_mail_that_is_here_already_is_answered_250_as_well() -> None:
    inbox = Inbox()
    async with open_door(inbox.accept) as door, client(door.port) as peer:
        first, second = await peer.mail(), await peer.mail()
    assert first == second
    assert first.startswith(b"250")
    assert len(inbox.payloads) == 1


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (OperationalError("host=db.internal password=hunter2"), b"451 4.3.0 "),
        (StoreUnavailable("the database is away"), b"451 4.3.0 "),
        (StoreUnavailable("the disk is full", full=True), b"452 4.3.1 "),
    ],
)
async def test_a2_a_failing_store_is_a_temporary_answer_without_the_reason(
    error: Exception, status: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    failures = [error]
    inbox = Inbox()

    async def accept(payload: Payload, /) -> bool:
        if failures:
            raise failures.pop()
        return await inbox.accept(payload)

    async with open_door(accept) as door, client(door.port) as peer:
        answer = await peer.mail()
        assert answer.startswith(status)
        assert str(error).encode() not in answer
        assert type(error).__name__.encode() not in answer
        assert (await peer.mail()).startswith(b"250")  # the same connection is of use again
    lines = [JsonLine().format(record) for record in caplog.records]
    assert any('"smtp.not_kept"' in line and type(error).__name__ in line for line in lines)
    assert "hunter2" not in "".join(lines)


async def test_a2_any_other_failure_is_a_temporary_answer_as_well(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Session):
        async def fail(self, arg: str) -> None:
            raise OperationalError(arg)

        commands: ClassVar = {**Session.commands, "VRFY": fail}

    async with open_door(Inbox().accept) as door:
        assert door._bound is not None
        shared, loop = door._bound[1], asyncio.get_running_loop()
        async with (
            await loop.create_server(lambda: Broken(shared, loop), "127.0.0.1", 0) as server,
            client(server.sockets[0].getsockname()[1]) as peer,
        ):
            answer = await peer.say(b"VRFY hunter2")
            assert answer.startswith(b"451 4.3.0 ")
            assert b"hunter2" not in answer
            assert (await peer.mail()).startswith(b"250")
    lines = [JsonLine().format(record) for record in caplog.records]
    assert any('"smtp.failed"' in line and "OperationalError" in line for line in lines)
    assert "hunter2" not in "".join(lines)


async def test_a3_a_client_that_hangs_up_after_the_dot_loses_nothing_and_doubles_nothing() -> None:
    inbox = Inbox()
    called, go_on = asyncio.Event(), asyncio.Event()

    async def slow(payload: Payload, /) -> bool:
        called.set()
        await go_on.wait()
        return await inbox.accept(payload)

    async with open_door(slow, max_connections_per_address=1) as door:
        async with client(door.port) as peer:
            await peer.envelope()
            await peer.say(b"DATA")
            await peer.send(MAIL + b".\r\n")
            await called.wait()
            peer.reset()
        await asyncio.wait_for(place_free(door.port), 5)  # the door knows that the client is gone
        go_on.set()
        await asyncio.wait_for(inbox.arrived.wait(), 5)
        assert len(inbox.payloads) == 1
        async with client(door.port) as again:
            assert (await again.mail()).startswith(b"250")
    assert len(inbox.payloads) == 1


async def test_a3_a_client_that_stops_talking_but_listens_hears_its_answer() -> None:
    inbox = Inbox()
    async with open_door(inbox.accept) as door, client(door.port) as peer:
        await peer.envelope()
        await peer.say(b"DATA")
        await peer.send(MAIL + b".\r\n")
        peer.writer.write_eof()
        assert (await peer.answer()).startswith(b"250")
    assert len(inbox.payloads) == 1


async def test_a3_a_mail_without_its_final_dot_is_not_kept() -> None:
    inbox = Inbox()
    async with open_door(inbox.accept) as door:
        async with client(door.port) as peer:
            await peer.envelope()
            await peer.say(b"DATA")
            await peer.send(MAIL)
            peer.writer.write_eof()
            assert await peer.rest() == b""
        async with client(door.port) as other:
            await other.mail(MAIL + b"another\r\n")
    assert [payload.raw for payload in inbox.payloads] == [MAIL + b"another\r\n"]


async def test_a23_several_recipients_have_one_answer() -> None:
    inbox, failures = Inbox(), [RuntimeError()]

    async def accept(payload: Payload, /) -> bool:
        if failures:
            raise failures.pop()
        return await inbox.accept(payload)

    addresses = ("help@localhost", "info@localhost")
    async with open_door(accept, addresses=addresses) as door, client(door.port) as peer:
        for expected in (b"451", b"250"):
            await peer.envelope()
            await peer.say(b"RCPT TO:<info@localhost>")
            await peer.say(b"DATA")
            assert (await peer.say(MAIL + b".")).startswith(expected)
    (payload,) = inbox.payloads
    assert payload.envelope["rcpt_to"] == ["help@localhost", "info@localhost"]


async def test_in_lmtp_each_recipient_has_its_answer() -> None:
    inbox = Inbox()
    addresses = ("help@localhost", "info@localhost")
    async with (
        open_door(inbox.accept, addresses=addresses, protocol="lmtp") as door,
        client(door.port, greet=False) as peer,
    ):
        assert await peer.answer() == b"220 localhost LMTP\r\n"
        assert (await peer.hello()).startswith(b"500")
        assert (await peer.say(b"LHLO relay")).startswith(b"250-localhost")
        await peer.envelope()
        await peer.say(b"RCPT TO:<info@localhost>")
        await peer.say(b"DATA")
        first, second = await peer.say(MAIL + b"."), await peer.answer()
        assert first == second
        assert first.startswith(b"250")
        assert (await peer.say(b"NOOP")).startswith(b"250 2.0.0 OK")
    assert inbox.payloads[0].envelope["protocol"] == "lmtp"


async def test_several_mails_pass_on_one_connection_and_commands_may_come_at_once() -> None:
    inbox = Inbox()
    async with open_door(inbox.accept) as door, client(door.port) as peer:
        for number in range(3):
            await peer.send(b"MAIL FROM:<ann@example.org>\r\nRCPT TO:<help@localhost>\r\nDATA\r\n")
            assert [(await peer.answer())[:3] for _ in range(3)] == [b"250", b"250", b"354"]
            await peer.send(b"Message-ID: <%d@x>\r\n\r\n.\r\nNOOP\r\n" % number)
            assert [(await peer.answer())[:3] for _ in range(2)] == [b"250", b"250"]
    assert len(inbox.payloads) == 3
