"""Any interleaving of two workers: nothing automatic is sent twice, no reply is lost, order is kept."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from bot.message import Kind
from bot.store import outbox
from bot.store.engine import Store
from bot.store.models import Outbox, OutboxState
from bot.store.outbox import OutboxClaim
from tests.store.makers import LEASE, Clock, message, new_ticket, pass_time, states

_WORKERS = ("a", "b")
_ADDRESSES = ("ann@example.org", "ben@example.org")
_KINDS = (Kind.ACKNOWLEDGEMENT, Kind.REPLY)


class Sending(RuleBasedStateMachine):
    """Two workers and a relay. What the relay has got is written down here, not in the store."""

    template: Path
    in_hand = Bundle("in_hand")

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="deskbot-machine-"))
        shutil.copy(self.template, self.folder / "deskbot.db")
        self.store = Store(f"sqlite:///{self.folder / 'deskbot.db'}", now=Clock())
        self.tickets = [self.store.write_now(new_ticket) for _ in range(2)]
        self.keys: dict[str, tuple[int, str]] = {}
        self.kinds: dict[str, Kind] = {}
        self.order: list[str] = []
        self.delivered: Counter[str] = Counter()
        self.settled: set[str] = set()
        self.dead: set[int] = set()

    def teardown(self) -> None:
        if not hasattr(self, "store"):
            return
        self.drain()
        self.store.close()
        shutil.rmtree(self.folder)

    @rule(ticket=st.integers(0, 1), to=st.sampled_from(_ADDRESSES), kind=st.sampled_from(_KINDS))
    def queue(self, ticket: int, to: str, kind: Kind) -> None:
        made = message(self.tickets[ticket], kind, to)
        self.store.write_now(lambda tx: outbox.queue(tx, made, to))
        self.keys[made.token] = (ticket, to)
        self.kinds[made.token] = kind
        self.order.append(made.token)

    @rule(target=in_hand, worker=st.sampled_from(_WORKERS), limit=st.integers(1, 3))
    def claim(self, worker: str, limit: int) -> list[OutboxClaim]:
        put_off = self.put_off_automatic()
        claims = self.store.write_now(lambda tx: outbox.claim(tx, worker, limit, LEASE))
        for claim in claims:
            token = claim.message.token
            may_pass = set() if self.kinds[token].automatic else put_off
            earlier = [t for t in self.order[: self.order.index(token)] if t not in may_pass]
            open_before = [t for t in earlier if self.keys[t] == self.keys[token] and t not in self.ended()]
            assert open_before == [], "a later message overtook an earlier one"
        return claims

    def put_off_automatic(self) -> set[str]:
        """Messages of machines that were tried, and wait for their next attempt."""
        query = sa.select(Outbox.token).where(
            Outbox.state == OutboxState.QUEUED, Outbox.attempts > 0, Outbox.automatic.is_(True)
        )
        return set(self.store.read_now(lambda tx: tx.run(query).scalars().all()))

    @rule(claims=consumes(in_hand), recorded=st.booleans())
    def deliver(self, claims: list[OutboxClaim], *, recorded: bool) -> None:
        """The relay takes them; the process may die before it can say so. A worker whose claim was taken over
        meanwhile is a process that was given up: it sends no more."""
        for claim in claims:
            if claim.id in self.dead and not self.still_ours(claim):
                continue
            self.delivered[claim.message.token] += 1
            if recorded:
                assert self.store.write_now(
                    partial(outbox.settle, claim=claim, state=OutboxState.SENT, result="ok")
                )

    @rule(claims=consumes(in_hand))
    def refuse(self, claims: list[OutboxClaim]) -> None:
        """The relay says 451 to them."""
        for claim in claims:
            ours = self.still_ours(claim)
            put = self.store.write_now(
                partial(outbox.put_off, claim=claim, after=LEASE, result="451", ambiguous=False)
            )
            assert put is ours

    @rule(claims=consumes(in_hand))
    def lose(self, claims: list[OutboxClaim]) -> None:
        """The process dies before it has sent them."""

    @rule(worker=st.sampled_from(_WORKERS))
    def recover(self, worker: str) -> None:
        """``worker`` has started alone: whatever others held was held by the dead."""
        self.store.write_now(lambda tx: outbox.recover(tx, worker))
        self.dead.update(range(1, len(self.order) + 1))

    @rule()
    def wait(self) -> None:
        pass_time(self.store, 2 * LEASE)

    @invariant()
    def nothing_automatic_is_sent_twice(self) -> None:
        for token, times in getattr(self, "delivered", {}).items():
            assert times <= 1 or self.kinds[token] is Kind.REPLY

    def still_ours(self, claim: OutboxClaim) -> bool:
        row = self.store.read_now(
            lambda tx: tx.run(Outbox.__table__.select().where(Outbox.id == claim.id)).one()
        )
        return bool(row.state == OutboxState.SENDING and row.attempts == claim.attempt)

    def ended(self) -> set[str]:
        table: Any = Outbox.__table__
        active = (OutboxState.QUEUED, OutboxState.SENDING)
        query = table.select().where(table.c.state.not_in(active))
        return {row.token for row in self.store.read_now(lambda tx: tx.run(query).all())}

    def drain(self) -> None:
        """At the end a last worker sends everything that is left."""
        self.store.write_now(lambda tx: outbox.recover(tx, "last"))
        pass_time(self.store, 4 * LEASE)
        while claims := self.store.write_now(lambda tx: outbox.claim(tx, "last", 10, LEASE)):
            self.deliver_all(claims)
        self.nothing_automatic_is_sent_twice()
        replies = {token for token, kind in self.kinds.items() if kind is Kind.REPLY}
        assert replies <= set(self.delivered), "a person's words were lost"
        assert not {OutboxState.QUEUED, OutboxState.SENDING} & set(states(self.store, Outbox))

    def deliver_all(self, claims: list[OutboxClaim]) -> None:
        for claim in claims:
            self.delivered[claim.message.token] += 1
            assert self.store.write_now(
                partial(outbox.settle, claim=claim, state=OutboxState.SENT, result="ok")
            )


def _examine(template: Path, examples: int) -> None:
    Sending.template = template
    chosen = settings(
        max_examples=examples, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
    )
    run_state_machine_as_test(Sending, settings=chosen)


def test_f7_x5_no_interleaving_of_two_workers_doubles_loses_or_overtakes(sqlite_template: Path) -> None:
    _examine(sqlite_template, 20)


@pytest.mark.fuzz
def test_f7_x5_no_interleaving_of_two_workers_doubles_loses_or_overtakes_at_length(
    sqlite_template: Path,
) -> None:
    _examine(sqlite_template, 1000)
