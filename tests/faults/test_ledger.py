"""The books of the harness: they balance when all is well, and each rule that is broken is found."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from bot.store.models import InboxState, OutboxState
from tests.faults.ledger import Ledger, balance
from tests.peers.load import Sent
from tests.peers.sink import Record

NAMES = [f"{n}@x" for n in range(6)]


def sent(name: str, ok: float | None = 1.0, refused: str = "") -> Sent:
    return Sent(f"<{name}>", "a@x", ok=ok, refused=refused)


def arrived(name: str) -> Record:
    return Record(1.0, ["a@x"], "<ours@x>", f"<{name}>", again=False)


def ledger(names: list[str], *, uncertain: set[str] | None = None, **inbox: int) -> Ledger:
    return Ledger(Counter(names), len(names), Counter(inbox), Counter(), uncertain or set())


def test_books_balance_when_each_mail_has_one_ticket_and_one_acknowledgement() -> None:
    verdict = balance(map(sent, NAMES), ledger(NAMES), map(arrived, NAMES))
    assert not verdict.broken


def test_an_accepted_mail_without_a_ticket_is_lost() -> None:
    verdict = balance(map(sent, NAMES), ledger(NAMES[1:]), map(arrived, NAMES[1:]))
    assert verdict.broken == {"lost": (NAMES[0],)}


def test_a_mail_that_was_never_accepted_cannot_be_lost() -> None:
    assert not balance([sent(NAMES[0], ok=None)], ledger([]), []).broken


def test_a_held_payload_is_not_lost() -> None:
    assert not balance([sent(NAMES[0])], ledger([], held=1), []).broken


def test_two_tickets_for_one_mail_are_found() -> None:
    verdict = balance([sent(NAMES[0])], ledger([NAMES[0]] * 2), [arrived(NAMES[0])])
    assert verdict.broken == {"doubled": (NAMES[0],)}


def test_a_second_copy_of_an_acknowledgement_is_found() -> None:
    verdict = balance([sent(NAMES[0])], ledger([NAMES[0]]), [arrived(NAMES[0])] * 2)
    assert verdict.broken == {"copies": (NAMES[0],)}


def test_an_acknowledgement_that_vanished_is_found_unless_a_row_says_so() -> None:
    assert balance([sent(NAMES[0])], ledger([NAMES[0]]), []).broken == {"silent": (NAMES[0],)}
    assert not balance([sent(NAMES[0])], ledger([NAMES[0]], uncertain={NAMES[0]}), []).broken


def test_a_row_that_is_stuck_is_found() -> None:
    stuck = ledger([])
    stuck.outbox[OutboxState.SENDING] = 1
    stuck.inbox[InboxState.CLAIMED] = 2
    assert balance([], stuck, []).broken == {"stuck": ("inbox claimed: 2", "outbox sending: 1")}


def test_a_permanent_refusal_is_found() -> None:
    verdict = balance([sent(NAMES[0], ok=None, refused="500 no")], ledger([]), [])
    assert verdict.broken == {"refused": ("500 no",)}


def test_an_attachment_whose_file_is_missing_or_damaged_is_found(tmp_path: Path) -> None:
    books = ledger([])
    whole, damaged, missing = (hashlib.sha256(word).hexdigest() for word in (b"a", b"b", b"c"))
    books.files = {whole, damaged, missing}
    for name in (whole, damaged):
        (tmp_path / name[:2]).mkdir()
        (tmp_path / name[:2] / name).write_bytes(b"a")
    assert set(balance([], books, [], tmp_path).without_file) == {damaged, missing}


@given(st.lists(st.sampled_from(NAMES)), st.lists(st.sampled_from(NAMES)), st.sets(st.sampled_from(NAMES)))
def test_what_is_lost_doubled_or_copied_is_counted_exactly(
    tickets: list[str], acknowledgements: list[str], accepted: set[str]
) -> None:
    verdict = balance(map(sent, sorted(accepted)), ledger(tickets), map(arrived, acknowledgements))
    assert set(verdict.lost) == accepted - set(tickets)
    assert set(verdict.doubled) == {name for name in tickets if tickets.count(name) > 1}
    assert set(verdict.copies) == {name for name in acknowledgements if acknowledgements.count(name) > 1}
    assert set(verdict.silent) == set(tickets) - set(acknowledgements)
