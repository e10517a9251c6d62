"""Which ticket a message belongs to, and what that rests on."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.desk.desk import Desk
from bot.desk.outcome import Reason
from bot.desk.states import State
from bot.message import Automation, IncomingMessage, Verdict
from bot.store import tickets
from bot.store.engine import Tx
from bot.store.tickets import TicketFacts

_MOST_KEYS = 50
"""Addresses and references beyond this many are not looked at: nobody's honest thread needs them."""


@dataclass(frozen=True, slots=True)
class Match:
    """A ticket that a message names. ``reason`` says what to make of it."""

    ticket: TicketFacts
    reason: Reason


def match(tx: Tx, message: IncomingMessage, sender: str, person_id: int | None, desk: Desk) -> Match | None:
    """The ticket that the message answers; None: it is a new request.

    Only a genuine token opens a ticket's door, and only to the person it was sent to (D1 to D3). A tag in the
    subject counts from its requester alone, and not when the sender is known to be forged (D5).
    """
    addressed = [party.address for party in message.recipients[:_MOST_KEYS]]
    for key in (*message.thread_keys[:_MOST_KEYS], *addressed):
        reference = desk.references.read(key)
        facts = tickets.facts(tx, reference.ticket) if reference else None
        if reference is None or facts is None:
            continue
        genuine = desk.references.is_for(reference, sender)
        return _found(facts, message, Reason.REFERENCE if genuine else Reason.OTHER_SENDER)
    return _by_tag(tx, message, person_id, desk) if sender else None


def _found(facts: TicketFacts, message: IncomingMessage, reason: Reason) -> Match:
    """What a person answers to a closed ticket must not lie there unseen; what a machine answers may (E4)."""
    if message.automation is Automation.NONE and facts.state == State.CLOSED:
        return Match(facts, Reason.TICKET_CLOSED)
    return Match(facts, Reason.BOUNCE if message.automation is Automation.BOUNCE else reason)


def _by_tag(tx: Tx, message: IncomingMessage, person_id: int | None, desk: Desk) -> Match | None:
    found = re.search(rf"\[{desk.config.desk.prefix}-(\d{{1,15}})\]", message.subject[:998])
    if found is None or person_id is None or message.authentication.verdict is Verdict.FAIL:
        return None
    facts = tickets.facts(tx, int(found[1]))
    if facts is None or facts.requester_id != person_id:
        return None
    return _found(facts, message, Reason.SUBJECT_TAG)
