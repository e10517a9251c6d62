"""What an agent writes: commands are done, words go to the requester, and the agent is told what happened.

Only for messages whose sender is proved to be an agent; see ``agents.Roster.proved``.

A message is done wholly or not at all. When a command in it is not understood, or cannot be done, nothing
changes, nobody but the agent hears of it, and their own words go back to them in the answer: kept in the
ticket they would look like something that was said.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from bot.desk import commands, letters, matching, notices, people, screening, tickets, verbs
from bot.desk.agents import Agent
from bot.desk.cases import NOTE, REPLY, Case, Refused
from bot.desk.commands import Command, Parsed
from bot.desk.desk import Desk
from bot.desk.enclosed import Enclosed, target
from bot.desk.letters import Letter
from bot.desk.outcome import Outcome, Reason, Result
from bot.mail.addresses import canonical
from bot.mail.forwards import is_passed_on
from bot.message import EMAIL, Attachment, Forwarded, IncomingMessage, Kind, Party
from bot.store import conversation, outbox
from bot.store.engine import Tx

_LONGEST_ECHO: Final = 20_000
"""Characters of an agent's words that go back to them with a refusal."""

_Told = list[dict[str, Any]]
"""What was done, for the answer to the agent."""


@dataclass(frozen=True, slots=True)
class Letterbox:
    """One message of an agent, on its way through the desk."""

    tx: Tx
    message: IncomingMessage
    agent: Agent
    writer: int
    """The person behind the address that the agent used this time, which may not be their first."""
    desk: Desk
    now: datetime
    inbox_id: int | None


def receive(box: Letterbox) -> Outcome | None:
    """Do what an agent's message asks for. None: it is nothing of an agent's, so treat it as anybody's."""
    parsed = commands.parse(box.message.reply_text, box.desk.config.desk.prefix)
    found = matching.ticket_of_agent(box.tx, box.message, box.agent.addresses, box.desk)
    number = found.ticket.id if found else None
    if parsed.misunderstood:
        told = _refuse(box, number, [_plain(wrong) for wrong in parsed.misunderstood])
        return Outcome(told, Reason.NOT_UNDERSTOOD, number)
    if number is None and (address := _opens(box, parsed)):
        return _open_for(box, parsed, address)
    if not parsed.commands and (number is None or _is_own(box, number)):
        return None
    done = _wholly(box, number, lambda: _do(box, parsed, found))
    if isinstance(done, Outcome):
        return done
    if parsed.commands or any(one["verb"] == "note" for one in done):
        _answer(box, number, done)
    return Outcome(Result.COMMANDED, Reason.BY_AGENT, number)


def _is_own(box: Letterbox, number: int) -> bool:
    """Whether the agent asked for this themselves: then they are its requester, and no more."""
    ticket = conversation.whole(box.tx, number)
    return ticket is not None and ticket.requester_id in {box.agent.person.id, box.writer}


def _wholly(box: Letterbox, number: int | None, work: Callable[[], _Told]) -> _Told | Outcome:
    """Do all of it; an outcome: something was refused, nothing has happened, and the agent has been told."""
    savepoint = box.tx.connection.begin_nested()
    try:
        done = work()
    except Refused as refused:
        savepoint.rollback()
        told = _refuse(box, number, [{"code": refused.code, **refused.values}])
        return Outcome(told, Reason.REFUSED, number)
    savepoint.commit()
    return done


def _do(box: Letterbox, parsed: Parsed, found: matching.Match | None) -> _Told:
    """Run the commands, then send the words. Raises ``Refused``."""
    number = found.ticket.id if found else None
    passed_on = number is not None and is_passed_on(box.message.subject)
    asked, text = (parsed.commands, parsed.text) if passed_on else _resolution(parsed, number)
    speaks = not passed_on and bool(text or (box.message.attachments and not asked))
    if speaks and found and not _means_requester(box, found):
        raise Refused("by-tag-alone", ticket=box.desk.name_of(found.ticket.id))
    enclosed = Enclosed.of(box.message.attachments, asked, number, speaks=speaks)
    done = [_run(box, command, number, enclosed.beside(command)) for command in asked]
    if speaks:
        return [*done, _reply(box, number, text, enclosed.files)]
    # What an agent passes on is for colleagues: the words above it were not meant for the requester.
    words = _passed_on(box, parsed) if passed_on else ""
    if number is not None and (words or enclosed.left):
        done.append(_note(box, number, words, enclosed.left))
    elif not asked:
        raise Refused("nothing-said")
    return done


