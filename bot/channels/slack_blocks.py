"""The job that turns an outgoing message into Slack's words: a text, blocks and buttons, in a child process."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from bot.channels import slack_card
from bot.channels.slack_buttons import buttons
from bot.message import OutgoingMessage
from bot.render import slack
from bot.render.events import WITH_FILES
from bot.render.renderer import renderer

LONGEST_TEXT: Final = 3_500
"""Characters of what a notification and programs without blocks show."""


@dataclass(frozen=True, slots=True)
class SlackJob:
    """A message to be sent to Slack, and what must be known of the desk."""

    message: OutgoingMessage
    """Its files without their content."""
    desk_name: str
    desk_address: str
    left_out: tuple[str, ...] = ()
    """Names of files that are too large to be sent, or cannot be read."""
    templates: str | None = None
    """The administrator's folder. None: built-in templates only, for a second try when the first killed its child."""
    desk_time_zone: str = ""
    now: datetime | None = None
    """When the words are read, for "today" and "tomorrow". None: when the message was created."""


@dataclass(frozen=True, slots=True)
class SlackWords:
    """One message in Slack's own form."""

    text: str
    """What a notification says: without markup, its three special characters escaped."""
    blocks: tuple[dict[str, Any], ...]
    plain: str
    """All the words, for when Slack refuses the blocks, and for a file when they are too long."""
    cut: bool = False
    """Whether the blocks leave something out: then all the words go along as a file."""
    warnings: tuple[str, ...] = ()


def compose_slack(job: SlackJob) -> SlackWords:
    """Words and buttons for one message. Raises ``TemplateError`` when no template can speak."""
    message, event = job.message, job.message.notice.event
    desk = {"desk_name": job.desk_name, "desk_address": job.desk_address}
    left_out = list(job.left_out) if carries_files(event) else []
    notice = replace(message.notice, values={**desk, **message.notice.values, "left_out": left_out})
    if event == slack_card.EVENT:
        card = slack_card.card(notice, message.choices, message.ticket, job.now or message.created_at)
        return SlackWords(slack.entities(card.text[:LONGEST_TEXT]), tuple(card.blocks), card.text)
    said = renderer(Path(job.templates) if job.templates else None).render(
        notice,
        now=job.now or message.created_at,
        form="slack",
        desk_time_zone=job.desk_time_zone,
        choices=message.choices,
    )
    blocks = slack.with_buttons(said.blocks, buttons(message.choices, message.ticket, said.locale))
    plain = said.text.strip() or said.subject
    return SlackWords(
        slack.entities(slack.literal(plain[:LONGEST_TEXT])),
        tuple(blocks),
        plain,
        slack.is_cut(blocks),
        said.warnings,
    )


def carries_files(event: str) -> bool:
    """Whether what came with somebody's words goes on with them (F10)."""
    return event in WITH_FILES or event == "said"
