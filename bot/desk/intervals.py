"""No silence: when the requester must hear something next.

One timer a ticket. At 80 % of the priority's interval ``update.ask`` asks the owner what to say; when the
interval is over and nobody has said anything, ``update.tell`` says the honest line. Every word to the requester
begins the interval anew, waiting for the requester stops it, and the end of the ticket ends it. What the two
timers do stands in ``silences.py``.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from bot import config
from bot.desk import promises, sla
from bot.desk.changed import Change
from bot.desk.desk import Desk
from bot.desk.states import DONE, State
from bot.store import timers, withdrawal
from bot.store.conversation import WholeTicket
from bot.store.engine import Tx

ASK: Final = "update.ask"
TELL: Final = "update.tell"
REQUESTER: Final = "requester"
"""What a ticket that waits for its requester has in ``waiting_for``."""
_ASK_AT: Final = 0.8
"""Of the interval."""
_ASKED: Final = "update_due"
_A_DAY: Final = timedelta(days=1)
"""Nobody who waits hears less often than this because nobody speaks."""
_MOST_DOUBLINGS: Final = 20


def at_opening(priority: str, desk: Desk, now: datetime) -> dict[str, datetime]:
    """The timers of a new ticket."""
    return {ASK: asks_at(priority, desk, now)}


def asks_at(priority: str, desk: Desk, told_at: datetime) -> datetime:
    """When the owner is asked what to say, after a word to the requester."""
    terms = promises.priority_of(priority, desk)
    return sla.due(told_at, terms.update_every * _ASK_AT, _clock(terms, desk))


def tells_at(priority: str, desk: Desk, told_at: datetime) -> datetime:
    """When the requester is told by the desk itself, after the last word to them."""
    terms = promises.priority_of(priority, desk)
    return sla.due(told_at, terms.update_every, _clock(terms, desk))


def tells_after(ticket: WholeTicket, desk: Desk, asks_at: datetime) -> datetime:
    """The same, after the owner was to be asked at a moment: an interval that began anew when the ticket waited
    no longer is not over because the last word to the requester is long ago."""
    terms = promises.priority_of(ticket.priority, desk)
    by_word = tells_at(ticket.priority, desk, ticket.told_at or ticket.opened_at)
    return max(by_word, sla.due(asks_at, terms.update_every * (1 - _ASK_AT), _clock(terms, desk)))


def _clock(terms: config.Priority, desk: Desk) -> sla.Calendar:
    return sla.ALWAYS if terms.clock == "calendar" else desk.calendar


def is_counting(ticket: WholeTicket) -> bool:
    """Whether the requester is owed a word: not when it is done, nor when the next word is theirs."""
    waits = ticket.state == State.WAITING and ticket.waiting_for == REQUESTER
    return ticket.state not in DONE and not waits


def heard(tx: Tx, ticket: WholeTicket, desk: Desk, now: datetime) -> None:
    """The requester hears something now: the next word is due an interval later."""
    begin(tx, ticket, desk, now, now)


def begin(tx: Tx, ticket: WholeTicket, desk: Desk, told_at: datetime, now: datetime) -> None:
    """Count the interval anew from a moment. The owner is asked at the moment for which they expect a fix, when
    that comes first."""
    stop(tx, ticket)
    if is_counting(ticket):
        due = asks_at(ticket.priority, desk, told_at)
        fix = ticket.fix_expected_at
        timers.start_all(tx, ticket.id, {ASK: min(due, fix) if fix and fix > now else due})


def stretch(tx: Tx, ticket: WholeTicket, desk: Desk, now: datetime, doublings: int) -> datetime | None:
    """Count the interval anew from now on, doubled so many times, up to a day; returns when it is over. None: it is
    no longer than ever, and stays as it is."""
    terms = promises.priority_of(ticket.priority, desk)
    usual = sla.due(now, terms.update_every, _clock(terms, desk))
    longer = sla.due(now, terms.update_every * 2 ** min(doublings, _MOST_DOUBLINGS), _clock(terms, desk))
    tells_at = min(longer, max(usual, now + _A_DAY))
    if doublings < 1 or tells_at <= usual or not is_counting(ticket):
        return None
    stop(tx, ticket)
    timers.start_all(tx, ticket.id, {ASK: tells_at - terms.update_every * (1 - _ASK_AT)})
    return tells_at


def stop(tx: Tx, ticket: WholeTicket) -> None:
    """Nothing is owed for now. A question to the owner that waits for the morning is not asked any more."""
    timers.cancel(tx, ticket.id, ASK, TELL)
    withdrawal.withdraw(tx, ticket.id, _ASKED)


def follow(tx: Tx, change: Change, desk: Desk) -> None:
    """Stop, go on, or count anew after a change."""
    before, after = change.before, change.after
    if is_counting(before) and not is_counting(after):
        stop(tx, after)
    elif not is_counting(before) and is_counting(after):
        begin(tx, after, desk, change.now, change.now)
    elif is_counting(after) and (change.differs("priority") or change.differs("fix_expected_at")):
        begin(tx, after, desk, after.told_at or after.opened_at, change.now)
