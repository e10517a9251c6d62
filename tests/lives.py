"""Whole lives of tickets in virtual time: people write, time passes, and everything is told as a timeline.

``Life`` is a desk whose clock jumps from one thing that is due to the next: timers fire and the outbox is sent
at their own moments, as they would be in the weeks that a test lasts. After each step it is checked that no
ticket is in a state that there must never be.
"""

from __future__ import annotations

import atexit
import re
import shutil
import tempfile
import textwrap
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from bot.desk import deliveries
from bot.desk.outcome import Outcome
from bot.loops import Pace
from bot.message import EMAIL, Action, Kind, OutgoingMessage, Party, Verdict
from bot.store import outbox, people
from bot.store.engine import Store, Tx
from bot.store.models import Outbox, OutboxState, Timer, TimerState
from bot.timers import Timers
from tests.desks import Clock, OpenDesk, a_desk, a_message, make_store
from tests.laws import Laws

HOUSE: Final[dict[str, Any]] = {
    "desk": {"address": "help@house.example", "time_zone": "Europe/Rome", "secret": "s" * 40},
    "calendar": {"country": "IT"},
    "teams": {
        "first-line": {"name": "First line", "escalates_to": "second-line", "lead": "lea"},
        "second-line": {"name": "Second line", "lead": "lea"},
    },
    "agents": {
        "ben": {"name": "Ben Lee", "addresses": ["ben@house.example"], "teams": ["first-line"]},
        "sue": {"name": "Sue Kay", "addresses": ["sue@house.example"], "teams": ["second-line"]},
        "lea": {"name": "Lea Rossi", "addresses": ["lea@house.example"], "teams": []},
    },
}
"""Two teams and a lead, in Rome, closed on Italian holidays."""

_TOLD: Final = {
    "progress": ("what",),
    "delayed": ("target",),
    "late": ("target",),
    "warning": ("target", "percent"),
    "breached": ("target", "to_team"),
    "survey": ("how",),
    "closed": ("how",),
    "requester_wrote": ("standing",),
    "low_rating": ("rating",),
    "sorry": ("rating",),
}
"""What a timeline says of a message besides its event."""
_NIGHTS: Final = frozenset({Kind.PROGRESS, Kind.CONFIRMATION, Kind.SURVEY})


