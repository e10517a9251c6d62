"""What people read in a chat is said as in a chat: no letter with a greeting and a signature each time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.config import LOCALES
from bot.message import Notice
from bot.render.events import TO_REQUESTERS
from bot.render.renderer import render_notice
from bot.render.samples import SAMPLES

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
BY_MAIL = {"link_code"}
"""Goes to a mailbox alone."""
GREETS = {"greeted"}
LETTERS = ("Hello", "Kind regards", "Dear", "Buongiorno", "Cordiali saluti", "您好", "祝好")
MAIL = ("this mail", "any mail", "e-mail su", "questa e-mail", "邮件")


def said(event: str, locale: str) -> list[tuple[str, str]]:
    return [
        (
            name,
            render_notice(Notice(event, locale, "Europe/Rome", values), now=NOW, form="telegram").html or "",
        )
        for name, values in SAMPLES[event]
        if name != "hostile" and "Hello" not in str(values)  # an agent's own words are theirs
    ]


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("event", sorted(TO_REQUESTERS - BY_MAIL - GREETS - {"reply"}))
def test_nobody_is_written_a_letter_in_a_chat(event: str, locale: str) -> None:
    for name, html in said(event, locale):
        assert not [word for word in LETTERS if word in html], (name, html)
        assert not html.rstrip().endswith("Help desk"), (name, html)
        first = html.lstrip("\u2713 ").removeprefix("<b>").removeprefix("<i>").lstrip("“«")
        assert not first[:1].islower() or name == "long", (name, html)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("event", sorted(TO_REQUESTERS - BY_MAIL - {"linked", "link_failed"}))
def test_in_a_chat_nobody_is_told_to_answer_a_mail(event: str, locale: str) -> None:
    for name, html in said(event, locale):
        assert not [word for word in MAIL if word in html], (name, html)
