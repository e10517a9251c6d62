"""What the desk says, to whom: notices without words yet, ready for the outbox."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bot.desk import letters, sla
from bot.desk.desk import Desk
from bot.desk.letters import Letter
from bot.desk.states import State
from bot.desk.tickets import Opened
from bot.message import Attachment, IncomingMessage, Kind, Notice, OutgoingMessage, Party, ThreadRef, Verdict
from bot.store.conversation import WholeTicket
from bot.store.engine import Tx
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
                "queue": opened.decision.queue,
                "questions": [config.questions[key].text(opened.locale) for key in opened.asked],
                "status_url": letters.status_page(desk, opened.number, person.id, now)
                if may_repeat
                else None,
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


def tell_agents(
    tx: Tx,
    ticket: WholeTicket,
    event: str,
    values: dict[str, Any],
    desk: Desk,
    now: datetime,
    *,
    but: str | None = None,
    files: tuple[Attachment, ...] = (),
) -> None:
    """Tell the owner, or the team when nobody has taken the ticket or its owner cannot be written to. ``but``:
    the agent who is left out; ``files``: what came with the message that they are told of."""
    if not desk.roster.agents:
        return
    letter = Letter(Kind.NOTICE, event, values, files)

    def tell(key: str) -> bool:
        agent = desk.roster.load(tx, key, now)
        return letters.write(tx, letters.agent_reader(agent, desk), ticket, letter, desk, now)

    owner = desk.roster.owner(tx, ticket.owner_id)
    if owner and (owner == but or tell(owner)):
        return
    for key in desk.roster.of_team(ticket.queue):
        if key not in {owner, but}:
            tell(key)


def of_message(
    message: IncomingMessage, person: KnownPerson, ticket: WholeTicket, proposed: list[str]
) -> dict[str, Any]:
    """What agents are told of a requester's message: who, what, by when, and who else had it and may be let
    follow the ticket (D4)."""
    due = ticket.first_response_due if ticket.first_response_at is None else ticket.resolution_due
    done = ticket.state in {State.RESOLVED, State.CLOSED}
    return {
        "who": person.name or message.sender.name,
        "address": message.sender.address,
        "text": message.reply_text or message.text,
        "due": due.isoformat() if due and not done else None,
        "oddities": list(message.oddities),
        "proposed": proposed,
        "files": [file.name for file in message.attachments],
    }
