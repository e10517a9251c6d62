"""What the tests of rendering and composing share: one acknowledgement, as the outbox would hold it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from bot.message import Kind, Notice, OutgoingMessage, Party, ThreadRef
from bot.render.mail import MailJob
from bot.render.samples import SAMPLES

NOW: Final = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
TOKEN: Final = "hd.42.abcdefgh.ijklmnop.abcdefghijklmnopqrstuvwxyz"
VALUES: Final[dict[str, Any]] = SAMPLES["received"][0][1]


def notice(locale: str = "en", event: str = "received", **values: Any) -> Notice:
    return Notice(event, locale, "Europe/Rome", {**VALUES, **values})


def message(locale: str = "en", **changes: Any) -> OutgoingMessage:
    usual = OutgoingMessage(
        channel="mail",
        to=Party("email", "anna@example.com", "Anna Rossi"),
        ticket=42,
        kind=Kind.ACKNOWLEDGEMENT,
        token=TOKEN,
        notice=notice(locale),
        created_at=NOW,
        thread=ThreadRef("My printer", "<question@example.com>"),
    )
    return replace(usual, **changes)


def job(outgoing: OutgoingMessage | None = None, **changes: Any) -> MailJob:
    usual = MailJob(
        outgoing or message(), "Help desk", "help@desk.example", "desk.example", desk_time_zone="Europe/Rome"
    )
    return replace(usual, **changes)
