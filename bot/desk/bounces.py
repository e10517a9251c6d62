"""Delivery reports: one of ours marks its address and is told to the agents; any other changes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

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
    if failed and permanent:
        people.bounced(tx, message.sender.medium, failed, now)
    after = {"address": failed, "permanent": permanent, "status": report.status if report else ""}
    store.record(tx, ticket.id, "address.bounced", now, channel=message.channel, after=after)
    lost = desk.roster.by_address.get(failed)
    if lost and lost == desk.roster.owner(tx, ticket.owner_id):
        ticket = replace(ticket, owner_id=None)  # the owner cannot be reached: their team is told
    notices.tell_agents(tx, ticket, "bounced", after, desk, now, but=lost)
    return Outcome(Result.APPENDED, Reason.OUR_BOUNCE, ticket.id)


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
