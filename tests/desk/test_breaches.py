"""Of many breaches within a few minutes each person hears one by one only of the first."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from bot.store.models import Event, Outbox, Ticket, Timer
from tests.desk.test_escalation import ROME, history, said, told
from tests.lives import Life, a_life

LIMITS: dict[str, Any] = {"sender_per_hour": 100, "sender_per_day": 100, "tickets_per_sender_hour": 100}
LEAD = "lea"


def burns(life: Life, many: int, who: str = "ann") -> None:
    """So many requests, all due at the same time."""
    for number in range(many):
        life.writes(who, f"It burns {number}.", subject=f"Fire {number}")


def listed(life: Life, who: str = LEAD) -> list[list[str]]:
    """The requests in each message that lists several."""
    return [[one["reference"] for one in m.notice.values["tickets"]] for m in said(life, who, "breaches")]


def test_the_first_breach_is_told_at_once_and_the_others_together_a_little_later(tmp_path: Path) -> None:
    with a_life(tmp_path, limits=LIMITS) as life:
        burns(life, 6)
        life.until("2026-03-02 13:31")
        assert len(said(life, LEAD, "breached")) == 1
        assert listed(life) == []
        assert {(row.level, row.queue) for row in life.desk.rows(Ticket)} == {(2, "second-line")}
        life.until("2026-03-02 13:36")
        assert len(said(life, LEAD, "breached")) == 1
        assert listed(life) == [[f"HD-{number}" for number in range(2, 7)]]
        (digest,) = said(life, LEAD, "breaches")
        first = digest.notice.values["tickets"][0]
        assert (first["subject"], first["target"], first["late"]) == ("Fire 1", "first-response", 300)
        assert (digest.notice.values["many"], digest.notice.values["more"]) == (5, 0)
        assert [row.after["to"] for row in life.desk.rows(Event) if row.action == "breach.collected"].count(
            LEAD
        ) == 5


def test_a_flood_is_one_message_an_interval(tmp_path: Path) -> None:
    with a_life(tmp_path, limits=LIMITS) as life:
        for _ in range(10):
            burns(life, 2)
            life.until(f"{life.desk.clock().astimezone(ROME) + timedelta(minutes=1):%Y-%m-%d %H:%M}")
        life.until("2026-03-02 14:30")
        rows = [row for row in life.desk.rows(Outbox) if row.event in {"breached", "breaches"}]
        theirs = sorted(row.created_at for row in rows if row.recipient.startswith(LEAD))
        assert len(theirs) >= 2
        assert all(later - earlier >= timedelta(minutes=5) for earlier, later in pairwise(theirs))
        heard = {reference for one in listed(life) for reference in one}
        heard |= {m.notice.values["reference"] for m in said(life, LEAD, "breached")}
        assert heard == {f"HD-{number}" for number in range(1, 21)}


def test_what_was_answered_meanwhile_is_not_listed(tmp_path: Path) -> None:
    with a_life(tmp_path, limits=LIMITS) as life:
        burns(life, 3)
        life.until("2026-03-02 13:31")
        last = next(m for m in life.sent if m.notice.event == "new_ticket" and m.ticket == 3)
        life.writes("ben", "Hello Ann.", to="new_ticket")
        life.until("2026-03-02 13:40")
        assert last.ticket == 3
        assert listed(life) == [["HD-2"]]


def test_with_nothing_left_to_tell_nothing_is_said(tmp_path: Path) -> None:
    with a_life(tmp_path, limits=LIMITS) as life:
        burns(life, 2)
        life.until("2026-03-02 13:31")
        life.writes("ben", "#close", to="new_ticket")
        life.until("2026-03-02 13:40")
        assert listed(life) == []


def test_what_waits_for_the_morning_is_one_message_then(tmp_path: Path) -> None:
    slow = {"P3": {"clock": "calendar", "first_response": "4h", "resolution": "90h", "update_every": "300h"}}
    with a_life(tmp_path, "2026-03-02 19:30", priorities=slow, limits=LIMITS) as life:
        burns(life, 2)
        life.until("2026-03-02 20:30")
        burns(life, 2, "bea")
        life.until("2026-03-03 08:20")
        lines = [line for line in told(life) if f" {LEAD} breached" in line]
        assert lines == [f"Tue 08:00 {LEAD} breached first-response"]
        assert listed(life) == [["HD-2", "HD-3", "HD-4"]]
        assert len(history(life, "target.breached")) == 4


def test_x21_a_bot_that_was_down_says_one_and_lists_the_rest(tmp_path: Path) -> None:
    with a_life(tmp_path, limits=LIMITS) as life:
        burns(life, 5)
        life.sleep(hours=24)
        life.settle()
        life.until("2026-03-03 09:50")
        assert len(said(life, LEAD, "breached")) == 1
        assert listed(life) == [[f"HD-{number}" for number in range(2, 6)]]
        assert {row.state for row in life.desk.rows(Timer) if row.kind.startswith("breaches")} == {"fired"}
        assert datetime.fromisoformat(said(life, LEAD, "breaches")[0].notice.values["tickets"][0]["due"])
