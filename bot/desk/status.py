"""Where the requests of a person stand, told to them when they ask. Nothing changes by it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

from bot.desk import courtesy, doors, first_answer, letters, matching, people, screening, tickets
from bot.desk.incoming import Incoming
from bot.desk.letters import Letter, Reader
from bot.desk.outcome import Outcome, Reason, Result
from bot.message import EMAIL, Action, IncomingMessage, Kind, Verdict
from bot.store import said
from bot.store.said import Standing

EVENT: Final = "status"
MOST_IN_AN_HOUR: Final = 4
"""Answers to one mailbox."""
_MOST: Final = 20
"""Requests in one answer."""
_MOST_COUNTED: Final = 200
_LONGEST: Final = 500
_WORDS: Final = "status|stato|state|状态|进度|状況"
_PREFIXES: Final = re.compile(r"^(?:(?:re|aw|r|fwd?|i|回复|答复|回覆)\s*[:：]\s*)+", re.IGNORECASE)
_NAME: Final = re.compile(r"[^\W\d_]+")
_LOCALES: Final = {"stato": "it", "状态": "zh", "进度": "zh"}


def by_words(incoming: Incoming) -> Outcome | None:
    """A message that says "status" and no more; None: it says something else."""
    message = incoming.message
    if any(not file.inline for file in message.attachments):
        return None
    found = _asked(message, incoming)
    if found is None:
        return None
    if message.authentication.verdict is Verdict.FAIL:
        return Outcome(Result.IGNORED, Reason.FORGED_SENDER)
    word, named = found
    return _tell(incoming, named or _named(incoming), _LOCALES.get(word))


def by_action(incoming: Incoming, action: Action) -> Outcome:
    """What a button or a page says to it."""
    return _tell(incoming, action.ticket, None)


def _asked(message: IncomingMessage, incoming: Incoming) -> tuple[str, int | None] | None:
    """The word, and the ticket that stands behind it. It may stand in the subject, when the text says nothing
    else, or in the first line; below it only thanks and the sender's own name may stand."""
    prefix = incoming.desk.config.desk.prefix
    text = message.reply_text.strip()
    if len(text) > _LONGEST:
        return None
    asks = _asking(prefix)
    first, _, rest = text.partition("\n")
    found = asks.fullmatch(first.strip())
    if found is None:
        subject = re.sub(rf"\[{prefix}-[0-9]{{1,15}}\]", "", message.subject[:200]).strip()
        found, rest = asks.fullmatch(_PREFIXES.sub("", subject).strip()), text
    if found is None or not _says_nothing(rest, message, incoming):
        return None
    return found[1].casefold(), int(found[2]) if found[2] else None


@cache
def _asking(prefix: str) -> re.Pattern[str]:
    return re.compile(
        rf"[#/!]?\s?({_WORDS})(?:\s*[:：]?\s*\[?{prefix}-([0-9]{{1,15}})\]?)?[\s.!?？。]*", re.IGNORECASE
    )


def _says_nothing(text: str, message: IncomingMessage, incoming: Incoming) -> bool:
    """Thanks, or the names by which the sender signs."""
    names = f"{message.sender.name} {incoming.person.name} {message.sender.address.partition('@')[0]}"
    known = set(_NAME.findall(names.casefold()))
    lines = [line.strip() for line in text.splitlines() if line.strip(" -_,.")]
    return all(courtesy.only_thanks(line) or set(_NAME.findall(line.casefold())) <= known for line in lines)


def _named(incoming: Incoming) -> int | None:
    """The ticket that the thread, or a tag in the subject, names. Whether it is theirs is looked at later."""
    if doors.is_chat(incoming.message):
        here = matching.conversation_of_ticket(incoming.tx, incoming.message)
        return here.ticket if here else None
    for reference in matching.references(incoming.message, incoming.desk):
        if incoming.desk.references.is_for(reference, incoming.sender):
            return reference.ticket or None
    tag = rf"\[{incoming.desk.config.desk.prefix}-([0-9]{{1,15}})\]"
    found = re.search(tag, incoming.message.subject[:998])
    return int(found[1]) if found else None


