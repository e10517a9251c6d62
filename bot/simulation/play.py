"""A day is played: people write, the desk works, and the clock goes from one thing that is due to the next."""

from __future__ import annotations

import asyncio
import heapq
import logging
import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from bot.app import App
from bot.config import Agent, Config, Senders, Team
from bot.simulation.account import Account, told
from bot.simulation.people import Crowd, Move
from bot.simulation.post import TRUSTED, Post
from bot.store.engine import Tx
from bot.store.models import Inbox, InboxState, Outbox, OutboxState, Timer, TimerState

HOME: Final = "people.example"
"""Where everybody who is made up has their address: a domain that nobody can have."""
_ROLES: Final = ("smtp", "intake", "delivery", "timers")
_LOOK_EVERY: Final = 0.002
_WAKE_EVERY: Final = 50
"""Looks after which the loops are woken again."""
_PATIENCE: Final = 60.0
"""Real seconds in which the desk must have dealt with what is due."""
_GRAIN: Final = timedelta(seconds=30)
"""What is due within it is done together."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be played."""

    hours: float
    people: int
    agents: int
    per_hour: float
    seed: int
    start: datetime


class Clock:
    """The desk's clock. It goes where it is told, and never back."""

    def __init__(self, start: datetime) -> None:
        self.moment = start

    def go_to(self, moment: datetime) -> None:
        """Time passes."""
        self.moment = max(self.moment, moment)

    def __call__(self) -> datetime:
        return self.moment


