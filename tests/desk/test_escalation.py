"""Warnings, the word to the requester before a promise is broken, the apology after it, and the levels."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from bot.desk import escalation
from bot.errors import ConfigError
from bot.message import OutgoingMessage
from bot.store.models import Event, Person, Timer
from bot.store.timers import DueTimer
from tests.desks import a_config
from tests.lives import HOUSE, Life, a_life

ABOUT_THE_CLOCK = ("warning", "delayed", "late", "breached", "escalated")
ROME = ZoneInfo("Europe/Rome")


def told(life: Life, since: int = 0) -> list[str]:
    """What was said about the clock: when, on the wall in Rome, to whom, what."""
    lines = []
    moments = iter(life.lines)
    for message in life.sent:
        who, event = message.to.address.partition("@")[0], message.notice.event
        mark = f"  -> {who}: {event}"
        at = next(at for at, what in moments if what == mark or what.startswith(f"{mark} "))
        if event in ABOUT_THE_CLOCK:
            values = message.notice.values
            more = " ".join(str(values[key]) for key in ("target", "percent") if key in values)
            lines.append(f"{at.astimezone(ROME):%a %H:%M} {who} {event} {more}".rstrip())
    return lines[since:]


def said(life: Life, who: str, event: str) -> list[OutgoingMessage]:
    return [m for m in life.sent if m.notice.event == event and m.to.address.partition("@")[0] == who]


def at(message: OutgoingMessage, name: str) -> str:
    """A moment in a message, on the wall in Rome."""
    value = datetime.fromisoformat(message.notice.values[name])
    return f"{value.astimezone(ROME):%a %H:%M}"


def history(life: Life, *actions: str) -> list[dict[str, Any]]:
    return [row.after for row in life.desk.rows(Event) if row.action in actions]


def pending(life: Life) -> list[str]:
    clocks = ("first-response", "resolution", "escalate")
    rows = life.desk.rows(Timer)
    return [row.kind for row in rows if row.state == "pending" and row.kind.startswith(clocks)]


def test_a_target_that_nobody_meets_is_warned_of_told_missed_and_escalated(tmp_path: Path) -> None:
    with a_life(tmp_path) as life:
        life.writes("ann", "It burns.")
        life.until("2026-03-04 18:00")
        assert told(life) == [
            "Mon 11:30 ben warning first-response 50",
            "Mon 12:30 ben warning first-response 75",
            "Mon 13:06 ann delayed first-response",
            "Mon 13:30 ann late first-response",
            "Mon 13:30 lea breached first-response",
            "Mon 13:30 sue breached first-response",
            "Tue 13:30 lea breached first-response",  # a working day later: the last level
            "Tue 14:00 sue warning resolution 50",
            "Wed 11:45 sue warning resolution 75",
            "Wed 13:30 lea breached first-response",  # once more, and that is all
            "Wed 15:48 ann delayed resolution",
        ]
        assert (life.ticket().level, life.ticket().queue) == (3, "second-line")
        assert pending(life) == ["resolution.due"]
        assert history(life, "escalation.ended") == [{"team": "second-line", "level": 3}]


def test_the_requester_is_told_the_new_time_and_it_is_the_one_that_is_promised(tmp_path: Path) -> None:
    with a_life(tmp_path) as life:
        life.writes("ann", "It burns.")
        life.until("2026-03-02 13:10")
        (delayed,) = said(life, "ann", "delayed")
        assert (at(delayed, "old"), at(delayed, "new")) == ("Mon 13:30", "Mon 15:30")
        assert life.ticket().promised_at.isoformat() == delayed.notice.values["new"]
        life.until("2026-03-02 14:00")
        (late,) = said(life, "ann", "late")
        assert (at(late, "due"), at(late, "new")) == ("Mon 13:30", "Mon 15:30")


def test_who_is_answered_in_time_hears_nothing_of_clocks(tmp_path: Path) -> None:
    with a_life(tmp_path) as life:
        life.writes("ann", "It burns.")
        life.until("2026-03-02 10:00")
        life.writes("ben", "Hello Ann.", to="new_ticket")
        life.until("2026-03-02 18:00")
        assert told(life) == []
        assert pending(life) == ["resolution.50"]


def test_warnings_go_to_the_owner_alone_when_there_is_one(tmp_path: Path) -> None:
    agents = {
        **HOUSE["agents"],
        "tim": {"name": "Tim", "addresses": ["tim@house.example"], "teams": ["first-line"]},
    }
    with a_life(tmp_path, agents=agents) as life:
        life.writes("ann", "It burns.")
        life.until("2026-03-02 11:40")
        assert [who.split()[2] for who in told(life)] == ["ben", "tim"]
        life.writes("tim", "#take", to="new_ticket")
        life.until("2026-03-02 12:40")
        assert told(life, 2) == ["Mon 12:30 tim warning first-response 75"]
        (first, _) = said(life, "tim", "warning")
        assert (first.notice.values["owner"], first.notice.values["who"]) == ("", "Ann")
        assert first.notice.values["percent"] == 50


def test_a_breach_leaves_the_owner_who_follows_it_to_the_end(tmp_path: Path) -> None:
    with a_life(tmp_path) as life:
        life.writes("ann", "It burns.")
        life.writes("ben", "#take", to="new_ticket")
        owner = life.ticket().owner_id
        life.until("2026-03-02 14:00")
        assert life.ticket().queue == "second-line"
        assert life.ticket().owner_id == owner
        (letter,) = said(life, "ben", "breached")
        assert letter.notice.values["to_team"] == "Second line"
        assert letter.notice.values["level"] == 2
        assert [one["text"] for one in letter.notice.values["story"]] == ["It burns."]


def test_l8_a_breach_is_in_the_history_with_its_moment_and_by_nobody(tmp_path: Path) -> None:
    with a_life(tmp_path) as life:
        life.writes("ann", "It burns.")
        life.until("2026-03-02 14:00")
        (event,) = [row for row in life.desk.rows(Event) if row.action == "target.breached"]
        due = datetime(2026, 3, 2, 13, 30, tzinfo=ROME)
        assert (event.at, event.actor_id, event.channel) == (due, None, None)
        assert event.after == {"target": "first-response", "due": "2026-03-02T12:30:00+00:00"}


# -- X21: the bot was down ---------------------------------------------------------------------------------------


def test_x21_a_bot_that_was_down_says_the_last_word_alone(tmp_path: Path) -> None:
    with a_life(tmp_path) as life:
        life.writes("ann", "It burns.")
        life.sleep(hours=24)
        life.settle()
        assert told(life) == [
            "Tue 09:30 ann late first-response",
            "Tue 09:30 lea breached first-response",
            "Tue 09:30 sue breached first-response",
        ]
        (late,) = said(life, "ann", "late")
        assert at(late, "new") == "Tue 11:30", "from now on, not from when it should have been"
        assert history(life, "milestones.skipped") == [
            {"target": "first-response", "said": "due", "skipped": ["50", "75", "tell"]}
        ]
        assert pending(life) == ["resolution.50", "escalate"]


def test_x21_what_is_not_too_late_to_say_is_said(tmp_path: Path) -> None:
    with a_life(tmp_path) as life:
        life.writes("ann", "It burns.")
        life.sleep(hours=3, minutes=45)
        life.settle()
        assert told(life) == ["Mon 13:15 ann delayed first-response"]
        life.until("2026-03-02 13:31")
        assert told(life, 1)[0] == "Mon 13:30 ann late first-response"


def test_x21_many_days_later_all_tickets_catch_up_in_the_order_of_their_moments(tmp_path: Path) -> None:
    with a_life(tmp_path, limits={"sender_per_hour": 100, "sender_per_day": 100}) as life:
        life.writes("ann", "It burns.")
        life.writes("bea", "It burns here.")
        life.sleep(days=14)
        life.settle()
        order = [
            (row.ticket_id, row.after["target"])
            for row in life.desk.rows(Event)
            if row.action == "target.breached"
        ]
        assert order == [(1, "first-response"), (2, "first-response"), (1, "resolution"), (2, "resolution")]
        assert len(said(life, "ann", "late")) == 1, "one new time, not one for each target"
        assert not said(life, "ann", "delayed")
        assert len([line for line in told(life) if "warning" in line]) == 0


def test_what_a_breach_has_overtaken_is_not_said_in_the_morning(tmp_path: Path) -> None:
    slow = {"P3": {"clock": "calendar", "first_response": "4h", "resolution": "90h"}}
    with a_life(tmp_path, "2026-03-02 20:00", priorities=slow) as life:
        life.writes("ann", "It burns.")
        life.until("2026-03-03 09:00")
        assert [line for line in told(life) if "warning" in line] == []
        assert [line for line in told(life) if " ben " in line or " sue " in line] == [
            "Tue 08:00 sue breached first-response"
        ]


# -- nights ------------------------------------------------------------------------------------------------------


def lives_in(life: Life, zone: str) -> None:
    life.desk.store.write_now(
        lambda tx: tx.run(sa.update(Person).where(Person.agent.is_(None)).values(time_zone=zone))
    )


@pytest.mark.parametrize(
    ("zone", "begins", "wanted"),
    [
        ("Europe/Rome", "09:30", "Mon 13:06"),
        # 13:06 in Rome is 04:06 in Los Angeles, and her morning comes too late: said before her night
        ("America/Los_Angeles", "05:30", "Mon 05:44"),
        # 13:06 in Rome is 20:06 in Shanghai: still awake
        ("Asia/Shanghai", "09:30", "Mon 13:06"),
        # 13:06 is 21:06 in Tokyo: said a quarter of an hour before nine
        ("Asia/Tokyo", "09:30", "Mon 12:44"),
    ],
)
def test_a_delay_is_told_before_the_break_and_not_at_night(
    tmp_path: Path, zone: str, begins: str, wanted: str
) -> None:
    with a_life(tmp_path, f"2026-03-02 {begins}") as life:
        life.writes("ann", "First.")
        lives_in(life, zone)
        life.writes("ann", "Another.", subject="Other")
        life.until("2026-03-02 13:20")
        lines = [line for line in told(life) if "ann delayed" in line]
        assert f"{wanted} ann delayed first-response" in lines


def test_what_can_only_be_said_at_night_is_said_at_night(tmp_path: Path) -> None:
    fast = {"P3": {"clock": "calendar", "first_response": "4h", "resolution": "90h"}}
    with a_life(tmp_path, "2026-03-02 21:30", priorities=fast) as life:
        life.writes("ann", "It burns.")
        life.desk.clock.moment = datetime(2026, 3, 3, 1, 6, tzinfo=ROME)
        message = last_queued(life, "delayed")
        assert message is not None
        assert message.created_at == datetime(2026, 3, 3, 1, 6, tzinfo=ROME)


@pytest.mark.parametrize(
    ("first_response", "looks", "goes"),
    [
        ("4h", "2026-03-03 01:06", None),  # promised before 01:30
        ("10h", "2026-03-03 07:10", None),  # promised before 07:30: the bot was down until then
        ("630m", "2026-03-03 07:35", None),  # promised before 08:00, when the night is over: too late
        ("631m", "2026-03-03 07:35", "2026-03-03 08:00"),
        ("14h", "2026-03-03 06:00", "2026-03-03 08:00"),
    ],
)
def test_a_delay_is_told_at_night_only_when_the_promise_ends_before_the_requesters_morning(
    tmp_path: Path, first_response: str, looks: str, goes: str | None
) -> None:
    fast = {"P3": {"clock": "calendar", "first_response": first_response, "resolution": "90h"}}
    late = {"tell_at": 50}  # each is looked at late, by a bot that was down
    with a_life(tmp_path, "2026-03-02 21:30", priorities=fast, escalation=late) as life:
        life.writes("ann", "It burns.")
        life.desk.clock.moment = datetime.fromisoformat(looks).replace(tzinfo=ROME)
        at_once = last_queued(life, "delayed")
        assert (at_once is not None) is (goes is None)
        if goes:
            life.until(f"{goes[:-1]}1")
            message = life.last("ann", "delayed")
            assert message.created_at.astimezone(ROME).isoformat(" ").startswith(goes)


def last_queued(life: Life, event: str) -> OutgoingMessage | None:
    """Fire what is due without the checks that no message is sent at night."""
    life._asleep = lambda message: None  # type: ignore[method-assign]  # this one may
    life.settle()
    return next((m for m in reversed(life.sent) if m.notice.event == event), None)


# -- changes on the way ------------------------------------------------------------------------------------------


def test_a_pause_moves_the_word_to_the_requester_with_the_target(tmp_path: Path) -> None:
    with a_life(tmp_path) as life:
        life.writes("ann", "It burns.")
        life.until("2026-03-02 10:00")
        life.writes("ben", "#wait supplier a fuse", to="new_ticket")
        assert life.ticket().waiting_for == "supplier"
        life.until("2026-03-03 10:00")
        assert told(life) == []
        life.writes("ann", "Any news?", to="received")
        life.until("2026-03-03 13:40")
        assert [line for line in told(life) if " ann " in line] == [
            "Tue 13:06 ann delayed first-response",
            "Tue 13:30 ann late first-response",
        ]
        assert at(said(life, "ann", "delayed")[0], "old") == "Tue 13:30"


def test_a_promise_that_was_told_is_kept_in_mind_when_the_target_is_put_off(tmp_path: Path) -> None:
    with a_life(tmp_path) as life:
        life.writes("ann", "It burns.")
        life.until("2026-03-02 10:00")
        life.writes("ben", "#priority P4", to="new_ticket")
        life.until("2026-03-02 13:31")
        (delayed,) = said(life, "ann", "delayed")
        assert at(delayed, "old") == "Mon 13:30"
        assert at(delayed, "new") == "Tue 09:30", "the new target, which is still ahead"
        assert not said(life, "ann", "late")


def test_a_target_that_is_set_nearer_breaks_no_promise_that_was_told(tmp_path: Path) -> None:
    with a_life(tmp_path) as life:
        life.writes("ann", "It burns.")
        life.until("2026-03-02 12:00")
        life.writes("ben", "#priority P1", to="new_ticket")
        breached = [line for line in told(life) if "breached" in line]
        assert breached[0] == "Mon 12:00 lea breached first-response"
        assert not said(life, "ann", "late"), "they expect an answer at half past one"
        life.until("2026-03-02 13:29")
        (delayed,) = said(life, "ann", "delayed")
        assert (at(delayed, "old"), at(delayed, "new")) == ("Mon 13:30", "Mon 15:30")
        life.until("2026-03-02 15:29")
        assert at(said(life, "ann", "delayed")[-1], "old") == "Mon 15:30", "nor is this one broken in silence"


def test_a_fix_that_was_promised_earlier_is_put_off_before_its_moment(tmp_path: Path) -> None:
    with a_life(tmp_path) as life:
        life.writes("ann", "It burns.")
        life.until("2026-03-02 10:00")
        life.writes("ben", "Hello Ann.", to="new_ticket")
        life.writes("ben", "#update fix 2026-03-02 15:00", to="new_ticket")
        assert life.ticket().promised_at == datetime(2026, 3, 2, 15, tzinfo=ROME)
        life.until("2026-03-02 15:00")
        (delayed,) = said(life, "ann", "delayed")
        assert (at(delayed, "old"), at(delayed, "new")) == ("Mon 15:00", "Thu 09:30")
        life.until("2026-03-05 09:00")
        assert [at(one, "old") for one in said(life, "ann", "delayed")] == ["Mon 15:00", "Thu 09:30"]


# -- levels ------------------------------------------------------------------------------------------------------


def test_an_agents_escalation_goes_the_same_way_and_ends_at_the_lead(tmp_path: Path) -> None:
    with a_life(tmp_path) as life:
        life.writes("ann", "It burns.")
        levels = []
        for reason in ("the fuse", "still the fuse", "again the fuse"):
            life.writes("ben", f"#escalate {reason}", to="new_ticket")
            levels.append((life.ticket().level, life.ticket().queue))
        assert levels == [(2, "second-line"), (3, "second-line"), (4, "second-line")]
        assert len(said(life, "sue", "escalated")) == 3
        reasons = [m.notice.values["reason"] for m in said(life, "lea", "escalated")]
        assert reasons == ["still the fuse", "again the fuse"]


def test_a_team_without_lead_and_without_a_level_above_is_told_itself(tmp_path: Path) -> None:
    teams = {"first-line": {"name": "First line"}, "second-line": {"name": "Second line"}}
    with a_life(tmp_path, teams=teams) as life:
        life.writes("ann", "It burns.")
        life.until("2026-03-03 18:00")
        breached = [line for line in told(life) if "breached" in line]
        assert breached == ["Mon 13:30 ben breached first-response"]
        assert (life.ticket().level, pending(life)) == (1, ["resolution.75"])


def test_what_is_met_after_a_breach_is_escalated_no_further(tmp_path: Path) -> None:
    with a_life(tmp_path) as life:
        life.writes("ann", "It burns.")
        life.until("2026-03-02 15:00")
        life.writes("ben", "Sorry, Ann.", to="new_ticket")
        assert pending(life) == ["resolution.50"]
        life.until("2026-03-03 13:45")
        assert life.ticket().level == 2


def test_teams_that_escalate_to_each_other_are_refused() -> None:
    teams = {"first-line": {"escalates_to": "b"}, "b": {"escalates_to": "c"}, "c": {"escalates_to": "b"}}
    with pytest.raises((ValueError, ConfigError), match="escalates_to: goes round: first-line > b > c > b"):
        a_config(teams=teams)


# -- duties ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", ["first-response.50", "resolution.tell", "resolution.due", "resolution", "escalate"]
)
@pytest.mark.parametrize("ticket", [None, 4711])
def test_a_timer_whose_ticket_is_gone_does_nothing(tmp_path: Path, kind: str, ticket: int | None) -> None:
    with a_life(tmp_path) as life:
        duty = escalation.level_is_due if kind == "escalate" else escalation.target_is_due
        timer = DueTimer(1, ticket, kind, life.now)
        life.desk.store.write_now(lambda tx: duty(tx, timer, life.desk.desk, life.now))
        assert life.desk.rows(Event) == []


@pytest.mark.parametrize(
    "kind", ["first-response.50", "first-response.tell", "first-response.due", "first-response"]
)
def test_a_duty_done_twice_is_done_once(tmp_path: Path, kind: str) -> None:
    with a_life(tmp_path) as life:
        life.writes("ann", "It burns.")
        due = {"50": 2.0, "tell": 3.6}.get(kind.partition(".")[2], 4.0)
        life.desk.clock.moment += timedelta(hours=due)
        timer = DueTimer(1, 1, kind, life.now)
        for _ in range(2):
            life.desk.store.write_now(
                lambda tx: escalation.target_is_due(tx, timer, life.desk.desk, life.now)
            )
        life.settle()
        done = history(life, "target.warned", "target.delayed", "target.breached")
        assert len(done) == {2.0: 1, 3.6: 1, 4.0: 2}[due], done


def test_a_timer_of_the_version_before_is_understood(tmp_path: Path) -> None:
    with a_life(tmp_path) as life:
        life.writes("ann", "It burns.")
        life.desk.store.write_now(
            lambda tx: tx.run(
                sa.update(Timer)
                .where(Timer.kind == "first-response.50")
                .values(kind="first-response", due_at=life.now + timedelta(hours=4))
            )
        )
        life.until("2026-03-02 13:40")
        assert [line.split()[3] for line in told(life)] == ["late", "breached", "breached"]


@pytest.mark.parametrize("state", ["waiting", "resolved", "closed"])
def test_a_timer_that_is_overtaken_does_nothing(tmp_path: Path, state: str) -> None:
    with a_life(tmp_path) as life:
        life.writes("ann", "It burns.")
        life.desk.set_state(1, state)
        before = life.desk.actions(1)
        for kind in ("first-response.due", "resolution.due"):
            timer = DueTimer(1, 1, kind, life.now + timedelta(days=9))
            duty = partial(escalation.target_is_due, timer=timer, desk=life.desk.desk, now=life.now)
            life.desk.store.write_now(duty)
        assert life.desk.actions(1) == before
