"""What the desk says, to whom: notices without words yet, ready for the outbox."""

from __future__ import annotations

from datetime import datetime

from bot.desk import sla
from bot.desk.desk import Desk
from bot.desk.tickets import Opened
from bot.message import IncomingMessage, Kind, Notice, OutgoingMessage, Party, ThreadRef, Verdict
from bot.store.people import KnownPerson


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
    may_repeat = message.authentication.verdict is Verdict.PASS or (
        desk.serves(sender) and message.authentication.verdict is not Verdict.FAIL
    )
    config = desk.config
    return OutgoingMessage(
        channel=message.channel,
        to=message.sender if may_repeat else _without_name(message),
        ticket=opened.number,
        kind=Kind.ACKNOWLEDGEMENT,
        token=desk.references.issue(opened.number, sender),
        notice=Notice(
            event="received",
            locale=opened.locale,
            time_zone=person.time_zone or config.desk.time_zone,
            values={
                "reference": desk.name_of(opened.number),
                "subject": message.subject if may_repeat else "",
                "requester_name": message.sender.name if may_repeat else "",
                "promised_at": opened.promise.first_response_at.isoformat(),
                "received_at": now.isoformat(),
                "open_now": sla.is_open(now, desk.calendar),
                "desk_name": config.desk.name,
                "desk_address": config.desk.address,
                "queue": config.tickets.queue,
            },
        ),
        created_at=now,
        thread=ThreadRef(
            subject=message.subject if may_repeat else "",
            answers=message.external_id,
            earlier=tuple(reversed(message.thread_keys)),
        ),
    )


def _without_name(message: IncomingMessage) -> Party:
    return Party(message.sender.medium, message.sender.address)
