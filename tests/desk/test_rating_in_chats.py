"""A rating by a button of a chat program: a word back at once, and a way to say more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.desk.outcome import Outcome, Reason, Result
from bot.message import Action
from bot.store.models import Entry, Survey
from tests.desk.by_chat import Chats, chats

RATED = Outcome(Result.RATED, Reason.RATING, 1)
JOE = "acme/UJOE"


@contextmanager
def a_question(folder: Path, door: str = "acme", **sections: Any) -> Iterator[tuple[Chats, str]]:
    """A ticket of somebody in a chat that is closed, and they are asked; and the key of what they first said."""
    who = "UJOE" if door == "acme" else "4711"
    with chats(folder, **sections) as life:
        key = life.says(who, "The printer is broken", door=door)
        life.presses("UBEN", "resolve", ticket=1, words="New toner.", thread=life.room_thread())
        life.presses(who, "confirm", "yes", ticket=1, thread=key, door=door)
        life.pass_time(hours=1)
        assert life.to(f"{door}/{who}", "survey")
        yield life, key


def given(life: Chats) -> tuple[Any, str]:
    (row,) = life.desk.rows(Survey)
    return row.rating, row.comment


@pytest.mark.parametrize(("door", "who"), [("acme", "UJOE"), ("desk_bot", "4711")])
def test_who_rates_is_thanked_where_they_are_and_may_say_more(tmp_path: Path, door: str, who: str) -> None:
    with a_question(tmp_path, door) as (life, key):
        assert life.presses(who, "rate", "4", ticket=1, thread=key, door=door) == RATED
        (thanks,) = life.to(f"{door}/{who}", "rated")
        assert thanks.thread.answers == key
        assert (thanks.notice.values["rating"], thanks.notice.values["commented"]) == (4, False)
        assert [(one.verb, one.url) for one in thanks.choices] == [("comment", "")]
        assert life.to(f"{door}/{who}", "sorry") == []


def test_the_words_of_the_form_are_the_comment_and_are_thanked_once(tmp_path: Path) -> None:
    with a_question(tmp_path) as (life, key):
        life.presses("UJOE", "rate", "4", ticket=1, thread=key)
        assert comments(life, key, "Ben was kind.") == RATED
        assert given(life) == (4, "Ben was kind.")
        assert comments(life, key, "Ben was kind.") == RATED
        first, second = life.to(JOE, "rated")
        assert second.notice.values["commented"]
        assert (len(first.choices), second.choices) == (1, ())


def comments(life: Chats, key: str, words: str, who: str = "UJOE") -> Outcome:
    """Somebody says more, as the form of Slack and the answer in Telegram bring it."""
    message = life.a_chat(who, words, thread=key, action=Action("comment", 1, {"comment": words}))
    outcome = life.desk.receive(replace(message, external_id=""))
    life.deliver()
    return outcome


def test_a_comment_without_a_rating_is_none(tmp_path: Path) -> None:
    with a_question(tmp_path) as (life, key):
        assert comments(life, key, "kind").result is Result.IGNORED
        assert given(life) == (None, "")


def test_a_low_rating_is_answered_once_with_a_way_back_and_a_way_to_say_more(tmp_path: Path) -> None:
    with a_question(tmp_path) as (life, key):
        life.desk.clock.forward(hours=13)  # late in the evening, and they have just pressed a button
        assert life.presses("UJOE", "rate", "1", ticket=1, thread=key) == RATED
        (sorry,) = life.to(JOE, "sorry")
        assert [choice.verb for choice in sorry.choices] == ["reopen", "comment"]
        assert life.to(JOE, "rated") == []
        comments(life, key, "Too slow.")
        assert given(life) == (1, "Too slow.")
        assert life.presses("UJOE", "reopen", ticket=1, thread=key).reason is Reason.NOT_FIXED
        assert life.desk.ticket(1).state == "open"


def test_a_rating_is_changed_for_twelve_hours_and_no_longer(tmp_path: Path) -> None:
    with a_question(tmp_path) as (life, key):
        life.presses("UJOE", "rate", "4", ticket=1, thread=key)
        life.desk.clock.forward(hours=11)
        assert life.presses("UJOE", "rate", "5", ticket=1, thread=key) == RATED
        assert life.presses("UJOE", "rate", "5", ticket=1, thread=key) == RATED
        assert [one.notice.values["rating"] for one in life.to(JOE, "rated")] == [4, 5]
        life.desk.clock.forward(hours=1)
        late = life.presses("UJOE", "rate", "3", ticket=1, thread=key)
        assert (late, given(life)) == (Outcome(Result.IGNORED, Reason.NO_SURVEY, 1), (5, ""))


def test_words_below_the_thanks_are_the_comment(tmp_path: Path) -> None:
    with a_question(tmp_path) as (life, key):
        life.presses("UJOE", "rate", "5", ticket=1, thread=key)
        life.says("UJOE", "Ben was quick and kind", thread=key)
        assert given(life) == (5, "Ben was quick and kind")
        assert [row.text for row in life.desk.rows(Entry) if row.kind == "rating"] == [
            "Ben was quick and kind"
        ]
        assert life.desk.ticket(1).state == "closed"


def test_nobody_else_rates_or_comments(tmp_path: Path) -> None:
    with a_question(tmp_path) as (life, key):
        assert life.presses("UANN", "rate", "1", ticket=1, thread=key).reason is Reason.NO_SURVEY
        life.presses("UJOE", "rate", "4", ticket=1, thread=key)
        assert comments(life, key, "bad", who="UANN").result is Result.IGNORED
        assert given(life) == (4, "")
        assert life.to("acme/UANN") == []


def test_a_comment_that_comes_too_late_is_heard_by_the_team_and_counts_no_more(tmp_path: Path) -> None:
    with a_question(tmp_path) as (life, key):
        life.presses("UJOE", "rate", "4", ticket=1, thread=key)
        life.desk.clock.forward(hours=13)
        assert comments(life, key, "It was slow, after all.") == Outcome(Result.IGNORED, Reason.NO_SURVEY, 1)
        assert given(life) == (4, "")
        assert life.in_room("said")[-1].notice.values["text"] == "It was slow, after all."
        assert life.desk.ticket(1).state == "closed"
