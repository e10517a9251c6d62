"""The job that turns an outgoing message into what Telegram shows: words, buttons, the name of a topic."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from bot.channels.telegram_codes import Code
from bot.message import Attachment, Kind, OutgoingMessage
from bot.render import choices as answers
from bot.render.events import WITH_FILES
from bot.render.renderer import renderer
from bot.render.states import in_words
from bot.render.values import clean

LONGEST_TITLE: Final = 128
"""Characters of the name of a topic."""
_LONGEST_LABEL: Final = 60
_SAID: Final = "said"


@dataclass(frozen=True, slots=True)
class TelegramJob:
    """A message to be sent by Telegram, and what must be known of the desk."""

    message: OutgoingMessage
    """Its files with their content; one without is only named in the text."""
    desk_name: str
    desk_address: str
    templates: str | None = None
    """The administrator's folder. None: built-in templates only."""
    desk_time_zone: str = ""
    now: datetime | None = None


@dataclass(frozen=True, slots=True)
class Button:
    """A button below a message: it tells us ``data``, or opens ``url``."""

    label: str
    data: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class TelegramWords:
    """A message as Telegram shows it."""

    html: str
    plain: str
    buttons: tuple[Button, ...] = ()
    title: str = ""
    """Of the topic, for a card."""
    files: tuple[Attachment, ...] = ()
    warnings: tuple[str, ...] = ()


def write_telegram(job: TelegramJob) -> TelegramWords:
    """Words for one message. Raises ``TemplateError`` when no template can speak."""
    message = job.message
    files = message.attachments if message.notice.event in {*WITH_FILES, _SAID} else ()
    carried = tuple(file for file in files if file.content and len(file.content) == file.size)
    left_out = [file.name for file in files if file not in carried]
    desk = {"desk_name": job.desk_name, "desk_address": job.desk_address}
    notice = replace(message.notice, values={**desk, **message.notice.values, "left_out": left_out})
    said = renderer(Path(job.templates) if job.templates else None).render(
        notice,
        now=job.now or message.created_at,
        form="telegram",
        desk_time_zone=job.desk_time_zone,
        choices=message.choices,
    )
    title = _title(message, said.locale) if message.kind is Kind.CARD else ""
    return TelegramWords(
        said.html or "", said.text, _buttons(message, said.locale), title, carried, said.warnings
    )


def _buttons(message: OutgoingMessage, language: str) -> tuple[Button, ...]:
    ticket = message.ticket or None
    return tuple(
        Button(shown["label"][:_LONGEST_LABEL], Code(choice.verb, choice.value, ticket).data)
        for choice, shown in zip(message.choices, answers.offered(message.choices, language), strict=True)
    )


def _title(message: OutgoingMessage, language: str) -> str:
    values = message.notice.values
    state = in_words(str(values.get("state") or ""), language)
    title = " \u00b7 ".join(
        filter(None, (str(values.get("reference") or ""), state, clean(str(values.get("subject") or ""))))
    )
    return title if len(title) <= LONGEST_TITLE else title[: LONGEST_TITLE - 1].rstrip() + "\u2026"
