"""Buttons, forms and pages: what is already structured when it comes in.

Each verb has one duty, whatever door it came through. The sender is proved by the door, or it has no power.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Final

from bot.desk import (
    commands,
    confirmation,
    doors,
    identities,
    on_behalf,
    orders,
    page_actions,
    status,
    stepping,
    surveys,
    together,
    undo,
    updates,
    urgency,
)
from bot.desk.commands import Command, Misunderstood, Parsed
from bot.desk.enclosed import Enclosed
from bot.desk.incoming import Incoming
from bot.desk.orders import Letterbox, Told
from bot.desk.outcome import Outcome, Reason, Result
from bot.message import Action, Verdict
from bot.store import conversation

Duty = Callable[[Incoming, Action], Outcome]

ACTIONS: Final[Mapping[str, Duty]] = {
    "confirm": confirmation.by_action,
    "rate": surveys.by_action,
    "comment": surveys.by_action,
    "update": updates.by_action,
    "undo": undo.by_action,
    "belongs": together.by_action,
    "answer": stepping.by_action,
    "start": together.by_start,
    "status": status.by_action,
    "link": identities.by_action,
    "add": page_actions.add,
    "close": page_actions.close,
    "reopen": page_actions.reopen,
    "urgent": urgency.by_action,
}
"""What requesters, for "update" owners, and for "undo" whoever has just answered, may do."""


def receive(incoming: Incoming, action: Action) -> Outcome:
    """Do what a proved sender asks for. A number that they have typed may be no ticket's: then it is kept as words
    alone, not as what their message is about."""
    done = _done(incoming, action)
    if done.ticket is None or done.result is not Result.IGNORED:
        return done
    return done if conversation.whole(incoming.tx, done.ticket) else replace(done, ticket=None)


def _done(incoming: Incoming, action: Action) -> Outcome:
    if incoming.message.authentication.verdict is not Verdict.PASS:
        return Outcome(Result.IGNORED, Reason.NOT_ALLOWED, action.ticket)
    if incoming.agent and _is_order(incoming, incoming.agent, action):
        return _by_agent(Letterbox.of(incoming, incoming.agent), action)
    meant = page_actions.meant(incoming, action)
    if isinstance(meant, Outcome):
        return meant
    action = meant
    duty = together.by_start if action.verb == "help" else ACTIONS.get(action.verb)
    if action.verb == "link" and not any(action.values.get(name) for name in ("words", "address", "code")):
        duty = None  # nothing stands behind it: they are told what to type
    if duty is None and _is_typed(incoming, action):
        return replace(together.by_start(incoming, action), reason=Reason.NOT_ALLOWED)
    if duty is None:
        return Outcome(Result.IGNORED, Reason.NOT_ALLOWED, action.ticket)
    return duty(incoming, action)


def _is_typed(incoming: Incoming, action: Action) -> bool:
    """Whether it is a command that somebody has typed to the desk alone: one that does nothing for them is answered
    by what they can do. In a team's room only agents are answered."""
    message = incoming.message
    if doors.is_direct(message, incoming.sender):
        return "words" in action.values and "value" not in action.values
    return doors.is_chat(message) and not doors.is_shown(message) and "line" in action.values


def asks_for_new(incoming: Incoming, action: Action) -> bool:
    """Whether somebody asks for something new themselves, where nothing that is open is meant. An agent who names
    an address writes it down for somebody else. Words to be added somewhere, of which they say that they are new,
    are a new request."""
    if (action.verb == "add" and incoming.belongs == 0) or page_actions.begins_anew(incoming, action):
        return True
    if action.verb != "new" or not doors.is_chat(incoming.message):
        return False
    first = next(iter(action.values.get("words", incoming.message.reply_text).split()), "")
    return incoming.agent is None or "@" not in first


def _is_order(incoming: Incoming, key: str, action: Action) -> bool:
    """Whether an agent speaks as one. Some verbs are a requester's too: those are theirs where they answer a
    question of the desk, are about no ticket, or about one that the agent asked for themselves. A page is no
    agent's door: whoever has its link may press its buttons, and it has no way to answer."""
    if incoming.message.channel not in incoming.desk.channels:
        return False
    if action.verb not in ACTIONS:
        return True
    if action.verb not in commands.VERBS or "value" in action.values or action.ticket is None:
        return False
    ticket = conversation.whole(incoming.tx, action.ticket)
    own = {incoming.person.id, incoming.desk.roster.load(incoming.tx, key, incoming.now).person.id}
    return ticket is None or ticket.requester_id not in own


def _by_agent(box: Letterbox, action: Action) -> Outcome:
    """A command as in a mail: the same grammar, the same functions, the same answer."""
    words = action.values.get("words", action.values.get("value", ""))
    text = box.message.reply_text
    if action.verb == "new" and (
        named := words.split(maxsplit=1)
    ):  # "/new ann@example.com Her chair is broken"
        text = named[1] if len(named) > 1 else "" if text == words else text
        words = named[0]
    command = commands.read(action.verb, words, box.desk.config.desk.prefix, ticket=action.ticket)
    wrong = [orders.misunderstood(command)] if isinstance(command, Misunderstood) else []
    if isinstance(command, Command) and command.verb == "new":
        parsed = Parsed((command,), text)
        return on_behalf.receive(box, parsed, command, None)
    done = orders.wholly(box, action.ticket, partial(_do, box, command, action.ticket), wrong)
    if isinstance(done, Outcome):
        return done
    orders.answer(box, action.ticket, done)
    return Outcome(Result.COMMANDED, Reason.BY_AGENT, _about(command, action.ticket))


def _do(box: Letterbox, command: Command | Misunderstood, number: int | None, _: Told) -> Told:
    if isinstance(command, Misunderstood):
        return []
    enclosed = Enclosed.of(box.message.attachments, [command], number, speaks=False)
    return orders.run(box, command, number, enclosed.beside(command))


def _about(command: Command | Misunderstood, number: int | None) -> int | None:
    named = command.ticket if isinstance(command, Command) else None
    return number if named is None else named
