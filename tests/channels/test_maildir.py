"""The Maildir sender: whole, durable, once for each token, and readable by Python's own ``mailbox``."""

from __future__ import annotations

import asyncio
import mailbox
import os
import stat
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.maildir import ABANDONED_SECONDS, MaildirSender
from bot.errors import ChannelError
from bot.message import OutgoingMessage
from bot.ports import Sender
from tests.channels.relay_world import Mail, outgoing

RAW = b"Subject: hello\r\nTo: ada@example.com\r\n\r\n.A line\r\n.\r\nFrom here on\r\n"


def sender_into(folder: Path, *mails: Mail) -> MaildirSender:
    """Composes the given mails in turn, the last again and again."""
    waiting = list(mails) or [Mail(RAW)]

    async def compose(message: OutgoingMessage) -> Mail:
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    return MaildirSender(folder, compose)


def files(folder: Path) -> list[Path]:
    return sorted((folder / "new").iterdir())


async def test_a_mail_can_be_read_by_the_standard_library(tmp_path: Path) -> None:
    sender: Sender = sender_into(tmp_path / "outbox")
    await sender.send(outgoing("one"))
    await sender.close()
    (mail,) = mailbox.Maildir(tmp_path / "outbox", create=False)
    assert mail["Subject"] == "hello"
    assert mail.get_payload() == ".A line\n.\nFrom here on\n"


async def test_f12_the_bytes_arrive_as_they_were_composed(tmp_path: Path) -> None:
    raw = b"Subject: x\r\n\r\n" + b"." * 5000 + b"\r\n\xe7\x94\xa8 \r\n"
    await sender_into(tmp_path, Mail(raw)).send(outgoing("one"))
    (file,) = files(tmp_path)
    envelope, _, rest = file.read_bytes().partition(b"Subject")
    assert b"Subject" + rest == raw.replace(b"\r\n", b"\n")
    assert envelope == b"Return-Path: <>\nDelivered-To: ada@example.com\n"


async def test_the_same_token_again_replaces_the_mail_and_another_token_does_not(tmp_path: Path) -> None:
    sender = sender_into(tmp_path, Mail(b"Subject: 1\r\n\r\n"), Mail(b"Subject: 2\r\n\r\n"))
    first = await sender.send(outgoing("one"))
    again = await sender.send(outgoing("one"))
    assert first == again
    (file,) = files(tmp_path)
    assert b"Subject: 2" in file.read_bytes()
    await sender.send(outgoing("two"))
    assert len(files(tmp_path)) == 2


async def test_a_repeat_of_a_mail_that_was_read_meanwhile_is_not_a_second_mail(tmp_path: Path) -> None:
    sender = sender_into(tmp_path)
    await sender.send(outgoing("one"))
    (file,) = files(tmp_path)
    file.rename(tmp_path / "cur" / f"{file.name}:2,S")
    await sender.send(outgoing("one"))
    assert files(tmp_path) == []
    assert len(list((tmp_path / "cur").iterdir())) == 1


async def test_many_at_once_are_each_there_once_and_nothing_is_left_in_tmp(tmp_path: Path) -> None:
    sender = sender_into(tmp_path)
    await asyncio.gather(*(sender.send(outgoing(str(number % 20))) for number in range(60)))
    assert len(files(tmp_path)) == 20
    assert list((tmp_path / "tmp").iterdir()) == []


@given(token=st.text(max_size=300))
def test_any_token_becomes_a_file_name_of_its_own_inside_of_the_folder(
    token: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("maildir")
    asyncio.run(sender_into(folder).send(outgoing(token)))
    asyncio.run(sender_into(folder).send(outgoing(token + "x")))
    assert len(files(folder)) == 2
    assert sorted(path.name for path in folder.iterdir()) == ["cur", "new", "tmp"]


async def test_only_the_owner_can_read_the_mails(tmp_path: Path) -> None:
    await sender_into(tmp_path / "outbox").send(outgoing("one"))
    modes = [
        stat.S_IMODE(path.stat().st_mode)
        for path in (tmp_path / "outbox" / "new", *files(tmp_path / "outbox"))
    ]
    assert modes == [0o700, 0o600]


async def test_what_a_dead_writer_left_is_removed_and_what_a_living_one_writes_is_not(tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    for name, age in (("old", ABANDONED_SECONDS + 60), ("young", 60)):
        (tmp_path / "tmp" / name).touch()
        os.utime(tmp_path / "tmp" / name, times=(time.time() - age,) * 2)
    await sender_into(tmp_path).send(outgoing("one"))
    assert [path.name for path in (tmp_path / "tmp").iterdir()] == ["young"]


async def test_a_folder_that_cannot_be_made_is_a_temporary_error_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    sender = sender_into(tmp_path / "file")
    for attempt in (sender.send(outgoing("one")), sender.check()):
        with pytest.raises(ChannelError, match=r"relay\.maildir") as caught:
            await attempt
        assert not caught.value.permanent
        assert not caught.value.ambiguous


async def test_a_mail_that_cannot_be_put_in_place_leaves_nothing_behind(tmp_path: Path) -> None:
    sender = sender_into(tmp_path)
    await sender.check()
    (tmp_path / "new").rmdir()
    (tmp_path / "new").touch()  # a rename into it fails after the file is written
    with pytest.raises(ChannelError) as caught:
        await sender.send(outgoing("one"))
    assert not caught.value.permanent
    assert list((tmp_path / "tmp").iterdir()) == []


async def test_a_folder_that_was_taken_away_is_made_again(tmp_path: Path) -> None:
    sender = sender_into(tmp_path)
    await sender.send(outgoing("one"))
    for path in files(tmp_path):
        path.unlink()
    (tmp_path / "new").rmdir()
    with pytest.raises(ChannelError):
        await sender.send(outgoing("two"))
    await sender.send(outgoing("two"))
    assert len(files(tmp_path)) == 1


@pytest.mark.parametrize("address", ["a@b\nBcc: x@y", "a@b\r\n\r\nbody", "a\0@b", "a@b\u2028"])
async def test_an_address_cannot_write_a_header(tmp_path: Path, address: str) -> None:
    for mail in (Mail(RAW, recipient=address), Mail(RAW, mail_from=address)):
        with pytest.raises(ChannelError) as caught:
            await sender_into(tmp_path, mail).send(outgoing("one"))
        assert caught.value.permanent
    assert not (tmp_path / "new").exists()


async def test_f15_an_address_is_never_a_command(tmp_path: Path) -> None:
    await sender_into(tmp_path, Mail(RAW, recipient="danger-$USER`id`@example.com")).send(outgoing("one"))
    (file,) = files(tmp_path)
    assert b"Delivered-To: danger-$USER`id`@example.com\n" in file.read_bytes()


async def test_check_writes_nothing_that_a_reader_sees(tmp_path: Path) -> None:
    await sender_into(tmp_path / "outbox").check()
    assert len(mailbox.Maildir(tmp_path / "outbox", create=False)) == 0
    assert list((tmp_path / "outbox" / "tmp").iterdir()) == []
