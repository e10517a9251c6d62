"""What was erased, by hashes alone."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from bot.store.dialect import insert_new
from bot.store.engine import Tx
from bot.store.models import Tombstone

ADDRESS = "address"
PAYLOAD = "payload"
_AT_ONCE = 500


def bury(tx: Tx, kind: str, hashes: Collection[str], now: datetime) -> None:
    """Remember that something is gone. What was gone before is gone anew."""
    if not hashes:
        return
    new = insert_new(tx.dialect, Tombstone, "hash")
    tx.run(new, [{"hash": one, "kind": kind, "created_at": now} for one in sorted(hashes)])
    for some in _parts(hashes):
        tx.run(sa.update(Tombstone).where(Tombstone.hash.in_(some)).values(created_at=now))


def buried(tx: Tx, hashes: Collection[str]) -> dict[str, datetime]:
    """Which of some hashes are gone, and since when."""
    found: dict[str, datetime] = {}
    for some in _parts(hashes):
        rows = tx.run(sa.select(Tombstone.hash, Tombstone.created_at).where(Tombstone.hash.in_(some)))
        found.update({row.hash: row.created_at for row in rows})
    return found


def forget(tx: Tx, before: datetime, limit: int) -> int:
    """Delete tombstones that are older than keys are kept (L3)."""
    old = sa.select(Tombstone.hash).where(Tombstone.created_at < before).limit(limit)
    return tx.run(sa.delete(Tombstone).where(Tombstone.hash.in_(old))).rowcount


def _parts(hashes: Collection[str]) -> list[list[str]]:
    every = sorted(hashes)
    return [every[i : i + _AT_ONCE] for i in range(0, len(every), _AT_ONCE)]
