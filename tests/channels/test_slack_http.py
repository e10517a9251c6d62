"""Events by HTTP: only what Slack has signed just now is read, and only once."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import Request

from bot.channels.slack_http import Signatures, SlackPages
from bot.config import Web
from bot.metrics import Metrics
from bot.web.app import create_app
from bot.web.probes import Probes, Queues
from tests.channels.slack_world import World, slack_world
from tests.peers.slack.house import SIGNING_SECRET
from tests.peers.slack.people import signed

EVENTS = "http://desk/slack/acme/events"
Post = Callable[..., Awaitable[httpx.Response]]


async def _queues() -> Queues:
    return Queues(0, 0, 0, 0, 0, 0, 0, 0)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with slack_world(tmp_path, mode="http") as made:
        async with asyncio.timeout(10):
            await made.door.caught_up.wait()
        yield made


@pytest.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(Probes(_queues, {}), Metrics(), Web(), doors=world.door.routes())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as made:
        yield made


@pytest.fixture
def post(client: httpx.AsyncClient) -> Post:
    async def send(body: str, headers: dict[str, str] | None = None, url: str = EVENTS) -> httpx.Response:
        given = {
            "content-type": "application/json",
            **(signed(body, int(time.time())) if headers is None else headers),
        }
        return await client.post(url, content=body, headers=given)

    return send


def event(world: World, text: str = "it is broken", ts: str = "1700000000.000100") -> str:
    """A direct message of Ann's, as Slack tells it."""
    house = world.house.workspace
    told = {"type": "message", "channel": house.direct("U1").id, "channel_type": "im", "user": "U1", "text": text,
            "ts": ts, "event_ts": ts, "team": house.team}  # fmt: skip
    return json.dumps({"type": "event_callback", "event_id": f"Ev{ts}", "team_id": house.team, "api_app_id": house.app,
                       "event": told})  # fmt: skip


async def test_i3_what_slack_has_signed_is_kept(world: World, post: Post) -> None:
    assert (await post(event(world))).status_code == 200
    assert await world.texts() == ["it is broken"]


async def test_i3_a_wrong_signature_is_refused_unread(world: World, post: Post) -> None:
    body = event(world)
    wrong = signed(body, int(time.time()), "another secret that is none")
    other = signed(event(world, "other words"), int(time.time()))
    for headers in (wrong, other, {}, {**wrong, "x-slack-signature": "v0="}):
        assert (await post(body, headers)).status_code == 401
    assert await world.keys() == []


@pytest.mark.parametrize("stamp", [-301, 301, -86_400])
async def test_i3_a_request_of_another_time_is_refused(world: World, post: Post, stamp: int) -> None:
    body = event(world)
    assert (await post(body, signed(body, int(time.time()) + stamp))).status_code == 401


@pytest.mark.parametrize("stamp", ["abc", "", "-5", "1e9", "²", "9" * 30])
def test_i3_a_time_that_is_no_number_is_refused(stamp: str) -> None:
    signatures = Signatures(SIGNING_SECRET, lambda: datetime.now(UTC))
    assert not signatures.is_genuine(b"{}", stamp, "v0=" + "0" * 64)


async def test_i3_a_replay_is_answered_and_does_nothing(world: World, post: Post) -> None:
    body = event(world)
    headers = signed(body, int(time.time()))
    world.before_commit = None
    assert (await post(body, headers)).status_code == 200
    count = 0

    async def counted() -> None:
        nonlocal count
        count += 1

    world.before_commit = counted
    again = await post(body, headers)
    assert (again.status_code, again.text, count) == (200, "", 0)
    assert await world.texts() == ["it is broken"]


def test_i3_a_signature_is_remembered_longer_than_its_request_is_good_for() -> None:
    signatures = Signatures(SIGNING_SECRET, lambda: datetime.now(UTC))
    assert signatures.is_new("v0=1")
    assert not signatures.is_new("v0=1")
    signatures.forget("v0=1")
    assert signatures.is_new("v0=1")


def _at(moment: datetime, seconds: int) -> datetime:
    return moment + timedelta(seconds=seconds)


def test_i3_the_window_is_five_minutes_to_each_side() -> None:
    at = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
    body, now = "{}", int(at.timestamp())
    headers = signed(body, now)
    for by, genuine in ((0, True), (300, True), (-300, True), (301, False), (-301, False)):
        signatures = Signatures(SIGNING_SECRET, partial(_at, at, by))
        assert signatures.is_genuine(b"{}", str(now), headers["x-slack-signature"]) is genuine


async def test_i4_the_challenge_is_answered_only_to_who_can_sign(world: World, post: Post) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "3eZb"})
    assert (await post(body, {})).status_code == 401
    answer = await post(body)
    assert (answer.status_code, answer.json()) == (200, {"challenge": "3eZb"})


