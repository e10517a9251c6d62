"""The job that turns an outgoing message into Slack's words: a text, blocks and buttons, in a child process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from bot.channels import slack_card
from bot.channels.chat_words import ChatJob
from bot.channels.slack_buttons import buttons
from bot.channels.slack_places import in_thread
from bot.render import slack, slack_room
from bot.render.renderer import IN_THREADS

LONGEST_TEXT: Final = 3_500
"""Characters of what a notification and programs without blocks show."""


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


def compose_slack(job: ChatJob) -> SlackWords:
    """Words and buttons for one message. Raises ``TemplateError`` when no template can speak."""
    message = job.message
    if message.notice.event == slack_card.EVENT:
        card = slack_card.card(job.notice, message.choices, message.ticket, job.now or message.created_at)
        return SlackWords(slack.entities(card.text[:LONGEST_TEXT]), tuple(card.blocks), card.text)
    said = job.rendered("slack", IN_THREADS if in_thread(message) else "")
    blocks = slack_room.with_buttons(said.blocks, buttons(message.choices, message.ticket, said.locale))
    plain = said.text.strip() or said.subject
    return SlackWords(
        slack.entities(slack.literal(plain[:LONGEST_TEXT])),
        tuple(blocks),
        plain,
        slack_room.is_cut(blocks),
        said.warnings,
    )
