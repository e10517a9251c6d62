"""What every way out promises, whichever service stands behind it. ``table`` says which door does not, and why."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from bot.errors import ChannelError
from bot.message import Action, Attachment, Choice, Kind, OutgoingMessage, ThreadRef
from tests.doors.ways_in import eventually
from tests.doors.ways_out import Fails, Seen, WayOut

PAGE: Final = "https://desk.example/answer/42.1.abc"
YES_OR_NO: Final = (
    Choice("yes", "confirm", "yes", f"{PAGE}-yes"),
    Choice("no", "confirm", "no", f"{PAGE}-no"),
)
ON_A_CARD: Final = tuple(Choice(verb, verb) for verb in ("take", "reply", "priority", "resolve", "note"))
HOSTILE: Final = (
    "<!channel> <@U2> @here <#C1> </b><script>alert(1)</script> [text](http://x.example) <a href='tg://user?id=1'>x</a> "
    "{{ 7*7 }} *_~` /close, or /take! /etc/hosts\r\n.\r\nBcc: eve@x.example\r\n\r\n\u202etxet"
)
PRINTER: Final = "\U0001f5a8"
PromiseOut = Callable[[WayOut], Awaitable[None]]


async def one_message_is_seen_once_with_its_words(way: WayOut) -> None:
    receipt = await way.sender.send(way.message(values={"text": "A colleague comes at 14:00."}))
    (seen,) = await way.seen()
    assert "A colleague comes at 14:00." in seen.text
    assert await way.seen(way.other) == []
    assert receipt.reference


async def messages_go_out_in_the_order_in_which_they_are_given(way: WayOut) -> None:
    for number in range(3):
        await way.sender.send(way.message(values={"text": f"sentence {number}"}))
    texts = [seen.text for seen in await way.seen()]
    assert [f"sentence {number}" in text for number, text in enumerate(texts)] == [True] * 3


async def a_very_long_text_arrives_whole_and_in_order(way: WayOut) -> None:
    lines = [f"line-{number:04} {PRINTER} the printer on the second floor" for number in range(400)]
    await way.sender.send(way.message(values={"text": "\n".join(lines)}))
    read = _read(await way.seen(), "line-0399")
    places = [read.find(f"line-{number:04}") for number in range(400)]
    assert -1 not in places
    assert places == sorted(places)


async def a_text_without_a_place_to_split_it_arrives_whole(way: WayOut) -> None:
    """Two UTF-16 units and four bytes to a character, around every limit that a service may have."""
    for length in (1500, 2047, 2048, 6000):
        before = len(await way.seen())
        await way.sender.send(way.message(values={"text": f"x{PRINTER * length}tail"}))
        read = _read((await way.seen())[before:], "tail")
        assert read.count(PRINTER) == length
        assert "tail" in read


async def a_text_without_end_is_bounded_and_its_end_is_not_silent(way: WayOut) -> None:
    """Of what is longer than anybody writes, the desk itself leaves the end out, and marks where."""
    lines = "\n".join(f"line-{number:05} of a log that nobody will read" for number in range(8_000))
    message = a_question(way)
    values = {**message.notice.values, "text": lines}
    await way.sender.send(replace(message, notice=replace(message.notice, values=values)))
    seen = await way.seen()
    assert len(seen) <= 20, "one message floods the conversation"
    assert "[\u2026]" in _read(seen, "[\u2026]"), "the end is left out, and nobody is told"
    for number in range(2_000):
        assert f"line-{number:05}" in _read(seen, f"line-{number:05}")
    assert all(url.url in "".join(one.text for one in seen) for url in YES_OR_NO) or any(
        one.startswith("Yes") for shown in seen for one in shown.buttons
    ), "nobody can answer"
    before = len(await way.seen())
    await way.sender.send(way.message(values={"text": PRINTER * 60_000}))
    assert _read((await way.seen())[before:], PRINTER * 60_000).count(PRINTER) >= 60_000


async def files_go_out_with_their_names_and_octets(way: WayOut) -> None:
    files = {"plan.pdf": b"%PDF-1.7\r\n\x00\xff.\r\n", "打印机 è qui.bin": bytes(range(256)) * 200}
    given = tuple(
        Attachment(
            name, "application/octet-stream", len(content), hashlib.sha256(content).hexdigest(), content
        )
        for name, content in files.items()
    )
    await way.sender.send(way.message(values={"text": "See both."}, attachments=given))
    seen = await way.seen()
    assert {name: content for one in seen for name, content in one.files.items()} == files
    assert sum("See both." in one.text for one in seen) == 1


async def choices_can_be_seen(way: WayOut) -> None:
    await way.sender.send(a_question(way))
    seen = (await way.seen())[-1]
    for label, choice in zip(("Yes", "No"), YES_OR_NO, strict=True):
        assert any(one.startswith(label) for one in seen.buttons) or choice.url in seen.text


async def a_press_becomes_the_action(way: WayOut) -> None:
    await way.sender.send(a_question(way))
    assert await way.press("No") == Action("confirm", 42, {"value": "no"})


async def an_answer_names_the_conversation_that_it_belongs_to(way: WayOut) -> None:
    await way.sender.send(way.message(values={"text": "something else"}))
    message = way.message(values={"text": "Does it still burn?"})
    receipt = await way.sender.send(message)
    answer = await way.answer("No, it is out.")
    assert answer.reply_text.strip() == "No, it is out."
    named = {key.partition("@")[0] for key in answer.thread_keys}
    assert named & {*receipt.threads, message.token}, "nobody can tell which ticket is answered"


async def a_failure_for_good_is_permanent(way: WayOut) -> None:
    way.fail(Fails.FOR_GOOD)
    with pytest.raises(ChannelError) as caught:
        await way.sender.send(way.message())
    assert (caught.value.permanent, caught.value.ambiguous) == (True, False)
    assert await way.seen() == []


async def a_failure_for_now_is_neither_permanent_nor_in_doubt_and_the_next_try_goes(way: WayOut) -> None:
    way.fail(Fails.FOR_NOW)
    message = way.message()
    with pytest.raises(ChannelError) as caught:
        await way.sender.send(message)
    assert (caught.value.permanent, caught.value.ambiguous) == (False, False)
    way.mend()
    await asyncio.sleep(min(caught.value.retry_after or 0.0, 1.5))
    await way.sender.send(message)
    assert len(await way.seen()) == 1


async def silence_leads_to_no_second_message(way: WayOut) -> None:
    """In doubt, either the door finds out by itself, or it says so and the outbox decides."""
    way.fail(Fails.SILENT)
    message = way.message()
    try:
        await way.sender.send(message)
    except ChannelError as error:
        if error.permanent or not error.ambiguous:
            await way.sender.send(message)
    assert len(await way.seen()) == 1


async def hostile_words_are_words(way: WayOut) -> None:
    values = {"text": HOSTILE, "by": HOSTILE, "subject": HOSTILE}
    await way.sender.send(way.message(values=values))
    seen = await way.seen()
    assert [list(one.live) for one in seen] == [[]] * len(seen)
    whole = "".join(one.text for one in seen)
    assert "alert(1)" in whole
    assert "{{ 7*7 }}" in whole


async def check_sends_nothing_and_says_what_to_do(way: WayOut) -> None:
    await way.sender.check()
    assert await way.seen() == []
    other = way.another(let_in=False)
    with pytest.raises(ChannelError) as caught:
        await other.check()
    await other.close()
    assert way.remedy in str(caught.value)


async def close_lets_go_of_all_connections_and_may_be_repeated(way: WayOut) -> None:
    before = _sockets()
    await way.sender.send(way.message())
    await way.sender.close()
    await way.sender.close()
    await eventually(lambda: _sockets() <= before, "connections are left open")


async def a_card_is_posted_once_and_changed_in_place(way: WayOut) -> None:
    receipt = await way.sender.send(a_card(way))
    (posted,) = await way.seen(way.room)
    assert "HD-42" in posted.text
    assert "Ben Lee" not in posted.text
    again = await way.sender.send(
        a_card(way, receipt.reference, receipt.threads[0], owner="Ben Lee", state="open")
    )
    (changed,) = await way.seen(way.room)
    assert "Ben Lee" in changed.text
    assert (again.reference, again.threads[0]) == (receipt.reference, receipt.threads[0])
    await way.sender.send(a_card(way, receipt.reference, receipt.threads[0], owner="Ben Lee", state="open"))
    assert len(await way.seen(way.room)) == 1, "nothing had changed, and a card was posted"


async def a_card_that_was_taken_away_is_posted_anew(way: WayOut) -> None:
    receipt = await way.sender.send(a_card(way))
    way.take_away(receipt.reference)
    again = await way.sender.send(a_card(way, receipt.reference, receipt.threads[0]))
    assert len(await way.seen(way.room)) == 1
    await way.sender.send(a_card(way, again.reference, again.threads[0], owner="Ben Lee", state="open"))
    (changed,) = await way.seen(way.room)
    assert "Ben Lee" in changed.text, "what it is called now is not the card that can be seen"


async def what_is_said_in_a_ticket_stands_with_its_card(way: WayOut) -> None:
    first, second = [await way.sender.send(a_card(way, ticket=number)) for number in (42, 43)]
    for receipt in (second, first):
        said = way.message("said", Kind.NOTICE, to=way.room, thread=ThreadRef(answers=receipt.threads[0]))
        await way.sender.send(said)
    seen = await way.seen(way.room)
    where = [receipt.threads[0] for receipt in (first, second, second, first)]
    assert [one.stands for one in seen] == where


async def what_agents_press_on_a_card_becomes_the_action(way: WayOut) -> None:
    await way.sender.send(a_card(way))
    assert await way.press("Take", way.room) == Action("take", 42, {})


async def a_hostile_card_is_words(way: WayOut) -> None:
    told: dict[str, Any] = {
        "who": HOSTILE,
        "owner": HOSTILE,
        "subject": HOSTILE,
        "text": HOSTILE,
        "category": HOSTILE,
    }
    receipt = await way.sender.send(a_card(way, **told))
    await way.sender.send(a_card(way, receipt.reference, receipt.threads[0], **{**told, "state": "open"}))
    (seen,) = await way.seen(way.room)
    assert list(seen.live) == []
    assert "alert(1)" in seen.text


PROMISES_OUT: Final[tuple[PromiseOut, ...]] = (
    one_message_is_seen_once_with_its_words,
    messages_go_out_in_the_order_in_which_they_are_given,
    a_very_long_text_arrives_whole_and_in_order,
    a_text_without_a_place_to_split_it_arrives_whole,
    a_text_without_end_is_bounded_and_its_end_is_not_silent,
    files_go_out_with_their_names_and_octets,
    choices_can_be_seen,
    a_press_becomes_the_action,
    an_answer_names_the_conversation_that_it_belongs_to,
    a_failure_for_good_is_permanent,
    a_failure_for_now_is_neither_permanent_nor_in_doubt_and_the_next_try_goes,
    silence_leads_to_no_second_message,
    hostile_words_are_words,
    check_sends_nothing_and_says_what_to_do,
    close_lets_go_of_all_connections_and_may_be_repeated,
    a_card_is_posted_once_and_changed_in_place,
    a_card_that_was_taken_away_is_posted_anew,
    what_is_said_in_a_ticket_stands_with_its_card,
    what_agents_press_on_a_card_becomes_the_action,
    a_hostile_card_is_words,
)
ABOUT_ROOMS: Final[tuple[PromiseOut, ...]] = PROMISES_OUT[-5:]


def a_question(way: WayOut) -> OutgoingMessage:
    """Whether it works again."""
    return way.message("resolved", Kind.CONFIRMATION, choices=YES_OR_NO, values={"asks": True})


def a_card(
    way: WayOut, card: str = "", thread: str = "", *, ticket: int = 42, **values: Any
) -> OutgoingMessage:
    """The card of a ticket in the room of a team."""
    shown = {"owner": "", "state": "new", **values}
    return way.message(
        "card", Kind.CARD, to=way.room, ticket=ticket, values=shown, choices=ON_A_CARD,
        thread=ThreadRef(card=card, answers=thread),
    )  # fmt: skip


def _read(parts: Sequence[Seen], last: str) -> str:
    """A long text as its reader has it: in the messages, or whole in a file when there is no room in them."""
    files = b"".join(content for seen in parts for content in seen.files.values()).decode()
    return files if last in files else "".join(seen.text for seen in parts)


def _sockets() -> int:
    found = 0
    for one in Path("/proc/self/fd").iterdir():
        try:
            found += os.readlink(one).startswith("socket:")  # noqa: PTH115  # a socket is no path
        except FileNotFoundError:
            continue
    return found
