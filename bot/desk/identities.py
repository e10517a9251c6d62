"""Two addresses of one person, joined by proof and never by guess.

Somebody writes ``link other@example.com``. A one-time code goes to that other address, and to it alone; whoever
brings it back with ``link CODE`` from the address that asked has both. All that was the other's is theirs then.

Both times the sender must be proved (``Verdict.PASS``: a chat, or mail whose sender was checked). Where the desk
cannot check senders, nothing is linked by mail, and the message is words for a ticket. A code that comes back
in answer to our own mail would prove who reads the *other* mailbox, but not who owns the one that asked: with a
forged From anybody could have another's tickets handed to an address of their own. Nor does the token of an
earlier mail prove that: it stands in Reply-To, and everybody in Cc has seen it.

What is answered, and what is done for it, is the same whether the desk knows the other address or not.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from bot.desk import doors, letters, tickets
from bot.desk.as_written import KnownAddress, read_address, read_language, read_zone
from bot.desk.incoming import Incoming
from bot.desk.letters import Letter, Reader
from bot.desk.outcome import Outcome, Reason, Result
from bot.message import EMAIL, Action, Kind, Party, Verdict
from bot.store import identities, people, said
from bot.store import tickets as store_tickets
from bot.store.identities import Code

CODE: Final = "link_code"
STATED: Final = "stated"
MINUTES: Final = 15
"""How long a code is good."""
TRIES: Final = 5
"""Wrong codes, and then a code is worth nothing."""
CODES_AN_HOUR: Final = 3
"""That one person may ask for, and that one mailbox is sent, whoever asks."""
CODES_A_DAY: Final = 10
"""That one mailbox is sent."""

_ALPHABET: Final = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
"""Without letters and digits that look alike."""
_LENGTH: Final = 10
_LINK: Final = re.compile(r"#?\s*(?:(?:link|collega)\s+|(?:关联|绑定)\s*[:：]?\s*)(\S.*)", re.IGNORECASE)
_LANGUAGE: Final = re.compile(
    r"#?\s*(?:(?:language|lingua)\s*[:=]?\s+|语言\s*[:：]?\s*)(\S{1,30})", re.IGNORECASE
)
_ZONE: Final = re.compile(
    r"#?\s*(?:(?:time\s?zone|fuso(?:\s+orario)?)\s*[:=]?\s+|时区\s*[:：]?\s*)(\S{1,60})", re.IGNORECASE
)
_MAILTO: Final = re.compile(r"\s*<mailto:[^<>]*>\Z", re.IGNORECASE)
_LONGEST: Final = 700


@dataclass(frozen=True, slots=True)
class Asked:
    """What one line asks for; one of these is there."""

    address: KnownAddress | None = None
    code: str = ""
    locale: str = ""
    time_zone: str = ""


def read(text: str) -> Asked | None:
    """What a message says that is one such line and nothing else; None: it is words."""
    line = text.strip()
    if len(line) > _LONGEST or "\n" in line:
        return None
    if found := _LINK.fullmatch(line):
        value = _MAILTO.sub("", found[1]).strip().removeprefix("<").removesuffix(">")
        if address := read_address(value):
            return Asked(address=address)
        return Asked(code=_folded(value)) if _is_like_a_code(value) else None
    if (found := _LANGUAGE.fullmatch(line)) and (locale := read_language(found[1])):
        return Asked(locale=locale)
    if (found := _ZONE.fullmatch(line)) and (zone := read_zone(found[1])):
        return Asked(time_zone=zone)
    return None


def _folded(value: str) -> str:
    return re.sub(r"[\s-]", "", value).upper()


def _new_code() -> str:
    """With a digit in it, so that it looks like none of the words that people write, in small letters too."""
    while True:
        code = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
        if any(c.isdigit() for c in code):
            return code


def _is_like_a_code(value: str) -> bool:
    """Not so are the words of "link broken"."""
    code = _folded(value)
    written_so = value.isupper() or "-" in value or any(c.isdigit() for c in value)
    return abs(len(code) - _LENGTH) <= 1 and code.isascii() and code.isalnum() and written_so


def by_words(incoming: Incoming) -> Outcome | None:
    """What a message says to it; None: nothing, or nothing that is proved."""
    message = incoming.message
    if message.authentication.verdict is not Verdict.PASS or not incoming.sender:
        return None
    if any(not file.inline for file in message.attachments):
        return None
    asked = read(message.reply_text)
    if asked is None:
        return None
    if asked.address:
        return _ask(incoming, asked.address)
    return _bring(incoming, asked.code) if asked.code else _state(incoming, asked)


def by_action(incoming: Incoming, action: Action) -> Outcome:
    """What a button or a page says to it: ``values`` hold "address" or "code". Its sender is proved."""
    if incoming.message.authentication.verdict is Verdict.PASS and incoming.sender:
        if asked := read(f"link {action.values.get('words', '')}"):
            return _ask(incoming, asked.address) if asked.address else _bring(incoming, asked.code)
        if address := read_address(action.values.get("address", "")):
            return _ask(incoming, address)
        if code := _folded(action.values.get("code", "")[:_LONGEST]):
            return _bring(incoming, code)
        if action.values.get("address") or action.values.get("words"):
            return _fail(incoming, "unknown-address")
    return Outcome(Result.IGNORED, Reason.NOT_ALLOWED, action.ticket)


def _state(incoming: Incoming, asked: Asked) -> Outcome:
    """The person says in which language, or in which zone, they want to be written to."""
    values = {"locale": asked.locale} if asked.locale else {"time_zone": asked.time_zone}
    people.change(incoming.tx, incoming.person.id, **values)
    _answer(incoming, STATED, {"language": asked.locale, "time_zone": asked.time_zone})
    return Outcome(Result.COMMANDED, Reason.STATED)


def _ask(incoming: Incoming, address: KnownAddress) -> Outcome:
    """Send a code to the other address."""
    tx, desk, now = incoming.tx, incoming.desk, incoming.now
    own = address.medium == EMAIL and desk.is_own(address.canonical)
    if own or address.medium not in desk.channels.values():
        return _fail(incoming, "unknown-address")
    if _too_many(incoming, address):
        return _fail(incoming, "too-many")
    code = _new_code()
    to = Party(address.medium, address.shown)
    hashed = _hash(incoming.person.id, address.medium, address.canonical, code)
    expires_at = now + timedelta(minutes=MINUTES)
    identities.add_code(tx, incoming.person.id, to, address.canonical, hashed, now, expires_at)
    values = {"code": f"{code[:5]}-{code[5:]}", "who": _named(incoming), "minutes": MINUTES}
    _write(incoming, to, address.canonical, CODE, values)
    return Outcome(Result.COMMANDED, Reason.PROOF)


def _too_many(incoming: Incoming, address: KnownAddress) -> bool:
    """Whether somebody has asked for enough, or the other has been sent enough. Who may ask is anybody with a
    domain of their own: a tag behind a plus, or another name each time, gives nobody another budget (E7)."""
    tx, desk, now = incoming.tx, incoming.desk, incoming.now
    hour, day = now - timedelta(hours=1), now - timedelta(days=1)
    asked = identities.asked_since(tx, incoming.person.id, address.medium, address.canonical, hour)
    if asked >= CODES_AN_HOUR or address.medium != EMAIL:
        return asked >= CODES_AN_HOUR
    in_hour, domain = said.notices_since(tx, CODE, address.canonical, hour)
    in_day, _ = said.notices_since(tx, CODE, address.canonical, day)
    stranger = not desk.serves(address.canonical)
    over = stranger and domain >= desk.config.limits.domain_per_hour
    return in_hour >= CODES_AN_HOUR or in_day >= CODES_A_DAY or over


def _bring(incoming: Incoming, code: str) -> Outcome:
    """A code comes back: from whom asked for it, in time, for the first time?"""
    tx, now, person = incoming.tx, incoming.now, incoming.person.id
    codes = identities.codes_of(tx, person)
    found = next(
        (
            one
            for one in codes
            if hmac.compare_digest(one.code_hash, _hash(person, one.medium, one.canonical, code))
        ),
        None,
    )
    if found is None:
        live = [one.id for one in codes if one.used_at is None and now < one.expires_at]
        identities.missed(tx, live)
        return _fail(incoming, "wrong", Reason.NO_PROOF)
    wrong = _over(found, incoming)
    return _fail(incoming, wrong, Reason.NO_PROOF) if wrong else _link(incoming, found)


def _over(code: Code, incoming: Incoming) -> str:
    """Why a code is worth nothing any more."""
    if code.used_at is not None:
        return "used"
    if incoming.now >= code.expires_at:
        return "expired"
    return "too-many" if code.tries >= TRIES else ""


def _link(incoming: Incoming, code: Code) -> Outcome:
    """Both addresses are one person's: all that was the other's is theirs."""
    tx, now, message = incoming.tx, incoming.now, incoming.message
    kept = incoming.person.id
    other = people.find(tx, code.medium, code.canonical)
    stand = identities.standing(tx, kept, *([other.id] if other else []))
    identities.used(tx, code.id, now)
    if not stand[kept].lives or not _may_join(incoming, code, stand[other.id] if other else None):
        return _fail(incoming, "unknown-address", Reason.NOT_ALLOWED)
    if other is None:
        people.give_address(tx, kept, Party(code.medium, code.shown), code.canonical)
    elif other.id != kept:
        for ticket in identities.merge(tx, kept, other.id):
            store_tickets.record(
                tx,
                ticket,
                "linked",
                now,
                actor=kept,
                channel=message.channel,
                before={"person": other.id},
                after={"person": kept, "by": "code"},
            )
    values = {"addresses": [_named(incoming), code.shown]}
    _answer(incoming, "linked", values)
    _write(incoming, Party(code.medium, code.shown), code.canonical, "linked", values)
    return Outcome(Result.COMMANDED, Reason.PROOF)


def _may_join(incoming: Incoming, code: Code, other: identities.Standing | None) -> bool:
    """An agent's address, and their person, stay theirs."""
    roster = incoming.desk.roster
    if code.medium == EMAIL:
        of_agent = roster.by_address.get(code.canonical)
    else:
        of_agent = roster.elsewhere.get((code.medium, code.canonical))
    if of_agent is not None and of_agent != roster.claims(incoming.message, incoming.sender):
        return False
    return other is None or other.id == incoming.person.id or (other.lives and other.agent is None)


