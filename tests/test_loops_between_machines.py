"""Two machines that write to each other come to rest: a scripted second one, and seven days by a clock of ours.

The other machine answers everything that it gets within half a minute, and begins anew every few hours, so
that whatever has stopped it once must stop it again.
"""

from __future__ import annotations

import heapq
import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import sqlalchemy as sa

from bot.desk.outcome import Reason, Result
from bot.intake import receive
from bot.message import Automation, Bounce, IncomingMessage, Verdict
from bot.store.engine import Tx
from bot.store.models import Entry, Outbox, Ticket
from tests.budgets import DAY, HOUR, bare, within_budgets
from tests.desk.by_mail import ANN, ANNA, BOB, a_team, asks, letters, token_to, works
from tests.desks import MONDAY, OpenDesk, a_message

WEEK: Final = timedelta(days=7)
SOON: Final = timedelta(seconds=30)

Script = Callable[[str, str, int], dict[str, Any]]
"""What a machine writes to somebody who has sent it (token, at which address); the number counts its mails."""


@dataclass
class World:
    """The desk, the machines at their mailboxes, and the mail that is on its way."""

    desk: OpenDesk
    machines: dict[str, Script]
    now: datetime = MONDAY
    seen: int = 0
    count: Any = field(default_factory=itertools.count)
    way: list[tuple[datetime, int, IncomingMessage]] = field(default_factory=list)
    results: Counter[str] = field(default_factory=Counter)
    quiet: Counter[str] = field(default_factory=Counter)

    def post(self, at: datetime, **mail: Any) -> None:
        number = next(self.count)
        mail.setdefault("subject", f"Automatic {number}")
        mail.setdefault("text", f"We have your mail {number}.")
        heapq.heappush(self.way, (at, number, a_message(mail.pop("text"), received_at=at, **mail)))

    def run(self, until: datetime) -> None:
        """Let time pass: what is on its way arrives, and what the desk writes is answered."""
        self.desk.store.write_now(lambda tx: self._run(tx, until))

    def _run(self, tx: Tx, until: datetime) -> None:
        while self.way and self.way[0][0] <= until:
            at, _, message = heapq.heappop(self.way)
            self.desk.clock.moment = at
            outcome = receive(tx, message, self.desk.desk, at)
            self.results[outcome.reason if outcome.result is Result.HELD else outcome.result] += 1
            self.quiet[outcome.quiet or ""] += 1
            self._answer(tx, at)

    def _answer(self, tx: Tx, at: datetime) -> None:
        new = sa.select(Outbox.id, Outbox.token, Outbox.recipient).where(Outbox.id > self.seen)
        for self.seen, token, recipient in tx.run(new.order_by(Outbox.id)).all():
            if script := self.machines.get(bare(recipient)):
                self.post(at + SOON, **script(token, recipient, next(self.count)))


def threaded(token: str) -> dict[str, Any]:
    return {"thread_keys": (f"{token}@localhost",), "to": (f"help+{token}@localhost",)}


def with_headers(token: str, at: str, _: int) -> dict[str, Any]:
    return {"sender": at, "automation": Automation.AUTO_REPLY}


def with_headers_in_thread(token: str, at: str, _: int) -> dict[str, Any]:
    return {"sender": at, "automation": Automation.AUTO_REPLY, **threaded(token)}


def without_headers(_token: str, at: str, _: int) -> dict[str, Any]:
    return {"sender": at}


def with_the_same_words(_token: str, at: str, _: int) -> dict[str, Any]:
    return {"sender": at, "subject": "Your request", "text": "We have your request."}


def without_headers_in_thread(token: str, at: str, _: int) -> dict[str, Any]:
    return {"sender": at, **threaded(token)}


def with_changing_tags(_token: str, at: str, number: int) -> dict[str, Any]:
    return {"sender": bare(at).replace("@", f"+{number}@")}


def with_headers_and_changing_tags(token: str, at: str, number: int) -> dict[str, Any]:
    return {**with_changing_tags(token, at, number), "automation": Automation.AUTO_REPLY}


def with_changing_tags_in_thread(token: str, at: str, number: int) -> dict[str, Any]:
    return {"sender": bare(at).replace("@", f"+{number}@"), **threaded(token)}


def that_bounces(token: str, at: str, _: int) -> dict[str, Any]:
    report = Bounce((at,), permanent=True, originals=(f"{token}@localhost",), status="5.1.1")
    return {"sender": "", "automation": Automation.BOUNCE, "bounce": report}


def that_bounces_without_a_trace(_token: str, at: str, _: int) -> dict[str, Any]:
    return {"sender": f"mailer-daemon@{at.partition('@')[2]}", "automation": Automation.BOUNCE}


def on_the_list(_token: str, at: str, _: int) -> dict[str, Any]:
    return {"sender": at, "automation": Automation.LIST}


