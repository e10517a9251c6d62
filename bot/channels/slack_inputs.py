"""What people have put into buttons, selects and forms, as Slack tells it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from bot.channels import slack_codes as codes
from bot.channels import slack_files
from bot.channels.slack_codes import Code
from bot.channels.slack_payload import is_id

_LONGEST: Final = 10_000
_MOST_INPUTS: Final = 40
_PLAIN: Final = (
    "value",
    "selected_date",
    "selected_time",
    "selected_user",
    "selected_conversation",
    "selected_channel",
)


def code_of(pressed: Mapping[str, Any]) -> Code | None:
    """What a button or an option says; None: it is none of ours."""
    option = pressed.get("selected_option")
    if isinstance(option, Mapping):
        return codes.of_option(pressed.get("action_id"), option.get("value"))
    return codes.of_button(pressed.get("action_id"), pressed.get("value") or "")


def fields(view: Mapping[str, Any], most: int) -> tuple[dict[str, str], slack_files.Taken]:
    """The inputs of a form by their names, and the files that were put into it."""
    state = view.get("state")
    values = state.get("values") if isinstance(state, Mapping) else None
    found: dict[str, str] = {}
    files: list[Any] = []
    for name, inputs in list(values.items())[:_MOST_INPUTS] if isinstance(values, Mapping) else ():
        for element in list(inputs.values())[:1] if isinstance(inputs, Mapping) else ():
            if isinstance(element, Mapping):
                found[str(name)[:60]] = _input(element)[:_LONGEST]
                files += element["files"] if isinstance(element.get("files"), list) else []
    return {name: value for name, value in found.items() if value}, slack_files.told({"files": files}, most)


def _input(element: Mapping[str, Any]) -> str:
    """What somebody has put into one input."""
    option = element.get("selected_option")
    if isinstance(option, Mapping):
        return str(option.get("value") or "").rpartition(":")[2]
    chosen = element.get("selected_options")
    if isinstance(chosen, list):
        return ", ".join(str(one.get("value")) for one in dicts(chosen))
    moment = element.get("selected_date_time")
    if isinstance(moment, int) and 0 < moment < 2**33:
        return datetime.fromtimestamp(moment, UTC).isoformat()
    return next((str(element[name]).strip() for name in _PLAIN if isinstance(element.get(name), str)), "")


def asked(view: Mapping[str, Any], given: dict[str, str]) -> list[list[str]]:
    """The questions of the desk that a form asks, each with its answer; they are taken out of ``given``."""
    found = []
    for block in dicts(view.get("blocks")):
        name, label = str(block.get("block_id") or ""), block.get("label")
        if name.startswith(codes.QUESTION) and (answer := given.pop(name, "")) and isinstance(label, Mapping):
            found.append([str(label.get("text") or "")[:500], answer])
    return found


def ticket_of(message: Mapping[str, Any]) -> int | None:
    """The ticket that the buttons of a message name. It says something of a message of ours alone."""
    for block in dicts(message.get("blocks")):
        for element in dicts(block.get("elements")) if block.get("type") == "actions" else ():
            if (code := code_of(element)) and code.ticket:
                return code.ticket
    return None


def part(told: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A part of what Slack tells; empty when there is none."""
    found = told.get(name)
    return found if isinstance(found, Mapping) else {}


def id_of(value: object) -> str:
    """The id of a person or a conversation, or nothing."""
    found = value.get("id") if isinstance(value, Mapping) else None
    return found if isinstance(found, str) and is_id(found) else ""


def dicts(value: object) -> list[dict[str, Any]]:
    """The objects of a list, as many as are looked at."""
    return [one for one in value[:100] if isinstance(one, dict)] if isinstance(value, list) else []
