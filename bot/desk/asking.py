"""Whether the requester of a ticket that ends is asked how satisfied they were, and why not when they are not.

The rules stand in one ordered table; the first that has an objection decides, and its name is in the ticket's
history.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

from bot.desk import informing
from bot.desk.changed import Change
from bot.desk.desk import Desk
from bot.desk.letters import Letter
from bot.desk.states import Ended
from bot.mail.addresses import canonical
from bot.message import EMAIL, Choice, Kind, Party
from bot.store import people, surveys, tickets, withdrawal
from bot.store.conversation import WholeTicket
from bot.store.engine import Tx

RATINGS: Final = (1, 2, 3, 4, 5)
SURVEY: Final = "survey"
"""The event of the question."""


def ask(tx: Tx, change: Change, desk: Desk) -> bool:
    """Ask the requester of a ticket that has just been closed. False: not this time; its history says why."""
    ticket, now = change.after, change.now
    reason = next((why for rule in RULES if (why := rule(tx, ticket, desk, now))), None)
    if reason is None and not informing.tell(tx, ticket, _question(tx, ticket), desk, now, followers=False):
        reason = "nobody-to-ask"
    if reason is not None:
        tickets.record(tx, ticket.id, "survey.left-out", now, after={"reason": reason})
        return False
    surveys.add(tx, ticket.id, ticket.requester_id, now)
    tickets.record(tx, ticket.id, "survey.asked", now, after={"how": ticket.closed_as or ""})
    return True


def take_back(tx: Tx, ticket: int, now: datetime) -> None:
    """The ticket has not ended after all: a question that is not on its way yet is asked another time."""
    if withdrawal.withdraw(tx, ticket, SURVEY) and surveys.take_back(tx, ticket):
        tickets.record(tx, ticket, "survey.taken-back", now)


def is_own_work(tx: Tx, ticket: int, owner: int | None, person: int, desk: Desk) -> bool:
    """Whether somebody would rate themselves: an agent who owns, owned or worked on the ticket."""
    if owner == person:
        return True
    same = frozenset(_persons(tx, person, desk))
    return bool(same) and (owner in same or surveys.has_worked(tx, ticket, same))


def _persons(tx: Tx, person: int, desk: Desk) -> Iterator[int]:
    """All persons that are the agent who is this one: each of their addresses may have one. None: no agent."""
    reached = people.reached(tx, person)
    by_address = desk.roster.by_address.get(reached.canonical) if reached else None
    key = people.agent_key(tx, person) or by_address
    if key is None:
        return
    yield person
    section = desk.roster.agents.get(key)
    for address in section.addresses if section else ():
        party = Party(EMAIL, address)
        if known := people.find(tx, party.medium, canonical(address)):
            yield known.id


def _question(tx: Tx, ticket: WholeTicket) -> Letter:
    owner = people.by_id(tx, ticket.owner_id) if ticket.owner_id else None
    choices = tuple(Choice(f"rate-{rating}", "rate", str(rating)) for rating in RATINGS)
    values = {"how": ticket.closed_as or "", "owner": owner.name if owner else ""}
    return Letter(Kind.SURVEY, SURVEY, values, choices=choices)


Rule = Callable[[Tx, WholeTicket, Desk, datetime], str | None]


def _off(_tx: Tx, _ticket: WholeTicket, desk: Desk, _now: datetime) -> str | None:
    return None if desk.config.surveys.enabled else "off"


def _ended_otherwise(_tx: Tx, ticket: WholeTicket, _desk: Desk, _now: datetime) -> str | None:
    """What was merged goes on elsewhere; spam is nobody's; who closed it themselves was not served."""
    ended = ticket.closed_as
    if ended in {Ended.MERGED, Ended.SPAM}:
        return str(ended)
    return "self-closed" if ended == Ended.SELF else None


def _unanswered(_tx: Tx, ticket: WholeTicket, _desk: Desk, _now: datetime) -> str | None:
    """There was no service to judge, and perhaps nobody to ask: a newsletter that an agent closes."""
    return "unanswered" if ticket.first_response_at is None else None


def _asked_before(tx: Tx, ticket: WholeTicket, _desk: Desk, _now: datetime) -> str | None:
    """F13: one for each ticket, however often it is opened again."""
    return "asked-before" if surveys.of_ticket(tx, ticket.id) else None


def _own_work(tx: Tx, ticket: WholeTicket, desk: Desk, _now: datetime) -> str | None:
    own = is_own_work(tx, ticket.id, ticket.owner_id, ticket.requester_id, desk)
    return "own-work" if own else None


def _asked_lately(tx: Tx, ticket: WholeTicket, desk: Desk, now: datetime) -> str | None:
    days = desk.config.surveys.every_days
    asked = days and surveys.asked_since(tx, ticket.requester_id, now - timedelta(days=days))
    return "asked-lately" if asked else None


RULES: Final[tuple[Rule, ...]] = (
    _off,
    _ended_otherwise,
    _unanswered,
    _asked_before,
    _own_work,
    _asked_lately,
)
"""Each says why the requester is not asked, or None."""
