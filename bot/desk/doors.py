"""Where a ticket is talked about with whoever asked: the door that they last wrote through, and the conversations
of chat programs that belong to the ticket."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from bot.desk.desk import Desk
from bot.desk.screening import MOST_BOUNCES
from bot.message import EMAIL, IncomingMessage
from bot.store import people, threads, tickets
from bot.store.conversation import WholeTicket
from bot.store.engine import Tx
from bot.store.people import Reached

_MOST_KEYS: Final = 10
TOPIC: Final = "/topic/"
"""In the key of a topic of a group: a place in which many ask, and no conversation about one request."""


def is_chat(message: IncomingMessage) -> bool:
    """Whether a message came by a chat program."""
    return message.sender.medium != EMAIL


def is_direct(message: IncomingMessage, sender: str) -> bool:
    """Whether a message stands in a conversation that is named for its sender: all that they say to the desk
    stands there in one line, without threads. ``sender``: their canonical address."""
    return is_chat(message) and bool(sender) and message.place.casefold() == sender


def is_shown(message: IncomingMessage) -> bool:
    """Whether a message can be read in the conversation that it stands in: a form or a button has no message of
    its own there."""
    return is_chat(message) and bool(message.external_id) and message.external_id not in message.thread_keys


def is_beside(message: IncomingMessage) -> bool:
    """Whether it only says what has become of a message that somebody wrote before: changed, or taken back."""
    in_chat = is_chat(message) and not is_shown(message) and bool(message.external_id)
    return in_chat and message.action is None and bool(message.reply_text.strip())


def conversation_of(message: IncomingMessage) -> str:
    """The key of the conversation in which a message is answered."""
    threads_of = [key for key in message.thread_keys if TOPIC not in key]
    return next(iter(threads_of or message.thread_keys), "") or message.external_id


def room_of(message: IncomingMessage) -> str:
    """Where an answer to its sender alone belongs: the conversation in which they spoke; for a button or a
    command that stands in none, the place."""
    return next(iter(message.thread_keys), "") or (message.place if message.action else message.external_id)


def answer_alone(message: IncomingMessage) -> str:
    """What an answer that nobody but its reader may see answers: their mail; in a chat nothing, so that it goes
    to their own conversation with the desk, wherever they have asked."""
    return "" if is_chat(message) else message.external_id


def belongs(tx: Tx, message: IncomingMessage, ticket: int, now: datetime, *, anew: bool = False) -> None:
    """What is said in the conversation of a message is said in the ticket. ``anew``: it may have belonged to
    another one, which has ended."""
    if not is_chat(message):
        return
    keys = (message.external_id, *(key for key in message.thread_keys[:_MOST_KEYS] if TOPIC not in key))
    for key in filter(None, keys):
        if anew:
            threads.reassign(tx, message.channel, key, ticket, threads.REQUESTER, now)
        else:
            threads.join(tx, message.channel, key, ticket, threads.REQUESTER, now)


def came_by(tx: Tx, message: IncomingMessage, ticket: WholeTicket, desk: Desk) -> None:
    """The requester has written: the desk goes on in the door that they used. From one mailbox to another, or to
    a page, nothing moves."""
    medium, before = desk.channels.get(message.channel), desk.channels.get(ticket.channel)
    if medium is None or ticket.channel == message.channel or (medium == before == EMAIL):
        return
    tickets.set_channel(tx, ticket.id, message.channel)


def own_door(tx: Tx, person: int, channel: str, desk: Desk) -> Reached | None:
    """Where to write to a person about a ticket that lives in a door: their address there, else the one known
    longest that the desk can write to. One from which all comes back is the last choice."""
    ways = [
        Reached(way.medium, way.canonical, way.shown, way.bounces) for way in people.addresses_of(tx, person)
    ]
    ways = [way for way in ways if way.bounces < MOST_BOUNCES] or ways
    medium = desk.channels.get(channel)
    house = f"{channel.casefold()}/"
    there = (w for w in ways if w.medium == medium and (medium == EMAIL or w.canonical.startswith(house)))
    known = (w for w in ways if w.medium in desk.channels.values())
    return next(there, None) or next(known, None) or next(iter(ways), None)
