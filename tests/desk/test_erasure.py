"""A person is taken out of the desk wholly, stays out, and leaves figures."""

from __future__ import annotations

import hashlib
import logging
import os
import string
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from bot.desk import erasure, history
from bot.desk.erasure import MARK, Erasure, Veil
from bot.desk.outcome import Outcome, Reason, Result
from bot.errors import DeskbotError, StoreUnavailable
from bot.intake import receive
from bot.message import Attachment, IncomingMessage, Payload, Verdict
from bot.store import conversation, inbox, people
from bot.store.blobs import LocalBlobs
from bot.store.engine import Store, Tx
from bot.store.erasure import Whose
from bot.store.gone_files import GONE
from bot.store.models import (
    Address,
    AttachmentRow,
    Base,
    Entry,
    Inbox,
    LinkCode,
    Outbox,
    Participant,
    PayloadRow,
    Person,
    Survey,
    Ticket,
    Tombstone,
)
from tests.desk.by_mail import ANNA, letters, works
from tests.desks import MONDAY, OpenDesk, a_message
from tests.store.makers import count

ROSA, HOME = "rosa.luxor@corp.example", "rosa@home.example"
NAME = "Rósa Lúxor"
TRACES = (
    "rósa",
    "lúxor",
    "rosa.luxor",
    "rosa@",
    "47.11",
    "my sécret",
    "sécret of",
    "+39 06",
    "only hers",
    "private.txt",
)
"""What tells of her. Each has a character that stands in no token and no hash, whose random letters would else
spell a short name now and then."""
IN_TOKENS = frozenset(string.ascii_letters + string.digits + "+/-_=")
LEASE = timedelta(minutes=1)


def blobs_of(desk: OpenDesk) -> LocalBlobs:
    return LocalBlobs(desk.folder / "blobs")


def a_file(desk: OpenDesk, content: bytes, called: str) -> Attachment:
    name = blobs_of(desk).put(content)
    path = desk.folder / "blobs" / name[:2] / name
    os.utime(path, (MONDAY.timestamp() - 86_400,) * 2)
    return Attachment(called, "text/plain", len(content), name)


def is_kept(desk: OpenDesk, file: Attachment) -> bool:
    return (desk.folder / "blobs" / file.sha256[:2] / file.sha256).exists()


def payload_of(message: IncomingMessage, key: str) -> Payload:
    raw = f"From: {message.sender.name} <{message.sender.address}>\r\n\r\n{message.text}".encode()
    return Payload(
        "mail",
        hashlib.sha256(key.encode()).hexdigest(),
        raw,
        message.received_at,
        {"mail_from": message.sender.address},
    )


def mails(desk: OpenDesk, message: IncomingMessage, key: str) -> Outcome | None:
    """A mail comes in by a door, with its bytes; None: it was here already."""
    message = replace(message, received_at=desk.clock())
    payload = payload_of(message, key)
    if not desk.store.write_now(lambda tx: inbox.add(tx, payload)):
        return None
    (claim,) = desk.store.write_now(lambda tx: inbox.claim(tx, "w", 9, LEASE))

    def unit(tx: Tx) -> Outcome:
        outcome = receive(tx, message, desk.desk, desk.clock(), inbox_id=claim.id, key=payload.key)
        inbox.finish(tx, claim, outcome=outcome.result, reason=outcome.reason, ticket=outcome.ticket)
        return outcome

    return desk.store.write_now(unit)


