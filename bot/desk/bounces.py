"""Delivery reports: one of ours marks its address and is told to the agents; any other changes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from bot.desk import notices, tickets
from bot.desk.desk import Desk
from bot.desk.outcome import Outcome, Reason, Result
from bot.mail.addresses import canonical
from bot.mail.references import Reference
from bot.message import IncomingMessage
from bot.store import conversation, people
from bot.store import tickets as store
from bot.store.engine import Tx
from bot.store.people import KnownPerson

_BOUNCED: Final = "address.bounced"
_OF_THE_SENDER: Final = ("5.1.7", "5.1.8")
"""Status codes of the group "address" that are about ours, not about theirs (RFC 3463, 3.2)."""


def receive(
    tx: Tx, message: IncomingMessage, author: KnownPerson, desk: Desk, now: datetime, inbox_id: int | None
) -> Outcome:
    """Only a report about a message that carries our signature counts (E5, E6)."""
    reference = _ours(message, desk)
    ticket = conversation.whole(tx, reference.ticket) if reference else None
    if reference is None or ticket is None:
        return Outcome(Result.IGNORED, Reason.BOUNCE)
    tickets.keep_words(tx, ticket.id, tickets.AUTOMATIC, author, message, now, inbox_id)
    failed = _failed(message, reference, desk)
    report = message.bounce
    permanent = report is not None and report.permanent
    status = report.status if report else ""
    earlier = store.marked(tx, ticket.id, _BOUNCED, "original", reference.token)
    counts = bool(failed) and permanent and _means_the_address(status)
    counts = counts and not any(one.get("counted") for one in earlier)
    if counts:
        people.bounced(tx, message.sender.medium, failed, now)
    told = {"address": failed, "permanent": permanent, "status": status}
    after = {**told, "original": reference.token, "counted": counts}
    store.record(tx, ticket.id, _BOUNCED, now, channel=message.channel, after=after)
    if any(one.get("permanent") == permanent for one in earlier):
        return Outcome(Result.APPENDED, Reason.OUR_BOUNCE, ticket.id)  # the agents know: no news, no noise
    lost = desk.roster.by_address.get(failed)
    if lost and lost == desk.roster.owner(tx, ticket.owner_id):
        ticket = replace(ticket, owner_id=None)  # the owner cannot be reached: their team is told
    notices.tell_agents(tx, ticket, "bounced", told, desk, now, but=lost)
    return Outcome(Result.APPENDED, Reason.OUR_BOUNCE, ticket.id)


def _means_the_address(status: str) -> bool:
    """Whether a permanent failure is the address's: there is no such mailbox, or it is switched off. What was
    refused for its content, or a box that is full, says nothing against the address (RFC 3463, 3.2 and 3.3)."""
    return not status or (status.startswith(("5.1.", "5.2.1")) and not status.startswith(_OF_THE_SENDER))


def _ours(message: IncomingMessage, desk: Desk) -> Reference | None:
    """The signed id of the message that the report is about."""
    originals = message.bounce.originals if message.bounce else ()
    addressed = [party.address for party in message.recipients[:20]]
    names = (*originals[:20], *message.thread_keys[:20], *addressed)
    return next((found for name in names if (found := desk.references.read(name))), None)


def _failed(message: IncomingMessage, reference: Reference, desk: Desk) -> str:
    """The address that was not reached, if it is the one that our message went to."""
    named = message.bounce.recipients if message.bounce else ()
    return next(
        (address for name in named[:20] if desk.references.is_for(reference, address := canonical(name))), ""
    )
