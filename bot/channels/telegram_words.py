"""What turns an outgoing message into what Telegram shows: words, buttons, the name of a topic; in a child process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.channels.chat_words import ChatJob
from bot.channels.telegram_codes import Code
from bot.message import Kind, OutgoingMessage
from bot.render import choices as answers
from bot.render.states import in_words
from bot.render.values import clean

LONGEST_TITLE: Final = 128
"""Characters of the name of a topic."""
_LONGEST_LABEL: Final = 60


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
    warnings: tuple[str, ...] = ()


def write_telegram(job: ChatJob) -> TelegramWords:
    """Words and buttons for one message. Raises ``TemplateError`` when no template can speak."""
    message, said = job.message, job.rendered("telegram")
    title = _title(message, said.locale) if message.kind is Kind.CARD else ""
    return TelegramWords(said.html or "", said.text, _buttons(message, said.locale), title, said.warnings)


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
