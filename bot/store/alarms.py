"""Troubles that people have been told of."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from bot.store.dialect import insert_new
from bot.store.engine import Tx
from bot.store.models import Alarm


def first_since(tx: Tx, key: str, now: datetime, since: datetime) -> bool:
    """Note that a trouble is told now. False: somebody was told of it after ``since``."""
    new = insert_new(tx.dialect, Alarm, "key").returning(Alarm.key)
    if tx.run(new, {"key": key, "raised_at": now}).scalar() is not None:
        return True
    again = sa.update(Alarm).where(Alarm.key == key, Alarm.raised_at <= since).values(raised_at=now)
    return tx.run(again).rowcount == 1
