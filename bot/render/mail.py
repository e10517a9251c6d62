"""The job that turns an outgoing message into a mail: words and octets, in a child process."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from bot.mail.compose import ComposedMail, Desk, Words, compose
from bot.message import Attachment, OutgoingMessage
from bot.render.events import WITH_FILES
from bot.render.renderer import renderer


@dataclass(frozen=True, slots=True)
class MailJob:
    """A message to be sent by mail, and what must be known of the desk."""

    message: OutgoingMessage
    """Its files with their content; one without is only named in the text."""
    desk_name: str
    desk_address: str
    domain: str
    """Right side of our Message-IDs."""
    templates: str | None = None
    """The administrator's folder. None: built-in templates only, for a second try when the first killed its child."""
    desk_time_zone: str = ""
    now: datetime | None = None
    """When the words are read, for "today" and "tomorrow". None: when the message was created."""


def compose_mail(job: MailJob) -> ComposedMail:
    """Words and octets for one message.

    Raises ``TemplateError`` when no template can speak, ``ChannelError`` when it cannot be addressed.
    """
    message, left_out = _with_files(job.message)
    desk = {"desk_name": job.desk_name, "desk_address": job.desk_address}
    notice = replace(message.notice, values={**desk, **message.notice.values, "left_out": left_out})
    words = renderer(Path(job.templates) if job.templates else None).render(
        notice,
        now=job.now or message.created_at,
        desk_time_zone=job.desk_time_zone,
        choices=message.choices,
    )
    said = words.warnings + _not_offered(message, words.text)
    mail = compose(
        message,
        Desk(job.desk_name, job.desk_address, job.domain),
        Words(words.subject, words.text, words.html, words.locale),
    )
    return replace(mail, warnings=said + mail.warnings) if said else mail


def _not_offered(message: OutgoingMessage, text: str) -> tuple[str, ...]:
    """What a template keeps silent about is told, never dropped in silence."""
    if all(choice.url in text for choice in message.choices):
        return ()
    event = message.notice.event
    return (
        f"the template {event} leaves out the answers that the mail offers; write {{{{ choices | buttons }}}}",
    )


def _with_files(message: OutgoingMessage) -> tuple[OutgoingMessage, list[str]]:
    """The message with the files that it can carry, and the names of the others.

    Only what a person sent to somebody goes on with files; everything else is words (F10).
    """
    files = message.attachments if message.notice.event in WITH_FILES else ()
    carried = tuple(file for file in files if _is_here(file))
    if len(carried) == len(message.attachments):
        return message, []
    return replace(message, attachments=carried), [file.name for file in files if not _is_here(file)]


def _is_here(file: Attachment) -> bool:
    return len(file.content) == file.size