def a_life(desk: OpenDesk) -> dict[str, Any]:
    """What a person leaves behind: a ticket, words in another's, files, a rating, a held mail."""
    mine, shared = a_file(desk, b"only hers", "private.txt"), a_file(desk, b"of many", "manual.pdf")
    asks = a_message(
        f"My sécret is 47.11. {NAME}",
        sender=ROSA,
        name=NAME,
        subject="Sécret of Rósa",
        attachments=(mine, shared),
    )
    first = mails(desk, asks, "first")
    assert first is not None
    number = first.ticket or 0
    works(desk, ANNA, f"#take\n#note {NAME} ({ROSA}) called; rósa sounded calm.", number)
    works(desk, ANNA, "Dear Rósa, which one?\n> My sécret is 47.11.", number)
    other = mails(desk, a_message("Ben asks.", sender="ben@localhost", attachments=(shared,)), "ben")
    assert other is not None
    person = desk.store.read_now(lambda tx: people.find(tx, "email", ROSA))
    assert person is not None

    def more(tx: Tx) -> None:
        conversation.follow(tx, other.ticket or 0, person.id, desk.clock())
        people.change(tx, person.id, phone="+39 06 47.11", department="Sales")
        tx.run(
            sa.insert(Survey).values(
                ticket_id=number,
                person_id=person.id,
                asked_at=desk.clock(),
                rating=2,
                comment="I, Rósa",
                alarmed=True,
            )
        )
        values = {
            "fields": {"line": "06 47.11"},
            "resolution": {"solution": "told Rósa Lúxor", "steps": ["Rósa"]},
        }
        tx.run(sa.update(Ticket).where(Ticket.id == number).values(values))
        inbox.add(tx, payload_of(a_message("held words of Rósa", sender=ROSA), "held"))
        (claim,) = inbox.claim(tx, "w", 9, LEASE)
        inbox.hold(tx, claim, "died", f"reading {ROSA}")

    desk.store.write_now(more)
    desk.receive(
        a_message(
            "Me too, says Rósa.", sender=ROSA, subject=f"[HD-{other.ticket}]", verdict=Verdict.PASS,
            thread_keys=(f"{desk.desk.references.issue(other.ticket or 0, ROSA)}@localhost",),
        )
    )  # fmt: skip
    desk.receive(a_message(f"link {HOME}", sender=ROSA, verdict=Verdict.PASS))
    return {"person": person.id, "number": number, "other": other.ticket, "mine": mine, "shared": shared}


def _plain(value: Any) -> Any:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def everything(store: Store) -> str:
    """All that any table says."""
    return store.read_now(
        lambda tx: "\n".join(
            f"{table.name} {[_plain(value) for value in row]}"
            for table in Base.metadata.sorted_tables
            for row in tx.run(sa.select(table))
        )
    ).lower()


def erase(desk: OpenDesk, person: int, blobs: Any = None) -> erasure.Done:
    return Erasure(desk.store, blobs or blobs_of(desk), desk.desk).run(person)


def test_no_token_and_no_hash_contains_a_trace_by_chance() -> None:
    assert not [trace for trace in TRACES if set(trace) <= IN_TOKENS]


def test_l4_nothing_of_an_erased_person_is_left_but_figures(
    desk: OpenDesk, caplog: pytest.LogCaptureFixture
) -> None:
    life = a_life(desk)
    before = desk.ticket(life["number"])
    assert [trace for trace in TRACES if trace not in everything(desk.store)] == ["only hers"]  # in a file
    with caplog.at_level(logging.INFO, "deskbot.erasure"):
        done = erase(desk, life["person"])
    after = everything(desk.store)
    told = [trace for trace in TRACES if trace in after]
    raw = (
        desk.store.read_now(lambda tx: b" ".join(tx.run(sa.select(PayloadRow.raw)).scalars()))
        .decode()
        .lower()
    )
    assert (told, "rósa" in raw) == ([], False)
    ticket = desk.ticket(life["number"])
    assert (ticket.subject, ticket.state, ticket.closed_as) == (MARK, "closed", "self")
    assert (ticket.opened_at, ticket.first_response_at, ticket.priority) == (
        before.opened_at,
        before.first_response_at,
        before.priority,
    )
    (survey,) = desk.rows(Survey)
    assert (survey.rating, survey.comment) == (2, "")
    person = next(row for row in desk.rows(Person) if row.id == life["person"])
    assert (person.name, person.phone, person.erased_at is not None) == ("", "", True)
    assert (done.tickets, done.mails, done.files) == (1, 2, 2)
    assert desk.actions(life["number"])[-1] == "erased"
    logged = " ".join(str(vars(record)) for record in caplog.records).lower()
    assert "people.erased" in logged
    assert not any(trace in logged for trace in ("rosa", "luxor", "rósa", "lúxor"))


