"""An agent's words to a requester, taken back before they are sent; steps are taken back by ``undo_steps``.

What is said in a chat waits for a few seconds, and whoever said it has a button for so long. All that is needed
to take it back stands in the history of the ticket, with the words: the button only names them (I13).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from bot.desk import changes, doors, intervals, letters, promises, undo_steps
from bot.desk.cases import REPLY, Case
from bot.desk.changed import Actor, By
from bot.desk.desk import Desk
from bot.desk.incoming import Incoming
from bot.desk.letters import Letter, Reader
from bot.desk.outcome import Outcome, Reason, Result
from bot.desk.states import DONE, RUNNING
from bot.message import EMAIL, Action, Choice, Kind
from bot.store import conversation, entries, steps_back, tickets, withdrawal
from bot.store.conversation import WholeTicket
from bot.store.engine import Tx

UNDONE: Final = undo_steps.UNDONE
"""An entry that was taken back: nobody was sent it."""
RECEIPT: Final = "receipt"
_SENT: Final = "reply.sent"
_TAKEN_BACK: Final = "reply.undone"
_EVENTS: Final = ("reply", "said")
_NAMES: Final = {"slack": "Slack", "telegram": "Telegram"}


@dataclass(frozen=True, slots=True)
class Before:
    """How it stood before an agent's words."""

    outbox: int
    ticket: WholeTicket
    waiting: list[int]
    """What was to be said, and may be overtaken by the words."""


def before(case: Case) -> Before:
    """To be asked before the words are kept."""
    number = case.ticket.id
    return Before(withdrawal.last_of(case.tx, number), case.ticket, steps_back.waiting(case.tx, number))


def offer(case: Case, was: Before, entry: int) -> dict[str, Any] | None:
    """Let the words wait as long as their door says; returns what the history must know. None: they do not."""
    lasts = case.desk.undo(case.channel)
    if not lasts:
        return None
    until = case.now + lasts
    waiting = withdrawal.put_aside(case.tx, case.ticket.id, was.outbox, _EVENTS, until)
    if not waiting:
        return None
    return {
        "entry": str(entry),
        "outbox": waiting,
        "until": until.isoformat(),
        "first": was.ticket.first_response_at is None,
        "told_at": _iso(was.ticket.told_at),
        "promised_at": _iso(was.ticket.promised_at),
        "overtaken": steps_back.overtaken(case.tx, was.waiting),
    }


def receipt(tx: Tx, desk: Desk, reader: Reader, entry: int, answers: str, now: datetime) -> None:
    """Tell the agent alone to whom their words go, by which door, and let them take them back."""
    about = entries.ticket_of_entry(tx, entry)
    ticket = conversation.whole(tx, about) if about is not None else None
    if ticket is None:
        return
    said = _said(tx, ticket.id, entry)
    seconds = (datetime.fromisoformat(said["until"]) - now).total_seconds() if said else 0
    choices = (Choice("undo", "undo", str(entry)),) if seconds > 0 else ()
    values = {"what": "sent", "seconds": round(seconds), **_to(tx, ticket, desk)}
    _answer(tx, desk, reader, ticket, values, answers, now, choices)


def by_action(incoming: Incoming, action: Action) -> Outcome:
    """Take words back: only whoever wrote them, only while they wait, and twice is once."""
    tx, desk, now = incoming.tx, incoming.desk, incoming.now
    value = action.values.get("value", "")
    if "-" in value:
        return _step_back(incoming, action, value)
    entry = _number(value)
    about = entries.ticket_of_entry(tx, entry) if entry and incoming.agent else None
    ticket = conversation.whole(tx, about) if about is not None else None
    if ticket is None or entry is None or incoming.agent is None:
        return Outcome(Result.IGNORED, Reason.NOT_ALLOWED, action.ticket)
    said = _said(tx, ticket.id, entry)
    agent = desk.roster.load(tx, incoming.agent, now)
    if said is None or entries.author_of(tx, entry) != agent.person.id:
        return Outcome(Result.IGNORED, Reason.NOT_ALLOWED, ticket.id)
    if tickets.marked(tx, ticket.id, _TAKEN_BACK, "entry", str(entry), most=1):
        return Outcome(Result.IGNORED, Reason.BY_AGENT, ticket.id)
    savepoint = tx.connection.begin_nested()
    in_time = withdrawal.take_back(tx, said["outbox"])
    if in_time:
        savepoint.commit()
        _take_back(incoming, ticket, entry, said, agent.person.id)
    else:
        savepoint.rollback()
    values = {"what": "undone" if in_time else "late", "seconds": 0, **_to(tx, ticket, desk)}
    reader = _presser(incoming, letters.agent_reader(agent, desk))
    _answer(tx, desk, reader, ticket, values, doors.room_of(incoming.message), now)
    return Outcome(Result.COMMANDED, Reason.BY_AGENT if in_time else Reason.OVER, ticket.id)


