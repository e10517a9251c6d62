"""Reasons are told in the reader's language: those of rules, of what was not written, and of who was chosen."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from zoneinfo import ZoneInfo

import pytest

import bot
from bot.config import LOCALES
from bot.desk import asking, reasons, rules
from bot.desk.reasons import TABLE, english, reason, told, translated
from bot.desk.states import Ended
from bot.desk.why import tell
from bot.message import Kind
from bot.store import tickets
from tests.desk.by_mail import a_team, asks
from tests.desks import MONDAY, a_desk, a_message

ROOT = Path(bot.__file__).parent
ENGLISH = re.compile(r"[A-Za-z]{2,}")
NAMED_SO = {"UTC"}
"""What is called the same in every language."""


def holes(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


def trees(*folders: str) -> Iterator[ast.Module]:
    for folder in folders:
        for path in sorted((ROOT / folder).glob("[!w]*.py")):  # why_*.py are tables of words
            yield ast.parse(path.read_text())


def text_of(node: ast.expr) -> Iterator[str]:
    """The texts that an expression can be, with "x" for what is filled in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
    elif isinstance(node, ast.IfExp):
        yield from (*text_of(node.body), *text_of(node.orelse))


def is_sentence(text: str) -> bool:
    return " " in text and text[0].islower()


@pytest.mark.parametrize("table", sorted(TABLE))
def test_no_reason_is_without_a_language_and_each_says_the_same(table: str) -> None:
    for code, words in TABLE[table].items():
        assert set(words) == set(LOCALES), code
        assert all(words.values()), code
        assert len({frozenset(holes(sentence)) for sentence in words.values()}) == 1, code


@pytest.mark.parametrize("table", sorted(TABLE))
def test_no_english_word_stands_in_a_chinese_reason(table: str) -> None:
    for code, words in TABLE[table].items():
        filled = words["zh"].format_map(dict.fromkeys(holes(words["zh"]), "值"))
        assert set(ENGLISH.findall(filled)) <= NAMED_SO, code


def test_every_reason_that_the_rules_give_has_words() -> None:
    given = {
        text
        for tree in trees("desk")
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "reason"
        for text in text_of(call.args[0])
    }
    noted = {
        text
        for tree in trees("desk")
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "_note"
        for text in text_of(call.args[0])
    }
    assert {"word", "from", "all", "priority-of-new"} <= given
    chosen = {"rule", "rule-major", "rule-nothing", "priority", "priority-half", "field-says", "field"}
    assert given | noted | chosen | {"is", "and", "comma"} == set(TABLE["rules"])


def test_every_sentence_that_is_kept_has_words_in_every_language() -> None:
    """Why something was not written, or given to somebody, and what became of a message."""
    kept: set[str] = set()
    for tree in trees("desk", "store"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Dict):
                for key, value in zip(node.keys, node.values, strict=True):
                    if isinstance(key, ast.Constant) and key.value in {"reason", "again"}:
                        kept.update(text_of(value))
            elif isinstance(node, ast.Call):
                kept.update(t for k in node.keywords if k.arg == "result" for t in text_of(k.value))
    for name in ("assignment", "letters", "shares", "major"):
        kept |= {
            text
            for node in ast.walk(ast.parse((ROOT / "desk" / f"{name}.py").read_text()))
            if isinstance(node, ast.Return | ast.Expr | ast.AnnAssign) and node.value is not None
            for value in (node.value, *(node.value.args if isinstance(node.value, ast.Call) else ()))
            if not ast.unparse(node.value).startswith("log.")
            for text in text_of(value)
        }
    sentences = {text for text in kept if is_sentence(text)}
    assert len(sentences) > 12
    unknown = {text for text in sentences if translated(text, "zh") == text}
    assert unknown == {"nobody x"}  # before "answers in" and "knows", which the table has with it


