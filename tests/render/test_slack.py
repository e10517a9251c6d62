"""Slack's form of every text: as long as Slack takes it, and whatever people wrote is only words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.message import Choice, Notice
from bot.render import markdown, slack
from bot.render.check import NOW, faults
from bot.render.events import TO_REQUESTERS
from bot.render.renderer import Rendered, Renderer
from bot.render.samples import CHOICES, SAMPLES
from bot.render.values import number
from tests.peers.slack.rules import faults_of

RENDERER = Renderer()
EVERY_SAMPLE = [
    pytest.param(event, locale, values, id=f"{locale}-{event}-{name}")
    for event, samples in SAMPLES.items()
    for name, values in samples
    for locale in ("en", "it", "zh")
]
EVIL = [
    "<!channel>", "<!here>", "<@U1>", "<#C1>", "<https://evil.example|bank.example>", "@here @channel",
    "*bold*", "_slanted_", "~struck~", "`code`", "```\ncode\n```", "> quoted", "&lt;!channel&gt;",
    "<!date^1392734382^{date}^https://evil.example|x>", ":fire:", "[bank](https://evil.example)",
]  # fmt: skip
WRITTEN = st.lists(st.sampled_from(EVIL) | st.text(max_size=20), max_size=8).map(" ".join)


def said(
    event: str = "reply", locale: str = "en", choices: tuple[Choice, ...] = (), **values: Any
) -> Rendered:
    values = {**SAMPLES[event][0][1], **values}
    notice = Notice(event, locale, "Europe/Rome", values)
    return RENDERER.render(notice, now=NOW, form="slack", desk_time_zone="Europe/Rome", choices=choices)


def elements(node: Any, kind: str) -> Iterator[dict[str, Any]]:
    """All that is of a type, however deep."""
    if isinstance(node, dict):
        if node.get("type") == kind:
            yield node
        node = list(node.values())
    if isinstance(node, list | tuple):
        for one in node:
            yield from elements(one, kind)


def words(blocks: Any) -> str:
    return "".join(one["text"] for kind in ("text", "link") for one in elements(blocks, kind))


def refused(blocks: Any) -> list[str]:
    """What Slack's definitions and models say against a message of these blocks."""
    sent = [one for one in blocks if one["type"] != "actions"]
    return faults_of("chat.postMessage", {"channel": "C1", "text": "x", "blocks": sent})


@pytest.mark.parametrize(("event", "locale", "values"), EVERY_SAMPLE)
def test_every_text_is_one_that_slack_takes(event: str, locale: str, values: dict[str, Any]) -> None:
    others = {name: value for name, value in values.items() if name != "choices"}
    made = said(event, locale, values.get("choices") or CHOICES.get(event, ()), **others)
    assert made.blocks
    assert refused(made.blocks) == []
    assert made.text.strip()


def test_the_built_in_texts_have_no_fault_in_any_form() -> None:
    assert faults(None, ("en", "it", "zh")) == []


def test_a_bold_number_a_list_a_quote_and_small_print_have_slack_s_own_form() -> None:
    tree, foot = markdown.small_print(
        markdown.parse(
            "A **b** *c* `d`\n\n1. one\n   - in it\n2. two\n\n> said\n\n---\n\nSmall [link](https://x.example)"
        )
    )
    made = slack.page(tree, foot).fill([])
    assert [block["type"] for block in made] == ["rich_text", "rich_text", "rich_text", "context"]
    assert [one.get("style") for one in elements(made[0], "text")] == [
        None, {"bold": True}, None, {"italic": True}, None, {"code": True},
    ]  # fmt: skip
    lists = list(elements(made[1], "rich_text_list"))
    assert [(one["style"], one["indent"]) for one in lists] == [("ordered", 0), ("bullet", 1)]
    assert words(made[1]).endswith("2. two")
    assert words(list(elements(made[2], "rich_text_quote"))) == "said"
    assert made[3]["elements"][0]["text"] == "Small <https://x.example|link>"
    assert refused(made) == []


