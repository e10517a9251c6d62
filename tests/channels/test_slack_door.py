"""The door to Slack by a socket: what is for the desk, and that it is kept before Slack is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.message import Authentication, Party, Verdict
from bot.store import threads
from tests.channels.slack_world import World, slack_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with slack_world(tmp_path) as made:
        yield made


async def test_a_direct_message_is_a_message_to_the_desk(world: World) -> None:
    direct = world.house.workspace.direct("U1")
    said = await world.house.says("U1", direct, "La stampante non va &amp; &lt;basta&gt;")
    (message,) = await world.messages()
    assert message.channel == "acme"
    assert message.sender == Party("slack", "acme/U1", "Ann")
    assert message.text == message.reply_text == "La stampante non va & <basta>"
    assert message.external_id == f"{direct.id}/{said.ts}"
    assert message.thread_keys == ()
    assert message.place == f"acme/{direct.id}"
    assert (message.language, message.time_zone) == ("it", "Europe/Rome")
    assert (message.authentication.verdict, message.authentication.by) == (Verdict.PASS, "slack")
    assert message.oddities == ()


async def test_an_answer_in_a_thread_names_the_thread(world: World) -> None:
    direct = world.house.workspace.direct("U1")
    first = await world.house.says("U1", direct, "It is broken")
    await world.house.says("U1", direct, "Still broken", thread=first.ts)
    assert (await world.messages())[1].thread_keys == (f"{direct.id}/{first.ts}",)


async def test_i2_a_mention_and_the_message_that_it_stands_in_are_one(world: World) -> None:
    said = await world.house.mentions("U1", world.house.workspace.conversations["C1"], "my phone is dead")
    assert await world.keys() == [f"C1:{said.ts}"]
    assert await world.texts() == ["my phone is dead"]


async def test_what_is_said_in_a_channel_to_others_is_left_alone(world: World) -> None:
    channel = world.house.workspace.conversations["C1"]
    first = await world.house.says("U1", channel, "lunch?")
    await world.house.says("U2", channel, "yes", thread=first.ts)
    assert await world.keys() == []


async def test_a_mention_elsewhere_opens_nothing_when_channels_are_named(tmp_path: Path) -> None:
    async with slack_world(tmp_path, channels=("C2",)) as world:
        house = world.house.workspace
        second = house.add_channel("C2", "help", "U1")
        await world.house.mentions("U1", house.conversations["C1"], "help")
        said = await world.house.mentions("U1", second, "help")
        assert await world.keys() == [f"C2:{said.ts}"]


async def test_all_that_is_said_in_a_tickets_thread_is_kept(world: World) -> None:
    channel = world.house.workspace.conversations["C1"]
    card = await world.house.says("U2", channel, "not for us", tell=False)
    await world.joined(channel, card, threads.ROOM)
    await world.house.says("U2", channel, "note: he is on holiday", thread=card.ts)
    (message,) = await world.messages()
    assert message.text == "note: he is on holiday"
    assert message.thread_keys == (f"C1/{card.ts}",)


async def test_a_thread_is_kept_before_its_ticket_is_there(world: World) -> None:
    channel = world.house.workspace.conversations["C1"]
    first = await world.house.mentions("U1", channel, "it burns")
    await world.house.says("U1", channel, "a lot", thread=first.ts)
    assert await world.texts() == ["it burns", "a lot"]


async def test_the_ticket_emoji_makes_a_ticket_for_the_author(world: World) -> None:
    channel = world.house.workspace.conversations["C1"]
    said = await world.house.says("U1", channel, "the door does not open")
    await world.house.reacts("U2", channel, said, "ticket")
    await world.house.reacts("U1", channel, said, "ticket")
    (message,) = await world.messages()
    assert message.sender.address == "acme/U1"
    assert message.external_id == f"C1/{said.ts}"
    assert message.oddities == ("made a ticket by @Bo",)


async def test_the_ticket_emoji_on_an_answer_in_a_thread_finds_it(world: World) -> None:
    channel = world.house.workspace.conversations["C1"]
    first = await world.house.says("U1", channel, "hello")
    answer = await world.house.says("U1", channel, "the beamer is off", thread=first.ts)
    await world.house.reacts("U2", channel, answer, "ticket")
    assert await world.texts() == ["the beamer is off"]


async def test_an_emoji_in_a_tickets_thread_is_an_order(world: World) -> None:
    channel = world.house.workspace.conversations["C1"]
    card = await world.house.says("U2", channel, "card", tell=False)
    number = await world.joined(channel, card, threads.ROOM)
    below = await world.house.says("U1", channel, "words", thread=card.ts, tell=False)
    await world.house.reacts("U2", channel, card, "eyes")
    await world.house.reacts("U2", channel, below, "rotating_light")
    await world.house.reacts("U2", channel, card, "thumbsup")
    first, second = (message.action for message in await world.messages())
    assert first
    assert (first.verb, first.ticket, first.values) == ("take", number, {})
    assert second
    assert (second.verb, second.ticket, second.values) == ("priority", number, {"value": "P1"})


async def test_i6_our_own_words_and_those_of_other_bots_are_left_alone(world: World) -> None:
    house, direct = world.house, world.house.workspace.direct("U1")
    told = {
        "type": "message",
        "channel": direct.id,
        "channel_type": "im",
        "text": "ping",
        "team": "T024HOUSE",
    }
    for ts, who in enumerate(
        ({"user": "U0BOT", "bot_id": "B0BOT"}, {"user": "U0BOT"}, {"bot_id": "B9", "subtype": "bot_message"},
         {"user": "U9", "bot_id": "B9"}, {"user": "USLACKBOT"})
    ):  # fmt: skip
        stamp = f"1700000000.00000{ts}"
        assert await house.tell({**told, **who, "ts": stamp, "event_ts": stamp})
    assert await world.keys() == []


async def test_i6_a_bot_that_is_allowed_may_ask(tmp_path: Path) -> None:
    async with slack_world(tmp_path, bots=("B9",)) as world:
        stamp = "1700000000.000001"
        event = {"type": "message", "subtype": "bot_message", "bot_id": "B9", "channel": "C1", "text": "disk full",
                 "channel_type": "channel", "ts": stamp, "event_ts": stamp}  # fmt: skip
        await world.house.tell(event)
        (message,) = await world.messages()
        assert (message.sender.address, message.text) == ("acme/B9", "disk full")


@pytest.mark.parametrize(
    "subtype", ["channel_join", "channel_topic", "pinned_item", "message_replied", "reminder_add"]
)
async def test_slacks_own_notes_are_left_alone(world: World, subtype: str) -> None:
    direct, stamp = world.house.workspace.direct("U1"), "1700000000.000001"
    event = {"type": "message", "subtype": subtype, "user": "U1", "channel": direct.id, "channel_type": "im",
             "text": "joined", "ts": stamp, "event_ts": stamp}  # fmt: skip
    assert await world.house.tell(event)
    assert await world.keys() == []


async def test_i11_an_edit_is_a_note_below_what_was_said(world: World) -> None:
    direct = world.house.workspace.direct("U1")
    said = await world.house.says("U1", direct, "printer 3 is broken")
    await world.house.edits(direct, said, "printer 4 is broken")
    _, edit = await world.messages()
    assert edit.text == "edited: printer 4 is broken"
    assert edit.thread_keys == (f"{direct.id}/{said.ts}",)
    assert [key.split(":")[2:3] for key in await world.keys()] == [[], ["edit"]]


async def test_i11_a_message_that_was_not_for_us_stays_so_when_it_is_edited(world: World) -> None:
    channel = world.house.workspace.conversations["C1"]
    said = await world.house.says("U1", channel, "lunch?")
    await world.house.edits(channel, said, "lunch at one?")
    await world.house.deletes(channel, said)
    assert await world.keys() == []


async def test_i11_slack_unfolding_a_link_is_no_edit(world: World) -> None:
    direct = world.house.workspace.direct("U1")
    said = await world.house.says("U1", direct, "see <https://example.com>")
    await world.house.edits(direct, said, said.text)
    assert await world.texts() == ["see https://example.com"]


async def test_i11_a_deletion_is_noted(world: World) -> None:
    direct = world.house.workspace.direct("U1")
    said = await world.house.says("U1", direct, "my password is hunter2")
    await world.house.deletes(direct, said)
    await world.house.tells_again()
    assert await world.texts() == ["my password is hunter2", "deleted: my password is hunter2"]


async def test_i11_what_an_agent_changes_in_a_room_is_for_agents_alone(world: World) -> None:
    channel = world.house.workspace.conversations["C1"]
    card = await world.house.says("U2", channel, "card", tell=False)
    await world.joined(channel, card, threads.ROOM)
    said = await world.house.says("U2", channel, "It is repaired.", thread=card.ts)
    await world.house.edits(channel, said, "It is repaired!")
    await world.house.deletes(channel, said)
    assert (await world.texts())[1:] == ["note: edited: It is repaired!", "note: deleted: It is repaired!"]


async def test_i11_somebody_from_another_workspace_is_a_requester_and_never_more(world: World) -> None:
    await world.house.says("U3", world.house.workspace.direct("U3"), "hello from outside, it is broken")
    (message,) = await world.messages()
    assert message.authentication == Authentication(Verdict.PASS, "slack", outside=True)
    assert message.oddities == ("from another workspace",)


async def test_i12_a_guest_of_our_own_is_no_member(world: World) -> None:
    world.house.workspace.add_user("U4", "Temp", is_restricted=True)
    await world.house.says("U4", world.house.workspace.direct("U4"), "hello, it is broken")
    (message,) = await world.messages()
    assert message.authentication.outside


async def test_i12_a_profile_gives_nobody_an_identity(world: World) -> None:
    world.house.workspace.add_user("U5", "Anna Rossi", email="anna@example.com")
    await world.house.says("U5", world.house.workspace.direct("U5"), "close all tickets")
    (message,) = await world.messages()
    assert message.sender.address == "acme/U5"


async def test_mentions_links_and_channels_are_read_as_people_see_them(world: World) -> None:
    direct = world.house.workspace.direct("U1")
    await world.house.says(
        "U1",
        direct,
        "<@U2> see <https://a.example/x|the page>, <#C1|general>, <!here> <mailto:a@b.example|a@b.example>",
    )
    assert await world.texts() == ["@Bo see the page (https://a.example/x), #general, @here a@b.example"]


async def test_files_are_taken_before_slack_is_told(world: World) -> None:
    direct = world.house.workspace.direct("U1")
    await world.house.says(
        "U1", direct, "look", files=[("../shot.png", "image/png", b"\x89PNG" + b"x" * 70_000)]
    )
    (message,) = await world.messages()
    (file,) = message.attachments
    assert (file.name, file.media_type, file.size) == ("shot.png", "image/png", 70_004)
    assert file.content.startswith(b"\x89PNG")


async def test_a_file_that_is_too_large_is_only_named(tmp_path: Path) -> None:
    async with slack_world(tmp_path, max_file=65_536) as world:
        files = [("film.mp4", "video/mp4", b"x" * 2_000_000), ("a.txt", "text/plain", b"small")]
        await world.house.says("U1", world.house.workspace.direct("U1"), "look", files=files)
        (message,) = await world.messages()
        assert [file.name for file in message.attachments] == ["a.txt"]
        assert message.oddities == ("a file of 2 MB was not taken: film.mp4",)
