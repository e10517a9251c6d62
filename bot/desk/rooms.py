"""Where a team works in a chat program: each of its tickets has a card there, and a thread below the card.

What is said in a ticket is said in its thread, whatever door it came through, and what agents say there is
said in the ticket; nothing goes back to where it came from (E14). The card is changed in place. Which message
of the service it is, the delivery finds out when its turn comes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from bot.desk.changed import Change
from bot.desk.desk import Desk
from bot.desk.letters import Letter
from bot.desk.states import DONE
from bot.mail.addresses import canonical
from bot.message import Attachment, Choice, Kind, Notice, OutgoingMessage, Party
from bot.store import conversation, entries, outbox, people, threads, withdrawal
from bot.store.conversation import WholeTicket
from bot.store.dialect import AT_ONCE
from bot.store.engine import Tx

CARD: Final = "card"
SAID: Final = "said"
_SHOWN: Final = ("state", "priority", "owner_id", "queue", "subject", "first_response_at", "resolution_due",
                 "promised_at", "fix_expected_at", "waiting_for", "major", "level", "category")  # fmt: skip
"""What a card shows: when one of these changes, the card does."""
_LONGEST_EXCERPT: Final = 600
_MESSAGE: Final = "message"


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


def of_ticket(tx: Tx, ticket: WholeTicket, desk: Desk) -> list[Room]:
    """Where a ticket is worked on: the rooms of its team, and of teams that had it before, while the
    configuration has them."""
    rooms = {(room.channel, room.place): room for room in of_team(desk, ticket.queue)}
    known = {(room.channel, room.place): room for queue in desk.config.teams for room in of_team(desk, queue)}
    for card in threads.cards(tx, ticket.id) if known else ():
        if room := known.get((card.channel, card.place)):
            rooms.setdefault((card.channel, card.place), room)
    return list(rooms.values())


def are_read_by(rooms: Sequence[Room], key: str, desk: Desk) -> bool:
    """Whether an agent reads what is said in one of some rooms: it is a room of a team of theirs, and they are
    in that chat."""
    agent = desk.roster.agents[key]
    doors = {place.partition(":")[0] for place in agent.chats}
    theirs = {room for team in agent.teams for room in of_team(desk, team) if room.channel in doors}
    return not theirs.isdisjoint(rooms)


def follow(tx: Tx, change: Change, desk: Desk) -> None:
    """The cards show what is so now; a team that the ticket comes to gets one."""
    if _has_rooms(desk) and any(change.differs(name) for name in _SHOWN):
        # The clock has followed before: when it is due may be another moment by now.
        show(tx, conversation.whole(tx, change.after.id) or change.after, desk, change.now)


def opened(
    tx: Tx, ticket: WholeTicket, desk: Desk, now: datetime, files: tuple[Attachment, ...] = ()
) -> None:
    """A new ticket: its card, and below it what the card has no room for."""
    if not _has_rooms(desk):
        return
    show(tx, ticket, desk, now)
    words = entries.first_words(tx, ticket.id)
    if len(words) > _LONGEST_EXCERPT or any(not file.inline for file in files):
        said(tx, ticket, _who(tx, ticket), words, _MESSAGE, desk, now, files=files)


def show(tx: Tx, ticket: WholeTicket, desk: Desk, now: datetime) -> None:
    """Write the card of a ticket into the rooms of its team, and into those that have one already."""
    rooms = of_ticket(tx, ticket, desk) if _has_rooms(desk) else []
    if rooms:
        withdrawal.withdraw(tx, ticket.id, CARD)
    for room in rooms:
        threads.plan_card(tx, ticket.id, room.channel, room.place)
        card = Letter(Kind.CARD, CARD, _card(tx, ticket, desk), choices=_choices(ticket))
        _write(tx, room, ticket, card, desk, now)


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
    **more: Any,
) -> None:
    """What was said in a ticket, in the thread of each room. ``kind``: as entries have it; ``origin``: keys of
    the conversation in which it was said, where it is read already (E14)."""
    if not _has_rooms(desk):
        return
    here = {(card.channel, card.place): card.thread_key for card in threads.cards(tx, ticket.id)}
    for room in of_ticket(tx, ticket, desk):
        thread = here.get((room.channel, room.place), "")
        if not (thread and thread in origin):
            values = {"who": who, "text": text, "kind": kind, "files": [file.name for file in files], **more}
            _write(tx, room, ticket, Letter(Kind.NOTICE, SAID, values, files), desk, now)


def told(
    tx: Tx, ticket: WholeTicket, letter: Letter, desk: Desk, now: datetime, not_before: datetime = AT_ONCE
) -> None:
    """A notice to agents, in the thread of each room. The whole story stands where it is not read above."""
    rooms = of_ticket(tx, ticket, desk)
    here = {(card.channel, card.place) for card in threads.cards(tx, ticket.id) if card.thread_key}
    bare = replace(letter, values={**letter.values, "story": []}) if letter.values.get("story") else letter
    for room in rooms:
        told = bare if (room.channel, room.place) in here else letter
        _write(tx, room, ticket, told, desk, now, not_before=not_before)


def _has_rooms(desk: Desk) -> bool:
    return any(team.rooms for team in desk.config.teams.values())


def _write(
    tx: Tx,
    room: Room,
    ticket: WholeTicket,
    letter: Letter,
    desk: Desk,
    now: datetime,
    *,
    not_before: datetime = AT_ONCE,
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
        kind=letter.kind,
        token=desk.references.issue(ticket.id, room.place),
        notice=Notice(letter.event, home.locale, home.time_zone, {**about, **letter.values}),
        created_at=now,
        choices=letter.choices,
        attachments=letter.attachments,
    )
    outbox.queue(tx, message, room.place, not_before=not_before)


def _card(tx: Tx, ticket: WholeTicket, desk: Desk) -> dict[str, Any]:
    """What a card shows besides what every message about a ticket says."""
    owner = people.by_id(tx, ticket.owner_id) if ticket.owner_id else None
    due = ticket.first_response_due if ticket.first_response_at is None else ticket.resolution_due
    words = entries.first_words(tx, ticket.id)
    category = desk.config.categories.get(ticket.category or "")
    return {
        "who": _who(tx, ticket),
        "owner": owner.name if owner else "",
        "due": due.isoformat() if due and ticket.state not in DONE else None,
        "text": words[:_LONGEST_EXCERPT],
        "category": category.title(desk.config.desk.locale) if category else ticket.category or "",
        "waiting_for": ticket.waiting_for or "",
        "fix_expected_at": ticket.fix_expected_at.isoformat() if ticket.fix_expected_at else None,
        "level": ticket.level,
        "major": ticket.major,
    }


def _who(tx: Tx, ticket: WholeTicket) -> str:
    """Whoever asked, as agents know them."""
    person = people.by_id(tx, ticket.requester_id)
    where = people.reached(tx, ticket.requester_id)
    return (person.name if person else "") or (where.shown if where else "")


def _choices(ticket: WholeTicket) -> tuple[Choice, ...]:
    """What can be done with a ticket from its card."""
    if ticket.state in DONE:
        return (Choice("reopen", "reopen"),)
    verbs = ["take"] if ticket.owner_id is None else []
    verbs += ["reply", "priority", "wait", "escalate", "resolve", "note"]
    return tuple(Choice(verb, verb) for verb in verbs)
