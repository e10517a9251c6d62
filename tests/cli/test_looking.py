"""Looking at what the desk has: tickets, inbox, outbox."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bot.cli.main import cli
from bot.message import Payload
from bot.store import inbox
from bot.store.models import Outbox, OutboxState
from tests.desks import MONDAY, OpenDesk, a_message, open_desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[OpenDesk]:
    """A desk with one ticket, one held payload and one acknowledgement that waits."""
    with open_desk(tmp_path) as desk:
        payload = Payload(
            "mail", "key", b"From: ann@localhost\r\n\r\nhelp", MONDAY, {"rcpt_to": ["help@localhost"]}
        )
        desk.store.write_now(lambda tx: inbox.add(tx, payload))
        (claim,) = desk.store.write_now(lambda tx: inbox.claim(tx, "w", 1, desk.desk.config.store.lease))
        desk.store.write_now(lambda tx: inbox.hold(tx, claim, "died", "exit status 9"))
        desk.receive(
            a_message("It burns.\n\x1b[2JMuch.", name="Ann \x1b]0;x\x07", subject="Fire\x1b[31m \u202eexe")
        )
        yield desk


def run(desk: OpenDesk, *words: str, typed: str | None = None) -> Result:
    """One command on the desk."""
    environment = {"DESKBOT_DESK__DATA": str(desk.folder)}
    return CliRunner().invoke(cli, words, env=environment, input=typed)


def data(desk: OpenDesk, *words: str) -> Any:
    """What a command gives to programs."""
    result = run(desk, *words)
    assert result.exit_code == 0
    return json.loads(result.output)


def test_tickets_are_listed_with_what_they_are_promised(desk: OpenDesk) -> None:
    head, line = run(desk, "tickets", "list").output.splitlines()
    assert head.split()[:3] == ["TICKET", "STATE", "PRIORITY"]
    assert line.split()[:5] == ["HD-1", "new", "P3", "2026-03-02", "13:30"]


def test_tickets_can_be_chosen_by_their_state(desk: OpenDesk) -> None:
    assert run(desk, "tickets", "list", "--state", "closed").output == "There are no tickets.\n"
    assert run(desk, "tickets", "list", "--state", "burnt").exit_code == 2


def test_a_ticket_is_shown_with_all_that_was_said(desk: OpenDesk) -> None:
    shown = run(desk, "tickets", "show", "HD-1").output
    assert shown.startswith("HD-1  Fire")
    assert "It burns.\n" in shown
    assert "ann@localhost" in shown


@pytest.mark.parametrize("written", ["HD-1", "hd-1", "1"])
def test_a_ticket_is_found_however_its_number_is_written(desk: OpenDesk, written: str) -> None:
    assert run(desk, "tickets", "show", written).exit_code == 0


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("HD-2", "there is no ticket HD-2"),
        ("XX-1", "XX-1: write a ticket's number like HD-42"),
        ("HD-²", "HD-²: write a ticket's number like HD-42"),
        ("HD-9999999999999999", "HD-9999999999999999: write a ticket's number like HD-42"),
    ],
)
def test_a_ticket_that_is_not_there_is_told(desk: OpenDesk, written: str, told: str) -> None:
    assert str(run(desk, "tickets", "show", written).exception) == told


@pytest.mark.parametrize(
    "words", [("tickets", "list"), ("tickets", "show", "HD-1"), ("tickets", "why", "HD-1")]
)
def test_g6_no_persons_words_can_steer_the_terminal(desk: OpenDesk, words: tuple[str, ...]) -> None:
    shown = run(desk, *words).output
    assert not {"\x1b", "\x07", "\u202e", "\x00"} & set(shown)


def test_what_happened_to_a_ticket_is_told_in_order(desk: OpenDesk) -> None:
    told = run(desk, "tickets", "why", "HD-1").output
    assert "acknowledgement" in told
    lines = [line[:19] for line in told.splitlines()]
    assert lines == sorted(lines)


def test_everything_can_be_had_for_programs(desk: OpenDesk) -> None:
    (listed,) = data(desk, "tickets", "list", "--json")
    shown = data(desk, "tickets", "show", "HD-1", "--json")
    why = data(desk, "tickets", "why", "HD-1", "--json")
    assert listed["reference"] == shown["reference"] == "HD-1"
    assert listed["first_response_due"] == "2026-03-02T13:30:00+00:00"
    assert [entry["kind"] for entry in shown["entries"]] == ["message"]
    assert {"entries", "attachments", "events", "inbox", "outbox", "timers"} <= set(shown)
    assert all(set(step) == {"at", "what"} for step in why)
    assert data(desk, "inbox", "list", "--json")[0]["reason"] == "died"
    assert data(desk, "outbox", "list", "--json")[0]["state"] == "queued"


def test_what_is_held_is_listed_and_shown_with_its_bytes(desk: OpenDesk) -> None:
    assert "died exit status 9" in run(desk, "inbox", "list").output
    assert data(desk, "inbox", "show", "1")["envelope"] == {"rcpt_to": ["help@localhost"]}
    assert run(desk, "inbox", "show", "1", "--raw").stdout_bytes == b"From: ann@localhost\r\n\r\nhelp"
    assert str(run(desk, "inbox", "show", "2").exception) == "there is no payload 2"


def test_what_is_held_can_be_tried_again(desk: OpenDesk) -> None:
    tried = run(desk, "inbox", "retry", "1", "2")
    assert tried.output.startswith("1: waits to be tried again\n2: is not held, or there is none")
    assert tried.exit_code == 1
    assert data(desk, "inbox", "list", "--state", "waiting", "--json")[0]["id"] == 1


def test_what_is_held_is_dropped_only_after_a_question(desk: OpenDesk) -> None:
    assert run(desk, "inbox", "drop", "1", typed="n\n").exit_code == 1
    assert data(desk, "inbox", "list", "--json") != []
    assert run(desk, "inbox", "drop", "1", "--yes").output == "1: dropped\n"
    assert run(desk, "inbox", "list").output == "Nothing is held.\n"


def test_what_waits_to_be_sent_can_be_held_and_sent_again(desk: OpenDesk) -> None:
    refused = run(desk, "outbox", "retry", "1")
    assert refused.output.startswith("1: has not failed and is not held")
    assert refused.exit_code == 1
    assert run(desk, "outbox", "hold").output.startswith("1 held; ")
    assert [row.state for row in desk.rows(Outbox)] == [OutboxState.HELD]
    assert run(desk, "outbox", "retry", "1").output == "1: waits to be sent\n"
    assert [row.state for row in desk.rows(Outbox)] == [OutboxState.QUEUED]


def test_columns_stay_in_line_with_wide_letters(desk: OpenDesk) -> None:
    desk.receive(a_message(subject="打印机着火了", name="王小明", sender="wang@localhost"))
    lines = run(desk, "tickets", "list").output.splitlines()
    column = lines[0].index("SUBJECT")
    assert lines[1][:column].count("王") == 1
    assert lines[1].index("打") == column - len("王小明")


def test_a_password_becomes_a_hash_that_the_door_reads(tmp_path: Path) -> None:
    from bot.channels.smtp_auth import read_hash

    result = CliRunner().invoke(cli, ["hash-password", "--password", "a long secret"])
    assert "a long secret" not in result.output
    read_hash(result.output.strip())
