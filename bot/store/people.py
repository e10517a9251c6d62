"""People and their addresses."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.message import Party
from bot.store.dialect import insert_new
from bot.store.engine import AnyRow, Tx
from bot.store.models import Address, Person, Ticket
from bot.store.prepared import Prepared


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """A person as the desk knows them."""

    id: int
    name: str
    locale: str | None
    time_zone: str | None
    bounces: int = 0
    """Hard bounces, in a row, of the address by which they were found."""


_FIND = Prepared(
    lambda _: (
        sa.select(Person.id, Person.name, Person.locale, Person.time_zone, Address.bounces)
        .join_from(Address, Person)
        .where(Address.medium == sa.bindparam("medium"), Address.canonical == sa.bindparam("canonical"))
    )
)
_AGENT = Prepared(
    lambda _: sa.select(Person.id, Person.name, Person.locale, Person.time_zone).where(
        Person.agent == sa.bindparam("key")
    )
)
_REACHED = Prepared(
    lambda _: (
        sa.select(Address.medium, Address.canonical, Address.shown, Address.bounces)
        .where(Address.person_id == sa.bindparam("person"))
        .order_by(Address.id)
        .limit(1)
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


def agent(tx: Tx, key: str, party: Party, canonical: str, now: datetime) -> KnownPerson:
    """The person who is the agent ``key`` of the configuration; made, or marked, when that is new."""
    row = _AGENT.one(tx, key=key)
    if row is not None:
        return KnownPerson(*row)
    person = find(tx, party.medium, canonical) or add(tx, party, canonical, now)
    tx.run(sa.update(Person).where(Person.id == person.id).values(agent=key, name=party.name))
    return KnownPerson(person.id, party.name, person.locale, person.time_zone)


def agent_key(tx: Tx, person: int) -> str | None:
    """The name in the configuration of the agent who is this person."""
    key: str | None = tx.run(sa.select(Person.agent).where(Person.id == person)).scalar()
    return key


@dataclass(frozen=True, slots=True)
class Reached:
    """How a person can be written to."""

    medium: str
    canonical: str
    shown: str
    bounces: int


def reached(tx: Tx, person: int) -> Reached | None:
    """Where to write to a person: the address known longest."""
    row = _REACHED.one(tx, person=person)
    return Reached(*row) if row else None


def lock(tx: Tx, person: int) -> None:
    """What else the person says at this moment is looked at after this transaction."""
    tx.run(sa.select(Person.id).where(Person.id == person).with_for_update())


def by_id(tx: Tx, person: int) -> KnownPerson | None:
    """The person with that number."""
    row = tx.run(
        sa.select(Person.id, Person.name, Person.locale, Person.time_zone).where(Person.id == person)
    ).one_or_none()
    return KnownPerson(*row) if row else None


def bounced(tx: Tx, medium: str, canonical: str, now: datetime, times: int = 1) -> int:
    """Count a hard bounce of an address; returns how many there were in a row. ``times``: as so many it counts."""
    tx.run(
        sa.update(Address)
        .where(Address.medium == medium, Address.canonical == canonical)
        .values(bounces=Address.bounces + times, bounced_at=now)
    )
    return (
        tx.run(
            sa.select(Address.bounces).where(Address.medium == medium, Address.canonical == canonical)
        ).scalar()
        or 0
    )


def alive(tx: Tx, medium: str, canonical: str) -> None:
    """A message came from the address: it works."""
    tx.run(
        sa.update(Address)
        .where(Address.medium == medium, Address.canonical == canonical, Address.bounces > 0)
        .values(bounces=0)
    )


def change(tx: Tx, person: int, **values: Any) -> None:
    """What is known of a person now."""
    tx.run(sa.update(Person).where(Person.id == person).values(values))


@dataclass(frozen=True, slots=True)
class Identity:
    """One address, and all that is known of whose it is."""

    medium: str
    canonical: str
    person: int
    agent: str | None
    name: str
    locale: str | None
    time_zone: str | None
    department: str
    phone: str


def identities(tx: Tx, addresses: Collection[tuple[str, str]]) -> list[Identity]:
    """Whose each of some addresses is, by medium and canonical address; those that nobody has are left out."""
    if not addresses:
        return []
    by_medium = [
        sa.and_(Address.medium == medium, Address.canonical.in_({a for m, a in addresses if m == medium}))
        for medium in sorted({medium for medium, _ in addresses})
    ]
    columns = (Person.agent, Person.name, Person.locale, Person.time_zone, Person.department, Person.phone)
    rows = tx.run(
        sa.select(Address.medium, Address.canonical, Person.id, *columns)
        .join_from(Address, Person)
        .where(sa.or_(*by_medium))
    )
    return [Identity(*row) for row in rows]


def give_address(tx: Tx, person: int, party: Party, canonical: str) -> bool:
    """Another way to reach a person. False: somebody has it already."""
    values = {"person_id": person, "medium": party.medium, "canonical": canonical, "shown": party.address}
    return _ADD_ADDRESS.value(tx, **values) is not None


def found(tx: Tx, words: str, limit: int) -> list[AnyRow]:
    """People in whose name, department, phone or addresses each of the words stands, as it is written: signs
    that a database would read as "anything" are letters like others (H8). Who was erased or has become part of
    somebody else is not among them."""
    query = sa.select(
        Person.id, Person.name, Person.department, Person.phone, Person.locale, Person.time_zone
    )
    query = query.where(Person.erased_at.is_(None), Person.merged_into_id.is_(None))
    for word in unicodedata.normalize("NFC", words).split()[:10]:
        query = query.where(_has(word[:100]))
    return list(tx.run(query.order_by(Person.id.desc()).limit(limit)))


def _has(word: str) -> sa.ColumnElement[bool]:
    forms = {word, word.lower(), word.upper(), word.title()}  # SQLite folds only ASCII
    columns = (Person.name, Person.department, Person.phone)
    said = [column.icontains(form, autoescape=True) for column in columns for form in forms]
    reached = [
        *(Address.shown.icontains(form, autoescape=True) for form in forms),
        Address.canonical.contains(word.casefold(), autoescape=True),
    ]
    mine = sa.select(Address.id).where(Address.person_id == Person.id, sa.or_(*reached)).correlate(Person)
    return sa.or_(*said, sa.exists(mine))


def addresses_of(tx: Tx, person: int) -> list[AnyRow]:
    """Every way to reach a person, the one known longest first."""
    columns = (Address.medium, Address.canonical, Address.shown, Address.bounces)
    return list(tx.run(sa.select(*columns).where(Address.person_id == person).order_by(Address.id)))


def one(tx: Tx, person: int) -> AnyRow | None:
    """All that is known of a person."""
    return tx.run(sa.select(*Person.__table__.c).where(Person.id == person)).one_or_none()


def tickets_of(tx: Tx, person: int, limit: int) -> list[AnyRow]:
    """What a person has asked for, newest first."""
    columns = (Ticket.id, Ticket.state, Ticket.priority, Ticket.opened_at, Ticket.subject)
    asked = sa.select(*columns).where(Ticket.requester_id == person)
    return list(tx.run(asked.order_by(Ticket.id.desc()).limit(limit)))
