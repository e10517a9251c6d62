"""What an agent writes: commands are done, words go to the requester, and the agent is told what happened.

Only for messages whose sender is proved to be an agent; see ``agents.Roster.proved``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.desk import commands, letters, matching, notices, people, tickets, verbs
from bot.desk.agents import Agent
from bot.desk.commands import Command, Parsed
from bot.desk.desk import Desk
from bot.desk.letters import Letter
from bot.desk.outcome import Outcome, Reason, Result
from bot.desk.verbs import Case, Refused
from bot.mail.addresses import canonical
from bot.message import EMAIL, IncomingMessage, Kind, Party
from bot.store import conversation, outbox
from bot.store.engine import Tx


@dataclass(frozen=True, slots=True)
class Letterbox:
    """One message of an agent, on its way through the desk."""

    tx: Tx
    message: IncomingMessage
    agent: Agent
    desk: Desk
    now: datetime
    inbox_id: int | None


def receive(box: Letterbox, sender: str) -> Outcome | None:
    """Do what an agent's message asks for. None: it is nothing of an agent's, so treat it as anybody's."""
    parsed = commands.parse(box.message.reply_text, box.desk.config.desk.prefix)
    number = matching.ticket_of_agent(box.tx, box.message, sender, box.desk)
    ticket = conversation.whole(box.tx, number) if number else None
    own = ticket is not None and ticket.requester_id == box.agent.person.id
    passed_on = box.message.forwarded
    if ticket is None and not parsed.commands and not parsed.misunderstood and passed_on:
        return _open_for(box, parsed, passed_on.sender.address) if passed_on.sender.address else None
    if not parsed.commands and not parsed.misunderstood and (ticket is None or own):
        return None
    if parsed.misunderstood:
        _answer(box, number, problems=[_plain(wrong) for wrong in parsed.misunderstood])
        return Outcome(Result.COMMANDED, Reason.NOT_UNDERSTOOD, number)
    if ticket is None and (opening := _opens(parsed)):
        return _open_for(box, parsed, opening)
    return _do(box, parsed, number)


def _do(box: Letterbox, parsed: Parsed, number: int | None) -> Outcome:
    """Run the commands, then send the words; all of it or nothing."""
    asked, text = _resolution(parsed)
    done: list[dict[str, Any]] = []
    savepoint = box.tx.connection.begin_nested()
    try:
        done = [_run(box, command, number) for command in asked]
        if text:
            _reply(box, number, text)
            done.append({"code": "replied", "verb": "reply"})
        savepoint.commit()
    except Refused as refused:
        savepoint.rollback()
        problem = {"code": refused.code, **refused.values}
        _answer(box, number, problems=[problem])
        return Outcome(Result.COMMANDED, Reason.REFUSED, number)
    if asked:
        _answer(box, number, done=done)
    return Outcome(Result.COMMANDED, Reason.BY_AGENT, number)


def _resolution(parsed: Parsed) -> tuple[tuple[Command, ...], str]:
    """``#resolve`` above a text: the text says what was done, in one letter with the news."""
    if not parsed.text or not any(c.verb == "resolve" and not c.words for c in parsed.commands):
        return parsed.commands, parsed.text
    asked = tuple(
        replace(c, words=parsed.text) if c.verb == "resolve" and not c.words else c for c in parsed.commands
    )
    return asked, ""


def _run(box: Letterbox, command: Command, number: int | None) -> dict[str, Any]:
    if command.verb == "help":
        return {"verb": "help", "code": "help", "verbs": list(commands.VERBS)}
    target = command.ticket or number
    if target is None:
        raise Refused("which-ticket", verb=command.verb)
    if command.verb == "reply":
        _reply(box, target, command.words)
        return {"verb": "reply", "code": "replied"}
    case = _case(box, target)
    done = verbs.VERBS[command.verb](case, command)
    return {"verb": command.verb, "code": done.code, "ticket": box.desk.name_of(target), **done.values}


def _case(box: Letterbox, number: int) -> Case:
    ticket = conversation.whole(box.tx, number)
    if ticket is None:
        raise Refused("no-such-ticket", given=box.desk.name_of(number))
    return Case(box.tx, box.desk, ticket, box.agent, box.message.channel, box.now)


def _reply(box: Letterbox, number: int | None, text: str) -> None:
    """An agent's words to the requester: the first ones are the promised response, and who says them owns it."""
    if number is None:
        raise Refused("which-ticket", verb="reply")
    case = _case(box, number)
    if case.ticket.merged_into_id is not None:
        raise Refused("is-merged", into=box.desk.name_of(case.ticket.merged_into_id))
    if case.ticket.owner_id is None:
        verbs.take(case)
    tickets.keep_reply(box.tx, number, box.agent.person, text, box.message, box.now, box.inbox_id)
    if case.ticket.first_response_at is None:
        case.change("answered", first_response_at=box.now)
    values = {"text": text, "by": box.agent.section.name}
    case.tell_requester(Letter(Kind.REPLY, "reply", values, box.message.attachments))
    case.record("reply.sent", None, None)


def _opens(parsed: Parsed) -> str | None:
    """The address for which ``#for ADDRESS`` asks a new ticket."""
    return next((c.words for c in parsed.commands if c.verb == "for" and c.ticket is None), None)


def _open_for(box: Letterbox, parsed: Parsed, address: str) -> Outcome:
    """An agent writes down what somebody asked, or passes on their mail: the ticket is theirs (D20)."""
    passed_on = box.message.forwarded
    party = Party(EMAIL, address)
    if passed_on and canonical(passed_on.sender.address) == canonical(address):
        party = passed_on.sender
    message = replace(
        box.message,
        sender=party,
        reply_text=parsed.text or (passed_on.text if passed_on else box.message.text),
        external_id="",
    )
    person = people.recognise(box.tx, party, canonical(address), box.now)
    opened = tickets.open_on_behalf(
        box.tx, message, person, box.agent.person, box.desk, box.now, box.inbox_id
    )
    answer = notices.acknowledgement(message, canonical(address), person, opened, box.desk, box.now)
    if not box.desk.is_own(canonical(address)):
        outbox.queue(box.tx, answer, canonical(address))
    others = replace(parsed, commands=tuple(c for c in parsed.commands if c.verb != "for"), text="")
    if others.commands:
        _do(box, others, opened.number)
    else:
        _answer(box, opened.number, done=[{"verb": "for", "code": "opened-for", "who": address}])
    return Outcome(Result.OPENED, Reason.BY_AGENT, opened.number)


def _answer(
    box: Letterbox,
    number: int | None,
    *,
    done: list[dict[str, Any]] | None = None,
    problems: list[dict[str, Any]] | None = None,
) -> None:
    """Tell the agent, and nobody else, what was done or what was not understood."""
    ticket = conversation.whole(box.tx, number) if number else None
    letter = Letter(
        Kind.NOTICE,
        "commands",
        {"done": done or [], "problems": problems or [], "known": list(commands.VERBS)},
        answers=box.message.external_id,
    )
    reader = letters.agent_reader(box.agent, box.desk)
    letters.write(box.tx, reader, ticket, letter, box.desk, box.now, channel=box.message.channel)


def _plain(wrong: commands.Misunderstood) -> dict[str, Any]:
    return {"code": wrong.problem, "line": wrong.line, "verb": wrong.verb}
