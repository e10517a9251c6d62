"""Tickets: opened, changed, counted, with what is said in them and what happens to them written down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.message import Attachment
from bot.store.engine import Tx
from bot.store.models import (
    AttachmentRow,
    Entry,
    Event,
    Moment,
    Ticket,
)
from bot.store.prepared import Prepared


@dataclass(frozen=True, slots=True)
class NewTicket:
    """A ticket that is about to be opened."""

    subject: str
    state: str
    priority: str
    queue: str
    requester_id: int
    channel: str
    locale: str
    opened_at: datetime
    first_response_due: datetime
    resolution_due: datetime
    proved: bool = False
    """Whether the requester's mail was proved to be theirs."""
    category: str | None = None
    impact: str | None = None
    urgency: str | None = None
    fields: dict[str, Any] | None = None
    major: bool = False
    promised_at: datetime | None = None
    told_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewEntry:
    """Something that was said and is about to be kept."""

    ticket: int
    kind: str
    author_id: int | None
    channel: str
    text: str
    created_at: datetime
    quoted: str | None = None
    external_id: str = ""
    inbox_id: int | None = None
    oddities: str | None = None


@dataclass(frozen=True, slots=True)
class TicketFacts:
    """What matching needs to know of a ticket."""

    id: int
    state: str
    requester_id: int
    closed_at: datetime | None
    merged_into_id: int | None


_OPEN = Prepared(lambda _: sa.insert(Ticket).returning(Ticket.id), (*NewTicket.__slots__, "updated_at"))
_ADD_ENTRY = Prepared(
    lambda _: sa.insert(Entry).returning(Entry.id),
    ("ticket_id", *(name for name in NewEntry.__slots__ if name != "ticket")),
)
_RECORD = Prepared(
    lambda _: sa.insert(Event),
    ("ticket_id", "at", "actor_id", "channel", "action", "before", "after"),
)


def open_ticket(tx: Tx, new: NewTicket) -> int:
    """Returns the ticket's number."""
    values = {name: getattr(new, name) for name in new.__slots__}
    number: int = _OPEN.value(tx, updated_at=new.opened_at, **values)
    return number


def add_entry(tx: Tx, entry: NewEntry, attachments: tuple[Attachment, ...] = ()) -> int:
    """Keep what was said. The attachments' content must lie in the blob store already (L6)."""
    values = {name: getattr(entry, name) for name in entry.__slots__}
    entry_id: int = _ADD_ENTRY.value(tx, ticket_id=values.pop("ticket"), **values)
    if attachments:
        tx.run(
            sa.insert(AttachmentRow),
            [
                {
                    "entry_id": entry_id,
                    "name": file.name,
                    "media_type": file.media_type,
                    "size": file.size,
                    "sha256": file.sha256,
                    "inline": file.inline,
                }
                for file in attachments
            ],
        )
    return entry_id


