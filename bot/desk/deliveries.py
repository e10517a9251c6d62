"""What follows for a ticket when a message could not be delivered: it is told, never silent (F5)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from bot.desk import letters, notices, quiet
from bot.desk.desk import Desk
from bot.desk.screening import MOST_BOUNCES
from bot.mail.addresses import canonical
from bot.message import EMAIL, Kind, OutgoingMessage, Receipt
from bot.store import conversation, outbox, people, threads, tickets
from bot.store.engine import Tx
from bot.store.models import OutboxState

_FRESH: Final = timedelta(minutes=15)
"""What is younger goes out when it was meant to, or soon after."""
_ENDED: Final = "delivery.ended"
_TELLS_OF_A_LOSS: Final = "bounced"
"""The event of notices that say that something did not arrive. Their own loss is told to nobody."""


def morning_for(message: OutgoingMessage, desk: Desk, now: datetime) -> datetime | None:
    """When a message that has been waiting may go, when that is not now: the bot, or the relay, was down by day,
    and now it is night for its reader. None: now."""
    if message.kind not in letters.AT_DAYTIME or now - message.created_at < _FRESH:
        return None
    priority = desk.config.priorities.get(message.notice.values.get("priority", ""))
    if priority is not None and priority.night:
        return None
    return quiet.next_waking(now, ZoneInfo(message.notice.time_zone), desk.config.quiet)


def placed(tx: Tx, message: OutgoingMessage) -> OutgoingMessage:
    """A message to a chat program, with where it belongs now: the card that it replaces, or the thread below
    it; for a requester the conversation about the ticket, when there is one through this door."""
    if not message.ticket or message.thread.answers:
        return message
    card = threads.card_in(tx, message.ticket, message.channel, canonical(message.to.address))
    if card is not None:
        reference = card.reference if message.kind is Kind.CARD else ""
        return replace(message, thread=replace(message.thread, answers=card.thread_key, card=reference))
    if message.kind is Kind.NOTICE or not _is_requesters(tx, message):
        return message
    known = threads.of_ticket(tx, message.ticket, message.channel, threads.REQUESTER)
    return replace(message, thread=replace(message.thread, answers=known[0])) if known else message


def _is_requesters(tx: Tx, message: OutgoingMessage) -> bool:
    """Whether a message goes to the person who asked: nobody else's belongs into their conversation."""
    return threads.is_requester(tx, message.ticket, message.to.medium, canonical(message.to.address))


def arrived(tx: Tx, message: OutgoingMessage, receipt: Receipt, now: datetime) -> None:
    """A chat program has it: what is answered to it belongs to the ticket."""
    if not message.ticket or not receipt.threads:
        return
    place = canonical(message.to.address)
    if message.kind is Kind.CARD:
        key = receipt.threads[0]
        threads.card_posted(tx, message.ticket, message.channel, place, receipt.reference, key, now)
    if threads.card_in(tx, message.ticket, message.channel, place):
        role = threads.ROOM
    else:
        role = threads.REQUESTER if _is_requesters(tx, message) else threads.PRIVATE
    for key in receipt.threads:
        threads.join(tx, message.channel, key, message.ticket, role, now)


def ended(tx: Tx, message: OutgoingMessage, state: str, result: str, desk: Desk, now: datetime) -> None:
    """A message will not be tried again, or nobody knows whether it arrived."""
    if not message.ticket:
        return
    after: dict[str, Any] = {"kind": message.kind, "state": state, "result": result}
    if message.kind is Kind.NOTICE and state == OutboxState.FAILED:
        _notice_failed(tx, message, after, desk, now)
        return
    gone = state == OutboxState.FAILED and _is_gone(tx, message)
    known = gone and tickets.marked(tx, message.ticket, _ENDED, "gone", message.to.address, most=1)
    again = _go_elsewhere(tx, message, desk) if gone else ""
    if gone:
        after |= {"gone": message.to.address, "again": again}
    tickets.record(tx, message.ticket, _ENDED, now, after=after)
    if (message.kind is Kind.REPLY and not again) or (gone and not known):
        _tell(tx, message, result, desk, now, permanent=True, again=again)


