"""Buttons of Slack: what can be chosen, in words of each language, and what a tap on it says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from bot.channels.slack_codes import Code
from bot.message import Choice
from bot.render import choices as answers
from bot.render.slack import literal

_LONGEST_LABEL: Final = 75
_IN_A_ROW: Final = 5
"""Buttons that stand side by side on a telephone's screen too."""
_PRIMARY: Final = frozenset({"take", "confirm-yes"})
_DANGER: Final = frozenset({"close", "spam"})


def buttons(choices: Sequence[Choice], ticket: int, locale: str) -> list[dict[str, Any]]:
    """The answers that are given by a tap, a few in a row; one without a verb of ours is left out."""
    made = [one for choice in choices if (one := button(choice, ticket, locale))]
    rows = [made[at : at + _IN_A_ROW] for at in range(0, min(len(made), 25), _IN_A_ROW)]
    return [{"type": "actions", "elements": row} for row in rows]


def button(choice: Choice, ticket: int, locale: str) -> dict[str, Any] | None:
    """One button; its value is the ticket's number, and no right (I13)."""
    try:
        code = Code(choice.verb, choice.value, ticket or None)
    except ValueError:
        return None
    made: dict[str, Any] = {
        "type": "button",
        "action_id": code.action_id,
        "value": code.button_value,
        "text": plain_text(answers.label(choice, locale), _LONGEST_LABEL),
    }
    if not made["value"]:
        del made["value"]
    if {choice.verb, f"{choice.verb}-{choice.value}"} & _PRIMARY:
        made["style"] = "primary"
    if choice.verb in _DANGER:
        made["style"] = "danger"
        made["confirm"] = confirm(choice, locale)
    return made


def confirm(choice: Choice, locale: str) -> dict[str, Any]:
    """The question before what is grave."""
    words = answers.CONFIRM.get(locale, answers.CONFIRM["en"])
    return {
        "title": plain_text(words["title"], 100),
        "text": plain_text(words[choice.verb], 300),
        "confirm": plain_text(answers.label(choice, locale), 30),
        "deny": plain_text(words["deny"], 30),
    }


def plain_text(text: str, most: int) -> dict[str, Any]:
    """A text in which Slack reads no markup, in one line and not too long."""
    text = literal(" ".join(text.split())) or "–"
    return {
        "type": "plain_text",
        "text": text if len(text) <= most else text[: most - 1] + "…",
        "emoji": False,
    }
