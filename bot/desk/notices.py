"""What the desk says, to whom: notices without words yet, ready for the outbox."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from bot.desk import letters, promises, quiet, rooms, stories, working
from bot.desk.desk import Desk
from bot.desk.letters import Letter
from bot.desk.outcome import Reason
from bot.desk.states import State
from bot.message import Attachment, IncomingMessage, Kind
from bot.store.conversation import WholeTicket
from bot.store.dialect import AT_ONCE
from bot.store.engine import Tx
from bot.store.people import KnownPerson
from bot.store.said import was_told

_WROTE: Final = "requester_wrote"
_ALWAYS: Final = frozenset({"new_ticket", _WROTE})
"""What rooms show whoever has done it."""
HANDED_OVER: Final = "handed_over"
ESCALATED: Final = "escalated"
_DOUBTFUL: Final = frozenset({Reason.NOT_PARTICIPANT, Reason.UNPROVED_AGENT, Reason.OTHER_SENDER})
"""Standings of words that nobody proved to be the requester's."""


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
    origin: Sequence[str] = (),
) -> None:
    """Tell the owner, or the team when nobody has taken the ticket or its owner cannot be written to; an owner
    who is away today, and the team. ``but``: the agent who is left out; ``files``: what came with the message
    that they are told of; ``origin``: keys of the conversation in which it was said."""
    tell(tx, ticket, Letter(Kind.NOTICE, event, values, files), desk, now, but=but, origin=origin)


def tell(
    tx: Tx,
    ticket: WholeTicket,
    letter: Letter,
    desk: Desk,
    now: datetime,
    *,
    but: str | None = None,
    origin: Sequence[str] = (),
) -> None:
    """As ``tell_agents``, with all that a letter may have. Who reads the ticket's room is told there, everybody
    else in a mail."""
    if not desk.roster.agents:
        return
    owner = desk.roster.owner(tx, ticket.owner_id)
    here = rooms.of_ticket(tx, ticket, desk)
    silent = owner == but and owner is not None and not is_away(owner, desk, now)
    if here and (letter.event in _ALWAYS or not silent):
        _tell_rooms(tx, ticket, letter, owner, desk, now, origin)

    def tell_one(key: str) -> bool:
        if rooms.are_read_by(here, key, desk):
            return True
        reader = letters.agent_reader(desk.roster.load(tx, key, now), desk)
        heard = letter.event == "new_ticket" and ticket.major and key != owner
        if heard and was_told(tx, ticket.id, "major", reader.canonical):
            return True  # of a major incident one notice is enough
        said = _in_their_words(letter, ticket, desk, reader.locale, yours=key == owner)
        return letters.write(tx, reader, ticket, said, desk, now)

    if owner and (owner == but or tell_one(owner)) and (owner == but or not is_away(owner, desk, now)):
        return
    for key in desk.roster.of_team(ticket.queue):
        if key not in {owner, but}:
            tell_one(key)


def tell_each(
    tx: Tx,
    ticket: WholeTicket,
    letter: Letter,
    keys: Collection[str],
    desk: Desk,
    now: datetime,
    *,
    in_confidence: bool = False,
) -> set[str]:
    """Tell certain agents: in the ticket's room, and by mail those of them who do not read it.
    ``in_confidence``: the room hears it only for the sake of one of them who reads it. Returns whom it goes
    to."""
    here = rooms.of_ticket(tx, ticket, desk)
    there = {key for key in keys if rooms.are_read_by(here, key, desk)}
    if here and (there or not in_confidence):
        _tell_rooms(tx, ticket, letter, desk.roster.owner(tx, ticket.owner_id), desk, now, ())
    told = set(there)
    for key in sorted({*keys} - there):
        reader = letters.agent_reader(desk.roster.load(tx, key, now), desk)
        yours = desk.roster.owner(tx, ticket.owner_id) == key
        said = _in_their_words(letter, ticket, desk, reader.locale, yours=yours)
        if letters.write(tx, reader, ticket, said, desk, now):
            told.add(key)
    return told


def hand_over(
    tx: Tx, ticket: WholeTicket, keys: Collection[str], to: str, by: str, desk: Desk, now: datetime
) -> None:
    """A hand-over carries the whole story. ``keys``: the agents who have the ticket now, or are to look at it;
    ``to``: their name, or their team's; ``by``: who hands it over."""
    letter = Letter(Kind.NOTICE, HANDED_OVER, {"by": by, "to": to, **stories.told(tx, ticket)})
    tell_each(tx, ticket, letter, keys, desk, now)


def _tell_rooms(
    tx: Tx,
    ticket: WholeTicket,
    letter: Letter,
    owner: str | None,
    desk: Desk,
    now: datetime,
    origin: Sequence[str],
) -> None:
    """The card of a new ticket is its notice; what somebody wrote stands there as they wrote it."""
    values = letter.values
    if letter.event == "new_ticket":
        rooms.opened(tx, ticket, desk, now, letter.attachments)
    elif letter.event == _WROTE:
        standing = values.get("standing", "")
        rooms.said(
            tx,
            ticket,
            values["who"] or values["address"],
            values["text"],
            "unverified" if standing in _DOUBTFUL else "message",
            desk,
            now,
            files=letter.attachments,
            origin=origin,
            standing=standing,
            oddities=values.get("oddities", []),
            proposed=values.get("proposed", []),
            to=desk.roster.agents[owner].name if owner else "",
        )
    else:
        home = desk.config.desk
        said = _in_their_words(letter, ticket, desk, home.locale, yours=False)
        to = desk.roster.agents[owner].name if owner else ""
        waits = letter.at_daytime and not promises.priority_of(ticket.priority, desk).night
        morning = quiet.next_waking(now, desk.zone, desk.config.quiet) if waits else None
        values = {"to": to, **said.values}
        bare = replace(said, values=values, attachments=())  # the files are there already
        soon = now + letter.after if letter.after else AT_ONCE
        rooms.told(tx, ticket, bare, desk, now, morning or soon)


def is_away(key: str, desk: Desk, now: datetime) -> bool:
    """Whether an agent is absent today."""
    return working.is_absent(desk.roster.agents[key], now, desk.config.desk.time_zone)


def _in_their_words(letter: Letter, ticket: WholeTicket, desk: Desk, locale: str, *, yours: bool) -> Letter:
    """What stands in the configuration in each language, in the reader's."""
    more: dict[str, Any] = {}
    if letter.event == "new_ticket":
        more = {
            "yours": yours,
            "category": stories.category(ticket, desk, locale),
            "asked": stories.open_questions(ticket, desk, locale),
            "major": ticket.major,
        }
    elif letter.event in {HANDED_OVER, ESCALATED}:
        more = {"fields": stories.answers(ticket, desk, locale)}
    elif letter.event == "breached":
        more = {"yours": yours}
    elif letter.event == "answered":
        more = {"answers": stories.answers(ticket, desk, locale)}
    elif letter.event == "requester_wrote":
        words = _plain(str(letter.values.get("text", "")))
        given = stories.answers(ticket, desk, locale)
        more = {"answers": [one for one in given if _plain(one["answer"]) in words]}
    return replace(letter, values={**more, **letter.values}) if more else letter


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


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
