"""Delivery reports: is this one, and who was not reached (SECURITY.md E5).

RFC 3464 where the report follows it; else, seen in practice, reports in plain words: they come from a machine
or from nobody, under a subject and with phrases that are the same for decades.
"""

from __future__ import annotations

import re
from typing import Final

from bot.mail.addresses import Mailbox, local_part, parse_addresses
from bot.mail.bodies import plain_text, words_of
from bot.mail.bounce_words import PHRASES, SUBJECTS, named_recipients
from bot.mail.headers import BLOCK_LIMIT, Fields, read_fields
from bot.mail.parts import Mail, Part
from bot.message import Bounce

RECIPIENT_LIMIT: Final = 100
_LOOK: Final = 16_000
"""Characters of a report's words that are looked at."""

_RETURNED: Final = frozenset(
    {"message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers"}
)
_ID: Final = re.compile(r"<([^<>\s]{1,400})>")
_ID_IN_TEXT: Final = re.compile(
    r"^[> \t]{0,8}Message-ID:\s{0,80}<([^<>\s]{1,400})>", re.IGNORECASE | re.MULTILINE
)
_STATUS: Final = re.compile(r"(?<![0-9.])[245]\.[0-9]{1,3}\.[0-9]{1,3}(?![0-9.])")
_REPLY_CODE: Final = re.compile(r"(?<![0-9.])([45])[0-9]{2}(?=[ -])")
_DELAY: Final = re.compile(
    r"warning message only|has been delayed|not yet been delivered|not been delivered yet|will be retried|do(?:es)? not need to (?:resend|take)|temporary (?:failure|error)|"
    r"delivery attempts will continue|has been postponed|just a warning|no action is required|delivered yet|still (?:be )?(?:trying|queued)|will (?:keep|continue) trying",
    re.IGNORECASE,
)
STATUS_TYPES: Final = frozenset({"message/delivery-status", "message/global-delivery-status"})
_MACHINES: Final = frozenset(
    {"mailer-daemon", "mailer_daemon", "mailerdaemon", "mdaemon", "mail-daemon", "maildaemon", "postmaster", "post_master",
     "mail.delivery.system", "mail-delivery-system", "mail_delivery_subsystem", "bounce", "bounces"}
)  # fmt: skip
_ROBOT: Final = re.compile(
    r"(?:no|do-?not)[-_.]?reply|anti-?virus|gateway|smtp|mailer|daemon|imss|interscan|sysadmin|mailadmin|mail-?system|mta\b|bounce",
    re.IGNORECASE,
)
_ROBOT_NAME: Final = re.compile(
    r"mail delivery (?:sub)?system|mailer[- ]daemon|mail administrator|courier mail server|interscan|delivery (?:service|notification)",
    re.IGNORECASE,
)
_ANSWERED: Final = re.compile(r"\s*(?:re|aw|sv|fwd?|wg|tr)\s?:", re.IGNORECASE)
_LATE: Final = re.compile(
    r"\(delay|delay(?:ed)?\b|warning\W|verzögert|retrasad|atrasad|ritardat|différée|vertraagd|延迟|遅延",
    re.IGNORECASE,
)
_STILL: Final = re.compile(
    r"could not be delivered to: ?<|could not be delivered to the following", re.IGNORECASE
)
_SES: Final = re.compile(r'\\?"notificationType\\?"\s*:\s*\\?"Bounce\\?"')
_UNREACHED: Final = frozenset({"failed", "delayed", "", "failure"})


def bounce_sign(mail: Mail, sender: Mailbox, *, null_sender: bool) -> str:
    """What shows that the mail is a delivery report, or empty."""
    return _standard_sign(mail) or _wild_sign(mail, sender, null_sender=null_sender)


def _standard_sign(mail: Mail) -> str:
    kind = mail.parameters.get("report-type", "").lower() if mail.media_type == "multipart/report" else ""
    if kind == "delivery-status":
        return "multipart/report delivery-status"
    if any(part.media_type in STATUS_TYPES for part in mail.leaves):
        return "message/delivery-status"
    for name in ("x-failed-recipients", "x-ms-exchange-message-is-ndr"):
        if name in mail.fields:
            return f"header {name}"
    return ""


def _wild_sign(mail: Mail, sender: Mailbox, *, null_sender: bool) -> str:
    """A machine that speaks of failed delivery; a person who does so needs help with the mail, and gets it."""
    fields = mail.fields
    subject = SUBJECTS.match(fields.text("subject")) is not None
    if null_sender or _is_machine(sender, fields):
        if subject:
            return "a machine's subject of failed delivery"
        return "a machine's words of failed delivery" if PHRASES.search(_words(mail)) else ""
    robot = _ROBOT.search(local_part(sender.address)) or _ROBOT_NAME.search(sender.name)
    if robot and not _ANSWERED.match(fields.text("subject")):
        words = _words(mail)
        if (subject and PHRASES.search(words)) or _STILL.search(words):
            return "a robot's words of failed delivery"
    if sender.address == "no-reply@sns.amazonaws.com" and _SES.search(_words(mail)):
        return "notification of failed delivery"
    return ""


