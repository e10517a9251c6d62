"""What an agent has the requester told, without writing the sentence themselves."""

from __future__ import annotations

from bot.desk import updates
from bot.desk.cases import Case, Done
from bot.desk.commands import Command


def update(case: Case, command: Command) -> Done:
    """``update still``, ``update supplier``, ``update fix tomorrow 10:00``, ``update need WORDS``."""
    value, _, words = command.words.strip().partition(" ")
    first, broken, below = value.partition("\n")
    return updates.say(case, first.casefold(), f"{below} {words}" if broken else words)
