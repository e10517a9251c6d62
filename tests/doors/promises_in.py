"""What every way in promises, whichever service stands before it. ``table`` says which door does not, and why."""

from __future__ import annotations

import asyncio
import gc
import re
import sys
from collections.abc import Awaitable, Callable
from typing import Final

import pytest
import sqlalchemy as sa

from bot.errors import HeldError
from bot.intake import Intake
from bot.loops import Pace
from bot.metrics import Metrics
from bot.store.blobs import open_blobs
from bot.store.models import Inbox, PayloadRow
from tests.doors.ways_in import BREATH, WayIn

FIRE: Final = "The printer is on fire"
PromiseIn = Callable[[WayIn], Awaitable[None]]


async def what_comes_is_committed_before_the_service_is_told(way: WayIn) -> None:
    way.keeper.may.clear()
    said = await way.says(FIRE)
    await way.offered()
    await asyncio.sleep(BREATH)
    assert not said.told(), "the service was told before the commit"
    way.keeper.may.set()
    await way.eventually(said.told, "the service is never told")
    assert len(way.keeper.kept()) == 1, "the service was told, and nothing is committed"
    assert await way.texts() == [FIRE]


async def with_the_store_down_nothing_is_told_and_all_comes_again(way: WayIn) -> None:
    with way.keeper.down():
        said = await way.says(FIRE)
        await way.offered()
        await asyncio.sleep(4 * BREATH)
        assert not said.told(), "the service was told although nothing is kept"
    await way.taken(await way.tries_again(said))
    assert await way.texts() == [FIRE]


async def what_comes_twice_is_kept_once_and_told_twice(way: WayIn) -> None:
    said = await way.says(FIRE)
    await way.taken(said)
    await way.taken(await way.again(said))
    assert len(way.keeper.kept()) == 1, "the repeat is another message"
    await way.taken(await way.says(FIRE))
    assert len(way.keeper.kept()) == 2, "the same words, said again, are another message"


async def what_comes_twice_at_once_is_kept_once_and_told_after_the_commit(way: WayIn) -> None:
    way.keeper.may.clear()
    both = await way.twice_at_once(FIRE)
    await way.offered()
    await asyncio.sleep(BREATH)
    assert not any(said.told() for said in both), "the service was told before the commit"
    way.keeper.may.set()
    for said in both:
        if not said.told():
            await asyncio.sleep(BREATH)
            said = said if said.told() else await way.tries_again(said)  # noqa: PLW2901  # as its service does
        await way.taken(said)
    assert len(way.keeper.kept()) == 1


async def a_payload_and_its_messages_bear_the_name_of_the_door(way: WayIn) -> None:
    await way.taken(await way.says(FIRE))
    (payload,) = way.keeper.kept()
    (message,) = await way.messages()
    assert way.source.name == payload.channel == message.channel
    assert message.received_at == payload.received_at
    assert message.sender.address
    assert 0 < len(payload.key) <= 64


async def what_the_service_garbles_stops_nothing(way: WayIn) -> None:
    await way.nonsense()
    await way.taken(await way.says(FIRE))
    assert (await way.texts())[-1] == FIRE


async def what_cannot_be_understood_is_held_and_blocks_nothing(way: WayIn) -> None:
    for text in (FIRE, "The lift does not come"):
        await way.taken(await way.says(text))
    store = way.keeper.store
    bad = way.spoiled(way.keeper.kept()[0])
    with pytest.raises(HeldError):
        await way.source.translate(bad)
    first = sa.select(sa.func.min(Inbox.id)).scalar_subquery()
    spoil = sa.update(PayloadRow).where(PayloadRow.inbox_id == first).values(raw=bad.raw)
    await store.write(lambda tx: tx.run(spoil).rowcount)
    blobs = open_blobs(str(way.keeper.desk.folder / "blobs"))
    intake = Intake(
        store, blobs, {way.source.name: way.source}, way.keeper.desk.desk, Metrics(),
        worker="one", pace=Pace(0.02), after=lambda: None,
    )  # fmt: skip
    running = asyncio.create_task(intake.run())
    rows = way.keeper.desk.rows
    await way.eventually(lambda: all(row.outcome for row in rows(Inbox)), "the inbox is never settled")
    running.cancel()
    await asyncio.wait([running])
    assert [row.outcome for row in rows(Inbox)] == ["held", way.becomes]
    assert way.keeper.kept()[0].raw == bad.raw, "the octets of what is held are gone"


async def what_one_person_says_keeps_its_order(way: WayIn) -> None:
    wanted = [f"sentence {number}" for number in range(8)]
    way.keeper.may.clear()
    said = [await way.says(text) for text in wanted]
    await way.offered()
    way.keeper.may.set()
    for one in said:
        await way.taken(one)
    assert await way.texts() == wanted


