"""What must be done now and then: give back what dead workers held, forget what is old."""

from __future__ import annotations

import logging
from functools import partial
from typing import Final

from bot import clock
from bot.config import Config
from bot.desk import promises
from bot.desk.desk import Desk
from bot.loops import Pace
from bot.store import inbox, outbox, timers
from bot.store.engine import Store, Tx

log = logging.getLogger("deskbot.housekeeping")

_AT_ONCE: Final = 500
"""Rows in one transaction, so that intake never waits for housekeeping."""
_RENEWED_AT_ONCE: Final = 100
"""Tickets whose targets are counted anew in one transaction: each costs more than a row that is deleted."""


def recover(tx: Tx, worker: str) -> dict[str, int]:
    """Give back what dead workers held: how many rows of each kind."""
    unknown, again = outbox.recover(tx, worker)
    return {"inbox": inbox.recover(tx, worker), "outbox.unknown": unknown, "outbox.again": again}


async def recover_now(store: Store, worker: str, woken: tuple[Pace, ...]) -> None:
    """As ``recover``, and wake the loops when there is something."""
    found = await store.write(lambda tx: recover(tx, worker))
    if any(found.values()):
        log.warning("recovered", extra={"action": "housekeeping.recovered", **found})
        for pace in woken:
            pace.wake()


async def renew_targets(store: Store, desk: Desk, woken: Pace, now: clock.Clock = clock.now) -> None:
    """Count the targets of open tickets anew: the calendar or the priorities may have changed since they were
    counted. Done when a process starts and once a day, in small steps; whoever comes second finds nothing to do."""
    last, changed = 0, 0
    while True:
        at, some = await store.write(
            partial(promises.renew_all, desk=desk, now=now(), after=last, limit=_RENEWED_AT_ONCE)
        )
        changed += some
        if at is None:
            break
        last = at
    if changed:
        log.warning("targets renewed", extra={"action": "housekeeping.renewed", "tickets": changed})
        woken.wake()


async def forget(store: Store, config: Config, now: clock.Clock = clock.now) -> None:
    """Delete what is older than its retention, in small steps; a stop in the middle is taken up next time."""
    raw, rows = now() - config.retention.raw, now() - config.retention.outbox
    for what, before in ((inbox.forget_raw, raw), (outbox.forget, rows), (timers.forget, rows)):
        while await store.write(partial(what, before=before, limit=_AT_ONCE)) == _AT_ONCE:
            pass
