"""What the requester is told when a ticket changes.

Of several changes within a few minutes only the last is told: each message says whose the ticket is, and by when
a fix is expected, so the last says it all. An agent's own words make most of them superfluous.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from bot.desk import informing, intervals
from bot.desk.changed import By, Change
from bot.desk.desk import Desk
from bot.desk.letters import Letter
from bot.desk.states import DONE, State
from bot.message import Kind
from bot.store import people, withdrawal
from bot.store.conversation import WholeTicket
from bot.store.engine import Tx

EVENT: Final = "progress"
STILL_OPEN: Final = "still_open"
_A_FEW_MINUTES: Final = timedelta(minutes=2)
"""How long the news waits for more of it, or for the agent's own words."""


class What(StrEnum):
    """What has changed."""

    TAKEN = "taken"
    HANDED_OVER = "handed-over"
    WAITING_REQUESTER = "waiting-requester"
    WAITING_SUPPLIER = "waiting-supplier"
    RESUMED = "resumed"
    ESCALATED = "escalated"
    FIX_EXPECTED = "fix-expected"
    STILL_WORKING = "still-working"
    REOPENED = "reopened"


_SAID_BY_WORDS: Final = frozenset(What) - {What.ESCALATED, What.FIX_EXPECTED}
"""What need not be said when an agent writes to the requester themselves."""


def follow(tx: Tx, change: Change, desk: Desk) -> None:
    """Tell the requester of a change that matters to them."""
    intervals.follow(tx, change, desk)
    if change.differs("requester_id") or change.entered(State.RESOLVED, State.CLOSED):
        withdrawal.withdraw(tx, change.after.id, EVENT, STILL_OPEN)
        return
    what = None if change.quietly else of(change)
    if what is not None and not _is_own(tx, change, desk):
        tell(tx, change.after, what, desk, change.now, but=_addresses(tx, change, desk))


def of(change: Change) -> What | None:
    """What there is to tell of a change; None: nothing that matters to the requester, or they did it."""
    ticket, by = change.after, change.actor.by
    if change.before.state in DONE and ticket.state not in DONE:
        return What.REOPENED if by is not By.DESK else None
    if by is By.REQUESTER or ticket.state in DONE:
        return None
    if by is By.AGENT and ticket.level > change.before.level:
        return What.ESCALATED
    if change.differs("fix_expected_at") and ticket.fix_expected_at is not None:
        return What.FIX_EXPECTED
    if ticket.state == State.WAITING and (change.moved or change.differs("waiting_for")):
        return {"requester": What.WAITING_REQUESTER, "supplier": What.WAITING_SUPPLIER}.get(
            ticket.waiting_for or ""
        )
    return _of_hands(change)


def _of_hands(change: Change) -> What | None:
    """Somebody has it now, or works on it again."""
    owner, before = change.after.owner_id, change.before.owner_id
    if owner is not None and owner != before:
        return What.TAKEN if before is None or owner == change.actor.person else What.HANDED_OVER
    resumed = change.left(State.WAITING) and change.actor.by is By.AGENT
    return What.RESUMED if resumed else None


def tell(
    tx: Tx,
    ticket: WholeTicket,
    what: What,
    desk: Desk,
    now: datetime,
    *,
    but: frozenset[str] = frozenset(),
) -> bool:
    """Say it in a few minutes, in place of what waits to be said. False: it reaches nobody."""
    withdrawal.withdraw(tx, ticket.id, EVENT, STILL_OPEN)
    letter = Letter(Kind.PROGRESS, EVENT, values(tx, ticket, what, desk, now), after=_A_FEW_MINUTES)
    return informing.tell(tx, ticket, letter, desk, now, but=but)


def values(
    tx: Tx, ticket: WholeTicket, what: What, desk: Desk, now: datetime, text: str = ""
) -> dict[str, Any]:
    """What a message about progress says. A moment that is over is not promised again."""
    fix = ticket.fix_expected_at
    return {
        "what": what,
        "owner": owner_name(tx, ticket, desk),
        "at": fix.isoformat() if fix and fix > now else None,
        "text": text,
    }


def owner_name(tx: Tx, ticket: WholeTicket, desk: Desk) -> str:
    """Whose it is, as the requester may know them; empty: nobody's, or somebody's who has left."""
    key = desk.roster.owner(tx, ticket.owner_id)
    return desk.roster.agents[key].name if key else ""


def overtaken_by_words(tx: Tx, ticket: int) -> None:
    """An agent writes to the requester: what waits to be said, and the words make superfluous, is taken back."""
    waiting = withdrawal.unsaid(tx, ticket, EVENT)
    withdrawal.overtaken(tx, [one.id for one in waiting if one.values.get("what") in _SAID_BY_WORDS])
    withdrawal.withdraw(tx, ticket, STILL_OPEN)


def _is_own(tx: Tx, change: Change, desk: Desk) -> bool:
    """Whether an agent changes what they asked for themselves."""
    if change.actor.by is not By.AGENT:
        return False
    where = people.reached(tx, change.after.requester_id)
    own = where is not None and where.canonical in _addresses(tx, change, desk)
    return own or change.actor.person == change.after.requester_id


def _addresses(tx: Tx, change: Change, desk: Desk) -> frozenset[str]:
    """Those of the agent who changes it: they need not be told."""
    key = desk.roster.owner(tx, change.actor.person) if change.actor.by is By.AGENT else None
    return desk.roster.load(tx, key, change.now).addresses if key else frozenset()