async def a_long_text_comes_whole(way: WayIn) -> None:
    words = " ".join(f"word-{number:03}" for number in range(400))
    await way.taken(await way.says(words))
    (text,) = await way.texts()
    assert " ".join(text.split()) == words


async def words_do_not_overtake_the_file_that_came_before_them(way: WayIn) -> None:
    first = await way.says("the plan", [("plan.pdf", b"x" * 60_000)])
    second = await way.says("what do you think of it")
    await way.taken(first)
    await way.taken(second)
    assert await way.texts() == ["the plan", "what do you think of it"]


async def a_stop_in_the_middle_loses_nothing_and_the_door_can_serve_again(way: WayIn) -> None:
    way.keeper.may.clear()
    said = await way.says(FIRE)
    await way.offered()
    await way.stop()
    assert not said.told(), "the service was told although nothing is kept"
    way.keeper.may.set()
    await way.start()
    await way.taken(await way.tries_again(said))
    await way.taken(await way.says("And now the curtain"))
    assert await way.texts() == [FIRE, "And now the curtain"]


async def files_come_with_their_names_and_octets(way: WayIn) -> None:
    files = [("plan.pdf", b"%PDF-1.7\r\n\x00\xff.\r\n"), ("../../etc/pass\u202ewd.pdf", b"x" * 50_000)]
    for one in files:
        await way.taken(await way.says(f"See {one[0][:4]}", [one]))
    found = [file for message in await way.messages() for file in message.attachments]
    assert [file.content for file in found] == [content for _, content in files]
    assert all(file.size == len(file.content) for file in found)
    assert found[0].name == "plan.pdf"
    assert not set("/\\\u202e") & set(found[1].name)


async def more_than_a_door_takes_is_refused_or_named_and_stops_nothing(way: WayIn) -> None:
    said = await way.too_much()
    await way.eventually(lambda: said.told() or said.refused(), "nobody hears that it was too much")
    await way.taken(await way.says(FIRE))
    messages = await way.messages()
    assert messages[-1].reply_text.strip() == FIRE
    assert all(len(payload.raw) <= way.most for payload in way.keeper.kept())
    if said.refused() or await way.held():
        assert len(messages) == 1, "it is refused or held, and yet a message came of it"
        assert len(way.keeper.kept()) == 2 - said.refused()
    else:
        assert len(messages) == 2
        named = (*messages[0].oddities, messages[0].text)
        assert any(re.search(r"[0-9] [kM]B", words) for words in named), (
            "nobody is told that something is left out"
        )
        assert not messages[0].attachments


async def what_was_handed_over_is_let_go_of(way: WayIn) -> None:
    for number in range(6):
        await way.taken(await way.says(f"{number} {FIRE * 100}"))
    offered = way.keeper.offered
    only_here = sys.getrefcount(object()) + 1  # the list that we look at it in

    def held() -> int:
        return sum(sys.getrefcount(offered[at]) > only_here for at in range(len(offered)))

    if held() > 1:
        gc.collect()
    await way.eventually(lambda: held() <= 1, "the door keeps what it has handed over")


async def a_payload_is_read_the_same_however_often_and_when_the_service_is_gone(way: WayIn) -> None:
    await way.taken(await way.says("Stampante \u2014 \u6253\u5370\u673a \U0001f525 <b>&amp;"))
    first = await way.messages()
    await way.stop()
    assert first == await way.messages()
    assert "\u6253\u5370\u673a \U0001f525" in first[0].reply_text


PROMISES_IN: Final[tuple[PromiseIn, ...]] = (
    what_comes_is_committed_before_the_service_is_told,
    with_the_store_down_nothing_is_told_and_all_comes_again,
    what_comes_twice_is_kept_once_and_told_twice,
    what_comes_twice_at_once_is_kept_once_and_told_after_the_commit,
    a_payload_and_its_messages_bear_the_name_of_the_door,
    what_the_service_garbles_stops_nothing,
    what_cannot_be_understood_is_held_and_blocks_nothing,
    what_one_person_says_keeps_its_order,
    a_long_text_comes_whole,
    words_do_not_overtake_the_file_that_came_before_them,
    a_stop_in_the_middle_loses_nothing_and_the_door_can_serve_again,
    files_come_with_their_names_and_octets,
    more_than_a_door_takes_is_refused_or_named_and_stops_nothing,
    what_was_handed_over_is_let_go_of,
    a_payload_is_read_the_same_however_often_and_when_the_service_is_gone,
)
