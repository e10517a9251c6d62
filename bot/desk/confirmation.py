"""The question whether it works again: yes, no, or silence."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from bot.desk import answers, appending, changes, doors, informing, matching
from bot.desk.answers import Said
from bot.desk.asking import SURVEY
from bot.desk.changed import DESK
from bot.desk.desk import Desk
from bot.desk.ending import REMINDER, RESOLVED, YES_OR_NO, silence_after
from bot.desk.incoming import Incoming
from bot.desk.letters import Letter
from bot.desk.matching import TAKES_PART, Match
from bot.desk.outcome import Outcome, Reason, Result
from bot.desk.states import DONE, Ended, State
from bot.message import Action, Kind, Verdict
from bot.store import conversation, people, said
from bot.store import tickets as store
from bot.store.conversation import WholeTicket
from bot.store.engine import Tx
from bot.store.timers import DueTimer

_ASKING: Final = frozenset({RESOLVED, REMINDER})
"""Our messages that ask whether it works again."""
_ENDING: Final = _ASKING | {"closed", SURVEY}
"""Our messages to which "it works" says nothing new once the ticket is closed."""


# What is answered by mail


def by_words(incoming: Incoming) -> Outcome | None:
    """What a mail says to the question. None: it is nothing for us; as words they open the ticket again."""
    found = _found(incoming)
    if found is None:
        return None
    said = answers.read(incoming.message.reply_text, _names(incoming))
    if found.ticket.state == State.RESOLVED:
        return _to_resolved(incoming, found, said)
    if found.ticket.state == State.CLOSED and _changes_nothing(incoming, said):
        return _keep(incoming, found, Reason.THANKS)
    return None


def _found(incoming: Incoming) -> Match | None:
    """The ticket that a mail of its requester's answers, proved to be theirs."""
    message, desk = incoming.message, incoming.desk
    verdict = message.authentication.verdict
    if verdict is Verdict.FAIL:
        return None
    found = matching.match(incoming.tx, message, incoming.sender, incoming.person.id, desk, incoming.now)
    if found is None or found.reason not in {*TAKES_PART, Reason.THANKS, Reason.TICKET_CLOSED}:
        return None
    if found.ticket.requester_id != incoming.person.id:
        return None
    by_token = next(matching.references(message, desk), None)
    proved = verdict is Verdict.PASS or (by_token and desk.references.is_for(by_token, incoming.sender))
    return found if proved else None


def _to_resolved(incoming: Incoming, found: Match, said: Said) -> Outcome | None:
    event = _answered(incoming)
    # A bare yes may be meant for what an agent has asked beside it.
    if said is Said.WORKS or (said is Said.YES and event != "reply"):
        return _confirm(incoming, found)
    if said is Said.COURTESY or found.reason is Reason.THANKS:
        return _keep(incoming, found, Reason.THANKS)
    if said is Said.NO or event in _ASKING:
        return _not_fixed(incoming, found)
    return None


def _changes_nothing(incoming: Incoming, said: Said) -> bool:
    """A late yes to a question that is over, or a no to our offer to open the ticket again."""
    event = _answered(incoming)
    if event == "sorry":
        return answers.only_no(incoming.message.reply_text)
    return event in _ENDING and said in {Said.WORKS, Said.YES, Said.COURTESY}


def _answered(incoming: Incoming) -> str | None:
    """Which message of ours is answered."""
    if doors.is_chat(incoming.message):
        found = matching.answered(incoming.tx, incoming.message, incoming.sender, incoming.desk)
        return found[1] if found else None
    nearest = next(matching.references(incoming.message, incoming.desk), None)
    return said.event_of(incoming.tx, nearest.token) if nearest else None


def _names(incoming: Incoming) -> list[str]:
    agents = incoming.desk.roster.agents.values()
    return [incoming.message.sender.name, incoming.person.name, *(agent.name for agent in agents)]


def _confirm(incoming: Incoming, found: Match) -> Outcome:
    """It works: the words are kept, and the ticket ends. What they say besides is shown to the owner."""
    outcome = _keep(incoming, found, Reason.CONFIRMED)
    ticket = conversation.whole(incoming.tx, found.ticket.id)
    if ticket is not None:
        after = end(incoming, ticket, Ended.CONFIRMED, incoming.message.reply_text)
        if answers.says_more(incoming.message.reply_text) or incoming.message.attachments:
            appending.tell_team(incoming, after, Reason.ANSWERED)
    return outcome


def end(incoming: Incoming, ticket: WholeTicket, how: Ended, words: str = "", **values: Any) -> WholeTicket:
    """The requester has ended a ticket; ``words``: what they said with it."""
    return changes.apply(
        incoming.tx,
        incoming.desk,
        ticket,
        "closed",
        incoming.now,
        actor=incoming.requester,
        words=words,
        state=State.CLOSED,
        closed_at=incoming.now,
        closed_as=how,
        **values,
    )


def _keep(incoming: Incoming, found: Match, reason: Reason) -> Outcome:
    """Words that open nothing again."""
    kept = replace(found, reason=Reason.THANKS)
    return replace(appending.keep(incoming, kept), reason=reason)


def _not_fixed(incoming: Incoming, found: Match) -> Outcome:
    """It does not work: the ticket is open again, with their words."""
    heard = replace(found, reason=Reason.REFERENCE)
    outcome = appending.keep(incoming, heard)
    if ticket := conversation.whole(incoming.tx, found.ticket.id):
        appending.tell_team(incoming, ticket, Reason.NOT_FIXED)
    return replace(outcome, reason=Reason.NOT_FIXED)


# What is answered by a button or on a page


