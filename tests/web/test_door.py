"""The pages as a door, and who may ask how often (SECURITY.md, rows K2 and K10)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from starlette.requests import Request

from bot.desk.links import Link, Purpose
from bot.errors import HeldError
from bot.message import EMAIL, Party, Payload, Verdict
from bot.web import door, guard
from bot.web.door import Form
from tests.desks import a_config
from tests.web.world import World

ANN = Party(EMAIL, "ann@localhost", "Ann")


def token(world: World, purpose: Purpose, extra: str = "") -> str:
    link = Link(purpose, 1, 1, world.desk.clock() + timedelta(hours=1), extra)
    return world.desk.desk.links.token(link)


async def test_a_form_becomes_a_message_whose_sender_is_proved_by_the_link(world: World) -> None:
    form = Form("status", token(world, Purpose.STATUS), "add", ANN, {"text": "Hello\nthere"})
    payload = door.payload(form, "once", world.desk.clock())
    (message,) = await world.door.translate(payload)
    assert message.action is not None
    assert (message.action.verb, message.action.ticket) == ("add", 1)
    assert message.reply_text == "Hello\nthere"
    assert message.sender == ANN
    assert (message.authentication.verdict, message.authentication.by) == (Verdict.PASS, "link")
    assert payload.key == door.payload(form, "once", world.desk.clock() + timedelta(days=1)).key
    assert payload.key != door.payload(form, "twice", world.desk.clock()).key


@pytest.mark.parametrize(
    ("purpose", "extra", "verb", "values"),
    [
        ("status", "", "rate", {"value": "5"}),
        ("status", "", "update", {"value": "still"}),
        ("status", "", "resolve", {}),
        ("rate", "5", "close", {}),
        ("answer", "confirm-yes", "confirm", {"value": "no"}),
        ("answer", "confirm-yes", "close", {}),
        ("file", "7", "add", {"text": "x"}),
    ],
)
async def test_k2_a_link_can_do_nothing_but_what_it_is_for(
    purpose: str, extra: str, verb: str, values: dict[str, str], world: World
) -> None:
    form = Form(purpose, token(world, Purpose(purpose), extra), verb, ANN, values)
    with pytest.raises(HeldError, match="bad-link"):
        await world.door.translate(door.payload(form, "", world.desk.clock()))


@pytest.mark.parametrize(
    "raw", [b"", b"{}", b"From: a@b\r\n\r\nx", b'{"purpose": "no"}', b"[" * 100_000, b"\xff"]
)
async def test_what_is_no_form_of_ours_is_held(raw: bytes, world: World) -> None:
    with pytest.raises(HeldError, match="not-understood"):
        await world.door.translate(Payload("web", "k", raw, world.desk.clock()))


async def test_k2_a_link_that_was_over_when_the_form_came_is_held(world: World) -> None:
    form = Form("status", token(world, Purpose.STATUS), "close", ANN)
    assert await world.door.translate(door.payload(form, "", world.desk.clock()))
    with pytest.raises(HeldError, match="bad-link"):
        await world.door.translate(door.payload(form, "", world.desk.clock() + timedelta(hours=2)))


def test_k2_counts_begin_anew_after_a_while_and_take_bounded_room() -> None:
    moment = 0.0
    throttle = guard.Throttle(2, window=60, kept=100, clock=lambda: moment)
    assert [throttle.over("a") for _ in range(4)] == [False, False, True, True]
    assert not throttle.over("b")
    moment = 61.0
    assert not throttle.over("a")
    for number in range(10_000):
        throttle.over(str(number))
    assert len(throttle) == 100


@pytest.mark.parametrize(
    ("host", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:0db8:0001:0002"),
        ("2001:db8:1:2:ffff::1", "2001:0db8:0001:0002"),
        ("x" * 500, "x" * 64),
    ],
)
def test_k2_guesses_of_one_network_are_counted_together(host: str, counted: str) -> None:
    request = Request({"type": "http", "client": (host, 1), "headers": []})
    assert guard.address_of(request) == counted


def test_no_other_door_may_bear_the_name_of_the_pages() -> None:
    with pytest.raises(ValueError, match="the name of the pages"):
        a_config(smtp={"name": "web"})
