"""How a text names a command to an agent: by the word of the door through which it is read."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.channels.chat_words import ChatJob
from bot.channels.slack_blocks import compose_slack
from bot.config import LOCALES
from bot.message import Kind, Notice, OutgoingMessage, Party, ThreadRef
from bot.render.events import FOR_AGENTS
from bot.render.renderer import IN_THREADS, FormName, Rendered, Renderer
from bot.render.samples import SAMPLES

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
DOORS: list[tuple[FormName, str, str]] = [
    ("email", "", "#"),
    ("telegram", "", "/"),
    ("slack", "", "/ticket "),
    ("slack", IN_THREADS, "!"),
]
COMMAND = re.compile(
    r"(?<!\w)(#|!|/ticket |/)(?=(?:take|note|help|assign|update|resolve|link|reopen|show|list)\b)"
)


def without_typed(value: Any) -> Any:
    """The values without commands that somebody has typed."""
    if isinstance(value, dict):
        return {name: without_typed(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [without_typed(one) for one in value]
    return value.replace("#", "") if isinstance(value, str) else value


def rendered(event: str, locale: str, form: FormName, mark: str) -> list[Rendered]:
    say = Renderer().render
    return [
        say(Notice(event, locale, "Europe/Rome", without_typed(values)), now=NOW, form=form, mark=mark)
        for name, values in SAMPLES[event]
        if name != "hostile"
    ]


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(("form", "mark", "word"), DOORS)
def test_a_text_names_every_command_by_the_word_of_its_door(
    form: FormName, mark: str, word: str, locale: str
) -> None:
    named = [
        found
        for event in sorted(FOR_AGENTS - {"card"})
        for one in rendered(event, locale, form, mark)
        for found in COMMAND.findall(one.text)
    ]
    assert named
    assert set(named) == {word}


@pytest.mark.parametrize("locale", LOCALES)
def test_what_an_agent_typed_is_given_back_as_they_typed_it(locale: str) -> None:
    wrong = {"code": "unknown-verb", "line": "#hlep me", "verb": "hlep", "near": "help"}
    values = {**SAMPLES["commands"][0][1], "done": [], "text": "", "problems": [wrong]}
    said = Renderer().render(Notice("commands", locale, "Europe/Rome", values), now=NOW, form="telegram")
    assert "#hlep me" in said.text
    assert "<code>/help</code>" in (said.html or "")


def test_code_that_is_no_command_and_texts_to_requesters_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "en").mkdir()
    text = "About {{ reference }}\nSee `#42`, `a #take` and `#take`.\n"
    for event in ("warning", "closed"):
        (tmp_path / "en" / f"{event}.md.j2").write_text(text)
    say = Renderer(tmp_path).render
    to_agent = say(Notice("warning", "en", "UTC", SAMPLES["warning"][0][1]), now=NOW, form="telegram")
    to_requester = say(Notice("closed", "en", "UTC", SAMPLES["closed"][0][1]), now=NOW, form="telegram")
    assert "See #42, a #take and /take." in to_agent.text
    assert "See #42, a #take and #take." in to_requester.text


@pytest.mark.parametrize(
    ("answers", "shown"),
    [("C0TEAM/1700000000.000100", "!help"), ("acme/C0TEAM", "/ticket help"), ("", "/ticket help")],
)
def test_slack_runs_no_command_of_its_own_in_a_thread_so_there_the_mark_is_another(
    answers: str, shown: str
) -> None:
    message = OutgoingMessage(
        channel="acme",
        to=Party("slack", "acme/U0ADA"),
        ticket=42,
        kind=Kind.NOTICE,
        token="",
        notice=Notice("warning", "en", "UTC", SAMPLES["warning"][0][1]),
        created_at=NOW,
        thread=ThreadRef(answers=answers),
    )
    said = compose_slack(ChatJob(message, "Desk", "desk@example.com", now=NOW))
    assert f"{shown} shows them all" in said.plain
