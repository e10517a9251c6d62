"""How much automatic mail anybody may get, and that nobody has had more."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

from bot.store.models import Outbox
from tests.desks import OpenDesk

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def bare(address: str) -> str:
    """A mailbox, whatever stands behind the plus."""
    local, _, domain = address.partition("@")
    return f"{local.partition('+')[0]}@{domain}"


def most_within(moments: list[datetime], span: timedelta) -> int:
    """The largest number of moments in any stretch of time that is shorter than ``span``."""
    most, first = 0, 0
    for last, moment in enumerate(moments):
        while moment - moments[first] >= span:
            first += 1
        most = max(most, last - first + 1)
    return most


def within_budgets(desk: OpenDesk, own_domains: tuple[str, ...] = ("localhost", "desk.example")) -> None:
    """No mailbox and no foreign domain has had more automatic mail than it may have; nor has an agent."""
    people, domains, threads = defaultdict(list), defaultdict(list), defaultdict(list)
    for row in desk.rows(Outbox):
        if not row.automatic:
            continue
        if row.kind == "notice":
            threads[(row.recipient, row.ticket_id, row.event == "commands")].append(row.created_at)
            continue
        people[bare(row.recipient)].append(row.created_at)
        if row.domain not in own_domains:
            domains[row.domain].append(row.created_at)
    for moments in people.values():
        assert (most_within(moments, HOUR) <= 3, most_within(moments, DAY) <= 10) == (True, True)
    for moments in domains.values():
        assert most_within(moments, HOUR) <= 20
    for moments in threads.values():
        assert (most_within(moments, HOUR) <= 20, most_within(moments, DAY) <= 60) == (True, True)
