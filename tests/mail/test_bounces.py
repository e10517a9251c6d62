from __future__ import annotations

import pytest

from bot.mail import describe
from bot.mail.bounces import failure_status, is_permanent, original_ids
from bot.mail.parts import Mail
from bot.message import Automation
from tests.mail.letters import letter, multipart, read

STATUS = (
    "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.com\r\n\r\n"
    "Original-Recipient: rfc822;Bob@example.com\r\nFinal-Recipient: rfc822; bob@inner.example.com\r\n"
    "Action: failed\r\nStatus: 5.1.1\r\n\r\n"
    "Final-Recipient: rfc822; good@example.com\r\nAction: delivered\r\nStatus: 2.0.0\r\n"
)
DSN = multipart(
    "report; report-type=delivery-status",
    "\r\nSorry.",
    STATUS,
    "Content-Type: text/rfc822-headers\r\n\r\nA: b",
)


def test_e5_a_standard_delivery_report_is_a_bounce_and_names_whom_it_did_not_reach() -> None:
    assert read(DSN).automation is Automation.BOUNCE
    assert describe(DSN)["failed_recipient"] == ["Bob@example.com"]


def test_e5_a_report_of_what_was_delivered_names_nobody() -> None:
    delivered = DSN.replace(b"Action: failed", b"Action: relayed")
    assert describe(delivered)["failed_recipient"] == []


def test_e5_a_failed_recipients_header_is_enough() -> None:
    raw = letter("X-Failed-Recipients: a@example.com, b@example.com", "Subject: hm")
    assert describe(raw)["bounce"]
    assert describe(raw)["failed_recipient"] == ["a@example.com", "b@example.com"]


@pytest.mark.parametrize(
    ("sender", "subject", "words"),
    [
        (
            "MAILER-DAEMON@mx.example.com",
            "failure notice",
            "Hi. This is the qmail-send program at mx.example.com.\nI'm afraid I wasn't able to deliver your message to the\n"
            "following addresses. This is a permanent error; I've given up.\n\n<bob@example.com>:\nno mailbox here (#5.1.1)\n\n"
            "--- Below this line is a copy of the message.\n\nReturn-Path: <help@desk.example>\nTo: other@example.com",
        ),
        (
            "Mail Delivery System <Mailer-Daemon@mx.example.com>",
            "Mail delivery failed: returning message to sender",
            "This message was created automatically by mail delivery software.\n\nThe following address(es) failed:\n\n"
            "  bob@example.com\n    mailbox is full\n",
        ),
        (
            "System Administrator <postmaster@example.com>",
            "Undeliverable: your ticket",
            "Your message\n\n  Subject: your ticket\n\ndid not reach the following recipient(s):\n\nbob@example.com on Mon\n",
        ),
        ("Postmaster <postmaster@example.com>", "Hm", "550 5.1.1 <bob@example.com>... User unknown"),
        (
            "Mail Delivery Subsystem <MAILER-DAEMON>",
            "Unzustellbar: Ihr Ticket",
            "An <bob@example.com> nicht zugestellt.",
        ),
        ("postmaster@example.com", "邮件无法投递", "收件人地址：\n\nbob@example.com\n"),
    ],
)
def test_e5_a_report_in_plain_words_is_known_and_read(sender: str, subject: str, words: str) -> None:
    raw = letter(
        f"Subject: {subject}",
        "To: help@desk.example",
        "Content-Type: text/plain; charset=utf-8",
        body=words,
        sender=sender,
    )
    assert read(raw).automation is Automation.BOUNCE
    assert describe(raw)["failed_recipient"] == ["bob@example.com"]


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("Re: Undeliverable: your ticket", "I got this, why could it not be delivered?"),
        ("Fwd: Returned mail: see transcript", "> The following addresses had permanent fatal errors"),
        ("My mailbox is full", "Please help, mail to bob@example.com is rejected: mailbox full"),
        ("Delivery of the new laptop", "When does it come?"),
        ("Returned from holiday", "Hello again"),
        (
            "Mail delivery failed",
            "When I write to bob@example.com I get: could not be delivered, user unknown. Please help.",
        ),
        ("Undeliverable mail", "550 5.1.1 <bob@example.com>... User unknown\nWhat does it mean?"),
    ],
)
def test_a_person_who_writes_about_mail_is_no_bounce(subject: str, body: str) -> None:
    raw = letter(f"Subject: {subject}", body=body, sender="System Administrator <ann@example.com>")
    assert read(raw, mail_from="ann@example.com").automation is Automation.NONE


def test_a_person_who_attaches_a_mail_is_no_bounce() -> None:
    raw = multipart(
        "mixed", "\r\nSee this", "Content-Type: message/rfc822\r\n\r\nSubject: failure notice\r\n\r\nx"
    )
    assert read(raw).automation is Automation.NONE


def test_e5_a_report_names_the_mail_it_is_about_its_status_and_whether_it_is_final() -> None:
    returned = "Content-Type: text/rfc822-headers\r\n\r\nSubject: x\r\nMessage-ID: <ours.1@desk.example>\r\n"
    mail = Mail(multipart("report; report-type=delivery-status", "\r\nSorry.", STATUS, returned))
    assert (original_ids(mail), failure_status(mail), is_permanent(mail)) == (
        ["ours.1@desk.example"],
        "5.1.1",
        True,
    )


def test_e5_a_delay_is_not_final() -> None:
    mail = Mail(DSN.replace(b"Action: failed", b"Action: delayed").replace(b"5.1.1", b"4.4.7"))
    assert (failure_status(mail), is_permanent(mail)) == ("4.4.7", False)
    assert describe(DSN.replace(b"Action: failed", b"Action: delayed"))["bounce"]


def test_e5_a_report_in_plain_words_names_the_mail_below_its_line() -> None:
    words = "550 5.7.1 <bob@example.com> rejected\n\n--- Below this line is a copy of the message.\n\nMessage-ID: <ours.2@x>\n"
    mail = Mail(letter("Subject: failure notice", body=words, sender="MAILER-DAEMON@example.com"))
    assert (original_ids(mail), failure_status(mail), is_permanent(mail)) == (["ours.2@x"], "5.7.1", True)
