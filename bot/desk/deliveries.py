"""What follows for a ticket when a message could not be delivered: it is told, never silent (F5)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bot.desk import notices
from bot.desk.desk import Desk
from bot.mail.addresses import canonical
from bot.message import Kind, OutgoingMessage
from bot.store import conversation, tickets
from bot.store.engine import Tx


def ended(tx: Tx, message: OutgoingMessage, state: str, result: str, desk: Desk, now: datetime) -> None:
    """A message will not be tried again, or nobody knows whether it arrived."""
    _tell(tx, message, {"kind": message.kind, "state": state, "result": result}, desk, now, permanent=True)


def delayed(tx: Tx, message: OutgoingMessage, result: str, desk: Desk, now: datetime) -> None:
    """A person's words have been waiting for some time, and are still being tried."""
    _tell(tx, message, {"kind": message.kind, "result": result}, desk, now, permanent=False)


def _tell(
    tx: Tx, message: OutgoingMessage, after: dict[str, Any], desk: Desk, now: datetime, *, permanent: bool
) -> None:
    """In the ticket's history; and to its agents, when it was an agent's own answer that did not arrive."""
    if not message.ticket:
        return
    action = "delivery.ended" if permanent else "delivery.delayed"
    tickets.record(tx, message.ticket, action, now, after=after)
    ticket = conversation.whole(tx, message.ticket) if message.kind is Kind.REPLY else None
    if ticket:
        told = {"address": message.to.address, "permanent": permanent, "status": after["result"]}
        same = desk.roster.by_address.get(canonical(message.to.address))
        notices.tell_agents(tx, ticket, "bounced", told, desk, now, but=same)
