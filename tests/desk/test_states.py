"""The life of a ticket: legal steps alone, and each of them written down."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.desk.states import STEPS, IllegalStep, State, after_words_of_requester, step
from bot.message import Automation
from bot.store.models import Event, Ticket
from tests.desks import OpenDesk, a_message, open_desk

BOT = Path(__file__).parents[2] / "bot"


@given(st.sampled_from(State), st.sampled_from(State))
def test_a_step_is_taken_or_refused_and_nothing_else(before: State, after: State) -> None:
    if after in STEPS[before]:
        assert step(before, after) is after
    else:
        with pytest.raises(IllegalStep, match=f"{before} cannot become {after}"):
            step(before, after)


def test_no_state_is_a_step_from_itself_and_none_is_a_dead_end() -> None:
    assert all(state not in STEPS[state] for state in State)
    assert all(STEPS[state] for state in State)


def test_nothing_becomes_new_again() -> None:
    assert not [state for state in State if State.NEW in STEPS[state]]


@given(st.sampled_from(State))
def test_what_words_do_to_a_ticket_is_a_legal_step(state: State) -> None:
    after = after_words_of_requester(state)
    assert after is state or after in STEPS[state]


def test_words_wake_what_waits_for_the_requester_or_was_thought_to_be_done() -> None:
    woken = {State.WAITING, State.RESOLVED, State.CLOSED}
    assert {s for s in State if after_words_of_requester(s) is not s} == woken


WORDS = st.tuples(
    st.just("words"),
    st.sampled_from(["ann@localhost", "eve@evil.example", ""]),
    st.sampled_from(Automation),
    st.sampled_from(["token", "tag", "none"]),
)
AGENT = st.tuples(st.just("agent"), st.sampled_from(State))


def _apply(desk: OpenDesk, number: int, token: str, action: tuple[object, ...]) -> None:
    if action[0] == "agent":
        after = State(str(action[1]))
        if after in STEPS[State(desk.ticket(number).state)]:
            desk.set_state(number, after)
        return
    _, sender, automation, mark = action
    desk.receive(
        a_message(
            sender=str(sender),
            automation=Automation(str(automation)),
            to=(f"help+{token}@localhost",) if mark == "token" else ("help@localhost",),
            subject=f"[HD-{number}] x" if mark == "tag" else "x",
        )
    )


@settings(max_examples=30, deadline=None)
@given(st.lists(WORDS | AGENT, max_size=12))
def test_no_sequence_of_messages_leads_to_an_illegal_state_and_every_change_is_an_event(
    actions: list[tuple[object, ...]],
) -> None:
    with tempfile.TemporaryDirectory() as folder, open_desk(Path(folder)) as desk:
        number = desk.receive(a_message()).ticket or 0
        token = desk.token()
        for action in actions:
            before, events = desk.ticket(number).state, len(desk.rows(Event))
            _apply(desk, number, token, action)
            after = desk.ticket(number).state
            if action[0] == "agent":
                continue
            assert after == before or State(after) in STEPS[State(before)]
            if after != before:
                assert action[1:3] == ("ann@localhost", Automation.NONE)
                changed = [row for row in desk.rows(Event)[events:] if row.ticket_id == number]
                told = [
                    ((row.before or {})["state"], (row.after or {})["state"])
                    for row in changed
                    if "state" in (row.after or {})
                ]
                assert set(told) == {(before, after)}
        assert {row.ticket_id for row in desk.rows(Event) if row.action == "opened"} == {
            row.id for row in desk.rows(Ticket)
        }


FORGETS = {
    "store/erasure.py": "a person's right to be forgotten: their words and names are taken out of what happened",
    "store/retention.py": "a ticket that is older than it may be kept goes with its whole history",
}
"""The only rooms that may touch history, and the duty that each has to."""


def test_l8_nothing_in_the_program_changes_or_deletes_history() -> None:
    """But for the rights of those whom the data are about."""
    changes = re.compile(
        r"(?:update|delete)\(\s*(?:models\.)?Event\b"
        r"|(?:UPDATE|DELETE FROM)\s+\"?event\b"
        r"|\bfor \w+ in \([^)]*\bEvent\b[^)]*\):"
    )
    sources = {
        path.relative_to(BOT).as_posix(): path.read_text()
        for path in BOT.rglob("*.py")
        if "migrations" not in path.parts
    }
    assert {path for path, text in sources.items() if changes.search(text)} == FORGETS.keys()
    assert any("sa.insert(Event)" in text for text in sources.values())
