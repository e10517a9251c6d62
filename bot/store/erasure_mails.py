"""The mails of a person as they came in: which there are, and taking out their bytes."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

import sqlalchemy as sa

from bot.store.dialect import word
from bot.store.engine import AnyRow, Tx
from bot.store.models import Entry, Inbox, InboxState, PayloadRow

_HEAD: Final = 16_384
"""Octets of a mail in which its sender is looked for."""
_FROM: Final = re.compile(
    rb"^(?:from|return-path):((?:[^\r\n]|\r?\n[ \t]){0,4000})", re.IGNORECASE | re.MULTILINE
)
_BLANK: Final = re.compile(rb"\r?\n\r?\n")
_ADDRESS: Final = re.compile(r"[^\s<>()\[\],;:\"@]+@[^\s<>()\[\],;:\"@]+")


def payloads_of(tx: Tx, ticket: int) -> list[AnyRow]:
    """Number and key of each payload that a ticket is made of."""
    said = sa.select(Entry.inbox_id).where(Entry.ticket_id == ticket, Entry.inbox_id.is_not(None))
    mine = sa.or_(Inbox.ticket_id == ticket, Inbox.id.in_(said))
    return list(tx.run(sa.select(Inbox.id, Inbox.key).where(mine)))


def drop_payloads(tx: Tx, ids: Collection[int]) -> int:
    """Take the bytes of payloads out; what was held is dropped. Their keys stay, so none comes back."""
    tx.run(sa.update(Inbox).where(Inbox.id.in_(ids)).values(detail=None))
    tx.run(
        sa.update(Inbox)
        .where(Inbox.id.in_(ids), Inbox.state == word(InboxState.HELD))
        .values(state=InboxState.DROPPED, finished_at=tx.clock())
    )
    return tx.run(sa.delete(PayloadRow).where(PayloadRow.inbox_id.in_(ids))).rowcount


def stray_payloads(tx: Tx, senders: Collection[str], after: int, limit: int) -> tuple[list[AnyRow], int]:
    """Number and key of payloads whose envelope names one of the senders, or their header where a mailbox gave
    no envelope, among the next ``limit`` behind a number, and the last number that was looked at; 0 at the end.
    What is not yet handled is left out."""
    sender = sa.func.lower(PayloadRow.envelope["mail_from"].as_string())
    head = sa.type_coerce(sa.func.substr(PayloadRow.raw, 1, _HEAD), sa.LargeBinary)
    bare = sa.case((sender.is_(None), head), else_=sa.null())
    rows = tx.run(
        sa.select(Inbox.id, Inbox.key, sender.label("sender"), Inbox.state, bare.label("head"))
        .join_from(PayloadRow, Inbox)
        .where(PayloadRow.inbox_id > after)
        .order_by(PayloadRow.inbox_id)
        .limit(limit)
    ).all()
    unhandled = {InboxState.WAITING, InboxState.CLAIMED}
    theirs = [
        row
        for row in rows
        if row.state not in unhandled
        and (row.sender in senders or (row.head is not None and _is_from(bytes(row.head), senders)))
    ]
    return theirs, rows[-1].id if rows else 0


def _is_from(head: bytes, senders: Collection[str]) -> bool:
    """Whether the header says that a mail comes from one of these addresses."""
    fields = _FROM.finditer(_BLANK.split(head, maxsplit=1)[0])
    found = (field[1].decode("utf-8", "replace").lower() for field in fields)
    return any(address in senders for field in found for address in _ADDRESS.findall(field))
