"""Where a team works in a chat program: each of its tickets has a card there, and a thread below the card.

What is said in a ticket is said in its thread, whatever door it came through, and what agents say there is
said in the ticket; nothing goes back to where it came from (E14). The card is changed in place. Which message
of the service it is, the delivery finds out when its turn comes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from bot.desk.changed import Change
from bot.desk.desk import Desk
from bot.desk.states import DONE
from bot.mail.addresses import canonical
from bot.message import Attachment, Choice, Kind, Notice, OutgoingMessage, Party
from bot.store import outbox, people, threads, tickets
from bot.store.conversation import WholeTicket
from bot.store.engine import Tx

CARD: Final = "card"
SAID: Final = "said"
_SHOWN: Final = ("state", "priority", "owner_id", "queue", "subject", "first_response_at", "resolution_due",
                 "promised_at", "fix_expected_at", "waiting_for", "major", "level", "category")  # fmt: skip
"""What a card shows: when one of these changes, the card does."""
_LONGEST_EXCERPT: Final = 600


@dataclass(frozen=True, slots=True)
class Room:
    """A channel of Slack, or a group of Telegram, in which a team works."""

    channel: str
    medium: str
    address: str

    @property
    def place(self) -> str:
        """Its canonical address."""
        return canonical(self.address)


def of_team(desk: Desk, queue: str) -> Iterator[Room]:
    """The rooms of a team."""
    team = desk.config.teams.get(queue)
    for place in team.rooms if team else ():
        channel, _, where = place.partition(":")
        if medium := desk.channels.get(channel):
            yield Room(channel, medium, f"{channel}/{where}")


def follow(tx: Tx, change: Change, desk: Desk) -> None:
    """The cards show what is so now; a team that the ticket comes to gets one."""
    if any(change.differs(name) for name in _SHOWN):
        show(tx, change.after, desk, change.now)


def show(tx: Tx, ticket: WholeTicket, desk: Desk, now: datetime) -> None:
    """Write the card of a ticket into the rooms of its team, and into those that have one already."""
    rooms = {(room.channel, room.place): room for room in of_team(desk, ticket.queue)}
    for room in rooms.values():
        threads.plan_card(tx, ticket.id, room.channel, room.place)
    planned = threads.cards(tx, ticket.id) if _has_rooms(desk) else []
    if planned:
        outbox.withdraw(tx, ticket.id, CARD)
    for card in planned:
        medium = desk.channels.get(card.channel)
        if medium is not None:
            room = rooms.get((card.channel, card.place), Room(card.channel, medium, card.place))
            _write(tx, room, ticket, CARD, _card(tx, ticket, desk), desk, now, choices=_choices(ticket))


def said(
    tx: Tx,
    ticket: WholeTicket,
    who: str,
    text: str,
    kind: str,
    desk: Desk,
    now: datetime,
    *,
    files: tuple[Attachment, ...] = (),
    origin: Sequence[str] = (),
) -> None:
    """What was said in a ticket, in the thread of each room. ``origin``: keys of the conversation in which it
    was said, where it is read already."""
    if not _has_rooms(desk):
        return
    for card in threads.cards(tx, ticket.id):
        medium = desk.channels.get(card.channel)
        if medium is not None and not (card.thread_key and card.thread_key in origin):
            room = Room(card.channel, medium, card.place)
            values = {"who": who, "text": text, "kind": kind, "files": [file.name for file in files]}
            _write(tx, room, ticket, SAID, values, desk, now, files=files)


def told(
    tx: Tx,
    ticket: WholeTicket,
    event: str,
    values: dict[str, Any],
    desk: Desk,
    now: datetime,
    *,
    choices: tuple[Choice, ...] = (),
) -> bool:
    """A notice to a team, in the thread of each of its rooms. False: it has none."""
    rooms = list(of_team(desk, ticket.queue))
    for room in rooms:
        _write(tx, room, ticket, event, values, desk, now, choices=choices)
    return bool(rooms)


def _has_rooms(desk: Desk) -> bool:
    return any(team.rooms for team in desk.config.teams.values())


def _write(
    tx: Tx,
    room: Room,
    ticket: WholeTicket,
    event: str,
    values: dict[str, Any],
    desk: Desk,
    now: datetime,
    *,
    files: tuple[Attachment, ...] = (),
    choices: tuple[Choice, ...] = (),
) -> None:
    home = desk.config.desk
    about = {
        "reference": desk.name_of(ticket.id),
        "subject": ticket.subject,
        "state": ticket.state,
        "priority": ticket.priority,
        "queue": desk.team_name(ticket.queue),
        "desk_name": home.name,
        "desk_address": home.address,
    }
    message = OutgoingMessage(
        channel=room.channel,
        to=Party(room.medium, room.address),
        ticket=ticket.id,
        kind=Kind.CARD if event == CARD else Kind.NOTICE,
        token=desk.references.issue(ticket.id, room.place),
        notice=Notice(event, home.locale, home.time_zone, {**about, **values}),
        created_at=now,
        choices=choices,
        attachments=files,
    )
    outbox.queue(tx, message, room.place)


def _card(tx: Tx, ticket: WholeTicket, desk: Desk) -> dict[str, Any]:
    """What a card shows besides what every message about a ticket says."""
    requester = people.by_id(tx, ticket.requester_id)
    owner = people.by_id(tx, ticket.owner_id) if ticket.owner_id else None
    where = people.reached(tx, ticket.requester_id)
    due = ticket.first_response_due if ticket.first_response_at is None else ticket.resolution_due
    words = tickets.first_words(tx, ticket.id)
    category = desk.config.categories.get(ticket.category or "")
    return {
        "who": (requester.name if requester else "") or (where.shown if where else ""),
        "owner": owner.name if owner else "",
        "due": due.isoformat() if due and ticket.state not in DONE else None,
        "text": words[:_LONGEST_EXCERPT],
        "category": category.title(desk.config.desk.locale) if category else ticket.category or "",
        "waiting_for": ticket.waiting_for or "",
        "fix_expected_at": ticket.fix_expected_at.isoformat() if ticket.fix_expected_at else None,
        "level": ticket.level,
        "major": ticket.major,
    }


def _choices(ticket: WholeTicket) -> tuple[Choice, ...]:
    """What can be done with a ticket from its card."""
    if ticket.state in DONE:
        return (Choice("reopen", "reopen"),)
    verbs = ["take"] if ticket.owner_id is None else []
    verbs += ["reply", "priority", "wait", "escalate", "resolve", "note"]
    return tuple(Choice(verb, verb) for verb in verbs)