def _tell(incoming: Incoming, named: int | None, locale: str | None) -> Outcome:
    if quiet := _silence(incoming):
        return Outcome(Result.COMMANDED, Reason.ASKED, None, quiet)
    tx, desk, now = incoming.tx, incoming.desk, incoming.now
    found = said.standing(tx, incoming.person.id, 1, named) if named else []
    found = found or said.standing(tx, incoming.person.id, _MOST_COUNTED)
    known = first_answer.may_be_repeated(incoming.message, incoming.sender, desk)
    shown = [_shown(one, incoming, now) if known else _bare(one, incoming) for one in found[:_MOST]]
    letter = Letter(
        # What nobody has proved to have asked for comes out of what a stranger is acknowledged (E7).
        Kind.NOTICE if known else Kind.ACKNOWLEDGEMENT,
        EVENT,
        {"tickets": shown, "more": max(len(found) - _MOST, 0)},
        answers=doors.answer_alone(incoming.message),
        at_daytime=False,
    )
    reader = _reader(incoming, locale, known=known)
    sent = letters.write(tx, reader, None, letter, desk, now, channel=incoming.message.channel)
    one = found[0].id if named and len(found) == 1 and found[0].id == named else None
    return Outcome(Result.COMMANDED, Reason.ASKED, one, None if sent else Reason.SENDER_BUDGET)


def _silence(incoming: Incoming) -> Reason | None:
    """Why nothing is answered: as for an acknowledgement, and a few in an hour at most (E3, E7)."""
    message, desk = incoming.message, incoming.desk
    facts = screening.Facts(message, incoming.sender, desk, bounces=incoming.person.bounces)
    if not first_answer.may_be_repeated(message, incoming.sender, desk):
        facts = replace(
            facts, sent=people.automatic_mail_to(incoming.tx, incoming.sender, desk, incoming.now)
        )
    if quiet := screening.silence(facts):
        return quiet
    hour = incoming.now - timedelta(hours=1)
    mailbox, domain = said.notices_since(incoming.tx, EVENT, incoming.sender, hour)
    if mailbox >= MOST_IN_AN_HOUR:
        return Reason.SENDER_BUDGET
    stranger = message.sender.medium == EMAIL and not desk.serves(incoming.sender)
    return Reason.DOMAIN_BUDGET if stranger and domain >= desk.config.limits.domain_per_hour else None


def _reader(incoming: Incoming, locale: str | None, *, known: bool) -> Reader:
    """Whoever asked, at the address that they asked from."""
    message, person, desk = incoming.message, incoming.person, incoming.desk
    party = message.sender if known else first_answer.without_name(message)
    spoken = person.locale or locale or tickets.language_of(message, person, desk)
    zone = person.time_zone or desk.config.desk.time_zone
    return Reader(person.id, party, incoming.sender, spoken, zone)


def _bare(one: Standing, incoming: Incoming) -> dict[str, Any]:
    """What may go to an address that nothing proves to be the sender's: no word that anybody wrote (E7)."""
    return {
        "reference": incoming.desk.name_of(one.id),
        "subject": "",
        "state": one.state,
        "owner": "",
        "promised_at": None,
        "opened_at": one.opened_at.isoformat(),
        "url": "",
    }


def _shown(one: Standing, incoming: Incoming, now: datetime) -> dict[str, Any]:
    """All that a requester may know, or who follows; the page shows each what is for them."""
    promised = one.promised_at if one.promised_at and one.promised_at > now else None
    return {
        **_bare(one, incoming),
        "subject": one.subject,
        "owner": one.owner,
        "promised_at": promised.isoformat() if promised and one.state not in {"resolved", "closed"} else None,
        "url": letters.status_page(incoming.desk, one.id, incoming.person.id, now),
    }
