"""A day that is played: nothing is lost, the desk's own data stay as they are, and the same seed is the same day."""

from __future__ import annotations

import json
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from click.testing import CliRunner

from bot.cli.main import cli
from bot.config import Config
from bot.simulation.account import Account, told
from bot.simulation.people import Crowd
from bot.simulation.play import HOME, Plan, stage
from bot.simulation.post import Received
from bot.store.models import Event
from tests.cli.commands import deskbot
from tests.desk.by_mail import a_team, asks
from tests.desks import MONDAY

SHORT = ("simulate", "--hours", "1", "--from-hour", "9", "--per-hour", "6", "--people", "8", "--json")


def a_crowd(seed: int = 7) -> Crowd:
    people = tuple(f"person{number}@{HOME}" for number in range(10))
    return Crowd(people, frozenset({f"agent1@{HOME}"}), ZoneInfo("Europe/Rome"), random.Random(seed))


def a_mail(event: str, to: str, **values: object) -> Received:
    return Received(to, event, 1, dict(values), "[HD-1] Fire", "<a@b>", "help@localhost", "", "Words.")


def test_every_mail_of_a_played_day_ends_in_a_stated_outcome(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    ended = deskbot(tmp_path, *SHORT, "--keep", str(kept))
    assert ended.status == 0, ended.out + ended.err
    account = json.loads(ended.out)
    assert account["wrong"] == []
    assert account["tickets"] > 1
    assert account["mails_in"] == sum(account["outcomes"].values()) == sum(account["moves"].values())
    assert account["mails_out"]["received"] > 0
    assert account["simulated_seconds"] == 3600
    assert not (tmp_path / "var").exists()
    looked = CliRunner().invoke(cli, ["tickets", "list"], env={"DESKBOT_DESK__DATA": str(kept)})
    assert looked.output.count("HD-") == account["tickets"]
    again = CliRunner().invoke(cli, [*SHORT, "--keep", str(kept)])
    assert "is not empty" in str(again.exception)


def test_the_same_seed_brings_the_same_requests() -> None:
    first = list(a_crowd().arrivals(MONDAY, 24, 10))
    assert list(a_crowd().arrivals(MONDAY, 24, 10)) == first
    assert list(a_crowd(8).arrivals(MONDAY, 24, 10)) != first


def test_requests_come_when_people_work() -> None:
    moves = list(a_crowd().arrivals(MONDAY, 24 * 7, 20))
    hours = Counter(move.at.astimezone(ZoneInfo("Europe/Rome")).hour for move in moves)
    assert sum(hours[hour] for hour in range(9, 18)) > 5 * sum(hours[hour] for hour in range(7))
    weekend = sum(move.at.weekday() > 4 for move in moves)
    assert weekend < len(moves) / 10
    assert all(MONDAY <= move.at <= MONDAY + timedelta(days=7) for move in moves)


def test_agents_act_at_work_only() -> None:
    night = datetime(2026, 3, 6, 22, tzinfo=UTC)
    crowd = a_crowd()
    mail = a_mail("new_ticket", f"agent1@{HOME}", yours=True)
    for move in crowd.reacts(mail, night):
        local = move.at.astimezone(ZoneInfo("Europe/Rome"))
        assert (local.weekday(), 9 <= local.hour < 18) == (0, True)


def test_a_staged_desk_reaches_nobody(tmp_path: Path) -> None:
    config = Config.model_validate(
        {
            "relay": {"host": "mail.example.com"},
            "store": {"url": "postgresql://x@db.example.com/desk"},
            "imap": {"box": {"host": "imap.example.com", "user": "u", "password": "p"}},
        }
    )
    staged = stage(config, tmp_path, Plan(1, 1, 3, 1, 1, MONDAY))
    assert (staged.relay.host, staged.store.url.get_secret_value(), staged.imap) == ("", "", {})
    assert (staged.desk.data, staged.smtp.port, staged.web.enabled) == (tmp_path, 0, False)
    assert all(address.endswith(HOME) for agent in staged.agents.values() for address in agent.addresses)


def test_what_went_wrong_is_found(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        values = {"ticket_id": number, "at": MONDAY, "action": "timer.failed", "after": {"timer": "x"}}
        desk.store.write_now(lambda tx: tx.run(sa.insert(Event), values))
        account = desk.store.read_now(lambda tx: told(tx, Account(2, {}), desk.clock()))
        assert "2 mails were accepted, but 0 are kept" in account.wrong
        assert any("failed: {'timer': 'x'}" in fault for fault in account.wrong)
        assert any("received of ticket 1 is queued" in fault for fault in account.wrong)
