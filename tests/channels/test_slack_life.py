"""From Slack to the desk through the whole bot: what is said becomes a ticket, and who may do what with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.app import App
from bot.config import Config
from bot.store.models import Inbox, Person, Ticket
from tests.channels.slack_world import furnish, section_of
from tests.peers.slack import SlackHouse, slack_house
from tests.running import running


@pytest.fixture
async def house() -> AsyncIterator[SlackHouse]:
    async with slack_house() as made:
        furnish(made)
        yield made


@asynccontextmanager
async def desk(house: SlackHouse, folder: Path) -> AsyncIterator[App]:
    """The bot in one workspace; Bo is its agent, and so says the configuration of a guest."""
    section = section_of(house)
    slack = {"bot_token": section.bot_token, "app_token": section.app_token, "api_url": house.api_url}
    agents = {
        "bo": {"name": "Bo", "addresses": ["bo@desk.example"], "chats": ["acme:U2"], "teams": ["first-line"]},
        "guest": {
            "name": "Guest",
            "addresses": ["guest@desk.example"],
            "chats": ["acme:U3"],
            "teams": ["first-line"],
        },
    }
    config = Config.model_validate(
        {
            "desk": {
                "address": "help@desk.example",
                "data": folder,
                "secret": "a secret for tests that is long enough",
            },
            "smtp": {"enabled": False},
            "web": {"enabled": False},
            "slack": {"acme": slack},
            "agents": agents,
            "senders": {"trusted": ["mx.desk.example"]},
        }
    )
    app = App(config, ("slack", "intake"))
    async with running(app):
        async with asyncio.timeout(15):
            await house.connected.wait()
        yield app


async def rows(app: App, table: Any, true: Callable[[list[Any]], bool]) -> list[Any]:
    """The rows of a table, once they are as they should be."""
    query = sa.select(*table.__table__.c).order_by(table.__table__.c.id)
    async with asyncio.timeout(15):
        while True:
            found = await app.store.read(lambda tx: list(tx.run(query)))
            if true(found):
                return found
            await app.process.intake_pace.wait()


def settled(count: int) -> Callable[[list[Any]], bool]:
    return lambda found: len(found) == count and all(row.outcome for row in found)


async def test_a_direct_message_opens_a_ticket_of_somebody_who_is_known_by_it(
    house: SlackHouse, tmp_path: Path
) -> None:
    async with desk(house, tmp_path) as app:
        await house.says(
            "U1", house.workspace.direct("U1"), "La stampante del terzo piano non stampa più nulla"
        )
        (ticket,) = await rows(app, Ticket, lambda found: len(found) == 1)
        assert ticket.subject == "La stampante del terzo piano non stampa più nulla"
        assert (ticket.channel, ticket.locale) == ("acme", "it")
        person = next(row for row in await rows(app, Person, bool) if row.id == ticket.requester_id)
        assert (person.name, person.locale, person.time_zone) == ("Ann", "it", "Europe/Rome")


async def test_i11_a_guest_has_no_power_whatever_the_configuration_says(
    house: SlackHouse, tmp_path: Path
) -> None:
    async with desk(house, tmp_path) as app:
        await house.says(
            "U1", house.workspace.direct("U1"), "The printer on the third floor prints nothing at all"
        )
        (ticket,) = await rows(app, Ticket, lambda found: len(found) == 1)
        channel = house.workspace.conversations["C1"]
        await house.types("U3", channel, "/ticket", f"take HD-{ticket.id}")
        inbox = await rows(app, Inbox, settled(2))
        assert (inbox[1].outcome, inbox[1].reason) == ("ignored", "not-allowed")
        await house.types("U2", channel, "/ticket", f"take HD-{ticket.id}")
        inbox = await rows(app, Inbox, settled(3))
        assert inbox[2].outcome == "commanded"
        (taken,) = await rows(app, Ticket, lambda found: found[0].owner_id is not None)
        assert taken.id == ticket.id


async def test_what_is_chosen_in_the_form_decides_how_a_request_is_read(
    house: SlackHouse, tmp_path: Path
) -> None:
    async with desk(house, tmp_path) as app:
        category = next(iter(app.config.categories))
        view = {"id": "V1", "type": "modal", "callback_id": "new", "private_metadata": "::", "blocks": []}
        values: dict[str, Any] = {
            "subject": {"x": {"type": "plain_text_input", "value": "Nothing works"}},
            "text": {"x": {"type": "plain_text_input", "value": "It does not connect since this morning."}},
            "category": {"x": {"type": "static_select", "selected_option": {"value": category}}},
            "urgency": {"x": {"type": "static_select", "selected_option": {"value": "high"}}},
            "impact": {"x": {"type": "static_select", "selected_option": {"value": "enormous"}}},
        }
        await house.submits("U1", view, values)
        (ticket,) = await rows(app, Ticket, lambda found: len(found) == 1)
        assert (ticket.subject, ticket.category, ticket.urgency) == ("Nothing works", category, "high")