class _Errors(logging.Handler):
    """What the desk logs as an error is an error of the day."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.seen.append(f"{record.name}: {record.getMessage()}")


def stage(config: Config, folder: Path, plan: Plan) -> Config:
    """The desk of the configuration in another folder: its own SMTP port, a Maildir for a relay, no mailboxes, no
    pages; and agents, when it has none."""
    domains = (*config.desk.domains, HOME)
    desk = config.desk.model_copy(update={"data": folder, "domains": domains})
    changed = {
        "desk": desk,
        "store": type(config.store)(),
        "smtp": type(config.smtp)(name=config.smtp.name, port=0),
        "relay": type(config.relay)(),
        "imap": {},
        "slack": {},
        "telegram": {},
        "web": config.web.model_copy(update={"enabled": False}),
        "senders": Senders(trusted=(TRUSTED,)),
        # A day in a minute would blow a fuse that goes by the real hour.
        "limits": config.limits.model_copy(update={"all_per_hour": 10_000_000}),
    }
    if not config.agents:
        changed |= _made_up(config, plan.agents)
    return config.model_copy(update=changed)


def _made_up(config: Config, many: int) -> dict[str, object]:
    first, second = config.tickets.queue, "second-line"
    teams = dict(config.teams)
    teams.setdefault(second, Team(name="Second line", lead="agent1"))
    known = teams.get(first, Team(name="First line"))
    teams[first] = known.model_copy(update={"escalates_to": known.escalates_to or second, "lead": "agent1"})
    agents = {
        f"agent{number}": Agent(
            name=f"Agent {number}",
            addresses=(f"agent{number}@{HOME}",),
            teams=(first,) if number % 3 else (first, second),
        )
        for number in range(1, many + 1)
    }
    return {"teams": teams, "agents": agents}


async def play(config: Config, plan: Plan, tell: Callable[[float], None] = lambda _: None) -> Account:
    """Play the day on the desk of a staged configuration. ``tell``: what part of it has passed. Raises
    ``DeskbotError`` when the desk cannot start."""
    began, clock, errors = time.monotonic(), Clock(plan.start), _Errors()
    app = App(config, _ROLES, now=clock)
    logging.getLogger("deskbot").addHandler(errors)
    async with AsyncExitStack() as stack:
        stack.callback(logging.getLogger("deskbot").removeHandler, errors)
        stack.push_async_callback(app.close)
        await app.open()
        stop = asyncio.Event()
        running = asyncio.create_task(app.run(stop))
        day = _Day(app, clock, plan, running)
        played = asyncio.create_task(day.pass_by(tell))
        try:
            await asyncio.wait({running, played}, return_when=asyncio.FIRST_COMPLETED)
            if played.done():
                await played
        finally:
            played.cancel()
            stop.set()
            await running
        account = Account(day.post.sent, dict(day.moves.most_common()))
        account.wrong += [*day.wrong, *(f"the door refused: {one}" for one in day.post.refused), *errors.seen]
        await app.store.read(lambda tx: told(tx, account, clock()))
    account.simulated_seconds = (clock() - plan.start).total_seconds()
    account.wall_seconds = time.monotonic() - began
    return account


class _Day:
    """The course of one day."""

    def __init__(self, app: App, clock: Clock, plan: Plan, running: asyncio.Task[None]) -> None:
        self._app = app
        self._clock = clock
        self._running = running
        self._plan = plan
        desk = app.config.desk
        addresses = frozenset(agent.addresses[0] for agent in app.config.agents.values())
        people = tuple(f"person{number}@{HOME}" for number in range(1, plan.people + 1))
        self._crowd = Crowd(people, addresses, ZoneInfo(desk.time_zone), random.Random(plan.seed))
        self._order = count()
        self._planned: list[tuple[datetime, int, Move]] = []
        self.moves: Counter[str] = Counter()
        self.wrong: list[str] = []
        maildir = app.config.relay.maildir or desk.data / "outbox"
        self.post = Post(app.mail.door.port, desk.address, maildir)

    async def pass_by(self, tell: Callable[[float], None]) -> None:
        """From the first hour to the last."""
        plan = self._plan
        end = plan.start + timedelta(hours=plan.hours)
        for move in self._crowd.arrivals(plan.start, plan.hours, plan.per_hour):
            self._expect(move)
        try:
            while (moment := await self._next()) is not None and moment <= end and not self.wrong:
                self._clock.go_to(min(moment + _GRAIN, end))
                tell((self._clock() - plan.start) / (end - plan.start))
                await self._step()
            self._clock.go_to(end)
            await self._step()
        finally:
            await self.post.close()
        tell(1.0)

    def _expect(self, move: Move) -> None:
        heapq.heappush(self._planned, (move.at, next(self._order), move))

    async def _next(self) -> datetime | None:
        due = await self._app.store.read(_next_due)
        planned = [self._planned[0][0]] if self._planned else []
        moments = [*planned, *filter(None, [due])]
        return min(moments) if moments else None

    async def _step(self) -> None:
        """All that is due now: what people do, what the desk does, and what people make of that."""
        now = self._clock()
        while self._planned and self._planned[0][0] <= now:
            move = heapq.heappop(self._planned)[2]
            self.moves[move.kind] += 1
            await self.post.send(move.mail, now)
        await self._settle()
        for mail in await self.post.fetch(self._app.store.read):
            for move in self._crowd.reacts(mail, now):
                self._expect(move)

    async def _settle(self) -> None:
        """Until nothing is due."""
        until = time.monotonic() + _PATIENCE
        for looked in count():
            if looked % _WAKE_EVERY == 0:
                self._app.wake()
            if not await self._app.store.read(_has_work):
                return
            if time.monotonic() > until or self._running.done():
                self.wrong.append(f"at {self._clock()} the desk did not get done with what was due")
                return
            await asyncio.sleep(_LOOK_EVERY)


def _has_work(tx: Tx) -> bool:
    """Whether anything is in hand, or due now."""
    in_hand = sa.or_(
        sa.exists().where(Inbox.state == InboxState.CLAIMED),
        sa.exists().where(Inbox.state == InboxState.WAITING, Inbox.not_before <= tx.now()),
        sa.exists().where(Outbox.state == OutboxState.SENDING),
        sa.exists().where(Outbox.state == OutboxState.QUEUED, Outbox.not_before <= tx.now()),
        sa.exists().where(Timer.state == TimerState.PENDING, Timer.due_at <= tx.now()),
    )
    return bool(tx.run(sa.select(in_hand)).scalar_one())


def _next_due(tx: Tx) -> datetime | None:
    """When the desk has something to do next."""
    moments = [
        tx.run(sa.select(sa.func.min(Inbox.not_before)).where(Inbox.state == InboxState.WAITING)).scalar(),
        tx.run(sa.select(sa.func.min(Outbox.not_before)).where(Outbox.state == OutboxState.QUEUED)).scalar(),
        tx.run(sa.select(sa.func.min(Timer.due_at)).where(Timer.state == TimerState.PENDING)).scalar(),
    ]
    return min(filter(None, moments), default=None)
