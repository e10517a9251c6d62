"""Who else a message was sent to: proposed to the agents, never added by itself (D4)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from bot.desk.desk import Desk
from bot.mail.addresses import canonical
from bot.message import IncomingMessage
from bot.store import conversation, people, tickets
from bot.store.engine import Tx

MOST: Final = 20
"""People proposed for one ticket; beyond them it is a mass mailing (E9)."""


def propose(tx: Tx, message: IncomingMessage, ticket: int, desk: Desk, now: datetime) -> list[str]:
    """Note those who stood in To or Cc beside the desk. They get nothing before an agent says so, and then
    only what comes later."""
    sender = canonical(message.sender.address)
    others = [party for party in message.recipients if _is_somebody(canonical(party.address), sender, desk)]
    if not others:
        return []
    proposed: list[str] = []
    room = MOST - len(conversation.taking_part(tx, ticket, conversation.PROPOSED))
    whole = conversation.whole(tx, ticket)
    for party in others[: max(0, room)]:
        address = canonical(party.address)
        person = people.find(tx, party.medium, address) or people.add(tx, party, address, now)
        asked = whole is not None and whole.requester_id == person.id
        if not asked and conversation.propose(tx, ticket, person.id, now):
            proposed.append(address)
    if proposed:
        after = {"addresses": proposed, "in_all": len(message.recipients)}
        tickets.record(tx, ticket, "followers.proposed", now, channel=message.channel, after=after)
    return proposed


def _is_somebody(address: str, sender: str, desk: Desk) -> bool:
    """Neither the desk, nor who wrote, nor one of the agents, who see the ticket anyway."""
    return "@" in address and not (
        desk.is_own(address) or address == sender or address in desk.roster.by_address
    )
