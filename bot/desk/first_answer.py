"""The first answer to whoever asks for something: that it has come, its number, and when a person answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from bot.desk import doors, letters, sla
from bot.desk.desk import Desk
from bot.desk.tickets import Opened
from bot.message import Choice, IncomingMessage, Kind, Notice, OutgoingMessage, Party, ThreadRef, Verdict
from bot.store.people import KnownPerson

_IN_CHATS: Final = tuple(Choice(verb, verb) for verb in ("add", "status", "urgent", "close"))
"""What a requester may do with a new request by a button."""


def acknowledgement(
    message: IncomingMessage,
    sender: str,
    person: KnownPerson,
    opened: Opened,
    desk: Desk,
    now: datetime,
) -> OutgoingMessage:
    """ "We have your request HD-42. A person answers before Tuesday 10:40."

    A stranger's words are not repeated: with a forged sender they would carry an attacker's text to a victim
    under our name (E7).
    """
    may_repeat = may_be_repeated(message, sender, desk)
    return OutgoingMessage(
        channel=desk.door_to(message.sender, message.channel),
        to=message.sender if may_repeat else without_name(message),
        ticket=opened.number,
        kind=Kind.ACKNOWLEDGEMENT,
        token=desk.references.issue(opened.number, sender),
        notice=Notice(
            event="received",
            locale=opened.locale,
            time_zone=person.time_zone or desk.config.desk.time_zone,
            values=_of_desk(message, opened, desk, now)
            | _of_sender(message, person, opened, desk, now, may_repeat=may_repeat),
        ),
        created_at=now,
        thread=ThreadRef(
            subject=message.subject if may_repeat else "",
            answers=doors.conversation_of(message) if doors.is_chat(message) else message.external_id,
            earlier=tuple(reversed(message.thread_keys)),
        ),
        choices=_offered(opened) if doors.is_chat(message) else (),
    )


def _of_desk(message: IncomingMessage, opened: Opened, desk: Desk, now: datetime) -> dict[str, Any]:
    """What the desk says of itself, and asks: anybody may read it."""
    config = desk.config
    at_once = () if desk.asks_stepwise(message.channel) else opened.asked
    return {
        "reference": desk.name_of(opened.number),
        "promised_at": opened.promise.first_response_at.isoformat(),
        "received_at": now.isoformat(),
        "open_now": sla.is_open(now, desk.calendar),
        "desk_name": config.desk.name,
        "desk_address": config.desk.address,
        "queue": opened.decision.queue,
        "questions": [config.questions[key].text(opened.locale) for key in at_once],
        "asks_next": len(opened.asked) > len(at_once),
        "complaint": is_complaint(opened.decision.category, desk),
    }


def _of_sender(
    message: IncomingMessage,
    person: KnownPerson,
    opened: Opened,
    desk: Desk,
    now: datetime,
    *,
    may_repeat: bool,
) -> dict[str, Any]:
    """What is the sender's own: nothing of it when it may not be repeated."""
    if not may_repeat:
        return {"subject": "", "requester_name": "", "follows": None, "status_url": None}
    return {
        "subject": message.subject,
        "requester_name": message.sender.name,
        "follows": desk.name_of(opened.follows) if opened.follows else None,
        "status_url": letters.status_page(desk, opened.number, person.id, now),
    }


def _offered(opened: Opened) -> tuple[Choice, ...]:
    """The buttons of a new request: what they have said to be urgent need not be said again."""
    said = opened.decision.urgency == "high"
    return tuple(choice for choice in _IN_CHATS if not (said and choice.verb == "urgent"))


def is_complaint(category: str | None, desk: Desk) -> bool:
    """Whether a category is one of complaints: then the first answer says that it was recorded."""
    known = desk.config.categories.get(category or "")
    return known is not None and known.complaint


def may_be_repeated(message: IncomingMessage, sender: str, desk: Desk) -> bool:
    """Whether words that bear a sender's name may go to their address: it is proved to be theirs, or they are
    one of those whom the desk serves and nothing tells that it is forged (E7)."""
    verdict = message.authentication.verdict
    return verdict is Verdict.PASS or (desk.serves(sender) and verdict is not Verdict.FAIL)


def without_name(message: IncomingMessage) -> Party:
    """The sender, without what they call themselves."""
    return Party(message.sender.medium, message.sender.address)