def test_answers_that_are_given_by_a_tap_stand_where_the_text_has_them_and_not_as_addresses() -> None:
    made = said("survey", choices=CHOICES["survey"])
    assert [block["type"] for block in made.blocks].count("actions") == 1
    assert "https://desk.example/rate" not in made.text


@pytest.mark.parametrize("event", sorted(TO_REQUESTERS))
def test_i9_a_text_of_100_kb_is_cut_to_what_slack_takes_and_says_so(event: str) -> None:
    long = 'The printer "burns" again.\n' * 4_000
    values = {key: long for key, value in SAMPLES[event][0][1].items() if isinstance(value, str)}
    keep = {key: SAMPLES[event][0][1].get(key) for key in ("what", "how", "target", "reason")}
    times = {k: v for k, v in SAMPLES[event][0][1].items() if isinstance(v, str) and v[:2] == "20"}
    made = said(event, **{**values, **{k: v for k, v in keep.items() if v}, **times, "state": "open"})
    assert refused(made.blocks) == []
    assert len(json.dumps(made.blocks, ensure_ascii=False)) <= 13_000
    assert len(made.blocks) <= 50


@given(
    st.lists(st.sampled_from(["# h", "- a\n- b", "1. x", "> q", "    code", "**b**\n\n"]), max_size=120),
    st.text(max_size=9_000),
)
@settings(max_examples=60, deadline=None)
def test_i9_whatever_a_template_writes_there_are_never_more_than_50_blocks_of_13000_characters(
    parts: list[str], value: str
) -> None:
    skeleton, values = number(
        "\n\n".join([*parts, "\ue000" + value.replace("\ue000", "").replace("\ue001", "") + "\ue001"])
    )
    made = slack.page(markdown.parse(skeleton), []).fill(values)
    assert len(made) <= 50
    assert len(json.dumps(made, ensure_ascii=False)) <= 13_000
    assert all(len(one["text"]) <= 3_000 for one in elements(made, "text"))
    assert all(one["text"] for one in elements(made, "text"))


@given(WRITTEN, st.sampled_from(sorted(SAMPLES)))
@settings(max_examples=150, deadline=None)
def test_i10_whatever_people_wrote_nothing_of_it_is_a_mention_a_link_or_a_style(
    written: str, event: str
) -> None:
    usual = SAMPLES[event][0][1]
    people = {"subject", "requester_name", "text", "who", "by", "owner", "comment", "cause", "reason"}
    values: dict[str, Any] = dict.fromkeys({*(people & usual.keys()), "subject"}, written)
    made = said(event, **values)
    assert {
        one["type"]
        for kind in ("user", "usergroup", "channel", "broadcast", "emoji")
        for one in elements(made.blocks, kind)
    } == set()
    assert all("evil" not in one["url"] for one in elements(made.blocks, "link"))
    whole = json.dumps(made.blocks, ensure_ascii=False).replace("\u200b", "|")
    for active in ("<!", "<@", "<#", "<https://evil"):
        assert active not in whole
    styled = "".join(one["text"] for one in elements(made.blocks, "text") if "code" in one.get("style", {}))
    assert "code" not in styled


@given(WRITTEN)
def test_i10_a_value_in_small_print_opens_no_markup(written: str) -> None:
    made = slack.escaped(written)
    assert "<" not in made
    assert ">" not in made
    for marker in "*_~`":
        inside = [at for at, c in enumerate(made) if c == marker]
        assert all(made[at - 1].isalnum() and made[at + 1].isalnum() for at in inside)


def test_i10_what_is_quoted_can_be_copied_as_it_was_written() -> None:
    line = "*/5 * * * * root `which backup` --all_files > /dev/null"
    made = said("reply", text=line)
    assert line in words(made.blocks)


def test_i10_the_subject_of_a_stranger_pings_nobody_and_disguises_no_link() -> None:
    made = said("received", subject="<!channel> <https://evil.example|bank>")
    assert "<!channel>" not in json.dumps(made.blocks)
    assert not [one for one in elements(made.blocks, "link") if "evil" in one["url"]]
