"""From the desk's outbox into Slack: cards in the team's channel, words in the right thread, homes up to date."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import clock
from bot.channels.slack_homes import Homes
from bot.channels.slack_out import slack_senders
from bot.channels.slack_workspace import Workspace
from bot.delivery import Delivery
from bot.loops import Pace
from bot.message import Kind, Notice, OutgoingMessage, Party, Verdict
from bot.metrics import Metrics
from bot.store import outbox
from bot.store.blobs import open_blobs
from bot.store.models import Card, Outbox, OutboxState
from tests.desks import OpenDesk, a_message, open_desk
from tests.peers.slack import SlackHouse, slack_house
from tests.peers.slack.house import APP_TOKEN, BOT_TOKEN, Fault


@dataclass
class Scene:
    """A desk, a house, and the way from one to the other."""

    open: OpenDesk
    house: SlackHouse
    delivery: Delivery
    alarms: list[tuple[str, str, str]]

    async def until(self, true: Callable[[], bool], seconds: float = 20) -> None:
        """Deliver until something is so."""
        task = asyncio.create_task(self.delivery.run())
        try:
            async with asyncio.timeout(seconds):
                while not true():
                    await asyncio.wait([task], timeout=0.03)
                    assert not task.done()
        finally:
            task.cancel()
            await asyncio.wait([task])

    def waiting(self) -> int:
        rows = self.open.rows(Outbox)
        return sum(
            row.medium == "slack" and row.state in {OutboxState.QUEUED, OutboxState.SENDING} for row in rows
        )

    async def deliver(self) -> None:
        await self.until(lambda: not self.waiting())


async def _run(job: Callable[[Any], Any], argument: Any) -> Any:
    return await asyncio.to_thread(job, argument)


@asynccontextmanager
async def scene(folder: Path) -> AsyncIterator[Scene]:
    async with slack_house() as house:
        house.workspace.add_user("U1", "Anna")
        house.workspace.add_user("U2", "Ben", locale="it-IT")
        house.workspace.add_channel("C1", "first-line", "U2")
        door = {"bot_token": BOT_TOKEN, "app_token": APP_TOKEN, "api_url": house.api_url}
        sections: dict[str, Any] = {
            "slack": {"acme": door},
            "teams": {"first-line": {"name": "First line", "rooms": ["acme:C1"]}},
            "agents": {
                "ben": {
                    "name": "Ben Lee",
                    "addresses": ["ben@house.example"],
                    "teams": ["first-line"],
                    "chats": ["acme:U2"],
                }
            },
        }
        with open_desk(folder, **sections) as desk:
            desk.store.open()
            alarms: list[tuple[str, str, str]] = []
            blobs = open_blobs(str(folder / "blobs"))
            ways = slack_senders(
                desk.desk.config,
                blobs,
                _run,
                trouble=lambda *told: alarms.append(told),
                broke=print,
                now=desk.clock,
            )
            delivery = Delivery(
                desk.store, ways, desk.desk, Metrics(), worker="w", pace=Pace(0.05), now=desk.clock
            )
            task = asyncio.create_task(_forward(desk))
            try:
                yield Scene(desk, house, delivery, alarms)
            finally:
                task.cancel()
                for way in ways.values():
                    await way.close()
        assert house.wrong == []


async def test_a_ticket_has_a_card_in_its_team_s_channel_that_changes_in_place(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        at.open.receive(a_message(verdict=Verdict.PASS))
        await at.deliver()
        room = at.house.workspace.conversations["C1"]
        card = room.messages[0]
        assert "HD-1" in card.words()
        assert "reply:" in card.buttons()
        (row,) = at.open.rows(Card)
        assert row.reference == row.thread_key == f"C1/{card.ts}"
        take = a_message("#take", sender="ben@house.example", subject="[HD-1]", verdict=Verdict.PASS)
        at.open.receive(take)
        await at.deliver()
        assert "Ben Lee" in card.words()
        assert card.edits >= 1
        assert all(message.thread_ts == card.ts for message in room.messages[1:])


def queued(at: Scene, number: int, to: str, **changes: Any) -> OutgoingMessage:
    notice = Notice("reply", "en", "UTC", {"text": f"number {number};", "by": "Ben", "reference": "HD-1"})
    message = OutgoingMessage(
        "acme", Party("slack", f"acme/{to}"), 1, Kind.REPLY, f"hd.{to}.{number}", notice,
        at.open.clock() + timedelta(seconds=1),
    )  # fmt: skip
    return replace(message, **changes)


async def test_i7_a_burst_into_one_conversation_goes_out_in_order_and_delays_no_other(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        at.open.receive(a_message(verdict=Verdict.PASS))
        await at.deliver()
        at.house.fail("chat.postMessage", Fault(), Fault(), Fault(status=429, retry_after=2))
        for number in range(6):
            message = queued(at, number, "U1")
            await at.open.store.write(lambda tx, message=message: outbox.queue(tx, message, "acme/u1"))  # type: ignore[misc]  # bound at once
        other = queued(at, 99, "U2")
        await at.open.store.write(lambda tx: outbox.queue(tx, other, "acme/u2"))

        def said(user: str) -> list[str]:
            return [one.words() for one in at.house.workspace.direct(user).messages]

        await at.until(lambda: len(said("U2")) == 1)
        assert len(said("U1")) < 6
        await at.deliver()
        assert [next(n for n in range(6) if f"number {n};" in words) for words in said("U1")] == list(
            range(6)
        )
        rows = [row for row in at.open.rows(Outbox) if row.medium == "slack"]
        assert {row.state for row in rows} == {OutboxState.SENT}


async def _forward(desk: OpenDesk) -> None:
    """The desk's clock goes on as the machine's does."""
    start, began = desk.clock(), clock.now()
    while True:
        desk.clock.moment = start + (clock.now() - began)
        await asyncio.sleep(0.02)


async def test_i14_a_channel_that_was_archived_fails_visibly_and_is_not_tried_again(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        at.house.workspace.conversations["C1"].archived = True
        at.open.receive(a_message(verdict=Verdict.PASS))
        await at.deliver()
        cards = [row for row in at.open.rows(Outbox) if row.event == "card"]
        assert [(row.state, row.attempts) for row in cards] == [(OutboxState.FAILED, 1)]
        assert "is_archived" in at.alarms[0][1]


@pytest.mark.parametrize(("user", "sees"), [("U1", False), ("U2", True)])  # Anna asks, Ben is an agent
async def test_i12_only_agents_see_at_home_what_there_is_to_do(
    tmp_path: Path, user: str, *, sees: bool
) -> None:
    async with scene(tmp_path) as at:
        at.open.receive(a_message(verdict=Verdict.PASS, subject="It burns"))
        at.open.receive(
            a_message("#take", sender="ben@house.example", subject="[HD-1]", verdict=Verdict.PASS)
        )
        section = at.open.desk.config.slack["acme"]
        workspace = Workspace("acme", section, at.open.store, at.open.clock)
        await workspace.web.open()
        await workspace.introduce()
        await Homes(workspace, at.open.store, at.open.desk, at.open.clock).show(user)
        await workspace.web.close()
        assert ("It burns" in str(at.house.workspace.homes[user])) is sees
        assert ("Assegnate a lei" in str(at.house.workspace.homes[user])) is sees
