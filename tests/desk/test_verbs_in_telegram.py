"""Every verb of agents as a command of Telegram: ``/verb`` in a ticket's topic, ``/verb HD-n`` elsewhere."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from bot.channels import telegram_commands, telegram_read
from bot.channels.telegram_payload import build
from bot.desk.commands import VERBS, WITHOUT_TICKET
from bot.desk.outcome import Outcome, Reason
from tests.desk.by_chat import SECTIONS, Chats, chats, with_rooms

BOT: Final = 4711
TEAM: Final = -1001
TOPIC: Final = 77
BEN: Final = 601
EVE: Final = 701
WORDS = "The printer on the second floor prints nothing but black pages."

_ids = itertools.count(100)


def a_team_in_telegram() -> dict[str, Any]:
    agents = {**SECTIONS["agents"], "ben": {**SECTIONS["agents"]["ben"], "chats": [f"desk_bot:{BEN}"]}}
    return {"teams": with_rooms({"first-line": [f"desk_bot:{TEAM}"]}), "agents": agents}


def writes(life: Chats, who: int, text: str, *, topic: bool = False, private: bool = False) -> Outcome:
    """What somebody writes in the group of the team, or to the bot alone, read as the door reads it."""
    chat = {"id": who, "type": "private"} if private else {"id": TEAM, "type": "supergroup"}
    message: dict[str, Any] = {
        "message_id": next(_ids), "date": int(life.desk.clock().timestamp()), "chat": chat, "text": text,
        "from": {"id": who, "is_bot": False, "first_name": "Ben"},
    }  # fmt: skip
    about: dict[str, Any] = {"username": "desk_bot", "room": not private}
    if topic:
        message |= {"message_thread_id": TOPIC, "is_topic_message": True}
        about |= {"ticket": 1, "role": "room"}
    payload = build("desk_bot", BOT, [{"update_id": 1, "message": message}], life.desk.clock(), about=about)
    (read,) = telegram_read.read(payload, "HD")
    outcome = life.desk.receive(read)
    life.pass_time(seconds=30)
    return outcome


def asks(life: Chats) -> None:
    life.says("UJOE", WORDS)
    life.pass_time(minutes=5)


def done(life: Chats) -> str:
    """What the agent was told of it."""
    told = [m for m in life.sent if m.notice.event in {"commands", "receipt"}]
    return str(told[-1].notice.values) if told else ""


def _is(column: str, value: object) -> Callable[[Chats], bool]:
    return lambda life: getattr(life.desk.ticket(1), column) == value


def _happened(action: str) -> Callable[[Chats], bool]:
    return lambda life: action in life.desk.actions(1)


def _told(code: str) -> Callable[[Chats], bool]:
    return lambda life: code in done(life)


CASES: Final[dict[str, tuple[str, Callable[[Chats], bool]]]] = {
    "new": (
        "new ann@house.example Her chair is broken",
        lambda life: life.said(3) == [("message", "Her chair is broken")],
    ),
    "show": ("show", _told("'shown'")),
    "list": ("list", _told("'listed'")),
    "mine": ("mine", _told("'listed'")),
    "take": ("take", _happened("assigned")),
    "assign": ("assign mia", _happened("assigned")),
    "reply": ("reply Take the stairs.", lambda life: bool(life.to("acme/UJOE", "reply"))),
    "note": ("note Toner is empty", lambda life: ("note", "Toner is empty") in life.said(1)),
    "priority": ("priority P1", _is("priority", "P1")),
    "impact": ("impact high", _is("impact", "high")),
    "urgency": ("urgency high", _is("urgency", "high")),
    "category": ("category hardware", _is("category", "hardware")),
    "major": ("major The whole floor", _is("major", True)),
    "wait": ("wait supplier", _is("state", "waiting")),
    "update": ("update still", _happened("update.said")),
    "escalate": ("escalate Too hard for us", _is("level", 2)),
    "resolve": ("resolve A new fuser.", _is("state", "resolved")),
    "close": ("close", _is("state", "closed")),
    "spam": ("spam", _is("closed_as", "spam")),
    "reopen": ("reopen", lambda life: "reopened" in life.desk.actions(1) or "'problems': [{" in done(life)),
    "merge": ("merge HD-2", _is("merged_into_id", 2)),
    "link": ("link mia@house.example", _told("mia@house.example")),
    "status": ("status", lambda life: "HD-1" in done(life)),
    "why": ("why", _told("'verb': 'why'")),
    "help": ("help", lambda life: bool(done(life))),
    "for": ("for ann@house.example", _happened("requester")),
}
"""Words of each verb, and the sign that it was done."""


def test_every_verb_is_tried_here() -> None:
    assert set(CASES) == set(VERBS)


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_a_verb_in_the_topic_is_about_its_ticket(tmp_path: Path, verb: str) -> None:
    words, is_done = CASES[verb]
    with chats(tmp_path, **a_team_in_telegram()) as life:
        asks(life)
        asks(life)
        outcome = writes(life, BEN, f"/{words}", topic=True)
        assert outcome.reason in {Reason.BY_AGENT, Reason.REFUSED, Reason.NEW}, outcome
        assert is_done(life), (outcome, done(life), life.desk.actions(1))


@pytest.mark.parametrize("private", [False, True], ids=["in the group", "alone with the bot"])
@pytest.mark.parametrize("verb", sorted(set(VERBS) - WITHOUT_TICKET))
def test_a_verb_elsewhere_names_its_ticket(tmp_path: Path, verb: str, *, private: bool) -> None:
    words, is_done = CASES[verb]
    with chats(tmp_path, **a_team_in_telegram()) as life:
        asks(life)
        asks(life)
        rest = words.removeprefix(verb)
        outcome = writes(life, BEN, f"/{verb}@desk_bot HD-1{rest}", private=private)
        assert outcome.reason in {Reason.BY_AGENT, Reason.REFUSED}, outcome
        assert is_done(life), (outcome, done(life), life.desk.actions(1))


@pytest.mark.parametrize("verb", sorted(set(VERBS) - {"new", "help", "list", "mine", "status"}))
def test_j14_nobody_else_has_the_power_of_a_verb(tmp_path: Path, verb: str) -> None:
    words, _ = CASES[verb]
    with chats(tmp_path, **a_team_in_telegram()) as life:
        asks(life)
        asks(life)
        before = life.desk.ticket(1), life.desk.actions(1), life.said(1), life.to("acme/UJOE")
        writes(life, EVE, f"/{words}", topic=True)
        writes(life, EVE, f"/{verb} HD-1{words.removeprefix(verb)}", private=True)
        assert (life.desk.ticket(1), life.desk.actions(1), life.said(1), life.to("acme/UJOE")) == before


def test_the_menus_stand_in_every_scope_and_language() -> None:
    menus = telegram_commands.menus(frozenset({TEAM, -1002}))
    scopes = {(menu["scope"]["type"], menu["scope"].get("chat_id")) for menu in menus}
    assert scopes == {("all_private_chats", None), ("chat", TEAM), ("chat", -1002)}
    for scope in scopes:
        mine = [m for m in menus if (m["scope"]["type"], m["scope"].get("chat_id")) == scope]
        assert sorted(m.get("language_code", "") for m in mine) == ["", "it", "zh"], (
            "English is for all others"
        )
        (names,) = {tuple(one["command"] for one in m["commands"]) for m in mine}
        assert len({tuple(one["description"] for one in m["commands"]) for m in mine}) == 3
        if scope[0] == "chat":
            assert set(names) == set(VERBS), "agents have every verb"
        else:
            wanted = {"new", "status", "list", "close", "reopen", "link", "language", "help"}
            assert set(names) == wanted
    for menu in menus:
        assert len(menu["commands"]) <= 100
        assert all(1 <= len(one["description"]) <= 256 for one in menu["commands"])