@dataclass
class Life:
    """A desk in virtual time."""

    desk: OpenDesk
    lines: list[tuple[datetime, str]] = field(default_factory=list)
    sent: list[OutgoingMessage] = field(default_factory=list)
    laws: Laws = field(default_factory=Laws)

    @property
    def zone(self) -> ZoneInfo:
        return self.desk.desk.zone

    @property
    def now(self) -> datetime:
        return self.desk.clock.moment

    def until(self, moment: str | datetime) -> None:
        """Let time pass, to "2026-03-02 09:30" on the desk's wall; what is due meanwhile happens."""
        end = moment if isinstance(moment, datetime) else self._on_the_wall(moment)
        assert end >= self.now, f"{end} is over"
        self.settle()
        while (due := self._next_due()) is not None and due <= end:
            self.desk.clock.moment = max(due, self.now)
            self.settle()
        self.desk.clock.moment = end

    def sleep(self, **by: float) -> None:
        """The bot is down for a while: time passes, and nothing happens until the next ``settle``."""
        self.desk.clock.moment += timedelta(**by)

    def settle(self) -> None:
        """All that is due now happens, and is sent."""
        timers = Timers(self.desk.store, self.desk.desk, pace=Pace(), now=self.desk.clock)
        for _ in range(1000):
            fired = self.desk.store.write_now(timers._fire)
            if not fired and not self._deliver():
                break
        else:
            raise AssertionError("what is due never ends")
        self.check()

    def writes(self, who: str, text: str, *, to: str = "", subject: str = "Printer", **facts: Any) -> Outcome:
        """Somebody writes a mail: a new one, or an answer to the last message of the event ``to`` that they got."""
        address = f"{who}@house.example" if "@" not in who else who
        answered = self.last(who, to) if to else None
        keys = (f"{answered.token}@house.example",) if answered else ()
        shown = f"Re: {subject}" if answered else subject
        self.say(f"{who}: {' / '.join(filter(None, text.splitlines())) or '(nothing)'}")
        message = a_message(
            text,
            sender=address,
            name=facts.pop("name", who.partition("@")[0].title()),
            to=("help@house.example",),
            subject=shown,
            verdict=facts.pop("verdict", Verdict.PASS),
            thread_keys=facts.pop("thread_keys", keys),
            **facts,
        )
        outcome = self.desk.receive(message)
        self.settle()
        return outcome

    def lives_in(self, who: str, zone: str) -> None:
        """Somebody's time zone is known before they first write."""
        address = f"{who}@house.example"

        def learn(tx: Tx) -> None:
            person = people.find(tx, EMAIL, address) or people.add(
                tx, Party(EMAIL, address), address, self.now
            )
            people.change(tx, person.id, time_zone=zone)

        self.desk.store.write_now(learn)

    def taps(self, who: str, verb: str, value: str = "", *, ticket: int = 1, **values: str) -> Outcome:
        """Somebody presses a button, in any door."""
        address = f"{who}@house.example" if "@" not in who else who
        self.say(f"{who} taps {verb} {value}".rstrip())
        message = a_message("", sender=address, name=who.title(), to=(), subject="", verdict=Verdict.PASS)
        action = Action(verb, ticket, {"value": value, **values} if value else dict(values))
        outcome = self.desk.receive(replace(message, action=action))
        self.settle()
        return outcome

    def last(self, who: str, event: str) -> OutgoingMessage:
        """The last message of an event that somebody got."""
        found = [m for m in self.sent if m.notice.event == event and m.to.address.partition("@")[0] in who]
        assert found, f"{who} was never sent {event}; there was {[m.notice.event for m in self.sent]}"
        return found[-1]

    def events_to(self, who: str) -> list[str]:
        """What somebody was sent, in order."""
        return [m.notice.event for m in self.sent if m.to.address.partition("@")[0] == who]

    def ticket(self, number: int = 1) -> Any:
        """A ticket's row."""
        return self.desk.ticket(number)

    def say(self, what: str) -> None:
        """A line of the timeline."""
        self.lines.append((self.now, what))

    def timeline(self) -> str:
        """What happened, on the desk's wall clock: a line for each thing done, with what was sent at once."""
        lines: list[str] = []
        before = ""
        for at, what in self.lines:
            moment = f"{at.astimezone(self.zone):%a %d %b %H:%M}"
            if moment == before and what.startswith("  -> "):
                lines[-1] += what
            else:
                lines.append(f"{moment}  {what.lstrip()}")
            before = moment
        return "\n".join(lines)

    def _on_the_wall(self, words: str) -> datetime:
        return datetime.strptime(words, "%Y-%m-%d %H:%M").replace(tzinfo=self.zone)

    def _next_due(self) -> datetime | None:
        def earliest(tx: Tx) -> list[datetime]:
            timer = sa.select(sa.func.min(Timer.due_at)).where(Timer.state == TimerState.PENDING)
            row = sa.select(sa.func.min(Outbox.not_before)).where(Outbox.state == OutboxState.QUEUED)
            return [moment for query in (timer, row) if (moment := tx.run(query).scalar())]

        return min(self.desk.store.read_now(earliest), default=None)

    def _deliver(self) -> int:
        def unit(tx: Tx) -> list[OutgoingMessage]:
            claims = outbox.claim(tx, "life", 100, timedelta(minutes=1))
            gone = []
            for claim in claims:
                morning = deliveries.morning_for(claim.message, self.desk.desk, self.now)
                if morning is not None:
                    assert outbox.until_morning(tx, claim, morning - self.now)
                else:
                    assert outbox.settle(tx, claim, OutboxState.SENT, "250 ok")
                    gone.append(claim.message)
            return gone

        gone = self.desk.store.write_now(unit)
        for message in gone:
            self._asleep(message)
            self.laws.letter(self.desk, message)
            values = message.notice.values
            more = " ".join(
                str(values[name]) for name in _TOLD.get(message.notice.event, ()) if values.get(name)
            )
            who = message.to.address.partition("@")[0]
            self.say(f"  -> {who}: {message.notice.event} {more}".rstrip())
        self.sent += gone
        return len(gone)

    def _asleep(self, message: OutgoingMessage) -> None:
        """Nothing automatic reaches a requester at night, unless its priority says so."""
        wall = self.now.astimezone(ZoneInfo(message.notice.time_zone))
        night = message.notice.values.get("priority") in {
            name for name, priority in self.desk.desk.config.priorities.items() if priority.night
        }
        # A delay that can only be told at night, because the promise ends before the morning, is told at night.
        answer = message.notice.event == "delayed" and message.created_at == self.now
        if message.kind in _NIGHTS and not (night or answer):
            assert 8 <= wall.hour < 21, f"{message.notice.event} at {wall:%H:%M}"

    def check(self) -> None:
        """What must never be."""
        self.laws.hold(self.desk)


@contextmanager
def a_life(folder: Path, start: str = "2026-03-02 09:30", **sections: Any) -> Iterator[Life]:
    """A life that begins on a Monday morning in Rome, an hour of work in."""
    shutil.copy(_migrated(), folder / "deskbot.db")
    clock = Clock()
    store = Store(f"sqlite:///{folder / 'deskbot.db'}", now=clock)
    with closing(store):
        life = Life(OpenDesk(store, a_desk(**{**HOUSE, **sections}), clock, folder))
        clock.moment = life._on_the_wall(start)
        yield life


@cache
def _migrated() -> Path:
    """A store with all its tables and no rows: to copy it takes less than to make it."""
    folder = Path(tempfile.mkdtemp(prefix="deskbot-life-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    make_store(folder, Clock()).close()
    return folder / "deskbot.db"


def told(text: str) -> str:
    """A timeline as a test writes it down; a long line goes on in the next."""
    return re.sub(r"\n +-> ", "  -> ", textwrap.dedent(text).strip("\n"))
