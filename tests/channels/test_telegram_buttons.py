"""Buttons under the bot's messages, through the running bot: pressed, done, and changed when used."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import aiohttp

from tests.channels.telegram_world import ANNA, BEN, EVE, TEAM, TelegramWorld, telegram_world
from tests.peers.telegram import Written
from tests.peers.telegram.api import tell

A_REQUEST = "The printer on floor 2 is on fire"
SECRET = "a-secret-of-the-webhook"


async def test_an_agents_words_are_taken_back_by_the_button_of_their_receipt(tmp_path: Path) -> None:
    async with telegram_world(tmp_path, bot={"undo": "1h"}) as world:
        topic = await _topic_of_a_request(world)
        await world.house.says(BEN, "Your password is hunter2.", world.team, topic=topic)
        receipt = await _button(world, TEAM, "undo")
        await world.house.presses(BEN, receipt, "Undo", world.team)
        await world.until(lambda: _actions(world).count("reply.undone") == 1)
        await world.until(lambda: len([row for row in world.outbox() if row.event == "receipt"]) == 2)
        await world.house.says(BEN, "/resolve Toner was changed.", world.team, topic=topic)
        await world.until(lambda: "resolved" in {row.event for row in world.outbox()})
        (reply,) = [row for row in world.outbox() if row.event == "reply"]
        assert reply.state == "stale"
        assert "hunter2" not in world.said_to(ANNA)


async def test_j14_nobody_else_takes_an_agents_words_back(tmp_path: Path) -> None:
    async with telegram_world(tmp_path, bot={"undo": "1h"}) as world:
        topic = await _topic_of_a_request(world)
        await world.house.says(BEN, "Somebody comes with water.", world.team, topic=topic)
        receipt = await _button(world, TEAM, "undo")
        await world.house.presses(EVE, receipt, "Undo", world.team)
        await world.until(lambda: len(world.inbox()) == 3 and all(row.outcome for row in world.inbox()))
        assert world.inbox()[-1].reason == "not-allowed"
        assert "reply.undone" not in _actions(world)


async def test_a_solution_is_confirmed_and_rated_by_buttons_that_show_what_was_pressed(
    tmp_path: Path,
) -> None:
    async with telegram_world(tmp_path) as world:
        topic = await _topic_of_a_request(world)
        await world.house.says(BEN, "/resolve Toner was changed.", world.team, topic=topic)
        asked = await _button(world, ANNA, "confirm")
        assert len(asked.buttons()) == 2
        await world.house.presses_data(
            ANNA, asked, _data(asked, "confirm:yes"), world.house.world.chats[ANNA]
        )
        await world.until(lambda: world.tickets()[0].state == "closed")
        await world.until(lambda: [label[0] for label in asked.buttons()] == ["\u2713"])

        survey = await _button(world, ANNA, "rate")
        assert len(survey.buttons()) == 5
        chat = world.house.world.chats[ANNA]
        await world.house.presses_data(ANNA, survey, _data(survey, "rate:4"), chat)
        await world.until(lambda: _marked(survey) == ["rate:4:1"])
        await world.house.presses_data(ANNA, survey, _data(survey, "rate:2"), chat)
        await world.until(lambda: _marked(survey) == ["rate:2:1"])
        assert len(survey.buttons()) == 5


async def test_no_opens_the_ticket_again(tmp_path: Path) -> None:
    async with telegram_world(tmp_path) as world:
        topic = await _topic_of_a_request(world)
        await world.house.says(BEN, "/resolve Toner was changed.", world.team, topic=topic)
        asked = await _button(world, ANNA, "confirm")
        await world.house.presses_data(ANNA, asked, _data(asked, "confirm:no"), world.house.world.chats[ANNA])
        await world.until(lambda: world.tickets()[0].state not in {"resolved", "closed"})
        await world.until(lambda: len(asked.buttons()) == 1)


async def test_with_several_requests_a_button_says_which_one_is_meant(tmp_path: Path) -> None:
    async with telegram_world(tmp_path) as world:
        await _two_requests(world)
        await world.house.says(ANNA, "It has begun to smell of burnt rubber too")
        which = await _button(world, ANNA, "belongs")
        assert len(which.buttons()) == 3
        pressed = next(data for data in which.buttons().values() if data.split(":")[1].endswith("-1"))
        await world.house.presses_data(ANNA, which, pressed, world.house.world.chats[ANNA])
        await world.until(lambda: "burnt rubber" in world.said_to(TEAM))
        await world.until(lambda: len(which.buttons()) == 1)
        assert len(world.tickets()) == 2


async def test_with_several_requests_a_button_says_that_it_is_something_new(tmp_path: Path) -> None:
    async with telegram_world(tmp_path) as world:
        await _two_requests(world)
        await world.house.says(ANNA, "I cannot reach the intranet from the meeting room")
        which = await _button(world, ANNA, "belongs")
        new = next(data for data in which.buttons().values() if data.split(":")[1].endswith("-0"))
        await world.house.presses_data(ANNA, which, new, world.house.world.chats[ANNA])
        await world.until(lambda: len(world.tickets()) == 3)


async def test_telegram_calls_the_webhook_and_the_answer_goes_out(tmp_path: Path) -> None:
    hook = {"mode": "webhook", "webhook_secret": SECRET}
    desk = {"address": "help@house.example", "data": str(tmp_path), "secret": "s" * 40,
            "base_url": "https://desk.example"}  # fmt: skip
    async with telegram_world(tmp_path, bot=hook, desk=desk, web={"port": 0}) as world:
        await world.until(lambda: world.house.world.webhook and world.app.pages.port)
        assert world.house.world.webhook["url"] == "https://desk.example/telegram/tg"
        chat = world.house.world.private(ANNA)
        asked = Written(world.house.world.number(), world.house.world.users[ANNA], A_REQUEST)
        chat.messages[asked.id] = asked
        update = {"update_id": 900_000_001, "message": tell(world.house.world, chat, asked)}
        assert await _calls(world, update, "a guess") == 403
        assert world.inbox() == []
        assert [await _calls(world, update, SECRET) for _ in range(2)] == [200, 200]
        await world.until(lambda: "HD-1" in world.said_to(ANNA))
        assert len(world.tickets()) == 1
        assert world.house.called("getUpdates") == []


async def _calls(world: TelegramWorld, update: dict[str, Any], secret: str) -> int:
    url = f"http://127.0.0.1:{world.app.pages.port}/telegram/tg"
    headers = {"X-Telegram-Bot-Api-Secret-Token": secret}
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, json=update, headers=headers) as answered,
    ):
        return answered.status


async def _topic_of_a_request(world: TelegramWorld) -> int:
    await world.house.says(ANNA, A_REQUEST)
    await world.until(lambda: world.team.topics)
    topic = int(next(iter(world.team.topics)))
    await world.until(lambda: world.team.texts(topic) and "HD-1" in world.said_to(ANNA))
    return topic


async def _two_requests(world: TelegramWorld) -> None:
    for name, words in (("HD-1", A_REQUEST), ("HD-2", "/new A chair for the new colleague, by Monday")):
        await world.house.says(ANNA, words)
        await world.until(partial(_is_said, world, name))


def _is_said(world: TelegramWorld, words: str) -> bool:
    return words in world.said_to(ANNA)


async def _button(world: TelegramWorld, chat: int, verb: str) -> Written:
    """The newest message of the bot in a chat with a button of that verb."""
    found: list[Written] = []

    def there() -> bool:
        messages = world.house.world.chats[chat].messages.values()
        found[:] = [m for m in messages if any(d.startswith(f"{verb}:") for d in m.buttons().values())]
        return bool(found)

    await world.until(there)
    return found[-1]


def _data(message: Written, begins: str) -> str:
    return next(data for data in message.buttons().values() if data.startswith(f"{begins}:"))


def _marked(message: Written) -> list[str]:
    return [data for label, data in message.buttons().items() if label.startswith("\u2713")]


def _actions(world: TelegramWorld) -> list[str]:
    return [row.action for row in world.events()]
