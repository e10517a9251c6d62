"""Whatever agents, requesters, strangers and machines write, in whatever order, some things always hold."""

from __future__ import annotations

import shutil
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from bot.desk.desk import Desk
from bot.desk.states import STEPS, State
from bot.intake import receive
from bot.message import Automation, Bounce, Forwarded, OutgoingMessage, Party, Verdict
from bot.store.engine import AnyRow, Store, Tx
from bot.store.models import Event, Outbox, Ticket
from tests.budgets import DAY, HOUR, most_within
from tests.desk.by_mail import ANN, ANNA, BOB, CARLA, EVE, GONE, TEAM
from tests.desks import KEY, Clock, a_config, a_message, make_store

DORA, CROWD = "dora@localhost", "crowd@elsewhere.example"
CANARY = "canary-of-a-note"
AGENTS = st.sampled_from([ANNA, BOB, CARLA])
ANYBODY = st.sampled_from([ANN, DORA, EVE, ANNA, GONE, ""])
NUMBERS = st.integers(1, 4)
CHANGES = ("state", "priority", "queue", "requester_id", "owner_id", "category", "level", "merged_into_id")

FOR_AGENTS = {"commands", "handed_over", "escalated", "new_ticket", "requester_wrote", "bounced"}

COMMANDS = st.sampled_from(
    [
        "#take", "#assign bob", "#assign carla", "#assign second-line", "#assign first-line", "#assign nobody",
        f"#note {CANARY}", f"#note\n{CANARY}\n#reply {CANARY}", "#priority P1", "#priority P3", "#priority P7",
        "#category network", f"#wait {CANARY}", "#wait", f"#escalate {CANARY}", "#resolve", f"#close {CANARY}", "#close",
        "#reopen", f"#reopen {CANARY}", "#merge HD-1", "#merge HD-2", "#merge HD-1 HD-3", "#link HD-1",
        f"#link {DORA}", f"#link {ANNA}", "#status", "#why", "#help", f"#for {ANN}", f"#for {DORA}", "#resolv", "#reply Hi.",
    ]
)  # fmt: skip
WORDS = st.sampled_from(["", "Hello, we are on it.", "Thanks!", "#close it"])

_TEMPLATE: list[Path] = []


def a_store(folder: Path, clock: Clock) -> Store:
    """A copy of a migrated store, without waiting for the disk."""
    if not _TEMPLATE:
        kept = Path(tempfile.mkdtemp())
        make_store(kept, clock).close()
        _TEMPLATE.append(kept / "deskbot.db")
    shutil.copy(_TEMPLATE[0], folder / "deskbot.db")
    return Store(f"sqlite:///{folder / 'deskbot.db'}", now=clock)