def test_l4_what_others_said_and_what_is_others_stays(desk: OpenDesk) -> None:
    life = a_life(desk)
    erase(desk, life["person"])
    texts = [row.text for row in desk.rows(Entry) if row.ticket_id == life["number"]]
    assert f"{MARK} ({MARK}) called; {MARK} sounded calm." in texts
    assert next(row.text for row in desk.rows(Entry) if row.ticket_id == life["other"]) == "Ben asks."
    assert (is_kept(desk, life["mine"]), is_kept(desk, life["shared"])) == (False, True)
    assert [row.sha256 for row in desk.rows(AttachmentRow)] == [life["shared"].sha256]
    assert not desk.rows(Participant)
    assert not desk.rows(LinkCode)
    assert "ben@localhost" in {row.canonical for row in desk.rows(Address)}
    assert not [row for row in desk.rows(Outbox) if row.recipient == ROSA]


def test_l4_a_mailbox_that_is_read_anew_brings_nothing_back(desk: OpenDesk) -> None:
    life = a_life(desk)
    erase(desk, life["person"])
    before = (len(desk.rows(Ticket)), len(desk.rows(Entry)))
    old = a_message(f"My sécret is 47.11. {NAME}", sender=ROSA, sent_at=MONDAY)
    desk.clock.forward(hours=2)
    assert mails(desk, old, "first") is None  # the same bytes have the same key
    desk.store.write_now(lambda tx: tx.run(sa.update(Entry).values(inbox_id=None)))
    desk.store.write_now(lambda tx: tx.run(sa.delete(PayloadRow)))
    desk.store.write_now(lambda tx: tx.run(sa.delete(Inbox)))  # keys are not kept for ever
    for key in ("first", "never seen"):
        assert mails(desk, old, key) == Outcome(Result.IGNORED, Reason.ERASED)
    stranger = replace(old, sender=replace(old.sender, address="another@name.example"))
    assert mails(desk, stranger, "first") is None
    assert (len(desk.rows(Ticket)), len(desk.rows(Entry))) == before
    assert count(desk.store, PayloadRow) == 0
    assert ROSA not in everything(desk.store)


def test_l4_a_history_brings_nothing_back_and_leaves_no_bytes(small: OpenDesk) -> None:
    life = a_life(small)
    erase(small, life["person"])
    small.clock.forward(days=3)
    past = a_message("old words of Rósa", sender=ROSA, name=NAME, received_at=MONDAY - timedelta(days=300))
    payload = payload_of(past, "from an mbox")
    outcome = small.store.write_now(lambda tx: history.receive(tx, payload, past, small.desk, {}))
    assert outcome == Outcome(Result.IGNORED, Reason.ERASED)
    ben = replace(
        past, sender=replace(past.sender, address="ben@localhost", name="Ben"), text="Ben", reply_text="Ben"
    )
    other = payload_of(ben, "of Ben")
    assert (
        small.store.write_now(lambda tx: history.receive(tx, other, ben, small.desk, {})).result
        is Result.OPENED
    )
    assert not [trace for trace in TRACES if trace in everything(small.store)]


def test_l4_a_new_mail_of_an_erased_person_is_a_new_persons_new_ticket(small: OpenDesk) -> None:
    life = a_life(small)
    erase(small, life["person"])
    small.clock.forward(hours=5)
    outcome = small.receive(a_message("Hello again.", sender=ROSA, sent_at=small.clock()))
    assert (outcome.result, outcome.ticket) == (Result.OPENED, small.rows(Ticket)[-1].id)
    assert small.rows(Ticket)[-1].requester_id != life["person"]
    small.clock.forward(hours=5)
    late = a_message(
        "It was on its way for two hours.", sender=ROSA, sent_at=small.clock() - timedelta(hours=2)
    )
    assert small.receive(late).result is Result.OPENED


class DyingStore(Store):
    """Dies before its n-th transaction."""

    left = 10**9

    def write_now(self, unit: Any) -> Any:
        self.left -= 1
        if self.left < 0:
            raise StoreUnavailable("killed")
        return super().write_now(unit)