def _hash(person: int, medium: str, canonical: str, code: str) -> str:
    """For this person and this address alone: 128 bits."""
    text = f"{person}\0{medium}\0{canonical}\0{code}"
    return hashlib.blake2b(text.encode(), person=b"deskbot-code", digest_size=16).hexdigest()


def _fail(incoming: Incoming, reason: str, because: Reason = Reason.NOT_ALLOWED) -> Outcome:
    _answer(incoming, "link_failed", {"reason": reason})
    return Outcome(Result.COMMANDED, because)


def _named(incoming: Incoming) -> str:
    """The address that somebody writes from, as people know it: an id in a chat tells nobody anything."""
    sender = incoming.message.sender
    if sender.medium == EMAIL:
        return sender.address
    return f"{sender.name or incoming.person.name} ({sender.medium.title()})".strip()


def _answer(incoming: Incoming, event: str, values: dict[str, Any]) -> None:
    """To the address that has just written."""
    _write(incoming, incoming.message.sender, incoming.sender, event, values)


def _write(incoming: Incoming, to: Party, canonical: str, event: str, values: dict[str, Any]) -> None:
    """Neither waits for the morning: the person sits there and waits."""
    tx, desk, message, writer = incoming.tx, incoming.desk, incoming.message, incoming.person
    answers = to is message.sender
    reader = Reader(
        writer.id,
        to,
        canonical,
        next(_locales(incoming, to, canonical)),
        writer.time_zone or desk.config.desk.time_zone,
    )
    letter = Letter(Kind.NOTICE, event, values, answers=doors.answer_alone(message) if answers else "")
    letters.write(tx, reader, None, letter, desk, incoming.now, channel=message.channel if answers else "")


def _locales(incoming: Incoming, to: Party, canonical: str) -> Iterator[str]:
    """The language of whoever has the address, else that of whoever asks."""
    one = people.find(incoming.tx, to.medium, canonical)
    if one and one.locale:
        yield one.locale
    yield tickets.language_of(incoming.message, incoming.person, incoming.desk)
