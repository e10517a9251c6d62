"""The main job, on real mail: Postfix in front of the desk and behind it, Dovecot's mailboxes, and the mail
programs of the people who write and answer.

What people see in it is shown in docs/a_day_by_mail.md.
"""

from __future__ import annotations

import os
import smtplib
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Final

import pytest

from bot.app import App
from bot.store.models import Inbox, Outbox, Ticket
from tests.day_by_mail import PAGE, RENEW, renewed
from tests.peers.mail_clients import Mutt, Snail, require_mail_clients, swaks
from tests.peers.mail_house import PASSWORD, MailHouse, address, until
from tests.peers.postfix import DOMAIN, HOST, UNREACHABLE, Postfix
from tests.real_desk import (
    base_subject,
    came,
    configuration,
    happened,
    outcomes,
    rows,
    running,
    said,
    settled,
    states,
    threads,
    words_of,
)

pytestmark = pytest.mark.usefixtures("mail_programs")

HELP: Final = address("help")
PRINTER: Final = "Good morning,\nthe printer on the second floor burns.\n\nBen\n"


@pytest.fixture(scope="session")
def mail_programs() -> None:
    """Skips, or fails in CI, without them."""
    require_mail_clients()


@pytest.fixture
def desk(mail_house: MailHouse, tmp_path: Path) -> dict[str, Any]:
    return configuration(mail_house, tmp_path / "desk")


async def test_a_request_is_answered_resolved_opened_again_and_ended_from_two_mail_programs(
    mail_house: MailHouse, desk: dict[str, Any], tmp_path: Path
) -> None:
    ben = Snail(mail_house, "ben", "Ben Ricci", tmp_path)
    anna = Mutt(mail_house, "anna", "Anna Rossi", tmp_path)
    async with running(desk) as app:
        # Ben asks for help, and is told that it has arrived, and when he will be answered.
        ben.write(HELP, "The printer is on fire", PRINTER)
        acknowledgement = (await mail_house.arrived("ben", 1))[0]
        assert "HD-1" in words_of(acknowledgement)
        assert "today before 13:30" in words_of(acknowledgement)

        # Anna is told, and answers in her own program: Ben gets her words, and nothing else of her mail.
        news = (await mail_house.arrived("anna", 1))[0]
        assert "> the printer on the second floor burns." in words_of(news)
        anna.reply_to_last("Hello Ben,\n\nplease pull the plug.")
        answer = (await mail_house.arrived("ben", 2))[1]
        assert words_of(answer).startswith("Hello Ben,\n\nplease pull the plug.\n\nAnna Rossi\nHelp desk\n")
        assert str(answer["From"]) == f"Help desk <{HELP}>"
        for private in (address("anna"), "Extension 217", "second floor", "above this line"):
            assert private not in answer.as_string()

        # She resolves it: Ben gets what was done, she gets word that it was.
        anna.reply_to_last("#resolve\n\nThe fuser was burnt. There is a new one.")
        resolved = (await mail_house.arrived("ben", 3))[2]
        assert "The fuser was burnt. There is a new one." in words_of(resolved)
        assert "HD-1 is resolved" in words_of((await mail_house.arrived("anna", 2))[1])
        assert await states(app) == ["resolved"]

        # Ben does not agree, and his words alone reach Anna.
        ben.reply(3, "No, it is still broken.")
        again = (await mail_house.arrived("anna", 3))[2]
        assert "> No, it is still broken." in words_of(again)
        assert "The fuser was burnt" not in words_of(again)
        assert await states(app) == ["open"]

        # A note stays inside; the second solution holds, and thanks change nothing.
        anna.reply_to_last("#note The second fuser as well.\n#resolve A new printer stands there now.")
        last = (await mail_house.arrived("ben", 4))[3]
        assert "A new printer stands there now." in words_of(last)
        assert "second fuser" not in last.as_string()
        await mail_house.arrived("anna", 4)
        ben.reply(4, "Thanks a lot!")
        await mail_house.arrived("anna", 5)
        await settled(app, 6)
        assert await states(app) == ["resolved"]
        assert await said(app) == [
            ("message", PRINTER.strip()),
            ("reply", "Hello Ben,\n\nplease pull the plug."),
            ("reply", "The fuser was burnt. There is a new one."),
            ("message", "No, it is still broken."),
            ("note", "The second fuser as well."),
            ("reply", "A new printer stands there now."),
            ("message", "Thanks a lot!"),
        ]
        taken = await came(app)

    # In both mailboxes it is one conversation, by references alone and by subject alone.
    assert threads(mail_house, "ben") == "(1 2 3 4)"
    assert threads(mail_house, "anna") == "(1 2 3 4 5)"
    for name in ("ben", "anna"):
        assert {base_subject(mail) for mail in mail_house.mailbox(name)} == {"The printer is on fire"}
    asked = acknowledgement["In-Reply-To"]
    assert [mail["References"].split()[0] for mail in mail_house.mailbox("ben")] == [asked] * 4

    # Postfix knew the desk by its certificate, on the way in, and the desk Postfix, on the way out.
    assert "Verified TLS connection established to localhost" in mail_house.postfix.logged()
    see_page({name: mail_house.mailbox(name) for name in ("ben", "anna")} | {"desk": taken})


