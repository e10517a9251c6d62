"""A button that was used says who pressed what, and is gone; one that cannot be used any more says so."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.channels.slack_buttons import buttons
from bot.channels.slack_codes import Code
from bot.channels.slack_pressed import Press, settled
from bot.desk.outcome import Reason, Result
from bot.message import Choice
from bot.store import inbox
from bot.store.engine import Tx
from tests.channels.slack_world import World, slack_world
from tests.peers.slack import Conversation, Posted

YES_NO = (Choice("yes", "confirm", "yes"), Choice("no", "confirm", "no"))
NEW = tuple(Choice(verb, verb) for verb in ("add", "status", "urgent", "close"))
RATES = tuple(Choice(f"rate-{n}", "rate", str(n)) for n in range(1, 6))


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with slack_world(tmp_path) as made:
        yield made


def posted(world: World, where: Conversation, *choices: Choice, thread: str | None = None) -> Posted:
    """A message of ours with buttons."""
    house = world.house.workspace
    said = {"type": "section", "text": {"type": "mrkdwn", "text": "Is it working again?"}}
    blocks = [said, *buttons(choices, 7, "en")]
    message = Posted(house.ts(), house.bot_user, "Is it?", thread, blocks, None, house.bot_id)
    where.messages.append(message)
    return message


async def becomes(world: World, result: Result, reason: Reason) -> None:
    """The desk has dealt with all that is kept."""

    def settle(tx: Tx) -> None:
        for claim in inbox.claim(tx, "desk", 10, timedelta(minutes=1)):
            inbox.finish(tx, claim, outcome=result, reason=reason)

    await world.store.write(settle)


async def press(
    world: World, message: Posted, where: Conversation, action: str, result: Result, reason: Reason
) -> None:
    before = len(world.house.responses), message.edits
    await world.house.presses("U2", where, message, action)
    await becomes(world, result, reason)
    await world.house.until(lambda: (len(world.house.responses), message.edits) != before)


async def test_who_pressed_what_takes_the_place_of_the_buttons(world: World) -> None:
    where = world.house.workspace.direct("U2")
    message = posted(world, where, *YES_NO)
    await press(world, message, where, "confirm:yes", Result.COMMANDED, Reason.CONFIRMED)
    assert message.buttons() == {}
    assert "✓ Bo: Yes, it works again" in message.words()
    assert "Is it working again?" in message.words()
    assert world.house.wrong == []


async def test_what_can_still_be_pressed_stays(world: World) -> None:
    where = world.house.workspace.direct("U2")
    message = posted(world, where, *NEW)
    await press(world, message, where, "urgent:", Result.COMMANDED, Reason.URGENT)
    assert list(message.buttons()) == ["add:", "status:", "close:"]
    await press(world, message, where, "close:", Result.COMMANDED, Reason.CLOSED_BY_REQUESTER)
    assert message.buttons() == {}
    assert "✓ Bo: It is urgent" in message.words()
    assert "✓ Bo: Close it" in message.words()


async def test_a_rating_may_be_changed_so_its_buttons_stay_and_the_last_is_said(world: World) -> None:
    where = world.house.workspace.direct("U2")
    message = posted(world, where, *RATES)
    for value in ("2", "5"):
        await press(world, message, where, f"rate:{value}", Result.RATED, Reason.RATING)
    shown = message.buttons()
    assert [name for name, button in shown.items() if button.get("style")] == ["rate:5"]
    assert len(shown) == 5
    said = [
        one for block in message.blocks for one in block.get("elements", ()) if one["type"] == "plain_text"
    ]
    assert [one["text"] for one in said] == ["✓ Bo: 5 – Excellent"]
    assert message.text == "Is it?\n✓ Bo: 5 – Excellent"


@pytest.mark.parametrize(
    ("action", "reason", "told"),
    [
        ("confirm:yes", Reason.CONFIRMED, "settled already"),
        ("confirm:no", Reason.OVER, "settled already"),
        ("confirm:yes", Reason.NOT_ALLOWED, "Only the person"),
    ],
)
async def test_i13_a_press_that_changes_nothing_says_so_to_one_person_and_leaves_the_message(
    world: World, action: str, reason: Reason, told: str
) -> None:
    where = world.house.workspace.conversations["C1"]
    message = posted(world, where, *YES_NO, thread="1700000000.000001")
    await press(world, message, where, action, Result.IGNORED, reason)
    (answer,) = world.house.responses
    assert told in answer["text"]
    assert (answer["response_type"], answer["replace_original"]) == ("ephemeral", False)
    assert (len(message.buttons()), message.edits) == (2, 0)


async def test_what_one_person_alone_was_shown_is_replaced_for_them(world: World) -> None:
    where = world.house.workspace.conversations["C1"]
    message = posted(world, where, Choice("undo", "undo", "17"))
    where.messages.remove(message)
    where.ephemeral.append(("U2", message))
    await press(world, message, where, "undo:17", Result.COMMANDED, Reason.BY_AGENT)
    (answer,) = world.house.responses
    assert (answer["replace_original"], answer["text"]) == (True, "✓ Bo: Undo")
    assert [block["type"] for block in answer["blocks"]] == ["context"]
    assert message.edits == 0


async def test_the_button_of_a_form_is_settled_when_the_form_was_sent(world: World) -> None:
    where = world.house.workspace.conversations["C1"]
    message = posted(world, where, Choice("fix", "update", "fix"), Choice("still", "update", "still"))
    message.thread_ts = "1700000000.000001"
    code = Code("update", "fix", 7, f"C1/{message.thread_ts}", message.ts)
    view = {
        "id": "V1",
        "type": "modal",
        "callback_id": code.verb,
        "private_metadata": code.metadata,
        "blocks": [],
    }
    await world.house.submits("U2", view, {"at": {"at": {"type": "datetimepicker", "selected_date_time": 1}}})
    await becomes(world, Result.COMMANDED, Reason.BY_AGENT)
    await world.house.until(lambda: message.edits)
    assert message.buttons() == {}
    assert "✓ Bo: Fix expected at" in message.words()


async def test_a_card_keeps_its_buttons_because_the_desk_changes_it(world: World) -> None:
    where = world.house.workspace.conversations["C1"]
    card, below = posted(world, where, Choice("reopen", "reopen")), posted(world, where, *YES_NO)
    below.thread_ts = card.ts
    await world.house.presses("U2", where, card, "reopen:")
    await press(world, below, where, "confirm:yes", Result.COMMANDED, Reason.BY_AGENT)
    assert (list(card.buttons()), card.edits) == (["reopen:"], 0)


def test_no_name_of_anybody_is_markup_and_a_message_stays_within_its_bounds() -> None:
    blocks: list[dict[str, Any]] = [{"type": "divider"}] * 49 + list(buttons(YES_NO, 7, "en"))
    one = Press("slack:acme:action:1", Code("confirm", "yes", 7), "U1", "D1", "1.1", "Yes")
    made = settled(blocks, one, "✓ <!channel> *Ann*: Yes")
    assert len(made) == 50
    (element,) = made[-1]["elements"]
    assert (made[-1]["type"], element["type"]) == ("context", "plain_text")