def _take_back(incoming: Incoming, ticket: WholeTicket, entry: int, said: dict[str, Any], agent: int) -> None:
    """As if it had not been said: the promised answer is still owed, and so is the next word. What anybody has
    said or done since stands."""
    tx, desk, now = incoming.tx, incoming.desk, incoming.now
    began, because = entries.said_at(tx, entry), {"entry": str(entry)}
    entries.set_kind(tx, entry, UNDONE)
    answered = _answered_since(tx, ticket, entry, began)
    if answered is None and ticket.state not in DONE:
        steps_back.say_again(tx, said.get("overtaken", []))
    if ticket.first_response_at is not None and ticket.first_response_at == began:
        ticket = _unanswered(incoming, ticket, said, agent, because, answered)
    else:
        tickets.record(
            tx, ticket.id, _TAKEN_BACK, now, actor=agent, channel=incoming.message.channel, after=because
        )
    told_at = _moment(said["told_at"])
    if ticket.told_at is not None and ticket.told_at == began:
        if told_at is not None:
            tickets.told(tx, ticket.id, told_at)
        intervals.begin(tx, ticket, desk, told_at or ticket.opened_at, now)


def _answered_since(tx: Tx, ticket: WholeTicket, entry: int, began: datetime | None) -> datetime | None:
    """When the requester first heard from a person after words that are taken back: more words, or a solution."""
    solved = ticket.resolved_at if ticket.resolved_at and began and ticket.resolved_at >= began else None
    return min(filter(None, [entries.next_of(tx, ticket.id, REPLY, entry), solved]), default=None)


def _unanswered(
    incoming: Incoming,
    ticket: WholeTicket,
    said: dict[str, Any],
    agent: int,
    because: dict[str, Any],
    answered: datetime | None,
) -> WholeTicket:
    """The words were the promised answer. ``answered``: when it was given otherwise since."""
    tx, desk, now = incoming.tx, incoming.desk, incoming.now
    after = changes.apply(
        tx,
        desk,
        ticket,
        _TAKEN_BACK,
        now,
        actor=Actor(By.AGENT, agent, incoming.message.channel),
        quietly=True,
        because=because,
        first_response_at=answered,
    )
    if answered is not None:
        return after
    promised = _moment(said["promised_at"]) if said["first"] else after.first_response_due
    if after.resolution_due is not None:
        tickets.set_targets(tx, after.id, after.first_response_due, after.resolution_due, promised)
    if after.state in RUNNING:
        promises.start(tx, after.id, desk, now)
    return after


def _step_back(incoming: Incoming, action: Action, value: str) -> Outcome:
    """The same for what an agent has done: only whoever did it, and twice is once."""
    tx, desk, now = incoming.tx, incoming.desk, incoming.now
    found = undo_steps.named(tx, value) if incoming.agent else None
    if found is None or incoming.agent is None:
        return Outcome(Result.IGNORED, Reason.NOT_ALLOWED, action.ticket)
    ticket, offered = found
    agent = desk.roster.load(tx, incoming.agent, now)
    if offered.actor != agent.person.id:
        return Outcome(Result.IGNORED, Reason.NOT_ALLOWED, ticket.id)
    if undo_steps.is_taken_back(tx, ticket.id, offered):
        return Outcome(Result.IGNORED, Reason.BY_AGENT, ticket.id)
    in_time = undo_steps.take_back(tx, ticket, offered, desk, now, incoming.message.channel)
    values = {"what": "step-undone" if in_time else "step-late", "seconds": 0, **_to(tx, ticket, desk)}
    reader = _presser(incoming, letters.agent_reader(agent, desk))
    ticket = conversation.whole(tx, ticket.id) or ticket
    _answer(tx, desk, reader, ticket, values, doors.room_of(incoming.message), now)
    return Outcome(Result.COMMANDED, Reason.BY_AGENT if in_time else Reason.OVER, ticket.id)


def _presser(incoming: Incoming, reader: Reader) -> Reader:
    message = incoming.message
    if message.sender.medium == EMAIL:
        return reader
    return Reader(incoming.person.id, message.sender, incoming.sender, reader.locale, reader.time_zone)


def _answer(
    tx: Tx,
    desk: Desk,
    reader: Reader,
    ticket: WholeTicket,
    values: dict[str, Any],
    answers: str,
    now: datetime,
    choices: tuple[Choice, ...] = (),
) -> None:
    letter = Letter(Kind.NOTICE, RECEIPT, values, answers=answers, choices=choices)
    letters.write(tx, reader, ticket, letter, desk, now, channel=desk.door_to(reader.party, ""))


def _to(tx: Tx, ticket: WholeTicket, desk: Desk) -> dict[str, str]:
    """Who gets it, and by which door."""
    to = letters.requester_of(tx, ticket, desk)
    if to is None:
        return {"to": "", "address": "", "door": ""}
    mail = to.party.medium == EMAIL
    door = "" if mail else _NAMES.get(to.party.medium, to.party.medium.title())
    return {"to": to.party.name, "address": to.party.address if mail else "", "door": door}


def _said(tx: Tx, ticket: int, entry: int) -> dict[str, Any] | None:
    found = tickets.marked(tx, ticket, _SENT, "entry", str(entry), most=1)
    return found[0] if found else None


def _number(value: str) -> int | None:
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 15 else None


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
