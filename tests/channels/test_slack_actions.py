"""Buttons, forms, shortcuts and commands of Slack: what becomes of them on the way in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.slack_actions import Opener
from bot.channels.slack_codes import Code, of_button, of_form, of_option
from bot.channels.slack_read import read_command
from bot.errors import ChannelError
from bot.message import Action
from bot.store import threads
from tests.channels.slack_world import World, slack_world
from tests.peers.slack import Posted


class Drawn:
    """Forms that only tell that they were asked for."""

    def __init__(self) -> None:
        self.opened: list[tuple[Code, Opener]] = []
        self.homes: list[str] = []
        self.closed: list[str] = []
        self.works = True

    async def open(self, code: Code, opener: Opener) -> bool:
        if not self.works:
            raise ChannelError("too late")
        self.opened.append((code, opener))
        return True

    async def close(self, opener: Opener) -> None:
        self.closed.append(opener.view)

    async def home(self, user: str) -> None:
        self.homes.append(user)


@pytest.fixture
def forms() -> Drawn:
    return Drawn()


@pytest.fixture
async def world(tmp_path: Path, forms: Drawn) -> AsyncIterator[World]:
    async with slack_world(tmp_path, forms=forms) as made:
        yield made


def card(world: World, *codes: Code) -> Posted:
    """A message of ours with buttons, in the channel."""
    house = world.house.workspace
    elements = [
        {
            "type": "button",
            "action_id": code.action_id,
            "value": code.button_value,
            "text": {"type": "plain_text", "text": "x"},
        }
        for code in codes
    ]
    posted = Posted(house.ts(), house.bot_user, "card", blocks=[{"type": "actions", "elements": elements}])
    house.conversations["C1"].messages.append(posted)
    return posted


async def test_a_button_is_an_action_with_its_ticket(world: World) -> None:
    code = Code("confirm", "yes", 7)
    posted = card(world, code)
    await world.house.presses("U1", world.house.workspace.conversations["C1"], posted, code.action_id)
    (message,) = await world.messages()
    assert message.action == Action("confirm", 7, {"value": "yes"})
    assert message.sender.address == "acme/U1"
    assert (message.place, message.thread_keys) == ("acme/C1", (f"C1/{posted.ts}",))


async def test_i13_each_press_is_kept_and_what_it_does_is_for_the_desk_to_say(world: World) -> None:
    code = Code("close", "yes", 7)
    posted = card(world, code)
    for _ in range(2):
        await world.house.presses("U1", world.house.workspace.conversations["C1"], posted, code.action_id)
    assert [message.action for message in await world.messages()] == [
        Action("close", 7, {"value": "yes"})
    ] * 2
    assert len(set(await world.keys())) == 2


@pytest.mark.parametrize(
    "verb", ["reply", "note", "resolve", "wait", "escalate", "priority", "comment", "add"]
)
async def test_a_verb_that_needs_words_opens_its_form_and_keeps_nothing(
    world: World, forms: Drawn, verb: str
) -> None:
    code = Code(verb, "", 7)
    posted = card(world, code)
    await world.house.presses("U1", world.house.workspace.conversations["C1"], posted, code.action_id)
    ((opened, opener),) = forms.opened
    assert opened == code
    assert (opener.user, opener.language, opener.channel, opener.thread) == ("U1", "it", "C1", posted.ts)
    assert opener.trigger_id in world.house.workspace.triggers
    assert await world.keys() == []


async def test_a_form_that_does_not_open_leaves_the_press_to_the_desk(world: World, forms: Drawn) -> None:
    forms.works = False
    code = Code("resolve", "", 7)
    await world.house.presses(
        "U2", world.house.workspace.conversations["C1"], card(world, code), code.action_id
    )
    assert [message.action for message in await world.messages()] == [Action("resolve", 7, {})]


@pytest.mark.parametrize(
    ("action_id", "value"),
    [("url:page", ""), ("take", "7"), ("take:", "7; drop"), ("Ta ke:", "7"), ("a" * 300 + ":", "7")],
)
async def test_i13_a_button_that_is_none_of_ours_does_nothing(
    world: World, action_id: str, value: str
) -> None:
    posted = card(world)
    posted.blocks[0]["elements"] = [{"type": "button", "action_id": action_id, "value": value}]
    await world.house.presses("U1", world.house.workspace.conversations["C1"], posted, action_id)
    assert await world.keys() == []


def form(code: Code, *blocks: dict[str, Any]) -> dict[str, Any]:
    """A modal as Slack gives it back."""
    return {
        "id": "V77",
        "type": "modal",
        "callback_id": code.verb,
        "private_metadata": code.metadata,
        "blocks": list(blocks),
    }


async def test_a_form_is_an_action_in_the_conversation_where_it_was_asked_for(world: World) -> None:
    view = form(Code("note", "", 7, "C1/1700000000.000100"))
    await world.house.submits(
        "U2", view, {"words": {"x": {"type": "plain_text_input", "value": "he is away"}}}
    )
    (message,) = await world.messages()
    assert message.action
    assert (message.action.verb, message.action.ticket, message.action.values["words"]) == (
        "note",
        7,
        "he is away",
    )
    assert message.text == "he is away"
    assert message.thread_keys == ("C1/1700000000.000100",)
    assert world.house.answers[world.house.last_envelope] == {"response_action": "clear"}


async def test_a_form_that_is_sent_twice_is_one(world: World) -> None:
    view = form(Code("note", "", 7))
    for _ in range(2):
        await world.house.submits("U2", view, {"words": {"x": {"type": "plain_text_input", "value": "x"}}})
    assert len(await world.keys()) == 1


async def test_resolve_speaks_as_an_agent_would_in_a_mail(world: World) -> None:
    values: dict[str, dict[str, Any]] = {
        "solution": {"a": {"type": "plain_text_input", "value": "New drum"}},
        "cause": {"a": {"type": "plain_text_input", "value": "Dust"}},
        "workaround": {"a": {"type": "checkboxes", "selected_options": [{"value": "yes"}]}},
        "steps": {"a": {"type": "plain_text_input", "value": None}},
    }
    await world.house.submits("U2", form(Code("resolve", "", 7)), values)
    (message,) = await world.messages()
    assert message.action
    assert message.action.values["words"] == "workaround: New drum\ncause: Dust"


async def test_a_comment_goes_with_its_rating(world: World) -> None:
    values = {"words": {"x": {"type": "plain_text_input", "value": "slow"}}}
    await world.house.submits("U1", form(Code("comment", "2", 7)), values)
    (message,) = await world.messages()
    assert message.action == Action("rate", 7, {"value": "2", "comment": "slow"})


async def test_a_new_request_by_form_is_a_message_with_answers_and_choices(world: World) -> None:
    question = {
        "type": "input",
        "block_id": "q:since",
        "label": {"type": "plain_text", "text": "Since when?"},
    }
    values: dict[str, dict[str, Any]] = {
        "subject": {"x": {"type": "plain_text_input", "value": "VPN"}},
        "text": {"x": {"type": "plain_text_input", "value": "It does not connect."}},
        "category": {"x": {"type": "static_select", "selected_option": {"value": "network"}}},
        "urgency": {"x": {"type": "radio_buttons", "selected_option": {"value": "high"}}},
        "q:since": {"x": {"type": "plain_text_input", "value": "this morning"}},
    }
    await world.house.submits("U1", form(Code("new"), question), values)
    (message,) = await world.messages()
    assert message.action is None
    assert (message.subject, message.text) == ("VPN", "It does not connect.\n\nSince when?\nthis morning")
    assert message.fields == (("category", "network"), ("urgency", "high"))


async def test_create_ticket_in_the_menu_of_a_message_makes_one_for_its_author(world: World) -> None:
    channel = world.house.workspace.conversations["C1"]
    said = await world.house.says("U1", channel, "the door is stuck")
    await world.house.runs_shortcut("U2", channel, said, "create_ticket")
    (message,) = await world.messages()
    assert (message.sender.address, message.text) == ("acme/U1", "the door is stuck")
    assert message.oddities == ("made a ticket by @Bo",)


async def test_ticket_actions_open_for_the_ticket_of_the_thread(world: World, forms: Drawn) -> None:
    channel = world.house.workspace.conversations["C1"]
    said = await world.house.says("U2", channel, "card", tell=False)
    number = await world.joined(channel, said, threads.ROOM)
    below = await world.house.says("U2", channel, "below", thread=said.ts, tell=False)
    await world.house.runs_shortcut("U2", channel, below, "ticket_actions")
    assert [code for code, _ in forms.opened] == [Code("actions", "", number)]


async def test_ticket_actions_without_a_ticket_say_so_to_one_person_alone(world: World) -> None:
    channel = world.house.workspace.conversations["C1"]
    said = await world.house.says("U1", channel, "lunch?")
    await world.house.runs_shortcut("U1", channel, said, "ticket_actions")
    await world.house.until(lambda: world.house.responses)
    (answer,) = world.house.responses
    assert answer["response_type"] == "ephemeral"
    assert answer["text"].startswith("Questo messaggio non appartiene")


async def test_ticket_new_opens_the_form(world: World, forms: Drawn) -> None:
    await world.house.types("U1", world.house.workspace.conversations["C1"], "/ticket", "new")
    assert [code for code, _ in forms.opened] == [Code("new")]
    assert await world.keys() == []


async def test_a_form_for_a_new_request_that_does_not_open_says_so(world: World, forms: Drawn) -> None:
    forms.works = False
    answer = await world.house.types("U2", world.house.workspace.conversations["C1"], "/ticket", "new")
    assert answer == {"text": "The form could not be opened. Please try again.", "response_type": "ephemeral"}


@pytest.mark.parametrize(
    ("typed", "verb", "ticket", "words"),
    [
        ("escalate HD-7 the line is dead", "escalate", 7, "the line is dead"),
        ("take hd-7", "take", 7, ""),
        ("merge HD-3 HD-7", "merge", 3, "HD-7"),
        ("merge HD-7", "merge", None, "HD-7"),
        ("status", "status", None, ""),
        ("", "help", None, ""),
        ("new ann@example.org It is broken", "new", None, "ann@example.org It is broken"),
        ("assign HD-7 <@U2>", "assign", 7, "@Bo"),
    ],
)
async def test_a_command_is_an_action(
    world: World, typed: str, verb: str, ticket: int | None, words: str
) -> None:
    await world.house.types("U2", world.house.workspace.conversations["C1"], "/ticket", typed)
    (message,) = await world.messages()
    assert message.action
    assert (message.action.verb, message.action.ticket, message.action.values["words"]) == (
        verb,
        ticket,
        words,
    )
    assert message.place == "acme/C1"


async def test_an_app_home_is_shown_to_whoever_opens_it(world: World, forms: Drawn) -> None:
    await world.house.opens_home("U1")
    assert forms.homes == ["U1"]


async def test_i1_a_press_that_cannot_be_kept_is_not_acknowledged(world: World) -> None:
    world.away, world.house.patience = True, 0.3
    code = Code("confirm", "yes", 7)
    with pytest.raises(TimeoutError):
        await world.house.presses(
            "U1", world.house.workspace.conversations["C1"], card(world, code), code.action_id
        )


_VERBS = st.from_regex(r"[a-z][a-z-]{0,30}", fullmatch=True).filter(lambda verb: verb not in {"url", "menu"})
_CODES = st.builds(
    Code,
    _VERBS,
    st.from_regex(r"[A-Za-z0-9_.+-]{0,60}", fullmatch=True),
    st.none() | st.integers(1, 10**15 - 1),
)


@given(_CODES)
def test_what_a_button_and_a_form_say_is_read_as_it_was_written(code: Code) -> None:
    assert of_button(code.action_id, code.button_value) == code
    assert of_form(code.verb, code.metadata) == code
    assert of_option(f"{code.verb}:", f"{code.ticket or ''}:{code.value}") == code
    assert len(code.action_id) <= 255


@given(st.text(max_size=300), st.text(max_size=300))
def test_whatever_a_button_says_is_a_bounded_code_or_nothing(action_id: str, value: str) -> None:
    for code in (of_button(action_id, value), of_form(action_id, value), of_option(action_id, value)):
        assert code is None or (len(code.verb) <= 31 and len(code.value) <= 60)


@given(st.text(max_size=400))
def test_whatever_is_typed_behind_ticket_has_a_verb(text: str) -> None:
    verb, ticket, words = read_command(text, "HD", str)
    assert verb
    assert len(verb) <= 31
    assert ticket is None or ticket >= 0
    assert len(words) <= len(text)
