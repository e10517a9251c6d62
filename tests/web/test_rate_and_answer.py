"""The survey and the choices of a mail (SECURITY.md, rows D12, K1, K2 and K3)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from bot.desk.links import Purpose
from tests.desk.by_mail import asks
from tests.web.world import World, a_world, browser, form_of, shown


def said(world: World) -> list[dict[str, Any]]:
    """What the pages have taken: verb, values and whom it comes from."""
    forms = [json.loads(payload.raw) for payload in world.accepted]
    return [{"verb": form["verb"], **form["values"], "by": form["sender"]["address"]} for form in forms]


async def test_the_digit_of_the_mail_is_chosen_already_and_counts_only_when_sent(world: World) -> None:
    world.ask_rating()
    path = world.path(Purpose.RATE, extra="4")
    async with browser(world) as client:
        page = await client.get(path)
        assert 'value="4" required checked' in page.text
        assert page.text.count("checked") == 1
        assert "1 Poor 2 Fair 3 Good 4 Great 5 Excellent" in shown(page)
        assert world.accepted == []
        form = {"value": "5", "comment": "Quick!", "form": form_of(page)}
        answer = await client.post(path, data=form)
        location = answer.headers["location"]
        assert (answer.status_code, location.rpartition("?")[2].partition("&")[0]) == (303, "noted=5")
        after = await client.get(httpx.URL(path).join(location))
        assert "Your rating has been noted. You chose Excellent." in shown(after)
        assert 'value="5" required checked' in after.text
    assert said(world) == [{"verb": "rate", "value": "5", "comment": "Quick!", "by": "ann@localhost"}]


async def test_k3_two_clicks_are_one_rating_and_a_changed_mind_is_heard(world: World) -> None:
    world.ask_rating()
    path = world.path(Purpose.RATE)
    async with browser(world) as client:
        nonce = form_of(await client.get(path))
        for value in ("4", "4", "5"):
            await client.post(path, data={"value": value, "form": nonce})
        world.desk.clock.forward(minutes=2)
        await client.post(path, data={"value": "4", "form": nonce})
    assert [one["value"] for one in said(world)] == ["4", "5", "4"]


async def test_a_rating_can_be_changed_for_twelve_hours(world: World) -> None:
    world.ask_rating(rating=2, comment="Slow", rated_at=world.desk.clock())
    path = world.path(Purpose.RATE, extra="5")
    async with browser(world) as client:
        page = await client.get(path)
        assert "You chose Fair. You can change it until today at 21:30" in shown(page)
        assert 'value="2" required checked' in page.text
        assert "Slow" in page.text
        world.desk.clock.forward(hours=12)
        page = await client.get(path)
        assert "You chose Fair. It can no longer be changed." in shown(page)
        assert "<form" not in page.text
        late = await client.post(path, data={"value": "5"})
        assert (late.status_code, world.accepted) == (422, [])


async def test_what_nobody_asked_cannot_be_rated(world: World) -> None:
    path = world.path(Purpose.RATE)
    async with browser(world) as client:
        assert "nothing to rate" in shown(await client.get(path))
        assert (await client.post(path, data={"value": "5"})).status_code == 422
        world.ask_rating(person_id=world.agent("anna"))
        assert "nothing to rate" in shown(await client.get(path))
        assert (await client.post(path, data={"value": "5"})).status_code == 422
    assert world.accepted == []


@pytest.mark.parametrize("value", ["", "0", "6", "５", "4.0", "five"])
async def test_a_rating_is_one_of_five(value: str, world: World) -> None:
    world.ask_rating()
    async with browser(world) as client:
        page = await client.post(world.path(Purpose.RATE), data={"value": value, "comment": "Hm"})
    assert page.status_code == 422
    assert "Please choose one of the five." in shown(page)
    assert "Hm</textarea>" in page.text


@pytest.mark.parametrize(
    ("choice", "state", "form", "values"),
    [
        ("confirm-yes", "resolved", {}, {"value": "yes"}),
        ("confirm-no", "resolved", {"text": "Still dark"}, {"value": "no", "text": "Still dark"}),
        ("confirm-no", "resolved", {}, {"value": "no"}),
        ("reopen-", "resolved", {"text": "Again"}, {"text": "Again"}),
        ("close-", "open", {"text": "not asked for"}, {}),
        ("add-", "open", {"text": "More"}, {"text": "More"}),
        ("status-", "closed", {}, {}),
    ],
)
async def test_a_choice_of_a_mail_is_one_button_and_then_done(
    choice: str, state: str, form: dict[str, str], values: dict[str, str], world: World
) -> None:
    world.change(state=state)
    path = world.path(Purpose.ANSWER, extra=choice)
    async with browser(world) as client:
        page = await client.get(path)
        assert (page.status_code, page.text.count("<button")) == (200, 1)
        assert (await client.post(path, data={**form, "verb": "rate", "value": "1"})).status_code == 303
        assert "Your answer has been noted." in shown(
            await client.get(f"{path}?noted={choice.partition('-')[0]}")
        )
    assert said(world) == [{"verb": choice.partition("-")[0], **values, "by": "ann@localhost"}]
    for payload in world.accepted:
        (message,) = await world.door.translate(payload)
        assert message.reply_text == values.get("text", "")


@pytest.mark.parametrize(
    ("choice", "state"),
    [("confirm-yes", "open"), ("confirm-no", "closed"), ("close-", "closed"), ("reopen-", "open")],
)
async def test_a_choice_that_has_been_overtaken_has_no_button(choice: str, state: str, world: World) -> None:
    world.change(state=state)
    path = world.path(Purpose.ANSWER, extra=choice)
    async with browser(world) as client:
        page = await client.get(path)
        assert "answered already" in shown(page)
        assert "<form" not in page.text
        assert (await client.post(path, data={"verb": ""})).status_code == 422
    assert world.accepted == []


@pytest.mark.parametrize("choice", ["", "-", "erase-all", "confirm-maybe", "rate-5", "update-", "resolve-"])
async def test_k2_what_is_no_choice_of_ours_has_no_page(choice: str, world: World) -> None:
    world.change(state="resolved")
    path = world.path(Purpose.ANSWER, extra=choice)
    async with browser(world) as client:
        assert (await client.get(path)).status_code == 404
        assert (await client.post(path, data={"verb": "close"})).status_code == 404


async def test_the_owner_says_when_it_will_work_again_in_their_own_time(world: World) -> None:
    section = {"name": "Anna", "addresses": ["anna@desk.example"], "time_zone": "Europe/Rome", "locale": "it"}
    with a_world(world.desk.folder / "rome", agents={"anna": section}, teams={"first-line": {}}) as rome:
        asks(rome.desk, "It burns.")
        anna = rome.agent("anna")
        rome.change(owner_id=anna, state="open")
        path = rome.path(Purpose.ANSWER, person=anna, extra="update-fix")
        async with browser(rome) as client:
            assert "ora di Rome" in shown(await client.get(path))
            for at in ("", "soon", "2026-03-02T10:29", "2028-01-01T10:00"):
                assert (await client.post(path, data={"at": at})).status_code == 422
            assert (await client.post(path, data={"at": "2026-03-02T15:00"})).status_code == 303
    assert said(rome) == [
        {"verb": "update", "value": "fix", "at": "2026-03-02T15:00:00+01:00", "by": "anna@desk.example"}
    ]


async def test_d12_an_owners_question_is_for_the_owner_or_the_team_while_they_are_agents(
    world: World,
) -> None:
    anna, gone, ann = world.agent("anna"), world.agent("gone"), world.desk.ticket(1).requester_id
    bob, carla = world.agent("bob"), world.agent("carla")
    async with browser(world) as client:
        for person, status in ((bob, 200), (carla, 404)):
            world.change(owner_id=None, state="new")
            page = await client.get(world.path(Purpose.ANSWER, person=person, extra="update-still"))
            assert page.status_code == status
        world.change(queue="second-line")
        for owner, person, status in (
            (anna, anna, 200),
            (gone, gone, 404),
            (gone, anna, 404),
            (anna, ann, 404),
        ):
            world.change(owner_id=owner, state="open")
            path = world.path(Purpose.ANSWER, person=person, extra="update-need")
            assert (await client.get(path)).status_code == status
            posted = await client.post(path, data={"text": "The number of the room"})
            assert posted.status_code == (303 if status == 200 else 404)
        assert (await client.get(world.path(Purpose.STATUS, person=anna))).status_code == 404
    assert said(world) == [
        {"verb": "update", "value": "need", "text": "The number of the room", "by": "anna@desk.example"}
    ]


async def test_k1_a_page_that_is_over_stays_over(world: World) -> None:
    world.ask_rating()
    path = world.path(Purpose.RATE, hours=1)
    world.desk.clock.forward(hours=1, minutes=1)
    async with browser(world) as client:
        assert (await client.get(path)).status_code == 404
        assert (await client.post(path, data={"value": "5"})).status_code == 404
    assert world.desk.clock() - world.desk.ticket(1).opened_at == timedelta(hours=1, minutes=1)
