"""What a requester adds to a ticket: by mail, on a page, by a button, as an answer to a question of the desk.

All of it is kept; whoever owns the ticket, or their team, hears of it once.
"""

from __future__ import annotations

from collections.abc import Mapping

from bot.desk import followers, notices, shares, tickets
from bot.desk.incoming import Incoming
from bot.desk.matching import Match
from bot.desk.outcome import Outcome, Reason
from bot.message import Automation
from bot.store import conversation
from bot.store.conversation import WholeTicket


def keep(incoming: Incoming, found: Match, given: Mapping[str, str] | None = None) -> Outcome:
    """Put the words into the ticket, with all that follows from them there. ``given``: the answers in them, when
    they are known already."""
    return tickets.add_words(
        incoming.tx,
        incoming.message,
        incoming.person,
        found,
        incoming.desk,
        incoming.now,
        incoming.inbox_id,
        given,
    )


def add(incoming: Incoming, found: Match) -> Outcome:
    """Keep the words, and tell of them."""
    outcome = keep(incoming, found)
    tell(incoming, found)
    return outcome


def tell(incoming: Incoming, found: Match) -> None:
    """The owner or the team hears what a person added, once it is kept."""
    ticket = conversation.whole(incoming.tx, found.ticket.id)
    if ticket is not None and incoming.message.automation is Automation.NONE:
        tell_team(incoming, ticket, found.reason)


def tell_team(incoming: Incoming, ticket: WholeTicket, standing: Reason) -> None:
    """The owner or the team hears what the requester said, until it is more than one person may say in an hour.
    An agent in a matter of their own is not told what they wrote."""
    tx, message, desk, now = incoming.tx, incoming.message, incoming.desk, incoming.now
    if not desk.roster.agents:
        return
    if shares.has_added_too_much(tx, message, incoming.person, now):
        shares.keep_from_team(tx, ticket.id, "requester_wrote", shares.TOO_MUCH_ADDED, now)
        return
    proposed = followers.propose(tx, message, ticket.id, desk, now)
    told = notices.of_message(message, incoming.person, ticket, proposed) | {"standing": standing}
    notices.tell_agents(
        tx,
        ticket,
        "requester_wrote",
        told,
        desk,
        now,
        but=incoming.agent,
        files=message.attachments,
        origin=message.thread_keys,
    )
