"""What must be done now and then: give back what dead workers held, forget what is old."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from bot import clock
from bot.desk import alarms, erasure, renewals, tombstones
from bot.desk.desk import Desk
from bot.loops import Pace
from bot.store import identities, inbox, outbox, outbox_review, retention, timers
from bot.store import tombstones as store_tombstones
from bot.store.blobs import Blobs
from bot.store.engine import Store, Tx

log = logging.getLogger("deskbot.housekeeping")

_AT_ONCE: Final = 500
"""Rows in one transaction, so that intake never waits for housekeeping."""
_TICKETS: Final = 20
"""With all their rows, in one transaction."""
_CODES: Final = timedelta(days=1)
"""So long after its end a code is kept, to be told from one that never was."""
_UNSENT: Final = timedelta(minutes=10)
"""So long a message may wait that could go."""
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
            partial(renewals.renew_all, desk=desk, now=now(), after=last, limit=_RENEWED_AT_ONCE)
        )
        changed += some
        if at is None:
            break
        last = at
    if changed:
        log.warning("targets renewed", extra={"action": "housekeeping.renewed", "tickets": changed})
        woken.wake()


async def tell_of_unsent(
    store: Store, desk: Desk, channel: str, woken: Pace, now: clock.Clock = clock.now
) -> None:
    """Tell people, once a day, that nothing has gone out for ten minutes although it could (L10). By mail that
    arrives when it goes again; the log and ``deskbot_queue_oldest_seconds`` tell it at once. ``channel``: the door
    of the message."""

    def unit(tx: Tx) -> bool:
        depth, moment = outbox_review.depth(tx), now()
        if depth.oldest is None or moment - depth.oldest <= _UNSENT:
            return False
        minutes = (moment - depth.oldest) // timedelta(minutes=1)
        what = f"A message has waited for {minutes} minutes to be sent, and {depth.waiting} wait in all."
        advice = "Look at the mail server in [relay]; then run: deskbot check, and: deskbot outbox list"
        log.error("%s", what, extra={"action": "outbox.unsent", "waiting": depth.waiting})
        return alarms.raise_alarm(tx, "outbox unsent", what, advice, channel, desk, moment) > 0

    if await store.write(unit):
        woken.wake()


async def forget(store: Store, desk: Desk, blobs: Blobs, now: clock.Clock = clock.now) -> None:
    """Delete what is older than its retention, in small steps; a stop in the middle is taken up next time.
    How much of what was deleted is told in the log.
    """
    moment, kept = now(), desk.config.retention
    gone: Counter[str] = Counter()
    rows = moment - kept.outbox
    for name, what, before in (
        ("raw", inbox.forget_raw, moment - kept.raw),
        ("outbox", outbox.forget, rows),
        ("timers", timers.forget, rows),
        ("codes", identities.forget_codes, moment - _CODES),
        ("tombstones", store_tombstones.forget, rows),
    ):
        gone[name] += await _in_steps(store, partial(what, before=before, limit=_AT_ONCE))
    for age in (kept.attachments, kept.tickets):
        if age is not None:
            mark = partial(retention.mark_old_files, closed_before=moment - age, limit=_AT_ONCE)
            gone["files"] += await _in_steps(store, mark, at_least=1)
    gone["files_waiting"] = await asyncio.to_thread(erasure.sweep, store, blobs, moment)
    if kept.tickets is not None:
        gone.update(await _tickets(store, desk, moment - kept.tickets, moment))
    if deleted := dict(+gone):
        log.info("forgotten", extra={"action": "housekeeping.forgotten", **deleted})


async def _in_steps(store: Store, what: Callable[[Tx], int], at_least: int = _AT_ONCE) -> int:
    """Again and again, until a step does less than ``at_least``."""
    total = 0
    while True:
        done = await store.write(what)
        total += done
        if done < at_least:
            return total


async def _tickets(store: Store, desk: Desk, before: datetime, now: datetime) -> Counter[str]:
    """Old tickets. What they were made of is remembered by hashes for as long as keys are kept, so that no
    mailbox that is read anew opens them again."""
    gone: Counter[str] = Counter()

    def step(tx: Tx) -> dict[str, int]:
        numbers = retention.old_tickets(tx, before, _TICKETS)
        if not numbers:
            return {}
        made_of = retention.payloads(tx, numbers)
        hashes = [tombstones.of_payload(row.key, desk) for row in made_of]
        store_tombstones.bury(tx, store_tombstones.PAYLOAD, hashes, now)
        return retention.delete(tx, numbers, [row.id for row in made_of])

    while counts := await store.write(step):
        gone.update(counts)
    return gone
