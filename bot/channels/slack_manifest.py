"""The app as Slack must know it: one table of what it may do, hears and shows, and the manifest that follows.

The verbs stand there as in ``desk.commands``; ``slack/manifest.yaml`` is written from here, and a test holds it so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from bot.channels.slack_codes import ACTIONS_SHORTCUT, CREATE_SHORTCUT, TICKET_COMMAND
from bot.desk.commands import VERBS

SCOPES: Final = {
    "app_mentions:read": "hear who names the bot",
    "channels:history": "read threads of tickets, and what was said while there was no connection",
    "channels:read": "know which channels the bot is in",
    "chat:write": "answer",
    "commands": "the command /ticket and the shortcuts",
    "files:read": "take files that people send",
    "files:write": "give files to people",
    "groups:history": "the same in private channels",
    "groups:read": "the same in private channels",
    "im:history": "read direct messages to the bot",
    "im:read": "know its direct messages",
    "im:write": "write to people who have not written in Slack",
    "mpim:history": "the same in groups of people",
    "mpim:read": "the same in groups of people",
    "reactions:read": "the ticket emoji, and those by which agents work",
    "reactions:write": "show a ticket's state",
    "users:read": "names, languages and time zones",
}
"""What the bot token may do, and what for."""
EVENTS: Final = (
    "app_home_opened",
    "app_mention",
    "message.channels",
    "message.groups",
    "message.im",
    "message.mpim",
    "reaction_added",
)
_LONGEST_HINT: Final = 1_000
_FOR_EVERYBODY: Final = ("language",)
"""Words behind ``/ticket`` that are no commands of agents."""


def manifest(http: str = "") -> dict[str, Any]:
    """The manifest. ``http``: where Slack is to send its requests ("https://desk.example/slack/acme"); else the
    bot opens a socket."""
    verbs = " | ".join([*VERBS, *_FOR_EVERYBODY])[:_LONGEST_HINT]
    command: dict[str, Any] = {
        "command": TICKET_COMMAND,
        "description": "Ask for help, or work on tickets",
        "usage_hint": verbs,
        "should_escape": True,
    }
    events: dict[str, Any] = {"bot_events": list(EVENTS)}
    interactivity: dict[str, Any] = {"is_enabled": True}
    if http:
        command["url"] = f"{http}/commands"
        events = {"request_url": f"{http}/events"} | events
        interactivity["request_url"] = f"{http}/interactivity"
    return {
        "_metadata": {"major_version": 1, "minor_version": 1},
        "display_information": {
            "name": "Deskbot",
            "description": "Help, where you are",
            "background_color": "#1f3a5f",
        },
        "features": _features(command),
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": {
            "event_subscriptions": events,
            "interactivity": interactivity,
            "org_deploy_enabled": False,
            "socket_mode_enabled": not http,
            "token_rotation_enabled": False,
        },
    }


def _features(command: dict[str, Any]) -> dict[str, Any]:
    """What people see of the app in Slack."""
    return {
        "app_home": {
            "home_tab_enabled": True,
            "messages_tab_enabled": True,
            "messages_tab_read_only_enabled": False,
        },
        "bot_user": {"display_name": "deskbot", "always_online": True},
        "shortcuts": [
            _shortcut("Create ticket", "message", CREATE_SHORTCUT, "Make this message a request for help"),
            _shortcut("Ticket actions", "message", ACTIONS_SHORTCUT, "Work on the ticket of this thread"),
            _shortcut("New ticket", "global", "new_ticket", "Ask for help"),
        ],
        "slash_commands": [command],
    }


def written(http: str = "") -> str:
    """The manifest as YAML, to be pasted into Slack's page for a new app."""
    return "\n".join(_lines(manifest(http), "")) + "\n"


def _shortcut(name: str, kind: str, callback: str, description: str) -> dict[str, str]:
    return {"name": name, "type": kind, "callback_id": callback, "description": description}


def _lines(node: dict[str, Any], indent: str) -> Iterator[str]:
    """YAML of what a manifest is made of; a text is written as JSON writes it, which YAML reads as well."""
    for key, value in node.items():
        if isinstance(value, dict):
            yield f"{indent}{key}:"
            yield from _lines(value, f"{indent}  ")
        elif isinstance(value, list):
            yield f"{indent}{key}:"
            for one in value:
                yield from _item(one, f"{indent}  ")
        else:
            yield f"{indent}{key}: {json.dumps(value, ensure_ascii=False)}"


def _item(one: Any, indent: str) -> Iterator[str]:
    if not isinstance(one, dict):
        yield f"{indent}- {json.dumps(one, ensure_ascii=False)}"
        return
    mark = "- "
    for line in _lines(one, ""):
        yield f"{indent}{mark}{line}"
        mark = "  "
