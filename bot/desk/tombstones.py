"""What was erased does not come back: not when a mailbox is read anew, not with a history that is brought in.

Kept are hashes with the desk's key: they tell nobody else whom they stand for. A message counts as the same one
by its key; as one of the past, by its sender and by its date, which lies before the erasure. What a person
writes after it is new, and so are they.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from bot.desk.desk import Desk
from bot.desk.outcome import Outcome, Reason, Result
from bot.message import IncomingMessage
from bot.store import erasure_mails, tombstones
from bot.store.engine import Tx

FRESH: Final = timedelta(hours=1)
"""A message that was sent and has come within this time is no return of an old one."""


def of_address(medium: str, canonical: str, desk: Desk) -> str:
    """What is kept of somebody's address."""
    return desk.references.blinded(f"address\0{medium}\0{canonical}")


def of_payload(key: str, desk: Desk) -> str:
    """What is kept of a payload."""
    return desk.references.blinded(f"payload\0{key}")


def erased_among(tx: Tx, addresses: Collection[tuple[str, str]], desk: Desk) -> set[tuple[str, str]]:
    """Which of some addresses, each a medium and a canonical address, are those of people who were erased."""
    by_hash = {of_address(medium, address, desk): (medium, address) for medium, address in addresses}
    return {by_hash[one] for one in tombstones.buried(tx, by_hash)}


def refusal(
    tx: Tx, message: IncomingMessage, sender: str, key: str, desk: Desk, now: datetime, inbox_id: int | None
) -> Outcome | None:
    """A message that comes back goes no further, and leaves no bytes. ``key``: its payload's, if it has one."""
    if not comes_back(tx, message, sender, key, desk, now):
        return None
    if inbox_id is not None:
        erasure_mails.drop_payloads(tx, [inbox_id])
    return Outcome(Result.IGNORED, Reason.ERASED)


def comes_back(tx: Tx, message: IncomingMessage, sender: str, key: str, desk: Desk, now: datetime) -> bool:
    """Whether a message is one that was erased, or an old one of somebody who was. Costs nothing for a message
    that was sent just now."""
    sent_at = min(message.received_at, message.sent_at or message.received_at)
    if now - sent_at < FRESH:
        return False
    address = of_address(message.sender.medium, sender, desk)
    gone = tombstones.buried(tx, [address, *([of_payload(key, desk)] if key else [])])
    return any(one != address or sent_at <= since for one, since in gone.items())
