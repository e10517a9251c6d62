"""How many automatic messages went where of late: what finally stops a loop that nobody can see (E3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from bot.message import Kind
from bot.store.dialect import word
from bot.store.engine import Tx
from bot.store.models import Moment, Outbox, OutboxState
from bot.store.prepared import Prepared


@dataclass(frozen=True, slots=True)
class AutomaticCounts:
    """How many acknowledgements went to a recipient and to its domain of late: what their own mail causes. What
    agents and timers cause does not count, else a person whose requests go on would not be answered."""

    recipient_hour: int
    recipient_day: int
    domain_hour: int


_TO_RECIPIENT = Prepared(
    lambda _: sa.select(
        sa.func.count(sa.case((Outbox.created_at > sa.bindparam("hour", type_=Moment()), 1))), sa.func.count()
    ).where(
        Outbox.recipient == sa.bindparam("to"),
        Outbox.created_at > sa.bindparam("day", type_=Moment()),
        Outbox.automatic.is_(True),
        Outbox.kind == word(Kind.ACKNOWLEDGEMENT),
    )
)
_TO_DOMAIN = Prepared(
    lambda _: sa.select(sa.func.count()).where(
        Outbox.domain == sa.bindparam("to"),
        Outbox.created_at > sa.bindparam("hour", type_=Moment()),
        Outbox.automatic.is_(True),
        Outbox.kind == word(Kind.ACKNOWLEDGEMENT),
    )
)


def automatic_counts(tx: Tx, recipient: str, domain: str | None, now: datetime) -> AutomaticCounts:
    """For the budgets. ``domain`` None: do not count it. Each count ends at its own budget, as no more rows
    are written beyond it, so the indexes make this cheap."""
    hour, day = now - timedelta(hours=1), now - timedelta(days=1)
    last_hour, last_day = _TO_RECIPIENT.one(tx, to=recipient, hour=hour, day=day) or (0, 0)
    to_domain = _TO_DOMAIN.value(tx, to=domain, hour=hour) if domain is not None else 0
    return AutomaticCounts(last_hour, last_day, to_domain)


def automatic_to_tagged(tx: Tx, local: str, domain: str, now: datetime) -> tuple[int, int]:
    """Automatic messages of the last hour and day to one mailbox, whatever stood behind the plus."""
    recipient = sa.func.substr(Outbox.recipient, 1, len(local) + 1)
    query = sa.select(
        sa.func.count(sa.case((Outbox.created_at > now - timedelta(hours=1), 1))), sa.func.count()
    ).where(
        Outbox.domain == domain,
        Outbox.created_at > now - timedelta(days=1),
        Outbox.automatic.is_(True),
        Outbox.kind == word(Kind.ACKNOWLEDGEMENT),
        recipient.in_([f"{local}+", f"{local}@"]),
    )
    hour, day = tx.run(query).one()
    return hour, day


@dataclass(frozen=True, slots=True)
class ThreadCounts:
    """Automatic messages to one recipient of late: about one ticket, and about all."""

    minutes: int
    """About the ticket, in ten minutes."""
    hour: int
    day: int
    all_hour: int


COMMANDS: Final = "commands"
"""The event of answers to what an agent has written, which the agent alone causes: they are counted apart, so
that what others cause takes none of them away."""


_COMMANDS = sa.literal_column(f"'{COMMANDS}'", sa.Text())


def _in_thread(*which: sa.ColumnElement[bool]) -> Prepared:
    here = Outbox.ticket_id.is_not_distinct_from(sa.bindparam("ticket", type_=sa.BigInteger()))

    def within(span: str, *more: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        since = Outbox.created_at > sa.bindparam(span, type_=Moment())
        return sa.func.count(sa.case((sa.and_(since, *more), 1)))

    return Prepared(
        lambda _: sa.select(
            within("minutes", here), within("hour", here), within("day", here), within("hour")
        ).where(
            Outbox.recipient == sa.bindparam("to"),
            Outbox.created_at > sa.bindparam("day", type_=Moment()),
            Outbox.automatic.is_(True),
            # what was taken back before it went is nobody's mail
            Outbox.state != word(OutboxState.STALE),
            *which,
        )
    )


_COMMANDS_IN_THREAD = _in_thread(Outbox.event == _COMMANDS)
_OTHERS_IN_THREAD = _in_thread(Outbox.event != _COMMANDS)


def automatic_in_thread(
    tx: Tx, ticket: int | None, recipient: str, event: str, now: datetime
) -> ThreadCounts:
    """For the fuse against machines that answer what an agent gets (E3): of answers to commands when ``event``
    is that, else of all others."""
    counts = _COMMANDS_IN_THREAD if event == COMMANDS else _OTHERS_IN_THREAD
    row = counts.one(
        tx,
        to=recipient,
        ticket=ticket or None,
        minutes=now - timedelta(minutes=10),
        hour=now - timedelta(hours=1),
        day=now - timedelta(days=1),
    )
    return ThreadCounts(*(row or (0, 0, 0, 0)))
