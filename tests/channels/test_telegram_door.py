"""What comes in by Telegram: kept before it is confirmed, once, and only what is meant for us."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from bot.channels.telegram import House, Pauses, TelegramDoor
from bot.channels.telegram_api import Api
from bot.channels.telegram_hook import routes
from bot.channels.telegram_places import Moves
from bot.errors import StoreUnavailable
from bot.message import Action, IncomingMessage, Payload, Verdict
from bot.store import chat_progress, threads
from tests.channels.telegram_world import ANNA, BEN, EVE, TEAM, a_house_config
from tests.desks import OpenDesk, a_message, open_desk
from tests.peers.telegram import TOKEN, Fault, TelegramHouse, telegram_house

QUICK = Pauses(poll=1, lease=2.0, standby=0.1, conflict=0.1, first=0.05, longest=0.2, album=0.05, topic=0.01)


@dataclass
class Door:
    """A door whose desk is a list."""

    door: TelegramDoor
    house: TelegramHouse
    desk: OpenDesk
    kept: dict[str, Payload] = field(default_factory=dict)
    broken: int = 0
    """So many times the store is away."""

    async def accept(self, payload: Payload) -> bool:
        if self.broken:
            self.broken -= 1
            raise StoreUnavailable("away")
        new = payload.key not in self.kept
        self.kept.setdefault(payload.key, payload)
        return new

    async def poll(self) -> list[IncomingMessage]:
        """Ask once; what is kept by now, in the desk's language."""
        await self.door.poll_once(self.accept)
        return [message for payload in self.kept.values() for message in await self.door.translate(payload)]


@asynccontextmanager
async def a_door(folder: Path, **bot: Any) -> AsyncIterator[Door]:
    async with telegram_house() as house:
        house.world.add_user(ANNA, "Anna Rossi", language="it", username="anna")
        house.world.add_user(BEN, "Ben Lee")
        house.world.add_user(EVE, "Eve Moor")
        config = a_house_config(house, folder, bot=bot)
        with open_desk(folder) as desk:
            desk.store.open()
            api = Api(config.telegram["tg"])
            door = TelegramDoor("tg", config, api, House(desk.store, "w1"), Moves(), QUICK)
            try:
                yield Door(door, house, desk)
            finally:
                await api.close()
        assert house.wrong == []


async def test_a_message_is_read_with_all_that_telegram_vouches_for(tmp_path: Path) -> None:
    async with a_door(tmp_path) as it:
        await it.house.says(ANNA, "The printer is on fire")
        (message,) = await it.poll()
        assert (message.sender.address, message.sender.name) == ("tg/501", "Anna Rossi")
        assert message.authentication.verdict is Verdict.PASS
        assert (message.text, message.language, message.place) == ("The printer is on fire", "it", "tg/501")
        assert message.external_id == "501/1"
        assert message.thread_keys == ()


async def test_j1_nothing_is_confirmed_before_it_is_kept(tmp_path: Path) -> None:
    async with a_door(tmp_path) as it:
        await it.house.says(ANNA, "one")
        await it.house.says(ANNA, "two")
        it.broken = 1
        with pytest.raises(StoreUnavailable):
            await it.poll()
        assert len(it.house.world.updates) == 2
        assert [m.text for m in await it.poll()] == ["one", "two"]
        assert all("offset" not in values for values in it.house.called("getUpdates"))
        await it.poll()
        assert it.house.called("getUpdates")[-1]["offset"] == 900_000_002
        assert it.house.world.updates == []


async def test_j1_what_was_kept_but_not_confirmed_comes_again_and_is_known(tmp_path: Path) -> None:
    async with a_door(tmp_path) as it:
        await it.house.says(ANNA, "one")
        await it.poll()
        again = TelegramDoor(
            "tg", a_house_config(it.house, tmp_path), it.door.api, it.door.house, Moves(), QUICK
        )
        assert await again.poll_once(it.accept) == 1
        assert list(it.kept) == ["telegram:4711:501/1"]


async def test_j3_ids_may_jump_and_begin_anew_below_the_last(tmp_path: Path) -> None:
    async with a_door(tmp_path) as it:
        await it.house.says(ANNA, "one")
        it.house.world.next_update += 500
        await it.house.says(ANNA, "two")
        await it.poll()
        await it.poll()  # confirms
        it.house.world.next_update = 17
        await it.house.says(ANNA, "three")
        assert [m.text for m in await it.poll()] == ["one", "two", "three"]
        assert "offset" not in it.house.called("getUpdates")[-1]


async def test_j4_another_poller_is_waited_for_and_no_webhook_is_taken_away(tmp_path: Path) -> None:
    async with a_door(tmp_path) as it:
        it.house.fail("getUpdates", *[Fault(409, "Conflict: terminated by other getUpdates request")] * 3)
        told: list[str] = []

        async def tell(_: str, words: str) -> None:
            told.append(words)

        it.door.house = House(it.desk.store, "w1", trouble=tell)
        await it.house.says(ANNA, "one")
        running = asyncio.create_task(it.door.run(it.accept))
        await it.house.until(lambda: it.kept)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert len(told) == 1
        assert it.house.called("deleteWebhook") == []


