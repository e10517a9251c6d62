"""A Slack on localhost: Web API, Socket Mode, people who write, press and react, and faults on demand."""

from __future__ import annotations

from tests.peers.slack.house import SlackHouse, slack_house
from tests.peers.slack.state import Conversation, Posted

__all__ = ["Conversation", "Posted", "SlackHouse", "slack_house"]