async def test_i4_a_body_of_more_than_a_megabyte_is_refused(world: World, post: Post) -> None:
    assert (await post(event(world, "x" * 1_100_000))).status_code == 413
    assert (await post(event(world, "x" * 900_000))).status_code == 200


async def test_i4_what_is_no_event_is_answered_without_a_trace(world: World, post: Post) -> None:
    for body in (
        "",
        "{",
        "[]",
        "null",
        '{"type": "event_callback"}',
        '{"type": "event_callback", "event": 7}',
        "[" * 5000,
    ):
        assert (await post(body)).status_code < 600
    assert await world.keys() == []


async def test_i1_what_cannot_be_kept_is_503_and_may_come_again_as_it_was(world: World, post: Post) -> None:
    body = event(world)
    headers = signed(body, int(time.time()))
    world.away = True
    assert (await post(body, headers)).status_code == 503
    world.away = False
    assert (await post(body, headers)).status_code == 200
    assert await world.texts() == ["it is broken"]


async def test_buttons_and_commands_come_to_their_own_addresses(
    world: World, client: httpx.AsyncClient
) -> None:
    async def http(headers: dict[str, str], body: str) -> int:
        what = "interactivity" if "payload=" in body else "commands"
        answer = await client.post(f"http://desk/slack/acme/{what}", content=body, headers=headers)
        return answer.status_code

    world.house.http = http
    view: dict[str, Any] = {
        "id": "V1",
        "type": "modal",
        "callback_id": "note",
        "private_metadata": "7::",
        "blocks": [],
    }
    values = {"words": {"x": {"type": "plain_text_input", "value": "away"}}}
    assert await world.house.submits("U2", view, values) == 200
    assert (
        await world.house.types("U2", world.house.workspace.conversations["C1"], "/ticket", "take HD-7")
        == 200
    )
    verbs = [message.action.verb for message in await world.messages() if message.action]
    assert verbs == ["note", "take"]


async def test_a_door_that_is_not_open_yet_says_so(tmp_path: Path) -> None:
    async with slack_world(tmp_path, mode="http", run=False) as world:
        app = create_app(Probes(_queues, {}), Metrics(), Web(), doors=world.door.routes())
        body = event(world)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
            answer = await client.post(EVENTS, content=body, headers=signed(body, int(time.time())))
            assert answer.status_code == 503
            assert (await client.get(EVENTS)).status_code == 405


async def test_forms_of_the_pages_keep_their_own_limit(world: World, client: httpx.AsyncClient) -> None:
    answer = await client.post("http://desk/slack/acme/eventsx", content=b"x" * 300_000)
    assert answer.status_code in {404, 413}


def _request(headers: dict[str, str], receive: Any) -> Request:
    named = [(name.encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "POST", "path": "/", "headers": named}, receive)


def _pages(world: World, seconds: float = 5) -> SlackPages:
    signatures = Signatures(SIGNING_SECRET, lambda: datetime.now(UTC))
    return SlackPages(
        "acme", signatures, lambda body, headers: world.door.answer(body, dict(headers)), seconds
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x-slack-signature", ""),
        ("x-slack-signature", "v0=abc"),
        ("x-slack-signature", "v1=" + "0" * 64),
        ("x-slack-request-timestamp", ""),
        ("x-slack-request-timestamp", "abc"),
        ("x-slack-request-timestamp", "1700000000"),
    ],
)
async def test_i3_without_a_strangers_body_being_read_its_headers_refuse_it(
    world: World, name: str, value: str
) -> None:
    async def receive() -> Any:
        raise AssertionError("the body was read")

    headers = {**signed("{}", int(time.time())), name: value}
    answer = await _pages(world).take(_request({k.lower(): v for k, v in headers.items()}, receive))
    assert (answer.status_code, answer.body) == (401, b"")


async def test_i4_a_body_that_is_too_slow_is_let_go(world: World) -> None:
    parts = iter([{"type": "http.request", "body": b"{", "more_body": True}])

    async def receive() -> Any:
        if (part := next(parts, None)) is not None:
            return part
        return await asyncio.Event().wait()

    headers = {name.lower(): value for name, value in signed("{}", int(time.time())).items()}
    answer = await _pages(world, 0.05).take(_request(headers, receive))
    assert (answer.status_code, answer.body) == (408, b"")
    assert await world.keys() == []


async def test_i4_no_more_than_a_megabyte_of_an_endless_body_is_read(world: World) -> None:
    read = 0

    async def receive() -> Any:
        nonlocal read
        read += 65_536
        return {"type": "http.request", "body": b"x" * 65_536, "more_body": True}

    headers = {name.lower(): value for name, value in signed("{}", int(time.time())).items()}
    answer = await _pages(world).take(_request(headers, receive))
    assert (answer.status_code, answer.body) == (413, b"")
    assert read <= 1024 * 1024 + 65_536
