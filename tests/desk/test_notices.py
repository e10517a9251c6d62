"""What the acknowledgement says, to whom, and what it must not repeat."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from bot.message import Attachment, IncomingMessage, Kind, OutgoingMessage, Verdict
from bot.store.models import Outbox
from tests.desks import MONDAY, OpenDesk, a_message, open_desk

WORDS = "Buy cheap pills at evil.example"


def answered(desk: OpenDesk, message: IncomingMessage) -> OutgoingMessage:
    """The acknowledgement of a message."""
    assert desk.receive(message).quiet is None
    return msgspec.json.decode(desk.rows(Outbox)[-1].message, type=OutgoingMessage)


def test_the_acknowledgement_names_the_ticket_and_the_promised_moment(tmp_path: Path) -> None:
    with open_desk(tmp_path, desk={"prefix": "IT"}) as desk:
        mail = answered(desk, a_message(name="Ann"))
        values = mail.notice.values
        assert (mail.kind, mail.ticket, mail.notice.event) == (Kind.ACKNOWLEDGEMENT, 1, "received")
        assert values["reference"] == "IT-1"
        assert datetime.fromisoformat(values["promised_at"]) == MONDAY + timedelta(hours=4)
        assert datetime.fromisoformat(values["promised_at"]) == desk.ticket(1).first_response_due
        assert (values["requester_name"], values["subject"], values["open_now"]) == ("Ann", "Fire", True)


def test_outside_working_hours_the_acknowledgement_says_so(tmp_path: Path) -> None:
    with open_desk(tmp_path) as desk:
        desk.clock.moment = datetime(2026, 3, 7, 22, 0, tzinfo=UTC)
        values = answered(desk, a_message()).notice.values
        assert values["open_now"] is False
        assert datetime.fromisoformat(values["promised_at"]) == datetime(2026, 3, 9, 13, 0, tzinfo=UTC)


def test_the_acknowledgement_is_in_the_desks_zone_until_a_person_has_said_theirs(tmp_path: Path) -> None:
    with open_desk(tmp_path, desk={"time_zone": "Europe/Rome"}) as desk:
        assert answered(desk, a_message()).notice.time_zone == "Europe/Rome"


def test_f11_the_acknowledgement_belongs_to_the_mail_that_it_answers(tmp_path: Path) -> None:
    with open_desk(tmp_path) as desk:
        mail = answered(desk, a_message(external_id="new@x", thread_keys=("nearest@x", "oldest@x")))
        assert (mail.thread.answers, mail.thread.earlier) == ("new@x", ("oldest@x", "nearest@x"))


def test_the_answer_to_the_acknowledgement_finds_its_ticket_and_only_its_recipient_counts(
    tmp_path: Path,
) -> None:
    with open_desk(tmp_path) as desk:
        mail = answered(desk, a_message())
        reference = desk.desk.references.read(mail.token)
        assert reference is not None
        assert reference.ticket == 1
        assert desk.desk.references.is_for(reference, "ann@localhost")
        assert not desk.desk.references.is_for(reference, "eve@localhost")


@pytest.mark.parametrize(
    ("sender", "verdict"),
    [("victim@bank.example", Verdict.UNKNOWN), ("victim@localhost.evil.example", Verdict.UNKNOWN)],
)
def test_e7_a_strangers_words_and_name_are_not_sent_to_the_address_they_claim(
    tmp_path: Path, sender: str, verdict: Verdict
) -> None:
    with open_desk(tmp_path) as desk:
        message = a_message(WORDS, subject=WORDS, name=WORDS, sender=sender, verdict=verdict)
        mail = answered(desk, message)
        assert "pills" not in msgspec.json.encode(mail).decode()


@pytest.mark.parametrize(
    ("sender", "verdict"),
    [("ann@bank.example", Verdict.PASS), ("ann@localhost", Verdict.UNKNOWN), ("ann@localhost", Verdict.PASS)],
)
def test_the_subject_and_name_of_somebody_known_are_repeated(
    tmp_path: Path, sender: str, verdict: Verdict
) -> None:
    with open_desk(tmp_path) as desk:
        mail = answered(desk, a_message(subject="Fire", name="Ann", sender=sender, verdict=verdict))
        assert (mail.to.name, mail.thread.subject, mail.notice.values["subject"]) == ("Ann", "Fire", "Fire")


def test_e7_a_thousand_forged_mails_bring_their_victim_three(tmp_path: Path) -> None:
    with open_desk(tmp_path) as desk:
        for _ in range(200):
            desk.receive(a_message(WORDS, subject=WORDS, sender="victim@bank.example"))
            desk.clock.forward(seconds=3)
        assert len(desk.rows(Outbox)) == 3


def test_d22_an_acknowledgement_holds_nothing_of_another_ticket(tmp_path: Path) -> None:
    with open_desk(tmp_path) as desk:
        desk.receive(a_message("the password is 1234", subject="Secret matter"))
        mail = answered(desk, a_message(subject="[HD-1]", sender="eve@localhost"))
        assert not {"1234", "Secret matter"} & set(msgspec.json.encode(mail).decode().split('"'))
        assert mail.ticket == 2


def test_the_acknowledgement_goes_to_the_address_as_its_owner_writes_it(tmp_path: Path) -> None:
    with open_desk(tmp_path) as desk:
        mail = answered(desk, a_message(sender="Ann.Smith@LocalHost"))
        assert mail.to.address == "Ann.Smith@LocalHost"
        assert desk.rows(Outbox)[0].recipient == "ann.smith@localhost"


def test_the_team_gets_the_files_that_came_with_a_request(tmp_path: Path) -> None:
    agents = {"anna": {"name": "Anna", "addresses": ["anna@localhost"], "teams": ["first-line"]}}
    picture = Attachment("fire.png", "image/png", 3, "a" * 64)
    with open_desk(tmp_path, agents=agents) as desk:
        desk.receive(a_message(attachments=(picture,)))
        (told,) = [row.message for row in desk.rows(Outbox) if row.recipient == "anna@localhost"]
        assert msgspec.json.decode(told, type=OutgoingMessage).attachments == (picture,)
