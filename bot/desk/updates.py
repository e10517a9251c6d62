"""What the owner says of a ticket when the next word to its requester is near: by a button, a page or a mail.

still: somebody works on it; supplier: it waits for one; fix: when it is expected to work; need: what is needed
from the requester, in the agent's words. The template writes the sentence. Who says it of a ticket that nobody
owns owns it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from bot.desk import commands, doors, intervals, letters, moments, moving, progress, undo_steps
from bot.desk.agents import Agent
from bot.desk.cases import REPLY, Case, Done, Refused
from bot.desk.incoming import Incoming
from bot.desk.letters import Letter
from bot.desk.outcome import Outcome, Reason, Result
from bot.desk.progress import What
from bot.desk.states import DONE, State
from bot.message import Action, Kind
from bot.store import conversation
from bot.store.conversation import WholeTicket


class Update(StrEnum):
    """What there is to say."""

    STILL = "still"
    SUPPLIER = "supplier"
    FIX = "fix"
    NEED = "need"


def by_action(incoming: Incoming, action: Action) -> Outcome:
    """What a button or a page says: "value" is one of the four, "at" the moment of a fix, "text" what is needed.

    Only from the ticket's owner, or an agent of its team, and only while they are one (D12): whether the sender
    is who they say has been looked at by ``actions``.
    """
    ticket = conversation.whole(incoming.tx, action.ticket) if action.ticket is not None else None
    agent = _agent(incoming, ticket) if ticket else None
    if ticket is None or agent is None:
        return Outcome(Result.IGNORED, Reason.NOT_ALLOWED, action.ticket)
    case = Case(incoming.tx, incoming.desk, ticket, agent, incoming.message.channel, incoming.now)
    value, values = action.values.get("value", ""), action.values
    words = values.get("at", "") if value == Update.FIX else values.get("text", "")
    savepoint = incoming.tx.connection.begin_nested()
    was = undo_steps.before(case, "update")
    try:
        done = say(case, value, words)
    except Refused as refused:
        savepoint.rollback()
        over = refused.code in {"no-way", "is-merged"}
        reason = Reason.OVER if over else Reason.NOT_UNDERSTOOD
        return Outcome(Result.COMMANDED, reason, ticket.id)
    savepoint.commit()
    if step := undo_steps.offer(case, "update", was):
        _tell_agent(incoming, case, done, step)
    return Outcome(Result.COMMANDED, Reason.BY_AGENT, ticket.id)


def _tell_agent(incoming: Incoming, case: Case, done: Done, step: str) -> None:
    """In a chat, what was done, with the button that takes it back."""
    message, desk = incoming.message, incoming.desk
    first = letters.agent_reader(case.agent, desk)
    reader = replace(first, person=incoming.person.id, party=message.sender, canonical=incoming.sender)
    name = desk.name_of(case.ticket.id)
    told = [{"verb": "update", "code": done.code, "ticket": name, **done.values}]
    values: dict[str, Any] = {"done": told, "problems": [], "text": "", "known": list(commands.VERBS)}
    values = undo_steps.offered(values, [step], message.channel, desk)
    choices = (undo_steps.choice(step),)
    letter = Letter(Kind.NOTICE, "commands", values, answers=doors.room_of(message), choices=choices)
    letters.write(incoming.tx, reader, case.ticket, letter, desk, incoming.now, channel=message.channel)


def _agent(incoming: Incoming, ticket: WholeTicket) -> Agent | None:
    """The agent who says it, when they may. A page knows a person, whichever of their addresses it was sent to."""
    desk = incoming.desk
    key = incoming.agent or desk.roster.owner(incoming.tx, incoming.person.id)
    if key is None:
        return None
    agent = desk.roster.load(incoming.tx, key, incoming.now)
    mine = ticket.owner_id == agent.person.id or ticket.queue in agent.section.teams
    return agent if mine else None


def say(case: Case, value: str, words: str = "") -> Done:
    """Do it, and tell the requester. Raises ``Refused``."""
    if value not in set(Update):
        raise Refused("no-such-update", given=value[:60], known=", ".join(Update))
    moving.not_merged(case, case.ticket)
    if case.ticket.state in DONE:
        raise Refused("no-way", state=case.ticket.state, to=State.OPEN)
    if value == Update.FIX:
        return _fix(case, words)
    if value == Update.NEED:
        return _need(case, words.strip())
    if case.ticket.owner_id is None:
        case.take(quietly=True)
    if value == Update.STILL:
        _tell(case, What.STILL_WORKING)
    elif not case.change("waiting", state=State.WAITING, waiting_for="supplier"):
        _tell(case, What.WAITING_SUPPLIER)
    return _done(value)


def _fix(case: Case, words: str) -> Done:
    """Once more for the same moment is a word too."""
    zone = ZoneInfo(case.agent.section.time_zone or case.desk.config.desk.time_zone)
    at = moments.read(words, case.now, zone)
    if at is None:
        raise Refused("no-such-moment", given=words[:60])
    if case.ticket.owner_id is None:
        case.take(quietly=True)
    if not case.change("fix.expected", fix_expected_at=at):
        _tell(case, What.FIX_EXPECTED)
    return _done(Update.FIX, at)


def _need(case: Case, words: str) -> Done:
    """The words go to the requester as what they are: a person's, who waits for an answer."""
    if not words:
        raise Refused("no-such-update", given=Update.NEED, known=", ".join(Update))
    case.refuse_notes(words)
    if case.ticket.owner_id is None:
        case.take(quietly=True)
    case.change(
        "waiting",
        words=words,
        quietly=True,
        state=State.WAITING,
        waiting_for=intervals.REQUESTER,
    )
    case.files = ()  # what came with the order stays with colleagues
    case.keep(REPLY, words)
    values = progress.values(case.tx, case.ticket, What.WAITING_REQUESTER, case.desk, case.now, words)
    values["by"] = case.agent.section.name
    case.tell_requester(Letter(Kind.REPLY, progress.EVENT, values))
    case.answered()
    case.record("reply.sent", None, None)
    return _done(Update.NEED)


def _tell(case: Case, what: What) -> None:
    """Whoever it reaches: the owner has said how it stands, and is not asked again before the next interval."""
    but = case.agent.addresses
    if not progress.tell(case.tx, case.ticket, what, case.desk, case.now, but=but):
        intervals.heard(case.tx, case.ticket, case.desk, case.now)
    case.record("update.said", None, {"what": what})


def _done(value: str, at: datetime | None = None) -> Done:
    values: dict[str, Any] = {"what": value, "at": at.isoformat() if at else None}
    return Done("updated", values)
