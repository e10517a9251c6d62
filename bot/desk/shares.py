"""How much of the agents' attention one sender may take: nobody silences the desk for all others (E3, E8).

What was proved to be somebody's is counted apart from what only bears their name, so that who forges it takes
nothing away from them. Only what agents are told is cut; every word is kept.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Final

from bot.desk.outcome import Reason
from bot.desk.screening import Facts
from bot.message import IncomingMessage, Verdict
from bot.store import tickets
from bot.store.engine import Tx
from bot.store.people import KnownPerson

log = logging.getLogger("deskbot.shares")

TICKETS_TOLD: Final = 20
ADDITIONS_TOLD: Final = 20
"""Tickets that one person opens in an hour, and messages that they add to tickets, of which agents are told."""
TOO_MUCH_ADDED: Final = "its sender has written more than agents are told of in an hour"


def why_untold(
    tx: Tx, facts: Facts, person: KnownPerson, quiet: Reason | None, hour: int, now: datetime
) -> str | None:
    """Why agents are not told of a new ticket. ``hour``: what its sender has opened in the hour before it.

    What an agent's mailbox asks has a bound for the day too: the absence notes of two agents, without any
    header to tell, would answer each other for ever (E3).
    """
    if hour >= TICKETS_TOLD:
        return "its sender has opened more tickets than agents are told of in an hour"
    if not facts.desk.roster.of_mailbox(facts.message, facts.sender):
        return None
    tagged = not facts.desk.roster.claims(facts.message, facts.sender)
    day = tickets.opened_since(tx, person.id, now - timedelta(days=1), proved=is_proved(facts.message))
    too_many = day > facts.desk.config.limits.sender_per_day
    if too_many or (tagged and quiet in {Reason.SENDER_BUDGET, Reason.DOMAIN_BUDGET}):
        return "an agent's mailbox has opened more than a person does in a day"
    return None


def has_added_too_much(tx: Tx, message: IncomingMessage, person: KnownPerson, now: datetime) -> bool:
    """Whether agents have been told of enough that this person has added to tickets, this message included."""
    most = ADDITIONS_TOLD + 1
    added = tickets.added_since(tx, person.id, now - timedelta(hours=1), most, proved=is_proved(message))
    return added >= most


def keep_from_team(tx: Tx, ticket: int, event: str, why: str, now: datetime) -> None:
    """Note that agents are not told."""
    tickets.record(tx, ticket, "delivery.suppressed", now, after={"event": event, "reason": why})
    log.warning("team not told: %s", why, extra={"action": "team.muted", "ticket": ticket})


def is_proved(message: IncomingMessage) -> bool:
    """Whether the message is known to come from its sender; any other may be anybody's."""
    return message.authentication.verdict is Verdict.PASS
