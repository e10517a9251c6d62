"""What every way in promises, whichever service stands before it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.errors import HeldError
from bot.intake import Intake
from bot.loops import Pace
from bot.message import IncomingMessage
from bot.metrics import Metrics
from bot.store.blobs import open_blobs
from bot.store.models import Inbox
from tests.desks import open_desk
from tests.doors.ways_in import BREATH, WayIn, eventually


async def test_the_payload_is_committed_before_the_service_is_told(way_in: WayIn) -> None:
    keeper = way_in.keeper
    keeper.may.clear()
    said = await way_in.says("The printer is on fire")
    await eventually(lambda: keeper.asked, "nothing is offered to be kept")
    await asyncio.sleep(BREATH)
    assert not said.told(), "the service was told before the commit"
    keeper.may.set()
    await way_in.taken(said)
    assert [message.reply_text.strip() for message in await way_in.messages()] == ["The printer is on fire"]


async def test_what_could_not_be_kept_stays_with_the_service_and_comes_again(way_in: WayIn) -> None:
    keeper = way_in.keeper
    keeper.away = True
    said = await way_in.says("The printer is on fire")
    await eventually(lambda: keeper.asked, "nothing is offered to be kept")
    await asyncio.sleep(BREATH)
    assert not said.told(), "the service was told although nothing is kept"
    keeper.away = False
    await way_in.taken(await way_in.tries_again(said))
    assert len(keeper.kept) == 1


async def test_what_comes_twice_is_kept_once_and_the_service_is_told_twice(way_in: WayIn) -> None:
    said = await way_in.says("The printer is on fire")
    await way_in.taken(said)
    await way_in.taken(await way_in.again(said))
    other = await way_in.says("The printer is on fire")
    await way_in.taken(other)
    assert len(way_in.keeper.kept) == 2, "the repeat is one message, the same words again are another"


async def test_a_payload_carries_the_name_of_its_door_and_so_do_its_messages(way_in: WayIn) -> None:
    await way_in.taken(await way_in.says("The printer is on fire"))
    (payload,) = way_in.keeper.kept.values()
    (message,) = await way_in.messages()
    assert way_in.source.name == payload.channel == message.channel
    assert message.received_at == payload.received_at
    assert message.sender.address


async def test_what_the_service_garbles_stops_nothing(way_in: WayIn) -> None:
    await way_in.nonsense()
    said = await way_in.says("The printer is on fire")
    await way_in.taken(said)
    texts: list[str] = []
    for payload in way_in.keeper.kept.values():
        texts += [message.reply_text.strip() for message in await way_in.source.translate(payload)]
    assert texts[-1] == "The printer is on fire"


async def test_what_cannot_be_understood_is_held_and_blocks_nothing(way_in: WayIn, tmp_path: Path) -> None:
    for text in ("The printer is on fire", "The lift does not come"):
        await way_in.taken(await way_in.says(text))
    bad, good = way_in.keeper.kept.values()
    bad = way_in.spoiled(bad)
    with pytest.raises(HeldError):
        await way_in.source.translate(bad)
    folder = tmp_path / "desk"
    folder.mkdir()
    with open_desk(folder) as desk:
        desk.store.open()
        pace, sources = Pace(), {way_in.source.name: way_in.source}
        intake = Intake(
            desk.store, open_blobs(str(folder / "blobs")), sources, desk.desk, Metrics(),
            worker="one", pace=pace, after=lambda: None,
        )  # fmt: skip
        await intake.accept(bad)
        await intake.accept(good)
        running = asyncio.create_task(intake.run())
        await eventually(lambda: all(row.outcome for row in desk.rows(Inbox)), "the inbox is never settled")
        running.cancel()
        await asyncio.wait([running])
        held, opened = desk.rows(Inbox)
        query = sa.select(sa.func.count()).select_from(Inbox)
        assert desk.store.read_now(lambda tx: tx.run(query).scalar_one()) == 2
    assert (held.outcome, opened.outcome) == ("held", "opened")


async def test_what_one_person_says_keeps_its_order(way_in: WayIn) -> None:
    wanted = [f"sentence {number}" for number in range(8)]
    all_said = [await way_in.says(text) for text in wanted]
    for said in all_said:
        await way_in.taken(said)
    assert [message.reply_text.strip() for message in await way_in.messages()] == wanted


async def test_a_cancelled_door_ends_keeps_its_word_and_can_serve_again(way_in: WayIn) -> None:
    way_in.keeper.may.clear()
    said = await way_in.says("The printer is on fire")
    await eventually(lambda: way_in.keeper.asked, "nothing is offered to be kept")
    await way_in.stop()
    assert not said.told(), "the service was told although nothing is kept"
    way_in.keeper.may.set()
    await way_in.start()
    await way_in.taken(await way_in.tries_again(said))
    await way_in.taken(await way_in.says("And now the curtain"))
    texts = [message.reply_text.strip() for message in await way_in.messages()]
    assert texts == ["The printer is on fire", "And now the curtain"]


async def test_files_come_with_their_names_and_octets(way_in: WayIn) -> None:
    files = [("plan.pdf", b"%PDF-1.7\r\n\x00\xff.\r\n"), ("../../etc/pass\u202ewd.pdf", b"x" * 50_000)]
    for one in files:
        await way_in.taken(await way_in.says(f"See {one[0][:4]}", [one]))
    attachments = [file for message in await way_in.messages() for file in message.attachments]
    assert [file.content for file in attachments] == [content for _, content in files]
    assert all(file.size == len(file.content) for file in attachments)
    assert attachments[0].name == "plan.pdf"
    assert not set("/\\\u202e") & set(attachments[1].name)


async def test_a_payload_is_read_the_same_however_often_and_when_the_service_is_gone(way_in: WayIn) -> None:
    await way_in.taken(
        await way_in.says("Stampante \u2014 \u6253\u5370\u673a \U0001f525 <b>&amp;", [("a.pdf", b"octets")])
    )
    first = await way_in.messages()
    await way_in.stop()
    again: list[IncomingMessage] = await way_in.messages()
    assert first == again
    assert "\u6253\u5370\u673a \U0001f525" in first[0].reply_text
