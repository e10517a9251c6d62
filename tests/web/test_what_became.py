"""A page says truthfully what became of what was said on it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from bot.desk.links import Purpose
from bot.desk.outcome import Outcome, Reason, Result
from bot.desk.page_actions import MOST_CLOSED
from bot.desk.states import Ended
from bot.message import Payload
from bot.store import inbox, tickets
from bot.store.models import Inbox
from tests.web.world import World, browser, form_of, shown

OFTEN = "so often that it cannot be closed from here any more"


def closed_often(world: World, times: int = MOST_CLOSED) -> None:
    """The requester has closed the ticket so many times already."""
    for _ in range(times):
        world.desk.store.write_now(
            lambda tx: tickets.record(tx, 1, "closed", world.desk.clock(), after={"closed_as": Ended.SELF})
        )


def settle(world: World, payload: Payload, outcome: Outcome) -> None:
    """As intake settles a form that was read."""
    values = {"outcome": outcome.result, "reason": outcome.reason, "ticket_id": outcome.ticket}
    world.desk.store.write_now(
        lambda tx: tx.run(sa.update(Inbox).where(Inbox.key == payload.key).values(**values))
    )


async def say(client: httpx.AsyncClient, path: str, form: dict[str, Any]) -> str:
    """Send a form; returns where it leads."""
    mark = form_of(await client.get(path))
    answer = await client.post(path, data={**form, "form": mark})
    assert answer.status_code == 303
    return str(httpx.URL(path).join(answer.headers["location"]))


async def test_a_request_that_was_closed_too_often_offers_no_button_and_says_what_to_do(world: World) -> None:
    path = world.path(Purpose.STATUS)
    async with browser(world) as client:
        closed_often(world, MOST_CLOSED - 1)
        before = await client.get(path)
        assert OFTEN not in shown(before)
        assert 'value="close"' in before.text
        closed_often(world, 1)
        page = await client.get(path)
        assert OFTEN in shown(page)
        assert "Write us that you need nothing more" in shown(page)
        assert 'value="close"' not in page.text
        refused = await client.post(path, data={"verb": "close", "form": form_of(before)})
    assert refused.status_code == 422
    assert "It was not closed" in shown(refused)
    assert "noted" not in shown(refused)
    assert world.accepted == []


async def test_the_choice_of_an_old_mail_tells_of_the_limit_too(world: World) -> None:
    path = world.path(Purpose.ANSWER, extra="close-")
    async with browser(world) as client:
        before = await client.get(path)
        closed_often(world)
        page = await client.get(path)
        assert "It was not closed" in shown(page)
        assert "<button" not in page.text
        assert (await client.post(path, data={"form": form_of(before)})).status_code == 422
    assert world.accepted == []


async def test_who_confirms_what_an_agent_solved_is_bound_by_no_limit(world: World) -> None:
    closed_often(world)
    world.change(state="resolved", resolved_at=world.desk.clock())
    async with browser(world) as client:
        page = await client.get(world.path(Purpose.STATUS))
        assert OFTEN not in shown(page)
        form = {"verb": "confirm", "value": "yes", "form": form_of(page)}
        assert (await client.post(world.path(Purpose.STATUS), data=form)).status_code == 303


async def test_the_tenth_time_that_slips_through_is_not_called_noted_once_it_was_read(world: World) -> None:
    """The limit is met between the page and the desk: by another page, or by a mail."""
    path = world.path(Purpose.STATUS)
    async with browser(world) as client:
        after = await say(client, path, {"verb": "close"})
        closed_often(world)
        assert "Your answer has been noted." in shown(await client.get(after))
        (payload,) = world.accepted
        (outcome,) = await world.handle()
        assert (outcome.result, outcome.reason) == (Result.IGNORED, Reason.OVER)
        settle(world, payload, outcome)
        page = await client.get(after)
    assert "Nothing was done." in shown(page)
    assert "write to the address below" in shown(page)
    assert "noted" not in shown(page)
    assert world.desk.ticket(1).state == "new"


@pytest.mark.parametrize(
    ("verb", "result", "reason", "says"),
    [
        ("close", Result.COMMANDED, Reason.CLOSED_BY_REQUESTER, "Your answer has been noted"),
        ("add", Result.APPENDED, Reason.REFERENCE, "Your message has been noted"),
        ("add", Result.IGNORED, Reason.OVER, "it changes nothing: the request stays closed"),
        ("add", Result.IGNORED, Reason.NOT_ALLOWED, "Nothing was done."),
        ("close", Result.IGNORED, Reason.NOT_ALLOWED, "Nothing was done."),
        ("close", Result.IGNORED, Reason.CONFIRMED, "Your answer has been noted"),
    ],
)
async def test_each_end_of_a_form_has_its_sentence(
    verb: str, result: Result, reason: Reason, says: str, world: World
) -> None:
    form = {"verb": verb, "text": "words"} if verb == "add" else {"verb": verb}
    async with browser(world) as client:
        after = await say(client, world.path(Purpose.STATUS), form)
        settle(world, world.accepted[0], Outcome(result, reason, 1))
        assert says in shown(await client.get(after))


async def test_a_rating_that_was_not_counted_is_not_called_noted(world: World) -> None:
    world.ask_rating()
    async with browser(world) as client:
        after = await say(client, world.path(Purpose.RATE), {"value": "5"})
        assert "Your rating has been noted. You chose Excellent." in shown(await client.get(after))
        settle(world, world.accepted[0], Outcome(Result.IGNORED, Reason.NO_SURVEY, 1))
        page = await client.get(after)
    assert "Nothing was done." in shown(page)
    assert "noted" not in shown(page)


@pytest.mark.parametrize("named", ["", "x", "web-" + "0" * 60, "web-" + "g" * 60, "1' OR '1'='1"])
async def test_k8_what_an_address_says_of_a_form_is_only_looked_up(named: str, world: World) -> None:
    other = Payload("mail", "0" * 64, b"x", world.desk.clock())
    world.desk.store.write_now(lambda tx: inbox.add(tx, other))
    settle(world, other, Outcome(Result.IGNORED, Reason.OVER, 1))
    async with browser(world) as client:
        path = world.path(Purpose.STATUS)
        page = await client.get(path, params={"noted": "close", "as": named})
        mails = await client.get(path, params={"noted": "close", "as": other.key})
    assert page.status_code == 200
    assert "Your answer has been noted." in shown(page)
    assert "Your answer has been noted." in shown(mails)


async def test_every_language_says_that_nothing_was_done(world: World) -> None:
    async with browser(world) as client:
        after = await say(client, world.path(Purpose.STATUS), {"verb": "close"})
        settle(world, world.accepted[0], Outcome(Result.IGNORED, Reason.OVER, 1))
        for locale, says in (("it", "Non è stato fatto nulla."), ("zh", "未作任何更改。")):
            world.change(locale=locale)
            assert says in shown(await client.get(after))