async def test_d6_an_agents_name_has_power_only_where_our_own_server_proved_it(
    mail_house: MailHouse, desk: dict[str, Any], tmp_path: Path
) -> None:
    async with running(desk) as app:
        swaks(mail_house.postfix.mx, *letter("carla", "The door is locked"))
        news = (await mail_house.arrived("anna", 1))[0]

        # Somebody outside who has the notification answers it in Anna's name, with the mark of our server.
        forged = letter("anna", str(news["Subject"]), "#close", to=news["Reply-To"].addresses[0].addr_spec)
        forged += ["--add-header", f"In-Reply-To: {news['Message-ID']}"]
        forged += ["--add-header", f"Authentication-Results: {HOST}; dmarc=pass header.from={DOMAIN}"]
        forged += ["--add-header", f"Received: from x (Authenticated sender: anna) by {HOST}; {news['Date']}"]
        swaks(mail_house.postfix.mx, *forged)
        warning = words_of((await mail_house.arrived("anna", 2))[1])
        assert "nothing proves that they wrote it" in warning
        await settled(app, 2)
        assert await states(app) == ["new"]
        assert await outcomes(app) == [("opened", "new"), ("appended", "unproved-agent")]

        # Nor is Carla an agent for being known to our server.
        swaks(mail_house.postfix.submission, *login("carla"), *letter("carla", "[HD-1] Please", "#close"))
        await mail_house.arrived("anna", 3)
        assert await states(app) == ["new"]

        # The same mail as at first, sent with Anna's login.
        swaks(mail_house.postfix.submission, *login("anna"), *forged)
        assert "HD-1 is closed" in words_of((await mail_house.arrived("anna", 4))[3])
        assert await states(app) == ["closed"]


