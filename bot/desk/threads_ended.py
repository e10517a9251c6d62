"""Who may say what in the conversation of a request that has ended.

Everybody can write in a thread of a public channel, and in a group. Whoever asked, and goes on there, has a new
request that points to the old one, and the conversation is that one's from then on. Anybody else takes nothing of
it away, whatever they write: their words are theirs, a request only when they call the desk, and that one begins
at their own message. What they go on to say there is said in their own request.
"""

from __future__ import annotations

from dataclasses import replace

from bot.desk import doors, matching
from bot.desk.incoming import Incoming
from bot.desk.matching import Match
from bot.desk.outcome import Outcome, Reason, Result
from bot.message import IncomingMessage
from bot.store import threads


def of_a_stranger(incoming: Incoming, found: Match) -> Match | Outcome | None:
    """What becomes of words that answer somebody else's request, which has ended: they belong to a request that
    their sender has begun in the same conversation, or are left alone. None: they are a matter of their own. A
    mail to the desk always is: it was sent to it."""
    tx, message = incoming.tx, incoming.message
    if not doors.is_chat(message):
        return None
    own = threads.find(tx, message.channel, _beside(incoming))
    if own is not None:
        mine = matching.named(tx, message, incoming.person.id, own.ticket, incoming.desk, incoming.now)
        if mine and mine.reason is not Reason.NOT_PARTICIPANT:
            return mine
    return None if message.addressed else Outcome(Result.IGNORED, Reason.NOT_ADDRESSED, found.ticket.id)


def stands(incoming: Incoming) -> IncomingMessage:
    """The message as it is answered when it opens a request: alone, when the conversation is somebody else's."""
    message = incoming.message
    in_one = doors.is_chat(message) and bool(message.thread_keys)
    here = matching.conversation_of_ticket(incoming.tx, message) if in_one else None
    if here is None:
        return message
    person = incoming.person.id
    found = matching.named(incoming.tx, message, person, here.ticket, incoming.desk, incoming.now)
    takes_part = found is not None and found.reason is not Reason.NOT_PARTICIPANT
    if takes_part and found and (here.role == threads.PRIVATE or found.ticket.requester_id == person):
        return message
    return replace(message, thread_keys=())


def begins(incoming: Incoming, stood: IncomingMessage, ticket: int, *, anew: bool) -> None:
    """What is said in the conversation of a message is said in the ticket that it has opened. ``stood``: as
    ``stands`` has told; ``anew``: the conversation was that of a ticket of theirs, which has ended."""
    tx, message, now = incoming.tx, incoming.message, incoming.now
    doors.belongs(tx, stood, ticket, now, anew=anew and stood is message)
    if stood is not message:
        for key in _beside(incoming):
            threads.reassign(tx, message.channel, key, ticket, threads.BESIDE, now)


def _beside(incoming: Incoming) -> list[str]:
    """What one person says in the conversations of others, as keys."""
    keys = incoming.message.thread_keys[: matching.MOST_KEYS]
    return [f"{key} person/{incoming.person.id}" for key in keys if doors.TOPIC not in key]
