"""The harness's own client and sink: what they report is what happened."""

from __future__ import annotations

import asyncio
import email
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.peers.load import Kind, deliver, make_mails
from tests.peers.sink import serve

Answers = dict[bytes, list[bytes]]


@asynccontextmanager
async def scripted(final: list[bytes]) -> AsyncIterator[int]:
    """A server whose answers after the final dot come from ``final``; empty bytes: it hangs up instead."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hello\r\n")
        while line := await reader.readline():
            if line == b"DATA\r\n":
                writer.write(b"354 go on\r\n")
                await reader.readuntil(b"\r\n.\r\n")
                answer = final.pop(0) if final else b"250 ok\r\n"
                if not answer:
                    break
                writer.write(answer)
            else:
                writer.write(b"221 bye\r\n" if line == b"QUIT\r\n" else b"250-first\r\n250 last\r\n")
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_the_sink_records_what_a_mail_answers_and_whether_it_came_before() -> None:
    mails = list(make_mails("mixed", 10, run="a"))
    async with serve() as sink:
        await deliver(sink.port, [*mails, mails[2]], connections=3, per_connection=4)
    assert sorted(record.message_id for record in sink.records) == sorted(
        [mail.message_id for mail in mails] + [mails[2].message_id]
    )
    assert sum(record.again for record in sink.records) == 1
    assert sink.copies()["<earlier.2@elsewhere.example>"] == 2
    assert {tuple(record.to) for record in sink.records} == {("help@localhost",)}


async def test_a_mail_is_tried_until_250() -> None:
    async with scripted([b"451 later\r\n", b"", b"452 full\r\n"]) as port:
        report = await deliver(port, make_mails("small", 1, run="a"), retry=True)
    (mail,) = report.mails
    assert (mail.attempts, mail.put_off, mail.last) == (4, 2, "452 full")
    assert mail.ok is not None
    assert mail.dot is not None
    assert mail.began <= mail.dot <= mail.ok


async def test_5xx_ends_the_retries_of_that_mail_alone() -> None:
    async with scripted([b"550 no\r\n"]) as port:
        report = await deliver(
            port, make_mails("small", 3, run="a"), retry=True, connections=1, per_connection=3
        )
    assert [mail.refused for mail in report.mails] == ["550 no", "", ""]
    assert len(report.accepted) == 2


async def test_without_retry_a_mail_that_was_not_answered_stays_unanswered() -> None:
    async with scripted([b""]) as port:
        report = await deliver(port, make_mails("small", 1, run="a"))
    assert report.accepted == []
    assert report.mails[0].attempts == 1


async def test_a_pace_is_kept() -> None:
    async with serve() as sink:
        report = await deliver(sink.port, make_mails("small", 20, run="a"), rate=100.0)
    assert report.ended - report.began >= 0.19


@pytest.mark.parametrize("kind", ["small", "mixed"])
def test_mails_are_well_formed_and_no_two_have_the_same_name_or_sender(kind: Kind) -> None:
    mails = list(make_mails(kind, 40, run="a"))
    assert len({mail.message_id for mail in mails}) == len({mail.sender for mail in mails}) == 40
    for mail in mails:
        parsed = email.message_from_bytes(mail.data.removesuffix(b".\r\n"))
        assert parsed["Message-ID"] == mail.message_id
        assert not parsed.defects
        assert mail.data.endswith(b"\r\n.\r\n")
        assert mail.data.count(b"\r\n.\r\n") == 1