async def test_mail_waits_in_postfix_while_the_desk_has_no_room_or_is_away_and_none_is_lost_or_doubled(
    mail_house: MailHouse, desk: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    postfix = mail_house.postfix
    full = desk | {"smtp": desk["smtp"] | {"min_free_mb": 10**9}}
    async with running(full) as app:
        swaks(postfix.mx, *letter("carla", "Before the weekend"))
        await until(lambda: "452 4.3.1" in waiting(postfix))
        assert await rows(app, Inbox) == []

    # Now the desk is stopped: Postfix finds nobody at the door.
    swaks(postfix.mx, *letter("carla", "At the weekend"))
    postfix.flush()
    await until(lambda: waiting(postfix).count("refused") == 2)

    # What listens there is not the desk that Postfix knows.
    stranger = {"certificate": mail_house.certificate.file, "key": mail_house.certificate.key}
    async with running(desk | {"smtp": desk["smtp"] | stranger}) as app:
        postfix.flush()
        await until(lambda: waiting(postfix).count("certificate not verified") == 2)
        assert await rows(app, Inbox) == []
    assert "eof_received" not in caplog.text  # Postfix left in the moment in which TLS stood

    async with running(desk) as app:
        postfix.flush()
        await mail_house.arrived("carla", 2)
        await settled(app, 2)
        assert sorted(row.subject for row in await rows(app, Ticket)) == [
            "At the weekend",
            "Before the weekend",
        ]
    assert postfix.queue() == []


async def test_e5_an_answer_that_comes_back_is_told_to_the_agent_who_wrote_it(
    mail_house: MailHouse, desk: dict[str, Any], tmp_path: Path
) -> None:
    anna = Mutt(mail_house, "anna", "Anna Rossi", tmp_path)
    async with running(desk) as app:
        # Nobody can be reached there: the acknowledgement has no sender to go back to, and ends.
        swaks(mail_house.postfix.mx, *letter("gone", "I am leaving today"))
        await mail_house.arrived("anna", 1)

        anna.reply_to_last("Good bye!")
        told = (await mail_house.arrived("anna", 2))[1]
        assert address("gone") in words_of(told)
        await settled(app, 3)
        assert await outcomes(app) == [
            ("opened", "new"),
            ("commanded", "by-agent"),
            ("appended", "our-bounce"),
        ]
        (event,) = await happened(app, "address.bounced")
        assert event.after == {"address": address("gone"), "permanent": True, "status": "5.1.1"}
        assert [row.recipient for row in await rows(app, Outbox)].count(address("gone")) == 2
    assert mail_house.postfix.queue() == []


async def test_an_address_that_the_relay_refuses_is_seen_in_the_ticket(
    mail_house: MailHouse, desk: dict[str, Any], tmp_path: Path
) -> None:
    anna = Mutt(mail_house, "anna", "Anna Rossi", tmp_path)
    async with running(desk) as app:
        swaks(mail_house.postfix.mx, *letter("refused", "Hello"))
        await mail_house.arrived("anna", 1)
        anna.reply_to_last("Good day!")
        await settled(app, 2)
        ended = await happened(app, "delivery.ended")
        assert [(event.after["kind"], event.after["state"]) for event in ended] == [
            ("acknowledgement", "failed"),
            ("reply", "failed"),
        ]
        assert "nobody of that name works here" in ended[1].after["result"]
        told = (await mail_house.arrived("anna", 2))[1]
        assert f"did not reach {address('refused')}" in words_of(told)


async def test_one_mail_to_two_addresses_of_the_desk_and_to_a_mailbox_that_it_reads_is_one_ticket(
    mail_house: MailHouse, desk: dict[str, Any]
) -> None:
    desk["imap"] = {"support": mailbox(mail_house)}
    async with running(desk) as app:
        everywhere = ",".join((HELP, address("it"), address("support")))
        swaks(mail_house.postfix.mx, *letter("carla", "Hello?", to=everywhere))
        await mail_house.arrived("carla", 1)
        await until(lambda: len(mail_house.mailbox("support", "Processed")) == 1)
        await settled(app, 1)
        assert await outcomes(app) == [("opened", "new")]
        assert len(await rows(app, Ticket)) == 1
    await mail_house.arrived("carla", 1)


async def test_a_desk_that_reads_a_mailbox_does_the_same_job(
    mail_house: MailHouse, desk: dict[str, Any], tmp_path: Path
) -> None:
    ben = Snail(mail_house, "ben", "Ben Ricci", tmp_path)
    anna = Mutt(mail_house, "anna", "Anna Rossi", tmp_path)
    desk["desk"] |= {"address": address("support"), "also": []}
    desk["smtp"] = {"enabled": False}
    desk["imap"] = {"support": mailbox(mail_house)}
    async with running(desk) as app:
        ben.write(address("support"), "The printer is on fire", PRINTER)
        await mail_house.arrived("ben", 1)
        await mail_house.arrived("anna", 1)
        anna.reply_to_last("#resolve\n\nThere is a new one.")
        await mail_house.arrived("ben", 2)
        await mail_house.arrived("anna", 2)
        ben.reply(2, "No, it is still broken.")
        await mail_house.arrived("anna", 3)
        await settled(app, 3)
        assert await states(app) == ["open"]
        assert await outcomes(app) == [
            ("opened", "new"),
            ("commanded", "by-agent"),
            ("appended", "reference"),
        ]
        await until(lambda: len(mail_house.mailbox("support", "Processed")) == 3)
    assert threads(mail_house, "ben") == "(1 2)"
    assert threads(mail_house, "anna") == "(1 2 3)"
    assert mail_house.mailbox("support") == []


async def test_a_desk_behind_postfix_by_lmtp_takes_and_answers_mail(
    mail_house: MailHouse, desk: dict[str, Any]
) -> None:
    desk["smtp"] = {"port": mail_house.postfix.desk_lmtp, "protocol": "lmtp"}
    async with running(desk) as app:
        swaks(mail_house.postfix.mx, *letter("carla", "Hello?", to=address("lmtp")))
        await mail_house.arrived("carla", 1)
        await settled(app, 1)
        assert await states(app) == ["new"]


@pytest.mark.parametrize("signs", [("marked", "names"), ("names",), ("marked",), ()], ids="+".join)
async def test_e4_the_machine_of_somebody_absent_comes_to_rest(
    signs: tuple[str, ...], mail_house: MailHouse, desk: dict[str, Any]
) -> None:
    """It marks itself as a machine, or not; it names the mail that it answers, or not."""
    marked, names = "marked" in signs, "names" in signs
    machine = Vacation(mail_house, "carla", marked=marked, names=names)
    async with running(desk) as app:
        swaks(mail_house.postfix.mx, *letter("carla", "The door is locked"))
        await rest(app, 1, machine)
        tickets = len(await states(app))
        sent = [row.kind for row in await rows(app, Outbox) if row.recipient == address("carla")]
        budget = app.config.limits.sender_per_hour
        assert sent == ["acknowledgement"] * (1 if marked or names else budget)
        assert tickets == (1 if names else machine.answered + 1)
        assert set(await states(app)) == {"new"}


@pytest.mark.faults
async def test_e3_two_machines_that_answer_each_other_through_the_desk_come_to_rest(
    mail_house: MailHouse, desk: dict[str, Any]
) -> None:
    """The agent is away as well, and both machines hide what they are."""
    machines = [Vacation(mail_house, name, marked=False, names=True) for name in ("carla", "anna")]
    async with running(desk) as app:
        swaks(mail_house.postfix.mx, *letter("carla", "The door is locked"))
        await rest(app, 1, *machines)
        assert max(machine.answered for machine in machines) <= 12
        assert len(await states(app)) == 1


async def test_an_address_in_utf8_is_answered_through_postfix(
    mail_house: MailHouse, desk: dict[str, Any]
) -> None:
    sender = f"jürgen@{UNREACHABLE}"
    mail = (
        f"From: <{sender}>\r\nTo: {HELP}\r\nSubject: Grüße\r\nMessage-ID: <1@{UNREACHABLE}>\r\n\r\nHallo!\r\n"
    )
    async with running(desk) as app:
        with smtplib.SMTP("127.0.0.1", mail_house.postfix.mx) as client:
            client.ehlo("client.test")
            client.sendmail(sender, [HELP], mail.encode(), ["SMTPUTF8", "BODY=8BITMIME"])
        await settled(app, 1)
        (ticket,) = await rows(app, Ticket)
        assert ticket.subject == "Grüße"
        (acknowledgement,) = [row for row in await rows(app, Outbox) if row.kind == "acknowledgement"]
        assert (acknowledgement.recipient, acknowledgement.state) == (sender, "sent")
    (waits,) = mail_house.postfix.queue()
    assert [recipient["address"] for recipient in waits["recipients"]] == [sender]


# What the stories are made of


def see_page(boxes: dict[str, list[EmailMessage]]) -> None:
    """The page that shows this story shows these mails."""
    page = PAGE.read_text(encoding="utf-8")
    now = renewed(page, boxes)
    if os.environ.get(RENEW):
        PAGE.write_text(now, encoding="utf-8")
    assert page == now or os.environ.get(RENEW), (
        f"docs/{PAGE.name} shows other mails than people get now: run this test with {RENEW}=1 and read the page"
    )


class Vacation:
    """A machine that answers every mail of a mailbox. ``names``: it says which one it answers."""

    def __init__(self, house: MailHouse, name: str, *, marked: bool, names: bool) -> None:
        self.house = house
        self.name = name
        self.answered = 0
        self._names = names
        self._marks = ["--add-header", "Auto-Submitted: auto-replied"] if marked else []

    def answer(self) -> int:
        """Answer what is new; how much there was."""
        new = self.house.mailbox(self.name)[self.answered :]
        for mail in new:
            self.answered += 1
            subject = f"Re: {mail['Subject']}" if self._names else f"I am away ({self.answered})"
            arguments = letter(self.name, subject, "I am away until the ninth.", *self._marks)
            if self._names:
                arguments += ["--add-header", f"In-Reply-To: {mail['Message-ID']}"]
            swaks(self.house.postfix.submission, *login(self.name), *arguments)
        return len(new)


async def rest(app: App, mails: int, *machines: Vacation) -> None:
    """Let machines answer until nothing comes any more. Raises ``AssertionError`` when they never stop."""
    for _ in range(50):
        await settled(app, mails + sum(machine.answered for machine in machines))
        await until(lambda: not machines[0].house.postfix.queue())
        if sum(machine.answer() for machine in machines) == 0:
            return
    raise AssertionError([machine.answered for machine in machines])


def letter(name: str, subject: str, words: str = "Please help.", *more: str, to: str = HELP) -> list[str]:
    """The arguments with which swaks writes a mail of somebody's."""
    sender = address(name)
    return ["--from", sender, "--to", to, "--h-Subject", subject, "--body", f"{words}\n", *more]


def login(name: str) -> list[str]:
    """The arguments with which swaks logs in."""
    return ["--tls", "--auth", "PLAIN", "--auth-user", name, "--auth-password", PASSWORD]


def mailbox(house: MailHouse) -> dict[str, Any]:
    """The mailbox support@, as the desk reads it."""
    return {
        "host": "localhost",
        "port": house.dovecot.imaps,
        "ca_file": house.certificate.file,
        "user": "support",
        "password": PASSWORD,
        "address": address("support"),
        "first_run": "all",
    }


def waiting(postfix: Postfix) -> str:
    """Why mail waits in Postfix's queue."""
    return "\n".join(
        str(recipient.get("delay_reason", "")) for mail in postfix.queue() for recipient in mail["recipients"]
    )