def _is_gone(tx: Tx, message: OutgoingMessage) -> bool:
    """Whether a requester has left the chat program, or wants nothing from us there (J12)."""
    if message.to.medium == EMAIL or not _is_requesters(tx, message):
        return False
    known = people.find(tx, message.to.medium, canonical(message.to.address))
    return known is not None and known.bounces >= MOST_BOUNCES


def _go_elsewhere(tx: Tx, message: OutgoingMessage, desk: Desk) -> str:
    """What did not reach a requester there goes to another address of theirs; returns to which, if any."""
    ticket = conversation.whole(tx, message.ticket)
    reader = letters.requester_of(tx, ticket, desk) if ticket else None
    if ticket is None or reader is None or reader.canonical == canonical(message.to.address):
        return ""
    again = replace(
        message,
        channel=desk.door_to(reader.party, ticket.channel),
        to=reader.party,
        token=desk.references.issue(ticket.id, reader.canonical),
        thread=letters.thread_of(tx, reader, ticket),
    )
    outbox.queue(tx, again, reader.canonical)
    return reader.party.address


def delayed(tx: Tx, message: OutgoingMessage, result: str, desk: Desk, now: datetime) -> None:
    """A person's words have been waiting for some time, and are still being tried."""
    if not message.ticket:
        return
    after = {"kind": message.kind, "result": result}
    tickets.record(tx, message.ticket, "delivery.delayed", now, after=after)
    if message.kind is Kind.REPLY:
        _tell(tx, message, result, desk, now, permanent=False)


def _notice_failed(
    tx: Tx, message: OutgoingMessage, after: dict[str, Any], desk: Desk, now: datetime
) -> None:
    """An agent has not been told of something. It may be for a file that a server on the way refuses: then the
    words go once more without it. Else colleagues hear of it, once for all agents who missed the same."""
    after = {**after, "to": message.to.address, "event": message.notice.event}
    if message.attachments:
        tickets.record(tx, message.ticket, _ENDED, now, after={**after, "again": "without files"})
        to = canonical(message.to.address)
        bare = replace(message, token=desk.references.issue(message.ticket, to), attachments=())
        outbox.queue(tx, bare, to)
        return
    missed = f"{message.notice.event} {message.created_at.isoformat()}"
    known = tickets.marked(tx, message.ticket, _ENDED, "missed", missed, most=1)
    tickets.record(tx, message.ticket, _ENDED, now, after={**after, "missed": missed})
    if not known and message.notice.event != _TELLS_OF_A_LOSS:
        _tell(tx, message, after["result"], desk, now, permanent=True)


def _tell(
    tx: Tx,
    message: OutgoingMessage,
    result: str,
    desk: Desk,
    now: datetime,
    *,
    permanent: bool,
    again: str = "",
) -> None:
    """Tell the agents of a ticket, except the one who was not reached: when that is its owner, their team.
    ``again``: the address to which it goes now."""
    ticket = conversation.whole(tx, message.ticket)
    if ticket is None:
        return
    where = canonical(message.to.address)
    roster = desk.roster
    mail = message.to.medium == EMAIL
    lost = roster.by_address.get(where) if mail else roster.elsewhere.get((message.to.medium, where))
    if message.kind is Kind.NOTICE and lost and lost == roster.owner(tx, ticket.owner_id):
        ticket = replace(ticket, owner_id=None)
    shown = message.to.address if mail else message.to.name or message.to.address
    told = {"address": shown, "permanent": permanent, "status": result, "again": again}
    told |= {"door": "" if mail else message.to.medium.title()}
    notices.tell_agents(tx, ticket, _TELLS_OF_A_LOSS, told, desk, now, but=lost)
