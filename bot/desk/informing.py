"""Telling the person who asked, and those who follow; each once."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from bot.desk import intervals, letters
from bot.desk.desk import Desk
from bot.desk.letters import Letter
from bot.store import tickets
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
    told = set(but)
    reached = False
    first = letters.requester_of(tx, ticket, desk)
    others = letters.followers_of(tx, ticket, desk) if followers else []
    for reader in (*filter(None, [first]), *others):
        if reader.canonical not in told:
            told.add(reader.canonical)
            said = letter if reader is first else letter.without_choices()
            reached |= letters.write(tx, reader, ticket, said, desk, now)
    if reached:
        tickets.told(tx, ticket.id, now)
        intervals.heard(tx, ticket, desk, now)
    return reached