def test_j4_one_process_asks_and_another_takes_over_when_its_lease_ends(tmp_path: Path) -> None:
    with open_desk(tmp_path) as desk:
        lasts = timedelta(seconds=40)

        def take(worker: str) -> bool:
            return desk.store.write_now(lambda tx: chat_progress.take(tx, "tg", worker, lasts)) is not None

        assert take("w1")
        assert not take("w2")
        desk.clock.forward(seconds=41)
        assert Pauses().lease + Pauses().standby < 60
        assert take("w2")
        assert not take("w1")


async def test_j9_an_album_is_one_message_however_its_parts_come(tmp_path: Path) -> None:
    async with a_door(tmp_path) as it:
        for number in range(5):
            file = it.house.file(f"p{number}.pdf", b"x" * (number + 1))
            more: dict[str, Any] = {"caption": "five pictures"} if number == 0 else {}
            await it.house.says(ANNA, "", document=file, media_group_id="77", **more)
        (message,) = await it.poll()
        assert message.text == "five pictures"
        assert [file.size for file in message.attachments] == [1, 2, 3, 4, 5]
        late = it.house.file("late.pdf", b"late")
        await it.house.says(ANNA, "", document=late, media_group_id="77")
        assert (await it.poll())[-1].thread_keys == message.thread_keys == ("501/group/77",)


async def test_j9_an_edit_is_noted_in_the_ticket_of_what_was_edited(tmp_path: Path) -> None:
    async with a_door(tmp_path) as it:
        said = await it.house.says(ANNA, "flor 2")
        await it.house.edits(ANNA, said, "floor 2")
        assert len(await it.poll()) == 1  # nothing of it is a ticket's yet
        it.desk.receive((await it.poll())[0])
        await it.house.edits(ANNA, said, "floor 3")
        message = (await it.poll())[-1]
        assert (message.text, message.thread_keys) == ("edited: floor 3", ("501/1",))


async def test_j9_in_groups_only_what_is_meant_for_us_is_kept(tmp_path: Path) -> None:
    async with a_door(tmp_path) as it:
        group = it.house.world.add_group(-55, "Floor 2")
        await it.house.says(ANNA, "lunch?", group)
        await it.house.says(ANNA, "/status@other_bot", group)
        await it.house.says(ANNA, "/status", group)
        await it.house.says(
            ANNA, "@desk_bot the printer", group, entities=[{"type": "mention", "offset": 0, "length": 9}]
        )
        await it.house.says(ANNA, "/new@desk_bot a chair", group)
        await it.house.tell_bot(
            channel_post={"message_id": 1, "date": 1, "chat": {"id": -9, "type": "channel"}}
        )
        messages = await it.poll()
        assert [m.text for m in messages] == ["the printer", "a chair"]
        assert messages[1].action == Action(
            "new", None, {"words": "a chair", "text": "a chair", "line": "new a chair"}
        )


async def test_j9_what_somebody_passes_on_says_whose_it_is(tmp_path: Path) -> None:
    async with a_door(tmp_path) as it:
        origin = {"type": "hidden_user", "date": 1, "sender_user_name": "Carl"}
        await it.house.says(ANNA, "it does not print", forward_origin=origin)
        assert (await it.poll())[0].text == "\u21aa Carl:\n\nit does not print"


async def test_j10_files_are_fetched_and_what_is_too_large_is_told(tmp_path: Path) -> None:
    async with a_door(tmp_path) as it:
        await it.house.says(ANNA, "", caption="both", document=it.house.file("../../a.pdf", b"abc"))
        await it.house.says(ANNA, "", document=it.house.file("film.mkv", b"", size=30 * 1024 * 1024))
        small, large = await it.poll()
        assert [(f.name, f.content) for f in small.attachments] == [("a.pdf", b"abc")]
        assert large.attachments == ()
        assert "20 MB" in large.oddities[0]
        assert "film.mkv" in large.oddities[0]


async def test_j11_the_token_stands_in_no_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    from bot import log as logs

    with caplog.at_level(logging.DEBUG):
        for name in logs._QUIET:
            logging.getLogger(name).setLevel(logging.WARNING)
        async with a_door(tmp_path) as it:
            it.house.fail("getFile", Fault(404, "Not Found"))
            await it.house.says(ANNA, "", document=it.house.file("a.pdf", b"abc"))
            await it.poll()
            it.house.fail("getUpdates", Fault(502, "Bad Gateway"))
            running = asyncio.create_task(it.door.run(it.accept))
            await it.house.until(lambda: len(it.house.called("getUpdates")) > 2)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
    ours = [record for record in caplog.records if not record.name.startswith("aiohttp")]
    assert ours
    assert all(TOKEN not in record.getMessage() for record in ours)


