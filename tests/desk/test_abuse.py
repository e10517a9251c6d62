"""What a stranger, a forger or a curious person tries with what the desk does by itself."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import sqlalchemy as sa

from bot.config import Config
from bot.desk.page_actions import MOST_CLOSED
from bot.desk.personal_copy import PersonalCopy
from bot.desk.tickets import MESSAGE
from bot.message import EMAIL, Action, Forwarded, IncomingMessage, Party, Payload, Verdict
from bot.simulation.play import Plan, stage
from bot.store import entries, inbox, people, retention, tickets
from bot.store.engine import Tx
from bot.store.models import Address, Base, Card, Entry, Outbox, Pause, PayloadRow, Thread, Ticket
from bot.store.tickets import NewEntry
from bot.web import door
from tests.desk.by_mail import ALIAS, ANN, ANNA, TEAM, a_team, answers, asks, letters, works
from tests.desk.databases import KINDS, desk_on
from tests.desk.test_erasure import LEASE, blobs_of, erase, everything, mails, payload_of
from tests.desks import MONDAY, OpenDesk, a_config, a_message

ROSA, OTTO = "rosa@corp.example", "otto@home.example"
VICTIM = "victim@mail.example"
MAJOR: dict[str, Any] = {
    "words": ["server room"],
    "contacts": [{"unit": "Night", "name": "Otto", "addresses": [OTTO]}],
}


@pytest.fixture(params=KINDS)
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenDesk]:
    with desk_on(request, tmp_path, **TEAM, major=MAJOR) as desk:
        yield desk


# -- mail to people who have not asked for it


def test_e7_a_tag_behind_the_plus_brings_a_mailbox_no_more_codes(desk: OpenDesk) -> None:
    for i in range(12):
        address = f"victim+{i}@mail.example"
        desk.receive(a_message(f"link {address}", sender=f"eve{i}@evil.example", verdict=Verdict.PASS))
    assert len(letters(desk, event="link_code")) == 3
    failed = letters(desk, "eve11@evil.example", "link_failed")
    assert [letter.notice.values["reason"] for letter in failed] == ["too-many"]


def test_e7_a_mailbox_is_sent_ten_codes_a_day_whoever_asks(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        for hour in range(20):
            sender = f"eve{hour}@evil.example"
            desk.receive(a_message(f"link {VICTIM}", sender=sender, verdict=Verdict.PASS))
            desk.clock.forward(hours=1, minutes=1)
        assert len(letters(desk, VICTIM, "link_code")) == 10


def test_e7_a_domain_that_the_desk_does_not_serve_is_sent_a_bounded_number_of_codes(tmp_path: Path) -> None:
    with a_team(tmp_path, limits={"domain_per_hour": 5}) as desk:
        for i in range(12):
            text = f"link somebody{i}@mail.example"
            desk.receive(a_message(text, sender=f"eve{i}@evil.example", verdict=Verdict.PASS))
        assert len(letters(desk, event="link_code")) == 5


def test_e7_a_thousand_requests_and_questions_in_a_victims_name_bring_three_mails_an_hour_and_ten_a_day(
    tmp_path: Path,
) -> None:
    with a_team(tmp_path) as desk:
        for hour in range(24):
            for text in ("status", "It burns.", "status", "It burns.", "status", "status"):
                desk.receive(a_message(text, sender=VICTIM, subject="" if text == "status" else "Fire"))
            so_far = len(letters(desk, VICTIM))
            assert so_far <= 3 * (hour + 1)
            desk.clock.forward(hours=1, minutes=1)
        assert len(letters(desk, VICTIM)) == 10


def test_e7_who_is_served_is_told_where_their_requests_stand_beside_what_is_acknowledged(
    tmp_path: Path,
) -> None:
    with a_team(tmp_path) as desk:
        for _ in range(3):
            asks(desk)
        for _ in range(3):
            desk.receive(a_message("status", sender=ANN, subject=""))
        assert len(letters(desk, ANN, "status")) == 3


# -- waking everybody


def test_e7_forged_names_of_colleagues_wake_the_contacts_three_times_and_the_team_is_told(
    desk: OpenDesk,
) -> None:
    desk.clock.moment = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)
    for i in range(8):
        asks(desk, "The server room is very hot.", sender=f"colleague{i}@localhost")
    assert len(letters(desk, OTTO, "major")) == 3
    last = desk.rows(Ticket)[-1]
    assert (last.major, last.priority) == (True, "P1")
    assert "delivery.suppressed" in desk.actions(last.id)
    assert len(letters(desk, ANNA, "new_ticket")) == 8


def test_e7_forgers_do_not_keep_a_proved_sender_from_waking_the_contacts(desk: OpenDesk) -> None:
    for i in range(5):
        asks(desk, "The server room is very hot.", sender=f"colleague{i}@localhost")
    number = asks(desk, "The server room is very hot.", verdict=Verdict.PASS)
    assert letters(desk, OTTO, "major")[-1].ticket == number
    assert "major.told" in desk.actions(number)


def test_e7_an_hour_later_everybody_is_told_again(desk: OpenDesk) -> None:
    for i in range(5):
        asks(desk, "The server room is very hot.", sender=f"colleague{i}@localhost")
    desk.clock.forward(hours=1, seconds=1)
    asks(desk, "The server room is very hot.", sender="one@localhost")
    assert len(letters(desk, OTTO, "major")) == 4


# -- answers and proofs of others


@pytest.mark.parametrize("verdict", [Verdict.UNKNOWN, Verdict.FAIL])
def test_d5_a_tag_alone_in_somebodys_name_confirms_nothing(tmp_path: Path, verdict: Verdict) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        works(desk, ANNA, "#take\n#resolve done", number)
        forged = a_message("Yes, it works!", sender=ANN, subject=f"Re: [HD-{number}] Fire", verdict=verdict)
        desk.receive(forged)
        assert desk.ticket(number).closed_as is None


def test_d5_the_answer_to_our_own_question_confirms(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        works(desk, ANNA, "#take\n#resolve done", number)
        answers(desk, ANN, number, "Yes, it works!")
        assert desk.ticket(number).closed_as == "confirmed"


def test_d6_an_agents_address_that_never_wrote_cannot_become_a_strangers(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        asks(desk)
        desk.receive(a_message(f"link {ALIAS}", sender=ANN, verdict=Verdict.PASS))
        code = letters(desk, ALIAS, "link_code")[0].notice.values["code"]
        desk.receive(a_message(f"link {code}", sender=ANN, verdict=Verdict.PASS))
        assert ALIAS not in {row.canonical for row in desk.rows(Address)}
        assert letters(desk, ANN, "link_failed")[-1].notice.values["reason"] == "unknown-address"


# -- what is held of people


def test_l4_an_export_has_no_mail_that_an_agent_wrote(desk: OpenDesk) -> None:
    order = a_message(
        f"#for {ROSA}\nBeware, she is a pain.\n", sender=ANNA, verdict=Verdict.PASS, subject="Fwd: x"
    )
    passed_on = replace(order, forwarded=Forwarded(Party(EMAIL, ROSA, "Rosa"), "x", "my printer"))
    assert mails(desk, passed_on, "order") is not None
    assert mails(desk, a_message("And a scanner.", sender=ROSA, subject="More"), "own") is not None
    person = desk.store.read_now(lambda tx: people.find(tx, EMAIL, ROSA))
    assert person is not None
    stream = io.BytesIO()
    held = PersonalCopy(desk.store, blobs_of(desk), desk.desk.config).write(person.id, stream, MONDAY)
    with ZipFile(stream) as copy:
        told = b" ".join(copy.read(name) for name in copy.namelist())
    assert (b"pain" in told, b"my printer" in told, b"And a scanner." in told) == (False, True, True)
    assert held.mails == 1


def hold(desk: OpenDesk, payload: Payload) -> None:
    """A payload that nobody can read is held."""

    def unit(tx: Tx) -> None:
        inbox.add(tx, payload)
        (claim,) = inbox.claim(tx, "w", 9, LEASE)
        inbox.hold(tx, claim, "died", "x")

    desk.store.write_now(unit)


def raw_of_all(desk: OpenDesk) -> bytes:
    return desk.store.read_now(lambda tx: b" ".join(tx.run(sa.select(PayloadRow.raw)).scalars()))


def from_mailbox(message: IncomingMessage, head: str, key: str) -> Payload:
    raw = f"{head}\r\nSubject: x\r\n\r\nFrom: {ROSA}\r\nwords".encode()
    return replace(payload_of(message, key), raw=raw, envelope={"mailbox": "box", "rcpt_to": []})


def test_l4_held_forms_of_pages_and_mails_from_mailboxes_go_with_their_person(desk: OpenDesk) -> None:
    assert mails(desk, a_message("hi", sender=ROSA, name="Rosa"), "first") is not None
    form = door.Form(
        "status", "x", "add", Party(EMAIL, "Rosa@corp.example", "Rosa Luxor"), {"text": "secret"}
    )
    hold(desk, door.payload(form, "once", desk.clock()))
    message = a_message("held", sender=ROSA)
    hold(desk, from_mailbox(message, f"Date: x\r\nFrom: =?x?=\r\n <{ROSA.title()}>", "folded"))
    hold(desk, from_mailbox(message, "From: Mia <mia-rosa@corp.example>", "other"))
    hold(desk, from_mailbox(message, "From: Ben <ben@corp.example>\r\nReply-To: " + ROSA, "quotes"))
    person = desk.store.read_now(lambda tx: people.find(tx, EMAIL, ROSA))
    assert person is not None
    erase(desk, person.id)
    left = raw_of_all(desk)
    assert (b"Luxor" in left, b"=?x?=" in left) == (False, False)
    assert (b"mia-rosa@" in left, b"ben@corp" in left) == (True, True)


def in_chats(desk: OpenDesk, number: int) -> None:
    """The ticket has a conversation with its requester, one in a room, and a card."""

    def unit(tx: Tx) -> None:
        for key, role in (("4711/1", "requester"), ("C1/2", "room")):
            row = {"channel": "tg", "key": key, "ticket_id": number, "role": role, "created_at": MONDAY}
            tx.run(sa.insert(Thread).values(row))
        tx.run(sa.insert(Card).values(channel="tg", place="tg/c1", ticket_id=number))

    desk.store.write_now(unit)


def test_a_form_of_a_page_is_kept_on_every_database(desk: OpenDesk) -> None:
    form = door.Form("status", "x", "add", Party(EMAIL, ROSA), {"text": "words"})
    payload = door.payload(form, "once", desk.clock())
    assert desk.store.write_now(lambda tx: inbox.add(tx, payload))
    assert not desk.store.write_now(lambda tx: inbox.add(tx, payload))


def test_l3_no_table_that_names_tickets_keeps_an_old_one(desk: OpenDesk) -> None:
    number = asks(desk)
    in_chats(desk, number)
    desk.store.write_now(lambda tx: retention.delete(tx, [number], []))
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if any(key.column.table is Ticket.__table__ for key in column.foreign_keys):
                naming = sa.select(sa.func.count()).select_from(table).where(column == number)
                counted = desk.store.read_now(lambda tx, naming=naming: tx.run(naming).scalar())  # type: ignore[misc]  # a default binds the loop's value
                assert counted == 0, table.name


def test_l4_the_conversation_in_a_chat_goes_with_its_person(desk: OpenDesk) -> None:
    outcome = mails(desk, a_message("hi", sender=ROSA, name="Rosa"), "first")
    assert outcome is not None
    in_chats(desk, outcome.ticket or 0)
    person = desk.store.read_now(lambda tx: people.find(tx, EMAIL, ROSA))
    assert person is not None
    erase(desk, person.id)
    assert "4711" not in everything(desk.store)
    assert [row.key for row in desk.rows(Thread)] == ["C1/2"]


# -- size, and what is logged


def test_e8_fifty_long_mails_are_told_to_colleagues_by_their_beginning(desk: OpenDesk) -> None:
    number = asks(desk)
    author = desk.rows(Entry)[0].author_id

    def unit(tx: Tx) -> list[dict[str, str]]:
        for i in range(60):
            text = f"{i}" + "é" * 300_000
            entry = NewEntry(number, MESSAGE, author, "mail", text, created_at=MONDAY)
            tickets.add_entry(tx, entry, ())
        return entries.words_of(tx, number)

    story = desk.store.write_now(unit)
    assert sum(len(one["text"]) for one in story) <= 50 * 10_001
    assert story[-1]["text"].startswith("59")
    assert story[-1]["text"].endswith("…")


def test_e8_who_closes_and_opens_a_ticket_again_and_again_is_heard_ten_times(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        press = a_message("", sender=ANN, verdict=Verdict.PASS)
        for _ in range(14):
            for verb in ("close", "reopen"):
                desk.receive(replace(press, action=Action(verb, number)))
            desk.clock.forward(minutes=1)
        assert len(desk.rows(Pause)) == MOST_CLOSED
        assert desk.ticket(number).state == "open"


def test_l2_a_flood_to_one_address_is_logged_without_the_address(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        row = desk.rows(Outbox)[0]
        many = [
            {**dict(row._mapping), "id": None, "token": f"t{i}", "event": "progress", "ticket_id": None}
            for i in range(200)
        ]
        desk.store.write_now(
            lambda tx: tx.run(
                sa.insert(Outbox), [{k: v for k, v in one.items() if k != "id"} for one in many]
            )
        )
        with caplog.at_level(logging.DEBUG):
            works(desk, ANNA, "#take", number)
        floods = [vars(r) for r in caplog.records if vars(r).get("action") == "letter.flood"]
        assert floods
        assert not any(ANN in str(vars(record)) for record in caplog.records)


def test_l1_no_link_no_token_and_no_code_is_logged_at_any_level(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with a_team(tmp_path) as desk, caplog.at_level(logging.DEBUG):
        number = asks(desk, verdict=Verdict.PASS)
        desk.receive(a_message(f"link {ROSA}", sender=ANN, verdict=Verdict.PASS))
        code = letters(desk, ROSA, "link_code")[0].notice.values["code"]
        desk.receive(a_message("link AAAAA-2222B", sender=ANN, verdict=Verdict.PASS))
        desk.receive(a_message(f"link {code}", sender=ANN, verdict=Verdict.PASS))
        desk.receive(a_message("status", sender=ANN, subject="", verdict=Verdict.PASS))
        works(desk, ANNA, "#take\n#resolve done", number)
        answers(desk, ANN, number, "It works, thank you!")
        vote = a_message("", sender=ANN, verdict=Verdict.PASS)
        desk.receive(replace(vote, action=Action("rate", number, {"value": "1"})))
        written = letters(desk)
        links = [part for one in written for part in _tokens_in(one.notice.values)]
        links += [choice.url.rpartition("/")[2] for one in written for choice in one.choices]
        secrets = {code, code.replace("-", ""), *(one.token for one in written), *links}
        assert len(links) > 3
        logged = " ".join(str(vars(record)) for record in caplog.records)
    assert [secret for secret in secrets if secret in logged] == []


def _tokens_in(value: Any) -> Iterator[str]:
    if isinstance(value, str) and "/status/" in value:
        yield value.rpartition("/")[2]
    elif isinstance(value, dict):
        for one in value.values():
            yield from _tokens_in(one)
    elif isinstance(value, list):
        for one in value:
            yield from _tokens_in(one)


def test_a_simulation_knows_no_door_to_the_world_outside(tmp_path: Path) -> None:
    config: Config = a_config(
        slack={"work": {"bot_token": "xoxb-1-2-3-abcdefgh", "app_token": "xapp-1-abcdefgh"}},
        telegram={"desk": {"token": "12345678:abcdefghijklmnopqrstuvwxyz012345"}},
        imap={"support": {"host": "imap.corp.example", "user": "u", "password": "p"}},
        relay={"host": "relay.corp.example"},
        store={"url": "sqlite:////var/lib/real.db"},
    )
    staged = stage(config, tmp_path, Plan(1.0, 1, 1, 1.0, 1, MONDAY))
    assert (dict(staged.slack), dict(staged.telegram), dict(staged.imap)) == ({}, {}, {})
    assert (staged.relay.host, staged.web.enabled, staged.desk.data) == ("", False, tmp_path)
    assert "real.db" not in str(staged.store)
