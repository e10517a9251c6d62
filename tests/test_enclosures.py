"""Files of an outgoing message, from the blob store into the mail."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from bot.app import App
from bot.config import Config
from bot.enclosures import MOST, MOST_FILES, loaded
from bot.message import Attachment, Kind, Notice, OutgoingMessage
from bot.render.check import sample
from bot.store.blobs import Blobs, open_blobs
from tests.render.jobs import message


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return open_blobs(str(tmp_path / "blobs"))


def kept(blobs: Blobs, name: str, content: bytes) -> Attachment:
    return Attachment(name, "application/pdf", len(content), blobs.put(content), b"")


def with_files(*files: Attachment, **values: str) -> OutgoingMessage:
    told = Notice("reply", "en", "UTC", {**sample("reply"), **values})
    return message(attachments=files, kind=Kind.REPLY, notice=told)


async def test_a_message_gets_the_content_of_its_files(blobs: Blobs) -> None:
    files = [kept(blobs, "a.pdf", b"one"), kept(blobs, "b.pdf", b"two"), Attachment("c", "x/y", 0, "")]
    found = await loaded(with_files(*files), blobs)
    assert [file.content for file in found.attachments] == [b"one", b"two", b""]
    assert replace(found, attachments=()) == replace(with_files(), attachments=())


async def test_files_go_along_in_their_order_as_far_as_the_room_reaches(blobs: Blobs) -> None:
    files = [kept(blobs, str(size), bytes(size)) for size in (60, 50, 40, 1)]
    found = await loaded(with_files(*files), blobs, most=100)
    assert [len(file.content) for file in found.attachments] == [60, 0, 40, 0]
    assert [file.size for file in found.attachments] == [60, 50, 40, 1]


async def test_a_mail_has_no_more_files_than_a_person_can_look_at(blobs: Blobs) -> None:
    one = kept(blobs, "a.pdf", b"x")
    found = await loaded(with_files(*[one] * (MOST_FILES + 5)), blobs)
    assert sum(bool(file.content) for file in found.attachments) == MOST_FILES


async def test_a_file_that_is_gone_or_damaged_is_told_and_stops_no_mail(
    blobs: Blobs, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    damaged = kept(blobs, "damaged.pdf", b"content")
    path = tmp_path / "blobs" / damaged.sha256[:2] / damaged.sha256
    path.write_bytes(b"other")
    gone = Attachment("gone.pdf", "application/pdf", 4, hashlib.sha256(b"gone").hexdigest())
    shorter = replace(kept(blobs, "shorter.pdf", b"longer than told"), size=3)
    with caplog.at_level(logging.ERROR):
        found = await loaded(with_files(damaged, gone, shorter), blobs)
    assert not any(file.content for file in found.attachments)
    assert [getattr(record, "action", "") for record in caplog.records] == ["mail.file-missing"] * 2


def desk(folder: Path, memory_mb: int) -> App:
    return App(Config.model_validate({"desk": {"data": str(folder)}, "workers": {"memory_mb": memory_mb}}))


async def test_files_for_which_a_child_has_no_room_are_named_and_the_words_go(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    app = desk(tmp_path, 128)
    try:
        files = kept(app.blobs, "film.mp4", bytes(MOST))
        mail = await app.mail.compose(with_files(files, text="word " * 3_000_000))
    finally:
        await app.close()
    assert b"film.mp4" in mail.raw
    assert len(mail.raw) < 1_000_000
    assert [getattr(record, "action", "") for record in caplog.records] == ["mail.files-too-large"]


async def test_an_agents_file_arrives_and_what_is_too_large_is_named(tmp_path: Path) -> None:
    app = desk(tmp_path, 256)
    try:
        large = bytes(range(256)) * (MOST // 256)
        files = (kept(app.blobs, "日志.bin", large), kept(app.blobs, "film.mp4", b"x"))
        mail = await app.mail.compose(with_files(*files))
    finally:
        await app.close()
    parsed = message_from_bytes(mail.raw, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    (part,) = parsed.iter_attachments()
    assert part.get_filename() == "日志.bin"
    assert part.get_payload(decode=True) == large
    body = parsed.get_body(("plain",))
    assert body is not None
    assert "film.mp4" in str(body.get_content())
