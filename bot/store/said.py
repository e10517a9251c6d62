"""What the desk has said to somebody: whether more may, or must, be said."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bot.message import Kind
from bot.store.conversation import FOLLOWER, WholeTicket
from bot.store.dialect import word
from bot.store.engine import Tx
from bot.store.gone_files import GONE
from bot.store.models import (
    AttachmentRow,
    Entry,
    Event,
    Moment,
    Outbox,
    OutboxState,
    Participant,
    Person,
    Ticket,
)

_ANSWERS = (Kind.ACKNOWLEDGEMENT, Kind.REPLY)


def may_be_told(tx: Tx, ticket: int) -> bool:
    """Whether a machine may write to the requester by itself: it was let answer them when they asked, or a
    person of the desk has written to them, or a proved person asked. Else a machine asked, or a forger."""
    answered = sa.select(Outbox.id).where(
        Outbox.ticket_id == ticket, Outbox.kind.in_([word(kind) for kind in _ANSWERS])
    )
    asked = sa.select(Entry.id).where(
        Entry.ticket_id == ticket, Entry.kind == "message", Entry.author_id == Ticket.requester_id
    )
    query = sa.select(sa.or_(sa.exists(answered), sa.and_(Ticket.proved.is_(True), sa.exists(asked))))
    return bool(tx.run(query.where(Ticket.id == ticket)).scalar())


def notices_since(tx: Tx, event: str, address: str, since: datetime) -> tuple[int, int]:
    """How many notices of an event went to a mailbox, whatever stood behind a plus in its address (E3), and to
    its whole domain, since a moment."""
    local, _, domain = address.rpartition("@")
    bare = local.partition("+")[0]
    name = sa.func.substr(Outbox.recipient, 1, len(bare) + 1)
    theirs = sa.or_(Outbox.recipient == address, name.in_([f"{bare}+", f"{bare}@"]))
    query = sa.select(sa.func.count(sa.case((theirs, 1))), sa.func.count()).where(
        Outbox.domain == domain, Outbox.created_at > since, Outbox.event == event
    )
    mailbox, all_there = tx.run(query).one()
    return mailbox, all_there


def majors_before(tx: Tx, ticket: int, since: datetime, *, proved: bool, most: int = 1000) -> int:
    """How many of the ``most`` tickets before a ticket were opened as major incidents since a moment, by proved
    senders or by others."""
    before = Ticket.id.between(ticket - most, ticket - 1)
    query = sa.select(sa.func.count()).where(
        before, Ticket.major.is_(True), Ticket.proved.is_(proved), Ticket.opened_at > since
    )
    return tx.run(query).scalar() or 0


def files_of(tx: Tx, ticket: int, most: int = 50) -> list[str]:
    """The names of the files of a ticket, oldest first, without the pictures inside texts; each once."""
    query = (
        sa.select(AttachmentRow.name)
        .join(Entry, Entry.id == AttachmentRow.entry_id)
        .where(Entry.ticket_id == ticket, AttachmentRow.inline.is_(False), AttachmentRow.sha256 != GONE)
        .order_by(AttachmentRow.id)
        .limit(4 * most)
    )
    return list(dict.fromkeys(tx.run(query).scalars()))[:most]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a request stands, as its requester may know."""

    id: int
    subject: str
    state: str
    owner: str
    promised_at: datetime | None
    opened_at: datetime
    requester: int


def standing(tx: Tx, person: int, most: int, only: int | None = None) -> list[Standing]:
    """A person's requests that are not closed, with those that they follow, newest first; or the one that is
    named, closed or not, when it is one of theirs."""
    follows = sa.select(Participant.ticket_id).where(
        Participant.person_id == person, Participant.role == FOLLOWER
    )
    query = (
        sa.select(
            Ticket.id,
            Ticket.subject,
            Ticket.state,
            sa.func.coalesce(Person.name, ""),
            Ticket.promised_at,
            Ticket.opened_at,
            Ticket.requester_id,
        )
        .join(Person, Person.id == Ticket.owner_id, isouter=True)
        .where(sa.or_(Ticket.requester_id == person, Ticket.id.in_(follows)))
    )
    if only is not None:
        query = query.where(Ticket.id == only)
    else:
        query = query.where(Ticket.state != "closed", Ticket.merged_into_id.is_(None))
    return [Standing(*row) for row in tx.run(query.order_by(Ticket.id.desc()).limit(most))]


def afters(tx: Tx, ticket: int, action: str, most: int = 10) -> list[dict[str, Any]]:
    """What the first events of a kind say."""
    query = sa.select(Event.after).where(Event.ticket_id == ticket, Event.action == action)
    return [dict(after or {}) for after in tx.run(query.order_by(Event.id).limit(most)).scalars()]


def rounds(tx: Tx, ticket: int, requester: int) -> int:
    """How often the desk alone has told the requester that it is still open, since somebody of the desk last did
    anything."""
    words = ("opened", "message.added", "unverified.added", "automatic.added")
    done = sa.select(sa.func.coalesce(sa.func.max(Event.id), 0)).where(
        Event.ticket_id == ticket,
        Event.actor_id.is_not(None),
        Event.actor_id != requester,
        Event.action.not_in(words),
    )
    told = sa.and_(Event.ticket_id == ticket, Event.action == "update.told")
    query = sa.select(sa.func.count()).where(told, Event.id > done.scalar_subquery())
    return tx.run(query).scalar() or 0


_A_DAY = timedelta(days=1)


def last_of(
    tx: Tx, recipient: str, events: Collection[str], now: datetime, *, planned: bool
) -> datetime | None:
    """When somebody was last told of one of some events within a day. ``planned``: what waits for its moment
    counts too, as said then."""
    waits = sa.and_(Outbox.state == word(OutboxState.QUEUED), Outbox.not_before > Outbox.created_at)
    at = sa.case((waits, Outbox.not_before), else_=Outbox.created_at)
    query = sa.select(sa.func.max(at, type_=Moment())).where(
        Outbox.recipient == recipient,
        Outbox.created_at > now - _A_DAY,
        Outbox.event.in_(events),
        Outbox.state != word(OutboxState.STALE),
    )
    found: datetime | None = tx.run(query if planned else query.where(at <= now)).scalar()
    return found


def seen(tx: Tx, numbers: Collection[int]) -> list[WholeTicket]:
    """Tickets as they are now, to be told of: none is locked, and none may be changed."""
    columns = (Ticket.__table__.c[name] for name in WholeTicket.__slots__)
    return [WholeTicket(*row) for row in tx.run(sa.select(*columns).where(Ticket.id.in_(sorted(numbers))))]


def was_told(tx: Tx, ticket: int, event: str, canonical: str) -> bool:
    """Whether a message of an event about a ticket has been written to an address."""
    query = sa.select(Outbox.id).where(Outbox.ticket_id == ticket, Outbox.event == event)
    return tx.run(query.where(Outbox.recipient == canonical).limit(1)).first() is not None


def event_of(tx: Tx, token: str) -> str | None:
    """What the message with a token was about, as ``Notice.event``."""
    event: str | None = tx.run(sa.select(Outbox.event).where(Outbox.token == token)).scalar()
    return event


def last_event(tx: Tx, ticket: int, recipient: str) -> str | None:
    """What somebody was last told about a ticket, as ``Notice.event``; what is not sent yet does not count."""
    told = sa.select(Outbox.event).where(
        Outbox.ticket_id == ticket, Outbox.recipient == recipient, Outbox.state == word(OutboxState.SENT)
    )
    event: str | None = tx.run(told.order_by(Outbox.id.desc()).limit(1)).scalar()
    return event