def _passed_on(box: Letterbox, parsed: Parsed) -> str:
    """What an agent passes on into a ticket, with their words above it and without the commands; where it does
    not show what was passed on, all that can be read."""
    message = box.message
    if not parsed.commands:
        return message.text
    if message.forwarded:
        return "\n\n".join(filter(None, [parsed.text, message.forwarded.text]))
    whole = commands.parse(message.text, box.desk.config.desk.prefix)
    return whole.text if whole.commands == parsed.commands else message.text


def _means_requester(box: Letterbox, found: matching.Match) -> bool:
    """Whether bare words can only be meant for the requester. A mail that names the ticket in its subject
    alone, and went to a stranger too, may well be for the stranger."""
    by_reference = found.reason is Reason.REFERENCE
    return by_reference or matching.only_to_concerned(box.tx, box.message, found.ticket, box.desk)


def _resolution(parsed: Parsed, number: int | None) -> tuple[tuple[Command, ...], str]:
    """``#resolve`` above a text: the text says what was done, in one letter with the news. The text is for the
    requester of the thread's ticket, so it goes with nothing that is said about another one."""
    resolving = (c for c in parsed.commands if c.verb == "resolve")
    first = next((c for c in resolving if c.ticket is None or c.ticket == number), None)
    if not parsed.text or first is None:
        return parsed.commands, parsed.text
    words = f"{first.words}\n\n{parsed.text}".strip()
    return tuple(replace(c, words=words) if c is first else c for c in parsed.commands), ""


def _run(
    box: Letterbox, command: Command, number: int | None, files: tuple[Attachment, ...]
) -> dict[str, Any]:
    if command.verb == "help":
        return {"verb": "help", "code": "help", "verbs": list(commands.VERBS)}
    about = target(command, number)
    if about is None:
        raise Refused("which-ticket", verb=command.verb)
    if command.verb == "reply":
        return _reply(box, about, command.words, files, thread=number)
    case = _case(box, about, files, thread=number)
    done = verbs.VERBS[command.verb](case, command)
    return {"verb": command.verb, "code": done.code, "ticket": box.desk.name_of(about), **done.values}


def _case(box: Letterbox, number: int, files: tuple[Attachment, ...], *, thread: int | None = None) -> Case:
    ticket = conversation.whole(box.tx, number)
    if ticket is None:
        raise Refused("no-such-ticket", given=box.desk.name_of(number))
    return Case(box.tx, box.desk, ticket, box.agent, box.message.channel, box.now, files, thread)


def _reply(
    box: Letterbox,
    number: int | None,
    text: str,
    files: tuple[Attachment, ...],
    *,
    thread: int | None = None,
) -> dict[str, Any]:
    """An agent's words to the requester: the first ones are the promised response, and who says them owns it."""
    if number is None:
        raise Refused("which-ticket", verb="reply")
    case = _case(box, number, files, thread=thread)
    if case.ticket.merged_into_id is not None:
        raise Refused("is-merged", into=box.desk.name_of(case.ticket.merged_into_id))
    case.refuse_notes(text)
    if case.ticket.owner_id is None:
        case.take()
    case.keep(REPLY, text, external_id=box.message.external_id, inbox_id=box.inbox_id)
    case.tell_requester(Letter(Kind.REPLY, "reply", {"text": text, "by": box.agent.section.name}, files))
    case.answered()
    case.record("reply.sent", None, None)
    return {"verb": "reply", "code": "replied", "ticket": box.desk.name_of(number)}


def _note(box: Letterbox, number: int, text: str, files: tuple[Attachment, ...]) -> dict[str, Any]:
    """Words and files for colleagues."""
    case = _case(box, number, files)
    case.keep(NOTE, text, external_id=box.message.external_id, inbox_id=box.inbox_id)
    case.record("note.added", None, None)
    return {"verb": "note", "code": "noted", "ticket": box.desk.name_of(number)}


