"""A whole desk between doors, in one process and with a clock that is set: people ask and agents answer, each in a
service of their own on localhost, and everything in between is the real thing except that no child writes the words.
"""

from __future__ import annotations

import asyncio
import copy
import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from functools import partial
from pathlib import Path
from typing import Any, Final

from bot import clock
from bot.channels.maildir import MaildirSender
from bot.channels.slack_send import SlackSender
from bot.channels.smtp import SmtpDoor
from bot.channels.telegram import House, TelegramDoor
from bot.channels.telegram_api import Api
from bot.channels.telegram_places import Moves
from bot.channels.telegram_sender import TelegramSender
from bot.channels.turns import Rates, Turns
from bot.delivery import Delivery
from bot.intake import Intake
from bot.loops import Pace
from bot.message import Payload
from bot.metrics import Metrics
from bot.ports import Sender, Source
from bot.store.blobs import open_blobs
from bot.store.models import Inbox, Outbox, OutboxState
from tests.channels.slack_world import furnish, slack_world
from tests.channels.telegram_world import ANNA, BEN, EVE, TEAM
from tests.desks import a_desk
from tests.doors.keeper import Keeper, a_keeper
from tests.doors.mail_in import a_mail, read
from tests.doors.mail_out import composed
from tests.doors.slack_out import in_slack
from tests.doors.telegram_in import QUICK
from tests.doors.telegram_out import in_telegram
from tests.doors.ways_in import eventually
from tests.peers.slack import SlackHouse, slack_house
from tests.peers.slack.house import APP_TOKEN, BOT_TOKEN
from tests.peers.telegram import TOKEN, TelegramHouse, telegram_house

ROOMS: Final = {"slack": "acme:C1", "telegram": f"tg:{TEAM}"}
_numbers = itertools.count(1)


@dataclass
class Button:
    """One that was seen, and can be pressed whatever has become of its message since."""

    message: Any
    code: str


@dataclass
class Running:
    """A desk that runs. ``agent`` and ``requester``: the services in which the two of them are."""

    agent: str
    requester: str
    keeper: Keeper
    slack: SlackHouse
    telegram: TelegramHouse
    sources: dict[str, Source]
    senders: dict[str, Sender]
    sections: dict[str, Any]
    pace: Pace = field(default_factory=lambda: Pace(0.02))
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _intake: Intake | None = None

    async def accept(self, payload: Payload, /) -> bool:
        """See ``ports.Accept``; a desk that has started again is another one."""
        assert self._intake is not None
        return await self._intake.accept(payload)

    async def start(self, **changes: Any) -> None:
        """The desk begins, or begins anew with another configuration."""
        await self.stop()
        desk, store = a_desk(**{**self.sections, **changes}), self.keeper.store
        blobs = open_blobs(str(self.keeper.desk.folder / "blobs"))
        self._intake = Intake(
            store, blobs, self.sources, desk, Metrics(),
            worker="one", pace=self.pace, after=self.pace.wake, now=self.keeper.desk.clock,
        )  # fmt: skip
        delivery = Delivery(
            store, self.senders, desk, Metrics(), worker="one", pace=self.pace, now=self.keeper.desk.clock
        )
        self._tasks = [asyncio.create_task(loop.run()) for loop in (self._intake, delivery)]

    async def stop(self) -> None:
        """What is in hand is finished."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def until(self, true: Callable[[], object], otherwise: str) -> None:
        """Wait until something is so."""
        await eventually(true, otherwise, 20)

    async def settled(self) -> None:
        """Until nothing that is due now waits."""
        await self.until(self._is_settled, "the desk never comes to rest")

    def _is_settled(self) -> bool:
        self.pace.wake()
        rows, now = self.keeper.desk.rows, self.keeper.desk.clock()
        due = (row.state == OutboxState.QUEUED and row.not_before <= now for row in rows(Outbox))
        in_hand = any(row.state == OutboxState.SENDING for row in rows(Outbox))
        return all(row.outcome for row in rows(Inbox)) and not in_hand and not any(due)

    # Whoever asks

    async def asks(self, text: str) -> None:
        """The requester writes for the first time."""
        if self.requester == "slack":
            await self.slack.says("U1", self.slack.workspace.direct("U1"), text)
        elif self.requester == "telegram":
            await self.telegram.says(ANNA, text)
        else:
            envelope = {"mail_from": "ann@example.org", "rcpt_to": ["help@localhost"], "peer": "127.0.0.1"}
            now = self.keeper.desk.clock()
            await self.accept(Payload("mail", f"mail-{next(_numbers)}", a_mail(text), now, envelope))

    def heard(self, words: str) -> int:
        """How many messages with these words the requester has got."""
        return sum(words in text for text in self._to_requester())

    def _to_requester(self) -> Iterator[str]:
        if self.requester == "slack":
            ours = self.slack.workspace.bot_user
            yield from (m.words() for m in self.slack.workspace.direct("U1").messages if m.user == ours)
        elif self.requester == "telegram":
            yield from self.telegram.world.private(ANNA).texts()
        else:
            for file in (self.keeper.desk.folder / "mails" / "new").glob("*"):
                mail = message_from_bytes(file.read_bytes(), policy=policy.default)
                body = mail.get_body(("plain",))
                if body is not None and "ann@example.org" in str(mail["to"]):
                    yield str(body.get_content())

    # Whoever answers

    async def agent_says(self, text: str) -> None:
        """The agent writes where the card of the ticket stands."""
        if self.agent == "slack":
            card = self.slack.workspace.conversations["C1"].messages[0]
            await self.slack.says("U2", self.slack.workspace.conversations["C1"], text, thread=card.ts)
        else:
            team = self.telegram.world.chats[TEAM]
            await self.telegram.says(BEN, text, team, topic=next(iter(team.topics)))

    def told(self, words: str) -> int:
        """How many messages with these words the agent has got in the room."""
        if self.agent == "slack":
            room = self.slack.workspace.conversations["C1"]
            return sum(words in m.words() for m in [*room.messages, *(m for _, m in room.ephemeral)])
        return sum(words in text for text in self.telegram.world.chats[TEAM].texts())

    async def button(self, label: str) -> Button:
        """The last button with a label that the agent has been shown, once there is one."""
        await self.until(lambda: self._button(label), f"nobody is shown a button {label!r}")
        found = self._button(label)
        assert found is not None
        return found

    def _button(self, label: str) -> Button | None:
        if self.agent == "slack":
            room = self.slack.workspace.conversations["C1"]
            for message in [*(m for _, m in reversed(room.ephemeral)), *reversed(room.messages)]:
                for code, element in message.buttons().items():
                    if element.get("text", {}).get("text") == label:
                        return Button(copy.deepcopy(message), code)
            return None
        chat = self.telegram.world.chats.get(TEAM)
        for one in reversed(list(chat.messages.values()) if chat else []):
            if label in one.buttons():
                return Button(one, one.buttons()[label])
        return None

    async def presses(self, button: Button, *, stranger: bool = False) -> None:
        """The agent presses a button; or somebody who is none."""
        if self.agent == "slack":
            room = self.slack.workspace.conversations["C1"]
            await self.slack.presses("U1" if stranger else "U2", room, button.message, button.code)
        else:
            who, team = EVE if stranger else BEN, self.telegram.world.chats[TEAM]
            kept = len(self.keeper.desk.rows(Inbox))
            await self.telegram.presses_data(who, button.message, button.code, team)
            await self.until(lambda: len(self.keeper.desk.rows(Inbox)) > kept, "the press never comes")


@asynccontextmanager
async def running(folder: Path, agent: str, requester: str) -> AsyncIterator[Running]:
    """A desk whose team works in the agent's service."""
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(slack_house())
        furnish(slack)
        telegram = await stack.enter_async_context(telegram_house())
        for person, name in ((ANNA, "Anna Rossi"), (BEN, "Ben Lee"), (EVE, "Eve Moor")):
            telegram.world.add_user(person, name)
        telegram.world.add_group(TEAM, "First line", forum=True)
        sections = _sections(slack, telegram, agent)
        keeper = stack.enter_context(a_keeper(folder, **sections))
        keeper.desk.clock.moment = clock.now()
        at = await _built(stack, agent, requester, keeper, slack, telegram, sections)
        await at.start()
        stack.push_async_callback(at.stop)
        for door in at.sources.values():
            if door.name != "mail":
                task = asyncio.create_task(door.run(at.accept))
                stack.push_async_callback(_ended, task)
        await at.until(slack.connected.is_set, "Slack's door never connects")
        yield at
    assert slack.wrong == telegram.wrong == []


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])


