"""``kill -9`` at any moment loses nothing that was answered 250, and makes nothing happen twice."""

from __future__ import annotations

import random
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from bot.failpoints import POINTS
from tests.faults.campaign import Campaign, campaign, kill_at_random
from tests.faults.process import wait_until

ON_THE_WAY = tuple(name for name in POINTS if not name.startswith(("after_imap", "after_slack")))
"""The points that a mail passes that comes in by SMTP."""
WHERE_MOST_IS_AT_STAKE = (
    "after_commit_before_250",
    "after_inbox_claim",
    "after_receive_commit",
    "after_send_before_record",
)
"""What each run of the tests tries: the two sides of what was promised, to who sends and to who is written to."""
MAILS_FOR_A_POINT = 20
EARLY_ANSWER = (sys.executable, "-m", "tests.faults.early_answer", "run")


def killed_at_random(running: Campaign, *, kills: int, mails: int = 50) -> None:
    bot = running.bot()
    bot.start()
    kill_at_random(running, bot, kills=kills, mails=mails, chance=random.Random(kills), kind="mixed")
    sent = running.settle_all()
    verdict = running.verdict(bot)
    assert len([mail for mail in sent if mail.ok is not None]) == kills * mails
    assert not verdict.broken


def killed_at_each_point(running: Campaign, points: Sequence[str]) -> None:
    """At each point in turn, the third time it is passed; the next start is the recovery."""
    bot = running.bot()
    for point in points:
        bot.start(fail_at=f"{point}:3")
        running.client(bot, MAILS_FOR_A_POINT, rate=30)  # spread, so that there is more than one claim
        assert bot.ended_within(20), f"{point} was never passed:\n{bot.last_words()}"
        assert bot.process is not None
        assert bot.process.returncode == -signal.SIGKILL, f"{point}:\n{bot.last_words()}"
    bot.start()
    sent = running.settle_all()
    verdict = running.verdict(bot)
    assert len([mail for mail in sent if mail.ok is not None]) == MAILS_FOR_A_POINT * len(points)
    assert not verdict.broken


def test_a1_l6_x1_x2_x4_x5_killed_at_random_with_sqlite(tmp_path: Path) -> None:
    with campaign(tmp_path) as running:
        killed_at_random(running, kills=3)


def test_a1_l6_x1_x2_x4_x5_killed_at_random_with_postgresql(tmp_path: Path, postgres_url: str) -> None:
    with campaign(tmp_path, postgres_url) as running:
        killed_at_random(running, kills=3)


def test_x1_x2_x4_x5_killed_where_most_is_at_stake_with_sqlite(tmp_path: Path) -> None:
    with campaign(tmp_path) as running:
        killed_at_each_point(running, WHERE_MOST_IS_AT_STAKE)


@pytest.mark.faults
def test_x1_x2_x4_x5_killed_at_each_named_point_with_sqlite(tmp_path: Path) -> None:
    with campaign(tmp_path) as running:
        killed_at_each_point(running, ON_THE_WAY)


def test_a_door_that_answers_before_the_commit_is_caught(tmp_path: Path) -> None:
    """The negative control: what finds nothing here proves nothing elsewhere."""
    with campaign(tmp_path) as running:
        bot = running.bot(command=EARLY_ANSWER)
        bot.start()
        kill_at_random(running, bot, kills=3, mails=50, chance=random.Random(1))
        sent = running.settle_all()
        verdict = running.verdict(bot)
        assert len([mail for mail in sent if mail.ok is not None]) == 150, (
            "the client is told that all is well"
        )
        assert verdict.lost
        assert set(verdict.broken) == {"lost"}, "only the door is wrong"


def test_children_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    with campaign(tmp_path) as running:
        bot = running.bot()
        bot.start()
        bot.await_ready()
        children = [Path(f"/proc/{pid}") for pid in bot.tree()[1:]]
        assert children, "the parsing children run"
        bot.kill()
        assert wait_until(lambda: not any(child.exists() for child in children), 10)
