"""Telling people that something of the desk itself is broken: what, and what to do; each trouble once a day."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from bot.desk.desk import Desk
from bot.mail.addresses import canonical
from bot.message import EMAIL, Kind, Notice, OutgoingMessage, Party
from bot.store import alarms, outbox
from bot.store.engine import Tx

_AGAIN_AFTER: Final = timedelta(days=1)


def raise_alarm(tx: Tx, key: str, what: str, advice: str, channel: str, desk: Desk, now: datetime) -> int:
    """Write to those whom ``desk.alarms`` names, or else to the team of new tickets; to how many. ``key``:
    what makes it the same trouble."""
    if not alarms.first_since(tx, key[:200], now, now - _AGAIN_AFTER):
        return 0
    told = 0
    for address in _told(desk):
        to = canonical(address)
        if desk.is_own(to):
            continue
        home = desk.config.desk
        values = {"what": what, "advice": advice, "since": now.isoformat(), "desk_name": home.name}
        message = OutgoingMessage(
            channel=channel,
            to=Party(EMAIL, address),
            ticket=0,
            kind=Kind.NOTICE,
            token=desk.references.issue(0, to),
            notice=Notice("alert", home.locale, home.time_zone, {**values, "desk_address": home.address}),
            created_at=now,
        )
        outbox.queue(tx, message, to)
        told += 1
    return told


def _told(desk: Desk) -> list[str]:
    if desk.config.desk.alarms:
        return list(desk.config.desk.alarms)
    team = desk.roster.of_team(desk.config.tickets.queue)
    return [desk.roster.agents[key].addresses[0] for key in team]