MACHINES: Final[dict[str, Script]] = {
    "with headers": with_headers,
    "with headers in the thread": with_headers_in_thread,
    "without headers": without_headers,
    "with the same words": with_the_same_words,
    "without headers in the thread": without_headers_in_thread,
    "with changing tags": with_changing_tags,
    "with changing tags in the thread": with_changing_tags_in_thread,
    "that bounces": that_bounces,
    "that bounces without a trace": that_bounces_without_a_trace,
    "on a list": on_the_list,
}


@pytest.mark.parametrize("home", ["localhost", "shop.example"])
@pytest.mark.parametrize("name", MACHINES)
def test_e3_any_machine_that_answers_everything_comes_to_rest(tmp_path: Path, name: str, home: str) -> None:
    with a_team(tmp_path) as desk:
        machine = f"robot@{home}"
        world = World(desk, {machine: MACHINES[name]})
        begun = 0
        for begun in range(1, 29):
            world.post(MONDAY + 6 * HOUR * (begun - 1), sender=machine)
            world.run(MONDAY + 6 * HOUR * begun)
        world.run(MONDAY + WEEK)
        assert not [at for at, _, _ in world.way if at < MONDAY + WEEK]
        within_budgets(desk)
        answered = [row for row in desk.rows(Outbox) if row.kind == "acknowledgement"]
        assert len(answered) <= 70
        assert len(desk.rows(Ticket)) <= begun + len(answered)
        assert len(desk.rows(Entry)) <= 2 * begun + 2 * len(answered) + len(letters(desk, ANNA))
        if name in {"with headers", "without headers", "with the same words", "with changing tags"}:
            told = {*world.quiet} & {Reason.SENDER_BUDGET, Reason.DOMAIN_BUDGET, Reason.AUTOMATIC}
            assert told


def test_e4_an_absent_agent_and_an_absent_requester_do_not_talk_for_ever(tmp_path: Path) -> None:
    """Neither note bears a header: what the one says goes, as words of an agent, to the other, and back."""
    with a_team(tmp_path) as desk:
        number = asks(desk)
        works(desk, ANNA, "#take", number)

        def agent(token: str, at: str, _: int) -> dict[str, Any]:
            return {"sender": at, "verdict": Verdict.PASS, **threaded(token)}

        world = World(desk, {ANN: without_headers_in_thread, ANNA: agent}, seen=len(desk.rows(Outbox)))
        for day in range(7):
            world.post(MONDAY + DAY * day, sender=ANN, subject=f"[HD-{number}]")
            world.run(MONDAY + DAY * (day + 1))
        within_budgets(desk)
        assert len(letters(desk, ANN, "reply")) <= 7 * 60
        assert len(desk.rows(Ticket)) == 1
        assert "delivery.suppressed" in desk.actions(number)


@pytest.mark.parametrize("verdict", [Verdict.PASS, Verdict.UNKNOWN])
@pytest.mark.parametrize(
    "script", [with_headers, with_headers_and_changing_tags, without_headers, with_changing_tags]
)
def test_e4_the_absence_notes_of_two_agents_do_not_answer_each_other_for_ever(
    tmp_path: Path, script: Script, verdict: Verdict
) -> None:
    with a_team(tmp_path) as desk:

        def absent(token: str, at: str, number: int) -> dict[str, Any]:
            return {**script(token, at, number), "verdict": verdict}

        world = World(desk, {ANNA: absent, BOB: absent})
        for day in range(7):
            world.post(MONDAY + DAY * day, sender=ANN)
            world.run(MONDAY + DAY * (day + 1))
        within_budgets(desk)
        assert len(desk.rows(Ticket)) <= 7 * (1 + 2 * 42)
        assert len([at for at, _, _ in world.way if at < MONDAY + WEEK]) == 0
        if script in {with_headers, with_headers_and_changing_tags}:
            assert len(desk.rows(Ticket)) == 7


def test_e1_our_own_mail_that_comes_back_is_left_alone_whichever_mark_it_kept(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        token = token_to(desk, ANN, number)
        before = len(desk.rows(Outbox))
        both: list[dict[str, Any]] = [{"loop": token}, {"external_id": f"{token}@localhost"}]
        for marks in both:
            for sender in ("help@localhost", "robot@shop.example"):
                outcome = desk.receive(a_message(sender=sender, **marks))
                assert (outcome.result, outcome.reason) == (Result.IGNORED, Reason.OWN_MAIL)
        for sender in ("help@localhost", "help+x@localhost"):
            assert desk.receive(a_message(sender=sender)).quiet is Reason.OWN_ADDRESS
        assert {row.recipient for row in desk.rows(Outbox)[before:]} <= {ANNA, BOB}


def test_e14_what_a_chat_mirrors_back_to_us_opens_nothing(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        for row in desk.rows(Outbox):
            mirrored = a_message(
                sender="notify@slack.example", loop=row.token, automation=Automation.OURSELVES
            )
            assert desk.receive(mirrored).result is Result.IGNORED
        assert [row.id for row in desk.rows(Ticket)] == [number]
