"""Why a ticket is as it is: every step in sentences, in the reader's language, and nothing by a program's name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from string import Formatter
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import bot
from bot.config import LOCALES
from bot.desk import why_words
from bot.desk.outcome import Reason, Result
from bot.desk.why import _spaced, _timer, tell
from bot.desk.why_words import PHRASES, Words
from bot.message import Verdict
from bot.store import tickets
from bot.store.engine import Tx
from bot.store.models import OutboxState, Timer, TimerState
from bot.timers import DUTIES
from tests.desk.by_mail import ANNA, BOB, a_team, answers, asks, done, works
from tests.desks import OpenDesk

ROOT = Path(bot.__file__).parent
TEMPLATES = sorted(path.name.split(".")[0] for path in (ROOT / "templates" / "en").glob("*.md.j2"))

_ACTION_AT = {"apply": 3, "record": 2, "change": 0, "move": 1}
"""Where the action stands in a call of the functions that record it."""
_PASSED_ON = {"cases.py", "changes.py", "moving.py"}
"""Files with functions that hand on the action that their caller names."""
_BUILT = {"f'{kind}.added'": ["message.added", "automatic.added", "unverified.added"]}


def _values(node: ast.expr, tree: ast.Module) -> Iterator[str]:
    """What an expression can be; a name stands for whatever is given to it in its file."""
    if isinstance(node, ast.Constant):
        yield str(node.value)
    elif isinstance(node, ast.IfExp):
        yield from _values(node.body, tree)
        yield from _values(node.orelse, tree)
    elif isinstance(node, ast.JoinedStr):
        yield from _BUILT[ast.unparse(node)]
    elif isinstance(node, ast.Name | ast.Attribute) and (imported := _imported(ast.unparse(node), tree)):
        yield imported
    elif isinstance(node, ast.Name) and (given := [*_assigned(node.id, tree), *_handed_on(node, tree)]):
        for value in given:
            yield from _values(value, tree)
    else:
        yield f"?{ast.unparse(node)}"


def _imported(name: str, tree: ast.Module) -> str | None:
    """A constant of another file: ``BREACHED``, or ``escalation.BREACHED``."""
    first, _, rest = name.partition(".")
    for found in ast.walk(tree):
        if isinstance(found, ast.ImportFrom) and first in {
            alias.asname or alias.name for alias in found.names
        }:
            value: Any = getattr(import_module(str(found.module)), first)
            value = getattr(value, rest) if rest else value
            return value if isinstance(value, str) else None
    return None


def _assigned(name: str, tree: ast.Module) -> Iterator[ast.expr]:
    for found in ast.walk(tree):
        if isinstance(found, ast.Assign | ast.AnnAssign) and found.value is not None:
            targets = found.targets if isinstance(found, ast.Assign) else [found.target]
            if any(isinstance(target, ast.Name) and target.id == name for target in targets):
                yield found.value


def _handed_on(node: ast.Name, tree: ast.Module) -> Iterator[ast.expr]:
    """What the callers in the same file give to the parameter of the function in which the name stands."""
    for function in (found for found in ast.walk(tree) if isinstance(found, ast.FunctionDef)):
        names = [arg.arg for arg in (*function.args.args, *function.args.kwonlyargs)]
        if node.id not in names or not any(inner is node for inner in ast.walk(function)):
            continue
        at = names.index(node.id) - ("self" in names)
        for call in (found for found in ast.walk(tree) if isinstance(found, ast.Call)):
            if _called(call)[1] == function.name:
                yield from call.args[at : at + 1]
                yield from (keyword.value for keyword in call.keywords if keyword.arg == node.id)


def _called(call: ast.Call) -> tuple[str, str]:
    """On what, and which function."""
    if isinstance(call.func, ast.Attribute):
        on = call.func.value
        return (on.id if isinstance(on, ast.Name) else "", call.func.attr)
    return "", call.func.id if isinstance(call.func, ast.Name) else ""


def recorded() -> set[str]:
    """Every action that the program writes into a history, as its source names them."""
    found: set[str] = set()
    for path in (
        *(ROOT / "desk").glob("*.py"),
        ROOT / "timers.py",
        ROOT / "intake.py",
        ROOT / "housekeeping.py",
    ):
        tree = ast.parse(path.read_text())
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            on, name = _called(call)
            if name not in _ACTION_AT or (name == "change" and on not in {"case", "self"}):
                continue
            at = 0 if on in {"case", "self"} else _ACTION_AT[name]
            given = [*call.args[at : at + 1], *(k.value for k in call.keywords if k.arg == "action")]
            if path.name in _PASSED_ON and [ast.unparse(node) for node in given] in (
                ["action"],
                ["change.action"],
            ):
                continue
            for action in (value for node in given for value in _values(node, tree)):
                assert not action.startswith("?"), f"{path.name}:{call.lineno}: {action[1:]} cannot be read"
                found.add(action)
    return found


@pytest.fixture(params=LOCALES)
def words(request: pytest.FixtureRequest) -> Words:
    return why_words.of(request.param)


def test_every_action_that_is_recorded_anywhere_has_a_sentence(words: Words) -> None:
    found = recorded()
    assert {"opened", "assigned", "message.added", "target.breached", "delivery.suppressed"} <= found
    assert found - set(words.events) == set()


def test_every_language_tells_the_same_things(words: Words) -> None:
    english = why_words.of("en")
    for table in ("events", "labels", "codes", "letters", "sent", "timers", "results", "phrases"):
        assert getattr(words, table).keys() == getattr(english, table).keys()
    assert set(words.phrases) == set(PHRASES)
    assert set(words.reasons) == set(Reason)
    for table in ("events", "phrases"):
        for key, sentence in getattr(words, table).items():
            named = {name for _, name, _, _ in Formatter().parse(sentence) if name} - {"who"}
            meant = {name for _, name, _, _ in Formatter().parse(getattr(english, table)[key]) if name}
            assert named <= meant | {"who"}


def test_every_message_every_state_and_every_result_has_words(words: Words) -> None:
    assert set(TEMPLATES) <= set(words.letters)
    assert set(OutboxState) <= set(words.sent)
    assert set(Result) <= set(words.results)


@pytest.mark.parametrize("kind", sorted(DUTIES))
def test_every_duty_of_a_timer_has_words(words: Words, kind: str) -> None:
    assert _timer(kind, words) != _spaced(kind)


def steps(desk: OpenDesk, number: int, locale: str = "en") -> list[str]:
    """What is told of a ticket."""
    config = desk.desk.config
    told = desk.store.read_now(lambda tx: tell(tx, number, config, locale, ZoneInfo("UTC")))
    assert told is not None
    return [step.what for step in told]


def test_how_a_message_was_matched_is_told(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk, name="Ann")
        assert steps(desk, number)[0].startswith("Ann asked, and the request was opened (state: new;")


def test_who_did_what_and_what_it_was_before_is_told(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        works(desk, ANNA, "#take\n#assign bob", number)
        works(desk, BOB, "#priority P1\n#category network", number)
        told = steps(desk, number)
        assert "Anna Rossi took the request (state: new → open)" in told
        assert "Anna Rossi gave the request to Bob" in told
        assert "Bob set the priority to P1" in told


def test_when_the_clock_stood_still_is_told(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        works(desk, ANNA, "#wait", number)
        desk.clock.forward(hours=1)
        answers(desk, "ann@localhost", number, "Here it is.")
        told = steps(desk, number)
        assert any(step.startswith("Anna Rossi let it wait") for step in told)
        assert any("it waits no longer and the clock goes on" in step for step in told)


def test_why_something_was_not_sent_is_told(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        reason = "its address takes no answers"
        after = {"kind": "notice", "event": "warning", "to": "x@y", "reason": reason}

        def unit(tx: Tx) -> None:
            tickets.record(tx, number, "delivery.suppressed", desk.clock(), after=after)

        desk.store.write_now(unit)
        expected = (
            "a message was not written (a warning before a promise is broken): its address takes no answers"
        )
        assert any(step.startswith(expected) for step in steps(desk, number))
        assert any("l’indirizzo non accetta risposte" in step for step in steps(desk, number, "it"))


def test_what_is_due_next_stands_at_the_end_with_its_moment(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        for timer in (row for row in desk.rows(Timer) if row.state == TimerState.PENDING):
            promised = f"next, due {timer.due_at:%Y-%m-%d %H:%M}: "
            assert any(step.startswith(promised) for step in steps(desk, number))
        assert steps(desk, number)[-1].startswith("next, due ")
        desk.clock.forward(days=30)
        assert steps(desk, number)[-1].startswith("is due and not yet done: ")


def test_the_reasons_of_a_decision_are_told(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        after = {"priority": "P2", "why": ["rule “printers”: hardware", "impact high × urgency medium: P2"]}
        desk.store.write_now(lambda tx: tickets.record(tx, number, "priority", desk.clock(), after=after))
        told = steps(desk, number)
        assert "reason: rule “printers”: hardware" in told
        assert not any("why" in step for step in told)


def test_what_has_no_words_yet_is_told_by_its_own_name(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)

        def unit(tx: Tx) -> None:
            after = {
                "new_thing": {"deep": [1, None]},
                "at": "2026-03-02T10:00:00+00:00",
                "bad": "2026-99-99T99:99",
            }
            tickets.record(tx, number, "thing.of-tomorrow", desk.clock(), after=after)

        desk.store.write_now(unit)
        (told,) = (step for step in steps(desk, number) if "thing of tomorrow" in step)
        assert told.startswith("the desk: thing of tomorrow (new thing: deep: 1, –; at: 2026-03-02 10:00")


@pytest.mark.parametrize(
    ("locale", "begins"),
    [("en", "ann@localhost asked"), ("it", "ann@localhost ha scritto"), ("zh", "ann@localhost提出请求")],
)
def test_each_reader_has_it_in_their_language(tmp_path: Path, locale: str, begins: str) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        assert steps(desk, number, locale)[0].startswith(begins)


def test_an_agent_has_it_in_their_own_language(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        works(desk, BOB, "#why", number, verdict=Verdict.PASS)
        assert "ha scritto e la richiesta è stata aperta" in done(desk, BOB)[0]["steps"][0]


def test_g6_braces_in_somebodys_words_are_only_words(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk, name="{who.__class__}\x1b[2J")
        assert steps(desk, number)[0].startswith("{who.__class__} [2J asked")
