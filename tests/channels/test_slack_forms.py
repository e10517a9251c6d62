"""Forms, homes and cards of Slack: what Slack takes, in each language, and nothing that people wrote is markup."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels import slack_codes, slack_inputs
from bot.channels.slack_card import card
from bot.channels.slack_codes import Code
from bot.channels.slack_home import Looker, home
from bot.channels.slack_modal_words import WORDS
from bot.channels.slack_modals import form
from bot.message import Choice, Notice
from bot.render.choices import LABELS
from bot.store.homes import Agents, OwnTicket
from bot.store.queues import OpenTicket
from tests.desks import a_config
from tests.peers.slack.rules import faults_of

LANGUAGES = ("en", "it", "zh")
NOW = datetime(2026, 3, 10, 11, 0, tzinfo=UTC)
CONFIG = a_config()
FORMS = [Code(verb, "", 42, "C024/1700000000.000100") for verb in sorted(slack_codes.FORMS)]
FORMS += [Code("update", "fix", 42), Code("update", "need", 42), Code("comment", "4", 42)]
FORMS += [Code("new", key) for key in CONFIG.categories]


@pytest.mark.parametrize("language", [*LANGUAGES, "fr", ""])
@pytest.mark.parametrize("code", FORMS, ids=lambda code: f"{code.verb}-{code.value}")
def test_every_form_is_one_that_slack_takes(code: Code, language: str) -> None:
    view = form(code, language, CONFIG)
    assert view is not None
    assert faults_of("views.open", {"trigger_id": "t", "view": view}) == []
    assert len(view["title"]["text"]) <= 24
    assert len(view["private_metadata"]) <= 3_000
    read = slack_codes.of_form(view["callback_id"], view["private_metadata"])
    assert read is not None
    assert (read.verb, read.ticket, read.place) == (code.verb, code.ticket, code.place)


def test_every_language_has_the_same_words() -> None:
    assert {frozenset(words) for words in WORDS.values()} == {frozenset(WORDS["en"])}
    assert {frozenset(words) for words in LABELS.values()} == {frozenset(LABELS["en"])}


def test_what_needs_no_form_has_none() -> None:
    assert form(Code("take", "", 42), "en", CONFIG) is None
    assert form(Code("update", "supplier", 42), "en", CONFIG) is None


def filled(view: dict[str, Any], **values: dict[str, Any]) -> dict[str, Any]:
    """The view as Slack gives it back; ``values``: the state of the element of each block."""
    elements = {
        block["block_id"]: block["element"]["action_id"] for block in view["blocks"] if "element" in block
    }
    return {**view, "state": {"values": {name: {elements[name]: state} for name, state in values.items()}}}


def test_what_is_filled_in_comes_back_by_the_names_of_its_fields() -> None:
    view = form(Code("resolve", "", 42), "en", CONFIG)
    assert view is not None
    chosen = {"selected_options": [{"value": "yes"}]}
    sent = filled(view, solution={"value": "Drum changed "}, cause={"value": None}, workaround=chosen)
    assert slack_inputs.fields(sent, 10)[0] == {"solution": "Drum changed", "workaround": "yes"}


def test_a_category_and_its_questions_come_back_as_what_they_are() -> None:
    category, known = next(
        (key, one) for key, one in CONFIG.categories.items() if len(one.ask) > 1 and not one.complaint
    )
    view = form(Code("new", category), "en", CONFIG)
    assert view is not None
    asked = [block["block_id"] for block in view["blocks"] if block["block_id"].startswith("q:")]
    assert asked == [f"q:{key}" for key in known.ask if key != "what"][:5]
    chosen = view["blocks"][0]["element"]["initial_option"]
    told = {asked[0]: {"value": "since Monday"}}
    sent = filled(view, category={"selected_option": chosen}, text={"value": "it burns"}, **told)
    fields = slack_inputs.fields(sent, 10)[0]
    assert (fields["category"], fields["text"]) == (category, "it burns")
    assert [answer for _, answer in slack_inputs.asked(sent, fields)] == ["since Monday"]


def test_choosing_a_category_draws_the_form_again() -> None:
    view = form(Code("new"), "en", CONFIG)
    assert view is not None
    select = view["blocks"][0]["element"]
    code = slack_codes.of_option(select["action_id"], select["options"][0]["value"])
    assert code is not None
    assert code.opens_form
    assert code.value in CONFIG.categories


def test_a_moment_is_chosen_from_a_calendar_and_comes_back_with_its_offset() -> None:
    view = form(Code("update", "fix", 42), "it", CONFIG)
    assert view is not None
    sent = filled(view, at={"selected_date_time": 1_772_000_000})
    assert slack_inputs.fields(sent, 10)[0] == {"at": "2026-02-25T06:13:20+00:00"}


# The home


EVIL = "<!channel> <https://evil.example|bank> *bold* <@U1>"


def looker(language: str = "en") -> Looker:
    return Looker(language, "Europe/Rome", NOW, "HD")


def open_ticket(number: int, owner: str = "", **changes: Any) -> OpenTicket:
    due = changes.get("due", NOW + timedelta(hours=2))
    return OpenTicket(
        number, changes.get("subject", "It burns"), "open", "P2", owner, due, changes.get("who", "Anna")
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_home_is_one_that_slack_takes(language: str) -> None:
    own = [OwnTicket(n, f"Request {n}", "open", NOW + timedelta(hours=n), NOW) for n in range(1, 11)]
    tickets = [open_ticket(n, "Ben" if n % 2 else "", due=NOW + timedelta(hours=5 - n)) for n in range(10)]
    view = home(looker(language), own, Agents(tickets, 30, tickets, 12, tickets[:3]))
    assert faults_of("views.publish", {"user_id": "U1", "view": view}) == []
    assert faults_of("views.publish", {"user_id": "U1", "view": home(looker(language), [])}) == []
    assert len(view["blocks"]) <= 100


def test_a_requester_sees_their_own_tickets_with_times_and_what_can_be_done() -> None:
    view = home(looker(), [OwnTicket(7, "It burns", "open", NOW + timedelta(hours=1), NOW)])
    said = json.dumps(view, ensure_ascii=False)
    assert "HD-7 It burns" in said
    assert f"<!date^{int((NOW + timedelta(hours=1)).timestamp())}^" in said
    actions = {
        one["action_id"]: one.get("value")
        for block in view["blocks"]
        for one in block.get("elements", ())
        if "action_id" in one
    }
    assert actions == {"status:": "7", "add:": "7", "close:": "7", "new:": None}


def test_what_is_late_is_said_to_be() -> None:
    view = home(looker(), [], Agents([open_ticket(7, "Ben", due=NOW - timedelta(hours=1))], 1, [], 0, []))
    assert "was due today at 11:00" in json.dumps(view, ensure_ascii=False)


# The card


def a_card(locale: str = "en", **values: Any) -> Any:
    usual = {
        "reference": "HD-42", "subject": "My printer is on fire", "state": "open", "priority": "P2", "queue": "First line",
        "who": "Anna Rossi", "owner": "Ben Lee", "due": (NOW + timedelta(hours=2)).isoformat(), "text": "smoke\nand fire",
        "category": "Hardware", "waiting_for": "", "fix_expected_at": None, "level": 1, "major": False,
    }  # fmt: skip
    choices = [
        Choice(verb, verb) for verb in ("take", "reply", "priority", "wait", "escalate", "resolve", "note")
    ]
    return card(Notice("card", locale, "Europe/Rome", {**usual, **values}), choices, 42, NOW)


@pytest.mark.parametrize("locale", LANGUAGES)
def test_a_card_tells_what_it_is_how_it_stands_whose_it_is_and_until_when(locale: str) -> None:
    made = a_card(locale, major=True, level=2, fix_expected_at=(NOW + timedelta(days=1)).isoformat())
    assert faults_of("chat.postMessage", {"channel": "C1", "text": "x", "blocks": made.blocks}) == []
    for words in ("HD-42", "My printer is on fire", "P2", "Ben Lee", "Anna Rossi", "Hardware", "First line"):
        assert words in json.dumps(made.blocks, ensure_ascii=False)
        assert words in made.text
    assert f"<!date^{int((NOW + timedelta(hours=2)).timestamp())}^" in json.dumps(made.blocks)


def test_a_card_that_is_late_or_waits_says_so() -> None:
    late = a_card(due=(NOW - timedelta(hours=2)).isoformat())
    assert "*was due today at 10:00*" in json.dumps(late.blocks)
    assert "waiting for a supplier" in a_card(state="waiting", waiting_for="supplier").text


@given(
    st.lists(st.sampled_from([*EVIL.split(), "_", "|", "^", ">"]) | st.text(max_size=30), max_size=6).map(
        " ".join
    )
)
@settings(max_examples=80, deadline=None)
def test_i10_whatever_people_wrote_a_card_and_a_home_ping_nobody(written: str) -> None:
    made = a_card(subject=written, who=written, owner=written, text=written, category=written, queue=written)
    view = home(
        looker(),
        [OwnTicket(1, written, "open", None, NOW)],
        Agents([open_ticket(1, subject=written, who=written)], 1, [], 0, []),
    )
    assert faults_of("chat.postMessage", {"channel": "C1", "text": "x", "blocks": made.blocks}) == []
    assert faults_of("views.publish", {"user_id": "U1", "view": view}) == []
    whole = json.dumps([made.blocks, view], ensure_ascii=False).replace("<!date^", "")
    assert not [active for active in ("<!", "<@", "<#", "<http") if active in whole]


def test_i13_a_value_of_a_form_is_bounded_and_carries_no_right() -> None:
    code = Code("reply", "", 10**14, "C" * 30 + "/1700000000.000100")
    assert len(code.metadata) < 120
    assert slack_codes.of_form("reply", "1:x:C1/1.2:more") is None
    assert slack_codes.of_form("reply", "not a number::") is None
