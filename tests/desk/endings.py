"""What tests of the end of tickets say: resolved, time passes, buttons are pressed, letters go out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.desk.outcome import Outcome
from bot.loops import Pace
from bot.message import Action, Verdict
from bot.store import outbox
from bot.store.engine import Tx
from bot.store.models import Event, Outbox, OutboxState
from bot.timers import Timers
from tests.desk.by_mail import ANN, ANNA, TEAM, a_team, answers, asks, works
from tests.desks import OpenDesk, a_message

LED = {
    **TEAM["teams"],
    "first-line": {**TEAM["teams"]["first-line"], "lead": "carla"},
}
"""The first line with a lead."""


@contextmanager
def a_resolved_ticket(
    folder: Path, words: str = "New toner.", *, sender: str = ANN, **sections: Any
) -> Iterator[OpenDesk]:
    """A desk whose ticket 1 Anna has resolved, and whose letters are all sent."""
    with a_team(folder, **{"teams": LED, **sections}) as desk:
        asks(desk, sender=sender)
        works(desk, ANNA, f"#resolve {words}", 1)
        send(desk)
        yield desk


@contextmanager
def a_closed_ticket(folder: Path, *, sender: str = ANN, **sections: Any) -> Iterator[OpenDesk]:
    """The same, and the requester has said that it works and been asked how satisfied they are."""
    with a_resolved_ticket(folder, sender=sender, **sections) as desk:
        verdict = Verdict.PASS if sender == ANNA else Verdict.UNKNOWN
        answers(desk, sender, 1, "Yes, it works.", verdict=verdict)
        send(desk)
        yield desk


def send(desk: OpenDesk) -> None:
    """All that waits is sent, whenever it was to go."""

    def unit(tx: Tx) -> int:
        claims = outbox.claim(tx, "test", 100, timedelta(minutes=1))
        return sum(outbox.settle(tx, claim, OutboxState.SENT, "250 ok") for claim in claims)

    while desk.store.write_now(unit):
        pass


def passes(desk: OpenDesk, **by: float) -> None:
    """Time passes, and what is due is done."""
    desk.clock.forward(**by)
    timers = Timers(desk.store, desk.desk, pace=Pace(), now=desk.clock)
    while desk.store.write_now(timers._fire):
        pass


def taps(desk: OpenDesk, who: str, verb: str, **values: str) -> Outcome:
    """Somebody presses a button about ticket 1, and their door proves who they are."""
    return taps_on(desk, 1, who, verb, values)


def taps_on(desk: OpenDesk, ticket: int, who: str, verb: str, values: dict[str, str]) -> Outcome:
    """Somebody presses a button about a ticket."""
    message = a_message("", sender=who, to=(), subject="", verdict=Verdict.PASS)
    return desk.receive(replace(message, action=Action(verb, ticket, values)))


def ended(desk: OpenDesk, number: int = 1) -> tuple[str, str | None]:
    """State, and how it ended."""
    ticket = desk.ticket(number)
    return ticket.state, ticket.closed_as


def waiting(desk: OpenDesk, event: str) -> int:
    """How many letters about an event have gone out or are to go out; what was taken back is none."""
    return sum(row.event == event and row.state != OutboxState.STALE for row in desk.rows(Outbox))


def reasons(desk: OpenDesk, action: str, number: int = 1) -> list[Any]:
    """What the events of a kind say."""
    return [row.after for row in desk.rows(Event) if (row.ticket_id, row.action) == (number, action)]
