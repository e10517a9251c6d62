"""What a ticket's history refers to: people by their numbers, pauses of its clock."""

from __future__ import annotations

from dataclasses import dataclass, field

import sqlalchemy as sa

from bot.store.engine import AnyRow, Tx
from bot.store.models import Address, Pause, Person, Survey
from bot.store.stories import Story

_PEOPLE = ("owner_id", "requester_id")
"""Values of events that are people."""


@dataclass(frozen=True, slots=True)
class Around:
    """What stands beside a ticket's rows."""

    names: dict[int, str] = field(default_factory=dict)
    """Of everybody whom an event names; of whom no name is known, the address."""
    pauses: list[AnyRow] = field(default_factory=list)
    survey: AnyRow | None = None


def around(tx: Tx, story: Story) -> Around:
    """Read what a story refers to."""
    people = {event.actor_id for event in story.events}
    for event in story.events:
        for values in (event.before or {}, event.after or {}):
            people |= {values.get(name) for name in _PEOPLE}
    numbers = [number for number in people if isinstance(number, int)]
    first = sa.select(Address.shown).where(Address.person_id == Person.id).order_by(Address.id).limit(1)
    name = sa.func.coalesce(sa.func.nullif(Person.name, ""), first.scalar_subquery(), "").label("name")
    rows = tx.run(sa.select(Person.id, name).where(Person.id.in_(numbers)))
    number = story.ticket.id
    pauses = tx.run(sa.select(*Pause.__table__.c).where(Pause.ticket_id == number).order_by(Pause.id))
    survey = tx.run(sa.select(*Survey.__table__.c).where(Survey.ticket_id == number)).one_or_none()
    return Around({row.id: row.name for row in rows}, list(pauses), survey)
