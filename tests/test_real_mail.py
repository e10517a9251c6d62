"""The main job, on real mail: Postfix in front of the desk and behind it, Dovecot's mailboxes, and the mail
programs of the people who write and answer.

What people see in it is shown in docs/a_day_by_mail.md; what goes wrong on the way is in
``test_real_mail_trouble``.
"""

from __future__ import annotations

import asyncio
import re
import smtplib
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Final

import pytest

from bot.app import App
from bot.store.models import Outbox, Survey, Ticket
from tests.day_by_mail import see_page, take_picture, take_picture_of_mail
from tests.peers.chromium import Chromium
from tests.peers.mail_clients import Mutt, Snail, letter, login, swaks
from tests.peers.mail_house import MailHouse, address, until
from tests.peers.postfix import DOMAIN, HOST, UNREACHABLE
from tests.real_desk import (
    HELP,
    base_subject,
    came,
    configuration,
    mailbox,
    outcomes,
    rows,
    running,
    said,
    settled,
    states,
    threads,
    words_of,
)

PRINTER: Final = "Good morning,\nthe printer on the second floor burns.\n\nBen\n"

OUTSIDE: Final = "https://help.example.test"
"""What links begin with: a web server in front of the pages."""


@pytest.fixture
def desk(mail_programs: None, mail_house: MailHouse, tmp_path: Path) -> dict[str, Any]:
    """The sections of its configuration."""
    return configuration(mail_house, tmp_path / "desk")


async def ratings(app: App) -> list[tuple[int | None, str]]:
    """How satisfied they said they were."""
    return [(row.rating, row.comment) for row in await rows(app, Survey)]


def link_in(mail: EmailMessage, page: str) -> str:
    """The first link to a page of that name, in the plain text of a mail; without what it begins with."""
    found = re.search(rf"{OUTSIDE}(/{page}/\S+)", words_of(mail))
    assert found is not None, words_of(mail)
    return found[1]


def rate_on_the_page(chromium: Chromium, at: str) -> None:
    """What a person does there: looks, sees what counts now, chooses another number, says why, confirms."""
    chromium.resize(640, 900)
    chromium.open(at)
    assert chromium.evaluate("document.querySelector('input[name=value]:checked').value") == "3"
    chromium.evaluate("document.getElementById('rate-5').click()")
    chromium.evaluate("document.getElementById('comment').value += ' But it works.'")
    take_picture(chromium, "a_day_by_mail_rating.png")
    chromium.events.clear()
    chromium.evaluate("document.querySelector('button.main').click()")
    chromium.wait_for("Page.loadEventFired")
    assert "Excellent" in chromium.evaluate("document.querySelector('.good').innerText")


async def test_a_request_is_answered_resolved_opened_again_and_ended_from_two_mail_programs(
    mail_house: MailHouse, desk: dict[str, Any], tmp_path: Path
) -> None:
    ben = Snail(mail_house, "ben", "Ben Ricci", tmp_path)
    anna = Mutt(mail_house, "anna", "Anna Rossi", tmp_path)
    desk["desk"] |= {"base_url": OUTSIDE}
    desk["web"] = {"port": 0}
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

        # A note stays inside; the second solution holds: "yes" ends it.
        anna.reply_to_last("#note The second fuser as well.\n#resolve A new printer stands there now.")
        last = (await mail_house.arrived("ben", 4))[3]
        assert "A new printer stands there now." in words_of(last)
        assert "second fuser" not in last.as_string()
        await mail_house.arrived("anna", 4)
        ben.reply(4, "Yes")
        survey = (await mail_house.arrived("ben", 5))[4]
        assert await states(app) == ["closed"]

        # He is asked once how satisfied he was, says so by a digit, and thinks better of it on the page.
        ben.reply(5, "3\nIt took two attempts.")
        await settled(app, 7)
        assert await ratings(app) == [(3, "It took two attempts.")]
        with Chromium(tmp_path / "browser", elsewhere=app.pages.port) as chromium:
            page = f"http://127.0.0.1:{app.pages.port}{link_in(survey, 'rate')}"
            await asyncio.to_thread(rate_on_the_page, chromium, page)
            chromium.resize(640, 400)
            take_picture_of_mail(chromium, acknowledgement, "a_day_by_mail_ben.png", tmp_path)
            take_picture_of_mail(chromium, news, "a_day_by_mail_anna.png", tmp_path)
        assert await ratings(app) == [(5, "It took two attempts. But it works.")]
        assert await said(app) == [
            ("message", PRINTER.strip()),
            ("reply", "Hello Ben,\n\nplease pull the plug."),
            ("reply", "The fuser was burnt. There is a new one."),
            ("message", "No, it is still broken."),
            ("note", "The second fuser as well."),
            ("reply", "A new printer stands there now."),
            ("message", "Yes"),
            ("rating", "3\nIt took two attempts."),
        ]
        taken = await came(app)

    # In both mailboxes it is one conversation, by references alone and by subject alone.
    assert threads(mail_house, "ben") == "(1 2 3 4 5)"
    assert threads(mail_house, "anna") == "(1 2 3 4)"
    for name in ("ben", "anna"):
        assert {base_subject(mail) for mail in mail_house.mailbox(name)} == {"The printer is on fire"}
    asked = acknowledgement["In-Reply-To"]
    assert [mail["References"].split()[0] for mail in mail_house.mailbox("ben")] == [asked] * 5

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
        in_annas_name = ["--h-From", f"Anna Rossi <{address('anna')}>"]
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

        # And in Anna's name she is not Anna: the login tells colleagues apart.
        swaks(
            mail_house.postfix.submission,
            *login("carla"),
            *forged,
            "--from",
            address("carla"),
            *in_annas_name,
        )
        assert "nothing proves that they wrote it" in words_of((await mail_house.arrived("anna", 4))[3])
        assert await states(app) == ["new"]

        # The same mail as at first, sent with Anna's login.
        swaks(mail_house.postfix.submission, *login("anna"), *forged)
        assert "HD-1 is closed" in words_of((await mail_house.arrived("anna", 5))[4])
        assert await states(app) == ["closed"]


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
            ("appended", "not-fixed"),
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
