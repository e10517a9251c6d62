"""What a requester can do on the page of a ticket, or by a button: say more, end it, open it again.

The sender is proved by their door; what they have to do with the ticket is looked at now (D12).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from bot.desk import appending, commands, confirmation, doors, matching, together
from bot.desk.incoming import Incoming
from bot.desk.letters import Letter
from bot.desk.matching import Match
from bot.desk.outcome import Outcome, Reason, Result
from bot.desk.states import Ended, State
from bot.message import Action, Choice, Kind, Verdict
from bot.render.choices import AS_IT_IS
from bot.store import asked, conversation, inbox, said
from bot.store import tickets as store
from bot.store.engine import Tx

VERBS: Final = frozenset({"add", "close", "reopen"})
"""What somebody may do with a request of their own, whose number they may leave out in a chat."""
WHICH_ONE: Final = "which_one"
MOST_OFFERED: Final = 8
_LONGEST_NUMBER: Final = 15
_WITH_WORDS: Final = frozenset({"add", "reopen"})
"""Those that may come with words for the ticket."""
MOST_CLOSED: Final = 10
"""Times that somebody may close one ticket, and open it again: each is a stretch of its clock for ever, and a
thousand of them would make every change of it slow for everybody (E8)."""


def add(incoming: Incoming, action: Action) -> Outcome:
    """Words for the ticket, as if they had come by mail: whoever waited for them waits no longer.

    What comes too late changes nothing, but it is kept, and somebody hears of it.
    """
    found = _found(incoming, action)
    if found is None:
        return Outcome(Result.IGNORED, Reason.NOT_ALLOWED, action.ticket)
    spoken = _with_words(incoming, action)
    if not spoken.message.reply_text.strip() and not spoken.message.attachments:
        return Outcome(Result.IGNORED, Reason.EMPTY, found.ticket.id)
    if found.reason is not Reason.TICKET_CLOSED:
        return appending.add(spoken, found)
    appending.add(spoken, Match(found.ticket, Reason.THANKS))
    return Outcome(Result.IGNORED, Reason.OVER, found.ticket.id)


def close(incoming: Incoming, action: Action) -> Outcome:
    """ "I need nothing more." Of what an agent has resolved it says that it works."""
    found = _found(incoming, action)
    ticket = conversation.whole(incoming.tx, found.ticket.id) if found else None
    if ticket is None or ticket.requester_id != incoming.person.id:
        return Outcome(Result.IGNORED, Reason.NOT_ALLOWED, action.ticket)
    if ticket.state == State.CLOSED:
        return Outcome(Result.IGNORED, Reason.OVER, ticket.id)
    if ticket.state == State.RESOLVED:
        return confirmation.by_action(incoming, Action("confirm", ticket.id, {"value": "yes"}))
    if closed_often(incoming.tx, ticket.id):
        return Outcome(Result.IGNORED, Reason.OVER, ticket.id)
    after = confirmation.end(incoming, ticket, Ended.SELF, waiting_for=None)
    appending.tell_team(incoming, after, Reason.CLOSED_BY_REQUESTER)
    return Outcome(Result.COMMANDED, Reason.CLOSED_BY_REQUESTER, ticket.id)


def closed_often(tx: Tx, ticket: int) -> bool:
    """Whether its requester has closed a ticket so often that they cannot close it once more."""
    return len(store.marked(tx, ticket, "closed", "closed_as", Ended.SELF)) >= MOST_CLOSED


def reopen(incoming: Incoming, action: Action) -> Outcome:
    """It is not done after all; with their words, when there are any."""
    found = _found(incoming, action)
    if found is None:
        return Outcome(Result.IGNORED, Reason.NOT_ALLOWED, action.ticket)
    return confirmation.reopen(incoming, found.ticket.id, _with_words(incoming, action).message.reply_text)


def meant(incoming: Incoming, action: Action) -> Action | Outcome:
    """In a chat "/close" alone is about the only request that somebody has, "/reopen" about the one that has ended;
    with several they are asked which one, and with none they are told how it stands."""
    if action.ticket is not None or action.verb not in VERBS or not doors.is_chat(incoming.message):
        return action
    chosen = action.values.get("value", "")
    is_number = chosen.isascii() and chosen.isdigit() and len(chosen) <= _LONGEST_NUMBER
    mine = _ended(incoming) if action.verb == "reopen" else _going_on(incoming)
    only = mine[0][0] if len(mine) == 1 else None
    if number := int(chosen) if is_number else incoming.belongs or only:
        return _about(action, number)
    if not mine:
        return Action("status")
    spoken = _with_words(incoming, action)
    if action.verb == "add" and spoken.message.reply_text.strip():
        found = together.which(spoken)
        return _about(action, found.ticket.id) if isinstance(found, Match) else found or Action("status")
    return _ask(incoming, action.verb, mine, has_words=bool(spoken.message.reply_text.strip()))


def begins_anew(incoming: Incoming, action: Action) -> bool:
    """Whether somebody has words for a request of theirs that there is not, or of which they have not said which one
    it is: then they are a new one, and none is lost."""
    message = incoming.message
    if action.verb not in _WITH_WORDS or action.ticket is not None or "value" in action.values:
        return False
    proved = message.authentication.verdict is Verdict.PASS
    if not proved or not doors.is_chat(message) or not message.reply_text.strip():
        return False
    if incoming.belongs is not None:
        return incoming.belongs == 0
    if incoming.agent and action.verb in commands.VERBS:
        return False
    return not (_ended(incoming) if action.verb == "reopen" else _going_on(incoming))


def _about(action: Action, ticket: int) -> Action:
    values = {name: value for name, value in action.values.items() if name != "value"}
    return Action(action.verb, ticket, values)


def _ended(incoming: Incoming) -> list[tuple[int, str]]:
    since = incoming.now - incoming.desk.config.tickets.reopen_within
    return asked.ended(incoming.tx, incoming.person.id, since, MOST_OFFERED)


def _going_on(incoming: Incoming) -> list[tuple[int, str]]:
    person = incoming.person.id
    standing = said.standing(incoming.tx, person, MOST_OFFERED)
    return [(one.id, one.subject) for one in standing if one.requester == person]


def _ask(incoming: Incoming, verb: str, mine: list[tuple[int, str]], *, has_words: bool) -> Outcome:
    """Which one it is about; a button does it. Words to a request that is opened again wait in the inbox."""
    tx, words = incoming.tx, incoming.inbox_id if has_words and verb in _WITH_WORDS else None
    named = [(incoming.desk.name_of(number), number, subject) for number, subject in mine]
    shown = [{"reference": name, "subject": subject} for name, _, subject in named]
    does, before = ("belongs", f"{words}-") if words else (verb, "")
    choices = tuple(Choice(f"{AS_IT_IS}{name}", does, f"{before}{number}") for name, number, _ in named)
    letter = Letter(Kind.NOTICE, WHICH_ONE, {"what": verb, "tickets": shown}, choices=choices)
    quiet = together.write(incoming, letter)
    if words:
        inbox.note(tx, words, asked=incoming.person.id, question=words, belongs=0)
        return Outcome(Result.HELD, Reason.WHICH_TICKET)
    return Outcome(Result.COMMANDED, Reason.ASKED, None, quiet)


def _found(incoming: Incoming, action: Action) -> Match | None:
    """The ticket, or the one that it has become a part of, when its sender takes part in it."""
    if action.ticket is None:
        return None
    spoken = _with_words(incoming, action).message
    found = matching.named(
        incoming.tx, spoken, incoming.person.id, action.ticket, incoming.desk, incoming.now
    )
    return None if found and found.reason is Reason.NOT_PARTICIPANT else found


def _with_words(incoming: Incoming, action: Action) -> Incoming:
    """Their words, whether the door has them as the message's or as a field of a form."""
    words = incoming.message.reply_text or action.values.get("text", "")
    return replace(incoming, message=replace(incoming.message, text=words, reply_text=words))