@pytest.mark.parametrize("after", range(9))
def test_l4_an_erasure_that_is_killed_anywhere_is_finished_by_the_next(small: OpenDesk, after: int) -> None:
    life = a_life(small)
    dying = DyingStore(str(small.store.url), now=small.clock)
    dying.left = after
    try:
        Erasure(dying, blobs_of(small), small.desk).run(life["person"])
        killed = False
    except StoreUnavailable:
        killed = True
    dying.close()
    if not killed or small.store.read_now(lambda tx: people.one(tx, life["person"])).erased_at:  # type: ignore[union-attr]  # the row of an erased person stays
        erasure.sweep(small.store, blobs_of(small), small.clock())
    else:
        erase(small, life["person"])
    assert not [trace for trace in TRACES if trace in everything(small.store)]
    assert not is_kept(small, life["mine"])
    assert not [row for row in small.rows(AttachmentRow) if row.sha256 == GONE]


def test_l4_content_that_came_just_now_is_removed_later(small: OpenDesk) -> None:
    life = a_life(small)
    fresh = small.folder / "blobs" / life["mine"].sha256[:2] / life["mine"].sha256
    os.utime(fresh, (MONDAY.timestamp(),) * 2)
    assert erase(small, life["person"]).later == 1
    assert fresh.exists()
    assert "private.txt" not in everything(small.store)
    assert erasure.sweep(small.store, blobs_of(small), MONDAY + timedelta(hours=2)) == 0
    assert not fresh.exists()


def test_an_active_agent_is_not_erased_and_the_text_says_what_to_do(small: OpenDesk) -> None:
    works(small, ANNA, "#mine")
    anna = small.store.read_now(lambda tx: people.find(tx, "email", ANNA))
    assert anna is not None
    with pytest.raises(DeskbotError, match="active = false"):
        erase(small, anna.id)


def test_nobody_and_the_erased_are_told_apart(small: OpenDesk) -> None:
    life = a_life(small)
    with pytest.raises(DeskbotError, match="knows nobody"):
        erase(small, 4711)
    erase(small, life["person"])
    with pytest.raises(DeskbotError, match="erased already"):
        erase(small, life["person"])


def test_whoever_has_become_part_of_the_person_goes_with_them(small: OpenDesk) -> None:
    life = a_life(small)
    small.receive(a_message("From home.", sender=HOME, name="Lúxor at home"))
    small.receive(a_message(f"link {HOME}", sender=ROSA, verdict=Verdict.PASS))
    code = letters(small, HOME, "link_code")[-1].notice.values["code"]
    small.receive(a_message(f"link {code}", sender=ROSA, verdict=Verdict.PASS))
    part = next(row.id for row in small.rows(Person) if row.merged_into_id == life["person"])
    with pytest.raises(DeskbotError, match="part of"):
        erase(small, part)
    erase(small, life["person"])
    assert not [trace for trace in (*TRACES, "home.example") if trace in everything(small.store)]


def test_tombstones_tell_nobody_whose_they_are(small: OpenDesk) -> None:
    life = a_life(small)
    erase(small, life["person"])
    plain = hashlib.sha256(ROSA.encode()).hexdigest()
    stones = small.store.read_now(lambda tx: [tuple(row) for row in tx.run(sa.select(Tombstone.__table__))])
    assert {kind for _, kind, _ in stones} == {"address", "payload"}
    assert plain not in str(stones)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Rósa's printer, RÓSA, rósalind", f"{MARK}'s printer, {MARK}, rósalind"),
        ("write to <rosa.luxor@corp.example>.", f"write to <{MARK}>."),
        ("王小明说打印机坏了", f"{MARK}说打印机坏了"),
        ("Lúxor, Rósa", f"{MARK}, {MARK}"),
        ("nothing", "nothing"),
    ],
)
def test_names_and_addresses_are_found_as_words(text: str, left: str) -> None:
    who = Whose((1,), (NAME, "王小明"), (("email", ROSA, ROSA),))
    assert Veil(who)(text) == left


@given(st.text(max_size=40), st.text(max_size=20), st.text(max_size=80))
def test_whatever_a_name_is_a_veil_is_no_pattern_of_its_own(name: str, address: str, text: str) -> None:
    veil = Veil(Whose((1,), (name,) if name else (), (("email", address, address),)))
    if address.strip() and len(address) > 3:
        assert address not in veil(f"( {address} )") or address in MARK
    assert isinstance(veil(text), str)
