"""Who is told by a machine, and who is not."""

from __future__ import annotations

from pathlib import Path

from bot.message import Automation, Verdict
from bot.store.models import Event
from tests.lives import Life, a_life

WEEKS_LATER = "2026-04-20 18:00"


def a_newsletter(life: Life) -> None:
    life.writes("news@shop.example", "Buy now!", automation=Automation.LIST, verdict=Verdict.PASS)
    assert life.events_to("news") == []


def suppressed(life: Life) -> set[str]:
    """The events that the history says nobody was told of."""
    rows = life.desk.rows(Event)
    return {row.after["event"] for row in rows if row.action == "delivery.suppressed"}


def test_e2_a_requester_whom_no_machine_may_answer_hears_no_clock(tmp_path: Path) -> None:
    with a_life(tmp_path) as life:
        a_newsletter(life)
        life.until(WEEKS_LATER)
        assert life.events_to("news") == []
        assert {"delayed", "late", "still_open"} <= suppressed(life)


def test_e2_a_requester_whom_no_machine_may_answer_is_asked_nothing_when_it_ends(tmp_path: Path) -> None:
    with a_life(tmp_path) as life:
        a_newsletter(life)
        life.writes("ben", "#resolve", to="new_ticket")
        assert life.last("ben", "commands").notice.values["done"][0]["asked"] is False
        life.until(WEEKS_LATER)
        assert life.ticket().state == "closed"
        assert life.events_to("news") == []
        assert {"resolved", "confirm_reminder", "survey"} <= suppressed(life)


def test_e2_once_a_person_has_answered_them_they_hear_all_the_rest(tmp_path: Path) -> None:
    with a_life(tmp_path) as life:
        a_newsletter(life)
        life.writes("ben", "#reply Who are you?", to="new_ticket")
        life.writes("ben", "#resolve", to="new_ticket")
        life.until(WEEKS_LATER)
        assert {"reply", "resolved", "confirm_reminder", "survey"} <= set(life.events_to("news"))