@pytest.mark.parametrize(
    ("kept", "italian"),
    [
        ("works now", "ora lavora"),
        ("answers in it", "risponde in it"),
        ("nobody answers in zh", "nessuno risponde in zh"),
        ("nobody knows network", "nessuno conosce “network”"),
        ("had a turn last 2026-03-02 09:30 UTC", "ha avuto l’ultimo turno il 2026-03-02 09:30 UTC"),
        ("550 5.1.1 no such user", "550 5.1.1 no such user"),
    ],
)
def test_a_sentence_is_known_with_what_differs_in_it(kept: str, italian: str) -> None:
    assert translated(kept, "it") == italian
    assert translated(kept, "en") == kept


def test_every_code_that_says_why_is_called_something() -> None:
    codes = {
        node.value
        for node in ast.walk(ast.parse(Path(asking.__file__).read_text()))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch("[a-z-]+", node.value)
    } & {"off", "self-closed", "unanswered", "asked-before", "own-work", "asked-lately", "nobody-to-ask"}
    assert len(codes) == 7
    for code in (*codes, *Kind, "rotation", "least-load", "no-lead"):
        assert reasons.code(code, "zh"), code
    with_words = {"merged", "spam", "self"}
    assert with_words <= set(Ended)


def test_reasons_of_rules_are_read_from_the_top_in_every_language() -> None:
    desk = a_desk(
        rules=[
            {"name": "工资", "words": ["工资"], "to": ["help@localhost"], "category": "data", "stop": True},
        ]
    )
    decision = rules.decide(a_message("我的工资有误。", subject="工资"), "ann@localhost", desk, MONDAY)
    assert [told(step, "zh") for step in decision.steps] == [
        "规则“工资”：发往help@localhost，且其中有“工资”一词 → 类别data",
        "规则“工资”：不再读取其后的规则",
        "优先级P3：影响和紧急程度均未知，因此采用新工单的优先级",
        "团队“first-line”：新工单由其处理",
    ]
    assert told(decision.steps[0], "it") == (
        "regola 工资: era indirizzato a help@localhost e contiene la parola “工资” -> categoria data"
    )
    assert english(decision.steps[-1]) == "team first-line: it is the one of new tickets"


def test_g6_braces_in_a_rules_name_are_only_words() -> None:
    kept = reason("by-rule", rule="{0.__class__}{x}", because=reason("no-condition"))
    assert english(kept) == "rule {0.__class__}{x}: it has no condition"


def test_what_is_kept_by_another_version_is_told_as_it_is() -> None:
    assert told("rule old: a sentence of then", "zh") == "rule old: a sentence of then"
    assert told({"code": "of-tomorrow", "rule": "x", "then": {"impact": "high"}}, "zh") == "x, 影响高"
    assert told({"code": "word"}, "en") == 'the word "?" stands in it'


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        ("en", "reason: priority P3: nothing tells impact or urgency, so it is that of new tickets"),
        ("zh", "原因：优先级P3：影响和紧急程度均未知，因此采用新工单的优先级"),
        ("it", "motivo: priorità P3: nulla dice impatto o urgenza, quindi è quella delle nuove richieste"),
    ],
)
def test_why_tells_the_reasons_of_the_rules_in_the_readers_language(
    tmp_path: Path, locale: str, said: str
) -> None:
    with a_team(tmp_path) as desk:
        number, config = asks(desk), desk.desk.config
        after = {"reason": "asked-lately"}
        desk.store.write_now(lambda tx: tickets.record(tx, number, "survey.left-out", MONDAY, after=after))
        steps = desk.store.read_now(lambda tx: tell(tx, number, config, locale, ZoneInfo("UTC"))) or []
        assert said in [step.what.strip() for step in steps]
        assert any((reasons.code("asked-lately", locale) or "?") in step.what for step in steps)
        if locale == "zh":
            said_in_zh = re.sub(r"\S+@[a-z.]+", "", " ".join(step.what for step in steps))
            assert set(ENGLISH.findall(said_in_zh)) <= {"mail", "First", "first", "line"}
