"""A mail that passes on another one: whose it was, its subject and its words (SECURITY.md D20).

Read from what mail programs write into the text, or from an attached mail. All of it can be typed by anybody:
a claim, which only an authenticated agent's mail makes worth anything.
"""

from __future__ import annotations

import re
from typing import Final

from bot.mail import field_words
from bot.mail.addresses import clean_name, parse_addresses
from bot.mail.field_words import field
from bot.mail.parts import Mail, is_message
from bot.mail.quote_signs import FORWARD, INTRO
from bot.mail.quotes import Reply
from bot.message import EMAIL, Forwarded, Party

SUBJECT_LIMIT: Final = 1_000
ATTACHED_LIMIT: Final = 4_000_000
"""Octets of an attached mail that are read."""
_HEADER_LINES: Final = 40
_WIDTH: Final = 500

# ruff: noqa: RUF001  # letters of many alphabets are looked for

_PASSED_ON: Final = re.compile(
    r"\s*(?:\[[^\]]{1,60}\]\s*)?(?:fwd?|wg|weitergeleitet|tr|rv|rif|i|vs|vb|vl|pd|enc|enc\. |doorst|videresend|videresendt|redir\.?|tov(?:ábbítás)?|"
    r"ilt|i̇lt|yan|πρθ|προωθ|пересл|fs|转发|轉寄|轉寄郵件|轉發|転送|전달|chuyển tiếp|terusan)\s{0,2}[:：]",
    re.IGNORECASE,
)
_ADDRESS: Final = re.compile(
    r"[^\s<>\[\]()\"',;:|«»„“”]{1,64}@[^\s<>\[\]()\"',;:|«»„“”]{1,255}",
)
_NEXT_FIELD: Final = re.compile(
    r"(?<=[>\])])\s?(?:to|sent|date|subject|cc|an|gesendet|para|à|a)\s?:", re.IGNORECASE
)
_BEFORE: Final = re.compile(r"[\s<\[(\"'«„“]*(?:mailto:)?[\s<\[(\"'«„“]*\Z", re.IGNORECASE)
_SAID: Final = re.compile(
    r"\A.*(?:\b[0-9]{1,2}[:.h][0-9]{2}(?::[0-9]{2})?(?:\s?[ap]\.?m\.?)?\b|[0-9]{4}|[0-9]\s?г\.?|uhr|heeft|schrieb|skrev|пользователь|používateľ|"
    r"odesílatel|użytkownik)[\s,.;]*",
    re.IGNORECASE,
)


def is_passed_on(subject: str) -> bool:
    """Whether a subject begins as mail programs begin it when a mail is forwarded."""
    return _PASSED_ON.match(subject[:200]) is not None


def find_forward(mail: Mail, subject: str, text: str, reply: Reply, *, passed_on: bool) -> Forwarded | None:
    """The mail that this one passes on, or None."""
    if reply.kind == FORWARD or (passed_on and reply.kind):
        found = _in_text(text.split("\n")[reply.start :], reply, subject)
        if found is not None:
            return found
    if mail.media_type == "multipart/digest":
        return None
    attached = next((part for part in mail.leaves if is_message(part)), None)
    return _in_attachment(attached.content()[:ATTACHED_LIMIT]) if attached is not None else None


def _in_attachment(raw: bytes) -> Forwarded | None:
    from bot.mail.bodies import read_body
    from bot.mail.parse import find_sender

    inner = Mail(raw)
    sender = find_sender(inner)
    subject = inner.fields.text("subject")[:SUBJECT_LIMIT]
    if not sender.address and not sender.name and not subject:
        return None
    return Forwarded(Party(EMAIL, sender.address, sender.name), subject, read_body(inner).text)


def _in_text(lines: list[str], reply: Reply, subject: str) -> Forwarded | None:
    lines, first = _without_marks(lines), 0
    if reply.kind == INTRO:
        return _after_intro(lines, reply.end - reply.start, subject)
    while first < min(len(lines), 8) and not field(lines[first])[0]:
        first += 1
    fields, body = _read_block(lines, first)
    sender = _claimed(fields.get(field_words.FROM, ""))
    if sender is None:
        return None
    return Forwarded(
        sender,
        clean_name(fields.get(field_words.SUBJECT, ""))[:SUBJECT_LIMIT],
        "\n".join(lines[body:]).strip(),
    )


def _after_intro(lines: list[str], last: int, subject: str) -> Forwarded | None:
    """Outlook for the Mac forwards below "On Monday, X <x@example.com> wrote:"."""
    said = " ".join(line.strip() for line in lines[: last + 1])
    address = _ADDRESS.search(said[:_WIDTH])
    if address is None:
        return None
    sender = _claimed(_SAID.sub("", said[: address.start()]) + said[address.start() : _WIDTH])
    if sender is None or not sender.address:
        return None
    return Forwarded(
        sender, _PASSED_ON.sub("", subject, count=1).strip(), "\n".join(lines[last + 1 :]).strip()
    )


def _without_marks(lines: list[str]) -> list[str]:
    """Without the ">" of a forward that is quoted as a whole, as Apple Mail does."""
    marked = [line for line in lines[1:12] if line.strip()]
    if marked and all(line.lstrip().startswith(">") for line in marked):
        return [
            line.lstrip()[1:].removeprefix(" ") if line.lstrip().startswith(">") else line for line in lines
        ]
    return lines


def _read_block(lines: list[str], first: int) -> tuple[dict[str, str], int]:
    """The copied header fields from ``first`` on, by kind, and where the body begins."""
    fields: dict[str, str] = {}
    last = ""
    position = first
    while position < min(len(lines), first + _HEADER_LINES):
        line = lines[position][:_WIDTH]
        kind, value = field(line)
        if kind and (kind not in fields or kind == field_words.OTHER):
            fields[kind] = value
            last = kind
        elif not line.strip():
            if not _goes_on(lines, position, fields):
                break
        elif not last or not _is_continued(lines, position, fields[last]):
            break
        elif last in {field_words.FROM, field_words.SUBJECT}:
            fields[last] = f"{fields[last]} {line.strip()}"
        position += 1
    return fields, position


def _goes_on(lines: list[str], position: int, fields: dict[str, str]) -> bool:
    """Whether the header goes on behind an empty line: seen in HTML of which each field is a paragraph."""
    if field_words.FROM in fields and (field_words.SUBJECT in fields or len(fields) > 3):
        return False
    kind = field(lines[position + 1][:_WIDTH])[0] if position + 1 < len(lines) else ""
    return bool(kind) and kind not in fields


def _is_continued(lines: list[str], position: int, value: str) -> bool:
    """Whether a line that is no field belongs to the field above: more fields follow, or a list goes on."""
    if not value or value.endswith((",", ";", "<")):
        return True
    for line in lines[position + 1 : position + 3]:
        if not line.strip():
            return False
        if field(line[:_WIDTH])[0]:
            return True
    return False


def _claimed(value: str) -> Party | None:
    """The person that a copied From names: the first address, so that fields run together do no harm."""
    if cut := _NEXT_FIELD.search(value):
        value = value[: cut.start()]
    if found := _ADDRESS.search(value):
        boxes = parse_addresses(found[0].strip(".*_"))
        address = boxes[0].address if boxes else ""
        name = clean_name(_BEFORE.sub("", value[: found.start()]).strip(" *_,«»„“”"))
        return Party(EMAIL, address, "" if "@" in name else name) if address else None
    name = clean_name(value.strip(" *_"))
    return Party(EMAIL, "", name) if name else None
