"""What every way out promises, whichever service stands behind it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from bot.errors import ChannelError
from bot.message import Action, Choice, Kind
from tests.doors.conftest import WAYS_OUT
from tests.doors.mail_out import MaildirOut
from tests.doors.ways_in import eventually
from tests.doors.ways_out import Fails, WayOut

PAGE = "https://desk.example/answer/42.1.abc"
CHOICES = (
    Choice("yes", "confirm", "yes", f"{PAGE}-yes"),
    Choice("no", "confirm", "no", f"{PAGE}-no"),
)
HOSTILE = (
    "<!channel> <@U2> @here <#C1> </b><script>alert(1)</script> [text](http://x.example) <a href='tg://user?id=1'>x</a> "
    "{{ 7*7 }} *_~`\r\n.\r\nBcc: eve@x.example\r\n\r\n\u202etxet"
)


async def test_one_message_is_seen_once_with_its_words(way_out: WayOut) -> None:
    receipt = await way_out.sender.send(way_out.message(values={"text": "A colleague comes at 14:00."}))
    (seen,) = await way_out.seen()
    assert "A colleague comes at 14:00." in seen.text
    assert receipt.reference


async def test_messages_go_out_in_the_order_in_which_they_are_given(way_out: WayOut) -> None:
    for number in range(3):
        await way_out.sender.send(way_out.message(values={"text": f"sentence {number}"}))
    texts = [seen.text for seen in await way_out.seen()]
    assert [f"sentence {number}" in text for number, text in enumerate(texts)] == [True] * 3


async def test_a_very_long_text_arrives_whole_and_in_order(way_out: WayOut) -> None:
    lines = [f"line-{number:04} \U0001f5a8 the printer on the second floor" for number in range(400)]
    await way_out.sender.send(way_out.message(values={"text": "\n".join(lines)}))
    parts = await way_out.seen()
    whole = "".join(seen.text for seen in parts)
    files = b"".join(content for seen in parts for content in seen.files.values()).decode()
    read = files if "line-0399" in files else whole
    places = [read.find(f"line-{number:04}") for number in range(400)]
    assert -1 not in places
    assert places == sorted(places)


async def test_choices_can_be_seen(way_out: WayOut) -> None:
    await way_out.sender.send(
        way_out.message("resolved", Kind.CONFIRMATION, choices=CHOICES, values={"asks": True})
    )
    seen = (await way_out.seen())[-1]
    for label, choice in zip(("Yes", "No"), CHOICES, strict=True):
        assert any(one.startswith(label) for one in seen.buttons) or choice.url in seen.text


async def test_a_press_becomes_the_action(way_out: WayOut) -> None:
    if "test_a_press_becomes_the_action" in way_out.excuses:
        assert all(not seen.buttons for seen in await way_out.seen())
        return
    await way_out.sender.send(
        way_out.message("resolved", Kind.CONFIRMATION, choices=CHOICES, values={"asks": True})
    )
    label = next(one for one in (await way_out.seen())[-1].buttons if one.startswith("No"))
    assert await way_out.press(label) == Action("confirm", 42, {"value": "no"})


async def test_a_failure_for_good_is_permanent(way_out: WayOut) -> None:
    if "test_a_failure_for_good_is_permanent" in way_out.excuses:
        return
    way_out.fail(Fails.FOR_GOOD)
    with pytest.raises(ChannelError) as caught:
        await way_out.sender.send(way_out.message())
    assert (caught.value.permanent, caught.value.ambiguous) == (True, False)
    assert await way_out.seen() == []


async def test_a_failure_for_now_is_neither_permanent_nor_in_doubt_and_the_next_try_goes(
    way_out: WayOut,
) -> None:
    way_out.fail(Fails.FOR_NOW)
    message = way_out.message()
    with pytest.raises(ChannelError) as caught:
        await way_out.sender.send(message)
    assert (caught.value.permanent, caught.value.ambiguous) == (False, False)
    if isinstance(way_out, MaildirOut):
        way_out.mend()
    await asyncio.sleep(min(caught.value.retry_after or 0.0, 1.5))
    await way_out.sender.send(message)
    assert len(await way_out.seen()) == 1


async def test_silence_leads_to_no_second_message(way_out: WayOut) -> None:
    """In doubt, either the door finds out by itself, or it says so and the outbox decides."""
    if "test_silence_leads_to_no_second_message" in way_out.excuses:
        return
    way_out.fail(Fails.SILENT)
    message = way_out.message()
    try:
        await way_out.sender.send(message)
    except ChannelError as error:
        if error.permanent or not error.ambiguous:
            await way_out.sender.send(message)
    assert len(await way_out.seen()) == 1


async def test_hostile_words_are_words(way_out: WayOut) -> None:
    values = {"text": HOSTILE, "by": HOSTILE, "subject": HOSTILE}
    await way_out.sender.send(way_out.message(values=values))
    seen = await way_out.seen()
    assert [list(one.live) for one in seen] == [[]] * len(seen)
    whole = "".join(one.text for one in seen)
    assert "alert(1)" in whole
    assert "{{ 7*7 }}" in whole


async def test_check_sends_nothing_and_says_what_to_do(way_out: WayOut) -> None:
    await way_out.sender.check()
    assert await way_out.seen() == []
    other = await way_out.shut_out()
    with pytest.raises(ChannelError) as caught:
        await other.check()
    await other.close()
    assert way_out.remedy in str(caught.value)


async def test_close_lets_go_of_all_connections_and_may_be_repeated(way_out: WayOut) -> None:
    before = _sockets()
    await way_out.sender.send(way_out.message())
    await way_out.sender.close()
    await way_out.sender.close()
    await eventually(lambda: _sockets() <= before, "connections are left open")


def _sockets() -> int:
    found = 0
    for one in Path("/proc/self/fd").iterdir():
        try:
            found += os.readlink(one).startswith("socket:")  # noqa: PTH115  # a socket is no path
        except FileNotFoundError:
            continue
    return found


async def test_what_a_door_does_not_promise_it_says_why(way_out: WayOut) -> None:
    assert set(way_out.excuses) <= globals().keys()
    assert all(len(reason.split()) > 8 for reason in way_out.excuses.values())
    assert way_out.__class__.__name__[:-3].lower() in WAYS_OUT
