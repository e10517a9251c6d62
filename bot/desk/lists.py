"""Which tickets wait, for agents who ask: ``#list`` and ``#mine``."""

from __future__ import annotations

from typing import Any, Final

from bot.desk.agents import Agent
from bot.desk.cases import Refused
from bot.desk.commands import Command
from bot.desk.desk import Desk
from bot.mail.addresses import canonical
from bot.message import EMAIL
from bot.store import people, queues
from bot.store.engine import Tx

MOST: Final = 50
"""Tickets in one list."""


def told(tx: Tx, agent: Agent, command: Command, desk: Desk) -> dict[str, Any]:
    """``list``: the agent's teams; ``list all``, ``list TEAM``, ``list ADDRESS``; ``mine``. Oldest due first.
    Raises ``Refused``."""
    words = "mine" if command.verb == "mine" else command.words.strip()
    which, wanted = _wanted(tx, agent, words, desk)
    rows, in_all = queues.open_tickets(tx, MOST, **wanted)
    listed = [
        {
            "reference": desk.name_of(row.id),
            "subject": row.subject,
            "state": row.state,
            "priority": row.priority,
            "owner": row.owner,
            "due": row.due.isoformat() if row.due else None,
            "who": row.who,
        }
        for row in rows
    ]
    return {"code": "listed", "which": which, "tickets": listed, "more": in_all - len(listed)}


def _wanted(tx: Tx, agent: Agent, words: str, desk: Desk) -> tuple[str, dict[str, Any]]:
    if not words:
        teams = agent.section.teams
        return ("team", {"queues": teams}) if teams else ("all", {})
    if words.casefold() in {"all", "mine"}:
        mine = words.casefold() == "mine"
        return ("mine", {"owner": agent.person.id}) if mine else ("all", {})
    if team := desk.team_called(words):
        return "team", {"queues": (team,)}
    person = people.find(tx, EMAIL, canonical(words)) if "@" in words else None
    if person is None:
        raise Refused("no-such-person", given=words)
    return "requester", {"requester": person.id}
