"""From a message in the outbox to the octets for SMTP, in every language."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

import msgspec
import pytest

from bot.config import LOCALES
from bot.config import Workers as Section
from bot.mail.compose import ComposedMail
from bot.render.mail import MailJob, compose_mail
from bot.workers import Workers
from tests.render.jobs import job, message, notice


def read(mail: ComposedMail) -> EmailMessage:
    parsed = message_from_bytes(mail.raw, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def words(mail: ComposedMail, subtype: str) -> str:
    body = read(mail).get_body((subtype,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


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


@pytest.mark.parametrize(
    ("locale", "said"), [("en", "outside our working hours"), ("it", "fuori orario"), ("zh", "非工作时间")]
)
def test_outside_hours_the_text_says_so(locale: str, said: str) -> None:
    for promised_at in ("2026-03-11T09:40:00+00:00", None):
        closed = notice(locale, open_now=False, promised_at=promised_at)
        assert said in words(compose_mail(job(message(notice=closed))), "plain")
    assert said not in words(compose_mail(job(message(locale))), "plain")


def test_words_are_those_of_the_moment_when_they_are_read() -> None:
    outgoing = message(notice=notice(promised_at="2026-03-11T09:40:00+00:00"))
    assert "tomorrow before 10:40" in words(compose_mail(job(outgoing)), "plain")
    next_morning = datetime(2026, 3, 11, 7, 0, tzinfo=UTC)
    assert "today before 10:40" in words(compose_mail(job(outgoing, now=next_morning)), "plain")


def test_a_promise_that_has_passed_before_it_was_sent_is_not_made() -> None:
    late = datetime(2026, 3, 12, 7, 0, tzinfo=UTC)
    said = words(compose_mail(job(now=late)), "plain")
    assert "as soon as possible" in said
    assert "16:40" not in said


def test_what_may_not_be_repeated_is_not_needed() -> None:
    said = words(compose_mail(job(message(notice=notice(subject="", requester_name="")))), "plain")
    assert said.startswith("Hello,\n\nThank you for writing to us. Your request has reached us,")


def test_the_desk_need_not_name_itself_in_every_notice() -> None:
    bare = {k: v for k, v in notice().values.items() if k not in {"desk_name", "desk_address"}}
    mail = compose_mail(job(message(notice=replace(notice(), values=bare))))
    assert "Help desk" in words(mail, "plain")
    assert "help@desk.example" in words(mail, "html")


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
