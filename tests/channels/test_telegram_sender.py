"""What goes out by Telegram: within its limits, in order, as topics and cards, whatever goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.channels.telegram_api import Api
from bot.channels.telegram_parts import InMemory, InStore, Progress
from bot.channels.telegram_places import Moves
from bot.channels.telegram_sender import RATES, TelegramSender
from bot.channels.telegram_words import Button, TelegramWords
from bot.channels.turns import Rates, Turns
from bot.config.chats import Telegram
from bot.errors import ChannelBusy, ChannelError
from bot.message import Attachment, Kind, Notice, OutgoingMessage, Party, Receipt, ThreadRef
from tests.channels.telegram_world import ANNA, EVE, TEAM
from tests.channels.test_picture import jpeg, lossy, png
from tests.desks import MONDAY, open_desk
from tests.peers.telegram import TOKEN, Fault, TelegramHouse, telegram_house

QUICK = replace(RATES, every=0.01)


@dataclass
class Mortal:
    """What is kept of parts; the process dies before a part is sent when a test says so."""

    inner: Progress
    dies_before: str = ""

    async def kept(self, token: str) -> dict[str, int]:
        found = await self.inner.kept(token)
        self._goes_on(len(found))
        return found

    async def keep(self, token: str, part: str, number: int) -> None:
        await self.inner.keep(token, part, number)
        self._goes_on(len(await self.inner.kept(token)))

    def _goes_on(self, done: int) -> None:
        order = ("text0", "text1", "file0", "file1", "")
        if order[done] and order[done] == self.dies_before:
            raise asyncio.CancelledError


@dataclass
class Out:
    """A sender whose words are given by the test."""

    house: TelegramHouse
    made: Callable[[Progress], TelegramSender]
    progress: Mortal
    words: TelegramWords = field(default_factory=lambda: TelegramWords("Hello", "Hello"))
    gone: list[str] = field(default_factory=list)
    moved: list[tuple[int, int]] = field(default_factory=list)
    count: int = 0

    def __post_init__(self) -> None:
        self.sender = self.made(self.progress)

    async def revive(self) -> None:
        """Another process goes on."""
        self.progress.dies_before = ""
        await self.sender.close()
        self.sender = self.made(self.progress)

    async def say(self, html: str = "Hello", to: int = ANNA, *, answers: str = "", **changes: Any) -> Receipt:
        self.words = replace(self.words, html=html, plain=html)
        self.count += 1
        message = OutgoingMessage(
            "tg", Party("telegram", f"tg/{to}"), 7, Kind.REPLY, f"token-{self.count}",
            Notice("reply", "en", "UTC", {"state": changes.pop("state", "open")}), MONDAY, ThreadRef(answers=answers),
        )  # fmt: skip
        return await self.sender.send(replace(message, **changes))

    async def card(
        self, html: str, title: str, *, state: str = "open", card: str = "", topic: str = ""
    ) -> Receipt:
        self.words = replace(self.words, title=title, buttons=(Button("take", "take::7"),))
        thread = ThreadRef(answers=topic, card=card)
        return await self.say(html, TEAM, kind=Kind.CARD, thread=thread, state=state)


@asynccontextmanager
async def an_out(
    rates: Rates = QUICK, seconds: float = 5.0, *, forum: bool = True, progress: Progress | None = None
) -> AsyncIterator[Out]:
    async with telegram_house() as house:
        for user in (ANNA, EVE):
            house.world.add_user(user, "Somebody Else")
            house.world.private(user)
        house.world.add_group(TEAM, "First line", forum=forum)
        section = Telegram.model_validate({"token": TOKEN, "api_url": house.api_url})

        async def words(_: OutgoingMessage) -> TelegramWords:
            return out.words

        async def gone(message: OutgoingMessage) -> None:
            out.gone.append(message.to.address)

        async def moved(old: int, new: int) -> None:
            out.moved.append((old, new))

        def a_sender(progress: Progress) -> TelegramSender:
            return TelegramSender(
                Api(section, seconds=seconds),
                words,
                moves=Moves(moved),
                gone=gone,
                turns=Turns(rates),
                progress=progress,
            )

        out = Out(house, a_sender, Mortal(progress or InMemory()))
        try:
            yield out
        finally:
            await out.sender.close()


async def test_words_answer_the_message_that_opened_the_conversation() -> None:
    async with an_out() as out:
        asked = await out.house.says(ANNA, "help")
        out.words = replace(out.words, buttons=(Button("Yes", "confirm:yes:7"), Button("No", "confirm:no:7")))
        receipt = await out.say("<b>Done</b>", answers=f"{ANNA}/{asked.id}")
        last = out.house.world.chats[ANNA].last()
        assert (last.text, last.answers, last.buttons()) == (
            "Done",
            asked.id,
            {"Yes": "confirm:yes:7", "No": "confirm:no:7"},
        )
        assert receipt == Receipt(f"{ANNA}/{last.id}", (f"{ANNA}/{last.id}",))
        assert out.house.called("sendMessage")[0]["link_preview_options"] == {"is_disabled": True}


async def test_j5_a_wait_that_telegram_asks_for_is_kept_and_the_order_too() -> None:
    async with an_out() as out:
        out.house.fail("sendMessage", Fault(429, retry_after=1))
        await asyncio.gather(out.say("one"), out.say("two"))
        assert len(out.house.world.chats[ANNA].texts()) == 2
        first, second, _ = out.house.times("sendMessage")
        assert second - first >= 1.0


async def test_j5_a_long_wait_is_left_to_the_outbox() -> None:
    async with an_out() as out:
        out.house.fail("sendMessage", Fault(429, retry_after=90))
        with pytest.raises(ChannelError) as caught:
            await out.say()
        assert caught.value.retry_after is not None
        assert caught.value.retry_after > 80
        with pytest.raises(ChannelError):
            await out.say()
        assert len(out.house.called("sendMessage")) == 1


async def test_j5_one_chat_that_must_wait_delays_no_other() -> None:
    async with an_out(replace(RATES, every=30.0)) as out:
        await out.say("one")
        with pytest.raises(ChannelError):
            await out.say("two")
        async with asyncio.timeout(5):
            await out.say("other", EVE)


async def test_j5_a_group_gets_twenty_in_a_minute() -> None:
    async with an_out(replace(RATES, every=0.0)) as out:
        for number in range(20):
            await out.say(f"{number}", TEAM)
        with pytest.raises(ChannelBusy) as caught:
            await out.say("one more", TEAM)
        assert 50 < caught.value.seconds <= 60
        await out.say("other", ANNA)


async def test_j6_a_long_text_goes_in_parts_with_the_buttons_below_the_last() -> None:
    async with an_out() as out:
        out.words = replace(out.words, buttons=(Button("Yes", "confirm:yes:7"),))
        receipt = await out.say("\U0001f600 word " * 1500)
        said = list(out.house.world.chats[ANNA].messages.values())
        assert len(said) == 3
        assert [bool(m.markup) for m in said] == [False, False, True]
        assert len(receipt.threads) == 3


async def test_j6_after_a_failure_the_parts_that_are_there_are_not_sent_again() -> None:
    async with an_out() as out:
        text = "word " * 1500
        await out.say("before")
        out.house.fail("sendMessage", Fault(), Fault(500, "Internal Server Error"))
        with pytest.raises(ChannelError) as caught:
            await out.say(text, token="same")
        assert not caught.value.ambiguous
        await out.say(text, token="same")
        assert len(out.house.world.chats[ANNA].texts()) == 3


async def test_j7_what_cannot_be_read_as_markup_goes_as_plain_text() -> None:
    async with an_out() as out:
        await out.say('<b>_*[ &amp; <a href="https://x.example">see</a>')
        assert out.house.world.chats[ANNA].texts() == ["_*[ & see (https://x.example)"]


async def test_j8_silence_after_the_request_is_ambiguous_and_a_refused_connection_is_not() -> None:
    async with an_out() as out:
        out.house.fail("sendMessage", Fault(hang=True))
        with pytest.raises(ChannelError) as caught:
            await out.say()
        assert caught.value.ambiguous
        out.house.fail("sendMessage", Fault(504, "Gateway Timeout"), Fault(502, "Bad Gateway"))
        with pytest.raises(ChannelError) as caught:
            await out.say()
        assert caught.value.ambiguous
        with pytest.raises(ChannelError) as caught:
            await out.say()
        assert not caught.value.ambiguous
    nobody = Telegram.model_validate({"token": TOKEN, "api_url": "http://127.0.0.1:1"})
    api = Api(nobody)
    with pytest.raises(ChannelError) as caught:
        await api.call("getMe")
    assert not caught.value.ambiguous
    await api.close()


async def test_j12_who_has_blocked_the_bot_is_marked_and_not_tried_again() -> None:
    async with an_out() as out:
        out.house.world.chats[ANNA].blocked = True
        with pytest.raises(ChannelError) as caught:
            await out.say()
        assert caught.value.permanent
        assert out.gone == [f"tg/{ANNA}"]
        assert len(out.house.called("sendMessage")) == 1


async def test_j12_a_group_that_has_sent_the_bot_away_says_nothing_of_who_asked_there() -> None:
    async with an_out() as out:
        out.house.fail("sendMessage", Fault(403, "Forbidden: bot was kicked from the supergroup chat"))
        receipt = await out.say("Take the stairs.", answers=f"{TEAM}/12")
        last = out.house.world.chats[ANNA].last()
        assert (last.text, last.answers) == ("Take the stairs.", None)
        assert receipt.reference == f"{ANNA}/{last.id}"
        assert out.gone == [], "they have blocked nobody"


async def test_j12_who_cannot_be_reached_alone_either_is_marked_when_their_group_has_sent_the_bot_away() -> (
    None
):
    async with an_out() as out:
        out.house.world.chats[ANNA].blocked = True
        out.house.fail("sendMessage", Fault(403, "Forbidden: bot was kicked from the supergroup chat"))
        with pytest.raises(ChannelError) as caught:
            await out.say(answers=f"{TEAM}/12")
        assert caught.value.permanent
        assert out.gone == [f"tg/{ANNA}"]
        assert len(out.house.called("sendMessage")) == 2


async def test_j12_a_group_that_has_moved_is_followed_and_remembered() -> None:
    async with an_out() as out:
        out.house.world.add_group(-2002, "First line")
        out.house.world.chats[TEAM].moved_to = -2002
        receipt = await out.say("hello", TEAM, answers=f"{TEAM}/3")
        await out.say("again", TEAM)
        assert receipt.reference.startswith("-2002/")
        assert out.house.world.chats[-2002].texts() == ["hello", "again"]
        assert out.moved == [(TEAM, -2002)]


async def test_a_card_has_a_topic_that_is_named_closed_and_opened_with_its_ticket() -> None:
    async with an_out() as out:
        receipt = await out.card("card", "HD-7 · new · Fire", state="new")
        team = out.house.world.chats[TEAM]
        (topic,) = team.topics
        card = team.last()
        assert receipt == Receipt(f"{TEAM}/{card.id}", (f"{TEAM}/topic/{topic}", f"{TEAM}/{card.id}"))
        assert (card.topic, card.pinned, card.buttons()) == (topic, True, {"take": "take::7"})
        place = f"{TEAM}/topic/{topic}"
        again = await out.card(
            "closed", "HD-7 · closed · Fire", state="closed", card=receipt.reference, topic=place
        )
        assert (again.reference, card.text) == (receipt.reference, "closed")
        assert team.topics[topic] == {"name": "HD-7 · closed · Fire", "closed": True}
        await out.card("open", "HD-7 · open · Fire", card=receipt.reference, topic=place)
        assert team.topics[topic] == {"name": "HD-7 · open · Fire", "closed": False}
        await out.say("a note", TEAM, answers=place)
        assert team.last().topic == topic


async def test_a_topic_that_was_removed_is_made_anew_with_its_card() -> None:
    async with an_out() as out:
        receipt = await out.card("card", "HD-7")
        team = out.house.world.chats[TEAM]
        team.topics.clear()
        team.messages.clear()
        again = await out.card("card", "HD-7", card=receipt.reference, topic=receipt.threads[0])
        assert again.threads[0] == f"{TEAM}/topic/{next(iter(team.topics))}" != receipt.threads[0]


async def test_a_card_that_failed_half_way_uses_the_topic_that_is_there() -> None:
    async with an_out() as out:
        out.house.fail("sendMessage", Fault(502, "Bad Gateway"))
        with pytest.raises(ChannelError):
            await out.card("card", "HD-7")
        await out.card("card", "HD-7")
        assert len(out.house.world.chats[TEAM].topics) == 1


async def test_a_group_without_topics_has_cards_that_are_answered() -> None:
    async with an_out(forum=False) as out:
        receipt = await out.card("card", "HD-7")
        assert receipt.threads == (receipt.reference,)
        await out.say("a note", TEAM, answers=receipt.threads[0])
        assert f"{TEAM}/{out.house.world.chats[TEAM].last().answers}" == receipt.reference


def a_file(name: str, content: bytes) -> Attachment:
    return Attachment(name, "application/octet-stream", len(content), "0" * 64, content)


async def test_j6_files_follow_words_that_are_too_long_for_a_caption() -> None:
    async with an_out() as out:
        await out.say("\U0001f600" * 513, attachments=(a_file("a.pdf", b"abc"),))
        words, sent = out.house.world.chats[ANNA].messages.values()
        assert (words.document, sent.document, sent.text) == (None, b"abc", "")
        assert out.house.wrong == []


async def test_j6_words_of_1024_units_are_the_caption_of_the_first_file() -> None:
    async with an_out() as out:
        receipt = await out.say(
            "<b>here</b> &amp; " + "\U0001f600" * 508 + "x",
            attachments=(a_file("a.pdf", b"abc"), a_file("b.pdf", b"def")),
        )
        first, second = out.house.world.chats[ANNA].messages.values()
        assert (first.document, first.text[:8], second.document, second.text) == (
            b"abc",
            "here & \U0001f600",
            b"def",
            "",
        )
        assert receipt.threads == (f"{ANNA}/{first.id}", f"{ANNA}/{second.id}")
        assert out.house.wrong == []


async def test_j7_a_caption_that_cannot_be_read_as_markup_goes_as_plain_words() -> None:
    async with an_out() as out:
        await out.say("<b>here", attachments=(a_file("a.pdf", b"abc"),))
        (sent,) = out.house.world.chats[ANNA].messages.values()
        assert (sent.document, sent.text) == (b"abc", "here")


async def test_words_with_buttons_are_no_caption() -> None:
    async with an_out() as out:
        out.words = replace(out.words, buttons=(Button("Yes", "confirm:yes:7"),))
        await out.say("Done?", attachments=(a_file("a.pdf", b"abc"),))
        words, sent = out.house.world.chats[ANNA].messages.values()
        assert (words.text, list(words.buttons()), sent.buttons()) == ("Done?", ["Yes"], {})


async def test_pictures_go_as_photos_and_what_telegram_would_not_show_as_files() -> None:
    async with an_out() as out:
        small, wide = png(800, 600), png(9_000, 300)
        files = (
            a_file("a.png", small),
            a_file("b.jpg", jpeg(800, 600)),
            a_file("c.png", wide),
            a_file("d.webp", lossy(8, 8)),
        )
        await out.say("look", attachments=files)
        sent = list(out.house.world.chats[ANNA].messages.values())
        assert [one.photo is not None for one in sent] == [True, True, False, True]
        assert (sent[0].photo, sent[0].text, sent[2].document) == (small, "look", wide)
        assert out.house.wrong == []


async def test_a_picture_that_telegram_does_not_take_after_all_goes_as_a_file() -> None:
    async with an_out() as out:
        out.house.fail("sendPhoto", Fault(400, "Bad Request: IMAGE_PROCESS_FAILED"))
        await out.say("look", attachments=(a_file("a.png", png(800, 600)),))
        (sent,) = out.house.world.chats[ANNA].messages.values()
        assert (sent.document, sent.text) == (png(800, 600), "look")


async def test_a_file_that_telegram_refuses_is_named_and_the_words_stand() -> None:
    async with an_out() as out:
        out.house.fail("sendDocument", *[Fault(400, "Bad Request: file must be non-empty")] * 2)
        await out.say(
            "look", attachments=(a_file("a&b.pdf", b"abc"), a_file("b.pdf", b"def"), a_file("c.pdf", b"x"))
        )
        sent = list(out.house.world.chats[ANNA].messages.values())
        assert [one.text for one in sent] == [
            "look\n\nThese files could not be sent: a&b.pdf", "These files could not be sent: b.pdf", ""
        ]  # fmt: skip
        assert sent[2].document == b"x"


async def test_j12_who_has_blocked_the_bot_gets_no_file_either() -> None:
    async with an_out() as out:
        out.house.world.chats[ANNA].blocked = True
        with pytest.raises(ChannelError) as caught:
            await out.say(attachments=(a_file("a.pdf", b"abc"),))
        assert caught.value.permanent
        assert out.gone == [f"tg/{ANNA}"]


LONG = "word " * 1500
"""Two texts."""


async def test_j8_x5_after_the_death_of_a_process_no_part_is_there_twice_and_none_is_lost(
    tmp_path: Path,
) -> None:
    with open_desk(tmp_path) as desk:
        desk.store.open()
        files = (a_file("a.pdf", b"abc"), a_file("b.pdf", b"def"))
        async with an_out(progress=InStore(desk.store, "tg")) as out:
            for stopped in ("text1", "file0", "file1"):
                out.progress.dies_before = stopped
                with pytest.raises(asyncio.CancelledError):
                    await out.say(LONG, token="same", attachments=files)
                await out.revive()
            receipt = await out.say(LONG, token="same", attachments=files)
            sent = list(out.house.world.chats[ANNA].messages.values())
            assert [bool(one.text) for one in sent] == [True, True, False, False]
            assert [one.document for one in sent] == [None, None, b"abc", b"def"]
            assert receipt.threads == tuple(f"{ANNA}/{one.id}" for one in sent)
            again = await out.say(LONG, token="same", attachments=files)
            assert (again, len(out.house.world.chats[ANNA].messages)) == (receipt, 4)


async def test_j8_the_one_part_of_which_nobody_knows_is_sent_once_more(tmp_path: Path) -> None:
    with open_desk(tmp_path) as desk:
        desk.store.open()
        async with an_out(progress=InStore(desk.store, "tg")) as out:
            out.house.fail("sendMessage", Fault(), Fault(hang=True))
            with pytest.raises(ChannelError) as caught:
                await out.say(LONG, token="same")
            assert caught.value.ambiguous
            await out.revive()
            await out.say(LONG, token="same")
            first, second, again = out.house.world.chats[ANNA].texts()
            assert first != second == again


async def test_what_was_kept_of_long_messages_is_forgotten_in_the_end(tmp_path: Path) -> None:
    with open_desk(tmp_path) as desk:
        desk.store.open()
        kept = InStore(desk.store, "tg")
        await kept.keep("old_", "text0", 5)
        desk.clock.moment += timedelta(days=31)
        await kept.keep("new%", "text0", 6)
        assert (await kept.kept("old_"), await kept.kept("new%"), await kept.kept("new")) == (
            {},
            {"text0": 6},
            {},
        )


async def test_an_address_that_is_none_is_refused() -> None:
    async with an_out() as out:
        with pytest.raises(ChannelError) as caught:
            await out.say(to="x")  # type: ignore[arg-type]  # what a broken address would be
        assert caught.value.permanent
