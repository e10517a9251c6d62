"""How a request is read: the table of rules, the categories, the matrix, and who may wake everybody."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bot.desk import rules
from bot.desk.desk import Desk
from bot.desk.reasons import english
from bot.desk.rules import Decision
from bot.message import Automation, IncomingMessage, Verdict
from bot.store.models import Event
from tests.desks import MONDAY, a_config, a_desk, a_message, open_desk

TEAMS = {"first-line": {"name": "First line"}, "payroll": {"name": "Payroll"}}


def desk_with(*table: dict[str, Any], **sections: Any) -> Desk:
    """A desk with these rules, in this order; each sets a category when it says nothing else."""
    said = {"category", "impact", "urgency", "team", "language", "major"}
    rows = [
        {"name": f"rule-{i}"} | ({} if said & row.keys() else {"category": "data"}) | row
        for i, row in enumerate(table)
    ]
    return a_desk(rules=rows, teams=TEAMS, **sections)


def read(desk: Desk, text: str = "Where is my salary?", **facts: Any) -> Decision:
    message: IncomingMessage = a_message(text, **{"subject": "", **facts})
    return rules.decide(message, message.sender.address, desk, facts.get("received_at", MONDAY))


def holds(condition: dict[str, Any], text: str = "", **facts: Any) -> bool:
    """Whether a rule with this condition alone is one for a message."""
    return read(desk_with(condition), text, **facts).category == "data"


def test_a_desk_without_rules_gives_what_is_configured_for_new_tickets_and_says_so() -> None:
    decision = read(a_desk(tickets={"priority": "P4"}))
    assert (decision.priority, decision.queue, decision.category, decision.major) == (
        "P4",
        "first-line",
        None,
        "",
    )
    assert tuple(map(english, decision.steps)) == (
        "priority P4: nothing tells impact or urgency, so it is that of new tickets",
        "team first-line: it is the one of new tickets",
    )


@pytest.mark.parametrize(
    ("word", "text", "stands"),
    [
        ("salary", "Where is my SALARY?", True),
        ("salary", "Where are my salaries? Salary!", True),
        ("art", "We had a party", False),
        ("server room", "The server\n room is hot", True),
        ("server room", "The webserver room", False),
        ("server room", "The server rooms", False),
        ("c++", "my c++ compiler", True),
        ("e-mail", "No E-Mail today", True),
        ("工资", "我的工资在哪里", True),
        ("工资", "我的工 资", False),
        ("vpn", "请重置我的VPN密码", True),
        ("vpn", "\uff36\uff30\uff2e 不能用", True),
        ("perché", "perche\u0301 non va", True),
        ("straße", "STRASSE", True),
        ("p1", "p12", False),
        ("", "anything", False),
    ],
)
def test_a_word_stands_there_as_a_whole_whatever_its_capitals(word: str, text: str, *, stands: bool) -> None:
    assert holds({"words": [word, "\u2603"]}, text) is stands


def test_words_are_looked_for_in_the_subject_and_in_what_was_written_this_time_not_in_quotes() -> None:
    assert holds({"words": ["salary"]}, "hello", subject="Salary")
    assert not holds({"words": ["salary"]}, "hello", whole_text="hello\n> the salary")


@pytest.mark.parametrize(
    ("sender", "stands"),
    [
        ("ann@localhost", True),
        ("ANN@localhost", True),
        ("bob@partner.example", True),
        ("x@sub.partner.example", False),
    ],
)
def test_a_sender_is_an_address_or_a_domain(sender: str, *, stands: bool) -> None:
    condition = {"sender": ["Ann@LOCALHOST", "@Partner.example"]}
    message = a_message(sender=sender.lower())
    assert (rules.decide(message, sender.lower(), desk_with(condition), MONDAY).category == "data") is stands


def test_d5_a_sender_known_to_be_forged_is_nobody_to_a_rule() -> None:
    assert holds({"sender": ["ann@localhost"]}, verdict=Verdict.UNKNOWN)
    assert not holds({"sender": ["ann@localhost"]}, verdict=Verdict.FAIL)


def test_a_mail_without_a_sender_comes_from_nobody() -> None:
    assert not holds({"sender": ["@", "@localhost"]}, sender="")


@pytest.mark.parametrize("to", ["payroll@localhost", "Payroll@LocalHost", "payroll+hd.1.token@localhost"])
def test_where_it_went_counts_with_or_without_our_own_reference(to: str) -> None:
    assert holds({"to": ["payroll@localhost"]}, to=("other@x.example", to))
    assert not holds({"to": ["pay@localhost"]}, to=(to,))


@pytest.mark.parametrize(
    ("wanted", "value", "stands"),
    [("1", "1 (Highest)", True), ("1", "10", False), ("high", "High", True), ("", "x", True)],
)
def test_a_header_says_what_must_stand_in_it(wanted: str, value: str, *, stands: bool) -> None:
    assert holds({"header": {"X-Priority": wanted}}, headers=(("x-priority", value),)) is stands
    assert not holds({"header": {"X-Priority": wanted}})


def test_the_door_and_the_hour_are_conditions() -> None:
    sunday = MONDAY.replace(day=1)
    assert holds({"channel": ["mail"]})
    assert not holds({"channel": ["slack"]})
    assert holds({"at": "working-hours"})
    assert not holds({"at": "working-hours"}, received_at=sunday)
    assert holds({"at": "outside-hours"}, received_at=sunday)


def test_all_conditions_of_a_rule_must_hold() -> None:
    both = {"words": ["salary"], "sender": ["@localhost"]}
    assert holds(both, "salary")
    assert not holds(both, "salary", sender="ann@other.example")
    assert not holds(both, "printer")


def test_what_is_set_stays_set_and_later_rules_fill_what_is_open() -> None:
    desk = desk_with(
        {"category": "software"},
        {"category": "hardware", "urgency": "high"},
        {"urgency": "low", "team": "payroll"},
    )
    decision = read(desk)
    assert (decision.category, decision.urgency, decision.queue) == ("software", "high", "payroll")


def test_a_rule_that_overrides_wins_over_those_above() -> None:
    desk = desk_with({"category": "software", "urgency": "low"}, {"category": "hardware", "override": True})
    decision = read(desk)
    assert (decision.category, decision.urgency) == ("hardware", "low")


def test_no_rule_below_one_that_stops_is_read() -> None:
    desk = desk_with(
        {"words": ["no"], "stop": True}, {"urgency": "low", "stop": True}, {"category": "hardware"}
    )
    assert (read(desk).category, read(desk).urgency) == (None, "low")
    assert [f.rule.name for f in rules.findings(a_message(), "ann@localhost", desk, MONDAY)] == [
        "rule-0",
        "rule-1",
    ]


def test_a_category_fills_what_no_rule_has_said() -> None:
    categories = {"pay": {"en": "Pay", "team": "payroll", "impact": "high", "urgency": "high"}}
    decision = read(desk_with({"category": "pay", "urgency": "low"}, categories=categories))
    assert (decision.queue, decision.impact, decision.urgency, decision.priority) == (
        "payroll",
        "high",
        "low",
        "P3",
    )


@pytest.mark.parametrize(
    ("degrees", "priority"),
    [
        ({"impact": "high"}, "P2"),
        ({"urgency": "high"}, "P2"),
        ({"urgency": "low"}, "P3"),
        ({"impact": "low", "urgency": "low"}, "P4"),
    ],
)
def test_the_matrix_makes_the_priority_and_what_is_not_known_counts_as_medium(
    degrees: dict[str, str], priority: str
) -> None:
    assert read(desk_with({"words": ["salary"], **degrees}, tickets={"priority": "P4"})).priority == priority


def test_a_category_alone_leaves_the_priority_of_new_tickets() -> None:
    assert read(desk_with({}, tickets={"priority": "P4"})).priority == "P4"


def test_a_high_importance_alone_never_makes_the_highest_priority() -> None:
    high = {"header": {"importance": "high"}, "impact": "high", "urgency": "high"}
    headers = (("importance", "high"),)
    decision = read(desk_with(high), headers=headers)
    assert (decision.impact, decision.urgency, decision.priority) == ("medium", "high", "P2")
    assert any("a header alone" in english(step) for step in decision.steps)
    assert read(desk_with({**high, "words": ["salary"]}), headers=headers).priority == "P1"
    fire = {"fire": {"en": "Fire", "impact": "high", "urgency": "high"}}
    by_category = desk_with({"header": {"importance": "high"}, "category": "fire"}, categories=fire)
    assert read(by_category, headers=headers).priority == "P2"


def test_every_decision_says_what_it_rests_on() -> None:
    categories = {"pay": {"en": "Pay", "team": "payroll", "impact": "medium"}}
    desk = desk_with(
        {"name": "payroll", "words": ["salary"], "to": ["help@localhost"], "category": "pay"},
        {"name": "boss", "pattern": "(?i)my sal.ry", "urgency": "high", "language": "it", "stop": True},
        categories=categories,
    )
    decision = read(desk)
    assert decision.locale == "it"
    assert tuple(map(english, decision.steps)) == (
        'rule payroll: it went to help@localhost and the word "salary" stands in it -> category pay',
        "rule boss: its pattern is found in it -> urgency high, language it",
        "rule boss: no rule below it is read",
        "category pay -> team payroll, impact medium",
        "priority P2: impact medium and urgency high",
    )


def test_the_reasons_of_the_rules_that_do_not_hold_can_be_had_too() -> None:
    desk = desk_with(
        {"words": ["fire"]},
        {"pattern": "x"},
        {"header": {"x-y": "z"}},
        {"channel": ["slack"]},
        {"to": ["a@b"]},
    )
    found = rules.findings(a_message("hello", subject=""), "ann@localhost", desk, MONDAY)
    assert [one.because for one in found if not one.holds] == [
        "none of its words stands in it",
        "its pattern is not found in it",
        "it has no field x-y",
        'it came through "mail"',
        "it went to none of its addresses",
    ]


def test_the_language_of_the_answers_can_come_from_a_rule(tmp_path: Path) -> None:
    rule = {"name": "italian", "to": ["help@localhost"], "language": "it"}
    with open_desk(tmp_path, rules=[rule]) as desk:
        number = desk.receive(a_message("The printer is broken, please help me.")).ticket or 0
        assert desk.ticket(number).locale == "it"


def test_a_ticket_begins_as_the_rules_say_and_its_history_says_why(tmp_path: Path) -> None:
    rule = {"name": "payroll", "words": ["salary"], "category": "data", "impact": "high", "team": "payroll"}
    with open_desk(tmp_path, rules=[rule], teams=TEAMS) as desk:
        ticket = desk.ticket(desk.receive(a_message("My salary is wrong.")).ticket or 0)
        assert (ticket.category, ticket.impact, ticket.urgency) == ("data", "high", None)
        assert (ticket.priority, ticket.queue) == ("P2", "payroll")
        opened = next(row for row in desk.rows(Event) if row.action == "opened")
        assert english(opened.after["why"][0]).startswith('rule payroll: the word "salary" stands in it')


def test_e12_a_rule_fires_once_and_what_is_added_later_sets_nothing_anew(tmp_path: Path) -> None:
    rule = {"name": "urgent", "words": ["salary"], "urgency": "high", "impact": "high"}
    with open_desk(tmp_path, rules=[rule]) as desk:
        first = a_message("My salary is wrong.")
        number = desk.receive(first).ticket or 0
        before = (desk.ticket(number).priority, desk.actions(number).count("opened"))
        token = desk.token()
        for _ in range(3):
            answer = a_message(
                "My salary, my salary!", thread_keys=(f"{token}@localhost",), subject=f"Re: [HD-{number}]"
            )
            assert desk.receive(answer).ticket == number
        assert (desk.ticket(number).priority, desk.actions(number).count("opened")) == before == ("P1", 1)
        assert not {"priority", "category", "major.told"} & set(desk.actions(number))


# Who may wake everybody


@pytest.mark.parametrize(
    ("sender", "verdict", "automation", "wakes"),
    [
        ("ann@localhost", Verdict.UNKNOWN, Automation.NONE, True),
        ("ann@localhost", Verdict.FAIL, Automation.NONE, False),
        ("eve@evil.example", Verdict.UNKNOWN, Automation.NONE, False),
        ("ann@partner.example", Verdict.PASS, Automation.NONE, True),
        ("ann@localhost", Verdict.PASS, Automation.AUTO_REPLY, False),
    ],
)
def test_e7_a_word_wakes_everybody_only_from_a_person_who_is_proved_or_served(
    sender: str, verdict: Verdict, automation: Automation, *, wakes: bool
) -> None:
    desk = a_desk(major={"words": ["server room"]})
    decision = read(desk, "The server room is hot", sender=sender, verdict=verdict, automation=automation)
    assert bool(decision.major) is wakes
    assert decision.priority == ("P1" if wakes else "P3")


def test_e7_whoever_answers_an_old_notice_wakes_nobody_by_its_subject() -> None:
    desk = a_desk(major={"words": ["server room"]})
    assert read(desk, "I am on my way.", subject="Re: [HD-5] The server room").major == ""
    assert read(desk, "The server room again!", subject="Re: [HD-5] The server room").major != ""


@pytest.mark.parametrize(
    ("verdict", "automation", "wakes"),
    [
        (Verdict.PASS, Automation.NONE, True),
        (Verdict.PASS, Automation.AUTO_REPLY, True),
        (Verdict.UNKNOWN, Automation.NONE, False),
    ],
)
def test_e7_a_sender_whose_requests_are_all_major_must_be_proved(
    verdict: Verdict, automation: Automation, *, wakes: bool
) -> None:
    desk = a_desk(major={"senders": ["@localhost"], "priority": "P2"})
    decision = read(desk, verdict=verdict, automation=automation)
    assert (bool(decision.major), decision.priority) == (wakes, "P2" if wakes else "P3")
    assert wakes or any(
        "nothing tells that its sender is who they say" in english(step) for step in decision.steps
    )


def test_a_rule_can_make_a_major_incident_of_a_served_person_and_of_no_stranger() -> None:
    desk = desk_with({"name": "hall", "words": ["salary"], "major": True})
    decision = read(desk)
    assert decision.major == 'rule hall: the word "salary" stands in it'
    assert (decision.impact, decision.urgency, decision.priority) == ("high", "high", "P1")
    assert read(desk, sender="eve@evil.example").major == ""


@pytest.mark.parametrize(
    "condition", [{}, {"header": {"importance": "high"}}, {"at": "outside-hours"}, {"channel": ["mail"]}]
)
def test_a_header_a_door_or_an_hour_alone_is_refused_as_a_sign_of_a_major_incident(
    condition: dict[str, Any],
) -> None:
    with pytest.raises(ValidationError, match="needs to, words, pattern or sender"):
        a_config(rules=[{"name": "x", "major": True, **condition}])


def test_a_rule_about_a_header_that_is_not_kept_is_refused() -> None:
    with pytest.raises(ValidationError, match="is not kept for rules"):
        a_config(rules=[{"name": "x", "header": {"received": "x"}, "category": "data"}])