def _opens(box: Letterbox, parsed: Parsed) -> str | None:
    """The address of the person for whom the message asks a new ticket: the one that ``#for ADDRESS`` names,
    or the sender of the mail that the agent passes on."""
    named = next((c.words for c in parsed.commands if c.verb == "for" and c.ticket is None), None)
    passed_on = box.message.forwarded
    if named or parsed.commands or passed_on is None or box.desk.is_own(canonical(passed_on.sender.address)):
        return named
    return passed_on.sender.address or None


def _open_for(box: Letterbox, parsed: Parsed, address: str) -> Outcome:
    """An agent writes down what somebody asked, or passes on their mail: the ticket is theirs (D20)."""
    opened: list[int] = []
    done = _wholly(box, None, lambda: _begin(box, parsed, address, opened))
    if isinstance(done, Outcome):
        return done
    _answer(box, opened[0], done)
    return Outcome(Result.OPENED, Reason.BY_AGENT, opened[0])


def _begin(box: Letterbox, parsed: Parsed, address: str, opened: list[int]) -> _Told:
    who = canonical(address)
    if box.desk.is_own(who):
        raise Refused("own-address", given=address)
    message = _on_behalf(box.message, parsed, address)
    person = people.recognise(box.tx, message.sender, who, box.now)
    began = tickets.open_on_behalf(box.tx, message, person, box.agent.person, box.desk, box.now, box.inbox_id)
    opened.append(began.number)
    sent = people.automatic_mail_to(box.tx, who, box.desk, box.now)
    facts = screening.Facts(message, who, box.desk, sent, person.bounces)
    if screening.silence(facts) is None:
        outbox.queue(box.tx, notices.acknowledgement(message, who, person, began, box.desk, box.now), who)
    done: _Told = [
        {"verb": "for", "code": "opened-for", "who": address, "ticket": box.desk.name_of(began.number)}
    ]
    passed_on = box.message.forwarded
    if passed_on and parsed.text and not (passed_on.text and passed_on.text in parsed.text):
        _note(box, began.number, parsed.text, ())
    others = (c for c in parsed.commands if not (c.verb == "for" and c.ticket is None))
    done += [_run(box, c, began.number, ()) for c in others]
    ticket = conversation.whole(box.tx, began.number)
    if ticket and ticket.owner_id is None:
        told = notices.of_message(message, person, ticket, [])
        files = message.attachments
        notices.tell_agents(
            box.tx, ticket, "new_ticket", told, box.desk, box.now, but=box.agent.key, files=files
        )
    return done


def _on_behalf(message: IncomingMessage, parsed: Parsed, address: str) -> IncomingMessage:
    """The message as if the person had written it: what was passed on, or what the agent wrote down. An
    agent's own remark above a mail that they pass on is not in it."""
    passed_on = message.forwarded or Forwarded(Party(EMAIL, address), message.subject, parsed.text)
    same = canonical(passed_on.sender.address) == canonical(address)
    return replace(
        message,
        sender=passed_on.sender if same else Party(EMAIL, address),
        subject=passed_on.subject or message.subject,
        text=passed_on.text,
        reply_text=passed_on.text,
        html=None,
        external_id="",
        thread_keys=message.thread_keys if message.forwarded else (),
        language=None,
    )


def _answer(box: Letterbox, number: int | None, done: _Told) -> None:
    """Tell the agent, and nobody else, what was done."""
    _write(box, number, {"done": done, "problems": [], "text": ""})


def _refuse(box: Letterbox, number: int | None, problems: _Told) -> Result:
    """Tell the agent, and nobody else, what was not understood or cannot be done, and give their words back.

    When the agent may not be written to now, their words must not be lost: they wait where they can be seen.
    """
    text = box.message.reply_text[:_LONGEST_ECHO]
    told = _write(box, number, {"done": [], "problems": problems, "text": text})
    return Result.COMMANDED if told else Result.HELD


def _write(box: Letterbox, number: int | None, values: dict[str, Any]) -> bool:
    ticket = conversation.whole(box.tx, number) if number else None
    known = list(commands.VERBS)
    letter = Letter(Kind.NOTICE, "commands", {**values, "known": known}, answers=box.message.external_id)
    reader = letters.agent_reader(box.agent, box.desk)
    return letters.write(box.tx, reader, ticket, letter, box.desk, box.now, channel=box.message.channel)


def _plain(wrong: commands.Misunderstood) -> dict[str, Any]:
    return {"code": wrong.problem, "line": wrong.line, "verb": wrong.verb}
