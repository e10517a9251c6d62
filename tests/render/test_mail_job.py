"""From a message in the outbox to the octets for SMTP, in every language."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage

import msgspec
import pytest

from bot.config import LOCALES
from bot.config import Workers as Section
from bot.mail.compose import ComposedMail
from bot.render.mail import MailJob, compose_mail
from bot.workers import Workers
from tests.render.jobs import job, message


def read(mail: ComposedMail) -> EmailMessage:
    parsed = message_from_bytes(mail.raw, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def words(mail: ComposedMail, subtype: str) -> str:
    body = read(mail).get_body((subtype,))
    assert body is not None
    return str(body.get_content())


@pytest.mark.parametrize(
    ("locale", "promise"),
    [
        ("en", "today before 16:40"),
        ("it", "oggi entro le 16:40"),
        ("zh", "今天 16:40 之前"),
    ],
)
def test_an_acknowledgement_says_number_and_time_in_both_parts(locale: str, promise: str) -> None:
    mail = compose_mail(job(message(locale)))
    for subtype in ("plain", "html"):
        assert "HD-42" in words(mail, subtype)
        assert promise in words(mail, subtype)
    assert read(mail)["Content-Language"] == locale
    assert mail.warnings == ()


def test_the_locales_that_can_be_configured_all_have_words() -> None:
    texts = {words(compose_mail(job(message(locale))), "plain") for locale in LOCALES}
    assert len(texts) == len(LOCALES)


def test_the_same_message_gives_the_same_octets() -> None:
    assert compose_mail(job()).raw == compose_mail(job()).raw


async def test_the_job_runs_in_a_child_process() -> None:
    workers = Workers(Section(processes=1))
    try:
        assert await workers.run(compose_mail, job()) == compose_mail(job())
    finally:
        await workers.close()


def test_job_and_mail_can_be_written_as_messagepack() -> None:
    packed = msgspec.msgpack.encode(job())
    assert msgspec.msgpack.decode(packed, type=MailJob) == job()
    mail = compose_mail(job())
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(mail), type=ComposedMail) == mail