def record(
    tx: Tx,
    ticket: int,
    action: str,
    at: datetime,
    *,
    actor: int | None = None,
    channel: str | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Append to the ticket's history (L8)."""
    _RECORD.run(
        tx,
        ticket_id=ticket,
        at=at,
        actor_id=actor,
        channel=channel,
        action=action,
        before=before,
        after=after,
    )


def marked(tx: Tx, ticket: int, action: str, name: str, value: str, most: int = 50) -> list[dict[str, Any]]:
    """What the first events of a kind say whose ``after`` has ``value`` under ``name``: whether something has
    been done already."""
    query = sa.select(Event.after).where(
        Event.ticket_id == ticket, Event.action == action, Event.after[name].as_string() == value
    )
    return list(tx.run(query.order_by(Event.id).limit(most)).scalars())


def facts(tx: Tx, ticket: int) -> TicketFacts | None:
    """What matching needs, or None when there is no such ticket. The ticket is locked until the transaction
    ends, so that two messages that change it do so one after the other."""
    query = sa.select(Ticket.id, Ticket.state, Ticket.requester_id, Ticket.closed_at, Ticket.merged_into_id)
    row = tx.run(query.where(Ticket.id == ticket).with_for_update()).one_or_none()
    return TicketFacts(*row) if row else None


def change(tx: Tx, ticket: int, now: datetime, *, expected_state: str, **values: Any) -> bool:
    """Change a ticket that is still in ``expected_state``. False: somebody else was faster."""
    result = tx.run(
        sa.update(Ticket)
        .where(Ticket.id == ticket, Ticket.state == expected_state)
        .values(updated_at=now, **values)
    )
    return result.rowcount == 1


def set_channel(tx: Tx, ticket: int, channel: str) -> None:
    """Through which door the requester is written to."""
    tx.run(sa.update(Ticket).where(Ticket.id == ticket).values(channel=channel))


def told(tx: Tx, ticket: int, now: datetime, *, promised_at: datetime | None = None) -> None:
    """The requester hears from the desk, and is perhaps promised another moment."""
    values: dict[str, Any] = {"told_at": now}
    if promised_at is not None:
        values["promised_at"] = promised_at
    tx.run(sa.update(Ticket).where(Ticket.id == ticket).values(values))


def not_asked(tx: Tx, ticket: int) -> None:
    """The questions of a new ticket were not put to anybody after all."""
    tx.run(sa.update(Ticket).where(Ticket.id == ticket).values(fields=sa.null()))


def set_targets(
    tx: Tx,
    ticket: int,
    first_response_due: datetime | None,
    resolution_due: datetime,
    promised_at: datetime | None,
) -> None:
    """What is promised now, and by when the requester expects something."""
    tx.run(
        sa.update(Ticket)
        .where(Ticket.id == ticket)
        .values(first_response_due=first_response_due, resolution_due=resolution_due, promised_at=promised_at)
    )


@dataclass(frozen=True, slots=True)
class Counted:
    """What a ticket's targets are counted from, and what they are now."""

    id: int
    priority: str
    opened_at: datetime
    first_response_due: datetime | None
    first_response_at: datetime | None
    resolution_due: datetime | None


def counted(tx: Tx, states: tuple[str, ...], after: int, limit: int) -> list[Counted]:
    """Tickets in some states in the order of their numbers, those after one of them."""
    columns = [Ticket.__table__.c[name] for name in Counted.__slots__]
    query = sa.select(*columns).where(Ticket.id > after, Ticket.state.in_(states))
    return [Counted(*row) for row in tx.run(query.order_by(Ticket.id).limit(limit))]


_OPENED_SINCE = Prepared(
    lambda _: sa.select(sa.func.count()).where(
        Ticket.requester_id == sa.bindparam("person"),
        Ticket.opened_at > sa.bindparam("since", type_=Moment()),
        Ticket.proved == sa.bindparam("proved", type_=sa.Boolean()),
    )
)


def opened_since(tx: Tx, person: int, since: datetime, *, proved: bool) -> int:
    """How many tickets were opened in a person's name since a moment: by mails that were proved to be theirs,
    or by all others, which may be anybody's."""
    return int(_OPENED_SINCE.value(tx, person=person, since=since, proved=proved))


def added_since(tx: Tx, person: int, since: datetime, most: int, *, proved: bool) -> int:
    """How many times somebody has added words to tickets since a moment, by mails that were proved to be theirs
    or by all others; counted up to ``most``."""
    added = [sa.literal_column(f"'{kind}.added'", sa.Text()) for kind in ("message", "unverified")]
    was = Event.after["proved"].as_boolean()
    some = sa.select(Event.id).where(
        Event.actor_id == person,
        Event.at > since,
        Event.action.in_(added),
        was.is_(True) if proved else was.is_not(True),
    )
    return len(tx.run(some.limit(most)).all())


def touch(tx: Tx, ticket: int, now: datetime) -> None:
    """Something was said."""
    tx.run(sa.update(Ticket).where(Ticket.id == ticket).values(updated_at=now))
