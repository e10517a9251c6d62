"""A mail's bytes to an ``IncomingMessage``: the job of the parsing processes.

Facts only: who wrote it, to whom, what, what it answers, which signs of a machine it bears and what is wrong
with it. What to do about them is the desk's business. Each question has its own file in this package.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from bot.errors import HeldError
from bot.mail.addresses import Mailbox, canonical, parse_addresses
from bot.mail.attachments import read_attachments
from bot.mail.authentication import Believed, Unproved, first_look
from bot.mail.automation import LOOP_HEADER, classify
from bot.mail.bodies import read_body
from bot.mail.bounces import read_bounce
from bot.mail.dates import parse_date
from bot.mail.forwards import find_forward, is_passed_on
from bot.mail.headers import Fields
from bot.mail.parts import Mail
from bot.mail.quotes import read_reply
from bot.message import EMAIL, RULE_FIELDS, Automation, IncomingMessage, Party, Payload

RECIPIENT_LIMIT: Final = 200
KEY_LIMIT: Final = 100
ID_LIMIT: Final = 400
SUBJECT_LIMIT: Final = 1_000
RULE_FIELD_LIMIT: Final = 20
RULE_VALUE_LIMIT: Final = 200

_ID: Final = re.compile(r"<([^<>]{1,2000})>")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,2}\Z")
_ADDRESSED: Final = ("to", "cc", "delivered-to", "x-original-to")
_OF_SERVERS: Final = (
    "x-ms-",
    "x-microsoft-",
    "x-forefront-",
    "x-google-",
    "x-gm-",
    "x-received",
    "x-original",
    "x-deskbot-",
)
"""Fields by which servers talk to each other: they would take the room of those that say something to rules.
What calls itself ours says nothing at all (D13)."""


class Unreadable(StrEnum):
    """Why a mail is held instead of becoming a message."""

    EMPTY = "empty mail"
    BROKEN = "mail that cannot be read"


@dataclass(frozen=True, slots=True)
class ReadJob:
    """For ``read_mail``."""

    payload: Payload
    believed: Believed = field(default_factory=Believed)
    """Whose word about the sender counts; nobody's, when nothing is said."""


@dataclass(frozen=True, slots=True)
class ReadMail:
    """One mail as it was read."""

    message: IncomingMessage
    unproved: Unproved | None = None
    """What DNS could still tell about the sender, when that is wanted."""


def parse_mail(payload: Payload) -> IncomingMessage:
    """Read one mail, and believe nobody about its sender. Raises as ``read_mail`` does."""
    return read_mail(ReadJob(payload)).message


def read_mail(job: ReadJob) -> ReadMail:
    """Read one mail. Raises ``HeldError`` with a reason of ``Unreadable``, and nothing else."""
    payload = job.payload
    if not payload.raw.strip():
        raise HeldError(Unreadable.EMPTY)
    try:
        mail = Mail(payload.raw)
        message = message_from(mail, payload)
        finding, unproved = first_look(payload, mail.fields, sole_sender(mail), job.believed)
        notes = (finding.note,) if finding.note else ()
        return ReadMail(
            replace(message, authentication=finding.authentication, oddities=(*message.oddities, *notes)),
            unproved,
        )
    except Exception as error:
        # Nothing above is known to raise. If something does, the mail waits instead of being lost.
        raise HeldError(Unreadable.BROKEN, type(error).__name__) from error


def message_from(mail: Mail, payload: Payload) -> IncomingMessage:
    """The facts of a mail that was taken apart."""
    fields, envelope = mail.fields, payload.envelope
    sender = find_sender(mail)
    recipients = _recipients(fields, envelope)
    automation, sign = classify(mail, sender, envelope)
    body = read_body(mail)
    subject = fields.text("subject")[:SUBJECT_LIMIT]
    passed_on = is_passed_on(subject)
    reply = read_reply(body.text, passed_on=passed_on)
    report = automation is Automation.BOUNCE
    return IncomingMessage(
        channel=payload.channel,
        external_id=message_id(fields),
        sender=Party(EMAIL, sender.address, sender.name),
        recipients=recipients,
        subject=subject,
        text=body.text,
        reply_text=reply.text,
        received_at=payload.received_at,
        sent_at=_sent_at(fields),
        thread_keys=_thread_keys(fields),
        html=body.html,
        attachments=read_attachments(mail, body) if body.attached or body.files else (),
        automation=automation,
        automation_sign=sign,
        bounce=read_bounce(mail) if report else None,
        forwarded=None if report else find_forward(mail, subject, body.text, reply, passed_on=passed_on),
        hops=fields.number("received"),
        language=_language(fields),
        loop=fields.text(LOOP_HEADER)[:ID_LIMIT],
        headers=_for_rules(fields),
        oddities=tuple(mail.oddities),
    )


