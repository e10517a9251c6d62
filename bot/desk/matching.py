"""Which ticket a message belongs to, and what that rests on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.desk import courtesy, doors
from bot.desk.desk import Desk
from bot.desk.outcome import Reason
from bot.desk.states import State
from bot.mail.addresses import canonical
from bot.mail.references import Reference
from bot.message import EMAIL, Automation, IncomingMessage, Verdict
from bot.store import conversation, people, said, threads, tickets
from bot.store.engine import Tx
from bot.store.threads import FoundThread
from bot.store.tickets import TicketFacts

TAKES_PART: Final = frozenset({Reason.REFERENCE, Reason.SUBJECT_TAG})
"""Standings that let words count as the requester's side of the conversation."""
_MOST_MERGES = 10
MOST_KEYS = 50
"""Addresses and references beyond this many are not looked at: nobody's honest thread needs them."""


@dataclass(frozen=True, slots=True)
class Match:
    """A ticket that a message names. ``reason`` says what to make of it."""

    ticket: TicketFacts
    reason: Reason


def match(
    tx: Tx, message: IncomingMessage, sender: str, person_id: int, desk: Desk, now: datetime
) -> Match | None:
    """The ticket that the message answers; None: it is a new request.

    Only a genuine token opens a ticket's door, and only to the person it was sent to who takes part (D1 to
    D3). A tag in the subject counts from its requester alone, and not when the sender is known to be forged
    (D5).
    """
    if doors.is_chat(message):
        return _by_thread(tx, message, sender, person_id, desk, now)
    for reference in references(message, desk):
        facts = _living(tx, reference.ticket)
        if facts is not None:
            genuine = desk.references.is_for(reference, sender)
            reason = (
                _standing(tx, message, sender, person_id, facts, desk) if genuine else Reason.OTHER_SENDER
            )
            return _found(facts, message, reason, desk, now)
    return _by_tag(tx, message, person_id, desk, now) if sender else None


def named(
    tx: Tx, message: IncomingMessage, person_id: int, ticket: int, desk: Desk, now: datetime
) -> Match | None:
    """The ticket that a page or a button of a proved sender names, and what they have to do with it now (D12)."""
    facts = _living(tx, ticket)
    if facts is None:
        return None
    follows = conversation.role_of(tx, facts.id, person_id) == conversation.FOLLOWER
    takes_part = follows or person_id == facts.requester_id
    if not takes_part:
        return Match(facts, Reason.NOT_PARTICIPANT)  # whatever has become of the ticket since
    return _found(facts, message, Reason.REFERENCE, desk, now)


def references(message: IncomingMessage, desk: Desk) -> Iterator[Reference]:
    """Every genuine token that a message bears, nearest first."""
    addressed = [party.address for party in message.recipients[:MOST_KEYS]]
    for key in (*message.thread_keys[:MOST_KEYS], *addressed):
        if reference := desk.references.read(key):
            yield reference


def ticket_of_agent(tx: Tx, message: IncomingMessage, addresses: frozenset[str], desk: Desk) -> Match | None:
    """The ticket that a proved agent writes about: by the token of the notification, which went to one of
    their ``addresses``, or by a tag, which tells less: it stands in every copy of the conversation. In a chat
    program by the conversation that it stands in."""
    if doors.is_chat(message):
        found = conversation_of_ticket(tx, message)
        facts = _living(tx, found.ticket) if found else None
        return Match(facts, Reason.REFERENCE) if facts else None
    for reference in references(message, desk):
        sent_to_them = any(desk.references.is_for(reference, address) for address in addresses)
        if sent_to_them and (facts := _living(tx, reference.ticket)):
            return Match(facts, Reason.REFERENCE)
    number = _tag(message, desk)
    facts = _living(tx, number) if number else None
    return Match(facts, Reason.SUBJECT_TAG) if facts else None


def conversation_of_ticket(tx: Tx, message: IncomingMessage) -> FoundThread | None:
    """The conversation of a ticket that a message stands in."""
    return threads.find(tx, message.channel, message.thread_keys[:MOST_KEYS])


def _by_thread(
    tx: Tx, message: IncomingMessage, sender: str, person_id: int, desk: Desk, now: datetime
) -> Match | None:
    """The service says in which conversation a message stands, and who wrote it. Among agents nobody else's
    words count (I12, J14): everybody in the room can write there."""
    found = conversation_of_ticket(tx, message)
    facts = _living(tx, found.ticket) if found else None
    if found is None or facts is None:
        return None
    if message.authentication.verdict is not Verdict.PASS:
        return _found(facts, message, Reason.OTHER_SENDER, desk, now)
    if found.role != threads.ROOM:
        return _found(facts, message, _standing(tx, message, sender, person_id, facts, desk), desk, now)
    own = person_id == facts.requester_id and desk.roster.proved(message, sender)
    return Match(facts, Reason.REFERENCE if own else Reason.NOT_PARTICIPANT)


