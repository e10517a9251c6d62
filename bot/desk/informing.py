"""Telling the person who asked, and those who follow; each once.

A requester whom no machine may answer (a machine asked, or somebody in a forged name) hears nothing that a machine
says by itself, until a person of the desk has written to them (E2, E7). All automatic words to requesters after
the acknowledgement go through here, so it is looked at here.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from bot.desk import intervals, letters
from bot.desk.desk import Desk
from bot.desk.letters import Letter
from bot.store import said, tickets
from bot.store.conversation import WholeTicket
from bot.store.engine import Tx


def tell(
    tx: Tx,
    ticket: WholeTicket,
    letter: Letter,
    desk: Desk,
    now: datetime,
    *,
    but: Collection[str] = (),
    followers: bool = True,
) -> bool:
    """Write to the requester and to those who follow. ``but``: canonical addresses that are left out, because
    they wrote it themselves. False: it reached nobody.

    The next word is due an interval after this one. Choices are for the requester alone.
    """
    if letter.kind.automatic and not may_be_told(tx, ticket, letter.event, now):
        return False
    told = set(but)
    reached = False
    first = letters.requester_of(tx, ticket, desk)
    others = letters.followers_of(tx, ticket, desk) if followers else []
    for reader in (*filter(None, [first]), *others):
        if reader.canonical not in told:
            told.add(reader.canonical)
            theirs = letter if reader is first else letter.without_choices()
            reached |= letters.write(tx, reader, ticket, theirs, desk, now)
    if reached:
        tickets.told(tx, ticket.id, now)
        intervals.heard(tx, ticket, desk, now)
    return reached


def may_be_told(tx: Tx, ticket: WholeTicket, event: str, now: datetime) -> bool:
    """Whether the requester is told by a machine; the history says when they are not."""
    if said.may_be_told(tx, ticket.id):
        return True
    after = {"event": event, "reason": "no machine may write to who asked: nobody has answered them yet"}
    tickets.record(tx, ticket.id, "delivery.suppressed", now, after=after)
    return False
