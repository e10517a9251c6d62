"""People and their addresses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.message import Party
from bot.store.dialect import insert_new
from bot.store.engine import Tx
from bot.store.models import Address, Person
from bot.store.prepared import Prepared


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """A person as the desk knows them."""

    id: int
    name: str
    locale: str | None
    time_zone: str | None


_FIND = Prepared(
    lambda _: (
        sa.select(Person.id, Person.name, Person.locale, Person.time_zone)
        .join_from(Address, Person)
        .where(Address.medium == sa.bindparam("medium"), Address.canonical == sa.bindparam("canonical"))
    )
)
_ADD = Prepared(lambda _: sa.insert(Person).returning(Person.id), ("name", "created_at"))
_ADD_ADDRESS = Prepared(
    lambda words: insert_new(words.dialect, Address, "medium", "canonical").returning(Address.id),
    ("person_id", "medium", "canonical", "shown"),
)


def find(tx: Tx, medium: str, canonical: str) -> KnownPerson | None:
    """The person whom an address belongs to."""
    row = _FIND.one(tx, medium=medium, canonical=canonical)
    return KnownPerson(*row) if row else None


def add(tx: Tx, party: Party, canonical: str, now: datetime) -> KnownPerson:
    """A person seen for the first time. Two transactions that meet the same new address end with one."""
    person_id: int = _ADD.value(tx, name=party.name, created_at=now)
    address_id = _ADD_ADDRESS.value(
        tx, person_id=person_id, medium=party.medium, canonical=canonical, shown=party.address
    )
    if address_id is not None:
        return KnownPerson(person_id, party.name, None, None)
    tx.run(sa.delete(Person).where(Person.id == person_id))
    known = find(tx, party.medium, canonical)
    if known is None:
        raise LookupError("an address that is there cannot be read")
    return known