def answered(tx: Tx, message: IncomingMessage, sender: str, desk: Desk) -> tuple[int, str] | None:
    """The ticket and the event of the message of ours that somebody answers: by its token, which was sent to
    them; in a conversation of a chat program the last that they were told there."""
    if doors.is_chat(message):
        found = conversation_of_ticket(tx, message)
        facts = _living(tx, found.ticket) if found else None
        event = said.last_event(tx, facts.id, sender) if facts else None
        return (facts.id, event) if facts and event else None
    nearest = next(references(message, desk), None)
    if nearest is None or not desk.references.is_for(nearest, sender):
        return None
    event = said.event_of(tx, nearest.token)
    return (nearest.ticket, event) if event else None


def only_to_concerned(tx: Tx, message: IncomingMessage, ticket: TicketFacts, desk: Desk) -> bool:
    """Whether everybody whom a message names besides the desk is an agent, the ticket's requester or one of
    those who follow it."""
    named = {(party.medium, canonical(party.address)) for party in message.recipients if party.address}
    others = {(medium, address) for medium, address in named if not desk.is_own(address)}
    if len(others) > MOST_KEYS:
        return False
    return all(_is_concerned(tx, medium, address, ticket, desk) for medium, address in others)


def _is_concerned(tx: Tx, medium: str, address: str, ticket: TicketFacts, desk: Desk) -> bool:
    key = desk.roster.by_address.get(address) if medium == EMAIL else None
    if key is not None and desk.roster.agents[key].active:
        return True
    person = people.find(tx, medium, address)
    if person is None:
        return False
    follows = conversation.role_of(tx, ticket.id, person.id) == conversation.FOLLOWER
    return follows or person.id == ticket.requester_id


def _living(tx: Tx, ticket: int) -> TicketFacts | None:
    """The ticket, or the one that it was merged into."""
    facts = tickets.facts(tx, ticket)
    for _ in range(_MOST_MERGES):
        if facts is None or facts.merged_into_id is None:
            return facts
        facts = tickets.facts(tx, facts.merged_into_id)
    return None


def _standing(
    tx: Tx, message: IncomingMessage, sender: str, person_id: int, facts: TicketFacts, desk: Desk
) -> Reason:
    """What the bearer of a token that was sent to them has to do with the ticket now (D12)."""
    if person_id == facts.requester_id:
        return Reason.REFERENCE
    if desk.roster.claims(message, sender):
        person = message.automation is Automation.NONE
        return Reason.UNPROVED_AGENT if person else Reason.AUTOMATIC
    follows = conversation.role_of(tx, facts.id, person_id) == conversation.FOLLOWER
    return Reason.REFERENCE if follows else Reason.NOT_PARTICIPANT


def _found(facts: TicketFacts, message: IncomingMessage, reason: Reason, desk: Desk, now: datetime) -> Match:
    """What a person answers to a ticket closed long ago must not lie there unseen; what a machine answers may
    (E4), and so may mere thanks. To whoever does not take part a closed ticket is somebody else's."""
    if message.automation is Automation.BOUNCE:
        return Match(facts, Reason.BOUNCE)
    person = message.automation is Automation.NONE
    done = facts.state in {State.RESOLVED, State.CLOSED}
    if person and done and reason in TAKES_PART and courtesy.only_thanks(message.reply_text):
        return Match(facts, Reason.THANKS)
    if person and facts.state == State.CLOSED and not _reopens(facts, reason, desk, now):
        return Match(facts, Reason.TICKET_CLOSED if reason in TAKES_PART else Reason.NOT_THEIRS)
    return Match(facts, reason)


def _reopens(facts: TicketFacts, reason: Reason, desk: Desk, now: datetime) -> bool:
    window = desk.config.tickets.reopen_within
    return reason in TAKES_PART and facts.closed_at is not None and now - facts.closed_at <= window


def _tag(message: IncomingMessage, desk: Desk) -> int | None:
    found = re.search(rf"\[{desk.config.desk.prefix}-([0-9]{{1,15}})\]", message.subject[:998])
    return int(found[1]) if found else None


def _by_tag(tx: Tx, message: IncomingMessage, person_id: int, desk: Desk, now: datetime) -> Match | None:
    number = _tag(message, desk)
    if number is None or message.authentication.verdict is Verdict.FAIL:
        return None
    facts = _living(tx, number)
    if facts is None or facts.requester_id != person_id:
        return None
    return _found(facts, message, Reason.SUBJECT_TAG, desk, now)
