"""What is promised, and what happens by itself while a ticket lives and when it ends."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from bot.config.kinds import Duration, Section, TimeOfDay

Percent = Annotated[int, Field(ge=1, le=99)]


class Priority(Section):
    """What is promised. All spans are counted on ``clock``."""

    first_response: Duration
    resolution: Duration
    clock: Literal["business", "calendar"] = "business"
    update_every: Duration = timedelta(hours=18)
    """The requester hears something at least this often while the ticket is open."""
    escalate_every: Duration = timedelta(hours=9)
    """After a breach the ticket goes one level up, and again after each such span, until the last level."""
    night: bool = False
    """Its messages come at any hour, also in the quiet hours of the person."""


PRIORITIES: Final = {
    "P1": Priority(
        first_response=timedelta(minutes=15),
        resolution=timedelta(hours=4),
        clock="calendar",
        update_every=timedelta(hours=1),
        escalate_every=timedelta(minutes=30),
        night=True,
    ),
    "P2": Priority(
        first_response=timedelta(hours=1),
        resolution=timedelta(hours=8),
        update_every=timedelta(hours=9),
        escalate_every=timedelta(hours=2),
    ),
    "P3": Priority(first_response=timedelta(hours=4), resolution=timedelta(hours=27)),
    "P4": Priority(
        first_response=timedelta(hours=9),
        resolution=timedelta(hours=90),
        update_every=timedelta(hours=45),
        escalate_every=timedelta(hours=18),
    ),
}
"""Those of a desk that names none."""


class Tickets(Section):
    """How tickets begin and end."""

    priority: str = "P3"
    """When neither a rule nor the matrix says another."""
    queue: str = "first-line"
    """The team that a new ticket goes to."""
    reopen_within: Duration = timedelta(days=14)
    """An answer to a ticket closed longer ago opens a new one that names the old."""
    remind_after_days: int = Field(default=2, ge=1)
    """Working days after which the question whether all is well is asked once more."""
    close_after_days: int = Field(default=4, ge=1)
    """Working days after which a resolved ticket is closed when nobody has answered."""

    @model_validator(mode="after")
    def _reminds_before_closing(self) -> Tickets:
        if self.remind_after_days >= self.close_after_days:
            raise ValueError("remind_after_days: must be less than close_after_days")
        return self


class Escalation(Section):
    """Warnings before a target is missed, and the new time that the requester is told."""

    warn_at: tuple[Percent, ...] = (50, 75)
    """Per cent of a target at which the owner, or the team, is warned."""
    tell_at: Percent = 90
    """Per cent of a target at which the requester is told that it will be late, and the new time."""
    extend: int = Field(default=50, ge=10, le=500)
    """The new time is later by so many per cent of the target."""
    collect: Duration = timedelta(minutes=5)
    """Of the breaches within so long after one that somebody was told of, they are told in one message."""
    rounds: int = Field(default=6, ge=0, le=1000)
    """After so many times that the desk alone has told a requester that it is still open, while no agent did
    anything, the update interval doubles each time, up to a day, and the lead is told; 0: never."""


class Quiet(Section):
    """The hours, in each person's own time zone, in which nothing automatic is sent, except for a priority
    that may come at night."""

    enabled: bool = True
    begins: TimeOfDay = "21:00"
    ends: TimeOfDay = "08:00"


class Surveys(Section):
    """The question how satisfied people were."""

    enabled: bool = True
    every_days: int = Field(default=7, ge=0)
    """At most one for each person in so many days; 0: for every ticket."""
    change_within: Duration = timedelta(hours=12)
    """A rating may be changed for so long."""
    low: int = Field(default=2, ge=0, le=4)
    """A rating up to this one tells the team lead, and offers to open the ticket again."""
    valid: Duration = timedelta(days=30)
    """How long the question can be answered."""