def read_bounce(mail: Mail) -> Bounce:
    """What a delivery report says; a claim until one of its originals proves to be ours."""
    return Bounce(
        recipients=tuple(failed_recipients(mail)),
        permanent=is_permanent(mail),
        originals=tuple(original_ids(mail)),
        status=failure_status(mail),
    )


def failed_recipients(mail: Mail) -> list[str]:
    """The addresses that a delivery report says were not reached, in its order; bounded."""
    found: dict[str, str] = {}
    for part in mail.leaves:
        if part.media_type in STATUS_TYPES:
            for group in _groups(part):
                _add(found, _unreached(group))
    if not found:
        for value in mail.fields.all("x-failed-recipients"):
            for mailbox in parse_addresses(value):
                _add(found, mailbox.address)
    if not found:
        ours = {
            box.address.casefold()
            for name in ("from", "to")
            for box in parse_addresses(mail.fields.plain(name))
        }
        domain = next((box.address for box in parse_addresses(mail.fields.plain("from"))), "").rpartition(
            "@"
        )[2]
        for address in named_recipients(_words(mail), ours, domain.casefold()):
            _add(found, address)
    if not found:
        _add(found, _meant_for(mail))
    return list(found.values())[:RECIPIENT_LIMIT]


def _meant_for(mail: Mail) -> str:
    """When a report names nobody: whom the returned mail was sent to, if that is one person."""
    for part in mail.leaves:
        if part.media_type in _RETURNED:
            fields, _ = read_fields(content := part.content()[:BLOCK_LIMIT], 0, len(content))
            boxes = parse_addresses(fields.plain("to"))
            return boxes[0].address if len(boxes) == 1 else ""
    return ""


def original_ids(mail: Mail) -> list[str]:
    """The Message-IDs of the mails that are returned, or of which headers are; without angle brackets."""
    found: dict[str, None] = {}
    for part in mail.leaves:
        if part.media_type in _RETURNED:
            content = part.content()[:BLOCK_LIMIT]
            fields, _ = read_fields(content, len(content) - len(content.lstrip(b"\r\n")), len(content))
            found.update(dict.fromkeys(_ID.findall(fields.plain("message-id"))))
    if not found:
        found.update(dict.fromkeys(_ID_IN_TEXT.findall(_words(mail, BLOCK_LIMIT))))
    return list(found)[:RECIPIENT_LIMIT]


def failure_status(mail: Mail) -> str:
    """The enhanced status code (RFC 3463) of the first recipient that was not reached, or empty."""
    for part in mail.leaves:
        if part.media_type in STATUS_TYPES:
            for group in _groups(part):
                if _unreached(group) and (found := _STATUS.search(group.plain("status"))):
                    return found[0]
    words = _words(mail)
    if found := _STATUS.search(words):
        return found[0]
    reply = _REPLY_CODE.search(words)
    return f"{reply[1]}.0.0" if reply else ""


def is_permanent(mail: Mail) -> bool:
    """Whether delivery was given up; a delay, which the sending server goes on about, is not permanent."""
    for part in mail.leaves:
        if part.media_type in STATUS_TYPES:
            actions = {_action(group) for group in _groups(part) if _unreached(group)}
            return actions != {"delayed"} if actions else False
    if _DELAY.search(_words(mail)[:4_000]) or _LATE.search(mail.fields.text("subject")):
        return False
    return not failure_status(mail).startswith("4")


def _action(group: Fields) -> str:
    return group.plain("action").partition(";")[0].partition("(")[0].strip().lower()


def _add(found: dict[str, str], address: str) -> None:
    if address:
        found.setdefault(address.casefold(), address)


def _is_machine(sender: Mailbox, fields: Fields) -> bool:
    addresses = [sender.address, *(box.address for box in parse_addresses(fields.plain("return-path")))]
    return any((local_part(text) or text.casefold()) in _MACHINES for text in addresses)


def _words(mail: Mail, look: int = _LOOK) -> str:
    """The report's own words, not those of the mail that is returned."""
    for part in mail.leaves:
        if part.media_type == "text/plain" and (text := plain_text(part)[:look]).strip():
            return text
    for part in mail.leaves:
        if part.media_type == "text/html":
            return words_of(part)[:look]
    return ""


def _groups(part: Part) -> list[Fields]:
    """The groups of fields of a delivery status, the one for the whole mail first (RFC 3464 section 2.1)."""
    content = part.content()[:65_536]
    groups: list[Fields] = []
    position = 0
    while position < len(content) and len(groups) < RECIPIENT_LIMIT:
        fields, after = read_fields(content, position, len(content))
        if fields.count:
            groups.append(fields)
        next_line = content.find(b"\n", position) + 1 or len(content)
        position = after if after > position else next_line  # a line that is no field begins no group
    return groups


def _unreached(group: Fields) -> str:
    """The recipient of one group, as the sender wrote it (RFC 3464 sections 2.3.1 to 2.3.3)."""
    if _action(group) not in _UNREACHED:
        return ""
    for name in ("original-recipient", "final-recipient"):
        address = group.plain(name).rpartition(";")[2].strip()
        if (boxes := parse_addresses(address)) and "@" in boxes[0].address:
            return boxes[0].address
    return ""