def find_sender(mail: Mail) -> Mailbox:
    """Who the mail says wrote it: From, never Reply-To (SECURITY.md D8, D19, C13)."""
    fields = mail.fields
    if fields.number("from") > 1:
        mail.odd("two From headers")
    boxes = parse_addresses(fields.plain("from"))
    addressed = [box for box in boxes if box.address]
    if len({canonical(box.address) for box in addressed}) > 1 or any(box.doubtful for box in boxes):
        mail.odd("more than one address in From")
    if addressed:
        return addressed[0]
    mail.odd("no sender's address")
    return boxes[0] if boxes else Mailbox("", "")


def sole_sender(mail: Mail) -> str:
    """The address in From when there is exactly one; else empty, because whose claim is proved cannot be told."""
    fields = mail.fields
    boxes = parse_addresses(fields.plain("from")) if fields.number("from") == 1 else []
    addresses = {canonical(box.address): box.address for box in boxes if box.address}
    doubtful = len(addresses) != 1 or any(box.doubtful for box in boxes)
    only = "" if doubtful else next(iter(addresses.values()))
    return only if "@" in only else ""  # a name alone is of the machine that sent it


def message_id(fields: Fields) -> str:
    """The Message-ID without its angle brackets, or empty."""
    return next(iter(_ids(fields.plain("message-id"))), "")


def answered_ids(fields: Fields) -> list[str]:
    """The ids in In-Reply-To."""
    return _ids(fields.plain("in-reply-to"))


def reference_ids(fields: Fields) -> list[str]:
    """The ids in References, oldest first."""
    return _ids(fields.plain("references"))


def _ids(value: str) -> list[str]:
    """Message ids, RFC 5322 section 3.6.4; seen in practice: without angle brackets, or folded inside."""
    if not value:
        return []
    found = ["".join(text.split()) for text in _ID.findall(value)]
    if not found:
        found = [word.strip("<>,;\"'") for word in value.split()]
    return [text for text in found if text and len(text) <= ID_LIMIT]


def _thread_keys(fields: Fields) -> tuple[str, ...]:
    keys = answered_ids(fields) if "in-reply-to" in fields else []
    if "references" in fields:
        keys += reversed(reference_ids(fields))
    return tuple(dict.fromkeys(keys))[:KEY_LIMIT]


def _recipients(fields: Fields, envelope: dict[str, Any]) -> tuple[Party, ...]:
    """Everyone the mail was sent to: those named in it, and those of the envelope."""
    found: dict[str, Party] = {}
    for name in _ADDRESSED:
        if name in fields:
            for value in fields.all(name):
                _add(found, parse_addresses(value))
                if len(found) >= RECIPIENT_LIMIT:
                    break
    for address in envelope.get("rcpt_to") or ():
        _add(found, parse_addresses(str(address)[:ID_LIMIT]))
    return tuple(found.values())[:RECIPIENT_LIMIT]


def _add(found: dict[str, Party], boxes: list[Mailbox]) -> None:
    for box in boxes:
        if "@" in box.address:
            found.setdefault(canonical(box.address), Party(EMAIL, box.address, box.name))


def _sent_at(fields: Fields) -> datetime | None:
    return parse_date(fields.plain("date"))


def _for_rules(fields: Fields) -> tuple[tuple[str, str], ...]:
    """The few fields that rules may look at; of several with one name the topmost, which a server wrote last."""
    names = [name for name in RULE_FIELDS if name in fields]
    names += [name for name in fields.names() if name[:2] == "x-" and not name.startswith(_OF_SERVERS)]
    return tuple((name, fields.text(name)[:RULE_VALUE_LIMIT].strip()) for name in names[:RULE_FIELD_LIMIT])


def _language(fields: Fields) -> str | None:
    """The first language of Content-Language (RFC 3282), when it looks like one."""
    value = fields.plain("content-language").partition(",")[0].strip()
    return value if value and _LANGUAGE.match(value) else None
