"""Whether a message of a chat was said to the desk, or only where the desk listens."""

from __future__ import annotations

from typing import Any

import pytest

from bot.channels import slack_payload, slack_read, telegram_payload, telegram_read
from bot.channels.slack_payload import Act
from tests.desks import MONDAY


@pytest.mark.parametrize(
    ("channel", "text", "about", "said"),
    [
        ("C1", "mine too", {}, False),
        ("C1", "<@UBOT> mine too", {}, True),
        ("C1", "mine too <@UBOT|desk>", {}, True),
        ("C1", "<@UANN> mine too", {}, False),
        ("C1", "mine too", {"noted_by": "ann"}, True),
        ("D1", "mine too", {}, True),
    ],
)
@pytest.mark.parametrize("act", [Act.MESSAGE, Act.EDIT])
def test_in_slack_who_is_not_alone_with_the_desk_calls_it(
    channel: str, text: str, about: dict[str, Any], act: Act, *, said: bool
) -> None:
    event = {"user": "UEVE", "ts": "2.1", "thread_ts": "1.1", "channel": channel, "text": text}
    payload = slack_payload.build("acme", "k", act, event, MONDAY, about={"bot_user": "UBOT", **about})
    assert slack_read.read(payload, "HD")[0].addressed is said


@pytest.mark.parametrize(
    ("chat", "text", "said"),
    [
        (-100, "mine too", False),
        (-100, "@desk_bot mine too", True),
        (-100, "/new it burns", True),
        (7, "hi", True),
    ],
)
def test_in_telegram_who_is_not_alone_with_the_desk_calls_it(chat: int, text: str, *, said: bool) -> None:
    mention = [{"type": "mention", "offset": 0, "length": 9}] if text.startswith("@") else []
    message = {
        "message_id": 5, "from": {"id": 7, "is_bot": False, "first_name": "Eve"}, "chat": {"id": chat},
        "text": text, "entities": mention,
        "reply_to_message": {"message_id": 3, "from": {"id": 1, "is_bot": True}},
    }  # fmt: skip
    about = {"username": "desk_bot", "room": False}
    payload = telegram_payload.build("bot", 1, [{"update_id": 1, "message": message}], MONDAY, about=about)
    (read,) = telegram_read.read(payload, "HD")
    assert read.addressed is said
