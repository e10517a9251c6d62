"""A card that is posted, and of which nobody has written down yet where it stands: nothing that is done there is
lost, and nothing but a card of ours is taken for one (I13)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.channels.slack_actions import Opener
from bot.channels.slack_buttons import buttons
from bot.channels.slack_codes import Code
from bot.message import Choice
from bot.store import threads
from tests.channels.slack_world import NAME, World, slack_world
from tests.peers.slack import Conversation, Posted


class Drawn:
    """Forms that are only noted."""

    def __init__(self) -> None:
        self.opened: list[Code] = []

    async def open(self, code: Code, opener: Opener) -> bool:
        self.opened.append(code)
        return True

    async def close(self, opener: Opener) -> None:
        """Nothing is open."""

    async def home(self, user: str) -> None:
        """There is none."""


@pytest.fixture
def forms() -> Drawn:
    return Drawn()


@pytest.fixture
async def world(tmp_path: Path, forms: Drawn) -> AsyncIterator[World]:
    async with slack_world(tmp_path, forms=forms) as made:
        yield made


def room(world: World) -> Conversation:
    return world.house.workspace.conversations["C1"]


async def a_card(world: World, *, planned: bool = True, user: str = "") -> tuple[Posted, int]:
    """A ticket, and its card, which is in the room already."""
    house = world.house.workspace
    direct = house.direct("U1")
    asked = await world.house.says("U1", direct, "it is broken", tell=False)
    number = await world.joined(direct, asked)
    if planned:
        await world.store.write(lambda tx: threads.plan_card(tx, number, NAME, f"{NAME}/c1"))
    blocks = buttons([Choice("take", "take"), Choice("reply", "reply")], number, "en")
    bot = None if user else house.bot_id
    card = Posted(house.ts(), user or house.bot_user, f"HD-{number}", None, blocks, None, bot)
    room(world).messages.append(card)
    return card, number


async def test_an_emoji_on_it_and_below_it_is_an_order(world: World) -> None:
    card, number = await a_card(world)
    below = await world.house.says("U1", room(world), "words", thread=card.ts, tell=False)
    await world.house.reacts("U2", room(world), below, "rotating_light")
    await world.house.reacts("U2", room(world), card, "eyes")
    actions = [message.action for message in await world.messages()]
    assert [(one.verb, one.ticket) for one in actions if one] == [("priority", number), ("take", number)]


async def test_what_is_said_below_it_is_said_in_the_ticket(world: World) -> None:
    card, number = await a_card(world)
    await world.house.says("U2", room(world), "note: the old one again", thread=card.ts)
    (payload,) = await world.payloads()
    assert payload.envelope["role"] == threads.ROOM
    (message,) = await world.messages()
    assert message.thread_keys == (f"C1/{card.ts}",)
    found = await world.store.read(lambda tx: threads.find(tx, NAME, message.thread_keys))
    assert found == threads.FoundThread(f"C1/{card.ts}", number, threads.ROOM)


async def test_the_menu_of_it_opens_what_can_be_done(world: World, forms: Drawn) -> None:
    card, number = await a_card(world)
    await world.house.runs_shortcut("U2", room(world), card, "ticket_actions")
    assert forms.opened == [Code("actions", "", number)]


@pytest.mark.parametrize("made", [{"planned": False}, {"user": "U2"}])
async def test_i13_what_only_looks_like_a_card_is_none(
    world: World,
    forms: Drawn,
    made: dict[str, Any],
) -> None:
    card, _ = await a_card(world, **made)
    await world.house.reacts("U2", room(world), card, "eyes")
    await world.house.says("U2", room(world), "lunch?", thread=card.ts)
    await world.house.runs_shortcut("U2", room(world), card, "ticket_actions")
    assert await world.keys() == []
    assert forms.opened == []


async def test_what_others_say_in_a_room_that_waits_for_a_card_is_left_alone(world: World) -> None:
    await a_card(world)
    first = await world.house.says("U1", room(world), "lunch?")
    await world.house.says("U2", room(world), "yes", thread=first.ts)
    assert await world.keys() == []
