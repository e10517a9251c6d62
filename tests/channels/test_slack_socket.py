"""Where the connection to Slack may go."""

from __future__ import annotations

import pytest

from bot.channels.slack_socket import is_safe


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("wss://wss-primary.slack.com/link/?ticket=1", True),
        ("ws://127.0.0.1:8080/link/", True),
        ("ws://localhost/link/", True),
        ("ws://[::1]:80/link/", True),
        ("ws://localhost.evil.test/link/", False),
        ("ws://127.0.0.1.evil.test/", False),
        ("ws://localhost@evil.test/", False),
        ("ws://evil.test/#localhost", False),
        ("ws://wss-primary.slack.com/link/", False),
        ("wss:///link/", False),
        ("https://slack.com/link/", False),
        ("ws://localhost:99999/", False),
        ("ws://[::1/", False),
        ("", False),
    ],
)
def test_what_people_say_goes_to_no_address_in_the_clear_but_this_machines(url: str, safe: bool) -> None:  # noqa: FBT001  # a column of the table
    assert is_safe(url) is safe
