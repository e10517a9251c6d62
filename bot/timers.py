"""Due timers -> desk: what becomes due is done, and recorded as done, in one transaction."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from bot import clock
from bot.desk import (
    assignment,
    breaches,
    confirmation,
    ending,
    escalation,
    giving,
    intervals,
    major,
    milestones,
    promises,
    silences,
)
from bot.desk.desk import Desk
from bot.errors import StoreUnavailable
from bot.loops import Pace
from bot.store import tickets, timers
from bot.store.engine import Store, Tx
from bot.store.faults import translated
from bot.store.timers import DueTimer

log = logging.getLogger("deskbot.timers")

_AT_ONCE: Final = 100

Duty = Callable[[Tx, DueTimer, Desk, datetime], None]

DUTIES: Final[Mapping[str, Duty]] = {
    milestones.FIRST_RESPONSE: escalation.target_is_due,
    milestones.RESOLUTION: escalation.target_is_due,
    promises.ESCALATE: escalation.level_is_due,
    ending.REMIND: confirmation.remind,
    ending.CLOSE: confirmation.close,
    breaches.DIGEST: breaches.digest_is_due,
    major.LATER: major.others_are_there,
    assignment.GIVE: giving.somebody_is_back,
    intervals.ASK: silences.ask_is_due,
    intervals.TELL: silences.tell_is_due,
}
"""What to do when a timer of a kind is due: of "resolution.50" what stands before the dot."""


class Timers:
    """Fires what is due, in order."""

    def __init__(
        self,
        store: Store,
        desk: Desk,
        *,
        pace: Pace,
        after: Callable[[], None] = lambda: None,
        now: clock.Clock = clock.now,
        duties: Mapping[str, Duty] = DUTIES,
    ) -> None:
        """``after`` is called when the outbox may have got something."""
        self._store = store
        self._desk = desk
        self._after = after
        self._duties = duties
        self._pace = pace
        self._now = now

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            fired = await self._store.write(self._fire)
            if fired:
                self._after()
            if fired < _AT_ONCE:
                await self._pace.wait()

    def _fire(self, tx: Tx) -> int:
        now = self._now()
        due = timers.due(tx, _AT_ONCE)
        for timer in due:
            if timers.fired(tx, timer):
                self._do(tx, timer, now)
        return len(due)

    def _do(self, tx: Tx, timer: DueTimer, now: datetime) -> None:
        """A duty that fails costs only itself: it is undone, written into the ticket and left to people (F6)."""
        duty = self._duties.get(timer.kind) or self._duties.get(timer.kind.partition(".")[0])
        if duty is None:
            log.error("a timer of unknown kind", extra={"action": "timer.unknown", "kind": timer.kind})
            return
        try:
            with translated(), tx.connection.begin_nested():
                duty(tx, timer, self._desk, now)
        except StoreUnavailable:
            raise
        except Exception as error:
            log.exception("a timer failed", extra={"action": "timer.failed", "timer": timer.id})
            if timer.ticket is not None:
                after = {"timer": timer.kind, "error": type(error).__name__}
                tickets.record(tx, timer.ticket, "timer.failed", now, after=after)
