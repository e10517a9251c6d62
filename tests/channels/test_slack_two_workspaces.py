"""Two workspaces in one desk: whoever has the same id in both is two people, and no token goes to the other house."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.app import App
from bot.config import Config
from bot.store.models import Address, Card, Ticket
from tests.channels.slack_world import section_of
from tests.peers.slack import Conversation, SlackHouse, slack_house
from tests.running import running

TOKENS = {"acme": "xoxb-acme", "zeta": "xoxb-zeta", "shut": "xoxb-shut"}


async def _house(stack: AsyncExitStack, name: str) -> SlackHouse:
    house = await stack.enter_async_context(slack_house())
    house.bot_token, house.app_token = TOKENS[name], f"xapp-{name}"
    house.workspace.add_user("U1", f"Ann of {name}", locale="en-US")
    house.workspace.add_user("U2", "Bo", locale="en-US")
    house.workspace.add_channel("C1", "helpers", "U1", "U2")
    return house


def _config(folder: Path, houses: dict[str, SlackHouse]) -> Config:
    slack: dict[str, Any] = {}
    for name, house in houses.items():
        made = section_of(house, bot_token=TOKENS[name], app_token=f"xapp-{name}")
        slack[name] = {
            "bot_token": made.bot_token,
            "app_token": made.app_token,
            "api_url": house.api_url,
            "together": "1s",
            "undo": "1s",
        }
    slack["shut"]["bot_token"] = "xoxb-revoked"
    return Config.model_validate({
        "desk": {"address": "help@desk.example", "data": folder, "secret": "s" * 40},
        "smtp": {"enabled": False},
        "web": {"enabled": False},
        "quiet": {"enabled": False},
        "slack": slack,
        "teams": {
            "first-line": {"name": "First line", "rooms": ["acme:C1"]},
            "second-line": {"name": "Second line", "rooms": ["zeta:C1"]},
        },
        "agents": {
            "bo": {"name": "Bo", "addresses": ["bo@desk.example"], "teams": ["first-line"], "chats": ["acme:U2"]}
        },
    })  # fmt: skip


async def test_the_same_ids_in_two_workspaces_are_two_people_and_a_shut_one_stops_no_other(
    tmp_path: Path,
) -> None:
    async with AsyncExitStack() as stack:
        houses = {name: await _house(stack, name) for name in TOKENS}
        app = App(_config(tmp_path, houses))
        async with running(app):
            await _speak(app, houses)
            assert {name: bool(house.sockets) for name, house in houses.items()} == {
                "acme": True, "zeta": True, "shut": False
            }  # fmt: skip
    for name in ("acme", "zeta"):
        assert houses[name].shown_tokens == {TOKENS[name], f"xapp-{name}"}
        assert houses[name].wrong == []
    assert houses["shut"].shown_tokens <= {"xoxb-revoked", "xapp-shut"}


async def _speak(app: App, houses: dict[str, SlackHouse]) -> None:
    async def until(true: Callable[[], Any]) -> Any:
        async with asyncio.timeout(30):
            while not (found := true()):
                app.wake()
                await asyncio.sleep(0.05)
        return found

    def rows(query: Any) -> list[Any]:
        return app.store.read_now(lambda tx: list(tx.run(query)))

    acme, zeta = houses["acme"], houses["zeta"]
    async with asyncio.timeout(20):
        await acme.connected.wait()
        await zeta.connected.wait()
    direct = {name: houses[name].workspace.direct("U1") for name in ("acme", "zeta")}
    for name in ("acme", "zeta"):
        await houses[name].says("U1", direct[name], f"The printer of {name} prints nothing at all")
        await until(partial(_answered, direct[name]))

    tickets = rows(sa.select(Ticket.requester_id, Ticket.channel).order_by(Ticket.id))
    assert [row.channel for row in tickets] == ["acme", "zeta"]
    assert tickets[0].requester_id != tickets[1].requester_id
    people = rows(sa.select(Address.canonical, Address.person_id).where(Address.medium == "slack"))
    assert {row.canonical for row in people} >= {"acme/u1", "zeta/u1"}

    room = {name: houses[name].workspace.conversations["C1"] for name in ("acme", "zeta")}
    await until(lambda: [row for row in rows(sa.select(Card.channel, Card.reference)) if row.reference])
    await until(lambda: len(room["acme"].messages) == 2)
    assert room["zeta"].messages == []

    # Bo is an agent in one workspace, and nobody in the other, whatever is called the same there.
    first = room["acme"].messages[0]
    await zeta.types("U2", room["zeta"], "/ticket", "take HD-1")
    await acme.reacts("U2", room["acme"], first, "eyes")
    await until(lambda: rows(sa.select(Ticket.owner_id).where(Ticket.id == 1))[0].owner_id)
    await zeta.types("U2", room["zeta"], "/ticket", "close HD-1")
    await acme.says("U2", room["acme"], "Please turn it off and on.", thread=first.ts)
    await until(lambda: "turn it off" in "".join(m.words() for m in direct["acme"].messages))
    assert "turn it off" not in "".join(m.words() for m in direct["zeta"].messages)
    assert rows(sa.select(Ticket.state).where(Ticket.id == 1))[0].state != "closed"


def _answered(where: Conversation) -> bool:
    return any(message.bot_id for message in where.messages)