class Mailroom(RuleBasedStateMachine):
    """Everybody writes; after each mail the rows are looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.clock = Clock()
        self.store = a_store(self.folder, self.clock)
        self.desk = Desk.from_config(a_config(**TEAM), KEY)
        self.written: list[AnyRow] = []
        self.owned: set[int] = set()

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)

    def receive(self, text: str, **facts: Any) -> None:
        """One mail comes in, and everything that must hold is looked at."""
        message = a_message(text, received_at=self.clock(), **facts)

        def unit(tx: Tx) -> tuple[list[AnyRow], list[AnyRow], set[int], list[AnyRow]]:
            before = all_of(tx, Ticket)
            last = tx.run(sa.select(sa.func.max(Event.id))).scalar() or 0
            receive(tx, message, self.desk, self.clock())
            changed = set(tx.run(sa.select(Event.ticket_id).where(Event.id > last)).scalars())
            return before, all_of(tx, Ticket), changed, all_of(tx, Outbox, len(self.written))

        before, after, changed, new = self.store.write_now(unit)
        self.written += new
        only_legal_steps_are_taken_and_every_change_is_an_event(before, after, changed)
        no_note_and_no_strangers_mail_goes_out(new)
        automatic_mail_stays_within_its_budgets(self.written)
        for row in after:
            assert row.owner_id is not None or row.id not in self.owned
            if row.owner_id is not None:
                self.owned.add(row.id)

    def token(self, address: str, number: int) -> tuple[str, ...]:
        rows = [row for row in self.written if (row.recipient, row.ticket_id) == (address, number)]
        return (f"{rows[-1].token}@localhost",) if rows else ()

    @initialize()
    def begins(self) -> None:
        """Somebody asks."""
        self.receive("It burns.", sender=ANN, to=("help@localhost", CROWD))

    @rule(sender=ANYBODY, verdict=st.sampled_from(Verdict))
    def asks(self, sender: str, verdict: Verdict) -> None:
        self.receive("It burns.", sender=sender, verdict=verdict, to=("help@localhost", CROWD))

    @rule(sender=ANYBODY, number=NUMBERS, text=WORDS, of=ANYBODY, tagged=st.booleans())
    def answers(self, sender: str, number: int, text: str, of: str, tagged: bool) -> None:  # noqa: FBT001  # hypothesis calls by name
        subject = f"Re: [HD-{number}] Fire" if tagged else "Re: Fire"
        self.receive(text, sender=sender, subject=subject, thread_keys=self.token(of, number))

    @rule(agent=AGENTS, number=NUMBERS, asked=st.lists(COMMANDS, max_size=3), text=WORDS)
    def works(self, agent: str, number: int, asked: list[str], text: str) -> None:
        mail = "\n".join([*asked, "", text])
        self.receive(mail, sender=agent, verdict=Verdict.PASS, subject=f"Re: [HD-{number}] Fire")

    @rule(agent=AGENTS, sender=st.sampled_from([ANN, DORA, "help@localhost"]), number=st.integers(0, 2))
    def passes_on(self, agent: str, sender: str, number: int) -> None:
        subject = f"Fwd: [HD-{number}] x" if number else "Fwd: x"
        passed_on = Forwarded(Party("email", sender), "x", "Please help.")
        self.receive(CANARY, sender=agent, verdict=Verdict.PASS, subject=subject, forwarded=passed_on)

    @rule(
        sender=ANYBODY,
        number=NUMBERS,
        kind=st.sampled_from([a for a in Automation if a is not Automation.NONE]),
    )
    def a_machine_writes(self, sender: str, number: int, kind: Automation) -> None:
        keys = self.token(sender, number)
        report = Bounce((sender,), permanent=True, originals=keys) if kind is Automation.BOUNCE else None
        self.receive(
            "#close", sender=sender, verdict=Verdict.PASS, automation=kind, thread_keys=keys, bounce=report
        )

    @rule(by=st.sampled_from([timedelta(minutes=20), timedelta(hours=5), timedelta(days=20)]))
    def time_passes(self, by: timedelta) -> None:
        self.clock.moment += by


def all_of(tx: Tx, table: Any, offset: int = 0) -> list[AnyRow]:
    return list(tx.run(sa.select(*table.__table__.c).order_by(table.id).offset(offset)))


def only_legal_steps_are_taken_and_every_change_is_an_event(
    before: list[AnyRow], after: list[AnyRow], changed: set[int]
) -> None:
    for old, row in zip(before, after, strict=False):
        if any(getattr(row, name) != getattr(old, name) for name in CHANGES):
            assert row.id in changed
        assert row.state in set(State)
        assert row.state == old.state or reachable(State(old.state), State(row.state))


def no_note_and_no_strangers_mail_goes_out(new: list[AnyRow]) -> None:
    for row in new:
        event = msgspec.json.decode(row.message, type=OutgoingMessage).notice.event
        assert row.recipient not in {CROWD, "help@localhost", ""}
        if event in FOR_AGENTS:
            assert row.recipient in {ANNA, BOB, CARLA}
        else:
            assert CANARY not in row.message


def automatic_mail_stays_within_its_budgets(written: list[AnyRow]) -> None:
    people: dict[str, list[Any]] = {}
    for row in written:
        if row.kind == "acknowledgement":
            people.setdefault(row.recipient, []).append(row.created_at)
    for moments in people.values():
        assert most_within(moments, HOUR) <= 3
        assert most_within(moments, DAY) <= 10


def reachable(before: State, after: State) -> bool:
    """Whether legal steps lead from one state to another: a mail may hold several commands."""
    seen: set[State] = set()
    found = {before}
    while found - seen:
        step = (found - seen).pop()
        seen.add(step)
        found |= STEPS[step]
    return after in found


TestMailroom = Mailroom.TestCase
TestMailroom.settings = settings(
    max_examples=10, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)


@pytest.mark.fuzz
@pytest.mark.timeout(3600)
def test_nothing_breaks_in_long_runs_either() -> None:
    run_state_machine_as_test(
        Mailroom,
        settings=settings(
            max_examples=500, stateful_step_count=60, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
