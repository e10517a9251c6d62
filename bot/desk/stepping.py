"""What a request leaves open, asked one question after the other: in chats whose doors ask so.

The request is a ticket, and acknowledged, before the first question; nothing waits for an answer. Where the
conversation stands is in the ticket's fields (the first that is empty is the open question) and in its history,
so a process that begins anew goes on where the last one was.

What is an answer: a button of a question that is still open; words that answer the message with the question; and
words that answer nothing else, while the question is the last thing that the desk has told them. Those count when
they were written after the question had arrived, within an hour, and are neither a greeting nor thanks nor a
question, and no longer than an answer can be. All else is words like any other. Once a person of the desk has answered, the desk
asks nothing more by itself.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from bot.desk import (
    appending,
    changes,
    courtesy,
    doors,
    letters,
    matching,
    notices,
    questions,
    stories,
    together,
)
from bot.desk.incoming import Incoming
from bot.desk.letters import Letter
from bot.desk.matching import Match
from bot.desk.outcome import Outcome, Reason, Result
from bot.desk.states import DONE
from bot.desk.stories import SKIPPED
from bot.desk.tickets import Opened
from bot.message import Action, Choice, Kind, Verdict
from bot.render.choices import AS_IT_IS
from bot.store import asked as store
from bot.store import conversation, tickets, withdrawal
from bot.store.conversation import WholeTicket

QUESTION: Final = "question"
DONE_ASKING: Final = "questions_done"
ANSWERED: Final = "answered"
"""The event by which agents hear of the answers, once for all that come within a while."""
ANSWER: Final = "answer"
"""The verb of the buttons."""
STANDS: Final = timedelta(hours=1)
"""How long words that answer nothing else are taken for the answer to the last question."""
_ASKED: Final = "question.asked"
_OVER: Final = "questions.done"
_SAYS_NOTHING: Final = frozenset(
    {"status", "stated", "greeted", "link_code", "linked", "link_failed", "commands"}
)
"""What the desk says in between that leaves the question the last one: answers to commands."""
_AT_ONCE: Final = timedelta(seconds=1)
"""Services tell the time in whole seconds."""
_SKIPS: Final = frozenset({"skip", "salta", "saltare", "跳过", "略过"})


def begin(incoming: Incoming, opened: Opened) -> None:
    """Ask the first question about a request that has just been acknowledged."""
    if opened.asked and incoming.desk.asks_stepwise(incoming.message.channel):
        _go_on(incoming, opened.number, "")


def by_words(incoming: Incoming) -> Outcome | None:
    """Words that answer a question. None: they are for somebody else."""
    message = incoming.message
    if not incoming.desk.asks_stepwise(message.channel) or message.authentication.verdict is not Verdict.PASS:
        return None
    if incoming.belongs is not None:
        return None
    found = _replied(incoming) if message.thread_keys else _standing(incoming)
    if found is None:
        return None
    ticket, key = found
    words = message.reply_text.strip()
    if words.casefold().strip(" .!/") in _SKIPS and not message.attachments:
        return _skip(incoming, ticket, key)
    words = words or ", ".join(file.name for file in message.attachments)
    return _answer(incoming, ticket, key, words) if any(c.isalnum() for c in words) else None


def by_action(incoming: Incoming, action: Action) -> Outcome:
    """A button below a question. An old one, or the same once more, does nothing."""
    place, _, chosen = action.values.get("value", "").partition("-")
    ticket = conversation.whole(incoming.tx, action.ticket) if action.ticket else None
    if ticket is None or ticket.requester_id != incoming.person.id:
        return Outcome(Result.IGNORED, Reason.NOT_ALLOWED, action.ticket)
    keys = list(ticket.fields or {})
    key = keys[int(place) - 1] if _is_one_of(place, len(keys)) else ""
    if not key or not _is_open(ticket, key):
        return Outcome(Result.IGNORED, Reason.OVER, ticket.id)
    if chosen == "skip":
        return _skip(incoming, ticket, key)
    known = incoming.desk.config.questions.get(key)
    offered = known.offers(_locale(incoming, ticket)) if known else ()
    if not _is_one_of(chosen, len(offered)):
        return Outcome(Result.IGNORED, Reason.OVER, ticket.id)
    return _answer(incoming, ticket, key, offered[int(chosen) - 1], pressed=True)


def _is_one_of(digits: str, most: int) -> bool:
    return digits.isascii() and digits.isdigit() and len(digits) < 3 and 1 <= int(digits) <= most


def _is_open(ticket: WholeTicket, key: str) -> bool:
    over = ticket.state in DONE or ticket.merged_into_id is not None
    return not over and (ticket.fields or {}).get(key) == ""


def _replied(incoming: Incoming) -> tuple[WholeTicket, str] | None:
    """The open question that a message answers by name."""
    tx, key = incoming.tx, incoming.message.thread_keys[0]
    here = matching.conversation_of_ticket(tx, incoming.message)
    told = store.told_by(tx, here.ticket, QUESTION, key) if here else None
    return _theirs(incoming, here.ticket, told["key"]) if here and told else None


def _standing(incoming: Incoming) -> tuple[WholeTicket, str] | None:
    """The question that is the last thing that they were told, when they may have meant it."""
    message = incoming.message
    if not doors.is_direct(message, incoming.sender):
        return None
    told = store.last_told(incoming.tx, incoming.sender, incoming.now - STANDS, _SAYS_NOTHING)
    if told is None or told.event != QUESTION or told.arrived_at is None or told.below:
        return None  # what was asked among others is answered there
    text = message.reply_text
    early = message.sent_at is not None and message.sent_at + _AT_ONCE < told.arrived_at
    polite = together.only_greets(text) or courtesy.only_thanks(text)
    other = polite or len(text) > questions.LONGEST_ANSWER or text.rstrip().endswith(("?", "\uff1f"))
    return None if early or other else _theirs(incoming, told.ticket, told.values["key"])


def _theirs(incoming: Incoming, number: int, key: str) -> tuple[WholeTicket, str] | None:
    ticket = conversation.whole(incoming.tx, number)
    if ticket is None or ticket.requester_id != incoming.person.id or not _is_open(ticket, key):
        return None
    return ticket, key


def _answer(
    incoming: Incoming, ticket: WholeTicket, key: str, words: str, *, pressed: bool = False
) -> Outcome:
    """Keep it: as words below their question, and as a field."""
    tx, message = incoming.tx, incoming.message
    told = f"{stories.question(key, incoming.desk, _locale(incoming, ticket))}\n{words}"
    spoken = replace(incoming, message=replace(message, text=told, reply_text=told))
    facts = tickets.facts(tx, ticket.id)
    if facts is None:
        return Outcome(Result.IGNORED, Reason.NOT_ALLOWED, ticket.id)
    given = {key: words[: questions.LONGEST_ANSWER]}
    found = Match(facts, Reason.REFERENCE)
    appending.keep(spoken, found, given)
    if not pressed:
        doors.belongs(tx, message, ticket.id, incoming.now)
    if message.attachments:
        appending.tell(spoken, found)
    _go_on(incoming, ticket.id, words if pressed else "")
    _tell_team(incoming, ticket.id, answered=not message.attachments)
    return Outcome(Result.APPENDED, Reason.ANSWERED, ticket.id)


def _skip(incoming: Incoming, ticket: WholeTicket, key: str) -> Outcome:
    actor = incoming.requester
    fields = {**(ticket.fields or {}), key: SKIPPED}
    tx, desk, now = incoming.tx, incoming.desk, incoming.now
    changes.apply(tx, desk, ticket, "question.skipped", now, actor=actor, fields=fields)
    _go_on(incoming, ticket.id, "")
    _tell_team(incoming, ticket.id, answered=False)
    return Outcome(Result.COMMANDED, Reason.ANSWERED, ticket.id)


def _go_on(incoming: Incoming, number: int, before: str) -> None:
    """Ask what is still open, one thing; when that was the last, say so. ``before``: what they have just chosen."""
    tx, desk, now = incoming.tx, incoming.desk, incoming.now
    ticket = conversation.whole(tx, number)
    if ticket is None or ticket.first_response_at is not None or ticket.state in DONE:
        return
    fields = ticket.fields or {}
    key = next((key for key, answer in fields.items() if not answer), "")
    step = _ASKED if key else _OVER
    if tickets.marked(tx, number, step, "question", key, most=1):
        return  # it is being asked
    if key:
        letter = _question(incoming, ticket, key, before)
    else:
        answered = sum(answer != SKIPPED for answer in fields.values())
        letter = Letter(Kind.NOTICE, DONE_ASKING, {"answered": answered, "before": before})
    reader = letters.requester_of(tx, ticket, desk)
    if reader is not None and reader.canonical == incoming.sender:
        letter = replace(letter, answers=_where(incoming))
    if reader is not None and letters.write(tx, reader, ticket, letter, desk, now):
        tickets.record(tx, number, step, now, after={"question": key})


def _question(incoming: Incoming, ticket: WholeTicket, key: str, before: str) -> Letter:
    locale = _locale(incoming, ticket)
    keys = list(ticket.fields or {})
    place = keys.index(key) + 1
    known = incoming.desk.config.questions.get(key)
    offered = known.offers(locale) if known else ()
    choices = [Choice(f"{AS_IT_IS}{words}", ANSWER, f"{place}-{at}") for at, words in enumerate(offered, 1)]
    choices.append(Choice("skip", ANSWER, f"{place}-skip"))
    asked = stories.question(key, incoming.desk, locale)
    values = {"key": key, "question": asked, "before": before, "place": place, "of": len(keys)}
    return Letter(Kind.NOTICE, QUESTION, values, choices=tuple(choices))


def _where(incoming: Incoming) -> str:
    """In a group it stands below what they said; in their own conversation with the desk it needs no place."""
    message = incoming.message
    return "" if doors.is_direct(message, incoming.sender) else doors.conversation_of(message)


def _locale(incoming: Incoming, ticket: WholeTicket) -> str:
    return incoming.person.locale or ticket.locale


def _tell_team(incoming: Incoming, number: int, *, answered: bool) -> None:
    """The agents hear all answers at once: when nothing is open any more, or when no other has come for a while."""
    tx, desk = incoming.tx, incoming.desk
    if not desk.roster.agents:
        return
    waited = withdrawal.withdraw(tx, number, ANSWERED)
    ticket = conversation.whole(tx, number)
    if ticket is None or not (answered or waited):
        return
    open_still = not all((ticket.fields or {}).values())
    message, person = incoming.message, incoming.person
    values = {"who": person.name or message.sender.name, "address": message.sender.address}
    after = desk.together(message.channel) if open_still else timedelta(0)
    letter = Letter(Kind.NOTICE, ANSWERED, values, after=after)
    notices.tell(tx, ticket, letter, desk, incoming.now, but=incoming.agent)