def by_action(incoming: Incoming, action: Action) -> Outcome:
    """A button or a page says yes or no; ``text``: their words. Twice is once."""
    said = action.values.get("value", "")
    ticket = conversation.whole(incoming.tx, action.ticket) if action.ticket is not None else None
    if ticket is None or ticket.requester_id != incoming.person.id or said not in {"yes", "no"}:
        return Outcome(Result.IGNORED, Reason.NOT_ALLOWED, action.ticket)
    words = action.values.get("text", "") or incoming.message.reply_text
    spoken = _with_words(incoming, words)
    if said == "no":
        return reopen(incoming, ticket.id, words)
    if ticket.state == State.CLOSED and ticket.closed_as == Ended.CONFIRMED:
        return Outcome(Result.IGNORED, Reason.CONFIRMED, ticket.id)
    if ticket.state != State.RESOLVED:
        return Outcome(Result.IGNORED, Reason.OVER, ticket.id)
    after = end(spoken, ticket, Ended.CONFIRMED, spoken.message.reply_text)
    if _says(spoken) and (facts := store.facts(incoming.tx, ticket.id)):
        _keep(spoken, Match(facts, Reason.THANKS), Reason.CONFIRMED)
        appending.tell_team(spoken, after, Reason.ANSWERED)
    return Outcome(Result.COMMANDED, Reason.CONFIRMED, ticket.id)


def reopen(incoming: Incoming, ticket: int, words: str) -> Outcome:
    """The requester of a ticket that is done says that it is not; ``words``: how, and may be empty. A ticket
    that is part of another one, was closed too long ago, or goes on already, is not opened again."""
    tx, now = incoming.tx, incoming.now
    whole = conversation.whole(tx, ticket)
    facts = store.facts(tx, ticket)
    if whole is None or facts is None or whole.requester_id != incoming.person.id:
        return Outcome(Result.IGNORED, Reason.NOT_ALLOWED, ticket)
    spoken = _with_words(incoming, words)
    if may_reopen(whole, incoming.desk, now):
        if _says(spoken):
            return _not_fixed(spoken, Match(facts, Reason.REFERENCE))
        appending.tell_team(spoken, _open(spoken, whole), Reason.NOT_FIXED)
        return Outcome(Result.COMMANDED, Reason.NOT_FIXED, ticket)
    if _says(spoken):
        # It comes too late, but what they say is not lost.
        _keep(spoken, Match(facts, Reason.THANKS), Reason.OVER)
        appending.tell_team(spoken, whole, Reason.REFERENCE)
    return Outcome(Result.IGNORED, Reason.OVER, ticket)


def _with_words(incoming: Incoming, words: str) -> Incoming:
    return replace(incoming, message=replace(incoming.message, text=words, reply_text=words))


def _says(incoming: Incoming) -> bool:
    return bool(incoming.message.reply_text.strip() or incoming.message.attachments)


def may_reopen(ticket: WholeTicket, desk: Desk, now: datetime) -> bool:
    """Whether the requester can still open a ticket again that is done."""
    if ticket.state not in DONE or ticket.merged_into_id is not None:
        return False
    window = desk.config.tickets.reopen_within
    return ticket.state == State.RESOLVED or (
        ticket.closed_at is not None and now - ticket.closed_at <= window
    )


def _open(incoming: Incoming, ticket: WholeTicket) -> WholeTicket:
    return changes.apply(
        incoming.tx,
        incoming.desk,
        ticket,
        "reopened",
        incoming.now,
        actor=incoming.requester,
        state=State.OPEN,
        resolved_at=None,
        closed_at=None,
        closed_as=None,
    )


# What happens when nobody answers


def remind(tx: Tx, timer: DueTimer, desk: Desk, now: datetime) -> None:
    """Ask once more. When the ticket is to be closed by now too, because nobody was there to remind in time,
    the last word alone is said (X21)."""
    ticket = _still_resolved(tx, timer)
    if ticket is None or ticket.resolved_at is None:
        return
    since = ticket.resolved_at.isoformat()
    if store.marked(tx, ticket.id, "reminded", "resolved_at", since):
        return
    close_at = silence_after(ticket.resolved_at, desk).close_at
    late = close_at <= now
    after: dict[str, Any] = {"resolved_at": since, "told": False}
    if not late:
        values = {
            "close_on": close_at.isoformat(),
            "resolved_at": since,
            "text": (ticket.resolution or {}).get("solution", ""),
            "owner": _owner(tx, ticket),
        }
        letter = Letter(Kind.CONFIRMATION, REMINDER, values, choices=YES_OR_NO)
        after["told"] = informing.tell(tx, ticket, letter, desk, now, followers=False)
    store.record(tx, ticket.id, "reminded", now, after=after)


def close(tx: Tx, timer: DueTimer, desk: Desk, now: datetime) -> None:
    """Nobody has answered: the ticket ends."""
    ticket = _still_resolved(tx, timer)
    if ticket is None:
        return
    changes.apply(
        tx,
        desk,
        ticket,
        "closed",
        now,
        actor=DESK,
        state=State.CLOSED,
        closed_at=now,
        closed_as=Ended.SILENCE,
    )


def _still_resolved(tx: Tx, timer: DueTimer) -> WholeTicket | None:
    """The ticket, when the question that the timer belongs to still stands: one that was asked after the timer
    was due is another one."""
    ticket = conversation.whole(tx, timer.ticket) if timer.ticket is not None else None
    if ticket is None or ticket.state != State.RESOLVED:
        return None
    return ticket if ticket.resolved_at is None or ticket.resolved_at < timer.due_at else None


def _owner(tx: Tx, ticket: WholeTicket) -> str:
    owner = people.by_id(tx, ticket.owner_id) if ticket.owner_id else None
    return owner.name if owner else ""
