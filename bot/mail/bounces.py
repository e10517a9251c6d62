"""Delivery reports: is this one, and who was not reached (RFC 3464; SECURITY.md E5)."""

from __future__ import annotations

from bot.mail.addresses import parse_addresses
from bot.mail.headers import Fields, read_fields
from bot.mail.parts import Mail, Part

RECIPIENT_LIMIT = 100


def bounce_sign(mail: Mail) -> str:
    """What shows that the mail is a delivery report, or empty."""
    if mail.media_type == "multipart/report":
        kind = mail.parameters.get("report-type", "").lower()
        if kind == "delivery-status":
            return "multipart/report delivery-status"
    for part in mail.leaves:
        if part.media_type in {"message/delivery-status", "message/global-delivery-status"}:
            return "message/delivery-status"
    if "x-failed-recipients" in mail.fields:
        return "header x-failed-recipients"
    return ""


def failed_recipients(mail: Mail) -> list[str]:
    """The addresses that a delivery report says were not reached, in its order."""
    found: dict[str, None] = {}
    for value in mail.fields.all("x-failed-recipients"):
        for mailbox in parse_addresses(value):
            found.setdefault(mailbox.address)
    for part in mail.leaves:
        if part.media_type in {"message/delivery-status", "message/global-delivery-status"}:
            for group in _groups(part):
                if address := _failed(group):
                    found.setdefault(address)
    found.pop("", None)
    return list(found)[:RECIPIENT_LIMIT]


def _groups(part: Part) -> list[Fields]:
    """The groups of fields of a delivery status, the one for the whole mail first (RFC 3464 section 2.1)."""
    content = part.content()[:65_536]
    groups: list[Fields] = []
    position = 0
    while position < len(content) and len(groups) < RECIPIENT_LIMIT:
        fields, after = read_fields(content, position, len(content))
        if fields.count:
            groups.append(fields)
        position = max(after, position + 1)
    return groups


def _failed(group: Fields) -> str:
    action = group.plain("action").partition(";")[0].strip().lower()
    if action in {"delivered", "relayed", "expanded"}:
        return ""
    for name in ("original-recipient", "final-recipient"):
        address = group.plain(name).rpartition(";")[2].strip()
        if (boxes := parse_addresses(address)) and boxes[0].address:
            return boxes[0].address
    return ""
