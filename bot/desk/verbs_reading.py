"""How a request is read, when an agent knows better than the rules."""

from __future__ import annotations

from bot.desk.cases import Case, Done
from bot.desk.commands import Command


def category(case: Case, command: Command) -> Done:
    """``category WORD``."""
    case.change("category", category=command.words.strip()[:64])
    return Done("category", {"to": command.words.strip()[:64]})