async def test_j14_a_name_gives_no_power_only_the_number_does(tmp_path: Path) -> None:
    async with a_door(tmp_path) as it:
        it.house.world.users[EVE] |= {"first_name": "Ben", "last_name": "Lee", "username": "ben"}
        await it.house.says(EVE, "/resolve HD-1")
        (message,) = await it.poll()
        assert message.sender.address == "tg/701"
        await it.house.says(BEN, "as the group", it.house.world.add_group(TEAM, "First line"),
                            sender_chat={"id": TEAM, "type": "supergroup", "title": "x"})  # fmt: skip
        assert len(await it.poll()) == 1


async def test_a_button_is_an_action_and_its_wheel_stops_after_the_commit(tmp_path: Path) -> None:
    async with a_door(tmp_path) as it:
        said = await it.house.says(ANNA, "x")
        said.user = it.house.world.bot
        said.markup = {"inline_keyboard": [[{"text": "Yes", "callback_data": "confirm:yes:1"},
                                            {"text": "No", "callback_data": "confirm:no:1"}]]}  # fmt: skip
        it.house.world.updates.clear()
        await it.house.presses(ANNA, said, "Yes")
        (message,) = await it.poll()
        assert message.action == Action("confirm", 1, {"value": "yes"})
        await it.house.until(lambda: it.house.world.answered and said.buttons() == {"\u2713 Yes": "done::"})


async def test_a_button_that_needs_words_asks_for_them_and_the_answer_is_the_action(tmp_path: Path) -> None:
    async with a_door(tmp_path) as it:
        team = it.house.world.add_group(TEAM, "First line", forum=True)
        team.topics[9] = {"name": "HD-1", "closed": False}
        it.desk.receive(a_message("help"))
        it.desk.store.write_now(
            lambda tx: threads.join(tx, "tg", f"{TEAM}/topic/9", 1, threads.ROOM, it.desk.clock())
        )
        card = await it.house.says(BEN, "card", team, topic=9)
        card.user, card.markup = (
            it.house.world.bot,
            {"inline_keyboard": [[{"text": "Note", "callback_data": "note::1"}]]},
        )
        it.house.world.updates.clear()
        await it.house.presses(BEN, card, "Note", team)
        assert await it.poll() == []
        await it.house.until(lambda: len(team.messages) == 2)
        prompt = team.last()
        await it.house.says(BEN, "toner is empty", team, topic=9, answers=prompt)
        message = (await it.poll())[-1]
        assert message.action is not None
        assert (message.action.verb, message.action.ticket) == ("note", 1)
        assert message.action.values["words"] == "toner is empty"
        assert message.thread_keys[-1] == f"{TEAM}/topic/9"


async def test_j2_a_webhook_wants_its_secret_and_is_answered_after_the_commit(tmp_path: Path) -> None:
    async with a_door(tmp_path, mode="webhook", webhook_secret="s3cret-s3cret") as it:
        await it.house.says(ANNA, "by webhook")
        update = it.house.world.updates.pop()
        app = Starlette(routes=routes({"tg": it.door}, it.accept))

        async def call(secret: str | None, path: str = "/telegram/tg") -> int:
            headers = {"X-Telegram-Bot-Api-Secret-Token": secret} if secret else {}
            async with httpx.AsyncClient(
                transport=httpx.ASGITransport(app), base_url="http://desk"
            ) as client:
                return (await client.post(path, json=update, headers=headers)).status_code

        assert await call(None) == 403
        assert await call("wrong") == 403
        assert await call("s3cret-s3cret", "/telegram/none") == 403
        assert it.kept == {}
        it.broken = 1
        assert await call("s3cret-s3cret") == 503
        assert await call("s3cret-s3cret") == 200
        assert list(it.kept) == ["telegram:4711:501/1"]


async def test_j9_channel_posts_machines_and_members_are_left_alone(tmp_path: Path) -> None:
    async with a_door(tmp_path) as it:
        await it.house.says(ANNA, "hello from a channel", sender_chat={"id": -1005, "type": "channel"})
        await it.house.says(
            ANNA, "", it.house.world.add_group(TEAM, "First line"), new_chat_title="Second line"
        )
        it.house.world.users[EVE]["is_bot"] = True
        await it.house.says(EVE, "I am a machine")
        assert await it.poll() == []
        (asked,) = [one["allowed_updates"] for one in it.house.called("getUpdates")]
        assert asked == ["message", "edited_message", "callback_query"], (
            "channel posts are not even sent to us"
        )


async def test_j13_who_watches_sees_that_nobody_has_asked_for_news(tmp_path: Path) -> None:
    async with a_door(tmp_path) as it:
        assert not await it.door.serving()
        await it.house.says(ANNA, "one")
        await it.poll()
        assert await it.door.serving()


def test_j13_what_a_long_downtime_loses_is_said() -> None:
    page = (Path(__file__).parents[2] / "docs" / "telegram.md").read_text(encoding="utf-8")
    assert "Telegram keeps what people write for **24 hours**" in page
    assert "`/readyz` says whether" in page
