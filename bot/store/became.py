"""What has become of a payload, for the door that has kept it."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from bot.store.engine import Tx
from bot.store.models import Inbox


@dataclass(frozen=True, slots=True)
class Became:
    """Result and reason, as ``desk.outcome`` names them."""

    outcome: str
    reason: str


def of(tx: Tx, key: str) -> Became | None:
    """What has become of the payload with a key; None: nothing yet."""
    row = tx.run(sa.select(Inbox.outcome, Inbox.reason).where(Inbox.key == key)).one_or_none()
    return Became(row.outcome, row.reason or "") if row and row.outcome else None