async def _built(
    stack: AsyncExitStack, agent: str, requester: str, keeper: Keeper, slack: SlackHouse, telegram: TelegramHouse,
    sections: dict[str, Any],
) -> Running:  # fmt: skip
    config, store, folder = keeper.desk.desk.config, keeper.store, keeper.desk.folder
    acme = config.slack["acme"]
    more: dict[str, Any] = {"undo": acme.undo, "together": acme.together}
    world = await stack.enter_async_context(slack_world(folder, house=slack, store=store, run=False, **more))
    api = Api(config.telegram["tg"])
    at_once = partial(Turns, Rates(every=0.0))
    senders: dict[str, Sender] = {
        "mail": MaildirSender(folder / "mails", composed),
        "acme": SlackSender("acme", acme, in_slack, turns=at_once()),
        "tg": TelegramSender(api, in_telegram, turns=at_once()),
    }
    for sender in senders.values():
        stack.push_async_callback(sender.close)
    sources: dict[str, Source] = {
        "mail": SmtpDoor(config.smtp, config.desk, read),
        "acme": world.door,
        "tg": TelegramDoor("tg", config, api, House(store, "one"), Moves(), QUICK),
    }
    return Running(agent, requester, keeper, slack, telegram, sources, senders, sections)


def _sections(slack: SlackHouse, telegram: TelegramHouse, agent: str) -> dict[str, Any]:
    wait = {"undo": "20s", "together": "1s"}
    tokens = {"bot_token": BOT_TOKEN, "app_token": APP_TOKEN}
    return {
        "quiet": {"enabled": False},
        "slack": {"acme": {**tokens, "api_url": slack.api_url, **wait}},
        "telegram": {"tg": {"token": TOKEN, "api_url": telegram.api_url, **wait}},
        "teams": {"first-line": {"name": "First line", "rooms": [ROOMS[agent]]}},
        "agents": {"ben": a_ben()},
    }


def a_ben(**changes: Any) -> dict[str, Any]:
    """The only agent, who is in both chat services."""
    where = {"teams": ["first-line"], "chats": ["acme:U2", f"tg:{BEN}"]}
    return {"name": "Ben Lee", "addresses": ["ben@house.example"], **where, **changes}
