"""A mail in plain words: what ``describe`` says of it, for measuring against collections of real mail."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from bot.mail.parse import answered_ids, message_from, reference_ids
from bot.mail.parts import Mail
from bot.message import Automation, Payload

_UNKNOWN: Final = datetime(1970, 1, 1, tzinfo=UTC)


def describe(raw: bytes) -> dict[str, Any]:
    """What is read in a mail, as plain values."""
    mail = Mail(raw)
    message = message_from(mail, Payload(channel="", key="", raw=raw, received_at=_UNKNOWN))
    return {
        "from": message.sender.address,
        "from_name": message.sender.name,
        "subject": message.subject,
        "text": message.text,
        "reply_text": message.reply_text,
        "attachments": [
            {"name": file.name, "size": file.size, "type": file.media_type} for file in message.attachments
        ],
        "message_id": message.external_id,
        "in_reply_to": next(iter(answered_ids(mail.fields)), ""),
        "references": reference_ids(mail.fields),
        "auto_generated": message.automation is not Automation.NONE,
        "bounce": message.automation is Automation.BOUNCE,
        "failed_recipient": list(message.bounce.recipients) if message.bounce else [],
    }
